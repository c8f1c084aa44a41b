"""An association's two ends, and what the tests of X.400 say of a message."""

from __future__ import annotations

from sim.mail.or_address import ORAddress
from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.x400 import Initiator, Receiving, Responder, Sending, State, pdus
from sim.protocol.x400.mpdus import Envelope, Message, MtsIdentifier, Recipient, TraceElement
from sim.protocol.x400.names import Domain
from sim.protocol.x400.presentation import Bind, write_bind, write_bind_result

DOMAIN = Domain("GB", "ADMDX", "GATE")
NOW = 1_000_000_000
COMMON = b"\x17\x0d911218202537Z"


class Pair:
    """Two ends that hear each other; `said` has who said what, in octets."""

    def __init__(self):
        self.initiator, self.responder = Initiator(), Responder()
        self.said = []

    def to(self, *sent):
        """The initiator says it; what the responder hears."""
        return self._pass(self.initiator, self.responder, sent)

    def back(self, *sent):
        """Likewise, the other way."""
        return self._pass(self.responder, self.initiator, sent)

    def _pass(self, sender, reader, sent):
        octets = sender.send(*sent)
        self.said.append((sender is self.initiator, octets))
        reader.receive_data(octets)
        return heard(reader)

    def open(self, mode="1988", reference=b"\x04\x0c" + b"x" * 12, answer=b"\x04\x06" + b"y" * 6):
        """Connect and bind."""
        self.to(pdus.ConnectRequest(b"59", b"59"))
        self.back(pdus.ConnectConfirm())
        self.to(pdus.Connect(write_bind(Bind("M" * 18, "secret"), mode), reference, COMMON))
        self.back(pdus.Accept(write_bind_result(Bind("N" * 18, "secret", 1), mode), answer, COMMON))
        assert self.initiator.state is self.responder.state is State.OPEN

    def send(self, octets, mode="1988", **more):
        """Bring a message over; what came, and the turns that it took."""
        sending, receiving, turns = Sending(octets, mode, **more), Receiving(mode, 1 << 30), 0
        while not sending.done:
            turns += 1
            answers = [
                receiving.take(one) for one in self.to(*sending.next()) if not isinstance(one, pdus.ActivityStart)
            ]
            for answer in self.back(*filter(None, answers)):
                sending.take(answer)
        return receiving.message, turns


def heard(end):
    """All that an end has heard."""
    found = []
    while (event := end.next_event()) is not NEED_DATA and not isinstance(event, ConnectionClosed):
        found.append(event)
    return found


def address(surname, given="give"):
    """An O/R address with attributes as long as those of the real program's tests."""
    return ORAddress(country="GB", admd="ADM", prmd="GATE", organization="org4", surname=surname, given=given)


def message(recipients=1, content=0, hops=1, **more):
    """A message of a number of recipients and octets that has passed some MTAs of one domain."""
    more = {"content_identifier": "c" * 7, "identifier": MtsIdentifier(DOMAIN, "i" * 32)} | more
    return Message(
        Envelope(
            originator=address("s1"),
            recipients=tuple(Recipient(address(f"r{number}"), number) for number in range(1, recipients + 1)),
            trace=(TraceElement(DOMAIN, NOW),) * hops,
            internal_trace=(TraceElement(DOMAIN, NOW, "M" * 18),) * hops,
            **more,
        ),
        b"x" * content,
    )

"""A host's side of an association of X.400: it transfers messages to another MTA by P1 over the RTS (X.411, X.228).

One message at a time goes over it, and it is released when there is no other. What was acknowledged of a message when
an association breaks is remembered, and does not go again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.machine_client import MachineClient
from sim.mta.mixer import Here, Mapped, to_mpdu
from sim.mta.or_names import mta_domain
from sim.mta.queue.failure import Failure
from sim.protocol import x400
from sim.protocol.smtp.replies import Reply
from sim.protocol.x400 import pdus
from sim.protocol.x400.mpdus import P2_1984, P22
from sim.protocol.x400.presentation import read_bind_result, wrap_apdu, write_bind, write_release
from sim.protocol.x400.transport import whole_tpkts
from sim.scenario.products.x400 import X400
from sim.scenario.spec import Host

PATIENCE = 300.0
"""How long it waits for an answer, s."""


class Acknowledgement(Reply):
    """A major synchronization point's, where a reply is asked for: the message is the other MTA's now."""

    __slots__ = ()

    @property
    def positive(self) -> bool:
        """Always: whatever is wrong with a message is reported later."""
        return True


TAKEN = Acknowledgement(0, ("ACTIVITY END ACK",))


@dataclass(slots=True)
class Interrupted:
    """A message that was under way when its association broke: its octets, its activity, its last safe checkpoint."""

    octets: bytes
    activity: int
    serial: int


class Activities:
    """What a host remembers of its transfers: the numbers of activities, and those that were interrupted."""

    def __init__(self) -> None:
        self._last = 0
        self._interrupted: dict[tuple[str, str], Interrupted] = {}

    def next_id(self) -> int:
        """A number for the next activity."""
        self._last += 1
        return self._last

    def take(self, queue_id: str, host: str) -> Interrupted | None:
        """What of a message has gone to a host, if anything; it is forgotten then."""
        return self._interrupted.pop((queue_id, host), None)

    def keep(self, queue_id: str, host: str, one: Interrupted) -> None:
        """An association has broken with a message under way."""
        self._interrupted[queue_id, host] = one


def rts_of(host: Host) -> X400:
    """How a host uses the RTS: as its product says, or as one does where its product is another."""
    return host.mta if isinstance(host.mta, X400) else X400()


class Transfer(MachineClient[x400.Initiator]):
    """A host's side of one association.

    Attributes:
        replies: `TAKEN` for each forward-path whose message the peer has taken.
        failure: why the others have none.
        reports: whether the peer tells the sender what he asked for: always.
        round_trips: the flights that were written until the fate of the message was known.

    Args:
        host: whose side this is.
        mailing: the first message.
        epoch: the date of time 0, in s after mail's epoch.
        to: the host at the other end.
        activities: what the host remembers.
        stays: whether another message follows.
    """

    reports = True

    def __init__(
        self,
        host: Host,
        mailing: Mailing,
        *,
        epoch: float,
        to: str,
        activities: Activities,
        stays: Callable[[], Mailing | bool] | None = None,
    ) -> None:
        super().__init__(host, x400.Initiator(), PATIENCE)
        self._host, self._rts = host, rts_of(host)
        self._bind = x400.Bind(host.domain, "", self._rts.checkpoint_size, self._rts.window_size)
        self._to, self._activities, self._stays = to, activities, stays
        self._mailing, self._epoch = mailing, epoch
        self._sending: x400.Sending | None = None
        self._octets, self._activity = b"", 0
        self.write_size = 0 if self._rts.nodelay else 1024
        self.replies: dict[Path, Reply] = {}
        self._kept = False

    @property
    def kept(self) -> bool:
        """Whether it has left the association open."""
        return self._kept

    @property
    def awaits(self) -> str:  # type: ignore[override]
        """What the peer is to answer next: one of `products.tables.PLACES`."""
        return "dot" if self.contacted else "hello"

    def write(self) -> bytes:
        """The next flight: what the state of the association is for."""
        self.round_trips += not self.replies
        match self._machine.state:
            case x400.State.START:
                return self._machine.send(pdus.ConnectRequest(b"P1", b"P1"))
            case x400.State.CONNECTED:
                reference = self._host.domain.encode("ascii", "replace")[:60]
                said = b"\x14" + bytes([len(reference)]) + reference
                return self._machine.send(pdus.Connect(write_bind(self._bind, self._rts.rts), said))
            case x400.State.OPEN if self.replies or self.failure:
                return self._machine.send(pdus.Finish(write_release(self._rts.rts, asks=True)))
            case x400.State.OPEN if self._sending is None:
                self._sending = self._begin()
        sending = self._sending
        return self._machine.send(*sending.next()) if sending is not None else b""

    def complete(self, octets: bytes) -> int:
        """How many of the first octets of a flight are whole TPKTs."""
        return whole_tpkts(octets)

    def follow(self, mailing: Mailing, stays: Callable[[], Mailing | bool] | None) -> None:
        """An association that was kept is to `resume` with this message."""
        self._mailing, self._stays = mailing, stays

    def resume(self) -> None:
        """Begin with the next message."""
        self.done = self._kept = False
        self._sending, self.failure, self.replies, self.round_trips = None, None, {}, 0

    def end(self, failure: Failure) -> None:
        """The association is over before its time: what was acknowledged of a message is remembered."""
        sending = self._sending
        if sending is not None and not sending.done and sending.acknowledged:
            kept = Interrupted(self._octets, self._activity, sending.acknowledged)
            self._activities.keep(self._mailing.queue_id, self._to, kept)
        self.failure = self.failure or (None if self.replies else failure)
        self._sending, self._kept, self.done = None, False, True

    def refusal(self, path: Path, host: str) -> Failure:
        """Nobody is refused in an association: that is reported.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"{host} has no word by which to refuse {path}")

    def _begin(self) -> x400.Sending:
        """The next message's activity: a new one, or the one that was interrupted."""
        interrupted = self._activities.take(self._mailing.queue_id, self._to)
        self._activity = self._activities.next_id()
        rts, resumes = self._rts.rts, None
        if interrupted is None:
            here = Here(mta_domain(self._host.domain), self._host.domain, self._mailing.arrival + self._epoch)
            mapped = Mapped(
                self._mailing.reverse_path,
                tuple(self._mailing.forward_paths),
                self._mailing.content,
                self._mailing.parameters,
                self._mailing.recipient_parameters,
            )
            kind = P2_1984 if rts == "1984" else P22
            mpdu = to_mpdu(mapped, here, self._mailing.queue_id, content_type=kind)
            self._octets = wrap_apdu(x400.write_mpdu(mpdu, rts), rts)
        else:
            self._octets, resumes = interrupted.octets, (interrupted.activity, interrupted.serial)
        self.reads = 0
        return x400.Sending(
            self._octets,
            rts,
            checkpoint=self._bind.checkpoint,
            window=self._bind.window,
            identifier=self._activity,
            resumes=resumes,
        )

    def _cut_off(self) -> None:
        self.end(Failure(0, "4.4.2", "lost the association", at=self.awaits))

    def _take(self, event: pdus.Pdu) -> None:
        sending = self._sending
        match event:
            case pdus.Accept():
                self._bind = self._bind.agreed(read_bind_result(event.user_data))
                self.contacted, self.reads = True, len(self._mailing.content)
            case pdus.MinorSyncAck() | pdus.ActivityEndAck() if sending is not None:
                sending.take(event)
                if sending.done:
                    self.replies = dict.fromkeys(self._mailing.forward_paths, TAKEN)
                    self.done = self._kept = self._another()
            case pdus.Abort() if sending is not None:
                # What was to be resumed is not known there: it begins anew.
                self._sending = None
                self.end(Failure(0, "4.3.2", "the peer aborts the association", at=self.awaits))
            case pdus.Refuse() | pdus.Abort() | pdus.DisconnectRequest() | pdus.ExceptionReport():
                self.end(Failure(0, "4.3.2", f"the peer ends the association: {type(event).__name__}", at=self.awaits))
            case pdus.Disconnect():
                self.done = True

    def _another(self) -> bool:
        """Whether another message follows in the association."""
        return bool(self._stays()) if self._stays is not None else False

"""The receiving side of a session by NJE: files of cards, stored whole before anything becomes of them."""

from __future__ import annotations

from collections.abc import Sequence

from sim.mail.batch_smtp import BatchedMail, BatchError, read_batch
from sim.mta.server.loops import is_looping
from sim.mta.server.transactions import AcceptedMail
from sim.protocol import nje
from sim.protocol.dialogue import UsualServer
from sim.protocol.nje.records import (
    NAME,
    Card,
    Complete,
    EndOfFile,
    JobHeader,
    JobTrailer,
    Message,
    Permission,
    Record,
    Refusal,
    Request,
    SignOff,
    SignOn,
    SignOnReply,
)
from sim.scenario.spec import Host

SPOOLER = "RSCS"
"""Who tells a sender by an interactive message where his file is."""


class SpoolReception(UsualServer):
    """A host's side of one inbound session.

    A file is taken or refused as a whole: who its recipients are is found out when it has been taken. With every file
    taken goes a message to its sender.

    Args:
        host: whose side this is.

    Attributes:
        accepted: the mail taken by the last call of `read`.
        commands: how many files and requests have been answered.
        in_transaction: whether a file is under way.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._machine = nje.Server()
        self._busy = False
        self._node = ""
        self._header = JobHeader("", "", "", "", 0, "", 0)
        self._cards: list[bytes] = []
        self._is_whole = True
        self.patience = host.mta.idle_timeout
        self.accepted: list[AcceptedMail] = []
        self.commands = 0

    @property
    def is_over(self) -> bool:
        """Whether it closes the line behind what it wrote last."""
        return self._machine.state is nje.State.CLOSED

    @property
    def in_transaction(self) -> bool:  # type: ignore[override]
        """Whether a file is under way."""
        return self._machine.state in (nje.State.FILE, nje.State.TRAILED)

    def greet(self, *, busy: bool) -> bytes:
        """The client speaks first."""
        self._busy = busy
        return b""

    def read(self, octets: bytes) -> bytes:
        """Take a flight and give the answers; a peer that breaks the protocol gets none, but the end."""
        self.accepted = []
        if self.is_over:
            return b""
        self._machine.receive_data(octets)
        written = []
        try:
            while (event := self._machine.next_event()) is not nje.NEED_DATA and not isinstance(
                event, nje.ConnectionClosed
            ):
                written.append(self._machine.send(*self._answer(event)))
        except nje.RemoteProtocolError:
            pass
        return b"".join(written)

    def disconnected(self) -> None:
        """The line has gone: what has come of a file is nothing."""
        self._machine.close()

    def time_out(self) -> bytes:
        """The client was silent for too long: it hangs up without a word."""
        self._machine.close()
        return b""

    def _answer(self, record: Record) -> Sequence[Record]:
        match record:
            case SignOn():
                self._node = record.node
                return [SignOff() if self._busy else SignOnReply(self._host.domain.partition(".")[0].upper()[:NAME])]
            case Request():
                self.commands += 1
                return [Permission()]
            case JobHeader():
                self._header, self._cards = record, []
            case Card():
                self._cards.append(record.data)
            case JobTrailer():
                self._is_whole = record.cards == len(self._cards)
            case EndOfFile():
                self.commands += 1
                return self._taken()
            case _:
                pass
        return []

    def _taken(self) -> Sequence[Record]:
        octets, header = nje.octets_of(self._cards), self._header
        if not self._is_whole or 0 < self._host.size_limit < len(octets):
            return [Refusal()]
        try:
            mails = read_batch(octets)
        except BatchError:
            return [Refusal()]
        self.accepted = [self._accepted(mail) for mail in mails]
        told = f"FILE ({header.number:04}) SPOOLED TO {header.to_node}({header.to_user}), {header.cards} RECORDS"
        return [Message(SPOOLER, header.from_user, told), Complete()]

    def _accepted(self, mail: BatchedMail) -> AcceptedMail:
        looping = is_looping(mail.content, self._host.mta)
        return AcceptedMail(mail.reverse_path, mail.forward_paths, mail.content, self._node, "BSMTP", looping=looping)

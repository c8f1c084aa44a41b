"""The receiving side of a session by NJE: files of cards, stored whole before anything becomes of them."""

from __future__ import annotations

from collections.abc import Sequence

from sim.mail.batch_smtp import BatchedMail, BatchError, read_batch
from sim.mta.server.loops import is_looping
from sim.mta.server.transactions import AcceptedMail
from sim.protocol import nje
from sim.protocol.dialogue import MachineServer
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


class SpoolReception(MachineServer[nje.Server]):
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
        super().__init__(nje.Server())
        self._node = ""
        self._header = JobHeader("", "", "", "", 0, "", 0)
        self._cards: list[bytes] = []
        self._is_whole = True
        self.patience = host.mta.idle_timeout

    @property
    def in_transaction(self) -> bool:  # type: ignore[override]
        """Whether a file is under way."""
        return self._machine.state in (nje.State.FILE, nje.State.TRAILED)

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

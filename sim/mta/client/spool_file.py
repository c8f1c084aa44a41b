"""A host's side of a session by NJE: it sends a message as a file of cards, its envelope in front (BSMTP)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import ClassVar, Final, NamedTuple

from sim.mail.batch_smtp import BatchedMail, write_batch
from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.machine_client import MachineClient
from sim.mta.queue.failure import Failure
from sim.protocol import nje
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
    Request,
    SignOn,
    SignOnReply,
)
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host

PATIENCE: Final = 300.0
"""How long the client waits for an answer, s."""

MAILER: Final = "MAILER"
"""The user whose files are mail."""


class Acknowledgement(Reply):
    """The receiver's record where a reply is asked for: it has no code, and says that the file was taken."""

    __slots__ = ()

    @property
    def positive(self) -> bool:
        """Always: a refusal is none."""
        return True


TAKEN: Final = Acknowledgement(0, ("COMPLETE",))


def node_of(domain: str) -> str:
    """What NJE calls a host: the first label of its domain, in capitals, of at most eight characters."""
    return domain.partition(".")[0].upper()[:NAME]


class Step(Enum):
    """Where the client's dialogue stands: what it says next."""

    SIGN_ON = auto()
    REQUEST = auto()
    FILE = auto()

    __hash__ = object.__hash__


class Row(NamedTuple):
    """A row of the table: what is said, what is waited for (`products.tables.PLACES`), and what grants the next step.

    The last step has none: what grants it takes the file.
    """

    says: Callable[[SpoolFile], Sequence[Record]]
    awaits: str
    granted_by: type
    then: Step | None


class SpoolFile(MachineClient[nje.Client]):
    """A host's side of one session that sends one file.

    Attributes:
        replies: `TAKEN` for every forward-path, once the file is taken: nobody is refused in the session.
        failure: what kept them from getting one.
        contacted: whether the file may begin.
        round_trips: the flights that were written until its fate was known.
        reports: whether the server tells the sender what becomes of it: it does not.
        notices: what the server told the sender by interactive messages.

    Args:
        host: whose side this is.
        mailing: the message.
        number: the file's number in this host's spool.
    """

    peer = "server"
    reports = False

    def __init__(self, host: Host, mailing: Mailing, number: int) -> None:
        super().__init__(host, nje.Client(), PATIENCE)
        self._host = host
        self._mailing = mailing
        self._number = number
        self._step = Step.SIGN_ON
        self.replies: dict[Path, Reply] = {}
        self.notices: list[str] = []

    @property
    def awaits(self) -> str:  # type: ignore[override]
        """What the server is to answer next."""
        return self.STEPS[self._step].awaits

    def write(self) -> bytes:
        """The next flight."""
        self.round_trips += 1
        return self._machine.send(*self.STEPS[self._step].says(self))

    def follow(self, mailing: Mailing, _stays: object) -> None:
        """A session that was kept is to go on: none is.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"no session was kept for {mailing.forward_paths}")

    def refusal(self, path: Path, host: str) -> Failure:
        """Nobody is refused.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"{host} takes or refuses files, not {path}")

    def _cut_off(self) -> None:
        if not self.done:
            self.end(Failure(0, "4.4.2", "the line was closed", at=self.awaits))

    def _take(self, record: Record) -> None:
        row = self.STEPS[self._step]
        if isinstance(record, Message):
            self.notices.append(record.text)
        elif not isinstance(record, row.granted_by):
            self.end(Failure(0, "5.3.4" if row.then is None else "4.3.2", "the file is refused", at=row.awaits))
        elif row.then is None:
            self.replies = dict.fromkeys(self._mailing.forward_paths, TAKEN)
            self.done = True
        else:
            self._step = row.then
            self.contacted = row.then is Step.FILE
            self.reads = len(self._mailing.content) if self.contacted else 0

    def _file(self) -> Sequence[Record]:
        mailing, host = self._mailing, self._host
        batch = BatchedMail(mailing.reverse_path, tuple(mailing.forward_paths), mailing.content)
        cards = nje.cards_of(write_batch([batch], host.domain))
        mailbox = mailing.forward_paths[0].mailbox
        target = node_of(mailbox.domain if mailbox else host.domain)
        header = JobHeader(node_of(host.domain), MAILER, target, MAILER, self._number, "MAIL", len(cards))
        return [header, *map(Card, cards), JobTrailer(len(cards)), EndOfFile()]

    STEPS: ClassVar[Mapping[Step, Row]] = {
        Step.SIGN_ON: Row(lambda self: [SignOn(node_of(self._host.domain))], "hello", SignOnReply, Step.REQUEST),
        Step.REQUEST: Row(lambda _: [Request()], "mail", Permission, Step.FILE),
        Step.FILE: Row(lambda self: self._file(), "dot", Complete, None),
    }
    """Whatever else the server says, but for its interactive messages, refuses the session or the file."""

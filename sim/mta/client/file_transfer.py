"""A host's side of a session by FTP: it puts a message as files, one for each recipient (RFC 959).

A step says what goes out next, and names the next step by the first digit of the reply. Python's ftplib goes the same
way (`storbinary`), which tests/mta/test_file_transfer.py holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import ClassVar, Final, NamedTuple

from sim.mail.address import Address
from sim.mail.directory import directory_of
from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.queue.failure import Failure
from sim.protocol import ftp
from sim.protocol.dialogue import UsualClient
from sim.protocol.ftp import commands
from sim.protocol.ftp.replies import CLOSING
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host

PATIENCE: Final = 300.0
"""How long the client waits for a reply, s (curl's time to connect is as long)."""


class Step(Enum):
    """Where the client's dialogue stands: what it has said last, or does next."""

    GREETING = auto()
    USER = auto()
    PASSWORD = auto()
    TYPE = auto()
    PASSIVE = auto()
    STORE = auto()
    FILE = auto()
    QUIT = auto()
    STORED = auto()
    """The fate of a file is known."""
    REFUSED = auto()
    """The session is refused."""
    CLOSED = auto()

    __hash__ = object.__hash__


class Row(NamedTuple):
    """A row of the table: what is said, what is waited for (`products.tables.PLACES`), and the next steps by digit."""

    says: Callable[[FileTransfer], commands.Command] | None
    awaits: str
    then: Mapping[int, Step]


class FileTransfer(UsualClient):
    """A host's side of one session that puts one message on one server.

    Attributes:
        replies: the reply that decided each forward-path, for those that have one.
        failure: what kept the others from getting one.
        contacted: whether the first file's turn has come.
        round_trips: the flights that were written until the fate of all was known, a data connection's included.
        reports: whether the server tells the sender what becomes of it: never.
        lane: what goes out next is for the `control` connection, `opens` a data connection before it does, or is for
            that: a `file`.

    Args:
        host: whose side this is.
        mailing: the message.
        name: what its files are called.
    """

    reports = False

    def __init__(self, host: Host, mailing: Mailing, name: str) -> None:
        super().__init__(PATIENCE)
        self.connect_timeout = host.mta.connect_timeout
        self._machine = ftp.Client()
        self._mailing = mailing
        self._name = name
        self._left = list(mailing.forward_paths)
        self._step = Step.GREETING
        self.replies: dict[Path, Reply] = {}
        self._refused_at: dict[Path, str] = {}
        self.failure: Failure | None = None
        self.contacted = self.done = False
        self.round_trips = 0
        self.lane = "control"

    @property
    def awaits(self) -> str:
        """What the server is to answer next."""
        return self.STEPS[self._step].awaits

    def timeout(self) -> float:
        """How long it waits for the reply to what it wrote last, s."""
        return PATIENCE

    def write(self) -> bytes:
        """The next flight."""
        row = self.STEPS[self._step]
        self.round_trips += self._step is not Step.QUIT
        if row.says is None:
            self.lane = "file"
            # What has no octets cannot go out as a flight.
            return self._machine.send_file(self._mailing.content or b"\r\n")
        self.lane = "opens" if self._step is Step.STORE else "control"
        self.round_trips += self._step is Step.STORE
        return self._machine.send(row.says(self))

    def read(self, octets: bytes) -> None:
        """Take what the server wrote."""
        self._machine.receive_data(octets)
        try:
            while isinstance(said := self._machine.next_event(), ftp.Reply):
                self._take(said)
        except ftp.RemoteProtocolError as error:
            self.end(Failure(0, "4.5.0", f"the server broke the protocol: {error}", at=self.awaits))
            return
        if isinstance(said, ftp.ConnectionClosed) and not self.done:
            self.end(Failure(0, "4.4.2", "lost connection with the server", at=self.awaits))

    def complete(self, octets: bytes) -> int:
        """How many of the first octets of a flight of the server's are whole lines."""
        return octets.rfind(b"\n") + 1

    def follow(self, mailing: Mailing, _stays: object) -> None:
        """A session that was kept is to go on: none is.

        Raises:
            LookupError: always.
        """
        raise LookupError(f"no session was kept for {mailing.forward_paths}")

    def end(self, failure: Failure) -> None:
        """The session is over before its time: what has been answered counts, the failure is for the rest."""
        self.failure = self.failure or failure
        self.done = True

    def refusal(self, path: Path, host: str) -> Failure:
        """The reply that refused a forward-path, as the failure that it is; `host` gave it."""
        reply = self.replies[path]
        return Failure(reply.code, reply.enhanced, reply.text, host, self._refused_at[path])

    def _take(self, said: ftp.Reply) -> None:
        step, row = self._step, self.STEPS[self._step]
        reply = Reply(said.code, said.lines)
        then = row.then.get(said.digit, Step.REFUSED)
        if said.code == CLOSING:
            self.failure = self.failure or Failure(said.code, "", said.text, at=row.awaits)
            then = Step.CLOSED
        elif then is Step.STORED:
            path = self._left.pop(0)
            self.replies[path], self._refused_at[path] = reply, row.awaits
            then = Step.PASSIVE if self._left else Step.QUIT
        elif then is Step.REFUSED:
            self.failure = Failure(said.code, "", said.text, at=row.awaits)
            then = Step.QUIT
        self._step = then
        # All of the message, when it goes out.
        self.reads = len(self._mailing.content) if then is Step.FILE else 0
        self.contacted = self.contacted or (step is Step.TYPE and then is Step.PASSIVE)
        self.done = self.done or then is Step.CLOSED

    def _path(self) -> str:
        mailbox = self._left[0].mailbox or Address("postmaster", "localhost")
        return f"{directory_of(mailbox)}/{self._name}"

    STEPS: ClassVar[Mapping[Step, Row]] = {
        Step.GREETING: Row(None, "greeting", {1: Step.GREETING, 2: Step.USER}),
        Step.USER: Row(lambda _: commands.User("anonymous"), "hello", {2: Step.TYPE, 3: Step.PASSWORD}),
        Step.PASSWORD: Row(lambda _: commands.Pass("anonymous@"), "hello", {2: Step.TYPE}),
        Step.TYPE: Row(lambda _: commands.Type("I"), "hello", {2: Step.PASSIVE}),
        Step.PASSIVE: Row(lambda _: commands.Epsv(), "mail", {2: Step.STORE}),
        Step.STORE: Row(
            lambda self: commands.Stor(self._path()), "rcpt", {1: Step.FILE, 4: Step.STORED, 5: Step.STORED}
        ),
        Step.FILE: Row(None, "dot", {2: Step.STORED, 4: Step.STORED, 5: Step.STORED}),
        Step.QUIT: Row(lambda _: commands.Quit(), "dot", dict.fromkeys((2, 4, 5), Step.CLOSED)),
    }
    """A reply that has no entry refuses the session."""

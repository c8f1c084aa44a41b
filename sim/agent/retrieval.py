"""One retrieval session: a program's commands by POP3 or IMAP, a flight at a time.

A program is a generator: it yields the commands that it sends together, is sent what the server answered to them, and
returns when it has nothing left to say. So what a program pipelines is what it yields at once.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from sim.protocol.events import NEED_DATA, ConnectionClosed
from sim.protocol.imap4.client import Client as ImapClient
from sim.protocol.imap4.response_grammar import ContinueResponse
from sim.protocol.pop3.client import Client as Pop3Client

Program = Generator[Sequence[Any], Sequence[Any], None]
"""Yields commands of `sim.protocol.pop3.events` or `sim.protocol.imap4.commands`; is sent the responses, first the
greeting alone. The responses to commands of IMAP are all that came, untagged ones included. Where it yields no command
it is sent the next response of any kind, as an idle client is told news; or none, where it is woken."""


class _Machine(Protocol):
    secure: bool

    @property
    def outstanding(self) -> int: ...

    def send(self, *commands: Any) -> bytes: ...  # noqa: ANN401

    def receive_data(self, data: bytes) -> None: ...

    def next_event(self) -> Any: ...  # noqa: ANN401


class OneByOne(tuple[Any, ...]):
    """Commands that a program writes one by one, without waiting.

    Nagle's algorithm (RFC 896) holds what follows the first until that is acknowledged, which its answer does.
    """

    __slots__ = ()


class RetrievalError(Exception):
    """The server refuses what the session cannot do without, or is gone."""


class SessionCutError(Exception):
    """The session is over while a program waits: it is thrown into that.

    Attributes:
        answers: what has come to the commands that it yielded last.
    """

    def __init__(self, answers: Sequence[Any]) -> None:
        super().__init__("the session is over before its time")
        self.answers = answers


class Retrieval:
    """A program's session with a mailbox server.

    Args:
        machine: a client of POP3 or IMAP.
        program: what it says.

    Attributes:
        done: whether the program has nothing left to say.
        listens: whether it has nothing to say until the server speaks, or somebody wakes it.
        wants_tls: whether the caller is to shake hands now; it calls `secured` behind that.
        round_trips: how many flights it has written after it had waited for the server.
    """

    def __init__(self, machine: Pop3Client | ImapClient, program: Program) -> None:
        self._machine: _Machine = machine
        self._imap = machine if isinstance(machine, ImapClient) else None
        self._program = program
        self._answers: list[Any] = []
        self._flight = b""
        # What Nagle's algorithm holds of the commands, and whether what goes out has been held.
        self._rest: tuple[Any, ...] = ()
        self._held = False
        self.done = self.listens = self.wants_tls = False
        self.round_trips = 0
        next(program)

    def write(self) -> bytes:
        """The next flight; nothing where the server's answers have yet to come, or TLS is to protect it."""
        if self.wants_tls:
            return b""
        flight, self._flight = self._flight, b""
        self.round_trips += bool(flight) and not self._held
        self._held = False
        return flight

    def read(self, octets: bytes) -> None:
        """Take what the server wrote; nothing is its end of the connection.

        Raises:
            RetrievalError: it has hung up before the program was done.
            RemoteProtocolError: what came is no answer.
        """
        machine = self._machine
        machine.receive_data(octets)
        while not self._flight and not self.done:
            secure, event = machine.secure, machine.next_event()
            if event is NEED_DATA:
                return
            if isinstance(event, ConnectionClosed):
                raise RetrievalError("the server has closed the connection")
            self.wants_tls |= machine.secure > secure
            self._take(event)

    def wake(self) -> None:
        """The program is to go on, where it listens, though the server is silent: its user has done something."""
        if self.listens:
            self._go_on()

    def secured(self) -> None:
        """TLS protects the connection from here on."""
        self.wants_tls = False

    def end(self) -> None:
        """The session is over, whether the program is done or not."""
        if not self.done:
            self.done, self.listens = True, False
            with suppress(StopIteration, SessionCutError):
                self._program.throw(SessionCutError(self._answers))

    def _take(self, event: Any) -> None:  # noqa: ANN401
        imap = self._imap
        if imap is not None and imap.holds_literal and isinstance(event, ContinueResponse):
            self._flight = imap.go_on()
            return
        self._answers.append(event)
        if self._rest:
            rest, self._rest, self._held = self._rest, (), True
            self._flight = self._machine.send(*rest)
            return
        if not self._machine.outstanding or self.listens or isinstance(event, ContinueResponse):
            self._go_on()

    def _go_on(self) -> None:
        answers, self._answers = self._answers, []
        try:
            commands = self._program.send(answers)
        except StopIteration:
            self.done, self.listens = True, False
            return
        self.listens = not commands
        if isinstance(commands, OneByOne):
            commands, self._rest = commands[:1], commands[1:]
        self._flight = self._machine.send(*commands)

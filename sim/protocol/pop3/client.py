"""The client's end of a POP3 dialogue: octets from commands, octets in, responses out (RFC 1939)."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedDataType
from sim.protocol.octets import OctetQueue
from sim.protocol.pop3.commands import write_command
from sim.protocol.pop3.events import (
    Auth,
    AuthCancel,
    AuthResponse,
    Capa,
    Command,
    List,
    Mechanisms,
    Retr,
    Stls,
    Top,
    Uidl,
)
from sim.protocol.pop3.responses import Response, Status, read_first_line
from sim.protocol.pop3.states import HOPES, LAST_IN_GROUP, Opening, State, state_after

READ_LIMIT = 65_536
"""Octets taken in a line: those of messages may be longer than any standard allows."""

_TOO_LONG = f"a line has more than {READ_LIMIT} octets"

_IN_AUTH = (Auth, AuthResponse, AuthCancel)


class Client:
    """One session's client.

    The order of calls is:

    1. `receive_data`, and `next_event` until it gives the greeting.
    2. `send` a command; where `pipelining` is set, several at a time (RFC 2449 section 6.6).
    3. `receive_data`, and `next_event` until it has given a response to each (`outstanding` is 0 then), or
       ConnectionClosed.

    A response of many lines is one event, once its final dot has come. After STLS got its +OK the caller shakes hands.

    Args:
        secure: whether the connection has TLS from the start.

    Attributes:
        pipelining: whether commands may be sent before the response to the one before them; set by the answer to CAPA.
        timestamp: what the greeting offers for APOP, with its angle brackets; empty where it offers none.
        capabilities: what CAPA's answer says: word in upper case -> the words after it.
    """

    def __init__(self, *, secure: bool = False) -> None:
        self.secure = secure
        self.pipelining = False
        self.timestamp = ""
        self.capabilities: dict[str, tuple[str, ...]] = {}
        self._state = State.CONNECTED
        self._waiting: deque[Command | Opening] = deque([Opening()])
        self._queue = OctetQueue()
        # The first line of a response of many lines, and the lines of it that have come.
        self._begun: Response | None = None
        self._lines: list[bytes] = []
        self._peer_closed = False

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the responses received."""
        return self._state

    @property
    def outstanding(self) -> int:
        """How many commands wait for their response; after the end, how many never got one."""
        return sum(not isinstance(each, Opening) for each in self._waiting)

    def send(self, *commands: Command) -> bytes:
        """The octets of commands that go out together.

        Raises:
            LocalProtocolError: a command is not legal now, or a value in it cannot be sent.
        """
        state, last = self._state, self._waiting[-1] if self._waiting else None
        for sent in self._waiting:
            state = HOPES[state].get(type(sent), state)
        for command in commands:
            kind = type(command)
            if kind not in HOPES[state]:
                legal = ", ".join(sorted(each.__name__ for each in HOPES[state])) or "nothing"
                raise LocalProtocolError(f"{kind.__name__} is not legal in state {state.name}: {legal} is")
            if last is not None and (type(last) in LAST_IN_GROUP or not self.pipelining):
                raise LocalProtocolError(f"{kind.__name__} has to wait for the response to {type(last).__name__}")
            if kind is Stls and self.secure:
                raise LocalProtocolError("Stls cannot succeed twice in a session")
            last, state = command, HOPES[state][kind]
        octets = b"".join(map(write_command, commands))
        self._waiting.extend(commands)
        return octets

    def receive_data(self, data: bytes) -> None:
        """Take octets from the server; none at all (`b""`) say that it closed the connection.

        Raises:
            LocalProtocolError: octets came after the end.
        """
        if not data:
            self._peer_closed = True
        elif self._peer_closed:
            raise LocalProtocolError(f"{len(data)} octets came after the server had closed the connection")
        elif self._state is not State.CLOSED:
            self._queue.append(data)

    def next_event(self) -> Response | ConnectionClosed | NeedDataType:
        """The next response.

        Raises:
            RemoteProtocolError: what came is no response, or none was due. The session is over then.
        """
        while self._state is not State.CLOSED and (line := self._queue.line(READ_LIMIT)) is not None:
            try:
                response = self._read(line)
            except RemoteProtocolError:
                self._state = State.CLOSED
                raise
            if response is not None:
                return response
        if self._state is not State.CLOSED and self._queue.overflows:
            self._state = State.CLOSED
            raise RemoteProtocolError(_TOO_LONG)
        if self._state is not State.CLOSED and not self._peer_closed:
            return NEED_DATA
        self._state = State.CLOSED
        return ConnectionClosed()

    def _read(self, line: bytes) -> Response | None:
        """Take a line; the response that it ends."""
        if len(line) > READ_LIMIT:
            raise RemoteProtocolError(_TOO_LONG)
        if self._begun is not None:
            if line != b".":
                self._lines.append(line[1:] if line.startswith(b".") else line)
                return None
            content = b"".join(line + b"\r\n" for line in self._lines)
            response, self._begun, self._lines = replace(self._begun, content=content), None, []
            return self._answer(response)
        due = self._waiting[0] if self._waiting else None
        response = read_first_line(line, in_auth=isinstance(due, _IN_AUTH))
        if response.status is Status.OK and _has_lines(due):
            self._begun = response
            return None
        return self._answer(response)

    def _answer(self, response: Response) -> Response:
        due = self._waiting[0] if self._waiting else None
        self._state = state_after(self._state, None if due is None else type(due), response.status)
        self._waiting.popleft()
        if isinstance(due, Opening):
            _, bracket, rest = response.text.rpartition("<")
            inside, end, _ = rest.partition(">")
            self.timestamp = f"<{inside}>" if bracket and end and "@" in inside else ""
        elif isinstance(due, Capa) and response.content is not None:
            words = [line.split() for line in response.content.decode("utf-8", "replace").splitlines()]
            self.capabilities = {first.upper(): tuple(rest) for first, *rest in filter(None, words)}
            self.pipelining = "PIPELINING" in self.capabilities
        elif isinstance(due, Stls) and response.status is Status.OK:
            # Nothing that came behind it counts, and nothing that was known before (RFC 2595 section 4).
            self._queue.clear()
            self.secure, self.pipelining, self.capabilities = True, False, {}
        return response


def _has_lines(command: Command | Opening | None) -> bool:
    """Whether a success is a response of many lines."""
    if isinstance(command, List | Uidl):
        return command.number is None
    return isinstance(command, Retr | Top | Capa | Mechanisms)

"""The client's end of an IMAP dialogue: octets from commands, octets in, responses out (RFC 3501, RFC 9051)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import count
from typing import NoReturn

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedDataType
from sim.protocol.imap4.command_writer import write_command
from sim.protocol.imap4.commands import (
    Authenticate,
    AuthenticateCancel,
    AuthenticateResponse,
    Command,
    Done,
    Idle,
    Login,
    StartTls,
)
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.response_grammar import ContinueResponse, DataResponse, StatusResponse, read_response
from sim.protocol.imap4.scanner import LITERAL, literal_size, mark
from sim.protocol.imap4.states import ALONE, BYE, CONTINUE, HOPES, Opening, State, state_after
from sim.protocol.octets import OctetQueue

READ_LIMIT = 1 << 24
"""Octets of a response without its literals."""

_SYNCHRONIZING = re.compile(rb"\{([0-9]+)\}\r\n")
# Words may end as a literal's announcement does.
_WORDS = re.compile(rb"\+|[^ ]+ (?:OK|NO|BAD|BYE|PREAUTH)\b", re.IGNORECASE)
_SHORT_LITERAL = 4096
_CONTINUES = (AuthenticateResponse, AuthenticateCancel, Done)

Response = StatusResponse | ContinueResponse | DataResponse


class Client:
    """One session's client.

    The order of calls is:

    1. `receive_data`, and `next_event` until it gives the greeting.
    2. `send` a command, or several that do not need each other's answers (RFC 3501 section 5.5).
    3. `receive_data`, and `next_event` until it has given the tagged response to each (`outstanding` is 0 then), or
       ConnectionClosed. Untagged data comes as it is. A ContinueResponse wants `go_on` where a literal waits to be sent
       (`holds_literal`); to AUTHENTICATE and IDLE it says that the dialogue goes on.

    Args:
        message_limit: octets of the literals of one response, at most.
        secure: whether the connection has TLS from the start.
        tags: of its commands, in order; A1, A2 and so on where nothing else is said.

    Attributes:
        capabilities: what the server said last that it can do, in upper case.
        utf8: whether mailbox names are UTF-8, as after ENABLE IMAP4rev2.
    """

    def __init__(
        self, *, message_limit: int = 1 << 31, secure: bool = False, tags: Iterator[str] | None = None
    ) -> None:
        self.secure = secure
        self.utf8 = False
        self.capabilities: tuple[str, ...] = ()
        self._message_limit = message_limit
        self._state = State.CONNECTED
        self._tags = map("A{}".format, count(1)) if tags is None else tags
        # Tag and command of what waits for its tagged response, first one first.
        self._waiting: deque[tuple[str, Command | Opening]] = deque([("*", Opening())])
        self._held: deque[bytes] = deque()
        self._queue = OctetQueue()
        self._text = b""
        self._literals: list[bytes] = []
        self._pieces: list[bytes] = []
        self._missing = 0
        self._peer_closed = self._failed = False
        # Whether a `+` waits for what continues IDLE or AUTHENTICATE, and whether capabilities came since the login.
        self._challenged = self._renewed = False

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the responses received."""
        return self._state

    @property
    def outstanding(self) -> int:
        """How many commands wait for their tagged response; after the end, how many never got one."""
        return sum(not isinstance(each, Opening) for _, each in self._waiting)

    @property
    def holds_literal(self) -> bool:
        """Whether a literal waits for the server's `+`."""
        return bool(self._held)

    def send(self, *commands: Command) -> bytes:
        """The octets of commands that go out together, up to the first literal that waits to be asked for.

        Raises:
            LocalProtocolError: a command is not legal now.
        """
        octets: list[bytes] = []
        for command in commands:
            self._check(command)
            continues = isinstance(command, _CONTINUES)
            tag = self._waiting[0][0] if continues else next(self._tags)
            octets.append(self._announced(self._written(tag, command)))
            if continues:
                self._waiting.popleft()
                self._challenged = False
            self._waiting.append((tag, command))
            self._renewed &= not isinstance(command, Login | Authenticate)
        return b"".join(octets)

    def go_on(self) -> bytes:
        """The literal that the server has asked for, and what follows it up to the next one.

        Raises:
            LocalProtocolError: none waits.
        """
        if not self._held:
            raise LocalProtocolError("no literal waits to be sent")
        return self._held.popleft()

    def receive_data(self, data: bytes) -> None:
        """Take octets from the server; none at all (`b""`) say that it closed the connection.

        Raises:
            LocalProtocolError: octets came after the end.
        """
        if not data:
            self._peer_closed = True
        elif self._peer_closed:
            raise LocalProtocolError(f"{len(data)} octets came after the server had closed the connection")
        elif not self._failed:
            self._queue.append(data)

    def next_event(self) -> Response | ConnectionClosed | NeedDataType:
        """The next response.

        Raises:
            RemoteProtocolError: what came is no response, or none was due. The session is over then.
        """
        while True:
            if self._missing:
                piece = self._queue.take(self._missing)
                self._missing -= len(piece)
                self._pieces.append(piece)
                if self._missing:
                    break
                self._literals.append(b"".join(self._pieces))
                self._pieces = []
                continue
            line = self._queue.line(READ_LIMIT)
            if line is None and not self._queue.overflows:
                break
            response = self._take_line(line)
            if response is not None:
                return response
        if not (self._peer_closed or self._failed):
            return NEED_DATA
        self._state = State.LOGOUT
        return ConnectionClosed()

    def _written(self, tag: str, command: Command) -> bytes:
        return write_command(tag, command, utf8=self.utf8)

    def _check(self, command: Command) -> None:
        kind, state = type(command), self._state
        last = self._waiting[-1][1] if self._waiting else None
        for _, sent in self._waiting:
            state = HOPES[state].get(type(sent), state)
        if isinstance(command, _CONTINUES):
            state, last = self._state, None
        if self._held:
            raise LocalProtocolError(f"{kind.__name__} has to wait for the literal of the command before")
        if kind not in HOPES[state]:
            legal = ", ".join(sorted(each.__name__ for each in HOPES[state])) or "nothing"
            raise LocalProtocolError(f"{kind.__name__} is not legal in state {state.name}: {legal} is")
        if last is not None and type(last) in ALONE:
            raise LocalProtocolError(f"{kind.__name__} has to wait for the response to {type(last).__name__}")
        if isinstance(command, _CONTINUES) and not self._challenged:
            raise LocalProtocolError(f"{kind.__name__} has to wait for the server's +")
        if kind is StartTls and self.secure:
            raise LocalProtocolError("StartTls cannot succeed twice in a session")

    def _announced(self, octets: bytes) -> bytes:
        """The octets of a command, its literals announced as the server takes them, up to the first that waits."""
        at_once = -1
        if "LITERAL+" in self.capabilities:
            at_once = len(octets)
        elif {"LITERAL-", "IMAP4REV2"}.intersection(self.capabilities):
            at_once = _SHORT_LITERAL
        flights: list[list[bytes]] = [[]]
        start = at = 0
        # Within a literal nothing is an announcement.
        while (found := _SYNCHRONIZING.search(octets, at)) is not None:
            size = int(found[1])
            flights[-1].append(octets[start : found.end() - 3])
            if size <= at_once:
                flights[-1].append(b"+}\r\n")
            else:
                flights[-1].append(b"}\r\n")
                flights.append([])
            start, at = found.end(), found.end() + size
        flights[-1].append(octets[start:])
        first, *held = map(b"".join, flights)
        self._held.extend(held)
        return first

    def _take_line(self, line: bytes | None) -> Response | None:
        """Take a line; None where a literal is to come. It is None itself where its end is nowhere near."""
        if line is None or len(self._text) + len(line) > READ_LIMIT or b"\x00" in line:
            self._fail("a response is too long, or has a NUL")
        self._text += line
        found = None if _WORDS.match(self._text) else LITERAL.search(line)
        if found is not None:
            size = literal_size(found[2])
            if size + sum(map(len, self._literals)) > self._message_limit:
                self._fail(f"literals of more than {self._message_limit} octets")
            self._text = self._text[: -len(found[0])] + mark(len(self._literals))
            self._missing = size
            if not size:
                self._literals.append(b"")
            return None
        text, literals = self._text, self._literals
        self._text, self._literals = b"", []
        try:
            response = read_response(text, literals)
        except SyntaxFault as fault:
            self._fail(str(fault))
        self._learn(response)
        return response

    def _fail(self, why: str) -> NoReturn:
        self._state, self._failed = State.LOGOUT, True
        self._queue.clear()
        raise RemoteProtocolError(f"what came is no response of IMAP: {why}")

    def _moved(self, kind: type | None, status: str) -> None:
        """A response to a command of this kind has come."""
        try:
            self._state = state_after(self._state, kind, status)
        except RemoteProtocolError as error:
            self._fail(str(error))

    def _learn(self, response: Response) -> None:
        """What a response changes."""
        if isinstance(response, DataResponse):
            if response.name == "CAPABILITY":
                self._can(map(str, response.values))
            elif response.name == "ENABLED":
                self.utf8 |= any(str(value).upper() == "IMAP4REV2" for value in response.values)
            return
        if isinstance(response, ContinueResponse):
            if not self._held:
                self._moved(type(self._waiting[0][1]) if self._waiting else None, CONTINUE)
                self._challenged = True
            return
        words = response.code.split()
        if [word.upper() for word in words[:1]] == ["CAPABILITY"]:
            self._can(words[1:])
        if response.tag == "*":
            if isinstance(self._waiting[0][1] if self._waiting else None, Opening):
                self._waiting.popleft()
                self._moved(Opening, response.status)
            elif response.status == BYE:
                self._state = State.LOGOUT
            return
        self._answered(response)

    def _answered(self, response: StatusResponse) -> None:
        found = next((n for n, (tag, _) in enumerate(self._waiting) if tag == response.tag), None)
        if found is None:
            self._fail(f"no command has the tag {response.tag}")
        command = self._waiting[found][1]
        del self._waiting[found]
        if found == len(self._waiting):
            # The last command alone may have a literal that waits; it was refused.
            self._held.clear()
        if self._state is State.LOGOUT:
            return
        kind = type(command)
        if isinstance(command, Idle | Authenticate) and kind not in HOPES[self._state]:
            # It ended before the client had said more.
            kind = Done if isinstance(command, Idle) else AuthenticateResponse
        self._challenged = False
        self._moved(kind, response.status)
        if response.status != "OK":
            return
        if isinstance(command, StartTls):
            # Nothing that came behind it counts, and nothing that was known before (RFC 3501 section 6.2.1).
            self._queue.clear()
            self.secure, self.capabilities = True, ()
        elif isinstance(command, Login | Authenticate | AuthenticateResponse) and not self._renewed:
            # They may be others for who has logged in.
            self.capabilities = ()

    def _can(self, words: Iterable[str]) -> None:
        """The server can do this."""
        self.capabilities, self._renewed = tuple(word.upper() for word in words), True

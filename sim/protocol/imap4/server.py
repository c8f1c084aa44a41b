"""The server's end of an IMAP dialogue: octets in, events out, octets from responses (RFC 3501, RFC 9051)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import IO

from sim.protocol.errors import LocalProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedDataType
from sim.protocol.imap4.commands import NAMES, Append, Command, Done, Logout, StartTls
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.events import BadCommand, LiteralAsked, Request, TooLong
from sim.protocol.imap4.grammar import read_authenticate_response, read_command
from sim.protocol.imap4.responses import Continue, Tagged, Untagged, write
from sim.protocol.imap4.scanner import LITERAL, REMEMBERED, Scanner, literal_size, mark
from sim.protocol.imap4.states import BYE, CONTINUE, TRANSITIONS, Opening, State, state_answered
from sim.protocol.octets import OctetQueue

LINE_LIMIT = 65_536
"""Octets of a command without its literals."""

LITERAL_LIMIT = 65_536
"""Octets of a literal that is no message."""

_LITERALS_LIMIT = 100
SWALLOW_LIMIT = 1 << 26
"""Octets of a literal that is above its limit, and yet is read to its end if the client does not wait to be asked."""

# A tag, APPEND, a whole mailbox name, and no literal behind it: the next one is the message.
_APPENDS = re.compile(
    rb'[^ ]+ +APPEND +(?:"(?:[^"\\]++|\\.)*+"|\x00[0-9]+\x00|[^ "\x00]+) [^\x00]*', re.IGNORECASE | re.DOTALL
)
# Whole strings, and an end behind which a value may begin.
_OPEN = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+(?<=[ (])', re.DOTALL)
# A tag, and the name of a command.
_BEGINNING = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]+)(?= |\Z)(?: +(?:UID +)?([A-Z]+)(?= |\Z))?", re.IGNORECASE)
_KINDS = {name: kind for kind, name in NAMES.items()}

_IDLING = frozenset({State.IDLE, State.IDLE_SELECTED})


class Server:
    """One session's server.

    The order of calls is:

    1. `send` the greeting: an untagged OK, PREAUTH or BYE.
    2. `receive_data`, and then `next_event` until it gives NEED_DATA or ConnectionClosed.
       A Request wants one Tagged response, or a Continue where the table of states has one, before the next
       `next_event`; Untagged ones may be sent at any time. A LiteralAsked wants `accept_literal` or a Tagged refusal, a
       TooLong an untagged BYE.
    3. Close the connection at ConnectionClosed, once everything that `send` gave is written.

    Whatever the peer sends, `next_event` raises nothing for it: what is no legal command here is a BadCommand. After an
    untagged BYE the session is over.

    Args:
        message_limit: octets of APPEND's message.
        secure: whether the connection has TLS from the start.
        literal_file: makes the file that holds a literal until it is whole. Where that cannot be written, its command
            is refused.

    Attributes:
        utf8: whether mailbox names are UTF-8, as after ENABLE IMAP4rev2; the caller sets it.
    """

    def __init__(
        self, *, message_limit: int, secure: bool = False, literal_file: Callable[[], IO[bytes]] = BytesIO
    ) -> None:
        self.secure = secure
        self.utf8 = False
        self._message_limit = message_limit
        self._literal_file = literal_file
        self._state = State.CONNECTED
        # What waits for its response, and the tag of it; IDLE's and AUTHENTICATE's stays until they end.
        self._due: Opening | Command | BadCommand | LiteralAsked | TooLong | None = Opening()
        self._tag = "*"
        self._queue = OctetQueue()
        self._peer_closed = False
        self._start_over()

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the responses sent."""
        return self._state

    def receive_data(self, data: bytes) -> None:
        """Take octets from the peer; none at all (`b""`) say that it closed the connection.

        Raises:
            LocalProtocolError: octets came after the end.
        """
        if not data:
            self._peer_closed = True
        elif self._peer_closed:
            raise LocalProtocolError(f"{len(data)} octets came after the peer had closed the connection")
        elif self._state is not State.LOGOUT:
            self._queue.append(data)

    def next_event(self) -> Request | LiteralAsked | TooLong | ConnectionClosed | NeedDataType:
        """What the peer said next.

        Raises:
            LocalProtocolError: the greeting, or the response to the event before, has yet to be sent.
        """
        if self._due is not None:
            raise LocalProtocolError(f"{type(self._due).__name__} still waits for its response: send it first")
        while self._state is not State.LOGOUT:
            if self._missing:
                if not self._take_literal():
                    break
                continue
            line = self._queue.line(LINE_LIMIT)
            if line is None and not self._queue.overflows:
                break
            whole = line is not None and len(line) <= LINE_LIMIT
            event = self._take_line(line) if line is not None and whole else TooLong("The line is too long.")
            if event is not None:
                self._due = event.command if isinstance(event, Request) else event
                return event
        if self._state is not State.LOGOUT and not self._peer_closed:
            return NEED_DATA
        self._state = State.LOGOUT
        self.drop_literal()
        return ConnectionClosed()

    def accept_literal(self) -> bytes:
        """The `+` for a client that waits to send a literal.

        Raises:
            LocalProtocolError: none does.
        """
        if not isinstance(self._due, LiteralAsked):
            raise LocalProtocolError("no literal waits to be accepted")
        size, self._due = self._due.size, None
        self._expect(size)
        return write(Continue("OK"), "")

    def send(self, response: Tagged | Continue | Untagged) -> bytes:
        """The octets of a response.

        Raises:
            LocalProtocolError: it cannot answer what is due, or its text cannot stand in a line.
        """
        due = self._due
        if isinstance(response, Untagged):
            word = response.data.partition(b" ")[0].decode("ascii", "replace")
            if isinstance(due, Opening):
                self._state, self._due = state_answered(self._state, Opening, word), None
            elif word == BYE:
                self._state, self._due = State.LOGOUT, due if isinstance(due, Logout) else None
            return write(response, "*")
        if isinstance(due, TooLong):
            raise LocalProtocolError("nobody knows where the next command begins: say BYE")
        if isinstance(due, LiteralAsked):
            if not isinstance(response, Tagged) or response.status == "OK":
                raise LocalProtocolError(f"{response} cannot answer a literal: accept it, or refuse its command")
            self._due = None
            self._start_over()
            return write(response, due.tag)
        octets = write(response, self._tag)
        status = response.status if isinstance(response, Tagged) else CONTINUE
        if due is None or self._state is not State.LOGOUT:
            self._state = state_answered(self._state, None if due is None else type(due), status)
        if isinstance(due, StartTls) and status == "OK":
            # Nothing may come behind it, and nothing that did counts (RFC 3501 section 6.2.1).
            self._queue.clear()
            self.secure = True
        self._due = None
        return octets

    def _start_over(self) -> None:
        """The next line begins a command."""
        self._text = b""
        self._literals: list[bytes] = []
        # The literal under way: the octets that have yet to come, those that came, and whether it may have NULs.
        self._missing = 0
        self._begun: IO[bytes] | None = None
        self._binary = False
        # Why the command is refused once it is whole; what literals bring is dropped from then on.
        self._refusal: BadCommand | None = None

    def _expect(self, size: int) -> None:
        """A literal of so many octets comes next."""
        self._missing = size
        if not size:
            self._literals.append(b"")

    def _refuse(self, why: str, code: str = "") -> None:
        self._refusal = self._refusal or BadCommand(why, code)

    def _take_literal(self) -> bool:
        """Take what has come of the literal; whether it is whole."""
        piece = self._queue.take(self._missing)
        self._missing -= len(piece)
        if not self._binary and b"\x00" in piece:
            self._refuse("NUL is no legal octet of a literal: ~{ announces one that may have it (RFC 3516)")
        whole = b""
        if self._refusal is None:
            try:
                whole = self._held(piece)
            except OSError:
                self._refuse("The literal cannot be kept now", "UNAVAILABLE")
        if self._refusal is not None or not self._missing:
            self.drop_literal()
        if self._missing:
            return False
        self._literals.append(whole)
        return True

    def drop_literal(self) -> None:
        """Close the file of a literal that will never be whole: nothing more comes."""
        if self._begun is not None:
            self._begun.close()
            self._begun = None

    def _held(self, piece: bytes) -> bytes:
        """Put octets behind those of the literal that have come; all of it once it is whole.

        Raises:
            OSError: its file cannot be written or read.
        """
        if self._begun is None:
            if not self._missing:
                return piece
            self._begun = self._literal_file()
        self._begun.write(piece)
        if self._missing:
            return b""
        self._begun.seek(0)
        return self._begun.read()

    def _take_line(self, line: bytes) -> Request | LiteralAsked | TooLong | None:
        """Take a line, the first of a command or what follows a literal; None where a literal is to come at once."""
        if self._state in _IDLING or self._state is State.AUTHENTICATING:
            return Request(self._tag, self._continued(line))
        if len(self._text) + len(line) > LINE_LIMIT:
            return TooLong("The command is too long.")
        if b"\x00" in line:
            self._refuse("NUL is no legal octet")
            line = line.replace(b"\x00", b"\x7f")
        self._text += line
        found = LITERAL.search(line)
        if found is not None:
            return self._announced(found)
        text, literals, refusal = self._text, self._literals, self._refusal
        self._start_over()
        self._tag, command = self._read(text, literals, refusal)
        return Request(self._tag, command)

    def _announced(self, found: re.Match[bytes]) -> Request | LiteralAsked | TooLong | None:
        """A literal is announced at the end of the text."""
        size = literal_size(found[2])
        text = self._text[: -len(found[0])]
        tag, kind = _begun(text)
        appends, limit = False, 0
        if self._refusal is None:
            appends = kind is Append and _APPENDS.fullmatch(text) is not None
            limit = self._message_limit if appends else LITERAL_LIMIT - sum(map(len, self._literals))
            if kind not in TRANSITIONS[self._state] or _OPEN.fullmatch(text) is None or (found[1] and not appends):
                self._refuse("No literal has a place here")
            elif size > limit:
                self._refuse("The literal is too large", "TOOBIG" if appends else "")
            elif len(self._literals) > _LITERALS_LIMIT:
                self._refuse("Too many literals")
        self._text, self._binary = text + mark(len(self._literals)), bool(found[1])
        if not found[3]:
            if self._refusal is None:
                return LiteralAsked(tag, size, appends)
            # The client has not sent it, and does not when its command is refused.
            refusal, self._tag = self._refusal, tag
            self._start_over()
            return Request(tag, refusal)
        if size > max(limit, SWALLOW_LIMIT):
            return TooLong("The literal is too large.")
        self._expect(size)
        return None

    def _continued(self, line: bytes) -> Command | BadCommand:
        """A line within IDLE or AUTHENTICATE."""
        if self._state in _IDLING:
            return Done() if line.upper() == b"DONE" else BadCommand("DONE expected")
        try:
            return read_authenticate_response(line)
        except SyntaxFault as fault:
            return BadCommand(str(fault))

    def _read(self, text: bytes, literals: list[bytes], refusal: BadCommand | None) -> tuple[str, Command | BadCommand]:
        """The tag and the command that a text means, marks standing for its literals."""
        tag, kind = _begun(text)
        if refusal is not None:
            return tag, refusal
        if kind is not None and kind not in TRANSITIONS[self._state]:
            return tag, BadCommand(f"{NAMES[kind]} has no place in state {self._state.value}")
        if kind is StartTls and self.secure:
            return tag, BadCommand("TLS is active already")
        if kind is not None and not literals and len(text) <= REMEMBERED:
            return tag, _remembered(text[len(tag) :], self.utf8)
        scanner = Scanner(text, literals)
        try:
            scanner.tag()
        except SyntaxFault as fault:
            return tag, BadCommand(str(fault))
        return tag, _behind_tag(scanner, self.utf8)


def _behind_tag(scanner: Scanner, utf8: bool) -> Command | BadCommand:
    """The command that follows a tag."""
    try:
        scanner.space()
        return read_command(scanner, utf8=utf8)
    except SyntaxFault as fault:
        return BadCommand(str(fault), fault.code)


@lru_cache(maxsize=4096)
def _remembered(octets: bytes, utf8: bool) -> Command | BadCommand:
    """The command that octets behind a tag mean."""
    return _behind_tag(Scanner(octets), utf8)


def _begun(text: bytes) -> tuple[str, type | None]:
    """The tag and the kind of the command that a text begins with: `*` and None where it begins with none."""
    found = _BEGINNING.match(text)
    if found is None:
        return "*", None
    return found[1].decode("ascii"), _KINDS.get((found[2] or b"").decode("ascii").upper())

"""The client's end of an SMTP dialogue: octets from commands, octets in, replies out (RFC 5321)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from sim.protocol.smtp.buffer import ReceiveBuffer
from sim.protocol.smtp.commands import write_auth_response, write_command
from sim.protocol.smtp.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.smtp.events import (
    NEED_DATA,
    Atrn,
    Auth,
    AuthResponse,
    Chunk,
    Command,
    ConnectionClosed,
    Data,
    Ehlo,
    Helo,
    LastChunk,
    Lhlo,
    Mail,
    MailData,
    NeedData,
    Rcpt,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
)
from sim.protocol.smtp.extensions import COMMAND_EXTENSIONS, OLD_COMMANDS, is_binary, parse_offer
from sim.protocol.smtp.flights import group_state, read_replies, write_commands
from sim.protocol.smtp.mail_data import stuff
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.reply_lines import is_continued, read_reply
from sim.protocol.smtp.states import HOPES, LAST_IN_GROUP, Opening, State, state_after

__all__ = ["Client"]

_LINE_LIMIT = 2048
"""Octets taken in a reply line. RFC 5321 section 4.5.3.1.5 allows 512; some servers put long texts there."""

_LINES_LIMIT = 1024
"""Lines taken in a reply: an EXPN of a large list has one a member."""

_CACHED_LINES = 16
"""Longer replies are too rare, and too large, to be remembered."""


# Members of an Enum are slow to reach in CPython 3.11, and these are asked for with every line.
_CLOSED, _CONNECTED, _READY, _TURNED = State.CLOSED, State.CONNECTED, State.READY, State.TURNED

_NOTHING: Mapping[str, str] = MappingProxyType({})
_MAIL_DATA = frozenset({MailData, LastChunk})
_HELLO = frozenset({Ehlo, Helo, Lhlo})
_CHECKED = frozenset({*_HELLO, *COMMAND_EXTENSIONS})
_PAYLOADS = (MailData, AuthResponse, Chunk, LastChunk)
_CAREFUL = frozenset({"SMTPUTF8", "BINARYMIME"})
_SENDERS = (Mail, Send, Soml, Saml)
_WATCHED = frozenset({*_SENDERS, Rcpt, Data})
_TURNING_POINTS = frozenset({*_HELLO, StartTls, Auth, AuthResponse, Turn, Atrn})


class Client:
    """One session's client.

    The order of calls is:

    1. `receive_data`, and `next_event` until it gives the greeting.
    2. `send` a command; with PIPELINING offered, several, in the groups that RFC 2920 section 3.1 allows.
    3. `receive_data`, and `next_event` until it has given a reply to each (`outstanding` is 0 then), or
       ConnectionClosed.

    `send_flight` and `read_flight` do the same for all that goes together, quicker where nothing is unusual.

    Mail data is sent like a command once DATA got its 354, and a response once AUTH got its 334; chunks need not wait.
    After STARTTLS got its 220 the caller shakes hands, and then says EHLO again. A 421 closes the session, whatever it
    answers; it may also come where no reply is due.

    Args:
        lmtp: whether LMTP is spoken: LHLO in the place of HELO and EHLO, and mail data, or a last chunk, gets one reply
            for each recipient that was accepted, in order (RFC 2033); it is outstanding until the last of them.
        secure: whether the connection has TLS from the start.
    """

    __slots__ = (
        "_accepted",
        "_ahead",
        "_binary",
        "_buffer",
        "_careful",
        "_enhanced",
        "_lines",
        "_lmtp",
        "_offered",
        "_old_server",
        "_peer_closed",
        "_piecewise",
        "_state",
        "_utf8",
        "_waiting",
        "authenticated",
        "extensions",
        "secure",
    )

    def __init__(self, *, lmtp: bool = False, secure: bool = False) -> None:
        self._lmtp = lmtp
        # In LMTP, how many of the transaction's recipients have yet to get their last reply.
        self._accepted = 0
        self.secure = secure
        """Whether TLS protects the connection, as far as the machine was told."""
        self.authenticated = False
        """Whether an AUTH succeeded."""
        self.extensions: Mapping[str, str] = _NOTHING
        """What the server offered in its reply to EHLO: keyword in upper case -> the text after it."""
        self._offered: tuple[str, ...] = ()
        self._enhanced = False
        # Whether HELO was the last to be accepted: then nothing is known of what the server can do.
        self._old_server = False
        # Whether the server offers an extension that makes more than the state decide what is legal.
        self._careful = False
        # Whether the transaction's MAIL has SMTPUTF8, and BODY=BINARYMIME.
        self._utf8 = self._binary = False
        self._state = _CONNECTED
        # The state once every reply on the way has come and is a good one; None: to be worked out anew.
        self._ahead: State | None = _CONNECTED
        # What waits for its reply, first one first.
        self._waiting: deque[type] = deque([Opening])
        self._buffer = ReceiveBuffer()
        self._peer_closed = False
        # The lines of a reply whose last line has yet to come.
        self._lines: list[bytes] = []
        # Whether something was said or heard that takes a closer look than whole flights get.
        self._piecewise = lmtp

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the replies received."""
        return self._state

    def hand_over(self) -> tuple[bytes, bool]:
        """For `turn.reverse`: the octets that came for the machine of the other side, and whether the peer is gone.

        Raises:
            LocalProtocolError: neither TURN nor ATRN was accepted just now.
        """
        if self._state is not _TURNED:
            raise LocalProtocolError(f"roles are not to be swapped in state {self._state.name}: send TURN first")
        self._move(_CLOSED)
        return self._buffer.take(len(self._buffer)), self._peer_closed

    @property
    def outstanding(self) -> int:
        """How many commands wait for their reply; after the end, how many never got one."""
        return len(self._waiting) - (Opening in self._waiting)

    def send(self, command: Command) -> bytes:
        """The octets of a command, or of the mail data with its final dot.

        Raises:
            LocalProtocolError: the command is not legal now, or a value in it cannot be sent to this server.
        """
        kind = type(command)
        if self._ahead is None:
            self._ahead = self._look_ahead()
        ahead = HOPES[self._ahead].get(kind)
        if ahead is None:
            legal = ", ".join(sorted(each.__name__ for each in HOPES[self._ahead])) or "nothing"
            raise LocalProtocolError(f"{kind.__name__} is not legal in state {self._ahead.name}: {legal} is")
        if kind in _CHECKED:
            self._check_offered(kind)
        if self._waiting:
            self._check_group(kind)
        if isinstance(command, _PAYLOADS):
            octets = self._payload(command)
        else:
            octets = write_command(command, self._offered)
            if self._careful and kind in _WATCHED and (kind is not Rcpt or not octets.isascii()):
                self._check_transaction(command, octets)
        self._waiting.append(kind)
        self._ahead = ahead
        return octets

    def send_flight(self, commands: Sequence[Command]) -> bytes:
        """The octets of commands that go out together: what `send` gives for each, sooner where all are plain ones.

        Raises:
            LocalProtocolError: as `send`; those before the command at fault are sent.
        """
        kinds = tuple(map(type, commands))
        if not (self._piecewise or self._waiting):
            ahead = group_state(self._state, kinds, "PIPELINING" in self.extensions)
            octets = None if ahead is None else write_commands(commands, self._offered)
            if octets is not None:
                self._waiting.extend(kinds)
                self._ahead = ahead
                return octets
        self._piecewise = True
        return b"".join([self.send(command) for command in commands])

    def read_flight(self, data: bytes) -> Sequence[Reply] | None:
        """Take the server's octets, where they are whole replies to all that was sent; gives these.

        None, where they are anything else: then nothing has been taken, and they are for `receive_data`.
        """
        if self._piecewise or len(data) >= _LINE_LIMIT:
            return None
        found = read_replies(self._state, tuple(self._waiting), data, self._enhanced)
        if found is None:
            return None
        replies, self._state = found
        self._ahead = None
        kind = self._waiting[-1]
        self._waiting.clear()
        if kind in _TURNING_POINTS and replies[-1].positive:
            self._turn(kind, replies[-1])
        return replies

    def receive_data(self, data: bytes) -> None:
        """Take octets from the server; none at all (`b""`) say that it closed the connection.

        Raises:
            LocalProtocolError: octets came after the end.
        """
        if not data:
            self._peer_closed = True
        elif self._peer_closed:
            raise LocalProtocolError(f"{len(data)} octets came after the server had closed the connection")
        elif self._state is not _CLOSED:
            self._buffer.append(data)
        self._piecewise = True

    def next_event(self) -> Reply | ConnectionClosed | Literal[NeedData.NEED_DATA]:
        """The next reply.

        Raises:
            RemoteProtocolError: what came is no reply, or none was due. The session is over then.
        """
        if self._state is _CLOSED:
            return ConnectionClosed()
        try:
            lines = self._read_lines() if self._state is not _TURNED else None
            if lines is not None:
                return self._take(lines)
        except RemoteProtocolError:
            self._move(_CLOSED)
            raise
        if not self._peer_closed:
            return NEED_DATA
        self._move(_CLOSED)
        return ConnectionClosed()

    def _payload(self, command: MailData | AuthResponse | Chunk | LastChunk) -> bytes:
        if isinstance(command, MailData):
            return stuff(command.content)
        if isinstance(command, AuthResponse):
            return write_auth_response(command)
        return write_command(command, self._offered) + command.content

    def _check_transaction(self, command: Command, line: bytes) -> None:
        if isinstance(command, _SENDERS):
            self._utf8 = ("SMTPUTF8", None) in command.parameters
            self._binary = "BINARYMIME" in self.extensions and is_binary(command.parameters)
        elif isinstance(command, Data) and self._binary:
            raise LocalProtocolError("Data cannot follow a MAIL with BODY=BINARYMIME: send chunks (RFC 3030)")
        elif isinstance(command, Rcpt) and not self._utf8:
            raise LocalProtocolError(f"cannot send {line!r}: its transaction's MAIL has no parameter SMTPUTF8")

    def _check_offered(self, kind: type) -> None:
        if kind in _HELLO:
            if (kind is Lhlo) is not self._lmtp:
                raise LocalProtocolError(f"{kind.__name__} is not for a session of {'LMTP' if self._lmtp else 'SMTP'}")
            return
        if (kind is StartTls and self.secure) or (kind is Auth and self.authenticated):
            raise LocalProtocolError(f"{kind.__name__} cannot succeed twice in a session")
        if kind is Atrn and not self.authenticated:
            raise LocalProtocolError("Atrn is not legal before Auth (RFC 2645)")
        keyword = COMMAND_EXTENSIONS[kind]
        if keyword not in self.extensions and not (self._old_server and kind in OLD_COMMANDS):
            raise LocalProtocolError(f"{kind.__name__} is not known to the server: it does not offer {keyword}")

    def _look_ahead(self) -> State:
        state = self._state
        for kind in self._waiting:
            state = HOPES[state].get(kind, state)
        return state

    def _check_group(self, kind: type) -> None:
        last = self._waiting[-1]
        if "PIPELINING" not in self.extensions:
            raise LocalProtocolError(
                f"{kind.__name__} has to wait for the reply to {last.__name__}: the server does not offer PIPELINING"
            )
        if last in LAST_IN_GROUP:
            raise LocalProtocolError(f"{kind.__name__} has to wait for the reply to {last.__name__} (RFC 2920)")

    def _read_lines(self) -> tuple[bytes, ...] | None:
        buffer = self._buffer
        while True:
            line = buffer.take_until(b"\n")
            if len(buffer if line is None else line) >= _LINE_LIMIT:
                raise RemoteProtocolError(f"a reply line has more than {_LINE_LIMIT} octets")
            if line is None:
                return None
            goes_on = is_continued(line)
            if not goes_on and not self._lines:
                return (line,)
            self._lines.append(line)
            if not goes_on:
                lines, self._lines = tuple(self._lines), []
                return lines
            if len(self._lines) >= _LINES_LIMIT:
                raise RemoteProtocolError(f"a reply has more than {_LINES_LIMIT} lines")

    def _take(self, lines: tuple[bytes, ...]) -> Reply:
        waiting = self._waiting
        kind = waiting[0] if waiting else None
        turning = kind in _TURNING_POINTS
        read = read_reply if len(lines) <= _CACHED_LINES else read_reply.__wrapped__
        reply = read(lines, self._enhanced and not (turning and kind in _HELLO))
        state = state_after(self._state, kind, reply)
        if self._lmtp and self._is_owed_more(kind, reply, state):
            return reply
        self._state, self._ahead = state, None
        if waiting:
            waiting.popleft()
        if turning and reply.positive:
            self._turn(kind, reply)
        return reply

    def _turn(self, kind: type | None, reply: Reply) -> None:
        """What an accepted HELO, EHLO, LHLO, AUTH, STARTTLS, TURN or ATRN changes."""
        if kind in _HELLO:
            self.extensions = _NOTHING if kind is Helo else parse_offer(reply.lines)
            self._old_server = kind is Helo
            self._offered = tuple(self.extensions)
            self._enhanced = "ENHANCEDSTATUSCODES" in self.extensions
            self._careful = not _CAREFUL.isdisjoint(self.extensions)
            return
        if kind is Auth or kind is AuthResponse:
            self.authenticated = True
            return
        # Nothing may come behind these replies, and nothing that did counts (RFC 3207 section 4.2).
        self._buffer, self._lines = ReceiveBuffer(), []
        if kind is StartTls:
            self.secure, self.authenticated = True, False
            self.extensions, self._offered, self._enhanced = _NOTHING, (), False

    def _is_owed_more(self, kind: type | None, reply: Reply, state: State) -> bool:
        """Whether the reply is one of several that LMTP's mail data gets, and not the last one."""
        if kind is Rcpt and reply.positive:
            self._accepted += 1
        elif kind in _MAIL_DATA and self._accepted > 1 and state is _READY:
            self._accepted -= 1
            return True
        elif state is _READY:
            self._accepted = 0
        return False

    def _move(self, state: State) -> None:
        self._state = state
        self._ahead = None

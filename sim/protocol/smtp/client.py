"""The client's end of an SMTP dialogue: octets from commands, octets in, replies out (RFC 5321)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat
from types import MappingProxyType
from typing import Literal

from sim.protocol.errors import LocalProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedData
from sim.protocol.smtp.commands import write_command
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import (
    Atrn,
    Auth,
    AuthResponse,
    Command,
    Data,
    Ehlo,
    Helo,
    LastChunk,
    Lhlo,
    Mail,
    MailData,
    Rcpt,
    Saml,
    Send,
    Soml,
    StartTls,
    Turn,
)
from sim.protocol.smtp.extensions import COMMAND_EXTENSIONS, OLD_COMMANDS, is_binary, parse_offer
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.reply_lines import LINES_LIMIT, READ_LIMIT, read_reply, split_replies
from sim.protocol.smtp.states import Opening, State, check_group, state_after

_CACHED_LINES = 16
"""Longer replies are too rare, and too large, to be remembered."""

_REMEMBERED = 1024
"""Octets that come together, up to which what they mean is remembered: more are too rare, and too large."""

# Members of an Enum are slow to reach in CPython 3.11, and these are asked for with every line.
_CLOSED, _CONNECTED, _READY, _TURNED = State.CLOSED, State.CONNECTED, State.READY, State.TURNED
_ENDED = frozenset({_CLOSED, _TURNED})

_NOTHING: Mapping[str, str] = MappingProxyType({})
_MAIL_DATA = frozenset({MailData, LastChunk})
_HELLO = frozenset({Ehlo, Helo, Lhlo})
_CHECKED = frozenset({*_HELLO, *COMMAND_EXTENSIONS})
_CAREFUL = frozenset({"SMTPUTF8", "BINARYMIME"})
_SENDERS = (Mail, Send, Soml, Saml)
_IN_TRANSACTION = frozenset({*_SENDERS, Rcpt, Data})
_TURNING_POINTS = frozenset({*_HELLO, StartTls, Auth, AuthResponse, Turn, Atrn})


@lru_cache(maxsize=4096)
def _read(state: State, kind: type | None, lines: tuple[bytes, ...], enhanced: bool) -> tuple[Reply, State, bool]:
    """The reply that the lines are to a command, the state after it, and whether it changes more than the state."""
    reply = read_reply(lines, enhanced and kind not in _HELLO)
    return reply, state_after(state, kind, reply), kind in _TURNING_POINTS and reply.code < 300


@lru_cache(maxsize=1024)
def _offer(lines: tuple[str, ...]) -> tuple[Mapping[str, str], tuple[str, ...], bool, bool]:
    """What an EHLO reply offers, the keywords, and whether they have enhanced codes, and one that asks for care."""
    extensions = parse_offer(lines)
    enhanced, careful = "ENHANCEDSTATUSCODES" in extensions, not _CAREFUL.isdisjoint(extensions)
    return extensions, tuple(extensions), enhanced, careful


class Client:
    """One session's client.

    The order of calls is:

    1. `receive_data`, and `next_event` until it gives the greeting.
    2. `send` a command; with PIPELINING offered, several, in the groups that RFC 2920 section 3.1 allows.
    3. `receive_data`, and `next_event` until it has given a reply to each (`outstanding` is 0 then), or
       ConnectionClosed.

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
        "_begun",
        "_binary",
        "_careful",
        "_enhanced",
        "_lmtp",
        "_old_server",
        "_peer_closed",
        "_replies",
        "_rest",
        "_state",
        "_utf8",
        "_waiting",
        "authenticated",
        "extensions",
        "offered",
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
        self.offered: tuple[str, ...] = ()
        """Its keywords alone."""
        self._enhanced = False
        # Whether HELO was the last to be accepted: then nothing is known of what the server can do.
        self._old_server = False
        # Whether the server offers an extension that makes more than the state decide what is legal.
        self._careful = False
        # Whether the transaction's MAIL has SMTPUTF8, and BODY=BINARYMIME.
        self._utf8 = self._binary = False
        self._state = _CONNECTED
        # What waits for its reply, first one first.
        self._waiting: deque[type] = deque([Opening])
        # What came: whole replies by their lines, the lines of one whose last line has yet to come, and part of a line.
        self._replies: deque[tuple[bytes, ...]] = deque()
        self._begun: list[bytes] = []
        self._rest = b""
        self._peer_closed = False

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
        self._state = _CLOSED
        lines = [*chain.from_iterable(self._replies), *self._begun, self._rest]
        return b"\n".join(lines), self._peer_closed

    @property
    def outstanding(self) -> int:
        """How many commands wait for their reply; after the end, how many never got one."""
        return len(self._waiting) - (Opening in self._waiting)

    def send(self, *commands: Command) -> bytes:
        """The octets of commands that go out together, or of the mail data with its final dot.

        Raises:
            LocalProtocolError: a command is not legal now, or a value in it cannot be sent to this server.
        """
        kinds = tuple(map(type, commands))
        check_group(self._state, tuple(self._waiting), kinds, "PIPELINING" in self.extensions)
        if not _CHECKED.isdisjoint(kinds):
            for kind in kinds:
                self._check_offered(kind)
        pieces = list(map(write_command, commands, repeat(self.offered)))
        if self._careful and not _IN_TRANSACTION.isdisjoint(kinds):
            self._check_transaction(commands, pieces)
        self._waiting.extend(kinds)
        return b"".join(pieces)

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
            split = split_replies if len(data) <= _REMEMBERED else split_replies.__wrapped__
            replies, begun, self._rest = split(self._rest + data if self._rest else data)
            if begun or self._begun:
                if self._begun and replies:
                    replies = ((*self._begun, *replies[0]), *replies[1:])
                    self._begun = []
                self._begun += begun
            self._replies.extend(replies)

    def next_event(self) -> Reply | ConnectionClosed | Literal[NeedData.NEED_DATA]:
        """The next reply.

        Raises:
            RemoteProtocolError: what came is no reply, or none was due. The session is over then.
        """
        replies, waiting = self._replies, self._waiting
        if not replies or self._state in _ENDED:
            return self._idle()
        kind, lines = waiting[0] if waiting else None, replies.popleft()
        read = _read if len(lines) <= _CACHED_LINES else _read.__wrapped__
        try:
            reply, state, changes_more = read(self._state, kind, lines, self._enhanced)
        except RemoteProtocolError:
            self._state = _CLOSED
            raise
        if self._lmtp and self._is_owed_more(kind, reply, state):
            return reply
        self._state = state
        if waiting:
            waiting.popleft()
        if changes_more:
            self._turn(kind, reply)
        return reply

    def _idle(self) -> ConnectionClosed | Literal[NeedData.NEED_DATA]:
        """What there is where no whole reply is."""
        too_long = len(self._rest) >= READ_LIMIT
        if self._state not in (_CLOSED, _TURNED) and (too_long or len(self._begun) >= LINES_LIMIT):
            self._state = _CLOSED
            what = f"line has more than {READ_LIMIT} octets" if too_long else f"has more than {LINES_LIMIT} lines"
            raise RemoteProtocolError(f"a reply {what}")
        if self._state is not _CLOSED and not self._peer_closed:
            return NEED_DATA
        self._state = _CLOSED
        return ConnectionClosed()

    def _check_transaction(self, commands: Sequence[Command], lines: Sequence[bytes]) -> None:
        for command, line in zip(commands, lines, strict=True):
            kind = type(command)
            if kind is Rcpt:
                if not (self._utf8 or line.isascii()):
                    raise LocalProtocolError(f"cannot send {line!r}: its transaction's MAIL has no parameter SMTPUTF8")
            elif kind is Data:
                if self._binary:
                    raise LocalProtocolError("Data cannot follow a MAIL with BODY=BINARYMIME: send chunks (RFC 3030)")
            elif isinstance(command, _SENDERS):
                self._utf8 = ("SMTPUTF8", None) in command.parameters
                self._binary = "BINARYMIME" in self.extensions and is_binary(command.parameters)

    def _check_offered(self, kind: type) -> None:
        if kind in _HELLO and (kind is Lhlo) is not self._lmtp:
            raise LocalProtocolError(f"{kind.__name__} is not for a session of {'LMTP' if self._lmtp else 'SMTP'}")
        if (kind is StartTls and self.secure) or (kind is Auth and self.authenticated):
            raise LocalProtocolError(f"{kind.__name__} cannot succeed twice in a session")
        if kind is Atrn and not self.authenticated:
            raise LocalProtocolError("Atrn is not legal before Auth (RFC 2645)")
        keyword = COMMAND_EXTENSIONS.get(kind)
        if keyword is not None and keyword not in self.extensions and not (self._old_server and kind in OLD_COMMANDS):
            raise LocalProtocolError(f"{kind.__name__} is not known to the server: it does not offer {keyword}")

    def _turn(self, kind: type | None, reply: Reply) -> None:
        """What an accepted HELO, EHLO, LHLO, AUTH, STARTTLS, TURN or ATRN changes."""
        if kind in _HELLO:
            self._old_server = kind is Helo
            lines = () if self._old_server else reply.lines
            self.extensions, self.offered, self._enhanced, self._careful = _offer(lines)
            return
        if kind is Auth or kind is AuthResponse:
            self.authenticated = True
            return
        # Nothing may come behind these replies, and nothing that did counts (RFC 3207 section 4.2).
        self._replies.clear()
        self._begun, self._rest = [], b""
        if kind is StartTls:
            self.secure, self.authenticated = True, False
            self.extensions, self.offered, self._enhanced = _NOTHING, (), False

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

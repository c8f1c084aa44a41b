"""The server's end of an SMTP dialogue: octets in, events out, octets from replies (RFC 5321)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from sim.protocol.errors import LocalProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedData
from sim.protocol.smtp.commands import Bdat
from sim.protocol.smtp.events import (
    Atrn,
    Auth,
    AuthResponse,
    BadCommand,
    Chunk,
    Command,
    Data,
    Ehlo,
    Expn,
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
    Vrfy,
)
from sim.protocol.smtp.extensions import (
    DEFAULT_EXTENSIONS,
    EXTENSIONS,
    ehlo_reply,
    is_binary,
)
from sim.protocol.smtp.negotiated import Dialect, negotiated, read_line
from sim.protocol.smtp.reader import Reader, auth_response
from sim.protocol.smtp.replies import (
    E503_BAD_SEQUENCE,
    E504_MECHANISM,
    E530_AUTH_REQUIRED,
    E553_NOT_ASCII,
    Reply,
)
from sim.protocol.smtp.reply_lines import write_reply
from sim.protocol.smtp.states import Opening, State, state_answered

_HELLO = frozenset({Ehlo, Helo, Lhlo})
_SENDERS = (Mail, Send, Soml, Saml)
_QUERIES = frozenset({Vrfy, Expn})
_TURNING_POINTS = _HELLO | {StartTls, Auth, AuthResponse, Turn, Atrn}

# Members of an Enum are slow to reach in CPython 3.11, and these are asked for with every line.
_CLOSED, _CONNECTED, _DATA, _AUTH = State.CLOSED, State.CONNECTED, State.DATA, State.AUTH
_CHUNKS, _READY, _TURNED = State.CHUNKS, State.READY, State.TURNED
_NO_LINES = frozenset({_DATA, _AUTH, _TURNED, _CLOSED})


@lru_cache(maxsize=1024)
def _write(state: State, kind: type | None, reply: Reply, enhanced: bool, utf8: bool) -> tuple[bytes, State, bool]:
    """The octets of a reply to an event, the state after it, and whether it changes more than the state."""
    after = state_answered(state, kind, reply.code)
    octets = write_reply(reply, enhanced and kind not in _HELLO and reply.code // 100 != 3, utf8)
    ends_chunks = after is not _CHUNKS and (state is _CHUNKS or kind in {Chunk, LastChunk})
    return octets, after, ends_chunks or (reply.code < 300 and kind in _TURNING_POINTS)


class Server:
    """One session's server.

    The order of calls is:

    1. `send` the greeting, a 220, a 554 (only QUIT may follow) or a 421.
    2. `receive_data`, and then `next_event` until it gives NEED_DATA or ConnectionClosed. Every other event wants
       exactly one reply through `send` before the next `next_event`. A 421 may be sent at any time.
    3. Close the connection at ConnectionClosed, once everything that `send` gave is written.

    In LMTP the mail data, and the last chunk, want one reply for each recipient that was accepted, in order; see
    `replies_due`. After a positive reply to STARTTLS the caller shakes hands; after one to TURN or ATRN see
    `turn.reverse`.

    Whatever the peer sends, `next_event` raises nothing for it: what is no legal command here is a BadCommand. Commands
    that arrive before the reply to the one before them are taken, whether PIPELINING is offered or not. A BDAT that
    cannot be read ends the session.

    Args:
        host: the name that the EHLO reply gives.
        extensions: the keywords to offer, in this order.
        size_limit: the greatest message, in octets (RFC 1870); 0 means none. A greater one is MailData with `too_big`.
        esmtp: whether EHLO is known at all; RFC 821's servers answer it with 500.
        offers: what follows a keyword in the EHLO reply, where it is not what the table of extensions says: for AUTH
            the mechanisms.
        lmtp: whether LMTP is spoken, with LHLO in the place of HELO and EHLO (RFC 2033).
        secure: whether the connection has TLS from the start; STARTTLS is not offered where TLS is.
        clear_auth: whether AUTH is offered where no TLS protects the connection; if not, it gets 538 there.

    Raises:
        LocalProtocolError: an extension is unknown or lacks another, or a method is called out of order.
    """

    __slots__ = (
        "_accepted",
        "_binary",
        "_clear_auth",
        "_due",
        "_extensions",
        "_lmtp",
        "_negotiated",
        "_offers",
        "_peer_closed",
        "_reader",
        "_size_limit",
        "_state",
        "_utf8",
        "authenticated",
        "esmtp_peer",
        "helo",
        "host",
        "secure",
    )

    def __init__(
        self,
        host: str,
        *,
        extensions: Sequence[str] = DEFAULT_EXTENSIONS,
        size_limit: int = 0,
        esmtp: bool = True,
        offers: Mapping[str, str] = MappingProxyType({}),
        lmtp: bool = False,
        secure: bool = False,
        clear_auth: bool = True,
    ) -> None:
        self.host = host
        self.helo = ""
        """What the client called itself in the HELO or EHLO that was accepted last."""
        self.esmtp_peer = False
        """Whether that was EHLO."""
        self.authenticated = False
        """Whether an AUTH succeeded."""
        self.secure = secure
        """Whether TLS protects the connection, as far as the machine was told."""
        self._offers = tuple(offers.items())
        self._size_limit = size_limit
        self._lmtp = lmtp
        # In LMTP, how many of the transaction's recipients have yet to get their last reply.
        self._accepted = 0
        dialect: Dialect = "LMTP" if lmtp else "ESMTP" if esmtp else "RFC 821"
        self._extensions = tuple(extensions)
        self._clear_auth = clear_auth
        self._negotiated = negotiated(self._extensions, (), dialect, secure, False, clear_auth=clear_auth)
        # Whether the transaction's MAIL had SMTPUTF8, and BODY=BINARYMIME.
        self._utf8 = self._binary = False
        self._state = _CONNECTED
        # What waits for its reply.
        self._due: Opening | Command | BadCommand | None = Opening()
        self._reader = Reader(size_limit)
        self._peer_closed = False

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the replies sent."""
        return self._state

    @property
    def replies_due(self) -> int:
        """How many replies the last event still wants: one, but in LMTP as many as its recipients."""
        if self._lmtp and isinstance(self._due, MailData | LastChunk):
            return self._accepted
        return 0 if self._due is None else 1

    def hand_over(self) -> tuple[bytes, bool]:
        """For `turn.reverse`: the octets that came for the machine of the other side, and whether the peer is gone.

        Raises:
            LocalProtocolError: neither TURN nor ATRN was accepted just now.
        """
        if self._state is not _TURNED:
            raise LocalProtocolError(f"roles are not to be swapped in state {self._state.name}: accept TURN first")
        self._state = _CLOSED
        return self._reader.take(len(self._reader)), self._peer_closed

    def ehlo_reply(self, peer: str) -> Reply:
        """The reply that accepts EHLO and offers the extensions (RFC 5321 section 4.1.1.1)."""
        return ehlo_reply(self.host, peer, self._negotiated.offered, self._size_limit, self._offers)

    def receive_data(self, data: bytes) -> None:
        """Take octets from the peer; none at all (`b""`) say that it closed the connection.

        Raises:
            LocalProtocolError: octets came after the end.
        """
        if not data:
            self._peer_closed = True
        elif self._peer_closed:
            raise LocalProtocolError(f"{len(data)} octets came after the peer had closed the connection")
        elif self._state is not _CLOSED:
            self._reader.append(data)

    def next_event(self) -> Command | BadCommand | ConnectionClosed | Literal[NeedData.NEED_DATA]:
        """What the peer said next.

        Raises:
            LocalProtocolError: the greeting, or the reply to the event before, has yet to be sent.
        """
        if self._due is not None:
            raise LocalProtocolError(f"{type(self._due).__name__} still waits for its reply: send it first")
        state, reader, negotiated = self._state, self._reader, self._negotiated
        event: Command | BadCommand | None = None
        if state in _NO_LINES:
            if state is _DATA:
                event = reader.mail_data()
            elif state is _AUTH and (line := reader.line(negotiated.longest)) is not None:
                event = auth_response(line)
        elif reader.due is not None:
            event = reader.chunk(*reader.due)
        elif (line := reader.line(negotiated.longest)) is not None:
            read, watched = read_line(negotiated, state, line)
            event = self._look_at(line, read) if watched or isinstance(read, Bdat) else read
        if event is not None:
            self._due = event
            return event
        if state is not _CLOSED and not self._peer_closed:
            return NEED_DATA
        self._state = _CLOSED
        return ConnectionClosed()

    def send(self, reply: Reply) -> bytes:
        """The octets of the reply to the last event.

        With ENHANCEDSTATUSCODES in force every line shows the enhanced code, but for replies to HELO and EHLO and 3yz
        (RFC 2034 section 4). What is not US-ASCII is UTF-8 where the client has said that it reads it, with SMTPUTF8 on
        MAIL for the transaction, or on VRFY and EXPN; elsewhere it is folded (`write_reply`), but for what these two
        ask for: a name without its accents is another name.

        Raises:
            LocalProtocolError: no reply is due, this one cannot answer what is, or it breaks the rules for replies.
        """
        due, utf8 = self._due, self._utf8
        kind: type | None = None if due is None else type(due)
        if kind in _QUERIES:
            utf8 = due.utf8  # type: ignore[union-attr]
            if not (utf8 or reply.text.isascii()):
                raise LocalProtocolError(
                    f"reply {reply.code} {reply.text!r} has a name that is not printable US-ASCII: answer 252 or 550"
                )
        octets, state, changes_more = _write(self._state, kind, reply, self._negotiated.enhanced, utf8)
        if changes_more:
            if kind in _TURNING_POINTS:
                self._turn(due)
            self._reader.end_chunks()
        if self._lmtp and self._owes_more(due, reply, state):
            return octets
        self._due, self._state = None, state
        return octets

    def _look_at(self, line: bytes, command: Command | Bdat | BadCommand) -> Command | BadCommand | None:
        """A command of which more than the state decides what it is: BDAT's octets, its transaction, the offer."""
        if isinstance(command, Bdat):
            return self._begin_chunk(line, command)
        fault = self._fault(command)
        return command if fault is None else BadCommand(line, fault)

    def _begin_chunk(self, line: bytes, bdat: Bdat) -> Command | BadCommand | None:
        fault = self._negotiated.illegal(self._state, LastChunk if bdat.last else Chunk)
        if fault is not None and not self._negotiated.takes_chunks:
            return BadCommand(line, fault)
        # The octets come even where the command has no place (RFC 3030 section 2).
        self._reader.begin_chunk(bdat, line, fault)
        return self._reader.chunk(bdat, line, fault)

    def _fault(self, command: Command | BadCommand) -> Reply | None:
        """The reply to a command that its transaction, or what this server offers, does not allow."""
        if isinstance(command, _SENDERS):
            self._utf8 = ("SMTPUTF8", None) in command.parameters
            self._binary = "BINARYMIME" in self._negotiated.in_force and is_binary(command.parameters)
        elif isinstance(command, Data):
            return E503_BAD_SEQUENCE if self._binary else None
        elif isinstance(command, Rcpt):
            return None if self._utf8 else E553_NOT_ASCII
        elif isinstance(command, Auth) and command.mechanism not in self._mechanisms():
            return E504_MECHANISM
        elif isinstance(command, Atrn) and not self.authenticated:
            return E530_AUTH_REQUIRED
        return None

    def _mechanisms(self) -> Sequence[str]:
        return dict(self._offers).get("AUTH", EXTENSIONS["AUTH"].offer).split()

    def _owes_more(self, due: object, reply: Reply, state: State) -> bool:
        """Whether the reply is one of several that LMTP's mail data gets, and not the last one."""
        if isinstance(due, Rcpt) and reply.positive:
            self._accepted += 1
        elif isinstance(due, MailData | LastChunk) and self._accepted > 1 and state is _READY:
            self._accepted -= 1
            return True
        elif state is _READY:
            self._accepted = 0
        return False

    def _agree(self, in_force: tuple[str, ...]) -> None:
        """From here on these extensions are in force."""
        dialect, clear = self._negotiated.dialect, self._clear_auth
        self._negotiated = negotiated(
            self._extensions, in_force, dialect, self.secure, self.authenticated, clear_auth=clear
        )

    def _turn(self, due: object) -> None:
        """What an accepted HELO, EHLO, LHLO, AUTH, STARTTLS, TURN or ATRN changes."""
        if isinstance(due, Helo | Ehlo | Lhlo):
            self.helo, self.esmtp_peer = due.domain, not isinstance(due, Helo)
            self._agree(self._negotiated.offered if self.esmtp_peer else ())
            return
        if isinstance(due, Auth | AuthResponse):
            self.authenticated = True
            self._agree(self._negotiated.in_force)
            return
        # Nothing may come behind these, and nothing that did counts (RFC 3207 section 4.2; CVE-2011-0411).
        self._reader = Reader(self._size_limit)
        if isinstance(due, StartTls):
            self.secure, self.authenticated = True, False
            self.helo, self.esmtp_peer = "", False
            self._agree(())

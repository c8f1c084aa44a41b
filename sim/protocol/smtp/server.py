"""The server's end of an SMTP dialogue: octets in, events out, octets from replies (RFC 5321)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from sim.protocol.smtp.buffer import ReceiveBuffer
from sim.protocol.smtp.chunks import Bdat, ChunkReader
from sim.protocol.smtp.commands import command_kind, read_auth_response, read_command
from sim.protocol.smtp.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.smtp.events import (
    NEED_DATA,
    Atrn,
    Auth,
    AuthResponse,
    BadCommand,
    Chunk,
    Command,
    ConnectionClosed,
    Data,
    Ehlo,
    Expn,
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
    Vrfy,
)
from sim.protocol.smtp.extensions import (
    COMMAND_EXTENSIONS,
    DEFAULT_EXTENSIONS,
    EXTENSIONS,
    UNOFFERED,
    barred,
    is_binary,
    longest_line,
    offer_lines,
    offerable,
)
from sim.protocol.smtp.flights import behind, read_commands, write_replies
from sim.protocol.smtp.mail_data import MailDataReader
from sim.protocol.smtp.replies import (
    E500_UNKNOWN,
    E503_BAD_SEQUENCE,
    E504_MECHANISM,
    E530_AUTH_REQUIRED,
    E553_NOT_ASCII,
    Reply,
)
from sim.protocol.smtp.reply_lines import write_reply
from sim.protocol.smtp.states import CLOSING_CODE, TRANSITIONS, Opening, State

__all__ = ["Server"]

_HELLO = (Ehlo, Helo, Lhlo)
_CAREFUL = frozenset({"SMTPUTF8", "BINARYMIME", "AUTH", "ATRN"})
_SENDERS = (Mail, Send, Soml, Saml)
_WATCHED: frozenset[type] = frozenset({*_SENDERS, Rcpt, Data, Auth, Atrn})
_UNWATCHED: frozenset[type] = frozenset()
_QUERIES = (Vrfy, Expn)
_UNUSUAL = frozenset({*_HELLO, *_QUERIES, StartTls, Auth, AuthResponse, Turn, Atrn})

# Members of an Enum are slow to reach in CPython 3.11, and these are asked for with every line.
_CLOSED, _CONNECTED, _DATA, _REFUSED = State.CLOSED, State.CONNECTED, State.DATA, State.REFUSED
_AUTH, _CHUNKS, _READY, _TURNED = State.AUTH, State.CHUNKS, State.READY, State.TURNED


class Server:
    """One session's server.

    The order of calls is:

    1. `send` the greeting, a 220, a 554 (only QUIT may follow) or a 421.
    2. `receive_data`, and then `next_event` until it gives NEED_DATA or ConnectionClosed. Every other event wants
       exactly one reply through `send` before the next `next_event`. A 421 may be sent at any time. `read_flight` and
       `send_flight` do the same for all that came together, quicker where nothing is unusual.
    3. Close the connection at ConnectionClosed, once everything that `send` gave is written.

    In LMTP the mail data, and the last chunk, want one reply for each recipient that was accepted, in order; see
    `replies_due`. After a positive reply to STARTTLS the caller shakes hands; after one to TURN or ATRN see
    `turn.reverse`.

    Whatever the peer sends, `next_event` raises nothing for it: what is no legal command here is a BadCommand. Commands
    that arrive before the reply to the one before them are taken, whether PIPELINING is offered or not.

    Args:
        host: the name that the EHLO reply gives.
        extensions: the keywords to offer, in this order.
        size_limit: the greatest message, in octets (RFC 1870); 0 means none. A greater one is MailData with `too_big`.
        esmtp: whether EHLO is known at all; RFC 821's servers answer it with 500.
        offers: what follows a keyword in the EHLO reply, where it is not what the table of extensions says: for AUTH
            the mechanisms.
        lmtp: whether LMTP is spoken, with LHLO in the place of HELO and EHLO (RFC 2033).
        secure: whether the connection has TLS from the start; STARTTLS is not offered where TLS is.

    Raises:
        LocalProtocolError: an extension is unknown or lacks another, or a method is called out of order.
    """

    __slots__ = (
        "_accepted",
        "_barred",
        "_bdat",
        "_beginning",
        "_binary",
        "_buffer",
        "_chunk_reader",
        "_due",
        "_enhanced",
        "_esmtp",
        "_extensions",
        "_flight",
        "_in_force",
        "_lmtp",
        "_longest",
        "_mail_data_reader",
        "_offers",
        "_peer_closed",
        "_piecewise",
        "_size_limit",
        "_state",
        "_utf8",
        "_watched",
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
        self._extensions = offerable(tuple(extensions), secure)
        self._offers = tuple(offers.items())
        self._longest = longest_line(self._extensions)
        self._size_limit = size_limit
        self._esmtp = esmtp or lmtp
        self._lmtp = lmtp
        # In LMTP, how many of the transaction's recipients have yet to get their last reply.
        self._accepted = 0
        self._in_force: tuple[str, ...] = ()
        self._barred = barred(self._extensions, (), self._esmtp, lmtp)
        # The commands of which more than the state decides whether they are legal.
        self._watched = _UNWATCHED
        # Whether the transaction's MAIL had SMTPUTF8, and BODY=BINARYMIME.
        self._utf8 = self._binary = False
        self._enhanced = False
        self._state = _CONNECTED
        # What waits for its reply.
        self._due: Opening | Command | BadCommand | None = Opening()
        self._buffer = ReceiveBuffer()
        self._peer_closed = False
        # Whether something came that takes a closer look than whole flights get.
        self._piecewise = lmtp
        # The octets and commands of a flight that wants its replies.
        self._flight: tuple[bytes, Sequence[Command]] = (b"", ())
        self._beginning = b""
        self._mail_data_reader = MailDataReader(size_limit)
        self._chunk_reader: ChunkReader | None = None
        # The BDAT line whose octets are awaited, and the reply to it if it is illegal.
        self._bdat: tuple[ChunkReader, bytes, Reply | None] | None = None

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
        return self._buffer.take(len(self._buffer)), self._peer_closed

    def ehlo_reply(self, peer: str) -> Reply:
        """The reply that accepts EHLO and offers the extensions (RFC 5321 section 4.1.1.1)."""
        return _ehlo_reply(self.host, peer, self._extensions, self._size_limit, self._offers)

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
            self._buffer.append(data)
        self._piecewise = True

    def read_flight(self, data: bytes) -> Sequence[Command]:
        """Take the client's octets, where they are whole commands that are legal if those before them are accepted.

        Gives the commands, which want their replies through `send_flight`. Nothing, where the octets are anything else:
        then nothing has been taken, and they are for `receive_data`.
        """
        if self._piecewise or self._due is not None:
            return ()
        commands = read_commands(self._state, data, self._in_force, self._barred, self._size_limit)
        if commands:
            self._flight, self._due = (data, commands), commands[-1]
        return commands

    def send_flight(self, replies: Sequence[Reply]) -> bytes:
        """The octets of the replies to a flight's commands, in order.

        Replies may end with the first refusal, since it may make what stands behind it illegal: that is to be had from
        `next_event` then.

        Raises:
            LocalProtocolError: as `send`.
        """
        data, commands = self._flight
        written = write_replies(self._state, tuple(map(type, commands)), tuple(replies), self._enhanced)
        if written is None:
            octets = b"".join([self._send_in_turn(*each) for each in zip(commands, replies, strict=False)])
        else:
            octets, self._state = written
        self._due = None
        if len(replies) < len(commands):
            self.receive_data(behind(data, commands[: len(replies)]))
        return octets

    def _send_in_turn(self, command: Command, reply: Reply) -> bytes:
        self._due = command
        return self.send(reply)

    def next_event(self) -> Command | BadCommand | ConnectionClosed | Literal[NeedData.NEED_DATA]:
        """What the peer said next.

        Raises:
            LocalProtocolError: the greeting, or the reply to the event before, has yet to be sent.
        """
        if self._due is not None:
            raise LocalProtocolError(f"{type(self._due).__name__} still waits for its reply: send it first")
        if self._state is _CLOSED:
            return ConnectionClosed()
        event = self._read()
        if event is not None:
            self._due = event
            return event
        if not self._peer_closed:
            return NEED_DATA
        self._state = _CLOSED
        return ConnectionClosed()

    def send(self, reply: Reply) -> bytes:
        """The octets of the reply to the last event.

        With ENHANCEDSTATUSCODES in force every line shows the enhanced code, but for replies to HELO and EHLO and 3yz
        (RFC 2034 section 4). Replies to VRFY and EXPN may have UTF-8 where the client reads it.

        Raises:
            LocalProtocolError: no reply is due, this one cannot answer what is, or it breaks the rules for replies.
        """
        state = self._state_after(reply.code)
        due = self._due
        if type(due) in _UNUSUAL:
            query = due if isinstance(due, _QUERIES) else None
            enhanced = self._enhanced and reply.code // 100 != 3 and not isinstance(due, _HELLO)
            octets = write_reply(reply, enhanced, query is not None and query.utf8)
            if reply.positive and query is None:
                self._turn(due)
        else:
            octets = write_reply(reply, self._enhanced and reply.code // 100 != 3)
        if self._chunk_reader is not None and state is not _CHUNKS:
            self._chunk_reader = None
        if self._lmtp and self._owes_more(due, reply, state):
            return octets
        self._due = None
        self._state = state
        return octets

    def _read(self) -> Command | BadCommand | None:
        if self._state is _DATA:
            return self._mail_data_reader.read(self._buffer)
        if self._bdat is not None:
            return self._read_chunk(*self._bdat)
        line = self._read_line() if self._state is not _TURNED else None
        if line is None:
            return None
        return _read_auth_response(line) if self._state is _AUTH else self._read_command(line)

    def _read_command(self, line: bytes) -> Command | BadCommand | None:
        try:
            event = read_command(line, self._in_force)
        except RemoteProtocolError as error:
            kind = command_kind(line)
            reply = error.reply or E500_UNKNOWN
            # An argument of STARTTLS is an error wherever STARTTLS is known (RFC 3207 section 4).
            known = kind is StartTls and self._esmtp and self._state is not _REFUSED
            return BadCommand(line, reply if known else self._illegal(kind) or reply)
        if isinstance(event, Bdat):
            return self._begin_chunk(line, event)
        kind = type(event)
        if kind not in TRANSITIONS[self._state] or kind in self._barred:
            return BadCommand(line, self._reason(kind))
        if kind in self._watched and (kind is not Rcpt or not line.isascii()):
            fault = self._fault(event)
            if fault is not None:
                return BadCommand(line, fault)
        return event

    def _begin_chunk(self, line: bytes, bdat: Bdat) -> Command | BadCommand | None:
        fault = self._illegal(LastChunk if bdat.last else Chunk)
        if fault is not None and not (self._esmtp and "CHUNKING" in self._extensions):
            return BadCommand(line, fault)
        # The octets come even where the command has no place (RFC 3030 section 2).
        if self._state is not _CHUNKS or self._chunk_reader is None:
            self._chunk_reader = ChunkReader(self._size_limit)
        reader = self._chunk_reader
        self._bdat = reader, line, fault
        reader.begin(bdat, skip=fault is not None)
        return self._read_chunk(reader, line, fault)

    def _read_chunk(self, reader: ChunkReader, line: bytes, fault: Reply | None) -> Command | BadCommand | None:
        chunk = reader.read(self._buffer)
        if chunk is None:
            return None
        self._bdat = None
        return chunk if fault is None else BadCommand(line, fault)

    def _read_line(self) -> bytes | None:
        """The next command line without its line end; None when that has yet to come.

        A lone LF ends it too, as it does for Postfix and Exim, and CRs in front of the LF count for nothing: whoever
        writes so waits for an answer. Of an endless line the beginning is kept, which is too long for any command.
        """
        buffer, longest = self._buffer, self._longest
        line = buffer.take_until(b"\n")
        if line is None:
            if len(buffer) > longest:
                self._beginning = self._beginning or buffer.take(longest)
                buffer.skip(len(buffer))
            return None
        if self._beginning:
            line, self._beginning = self._beginning, b""
            return line
        return line.rstrip(b"\r") if len(line) <= longest else line[:longest]

    def _illegal(self, kind: type | None) -> Reply | None:
        """The reply to a command that has no place here, whatever its argument; None where it has."""
        if kind in TRANSITIONS[self._state] and kind not in self._barred:
            return None
        if kind is None:
            return E503_BAD_SEQUENCE if self._state is _REFUSED else None
        return self._reason(kind)

    def _reason(self, kind: type) -> Reply:
        """The reply to a command that has no place here."""
        if self._state is _REFUSED:
            return E503_BAD_SEQUENCE
        if kind not in self._barred or (kind is StartTls and self.secure):
            return E503_BAD_SEQUENCE
        keyword = COMMAND_EXTENSIONS.get(kind)
        if keyword is None or not self._esmtp:
            return E500_UNKNOWN
        return E503_BAD_SEQUENCE if keyword in self._extensions else UNOFFERED[kind]

    def _fault(self, command: Command) -> Reply | None:
        """The reply to a command that its transaction, or what this server offers, does not allow.

        It is one of `_watched`, and has octets beyond US-ASCII if it is RCPT.
        """
        if isinstance(command, Rcpt):
            return None if self._utf8 else E553_NOT_ASCII
        if isinstance(command, Data):
            return E503_BAD_SEQUENCE if self._binary else None
        if isinstance(command, _SENDERS):
            self._utf8 = ("SMTPUTF8", None) in command.parameters
            self._binary = "BINARYMIME" in self._in_force and is_binary(command)
            return None
        if isinstance(command, Auth) and command.mechanism not in self._mechanisms():
            return E504_MECHANISM
        if isinstance(command, Atrn) and not self.authenticated:
            return E530_AUTH_REQUIRED
        return None

    def _mechanisms(self) -> Sequence[str]:
        return dict(self._offers).get("AUTH", EXTENSIONS["AUTH"].offer).split()

    def _state_after(self, code: int) -> State:
        if code == CLOSING_CODE and self._state is not _CLOSED:
            return _CLOSED
        if self._due is None:
            raise LocalProtocolError(f"reply {code} answers nothing: every event takes one reply")
        moves = TRANSITIONS[self._state][type(self._due)]
        if code // 100 not in moves:
            raise LocalProtocolError(
                f"reply {code} cannot answer {type(self._due).__name__} in state {self._state.name}:"
                f" its first digit must be one of {', '.join(map(str, moves))}"
            )
        return moves[code // 100]

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

    def _accept_hello(self, hello: Helo | Ehlo | Lhlo) -> None:
        self.helo = hello.domain
        self.esmtp_peer = not isinstance(hello, Helo)
        self._in_force = self._extensions if self.esmtp_peer else ()
        self._bar()
        self._enhanced = "ENHANCEDSTATUSCODES" in self._in_force

    def _bar(self) -> None:
        self._watched = _UNWATCHED if _CAREFUL.isdisjoint(self._in_force) else _WATCHED
        self._barred = barred(self._extensions, self._in_force, self._esmtp, self._lmtp)
        if self.authenticated:
            self._barred |= {Auth}

    def _turn(self, due: object) -> None:
        """What an accepted HELO, EHLO, LHLO, AUTH, STARTTLS, TURN or ATRN changes."""
        if isinstance(due, _HELLO):
            self._accept_hello(due)
            return
        if isinstance(due, Auth | AuthResponse):
            self.authenticated = True
        else:
            # Nothing may come behind these, and nothing that did counts (RFC 3207 section 4.2; CVE-2011-0411).
            self._buffer, self._beginning = ReceiveBuffer(), b""
        if isinstance(due, StartTls):
            self.secure, self.authenticated = True, False
            self.helo, self.esmtp_peer = "", False
            self._extensions = offerable(self._extensions, True)
            self._in_force, self._enhanced = (), False
        self._bar()


def _read_auth_response(line: bytes) -> AuthResponse | BadCommand:
    try:
        return read_auth_response(line)
    except RemoteProtocolError as error:
        return BadCommand(line, error.reply or E500_UNKNOWN)


@lru_cache(maxsize=1024)
def _ehlo_reply(
    host: str, peer: str, extensions: tuple[str, ...], size_limit: int, offers: tuple[tuple[str, str], ...]
) -> Reply:
    return Reply(250, (f"{host:.255} greets {peer:.200}", *offer_lines(extensions, size_limit, offers)))

"""The server's end of an SMTP dialogue: octets in, events out, octets from replies (RFC 5321)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from sim.protocol.smtp.buffer import ReceiveBuffer
from sim.protocol.smtp.commands import command_kind, read_command
from sim.protocol.smtp.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.smtp.events import NEED_DATA, BadCommand, Command, ConnectionClosed, Ehlo, Helo, Mail, NeedData, Rcpt
from sim.protocol.smtp.extensions import (
    COMMAND_EXTENSIONS,
    DEFAULT_EXTENSIONS,
    EXTENSIONS,
    barred,
    longest_line,
    offer_lines,
)
from sim.protocol.smtp.mail_data import MailDataReader
from sim.protocol.smtp.replies import E500_UNKNOWN, E502_NOT_IMPLEMENTED, E503_BAD_SEQUENCE, E553_NOT_ASCII, Reply
from sim.protocol.smtp.reply_lines import write_reply
from sim.protocol.smtp.states import CLOSING_CODE, TRANSITIONS, Opening, State

__all__ = ["Server"]

_CRLF = b"\r\n"
_HELLO = (Ehlo, Helo)


# Members of an Enum are slow to reach in CPython 3.11, and these are asked for with every line.
_CLOSED, _CONNECTED, _DATA, _REFUSED = State.CLOSED, State.CONNECTED, State.DATA, State.REFUSED


class Server:
    """One session's server.

    The order of calls is:

    1. `send` the greeting, a 220, a 554 (only QUIT may follow) or a 421.
    2. `receive_data`, and then `next_event` until it gives NEED_DATA or ConnectionClosed. Every other event wants
       exactly one reply through `send` before the next `next_event`. A 421 may be sent at any time.
    3. Close the connection at ConnectionClosed, once everything that `send` gave is written.

    Whatever the peer sends, `next_event` raises nothing for it: what is no legal command here is a BadCommand. Commands
    that arrive before the reply to the one before them are taken, whether PIPELINING is offered or not.

    Args:
        host: the name that the EHLO reply gives.
        extensions: the keywords to offer, in this order.
        size_limit: the greatest message, in octets (RFC 1870); 0 means none. A greater one is MailData with `too_big`.
        esmtp: whether EHLO is known at all; RFC 821's servers answer it with 500.
        offers: what follows a keyword in the EHLO reply, where it is not what the table of extensions says.

    Raises:
        LocalProtocolError: an extension is unknown, or a method is called out of order.
    """

    __slots__ = (
        "_barred",
        "_beginning",
        "_buffer",
        "_due",
        "_enhanced",
        "_esmtp",
        "_extensions",
        "_in_force",
        "_longest",
        "_mail_data_reader",
        "_offers",
        "_peer_closed",
        "_size_limit",
        "_state",
        "_utf8",
        "esmtp_peer",
        "helo",
        "host",
    )

    def __init__(
        self,
        host: str,
        *,
        extensions: Sequence[str] = DEFAULT_EXTENSIONS,
        size_limit: int = 0,
        esmtp: bool = True,
        offers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.host = host
        self.helo = ""
        """What the client called itself in the HELO or EHLO that was accepted last."""
        self.esmtp_peer = False
        """Whether that was EHLO."""
        self._extensions = _checked(tuple(extensions))
        self._offers = tuple(offers.items())
        self._longest = longest_line(self._extensions)
        self._size_limit = size_limit
        self._esmtp = esmtp
        self._in_force: tuple[str, ...] = ()
        self._barred = barred(self._extensions, (), esmtp)
        # Whether the transaction's MAIL had SMTPUTF8.
        self._utf8 = False
        self._enhanced = False
        self._state = _CONNECTED
        # What waits for its reply.
        self._due: Opening | Command | BadCommand | None = Opening()
        self._buffer = ReceiveBuffer()
        self._peer_closed = False
        self._beginning = b""
        self._mail_data_reader = MailDataReader(size_limit)

    @property
    def state(self) -> State:
        """Where the dialogue stands, by the replies sent."""
        return self._state

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
        (RFC 2034 section 4).

        Raises:
            LocalProtocolError: no reply is due, this one cannot answer what is, or it breaks the rules for replies.
        """
        state = self._state_after(reply.code)
        due = self._due
        if isinstance(due, _HELLO):
            octets = write_reply(reply, False)
            if reply.positive:
                self._accept_hello(due)
        else:
            octets = write_reply(reply, self._enhanced and reply.code // 100 != 3)
        self._due = None
        self._state = state
        return octets

    def _read(self) -> Command | BadCommand | None:
        if self._state is _DATA:
            return self._mail_data_reader.read(self._buffer)
        line = self._read_line() if self._buffer else None
        if line is None:
            return None
        try:
            event = read_command(line, self._in_force)
        except RemoteProtocolError as error:
            return BadCommand(line, self._illegal(command_kind(line)) or error.reply or E500_UNKNOWN)
        fault = self._illegal(type(event)) or (None if line.isascii() else self._not_ascii(event))
        if fault is not None:
            return BadCommand(line, fault)
        if isinstance(event, Mail):
            self._utf8 = ("SMTPUTF8", None) in event.parameters
        return event

    def _read_line(self) -> bytes | None:
        """The next command line without its CRLF; None when its end has yet to come.

        Of an endless line the beginning is kept, which is already too long for any command.
        """
        buffer, longest = self._buffer, self._longest
        line = buffer.take_until(_CRLF)
        if line is None:
            if len(buffer) > longest:
                self._beginning = self._beginning or buffer.take(longest)
                buffer.skip(len(buffer) - 1)
            return None
        if self._beginning:
            line, self._beginning = self._beginning, b""
        return line[:longest]

    def _illegal(self, kind: type | None) -> Reply | None:
        """The reply to a command that has no place here, whatever its argument; None where it has."""
        if kind in TRANSITIONS[self._state] and kind not in self._barred:
            return None
        if self._state is _REFUSED:
            return E503_BAD_SEQUENCE
        if kind is None:
            return None
        if kind not in self._barred:
            return E503_BAD_SEQUENCE
        if not self._esmtp:
            return E500_UNKNOWN
        return E503_BAD_SEQUENCE if COMMAND_EXTENSIONS[kind] in self._extensions else E502_NOT_IMPLEMENTED

    def _not_ascii(self, command: Command) -> Reply | None:
        """The reply to a forward-path beyond US-ASCII in a transaction that did not ask for SMTPUTF8."""
        return E553_NOT_ASCII if isinstance(command, Rcpt) and not self._utf8 else None

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

    def _accept_hello(self, hello: Helo | Ehlo) -> None:
        self.helo = hello.domain
        self.esmtp_peer = isinstance(hello, Ehlo)
        self._in_force = self._extensions if self.esmtp_peer else ()
        self._barred = barred(self._extensions, self._in_force, self._esmtp)
        self._enhanced = "ENHANCEDSTATUSCODES" in self._in_force


@lru_cache(maxsize=1024)
def _ehlo_reply(
    host: str, peer: str, extensions: tuple[str, ...], size_limit: int, offers: tuple[tuple[str, str], ...]
) -> Reply:
    return Reply(250, (f"{host:.255} greets {peer:.200}", *offer_lines(extensions, size_limit, offers)))


@lru_cache(maxsize=1024)
def _checked(extensions: tuple[str, ...]) -> tuple[str, ...]:
    """The extensions, each of them known."""
    for keyword in extensions:
        if keyword not in EXTENSIONS:
            raise LocalProtocolError(f"extension {keyword!r} is not known here: choose from {', '.join(EXTENSIONS)}")
    return extensions

"""What a session has negotiated: what its server offers, what is in force, and which commands nobody knows then."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sim.protocol.smtp.commands import Bdat, command_kind, read_command
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import (
    Atrn,
    Auth,
    BadCommand,
    Chunk,
    Command,
    Data,
    Mail,
    Rcpt,
    Saml,
    Send,
    Soml,
    StartTls,
)
from sim.protocol.smtp.extensions import COMMAND_EXTENSIONS, UNOFFERED, barred, longest_line, offerable
from sim.protocol.smtp.replies import E500_UNKNOWN, E503_BAD_SEQUENCE, E521_BAD_CHUNK, E538_TLS_REQUIRED, Reply
from sim.protocol.smtp.states import TRANSITIONS, State

_CAREFUL = frozenset({"SMTPUTF8", "BINARYMIME", "AUTH", "ATRN"})
_WATCHED: frozenset[type] = frozenset({Mail, Send, Soml, Saml, Rcpt, Data, Auth, Atrn})


Dialect = Literal["ESMTP", "LMTP", "RFC 821"]


@dataclass(frozen=True, slots=True, eq=False)
class Negotiated:
    """What decides, beside the state, how a server takes a command.

    `offered` are its extensions, and `in_force` those that the client has learnt of; `enhanced` says whether enhanced
    status codes are among them, and `auth_needs_tls` whether AUTH waits for TLS. `barred` are the commands that the
    server does not know, whatever the state, and `watched` those of which more than the state decides whether they are
    legal. `longest` is the longest command line, in octets with its CRLF.
    """

    offered: tuple[str, ...]
    in_force: tuple[str, ...]
    dialect: Dialect
    secure: bool
    enhanced: bool
    auth_needs_tls: bool
    barred: frozenset[type]
    watched: frozenset[type]
    longest: int

    @property
    def esmtp(self) -> bool:
        """Whether the server knows more than RFC 821."""
        return self.dialect != "RFC 821"

    @property
    def takes_chunks(self) -> bool:
        """Whether the octets of a BDAT are read, wherever it comes."""
        return self.esmtp and "CHUNKING" in self.offered

    def illegal(self, state: State, kind: type | None) -> Reply | None:
        """The reply to a command that has no place in a state, whatever its argument; None where it has."""
        legal = kind in TRANSITIONS[state] and kind not in self.barred
        if legal or (kind is None and state is not State.REFUSED):
            return None
        if kind is None or state is State.REFUSED or kind not in self.barred or (kind is StartTls and self.secure):
            return E503_BAD_SEQUENCE
        if kind is Auth and self.auth_needs_tls:
            return E538_TLS_REQUIRED
        keyword = COMMAND_EXTENSIONS.get(kind)
        if keyword is None or not self.esmtp:
            return E500_UNKNOWN
        return E503_BAD_SEQUENCE if keyword in self.offered else UNOFFERED[kind]


@lru_cache(maxsize=1024)
def negotiated(
    extensions: tuple[str, ...],
    in_force: tuple[str, ...],
    dialect: Dialect,
    secure: bool,
    authenticated: bool,
    *,
    clear_auth: bool = True,
) -> Negotiated:
    """What is negotiated, from what a server has to offer and what has happened.

    Args:
        extensions: the keywords of the server's extensions; STARTTLS is not offered where TLS is.
        in_force: those that the client has learnt of: all of them after EHLO, none before it and after HELO.
        dialect: what the server speaks.
        secure: whether TLS protects the connection.
        authenticated: whether an AUTH succeeded; it does so once in a session.
        clear_auth: whether AUTH is offered where no TLS protects the connection.

    Raises:
        LocalProtocolError: an extension is unknown, or lacks another that it needs.
    """
    offered = offerable(extensions, secure, clear_auth=clear_auth)
    unknown = barred(offered, in_force, dialect != "RFC 821", dialect == "LMTP")
    return Negotiated(
        offered,
        in_force,
        dialect,
        secure,
        "ENHANCEDSTATUSCODES" in in_force,
        "AUTH" in extensions and "AUTH" not in offered,
        unknown | {Auth} if authenticated else unknown,
        frozenset() if _CAREFUL.isdisjoint(in_force) else _WATCHED,
        longest_line(offered),
    )


@lru_cache(maxsize=4096)
def read_line(negotiated: Negotiated, state: State, line: bytes) -> tuple[Command | Bdat | BadCommand, bool]:
    """What a command line means that comes in a state, and what it deserves where it is not legal.

    And whether more than the state decides that, as always for Bdat, whose octets follow.
    """
    command = _read_line(negotiated, state, line)
    kind = type(command)
    return command, kind is Bdat or (kind in negotiated.watched and not (kind is Rcpt and line.isascii()))


def _read_line(negotiated: Negotiated, state: State, line: bytes) -> Command | Bdat | BadCommand:
    try:
        command = read_command(line, negotiated.in_force)
    except RemoteProtocolError as error:
        kind = command_kind(line)
        if kind is Chunk and negotiated.takes_chunks:
            # Nobody knows where the next command begins.
            return BadCommand(line, E521_BAD_CHUNK)
        reply = error.reply or E500_UNKNOWN
        # An argument of STARTTLS is an error wherever STARTTLS is known (RFC 3207 section 4).
        known = kind is StartTls and negotiated.esmtp and state is not State.REFUSED
        return BadCommand(line, reply if known else negotiated.illegal(state, kind) or reply)
    if isinstance(command, Bdat):
        return command
    fault = negotiated.illegal(state, type(command))
    return command if fault is None else BadCommand(line, fault)

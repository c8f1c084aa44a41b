"""POP3's commands on the wire: each verb's syntax stands here once, for reading and for writing (RFC 1939 section 9).

Keywords are read in any case. Arguments are separated by one space; more than one, and spaces at the end, are
forgiven, as by Dovecot. A password is all that follows, spaces included.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Mapping
from dataclasses import astuple

from sim.protocol.errors import LocalProtocolError
from sim.protocol.pop3.events import (
    Apop,
    Auth,
    AuthCancel,
    AuthResponse,
    BadCommand,
    Capa,
    Command,
    Dele,
    Last,
    List,
    Mechanisms,
    Noop,
    Pass,
    Quit,
    Retr,
    Rset,
    Stat,
    Stls,
    Top,
    Uidl,
    User,
)

LINE_LIMIT = 255
"""Octets of a command line, CRLF included (RFC 2449 section 4)."""

AUTH_LINE_LIMIT = 12_288
"""Octets of a line within AUTH, as RFC 5034 section 4 leaves to the mechanisms; RFC 4954 section 4 names this one."""

_NUMBER = re.compile(r"[0-9]{1,10}")
_NO_ARGUMENT: Mapping[str, Callable[[], Command]] = {
    "CAPA": Capa,
    "STLS": Stls,
    "STAT": Stat,
    "LAST": Last,
    "NOOP": Noop,
    "RSET": Rset,
    "QUIT": Quit,
}
_ONE_NUMBER: Mapping[str, Callable[[int], Command]] = {"RETR": Retr, "DELE": Dele}
_NUMBER_OR_NONE: Mapping[str, Callable[[int | None], Command]] = {"LIST": List, "UIDL": Uidl}


class _SyntaxError(Exception):
    """Why a line is no command."""


def read_command(line: bytes) -> Command | BadCommand:
    """The command that a line, without its line end, means."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return BadCommand(line, "Not UTF-8.")
    if len(line) + 2 > LINE_LIMIT and not text[:5].upper().startswith(("AUTH ", "PASS ", "USER ")):
        return BadCommand(line, "Line too long.")
    if any(ord(character) < 32 or ord(character) == 127 for character in text.replace("\t", " ")):
        return BadCommand(line, "Control characters in a command.")
    verb, _, rest = text.partition(" ")
    read = _READERS.get(verb.upper())
    if read is None:
        return BadCommand(line, "Unknown command.")
    try:
        return read(rest)
    except _SyntaxError as error:
        return BadCommand(line, str(error))


def read_auth_response(line: bytes) -> AuthResponse | AuthCancel | BadCommand:
    """What a line within AUTH means."""
    if line == b"*":
        return AuthCancel()
    try:
        return AuthResponse(b64decode(line, validate=True))
    except (Error, ValueError):
        return BadCommand(line, "Not base64.")


def write_command(command: Command) -> bytes:
    """The octets of a command, with its CRLF.

    Raises:
        LocalProtocolError: a value in it cannot be sent.
    """
    if isinstance(command, AuthResponse):
        return b64encode(command.data) + b"\r\n"
    if isinstance(command, AuthCancel):
        return b"*\r\n"
    if isinstance(command, Mechanisms):
        words = ["AUTH"]
    elif isinstance(command, Auth):
        words = ["AUTH", command.mechanism, *([] if command.initial is None else [_initial(command.initial)])]
    else:
        words = [type(command).__name__.upper(), *[str(value) for value in astuple(command) if value is not None]]
    line = " ".join(words)
    octets = line.encode("utf-8") + b"\r\n"
    if not line.isprintable():
        raise LocalProtocolError(f"cannot send {line!r}: it has control characters")
    limit = AUTH_LINE_LIMIT if isinstance(command, Auth) else LINE_LIMIT
    if len(octets) > limit:
        raise LocalProtocolError(f"cannot send {line[:40]!r}...: it has {len(octets)} octets, at most {limit} may be")
    if read_command(octets[:-2]) != command:
        raise LocalProtocolError(f"cannot send {line!r}: it does not mean {command!r} to a server")
    return octets


def _initial(data: bytes) -> str:
    # RFC 5034 section 4: an initial response of no octets is an equals sign.
    return b64encode(data).decode("ascii") or "="


def _nothing(kind: Callable[[], Command]) -> Callable[[str], Command]:
    def read(rest: str) -> Command:
        if rest.strip():
            raise _SyntaxError("No argument is allowed.")
        return kind()

    return read


def _one_number(kind: Callable[[int], Command]) -> Callable[[str], Command]:
    return lambda rest: kind(_number(rest.strip()))


def _number_or_none(kind: Callable[[int | None], Command]) -> Callable[[str], Command]:
    return lambda rest: kind(_number(rest.strip()) if rest.strip() else None)


def _number(word: str) -> int:
    if _NUMBER.fullmatch(word) is None:
        raise _SyntaxError("A message number is needed.")
    return int(word)


def _user(rest: str) -> Command:
    if not (name := rest.strip()):
        raise _SyntaxError("A name is needed.")
    return User(name)


def _pass(rest: str) -> Command:
    return Pass(rest)


def _apop(rest: str) -> Command:
    words = rest.split()
    if len(words) != 2:
        raise _SyntaxError("A name and a digest are needed.")
    return Apop(*words)


def _top(rest: str) -> Command:
    words = rest.split()
    if len(words) != 2:
        raise _SyntaxError("A message number and a number of lines are needed.")
    return Top(*map(_number, words))


def _auth(rest: str) -> Command:
    words = rest.split()
    if not words:
        return Mechanisms()
    if len(words) > 2:
        raise _SyntaxError("A mechanism and an initial response are allowed.")
    mechanism, initial = words[0].upper(), "".join(words[1:])
    if not initial:
        return Auth(mechanism)
    try:
        return Auth(mechanism, b"" if initial == "=" else b64decode(initial, validate=True))
    except (Error, ValueError):
        raise _SyntaxError("Not base64.") from None


_READERS: dict[str, Callable[[str], Command]] = {
    **{verb: _nothing(kind) for verb, kind in _NO_ARGUMENT.items()},
    **{verb: _one_number(kind) for verb, kind in _ONE_NUMBER.items()},
    **{verb: _number_or_none(kind) for verb, kind in _NUMBER_OR_NONE.items()},
    "USER": _user,
    "PASS": _pass,
    "APOP": _apop,
    "TOP": _top,
    "AUTH": _auth,
}
"""How each verb's arguments are read."""

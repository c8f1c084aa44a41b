"""FTP's commands: what they are, and each verb's syntax once, for reading and for writing (RFC 959 section 5.3).

Beside those of RFC 959 there are FEAT (RFC 2389), EPRT and EPSV (RFC 2428), SIZE and MDTM (RFC 3659) and AUTH (RFC
2228). Keywords are read in any case. A pathname is all that follows the space, spaces included, in UTF-8 (RFC 2640).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

from sim.protocol.errors import LocalProtocolError

LINE_LIMIT = 4096
"""Octets of a command line, CRLF included; RFC 959 names no limit, and PATH_MAX of Linux is this."""

_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe](?s:.)?|[\xf0-\xfa]|\xff)?")
_NUMBER = re.compile(r"[0-9]{1,19}")
_ADDRESS = re.compile(r"([0-9]{1,3})(?:,([0-9]{1,3})){5}")


@dataclass(frozen=True, slots=True)
class _Bare:
    """A command without an argument."""


@dataclass(frozen=True, slots=True)
class _Path:
    """A command that names a file or a directory."""

    path: str


@dataclass(frozen=True, slots=True)
class _PathOrNone:
    """A command that may name a file or a directory."""

    path: str = ""


class Cdup(_Bare):
    """To the parent directory."""


class Quit(_Bare):
    """The end of the session."""


class Rein(_Bare):
    """Back to before the login."""


class Pasv(_Bare):
    """The server is to listen for the data connection."""


class Abor(_Bare):
    """The transfer is to be broken off."""


class Pwd(_Bare):
    """Which directory is the current one?"""


class Syst(_Bare):
    """Which operating system?"""


class Noop(_Bare):
    """Nothing."""


class Feat(_Bare):
    """Which extensions? (RFC 2389)."""


class Cwd(_Path):
    """Another directory."""


class Smnt(_Path):
    """Another file system."""


class Stor(_Path):
    """A file is to come, instead of one of that name."""


class Retr(_Path):
    """A file is wanted."""


class Appe(_Path):
    """What comes goes to the end of a file."""


class Rnfr(_Path):
    """What is to be renamed."""


class Rnto(_Path):
    """Its new name."""


class Dele(_Path):
    """A file is to be deleted."""


class Rmd(_Path):
    """A directory is to be removed."""


class Mkd(_Path):
    """A directory is to be made."""


class Size(_Path):
    """How many octets would be sent? (RFC 3659 section 4)."""


class Mdtm(_Path):
    """When was it changed? (RFC 3659 section 3)."""


class Stou(_PathOrNone):
    """A file is to come, by a name that the server makes."""


class List(_PathOrNone):
    """What is in a directory, for people."""


class Nlst(_PathOrNone):
    """Which names are in a directory."""


class Stat(_PathOrNone):
    """How things stand, over the control connection."""


class Help(_PathOrNone):
    """Help, with a command or without."""


class Site(_Path):
    """What this server alone knows."""


class Opts(_Path):
    """An option of a command (RFC 2389)."""


class AuthTls(_Path):
    """AUTH: a security mechanism (RFC 2228, RFC 4217)."""


class User(_Path):
    """Who it is."""


class Pass(_Path):
    """The password."""


class Acct(_Path):
    """The account."""


@dataclass(frozen=True, slots=True)
class Port:
    """Where the client listens for the data connection: six numbers (RFC 959 section 4.1.2)."""

    address: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Eprt:
    """Likewise, for any network protocol (RFC 2428 section 2)."""

    argument: str


@dataclass(frozen=True, slots=True)
class Epsv:
    """The server is to listen for the data connection, and to say the port alone (RFC 2428 section 3)."""

    argument: str = ""


@dataclass(frozen=True, slots=True)
class Type:
    """The representation: `A` (ASCII), `E` (EBCDIC), `I` (image) or `L 8`, the first two with `N`, `T` or `C`."""

    code: str


@dataclass(frozen=True, slots=True)
class Stru:
    """The structure: `F` (file), `R` (record) or `P` (page)."""

    code: str


@dataclass(frozen=True, slots=True)
class Mode:
    """The transfer mode: `S` (stream), `B` (block) or `C` (compressed)."""

    code: str


@dataclass(frozen=True, slots=True)
class Allo:
    """Storage for so many octets is to be kept."""

    size: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Where in the file the next transfer begins."""

    offset: int


@dataclass(frozen=True, slots=True)
class BadCommand:
    """A line that is no command, or none that has a place now.

    Attributes:
        line: the line.
        code: what it is to be answered: 500, 501, 503, 530.
        why: in words.
    """

    line: bytes
    code: int
    why: str


@dataclass(frozen=True, slots=True)
class FileData:
    """Octets of a file that came over the data connection."""

    data: bytes


@dataclass(frozen=True, slots=True)
class FileEnd:
    """The data connection was closed: the file is whole (in stream mode, RFC 959 section 3.4.1)."""


Command = _Bare | _Path | _PathOrNone | Port | Eprt | Epsv | Type | Stru | Mode | Allo | Rest


class _SyntaxError(Exception):
    """Why a line is no command."""


def without_telnet(line: bytes) -> bytes:
    """A line without what Telnet puts into it: IAC and what it says (RFC 854; RFC 959 section 4.1.3 on ABOR)."""
    return _TELNET.sub(lambda found: b"\xff" if found[0] == b"\xff\xff" else b"", line) if b"\xff" in line else line


def read_command(line: bytes) -> Command | BadCommand:
    """The command that a line, without its line end, means."""
    line = without_telnet(line)
    if len(line) + 2 > LINE_LIMIT:
        return BadCommand(line, 500, "Line too long.")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return BadCommand(line, 501, "Not UTF-8.")
    if "\0" in text or "\r" in text:
        return BadCommand(line, 501, "Control characters in a command.")
    verb, _, rest = text.partition(" ")
    read = _READERS.get(verb.upper())
    if read is None:
        return BadCommand(line, 500, "Unknown command.")
    try:
        return read(rest)
    except _SyntaxError as error:
        return BadCommand(line, 501, str(error))


def write_command(command: Command) -> bytes:
    """The octets of a command, with its CRLF.

    Raises:
        LocalProtocolError: a value in it cannot be sent.
    """
    verb = VERBS[type(command)]
    line = f"{verb} {argument}" if (argument := _argument(command)) else verb
    octets = line.encode("utf-8", "surrogatepass")
    if "\n" in line or read_command(octets) != command:
        raise LocalProtocolError(f"cannot send {line[:80]!r}: it does not mean {type(command).__name__} to a server")
    # An octet of 255 is doubled; there is none in UTF-8.
    return octets + b"\r\n"


def _argument(command: Command) -> str:
    value = next(iter(astuple(command)), "")
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _bare(kind: Callable[[], Command]) -> Callable[[str], Command]:
    def read(rest: str) -> Command:
        if rest.strip():
            raise _SyntaxError("No argument is allowed.")
        return kind()

    return read


def _path(kind: Callable[[str], Command]) -> Callable[[str], Command]:
    def read(rest: str) -> Command:
        if not rest:
            raise _SyntaxError("An argument is needed.")
        return kind(rest)

    return read


def _number(kind: Callable[[int], Command]) -> Callable[[str], Command]:
    def read(rest: str) -> Command:
        # Of `ALLO 10 R 5` the record size counts for nothing (RFC 959 section 4.1.3).
        number = rest.partition(" R ")[0].strip()
        if _NUMBER.fullmatch(number) is None:
            raise _SyntaxError("A number is needed.")
        return kind(int(number))

    return read


def _code(kind: Callable[[str], Command], *codes: str) -> Callable[[str], Command]:
    def read(rest: str) -> Command:
        code = " ".join(rest.upper().split())
        if code not in codes:
            raise _SyntaxError(f"One of {', '.join(codes)} is needed.")
        return kind(code)

    return read


def _port(rest: str) -> Port:
    numbers = rest.strip()
    if _ADDRESS.fullmatch(numbers) is None or max(found := [*map(int, numbers.split(","))]) > 255:
        raise _SyntaxError("Six numbers below 256 are needed.")
    return Port(tuple(found))


_BARE, _PATH, _PATH_OR_NONE = (kind.__subclasses__() for kind in (_Bare, _Path, _PathOrNone))

VERBS: Mapping[type, str] = {
    kind: "AUTH" if kind is AuthTls else kind.__name__.upper()
    for kind in (*_BARE, *_PATH, *_PATH_OR_NONE, Port, Eprt, Epsv, Type, Stru, Mode, Allo, Rest)
}
"""The verb of each command."""

_READERS: dict[str, Callable[[str], Command]] = {
    **{VERBS[kind]: _bare(kind) for kind in _BARE},
    **{VERBS[kind]: _path(kind) for kind in _PATH},
    **{VERBS[kind]: kind for kind in _PATH_OR_NONE},
    "PASS": Pass,
    "PORT": _port,
    "EPRT": _path(Eprt),
    "EPSV": Epsv,
    "TYPE": _code(Type, "A", "A N", "A T", "A C", "E", "E N", "E T", "E C", "I", "L 8"),
    "STRU": _code(Stru, "F", "R", "P"),
    "MODE": _code(Mode, "S", "B", "C"),
    "ALLO": _number(Allo),
    "REST": _number(Rest),
}
"""How each verb's argument is read."""

"""What the two sides of a UUCP call say: the login chat, the hello and the commands, as octets and as values.

The hello's texts stand between a control-P and a NUL; a command is a text that ends with a NUL.

Sources: the manual of Taylor UUCP 1.07 ("UUCP Protocol Internals"); RFC 976 for what it carries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sim.protocol.errors import LocalProtocolError

LONGEST: Final = 400_000
"""Octets of the longest text that is looked at."""

MOST_OCTETS: Final = 2**40
"""Octets of the longest file."""

_WORD = re.compile(r"[!-~]{1,255}")
_BLANKS = re.compile(r" +")


@dataclass(frozen=True)
class Message:
    """What is said in a text of its own; what it is called, its kind's docstring says first."""


class LoginPrompt(Message):
    """login prompt: `login: `."""


@dataclass(frozen=True)
class LoginName(Message):
    """name: under which the caller logs in."""

    name: str


class PasswordPrompt(Message):
    """password prompt: `Password:`."""


@dataclass(frozen=True)
class Password(Message):
    """password: of the caller."""

    word: str


@dataclass(frozen=True)
class Shere(Message):
    """Shere: the called system says its name."""

    name: str


@dataclass(frozen=True)
class Start(Message):
    """S name: the caller says its name and its options, such as `-N047`."""

    name: str
    options: str = "-R -N047"


@dataclass(frozen=True)
class Rok(Message):
    """ROK: the caller is welcome; `options` is what the called can do, such as `N047`."""

    options: str = "N047"


@dataclass(frozen=True)
class Refusal(Message):
    """refusal: `LCK` (it is talking already), `CB` (it is called back), `LOGIN`, `BADSEQ`."""

    why: str


@dataclass(frozen=True)
class Protocols(Message):
    """P: the letters of the protocols that the called knows."""

    letters: str


@dataclass(frozen=True)
class Use(Message):
    """U: the protocol that the caller chose; none (`N`) where it knows none of them."""

    letter: str


@dataclass(frozen=True)
class Send(Message):
    """S: a file is to be sent, `size` octets long."""

    source: str
    to: str
    user: str
    options: str
    temporary: str
    mode: str
    notify: str
    size: int


@dataclass(frozen=True)
class Execute(Send):
    """E: a file is to be sent, and a command to be executed on it."""

    command: str = ""


@dataclass(frozen=True)
class Receive(Message):
    """R: a file is asked for."""

    source: str
    to: str
    user: str
    options: str = "-"


@dataclass(frozen=True)
class Yes(Message):
    """yes: SY, EY or RY, the file may come, from a position on; with RY, how long it is."""

    of: str
    position: int = 0


@dataclass(frozen=True)
class No(Message):
    """no: SN, EN or RN, it may not; `why` is a digit: 2 not permitted, 4 no room, 6 too large, 8 received before."""

    of: str
    why: str = "2"


class Copied(Message):
    """CY: the file is there."""


@dataclass(frozen=True)
class NotCopied(Message):
    """CN: it could not be put where it belongs."""

    why: str = "5"


class Hangup(Message):
    """H: who sent has nothing more to send."""


class HangupYes(Message):
    """HY: neither has the other."""


class HangupNo(Message):
    """HN: the other has, and sends from now on."""


class Goodbye(Message):
    """O: and more of them, the end."""


@dataclass(frozen=True)
class FileData:
    """Octets of a file."""

    data: bytes


@dataclass(frozen=True)
class FileEnd:
    """end of the file: nothing of it is to follow."""


@dataclass(frozen=True)
class BadMessage(Message):
    """A text that is none of these."""

    text: str


CHAT: Final = (LoginPrompt, LoginName, PasswordPrompt, Password)
"""What is said before the hello, to a program that logs people in."""

HELLO: Final = (Shere, Start, Rok, Refusal, Protocols, Use, Goodbye)
"""What stands between a control-P and a NUL."""

GOODBYES: Final = {True: b"\x10OOOOOO\x00", False: b"\x10OOOOOOO\x00"}
"""The caller's, and the called's."""


def write_message(message: Message, *, caller: bool) -> bytes:
    """The octets of a message, from the caller or the called.

    Raises:
        LocalProtocolError: a value in it cannot be sent.
    """
    if isinstance(message, Goodbye):
        return GOODBYES[caller]
    text = _WRITERS[type(message)](message)
    if len(text) > LONGEST or not text.isascii() or not text.isprintable():
        raise LocalProtocolError(f"{type(message).__name__} with {text[:40]!r} cannot be sent")
    if isinstance(message, CHAT):
        return text.encode("ascii") + (b"\r" if isinstance(message, LoginName | Password) else b"")
    return (b"\x10" if isinstance(message, HELLO) else b"") + text.encode("ascii") + b"\x00"


def read_hello(text: str) -> Message:
    """What a text between a control-P and a NUL says."""
    for begins, read in _HELLOS:
        if text.startswith(begins):
            return read(text.removeprefix(begins)) or BadMessage(text)
    return Goodbye() if text and not text.strip("O") else BadMessage(text)


def read_command(text: str) -> Message:
    """What a command says."""
    plain = _COMMANDS.get(text)
    if plain is not None:
        return plain
    words = _BLANKS.split(text)
    kind, values = words[0], words[1:]
    found: Message | None = None
    if kind in {"S", "E"} and len(values) >= 8 - (kind == "S"):
        found = _read_send(kind, values)
    elif kind == "R" and len(values) >= 3:
        found = Receive(*[*values, "-"][:4])
    elif kind in {"SY", "EY", "RY"}:
        position = _number(values[0]) if values else 0
        found = None if position is None else Yes(kind[0], position)
    elif not values and kind[:2] in {"SN", "EN", "RN"} and len(kind) <= 3:
        found = No(kind[0], kind[2:] or "2")
    elif not values and kind[:2] == "CN" and len(kind) <= 3:
        found = NotCopied(kind[2:] or "5")
    return found or BadMessage(text)


def _read_send(kind: str, values: list[str]) -> Send | None:
    source, to, user, options, temporary, mode, notify, size, *command = [*values, ""][:8] + values[8:]
    octets = _number(size)
    if octets is None or (kind == "E") is not bool(command):
        return None
    if kind == "S":
        return Send(source, to, user, options, temporary, mode, notify, octets)
    return Execute(source, to, user, options, temporary, mode, notify, octets, " ".join(command))


def _number(word: str) -> int | None:
    """A number of octets, in hexadecimal where it begins with 0x."""
    try:
        found = int(word, 16 if word.startswith("0x") else 10)
    except ValueError:
        return None
    return found if 0 <= found <= MOST_OCTETS else None


def _named(make: Callable[[str], Message]) -> Callable[[str], Message | None]:
    return lambda word: make(word) if _WORD.fullmatch(word) else None


def _read_start(text: str) -> Start | None:
    name, _, options = text.partition(" ")
    return Start(name, options) if _WORD.fullmatch(name) else None


_HELLOS: Final[tuple[tuple[str, Callable[[str], Message | None]], ...]] = (
    ("Shere=", _named(Shere)),
    ("ROK", Rok),
    ("R", _named(Refusal)),
    ("S", _read_start),
    ("P", _named(Protocols)),
    ("U", _named(Use)),
)
"""What a text of the hello begins with, and how the rest is read."""

_COMMANDS: Final[Mapping[str, Message]] = {
    "CY": Copied(),
    "CYM": Copied(),
    "H": Hangup(),
    "HY": HangupYes(),
    "HN": HangupNo(),
}


def _write_send(said: Send) -> str:
    words = (said.source, said.to, said.user, said.options, said.temporary, said.mode, said.notify, f"0x{said.size:x}")
    if isinstance(said, Execute):
        return " ".join(("E", *words, said.command))
    return " ".join(("S", *words))


def _write_yes(said: Yes) -> str:
    return f"{said.of}Y 0x{said.position:x}" if said.position else f"{said.of}Y"


_WRITERS: Final[Mapping[type, Callable[..., str]]] = {
    LoginPrompt: lambda _: "login: ",
    LoginName: lambda said: said.name,
    PasswordPrompt: lambda _: "Password:",
    Password: lambda said: said.word,
    Shere: lambda said: f"Shere={said.name}",
    Start: lambda said: f"S{said.name} {said.options}".rstrip(),
    Rok: lambda said: f"ROK{said.options}",
    Refusal: lambda said: f"R{said.why}",
    Protocols: lambda said: f"P{said.letters}",
    Use: lambda said: f"U{said.letter}",
    Send: _write_send,
    Execute: _write_send,
    Receive: lambda said: f"R {said.source} {said.to} {said.user} {said.options}",
    Yes: _write_yes,
    No: lambda said: f"{said.of}N{said.why}",
    Copied: lambda _: "CY",
    NotCopied: lambda said: f"CN{said.why}",
    Hangup: lambda _: "H",
    HangupYes: lambda _: "HY",
    HangupNo: lambda _: "HN",
}

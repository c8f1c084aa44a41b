"""NJE's records, and their octets: two control bytes and a text in EBCDIC with runs of one character compressed.

A record begins with its RCB (what it is, or of which stream) and its SRCB (what kind of it); strings follow, each
behind a string control byte (SCB) that says how long it is or what is repeated; an SCB of 0 ends the record. A record
of a stream that has no string at all is the end of the file (IBM GC23-0070, chapter 7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from typing import Final

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.nje.cards import CARD

LONGEST: Final = 512
"""Characters of text in one record: more than any of these has."""

NAME: Final = 8
"""Characters of the name of a node or a user."""

_CHARSET: Final = "cp037"
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_PIECE: Final = re.compile(rb"(\x40{2,31})|((.)\3{2,30})|((?:(?!\x40\x40|(.)\5\5).){1,63})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SignOn:
    """I: the node that calls, and the password of the line."""

    node: str
    password: str = ""


@dataclass(frozen=True, slots=True)
class SignOnReply:
    """J: the node that is called takes part."""

    node: str


@dataclass(frozen=True, slots=True)
class SignOff:
    """B: the line is closed in order."""


@dataclass(frozen=True, slots=True)
class Request:
    """A stream asks for permission to send a file."""


@dataclass(frozen=True, slots=True)
class Permission:
    """It may."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """It may not, or what it has sent is not kept."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The file is the receiver's now."""


@dataclass(frozen=True, slots=True)
class Message:
    """An interactive message (nodal message record): from whom, to whom, and what; it is never stored."""

    from_user: str
    to_user: str
    text: str


@dataclass(frozen=True, slots=True)
class JobHeader:
    """A file begins: whose it is and for whom, under which number and name, and how many cards it has."""

    from_node: str
    from_user: str
    to_node: str
    to_user: str
    number: int
    name: str
    cards: int


@dataclass(frozen=True, slots=True)
class Card:
    """A card, as octets of ISO 8859-1 without the blanks at its end."""

    data: bytes


@dataclass(frozen=True, slots=True)
class JobTrailer:
    """It ends: how many cards have been sent."""

    cards: int


@dataclass(frozen=True, slots=True)
class EndOfFile:
    """Nothing of it follows."""


Record = (
    SignOn
    | SignOnReply
    | SignOff
    | Request
    | Permission
    | Refusal
    | Complete
    | Message
    | JobHeader
    | Card
    | JobTrailer
    | EndOfFile
)

_STREAM: Final = 0x99
"""The RCB of the first stream of output, which BITNET's files are."""

CODES: Final[Mapping[type, tuple[int, int]]] = {
    SignOn: (0xF0, 0xC9),
    SignOnReply: (0xF0, 0xD1),
    SignOff: (0xF0, 0xC2),
    Request: (0x90, _STREAM),
    Permission: (0xA0, _STREAM),
    Refusal: (0xB0, _STREAM),
    Complete: (0xC0, _STREAM),
    Message: (0x9A, 0x80),
    JobHeader: (_STREAM, 0xC0),
    Card: (_STREAM, 0x80),
    JobTrailer: (_STREAM, 0xD0),
    EndOfFile: (_STREAM, 0x00),
}
"""RCB and SRCB of each record."""

_KINDS: Final = {code: kind for kind, code in CODES.items()}


def write_record(record: Record) -> bytes:
    """The octets of a record.

    Raises:
        LocalProtocolError: a text in it is too long, or has a line end.
    """
    code = CODES[type(record)]
    return bytes(code) + _compressed(_text_of(record)) + b"\0"


def read_record(octets: bytes | bytearray, start: int = 0) -> tuple[Record, int] | None:
    """The record that begins at a place, and where the next one does; None where its end has yet to come.

    Raises:
        RemoteProtocolError: it is none.
    """
    if len(octets) < start + 2:
        return None
    kind = _KINDS.get((octets[start], octets[start + 1]))
    if kind is None:
        raise RemoteProtocolError(f"no record begins with octets {octets[start]:#04x} {octets[start + 1]:#04x}")
    text, at = bytearray(), start + 2
    while at < len(octets) and octets[at]:
        control = octets[at]
        if control & 0xC0 == 0xC0:
            text += octets[at + 1 : at + 1 + (control & 0x3F)]
            at += 1 + (control & 0x3F)
        elif control & 0xE0 == 0x80:
            text += b"\x40" * (control & 0x1F)
            at += 1
        elif control & 0xE0 == 0xA0:
            text += octets[at + 1 : at + 2] * (control & 0x1F)
            at += 2
        else:
            raise RemoteProtocolError(f"no string begins with octet {control:#04x}")
        if len(text) > LONGEST:
            raise RemoteProtocolError(f"a record of more than {LONGEST} characters")
    if at >= len(octets):
        return None
    return _read(kind, bytes(text).decode(_CHARSET)), at + 1


def _text_of(record: Record) -> bytes:
    if isinstance(record, Card):
        if len(record.data) > CARD:
            raise LocalProtocolError(f"a card of {len(record.data)} columns: it has {CARD}")
        return b"" if not record.data else record.data.decode("latin-1").encode(_CHARSET)
    values = [str(value) for value in astuple(record)]
    text = "\t".join(values)
    if len(text) > LONGEST or any("\t" in value for value in values) or not text.isascii():
        raise LocalProtocolError(f"{type(record).__name__} cannot hold {text!r}")
    return text.encode(_CHARSET)


def _read(kind: type, text: str) -> Record:
    if kind is Card:
        if len(text) > CARD:
            raise RemoteProtocolError(f"a card of {len(text)} columns: it has {CARD}")
        return Card(text.encode("latin-1"))
    said = fields(kind)
    values = text.split("\t") if said else []
    if len(values) != len(said) or (text and not said):
        raise RemoteProtocolError(f"{kind.__name__} with {text!r}")
    read: list[str | int] = []
    for value, field in zip(values, said, strict=True):
        if field.type == "int" and not _NUMBER.fullmatch(value):
            raise RemoteProtocolError(f"{kind.__name__} with {value!r} where its {field.name} is to stand")
        read.append(int(value) if field.type == "int" else value)
    made: Record = kind(*read)
    return made


def _compressed(text: bytes) -> bytes:
    written = bytearray()
    for found in _PIECE.finditer(text):
        blanks, run, character, other = found.group(1, 2, 3, 4)
        if blanks:
            written.append(0x80 | len(blanks))
        elif run:
            written += bytes((0xA0 | len(run),)) + character
        else:
            written += bytes((0xC0 | len(other),)) + other
    return bytes(written)

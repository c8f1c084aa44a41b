"""The grammar of responses, as a client reads them (RFC 3501 and 9051 section 9): of any data, whatever its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Union

from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.scanner import REMEMBERED, Scanner

Value = Union[str, int, bytes, None, tuple["Value", ...]]  # noqa: UP007 - it names itself
"""An atom, a number, a string, NIL, or a list. An atom of nothing but digits is a number, whatever it stands for."""

_DEPTH_LIMIT = 500

_STATUS = re.compile(
    rb'(OK|NO|BAD|BYE|PREAUTH)(?: (?:\[((?:[^]"]++|"(?:[^"\\]++|\\.)*+")*+)\] ?)?(.*))?\Z', re.IGNORECASE | re.DOTALL
)
# An atom, in which brackets may hold anything, as those of BODY[...] do.
_WORD = re.compile(rb'(?:[^\x00-\x20\x7f"()\[]++|\[[^\]\x00]*+\]|\[)++')
_NUMBER = re.compile(r"0|[1-9][0-9]{0,19}")


@dataclass(frozen=True, slots=True)
class StatusResponse:
    """OK, NO, BAD, BYE or PREAUTH: tagged, or untagged with the tag `*`.

    `code` is the response code without its brackets; empty where there is none.
    """

    tag: str
    status: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ContinueResponse:
    """A `+`: the server waits for more."""

    text: str


@dataclass(frozen=True, slots=True)
class DataResponse:
    """Untagged data: its name, the number in front of it (None where there is none), and what follows."""

    name: str
    number: int | None
    values: tuple[Value, ...]

    def items(self) -> dict[str, Value]:
        """Of FETCH: the name of each item, in upper case up to its bracket, and its value."""
        listed = self.values[0] if self.values and isinstance(self.values[0], tuple) else ()
        return {_item(str(name)): value for name, value in zip(listed[::2], listed[1::2], strict=False)}


def read_response(line: bytes, literals: Sequence[bytes]) -> StatusResponse | ContinueResponse | DataResponse:
    """The response that octets with marks for literals are.

    Raises:
        SyntaxFault: they are none.
    """
    if line.startswith(b"+"):
        return ContinueResponse(line[1:].strip().decode("utf-8", "replace"))
    scanner = Scanner(line, literals)
    tag = "*" if scanner.literally(b"*") else scanner.tag()
    scanner.space()
    rest = scanner.rest
    status = _status(rest) if len(line) > REMEMBERED else _remembered_status(rest)
    if status is not None:
        return StatusResponse(tag, *status)
    if tag != "*":
        raise SyntaxFault("a tagged response is neither OK nor NO nor BAD")
    if literals or len(line) > REMEMBERED:
        return _data(Scanner(rest, literals))
    return _remembered_data(rest)


def _status(octets: bytes) -> tuple[str, str, str] | None:
    """Status, code and text where octets behind a tag are those of a status response."""
    found = _STATUS.match(octets)
    if found is None:
        return None
    word, code, text = (part.decode("utf-8", "replace") for part in found.groups(b""))
    return word.upper(), code, text


def _data(scanner: Scanner) -> DataResponse:
    """The data behind a star."""
    number = None
    if scanner.peek().isdigit():
        number = scanner.number()
        scanner.space()
    name = scanner.word()
    values: list[Value] = []
    while scanner.more():
        values.append(_value(scanner, 0))
    scanner.end()
    return DataResponse(name, number, tuple(values))


_remembered_status = lru_cache(maxsize=4096)(_status)


@lru_cache(maxsize=4096)
def _remembered_data(octets: bytes) -> DataResponse:
    return _data(Scanner(octets))


def _value(scanner: Scanner, depth: int) -> Value:
    if depth > _DEPTH_LIMIT:
        raise SyntaxFault("lists nested too deep")
    if scanner.peek() == b"(":
        scanner.expect(b"(")
        values: list[Value] = []
        while not scanner.literally(b")"):
            # Address lists stand side by side with nothing between them.
            scanner.literally(b" ")
            if scanner.peek() != b")":
                values.append(_value(scanner, depth + 1))
        return tuple(values)
    if scanner.peek() in (b'"', b"\x00"):
        return scanner.string()
    word = scanner.matched(_WORD, "a value").decode("utf-8", "replace")
    if _NUMBER.fullmatch(word) is not None:
        return int(word)
    return None if word.upper() == "NIL" else word


def _item(name: str) -> str:
    item, bracket, rest = name.partition("[")
    return item.upper() + bracket + rest

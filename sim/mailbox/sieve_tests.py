"""The tests of Sieve: what of a message a rule looks at, and how it compares (RFC 5228 sections 2.7 and 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from functools import cached_property, lru_cache
from typing import Protocol

from sim.mail.address import Address
from sim.mail.address_list import read_address_list
from sim.mail.mime import read_fields, split_header

_FOLD = re.compile(rb"\r?\n[ \t]")
_MARKED = re.compile(rb"\\.|.", re.DOTALL)
_LOWER = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")

_DECODED_LIMIT = 65_536
"""Octets of a value whose encoded words are decoded."""

ADDRESS_FIELDS = frozenset(
    {"from", "to", "cc", "bcc", "sender", "reply-to", "return-path", "delivered-to", "errors-to"}
    | {"resent-from", "resent-to", "resent-cc", "resent-bcc", "resent-sender", "resent-reply-to"}
    | {"apparently-to", "mail-followup-to", "mail-reply-to", "disposition-notification-to", "return-receipt-to"}
    | {"x-original-to", "x-beenthere", "x-admin", "x-complaints-to", "x-report-abuse-to", "abuse-reports-to"}
)
"""The fields that hold addresses: the address test looks at no other (RFC 5228 section 5.1)."""


@dataclass(frozen=True)
class Incoming:
    """A message that is to be delivered to somebody.

    Attributes:
        content: the mail data, as they came.
        sender: of its envelope; None where the reverse-path is null.
        recipient: of its envelope: he alone.
    """

    content: bytes
    sender: Address | None
    recipient: Address

    @cached_property
    def fields(self) -> Sequence[tuple[str, bytes]]:
        """The header's fields: the name in lower case, and the value unfolded; a tab in front of a line is a space."""
        return read_fields(_FOLD.sub(b"\r\n ", split_header(self.content)[0]))

    def values(self, name: str) -> Iterator[bytes]:
        """The values of the fields of that name, in any case."""
        return (value for each, value in self.fields if each == name.lower())

    def addresses(self, name: str) -> Iterator[tuple[str, str]]:
        """Local part and domain of each address in the fields of that name; the value and "" of one that has none."""
        for value in self.values(name):
            entries = read_address_list(value)
            found = [(_text(each.mailbox), _text(each.host)) for each in entries if each.mailbox and each.host]
            yield from found or [(_text(value), "")]


class Test(Protocol):
    """A question about a message."""

    def holds(self, mail: Incoming) -> bool:
        """Whether it is answered with yes."""


@dataclass(frozen=True, slots=True)
class Match:
    """How values are compared with keys.

    Attributes:
        kind: `:is`, `:contains` or `:matches`.
        keys: what they are compared with.
        octets: whether letters have case (`i;octet`); those of US-ASCII have none else (`i;ascii-casemap`).
    """

    kind: str
    keys: Sequence[str]
    octets: bool

    def any(self, values: Iterable[bytes]) -> bool:
        """Whether one of the values fits one of the keys."""
        fits = _KINDS[self.kind]
        keys = [self._form(key.encode("utf-8", "surrogateescape")) for key in self.keys]
        return any(fits(value, key) for value in map(self._form, values) for key in keys)

    def _form(self, text: bytes) -> bytes:
        return text if self.octets else text.translate(_LOWER)


@dataclass(frozen=True, slots=True)
class Header:
    """Whether a value of these fields fits."""

    names: Sequence[str]
    match: Match

    def holds(self, mail: Incoming) -> bool:
        """Whether it is so."""
        return self.match.any(decoded(value) for name in self.names for value in mail.values(name))


@dataclass(frozen=True, slots=True)
class AddressTest:
    """Whether an address, or that part of it (`:all`, `:localpart`, `:domain`), in these fields fits."""

    names: Sequence[str]
    part: str
    match: Match

    def holds(self, mail: Incoming) -> bool:
        """Whether it is so."""
        addresses = (address for name in self.names for address in mail.addresses(name))
        return self.match.any(each for address in addresses for each in _part(*address, self.part))


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whether an address of the envelope (`from`, `to`), or that part of it, fits; the null reverse-path is empty."""

    names: Sequence[str]
    part: str
    match: Match

    def holds(self, mail: Incoming) -> bool:
        """Whether it is so."""
        paths = {"from": mail.sender, "to": mail.recipient}
        found = [paths[name.lower()] for name in self.names]
        values = [[b""] if path is None else _part(path.local, path.domain, self.part) for path in found]
        return self.match.any(each for value in values for each in value)


@dataclass(frozen=True, slots=True)
class Size:
    """Whether a message has more octets than that (`:over`), or fewer (`:under`)."""

    kind: str
    limit: int

    def holds(self, mail: Incoming) -> bool:
        """Whether it is so."""
        size = len(mail.content)
        return size > self.limit if self.kind == ":over" else size < self.limit


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether all of these fields are there."""

    names: Sequence[str]

    def holds(self, mail: Incoming) -> bool:
        """Whether it is so."""
        return all(any(True for _ in mail.values(name)) for name in self.names)


@dataclass(frozen=True, slots=True)
class Combined:
    """Whether all, any or none of these tests hold: `allof`, `anyof`, `not`; of no tests `allof` is true."""

    kind: str
    tests: Sequence[Test]

    def holds(self, mail: Incoming) -> bool:
        """Whether it is so."""
        return _COMBINED[self.kind](test.holds(mail) for test in self.tests)


_COMBINED: Mapping[str, Callable[[Iterable[bool]], bool]] = {
    "allof": all,
    "anyof": any,
    "not": lambda found: not any(found),
}


def decoded(value: bytes) -> bytes:
    """A field's value with its encoded words decoded (RFC 2047), in UTF-8; as it is where they are malformed.

    The stdlib takes time by the square of their number: a value longer than any field that is meant stays as it is.
    """
    if b"=?" not in value or len(value) > _DECODED_LIMIT:
        return value
    try:
        pieces = decode_header(_text(value))
    except HeaderParseError:
        return value
    return "".join(each if isinstance(each, str) else _in(charset, each) for each, charset in pieces).encode(
        "utf-8", "surrogateescape"
    )


def _in(charset: str | None, octets: bytes) -> str:
    """The text of octets; of a charset that nobody knows what is US-ASCII in it."""
    try:
        return octets.decode(charset or "ascii", "replace")
    except LookupError:
        return octets.decode("ascii", "replace")


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def _part(local: str, domain: str, part: str) -> list[bytes]:
    """What of an address is compared; of what has no domain only the whole."""
    if part == ":all":
        text = str(Address(local, domain)) if domain else local
    elif domain:
        text = local if part == ":localpart" else domain
    else:
        return []
    return [text.encode("utf-8", "surrogateescape")]


def _matches(value: bytes, pattern: bytes) -> bool:
    """Whether all of a value fits a pattern: `*` is any octets, `?` is one, a backslash says that neither is meant.

    As RFC 5228 section 2.7.1 has it, a character is an octet for both comparators. The time is that of one search for
    each piece between stars.
    """
    (first, length), *rest = _pieces(pattern)
    if first.match(value) is None:
        return False
    if not rest:
        return len(value) == length
    at = length
    for piece, _ in rest[:-1]:
        found = piece.search(value, at)
        if found is None:
            return False
        at = found.end()
    last, length = rest[-1]
    return len(value) - length >= at and last.match(value, len(value) - length) is not None


@lru_cache(maxsize=1024)
def _pieces(pattern: bytes) -> Sequence[tuple[re.Pattern[bytes], int]]:
    """What stands between the stars of a pattern, each with how many octets it fits."""
    pieces: list[list[bytes]] = [[]]
    for found in _MARKED.finditer(pattern):
        if found[0] == b"*":
            pieces.append([])
        else:
            pieces[-1].append(b"." if found[0] == b"?" else re.escape(found[0][-1:]))
    return [(re.compile(b"".join(piece), re.DOTALL), len(piece)) for piece in pieces]


_KINDS: Mapping[str, Callable[[bytes, bytes], bool]] = {
    ":is": lambda value, key: value == key,
    ":contains": lambda value, key: key in value,
    ":matches": _matches,
}

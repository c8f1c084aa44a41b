"""The grammar of FETCH's items (RFC 3501 section 6.4.5, RFC 3516, 7162)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sim.protocol.imap4.commands import FetchItem, Section
from sim.protocol.imap4.errors import SyntaxFault
from sim.protocol.imap4.scanner import Scanner

MACROS = {
    "FAST": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "ALL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "FULL": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}
"""What stands for several items."""

PLAIN = frozenset(
    {"FLAGS", "UID", "INTERNALDATE", "ENVELOPE", "BODYSTRUCTURE", "MODSEQ"}
    | {"RFC822", "RFC822.SIZE", "RFC822.HEADER", "RFC822.TEXT"}
)
_PARTS_LIMIT = 100
_NAME = re.compile(rb"[A-Za-z0-9.]+")
_BRACKETED = {
    "BODY": ("BODY", False),
    "BODY.PEEK": ("BODY", True),
    "BINARY": ("BINARY", False),
    "BINARY.PEEK": ("BINARY", True),
    "BINARY.SIZE": ("BINARY.SIZE", True),
}


def read_items(scanner: Scanner) -> tuple[FetchItem, ...]:
    """A macro, an item, or items in parentheses.

    Raises:
        SyntaxFault: it is none.
    """
    if scanner.peek() == b"(":
        return tuple(scanner.listed(lambda: read_item(scanner)))
    start = scanner.at
    name = scanner.word()
    if name in MACROS:
        return tuple(map(FetchItem, MACROS[name]))
    scanner.at = start
    return (read_item(scanner),)


def read_item(scanner: Scanner) -> FetchItem:
    """One item, as a client asks for it.

    Raises:
        SyntaxFault: it is none.
    """
    name = _name(scanner)
    if name in PLAIN:
        return FetchItem(name, peek=name == "RFC822.HEADER")
    if name not in _BRACKETED:
        raise SyntaxFault(f"unknown FETCH item {name}")
    if scanner.peek() != b"[":
        if name == "BODY":
            return FetchItem(name)
        raise SyntaxFault(f"{name} lacks its brackets")
    canonical, peek = _BRACKETED[name]
    section = read_section(scanner, parts_only=canonical != "BODY")
    partial = None
    if canonical != "BINARY.SIZE" and scanner.literally(b"<"):
        first = scanner.number(63)
        scanner.expect(b".")
        count = scanner.number(63)
        if count == 0:
            raise SyntaxFault("a partial FETCH of no octets")
        scanner.expect(b">")
        partial = (first, count)
    return FetchItem(canonical, section, peek, partial)


def read_section(scanner: Scanner, *, parts_only: bool = False) -> Section:
    """What stands in brackets, with them.

    Raises:
        SyntaxFault: it is none.
    """
    scanner.expect(b"[")
    part: list[int] = []
    while scanner.peek().isdigit():
        part.append(scanner.number())
        if part[-1] == 0 or len(part) > _PARTS_LIMIT:
            raise SyntaxFault("no such part number")
        if not scanner.literally(b"."):
            scanner.expect(b"]")
            return Section(tuple(part))
    if scanner.literally(b"]"):
        if part:
            raise SyntaxFault("a section ends with a dot")
        return Section()
    if parts_only:
        raise SyntaxFault("a part number expected")
    text = _name(scanner)
    if text not in ("HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT") and not (text == "MIME" and part):
        raise SyntaxFault(f"unknown section {text}")
    fields: Sequence[bytes] = ()
    if text.startswith("HEADER.FIELDS"):
        scanner.space()
        fields = scanner.listed(scanner.astring)
    scanner.expect(b"]")
    return Section(tuple(part), text, tuple(fields))


def _name(scanner: Scanner) -> str:
    """The name of an item or of a section's text: an atom that ends at a bracket."""
    return scanner.matched(_NAME, "the name of an item").decode("ascii").upper()

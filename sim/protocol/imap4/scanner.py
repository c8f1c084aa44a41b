"""The lexical grammar of IMAP, for both ends: atoms, numbers, strings and literals (RFC 3501 and 9051 section 9).

A scanner walks over one command or response. Its octets are the lines without their line ends; where a literal stood,
there is a mark instead (`mark`), so that a literal of megabytes is never copied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from sim.protocol.imap4.errors import SyntaxFault

_T = TypeVar("_T")

REMEMBERED = 512
"""Octets of a command or response without literals up to which what it means is remembered: longer ones are rare."""

SYSTEM_FLAGS = {flag.lower(): flag for flag in ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")}
"""The flags that a client may set (RFC 3501 section 2.3.2), in lower case -> as they are written."""

_ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_ASTRING = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
_LIST_MAILBOX = re.compile(rb"[^\x00-\x20\x7f-\xff(){\"\\]+")
_QUOTED = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
_ESCAPED = re.compile(rb'\\(["\\])')
_NUMBER = re.compile(rb"[0-9]{1,20}")
_SPACES = re.compile(rb" *")
_MORE = re.compile(rb" +(?! |\Z)")
_MARK = re.compile(rb"\x00([0-9]+)\x00")
_TAG = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]+")
LITERAL = re.compile(rb"(~?)\{([0-9]+)(\+?)\}\Z")
"""What announces a literal at a line's end: whether it is literal8, its octets, and whether it waits for no `+`."""


def literal_size(digits: bytes) -> int:
    """The octets that a literal's announcement names; of a number that nothing can be as large as, some such number."""
    return int(digits.lstrip(b"0")[:20] or b"0")


def mark(number: int) -> bytes:
    """What stands for the literal of that number in a scanner's octets; a NUL stands nowhere else."""
    return b"\x00%d\x00" % number


class Scanner:
    """Walks over the octets of one command or response.

    Args:
        octets: the lines without line ends, with a mark for each literal.
        literals: the literals.

    Its methods raise SyntaxFault where what is asked for does not stand at the place that was reached; they leave it
    as it was then.
    """

    __slots__ = ("_literals", "_octets", "at")

    def __init__(self, octets: bytes, literals: Sequence[bytes] = ()) -> None:
        self._octets = octets
        self._literals = literals
        self.at = 0
        """How many of the octets are behind it."""

    @property
    def rest(self) -> bytes:
        """What is before it."""
        return self._octets[self.at :]

    def peek(self) -> bytes:
        """The next octet; nothing at the end."""
        return self._octets[self.at : self.at + 1]

    def end(self) -> None:
        """Hold that nothing is left; spaces at the end are forgiven."""
        if _SPACES.fullmatch(self._octets, self.at) is None:
            raise SyntaxFault(f"unexpected {self._shown()} at the end")

    def literally(self, text: bytes) -> bool:
        """Whether that text, in any case, stood next; it is behind then."""
        if self._octets[self.at : self.at + len(text)].upper() != text:
            return False
        self.at += len(text)
        return True

    def expect(self, text: bytes) -> None:
        """Take that text, in any case."""
        if not self.literally(text):
            raise SyntaxFault(f"{text.decode()!r} expected before {self._shown()}")

    def space(self) -> None:
        """Take one space, or more, which nothing is lost by."""
        self.expect(b" ")
        while self.literally(b" "):
            pass

    def more(self) -> bool:
        """Whether a space and something behind it follow; the space is behind then."""
        found = _MORE.match(self._octets, self.at)
        if found is None:
            return False
        self.at = found.end()
        return True

    def tag(self) -> str:
        """A command's tag."""
        return self.matched(_TAG, "a tag").decode("ascii")

    def atom(self) -> str:
        """An atom."""
        return self.matched(_ATOM, "an atom").decode("ascii")

    def word(self) -> str:
        """An atom in upper case: the name of a command, an item, a keyword."""
        return self.atom().upper()

    def flag(self) -> str:
        """A flag that a client may set: a system flag as the RFC writes it, or a keyword as it is."""
        if not self.literally(b"\\"):
            return self.atom()
        flag = f"\\{self.atom()}"
        if flag.lower() not in SYSTEM_FLAGS:
            raise SyntaxFault(f"{flag} cannot be set")
        return SYSTEM_FLAGS[flag.lower()]

    def number(self, bits: int = 32) -> int:
        """A number of so many bits."""
        start = self.at
        value = int(self.matched(_NUMBER, "a number"))
        if value >= 1 << bits:
            self.at = start
            raise SyntaxFault(f"{value} has more than {bits} bits")
        return value

    def string(self) -> bytes:
        """A quoted string or a literal."""
        if self.peek() == b"\x00":
            return self._literals[int(self.matched(_MARK, "a literal")[1:-1])]
        quoted = self.matched(_QUOTED, "a string")[1:-1]
        return _ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted

    def astring(self) -> bytes:
        """An atom that may have `]`, or a string."""
        if self.peek() in (b'"', b"\x00"):
            return self.string()
        return self.matched(_ASTRING, "a string")

    def nstring(self) -> bytes | None:
        """A string, or NIL."""
        if self.peek() in (b'"', b"\x00"):
            return self.string()
        if self.word() != "NIL":
            raise SyntaxFault("a string or NIL expected")
        return None

    def text(self) -> str:
        """An astring in UTF-8."""
        return _utf8(self.astring())

    def list_mailbox(self) -> bytes:
        """A mailbox name with wildcards."""
        if self.peek() in (b'"', b"\x00"):
            return self.string()
        return self.matched(_LIST_MAILBOX, "a mailbox name")

    def listed(self, read: Callable[[], _T], *, empty: bool = False) -> tuple[_T, ...]:
        """What stands in parentheses, separated by spaces.

        Args:
            read: reads one of them.
            empty: whether there may be none.
        """
        self.expect(b"(")
        items: list[_T] = []
        while not self.literally(b")"):
            if items:
                self.space()
            items.append(read())
        if not items and not empty:
            raise SyntaxFault("an empty list")
        return tuple(items)

    def matched(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        """What a pattern finds at this place; `what` names it in the fault."""
        found = pattern.match(self._octets, self.at)
        if found is None:
            raise SyntaxFault(f"{what} expected before {self._shown()}" if self.peek() else f"{what} expected")
        self.at = found.end()
        return found[0]

    def _shown(self) -> str:
        """The beginning of what is before it, for a fault."""
        return ascii(self._octets[self.at : self.at + 20].replace(b"\x00", b"").decode("ascii", "replace"))


def _utf8(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SyntaxFault("octets that are not UTF-8") from error

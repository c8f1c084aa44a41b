"""Words and characters of a map; what they are depends on what the parser awaits."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

# What follows a # is a remark; a line that starts with a blank continues the one before it.
_SKIPPED: Final = r"(?:[ \t]+|#[^\n]*|\n(?=[ \t]))*+"
_QUOTED: Final = r'"(?P<QUOTED>[^"\n]*)"'
_END: Final = r"(?P<END>\n|\Z)"


class Awaited(Enum):
    """What the parser awaits."""

    SITES = re.compile(
        rf"{_SKIPPED}(?:(?P<WORD>[A-Za-z0-9.][-A-Za-z0-9._]*)|{_QUOTED}|(?P<OPERATOR>[!:@%])|{_END}|(?P<OTHER>.))"
    )
    COST = re.compile(
        rf"{_SKIPPED}(?:(?P<WORD>[A-Za-z.][A-Za-z0-9._]*)|{_QUOTED}|(?P<NUMBER>[0-9]+)|{_END}|(?P<OTHER>.))"
    )
    FILE = re.compile(rf"{_SKIPPED}(?:{_END}|(?P<WORD>[!-|~]*))")


class Token(NamedTuple):
    """One word or character."""

    kind: str
    """WORD, QUOTED, OPERATOR, NUMBER, END (of a line), or the character itself."""
    text: str

    def __str__(self) -> str:
        """As it is shown in what is said of it."""
        return "the end of the line" if self.kind == "END" else repr(self.text[:40])


class Scanner:
    """A text, token by token; its end is that of a line, too."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted_from, self._first_line = 0, 1

    @property
    def line(self) -> int:
        """The number of the line that is read; behind a line's end it is the next one's."""
        return self._first_line + self._text.count("\n", self._counted_from, self._at)

    @property
    def is_over(self) -> bool:
        """Whether all is read."""
        return self._at >= len(self._text)

    def start_file(self) -> None:
        """Count lines anew: the next one is line 1."""
        self._counted_from, self._first_line = self._at, 0

    def read(self, awaited: Awaited) -> Token:
        """The next token."""
        # Whatever stands here, one of the groups takes it.
        found = next(awaited.value.finditer(self._text, self._at))
        self._at = found.end()
        kind = found.lastgroup or "END"
        return Token(found[kind] if kind == "OTHER" else kind, found[kind])

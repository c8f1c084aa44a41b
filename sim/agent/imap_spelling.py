"""How real programs spell IMAP's commands: their tags, and where they quote or use parentheses without need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from sim.protocol.imap4.client import Client
from sim.protocol.imap4.commands import Command
from sim.protocol.imap4.scanner import REMEMBERED


class Spelling(NamedTuple):
    """A program's.

    Attributes:
        tag: the form of its tags, with a place for a number.
        first: the first number.
        words: patterns of what `Client` writes behind a tag, in a line without its end, and what the program writes.
    """

    tag: str
    first: int
    words: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def tags(self) -> Iterator[str]:
        """Its tags, in order."""
        return map(self.tag.format, count(self.first))


# What is quoted already, or a literal, stays as it is.
_NAME = (rb'\ALOGIN ([^ "{]+)', rb'LOGIN "\1"')
_PASSWORD = (rb'\ALOGIN (.+) ([^ "{]+)\Z', rb'LOGIN \1 "\2"')
_QUOTES = (_NAME, _PASSWORD, (rb"\ASELECT INBOX\Z", b'SELECT "INBOX"'))

_BODY = (rb"(FETCH \S+) BODY\.PEEK\[\]\Z", rb"\1 (BODY.PEEK[])")
_IMAPLIB = (_PASSWORD, (rb"(FETCH \S+) RFC822\Z", rb"\1 (RFC822)"))

SPELLINGS: Mapping[str, Spelling] = {
    "imaplib": Spelling("IEEO{}", 0, _IMAPLIB),
    "getmail": Spelling("IEEO{}", 0, (*_IMAPLIB, _BODY, (rb'\ALIST "" "\*"\Z', b'LIST "" *'))),
    "fetchmail": Spelling("A{:04}", 1, _QUOTES),
    "mbsync": Spelling("{}", 1, (*_QUOTES, _BODY)),
    "curl": Spelling("A{:03}", 1),
}
"""By the first word of a program's name."""


class SpellingClient(Client):
    """A client that spells its commands as a program does.

    Args:
        spelling: the program's.
        secure: whether the connection has TLS from the start.
    """

    def __init__(self, spelling: Spelling, *, secure: bool = False) -> None:
        super().__init__(tags=spelling.tags, secure=secure)
        self._words = spelling.words

    def _written(self, tag: str, command: Command) -> bytes:
        line, end, literals = super()._written(tag, command).partition(b"\r\n")
        first, space, words = line.partition(b" ")
        spell = _remembered if len(words) <= REMEMBERED else _spelled
        return first + space + spell(self._words, words) + end + literals


def _spelled(patterns: tuple[tuple[bytes, bytes], ...], words: bytes) -> bytes:
    """What stands behind a tag, up to the first literal, as a program writes it."""
    for pattern, spelled in patterns:
        words = re.sub(pattern, spelled, words)
    return words


_remembered = lru_cache(maxsize=4096)(_spelled)

"""How real programs spell IMAP's commands: their tags, and where they quote or use parentheses without need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import NamedTuple

from sim.protocol.imap4.client import Client
from sim.protocol.imap4.commands import Command


class Spelling(NamedTuple):
    """A program's.

    Attributes:
        tag: the form of its tags, with a place for a number.
        first: the first number.
        words: patterns of what `Client` writes, and what the program writes instead.
    """

    tag: str
    first: int
    words: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def tags(self) -> Iterator[str]:
        """Its tags, in order."""
        return map(self.tag.format, count(self.first))


_QUOTES = (
    (rb" LOGIN (\S+) (\S+)\r", rb' LOGIN "\1" "\2"\r'),
    (rb" SELECT INBOX\r", rb' SELECT "INBOX"\r'),
)

_BODY = (rb"(FETCH \S+) BODY\.PEEK\[\]\r", rb"\1 (BODY.PEEK[])\r")
_IMAPLIB = (
    (rb" LOGIN (\S+) (\S+)\r", rb' LOGIN \1 "\2"\r'),
    (rb"(FETCH \S+) RFC822\r", rb"\1 (RFC822)\r"),
)

SPELLINGS: Mapping[str, Spelling] = {
    "imaplib": Spelling("IEEO{}", 0, _IMAPLIB),
    "getmail": Spelling("IEEO{}", 0, (*_IMAPLIB, _BODY, (rb' LIST "" "\*"\r', rb' LIST "" *\r'))),
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

    def send(self, *commands: Command) -> bytes:
        """The octets of commands that go out together."""
        octets = super().send(*commands)
        for pattern, spelled in self._words:
            octets = re.sub(pattern, spelled, octets)
        return octets

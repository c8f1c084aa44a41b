"""Files of 80-column cards: what NJE stores and forwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sim.mail.content import canonical, fold

CARD: Final = 80
"""Columns of a card."""

_CRLF: Final = b"\r\n"


def cards_of(octets: bytes) -> tuple[bytes, ...]:
    """The lines of a file, each on a card; longer ones are folded, and go on behind a space.

    A card has no line end and no blanks at its end: nobody can tell them from what the card is filled up with.
    """
    return tuple([line.rstrip(b" ") for line in fold(canonical(octets), CARD).split(_CRLF)[:-1]])


def octets_of(cards: Sequence[bytes]) -> bytes:
    """The file that these cards are, in lines that end in CRLF; it is as `cards_of` left it, folded."""
    return _CRLF.join([*cards, b""])

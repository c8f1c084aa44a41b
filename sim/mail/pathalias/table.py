"""The order of pathalias's hash table, which settles who comes first where costs leave it open.

The table is an open one with double hashing (R. Sedgewick); names are folded by a CRC of 31 bits (E. J. Watson,
"Primitive Polynomials (Mod 2)", Math. Comp. 16, 1962: x^31 + x^3 + 1) that takes 7 bits a character.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

_SIZES: Final = (
    1021,
    2039,
    3067,
    5113,
    8179,
    13309,
    21499,
    34807,
    56311,
    91121,
    147451,
    238573,
    386041,
    624611,
    1010659,
)
"""pathalias ends at the ninth."""
_FULL_PERCENT: Final = 79
_POLYNOMIAL: Final = 0x48000000


class Named(Protocol):
    """What stands in the table."""

    name: str


Entry = TypeVar("Entry", bound=Named)


def in_table_order(entered: Sequence[tuple[Entry, int]], first: Entry) -> list[Entry]:
    """The entries from the first slot of the table to the last.

    Args:
        entered: each with how many there were before it, counted when they were made and not when they came in.
        first: the one that came in before all others.
    """
    before = next((count for entry, count in entered if entry is first), 0)
    folded = [(first, 0, _fold(first.name))]
    folded += [(entry, count + (count <= before), _fold(entry.name)) for entry, count in entered if entry is not first]
    sizes = iter(_SIZES)
    table: list[tuple[Entry, int] | None] = [None] * next(sizes)
    for entry, count, fold in folded:
        if count * 128 >= _FULL_PERCENT * len(table) * 128 // 100:
            old, table = table, [None] * next(sizes)
            for slot in reversed(old):
                if slot is not None:
                    _put(table, *slot)
        _put(table, entry, fold)
    return [slot[0] for slot in table if slot is not None]


def _put(table: list[tuple[Entry, int] | None], entry: Entry, fold: int) -> None:
    size = len(table)
    place, step = fold % size, size - 2 - fold % (size - 2)
    while table[place] is not None:
        place = (place - step) % size
    table[place] = entry, fold


def _remainder(seven_bits: int) -> int:
    remainder = 0
    for bit in range(7):
        if seven_bits >> bit & 1:
            remainder ^= _POLYNOMIAL >> bit
    return remainder


_REMAINDERS: Final = tuple(map(_remainder, range(128)))


def _fold(name: str) -> int:
    remainder = 0
    for octet in name.encode("latin-1"):
        remainder = remainder >> 7 ^ _REMAINDERS[(remainder ^ octet) & 127]
    return remainder

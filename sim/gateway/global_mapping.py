"""Which domains are which O/R addresses: MIXER conformant global address mappings (RFC 2156 section 4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final, Literal, NamedTuple

from sim.mail.or_address import UNITS_LIMIT, ORAddress

_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")

UNIT_LENGTH: Final = 32
"""Characters in an organizational unit (X.411 annex B)."""

HIERARCHY: Final = ("country", "admd", "prmd", "organization")
"""The levels above the units, by their names in `ORAddress`."""

Levels = tuple[str | None, ...]
"""Values of country, ADMD, PRMD, organization and units, the most significant first; None where one is left out."""


class Entry(NamedTuple):
    """A line of the table: a domain, and the attributes that it stands for, from the country down.

    A level that is None is left out by everybody there ("@" in the tables of RFC 1148), and no address that has it is
    meant. `to` says which way it is used.
    """

    domain: str
    levels: Levels
    to: Literal["both", "x400", "rfc822"] = "both"


def is_domain_syntax(text: str) -> bool:
    """Whether it is a label, or labels with full stops between them (RFC 2156 section 4.2, domain-syntax)."""
    return all(_LABEL.fullmatch(label) for label in text.split("."))


def levels_of(address: ORAddress) -> Levels:
    """Its country, ADMD, PRMD, organization and units; None where it has none."""
    return (*(getattr(address, name) for name in HIERARCHY), *address.units)


def address_of(levels: Levels) -> ORAddress:
    """The address that has these levels and nothing else."""
    named = dict(zip(HIERARCHY, levels, strict=False))
    return ORAddress(**named, units=tuple(unit for unit in levels[len(HIERARCHY) :] if unit is not None))  # type: ignore[arg-type]


@dataclass(frozen=True)
class GlobalMapping:
    """The table, looked up both ways."""

    entries: tuple[Entry, ...] = ()
    _by_domain: dict[str, Entry] = field(init=False, repr=False, compare=False)
    _by_levels: dict[Levels, Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_domain = {entry.domain.lower(): entry for entry in self.entries if entry.to != "rfc822"}
        by_levels = {_folded(entry.levels): entry for entry in self.entries if entry.to != "x400"}
        object.__setattr__(self, "_by_domain", by_domain)
        object.__setattr__(self, "_by_levels", by_levels)

    def levels(self, domain: str) -> tuple[Levels, bool]:
        """What a domain stands for, by the longest entry that it ends with, and whether all of it found a place.

        The labels in front of the entry's domain are the next levels, from the right; one longer than a unit may be,
        or a fifth unit, finds none (section 4.3.4 stage I step 8). Nothing at all where no entry fits.
        """
        labels = domain.split(".")
        if not is_domain_syntax(domain):
            return (), False
        for at in range(len(labels)):
            entry = self._by_domain.get(".".join(labels[at:]).lower())
            if entry is not None:
                return _extended(entry.levels, labels[:at])
        return (), False

    def domain(self, levels: Levels) -> tuple[str, int]:
        """The domain of the longest entry that these levels begin with, and how many of them it stands for.

        Levels that are domain-syntax join it as labels, up to the first that is missing or is not (section 4.3.5 B4).
        No domain, "", where none of two labels or more comes about.
        """
        folded = _folded(levels)
        longest = next((count for count in range(len(levels), 0, -1) if folded[:count] in self._by_levels), 0)
        if not longest:
            return "", 0
        labels = takewhile(lambda level: level is not None and _LABEL.fullmatch(level), levels[longest:])
        domain = [self._by_levels[folded[:longest]].domain, *labels]
        joined = ".".join(str(label) for label in reversed(domain))
        return (joined, longest + len(domain) - 1) if "." in joined else ("", 0)


def _extended(levels: Levels, labels: list[str]) -> tuple[Levels, bool]:
    for label in reversed(labels):
        if len(levels) == len(HIERARCHY) + UNITS_LIMIT or len(label) > UNIT_LENGTH:
            return levels, False
        levels = (*levels, label)
    return levels, True


def _folded(levels: Iterable[str | None]) -> Levels:
    """As they are looked up: in one case, spaces in a row as one, none around (section 4.3.5 B3)."""
    return tuple(None if level is None else " ".join(level.upper().split()) for level in levels)

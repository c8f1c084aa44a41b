"""Recorded mail: traces with a line `source target seconds` for each copy of a message.

People whose names in the trace are addresses of the scenario write and get their own mail. The SNAP collection's
temporal e-mail networks have this form, with numbers for people, who are dealt to the scenario's users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from sim.scenario.inputs import InputError, printable, read_input
from sim.scenario.names import shown
from sim.scenario.spec import NULL_MX, Domain

__all__ = ["Letter", "Recorded", "addresses_of", "read_letters", "strangers"]

POSTMASTER = "postmaster"

_Row = tuple[float, str, str, int]
"""Seconds, source, target, line of the file."""


class Letter(NamedTuple):
    """A recorded message: seconds from the start of the replayed part, and the trace's names for the people."""

    at: float
    source: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The replayed part of a trace: its messages, and its people with the line that each of them is first on.

    People stand in order of first appearance in the messages, a source before its targets. `rows` is how many the trace
    has, `left_out` how many of them are not replayed, and `span` the seconds of its first and its last.
    """

    letters: tuple[Letter, ...]
    people: Mapping[str, int]
    rows: int = 0
    left_out: int = 0
    span: tuple[float, float] = (0.0, 0.0)


def read_letters(folder: Path, name: str, *, start: float, duration: float, most: int) -> Recorded:
    """Read the messages of [start, start + duration) seconds of the trace, plain or gzip, in order of time.

    The file need not be sorted: ties keep the order of its rows. Rows with the same source and seconds are one
    message, wherever they stand. Empty lines and those that begin with `#` are skipped. `most` is how many octets the
    file may have.

    Raises:
        InputError: the file cannot be read, or a line is not `source target seconds`.
    """
    everything = sorted(_rows(folder, name, most), key=itemgetter(0))
    rows = [row for row in everything if start <= row[0] < start + duration]
    found: dict[tuple[float, str], dict[str, None]] = {}
    lines: dict[str, int] = {}
    for seconds, source, target, line in rows:
        found.setdefault((seconds, source), {})[target] = None
        for person in (source, target):
            lines.setdefault(person, line)
    letters = tuple(Letter(seconds - start, source, tuple(targets)) for (seconds, source), targets in found.items())
    people = dict.fromkeys(person for letter in letters for person in (letter.source, *letter.targets))
    span = (everything[0][0], everything[-1][0]) if everything else (0.0, 0.0)
    first_lines = {person: lines[person] for person in people}
    return Recorded(letters, first_lines, len(everything), len(everything) - len(rows), span)


def strangers(recorded: Recorded, domains: Mapping[str, Domain]) -> list[str]:
    """The people whose names are no address of the scenario, in order of first appearance."""
    book = _Book(domains)
    return [person for person in recorded.people if book.address(person) is None]


def addresses_of(recorded: Recorded, domains: Mapping[str, Domain], users: Sequence[str]) -> dict[str, str]:
    """Everybody's address: their own one, or one of the users', dealt in order of first appearance.

    When there are more people to deal than users, the users are gone through again from the first one on.
    """
    book = _Book(domains)
    found = {person: book.address(person) for person in recorded.people}
    dealt = (person for person, address in found.items() if address is None)
    return {person: address for person, address in found.items() if address is not None} | {
        person: users[number % len(users)] for number, person in enumerate(dealt)
    }


class _Book:
    """The addresses of a scenario, found in whatever case they are written, as the hosts find their users."""

    def __init__(self, domains: Mapping[str, Domain]) -> None:
        self._domains = domains
        self._names: dict[str, dict[str, str]] = {}

    def address(self, person: str) -> str | None:
        """The address that a person's name is, as the scenario writes it; None if it has none such."""
        local, _, name = person.rpartition("@")
        domain = self._domains.get(name.lower())
        if not local or domain is None:
            return None
        if domain.mx == NULL_MX or local.lower() == POSTMASTER:
            return f"{local}@{domain.name}"
        names = self._names_of(domain)
        own = names.get(local) or names.get(local.lower())
        return None if own is None else f"{own}@{domain.name}"

    def _names_of(self, domain: Domain) -> dict[str, str]:
        """Its local-parts, by themselves, and by themselves in lower case."""
        if domain.name not in self._names:
            known = (*domain.users, *domain.lists, *domain.forwards, *domain.moved)
            self._names[domain.name] = {local.lower(): local for local in known} | {local: local for local in known}
        return self._names[domain.name]


def _rows(folder: Path, name: str, most: int) -> Iterator[_Row]:
    for number, line in enumerate(read_input(folder, name, most).decode("utf-8-sig", "replace").split("\n"), 1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        try:
            source, target, seconds = fields
            at = float(seconds)
        except ValueError:
            at = inf
        if not -inf < at < inf:
            raise InputError(
                f"{printable(name)}:{number}: line '{shown(line.strip())}' is no row of a trace:"
                " write `source target seconds`, the seconds a finite number"
            )
        yield at, source, target, number

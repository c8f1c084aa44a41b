"""Recorded mail: traces with a line `source target seconds` for each copy of a message.

People whose names in the trace are addresses of the scenario write and get their own mail. The SNAP collection's
temporal e-mail networks have this form, with numbers for people, who are dealt to the scenario's users.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from sim.scenario.inputs import InputError, printable, read_input
from sim.scenario.names import shown
from sim.scenario.resolve.address_owners import Owners, address_of

_FIELD = re.compile(r'"(?:[^"\\]|\\.)*"@\S+|\S+')
"""A field of a row; a quoted local part may hold spaces."""

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


def unknown_people(recorded: Recorded, owners: Owners) -> list[str]:
    """The people whose names are no address of the scenario, in order of first appearance."""
    return [person for person in recorded.people if _address(person, owners) is None]


def addresses_of(recorded: Recorded, owners: Owners, users: Sequence[str]) -> dict[str, str]:
    """Everybody's address: their own one, or one of the users', dealt in order of first appearance.

    When there are more people to deal than users, the users are gone through again from the first one on.
    """
    found = {person: _address(person, owners) for person in recorded.people}
    dealt = (person for person, address in found.items() if address is None)
    return {person: address for person, address in found.items() if address is not None} | {
        person: users[number % len(users)] for number, person in enumerate(dealt)
    }


def _address(person: str, owners: Owners) -> str | None:
    """The address that a person's name is, as the scenario writes it; None if it has none such."""
    address = address_of(person)
    if address is None or not owners.has(address):
        return None
    return str(owners.own(address))


def _rows(folder: Path, name: str, most: int) -> Iterator[_Row]:
    for number, line in enumerate(read_input(folder, name, most).decode("utf-8-sig", "replace").split("\n"), 1):
        fields = _FIELD.findall(line) if '"' in line else line.split()
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

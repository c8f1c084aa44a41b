"""Recorded mail: traces with a line `source target seconds` for each copy of a message.

The SNAP collection's temporal e-mail networks have this form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from sim.scenario.inputs import InputError, read_input

__all__ = ["Letter", "read_letters", "spread"]

_Row = tuple[float, str, str]
"""Seconds, source, target."""


class Letter(NamedTuple):
    """A recorded message: seconds from the start of the replayed part, and the trace's names for the people."""

    at: float
    source: str
    targets: tuple[str, ...]


def read_letters(folder: Path, name: str, *, start: float, duration: float) -> list[Letter]:
    """Read the messages of [start, start + duration) seconds of the trace, plain or gzip, in order of time.

    The file need not be sorted: ties keep the order of its rows. Rows with the same source and seconds are one
    message, wherever they stand. Empty lines and those that begin with `#` are skipped.

    Raises:
        InputError: the file cannot be read, or a line is not `source target seconds`.
    """
    rows = [row for row in _rows(folder, name) if start <= row[0] < start + duration]
    rows.sort(key=itemgetter(0))
    letters: dict[tuple[float, str], dict[str, None]] = {}
    for seconds, source, target in rows:
        letters.setdefault((seconds, source), {})[target] = None
    return [Letter(seconds - start, source, tuple(targets)) for (seconds, source), targets in letters.items()]


def spread(letters: Sequence[Letter], addresses: Sequence[str]) -> dict[str, str]:
    """Give each person of the letters an address, in order of first appearance (a source before its targets).

    When there are more people than addresses, the addresses are given out again from the first one on.
    """
    people: dict[str, None] = {}
    for letter in letters:
        people[letter.source] = None
        people.update(dict.fromkeys(letter.targets))
    return {person: addresses[number % len(addresses)] for number, person in enumerate(people)}


def _rows(folder: Path, name: str) -> Iterator[_Row]:
    for number, line in enumerate(read_input(folder, name).decode("utf-8", "replace").split("\n"), 1):
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
                f"{name}:{number}: line {line.strip()!r} is no row of a trace:"
                " write `source target seconds`, the seconds a finite number"
            )
        yield at, source, target

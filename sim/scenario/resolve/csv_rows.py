"""Rows of the CSV files that a scenario names, each with its line."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from sim.scenario.names import listing, shown, some
from sim.scenario.quantity import DURATION
from sim.scenario.spec.calendar import Start, instant

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{0,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its line in the file, and its values by column; empty where it has none."""

    line: int
    values: Mapping[str, str]


def csv_rows(
    text: str,
    needed: Sequence[str],
    optional: Sequence[str],
    wrong: Callable[[int, str], None],
    note: Callable[[str], None],
    *,
    instead: str = "",
) -> Iterator[Row]:
    """The rows of a CSV text whose first line names the columns, with commas, semicolons or tabs between them.

    Lines that begin with `#` are comments.

    Args:
        text: the file.
        needed: columns that it has to have.
        optional: columns that it may have; any other is said to be ignored.
        wrong: takes a mistake and its line.
        note: takes what is no mistake but worth knowing.
        instead: which columns another kind of trace has.
    """
    lines = ["\n" if line.startswith("#") else line for line in StringIO(text, newline="")]
    between = delimiter(next(filter(str.strip, lines), ""))
    reader = csv.reader(lines, delimiter=between, skipinitialspace=True)
    try:
        columns = [column.strip().lower() for column in next(filter(None, reader), [])]
        missing = [column for column in needed if column not in columns]
        if missing:
            there = some([shown(column) for column in columns]) or "nothing"
            wrong(1, f"no column {listing(missing)} ({there}): needed are {listing(needed)}{instead}")
            return
        others = [column for column in columns if column not in {*needed, *optional}]
        if others:
            note(f"columns of the trace that are ignored: {some([shown(column) for column in others])}")
        for fields in reader:
            if any(fields):
                values = dict(zip(columns, map(str.strip, fields), strict=False))
                yield Row(reader.line_num, {column: values.get(column, "") for column in (*needed, *optional)})
    except csv.Error as error:
        wrong(reader.line_num, f"not CSV ({error}): allowed are fields of at most {csv.field_size_limit()} characters")


def delimiter(first: str) -> str:
    """What stands between the fields of a CSV, by its first line: Excel writes semicolons where a comma is decimal."""
    return max(",;\t", key=first.count)


def moment(row: Row, column: str, start: Start, wrong: Callable[[int, str], None]) -> float | None:
    """A moment of a trace, in s from time 0 on: seconds, a duration, or a date and time; None where it is none."""
    text = row.values[column]
    try:
        return _moment(text, start)
    except ValueError as error:
        wrong(row.line, f"{column}: {error}")
        return None


def _moment(text: str, start: Start) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    if len(text) > 4 and text[:4].isdecimal() and text[4] == "-":
        return instant(text, start.zone) - start.at
    try:
        return DURATION.parse(text)
    except ValueError:
        raise ValueError(
            f"not a moment ({shown(text or None)}): allowed are seconds, durations such as 90 min, "
            "dates such as 2026-03-02 08:00"
        ) from None

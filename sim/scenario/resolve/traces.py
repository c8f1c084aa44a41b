"""Traces of outages and contacts: CSV whose rows are about a stretch of time; each mistake is said with its line."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple, TypeVar

from sim.scenario.findings import Findings
from sim.scenario.inputs import InputError, read_input
from sim.scenario.names import listing, shown, some
from sim.scenario.quantity import DURATION
from sim.scenario.spec.calendar import Start, instant

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{0,15})?", re.ASCII)

T = TypeVar("T")


class Row(NamedTuple):
    """A row: its line in the file, and its values by column; empty where it has none."""

    line: int
    values: Mapping[str, str]


class Stretch(NamedTuple):
    """What a trace says of a stretch of time: its line in the file, from when to when in s, and the rest."""

    line: int
    start: float
    end: float
    rate: float | None = None
    delay: float | None = None


class Trace:
    """The file that the key `trace` of a network names.

    Args:
        name: what the user calls it.
        text: what it holds.
        start: the instant of simulated time 0.
        findings: take mistakes, and what is worth knowing.
    """

    def __init__(self, name: str, text: str, start: Start, findings: Findings) -> None:
        self.text = text
        self.note = findings.note
        self._name = name
        self._start = start
        self._findings = findings

    @classmethod
    def read(cls, folder: Path, name: str, most: int, start: Start, findings: Findings) -> Trace | None:
        """The trace in a file of at most so many octets; None where that cannot be read, which is said."""
        try:
            return cls(name, read_input(folder, name, most).decode("utf-8-sig"), start, findings)
        except (InputError, UnicodeDecodeError) as error:
            reason = str(error) if isinstance(error, InputError) else f"{name}: not UTF-8: allowed is a CSV file"
            findings.error(("network", "trace"), reason)
            return None

    def wrong(self, line: int, message: str) -> None:
        """Say a mistake."""
        self._findings.error(("network", "trace"), f"{self._name}:{line}: {message}")

    def rows(self, needed: Sequence[str], optional: Sequence[str] = (), *, instead: str = "") -> Iterator[Row]:
        """The rows of a CSV whose first line names the columns, with commas, semicolons or tabs between them.

        Lines that begin with `#` are comments.

        Args:
            needed: columns that it has to have.
            optional: columns that it may have; any other is said to be ignored.
            instead: which columns another kind of trace has.
        """
        lines = ["\n" if line.startswith("#") else line for line in StringIO(self.text, newline="")]
        between = delimiter(next(filter(str.strip, lines), ""))
        reader = csv.reader(lines, delimiter=between, skipinitialspace=True)
        try:
            columns = [column.strip().lower() for column in next(filter(None, reader), [])]
            missing = [column for column in needed if column not in columns]
            if missing:
                there = some([shown(column) for column in columns]) or "nothing"
                self.wrong(1, f"no column {listing(missing)} ({there}): needed are {listing(needed)}{instead}")
                return
            others = [shown(column) for column in columns if column not in {*needed, *optional}]
            if others:
                self.note(f"columns of the trace that are ignored: {some(others)}")
            for fields in reader:
                if any(fields):
                    values = dict(zip(columns, map(str.strip, fields), strict=False))
                    yield Row(reader.line_num, {column: values.get(column, "") for column in (*needed, *optional)})
        except csv.Error as error:
            most = csv.field_size_limit()
            self.wrong(reader.line_num, f"not CSV ({error}): allowed are fields of at most {most} characters")

    def value(self, row: Row, column: str, parse: Callable[[str], T]) -> T | None:
        """What a row has in a column; None where that cannot be read, which is said."""
        try:
            return parse(row.values[column])
        except ValueError as error:
            self.wrong(row.line, f"{column}: {error}")
            return None

    def times(self, row: Row, what: str, columns: Sequence[str]) -> tuple[float, float] | None:
        """From when to when a row's outage or contact (`what`) lasts, in s; None where it does not say that."""
        start, end = (self.value(row, column, self._moment) for column in columns)
        if start is None or end is None:
            return None
        if start < end:
            return start, end
        texts, allowed = ", ".join(row.values[column] for column in columns), " < ".join(columns)
        self.wrong(row.line, f"{what} that ends before it begins ({texts}): allowed is {allowed}")
        return None

    def in_order(self, what: str, stretches: Sequence[Stretch]) -> list[Stretch]:
        """The stretches by time; that one overlaps another is a mistake."""
        ordered = sorted(stretches, key=lambda one: (one.start, one.line))
        last = None
        for one in ordered:
            if last is not None and one.start < last.end:
                self.wrong(one.line, f"this {what} overlaps the one on line {last.line}: allowed is one at a time")
            if last is None or one.end > last.end:
                last = one
        return ordered

    def _moment(self, text: str) -> float:
        """A moment in s from time 0 on: seconds, a duration, or a date and time."""
        if _NUMBER.fullmatch(text):
            return float(text)
        if len(text) > 4 and text[:4].isdecimal() and text[4] == "-":
            return instant(text, self._start.zone) - self._start.at
        try:
            return DURATION.parse(text)
        except ValueError:
            raise ValueError(
                f"not a moment ({shown(text or None)}): allowed are seconds, durations such as 90 min, "
                "dates such as 2026-03-02 08:00"
            ) from None


def delimiter(first: str) -> str:
    """What stands between the fields of a CSV, by its first line: Excel writes semicolons where a comma is decimal."""
    return max(",;\t", key=first.count)

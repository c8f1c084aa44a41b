"""The cells of measurements, and how a cell's measured and simulated values are compared: rows of a Markdown table.

A lossless median holds within 3% + 2 ms; the mean and median of a lossy cell within 10% and its 95th percentile within
20%, or within the measurement's own 95% interval; sessions that share a line by their means within 15% and 95th
percentiles within 25%; after an outage the same outcome, and the end within 30%; means over several links or relays
within 10%. Where losses come in bursts of packets, what was measured is one of the middle 95% of what as many simulated
sessions give.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from sim.study.session_times import Case

__all__ = [
    "HEAD",
    "STATISTICS",
    "Cells",
    "among",
    "case",
    "cells",
    "compared",
    "interval",
    "line",
    "lossless",
    "scattered",
]

HEAD = "| cell | what | measured | simulated | off | holds |\n|---|---|---|---|---|---|"

_PROGRAMS = {"source": "smtp-source", "sink": "smtp-sink"}
"""What the measurements call a client or a server, as `mtasim session` names them."""

_ADDED = {"smtp-source": 120, "postfix": 250, "postfix-nopipe": 250, "exim": 254}
"""How many bytes a program adds to what it is given: the header, or a trace field."""


def case(kind: str, size: str | int, **settings: Any) -> Case:
    """Sessions of a client and a server, as measurements call the two, with a message of so many bytes."""
    client, _, server = kind.rpartition("-")
    if kind in {"postfix", "postfix-nopipe"}:
        client, server = kind, "postfix"
    client = _PROGRAMS.get(client, client)
    return Case(client=client, server=_PROGRAMS.get(server, server), size=int(size) + _ADDED.get(client, 0), **settings)


Row = dict[str, str]
Cells = dict[tuple[str, ...], list[Row]]


def cells(folder: Path, name: str, *keys: str) -> Cells:
    """The rows of a table by what its cells differ in; none where there is no such table."""
    found: Cells = {}
    if not (folder / name).exists():
        return found
    with (folder / name).open() as file:
        for row in csv.DictReader(file):
            found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def line(cell: str, what: str, measured: float, simulated: float, *, holds: bool, unit: str = " ms") -> str:
    """A row of the table."""
    off = (simulated / measured - 1) * 100 if measured else 0.0
    word = "yes" if holds else "**no**"
    return f"| {cell} | {what} | {measured:.1f}{unit} | {simulated:.1f}{unit} | {off:+.1f}% | {word} |"


def lossless(cell: str, measured: float, simulated: float) -> str:
    """The median of a cell without loss."""
    return line(cell, "median", measured, simulated, holds=abs(simulated - measured) <= 0.03 * measured + 2)


def compared(
    cell: str,
    measured: Sequence[float],
    simulated: Sequence[float],
    *,
    mean: float,
    p95: float | None = None,
    unit: str = " ms",
) -> Iterator[str]:
    """Mean, median and 95th percentile of a cell, with what each may be off; the mean alone without `p95`."""
    ours, theirs = float(np.mean(simulated)), float(np.mean(measured))
    error = 1.96 * float(np.std(measured, ddof=1)) / math.sqrt(len(measured))
    yield line(cell, "mean", theirs, ours, holds=abs(ours - theirs) <= max(mean * theirs, error), unit=unit)
    if p95 is None:
        return
    for level, share in ((0.5, mean), (0.95, p95)):
        ours, theirs = float(np.quantile(simulated, level)), float(np.quantile(measured, level))
        low, high = interval(measured, level)
        holds = abs(ours - theirs) <= share * theirs or low <= ours <= high
        yield line(cell, "median" if level == 0.5 else "95%", theirs, ours, holds=holds)


def scattered(cell: str, measured: Sequence[float], batches: Sequence[Sequence[float]]) -> Iterator[str]:
    """`STATISTICS` of a cell where rare sessions are so long that no mean settles.

    A cell holds where what was measured is one of the middle 95% of as many sessions simulated again and again.
    """
    for what, tell in STATISTICS.items():
        theirs = tell(measured)
        middle, holds = among(theirs, [tell(batch) for batch in batches])
        yield line(cell, what, theirs, middle, holds=holds, unit="" if what == "failed" else " ms")


def _done(sessions: Sequence[float]) -> list[float]:
    return [x for x in sessions if x < math.inf]


STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": lambda sessions: float(np.mean(_done(sessions))),
    "median": lambda sessions: float(np.median(_done(sessions))),
    "95%": lambda sessions: float(np.quantile(_done(sessions), 0.95)),
    "longest": lambda sessions: max(_done(sessions)),
    "failed": lambda sessions: float(len(sessions) - len(_done(sessions))),
}
"""What is told of the sessions of a cell, of which some may have failed (infinity)."""


def among(theirs: float, ours: Sequence[float]) -> tuple[float, bool]:
    """The middle one of many values, and whether another is one of the middle 95% of them, or within 10% of that."""
    low, middle, high = (float(x) for x in np.quantile(ours, [0.025, 0.5, 0.975]))
    return middle, low <= theirs <= high or abs(middle - theirs) <= 0.1 * theirs


def interval(values: Sequence[float], level: float) -> tuple[float, float]:
    """The 95% interval of a quantile, by order statistics."""
    ordered, n = sorted(values), len(values)
    low, high = stats.binom.ppf([0.025, 0.975], n, level)
    return ordered[max(int(low) - 1, 0)], ordered[min(int(high), n - 1)]

"""The cells of measurements, and how a cell's measured and simulated values are compared: rows of a Markdown table.

A lossless median holds within 3% + 2 ms; the mean and median of a lossy cell within 10% and its 95th percentile within
20%, or within the measurement's own 95% interval; sessions that share a line by their means within 15% and 95th
percentiles within 25%; after an outage the same outcome, and the end within 30%; means over several links or relays
within 10%.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy import stats

__all__ = ["HEAD", "PAIRS", "Cells", "cells", "compared", "line", "lossless"]

HEAD = "| cell | what | measured | simulated | off | holds |\n|---|---|---|---|---|---|"

PAIRS = {
    "source-sink": ("smtp-source", "smtp-sink"),
    "postfix": ("postfix", "postfix"),
    "postfix-nopipe": ("postfix-nopipe", "postfix"),
    "smtplib-postfix": ("smtplib", "postfix"),
    "smtplib-sink": ("smtplib", "smtp-sink"),
}
"""What the measurements call a client and a server, as `mtasim session` names them."""

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
        low, high = _interval(measured, level)
        holds = abs(ours - theirs) <= share * theirs or low <= ours <= high
        yield line(cell, "median" if level == 0.5 else "95%", theirs, ours, holds=holds)


def _interval(values: Sequence[float], level: float) -> tuple[float, float]:
    """The 95% interval of a quantile, by order statistics."""
    ordered, n = sorted(values), len(values)
    low, high = stats.binom.ppf([0.025, 0.975], n, level)
    return ordered[max(int(low) - 1, 0)], ordered[min(int(high), n - 1)]

"""By how much do architectures differ?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from sim.report.figure import GRID, INK, MUTED, axes, colours, legend, literal, nothing
from sim.results.human_units import together
from sim.results.intervals import Interval, paired
from sim.results.metrics import HEADLINE, METRICS

_REACH = 215.0
"""Percent: no mean lies beyond 200, and intervals that do run off the frame."""

_SIDE = 20
"""Longer names do not fit into one side of the frame; the title has them."""


def paired_differences(
    measures: pd.DataFrame, metrics: Sequence[str] = HEADLINE, ax: Axes | None = None, *, confidence: float = 0.95
) -> Axes:
    """By how much does the first architecture differ from the others, and is it more than chance?

    A row a metric, a mark an other architecture: the mean of first - other within a replication and its interval, in
    percent of the mean of the two (so it stays within -200 and 200). A hollow mark is no difference shown: its
    interval holds 0.

    Args:
        measures: the frame that `metrics.measure` makes.
        metrics: which of its columns, top to bottom; those that are undefined or 0 everywhere are left out.
        ax: where to draw; a new figure when not given.
        confidence: of the intervals.
    """
    runs = {str(name): part.droplevel(0) for name, part in measures.groupby(level=0, sort=False)}
    first, *others = runs or [""]
    found = {metric: row for metric in metrics if (row := _row(runs, metric, first, others, confidence))}
    names = colours(runs)
    height = 1.6 + len(found) * (0.24 + 0.12 * max(len(others), 1)) + 0.1 * len(others)
    ax = axes(ax, _title(first, others), width=8.2, height=height)
    if not found:
        return nothing(ax, "one architecture: nothing to compare" if not others else "no difference to show")
    for y, (metric, row) in enumerate(found.items()):
        for nth, other in enumerate(others):
            if other in row:
                at = y + (nth - (len(others) - 1) / 2) * 0.6 / len(others)
                _mark(ax, at, row[other], names[other])
                if len(others) == 1:
                    _say(ax, at, row[other][0], metric)
    _frame(ax, list(found), first, others, names)
    return ax


def _title(first: str, others: Sequence[str]) -> str:
    whom = others[0] if len(others) == 1 else "the others"
    return literal(f"How {first} differs from {whom}")


def _row(
    runs: dict[str, pd.DataFrame], metric: str, first: str, others: Sequence[str], confidence: float
) -> dict[str, tuple[Interval, float]]:
    """Other architecture -> the difference and the size that it is a percentage of; only where both are defined."""
    row = {}
    for other in others:
        a, b = runs[first][metric].align(runs[other][metric], join="inner")
        difference = paired(a, b, confidence)
        size = (abs(a).mean() + abs(b).mean()) / 2
        if difference.n and size:
            row[other] = (difference, float(size) / 100)
    return row


def _mark(ax: Axes, y: float, cell: tuple[Interval, float], colour: str) -> None:
    difference, size = cell
    shown = difference.low > 0 or difference.high < 0 or difference.mean == difference.low != 0
    ax.plot([difference.low / size, difference.high / size], [y, y], color=colour, linewidth=2, solid_capstyle="butt")
    face = colour if shown else "white"
    ax.plot(difference.mean / size, y, "o", markersize=6, markerfacecolor=face, markeredgecolor=colour)


def _say(ax: Axes, y: float, difference: Interval, metric: str) -> None:
    """The difference in the metric's own unit, at the right edge."""
    what = METRICS[metric]
    size, low, high = together([difference.mean, difference.low, difference.high], what.unit, max(what.decimals, 1))
    text = f"{size.replace(' %', ' points')}  [{low}, {high}]"
    ax.text(1.02, y, text, transform=ax.get_yaxis_transform(), va="center", fontsize=8, color=INK)


def _frame(ax: Axes, metrics: Sequence[str], first: str, others: Sequence[str], colour: dict[str, str]) -> None:
    better = {"higher": " (more is better)", "lower": " (less is better)", "": ""}
    labels = [METRICS[metric].label + better[METRICS[metric].better] for metric in metrics]
    ax.set_yticks(range(len(metrics)), labels, fontsize=8.5)
    ax.set_ylim(len(metrics) - 0.4, -0.9)
    ends = [abs(float(x)) for x in ax.dataLim.intervalx if math.isfinite(x)]
    reach = min(max([1.0, *ends]) * 1.1, _REACH)
    ax.set_xlim(-reach, reach)
    ax.axvline(0, color=MUTED, linewidth=1)
    ax.grid(axis="x", color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    for x, align, text in ((0.015, "left", "less"), (0.985, "right", "more")):
        side = literal(f"{text} under {first}" if len(first) <= _SIDE else text)
        ax.text(x, -0.62, side, ha=align, fontsize=8, color=MUTED, transform=ax.get_yaxis_transform())
    ax.set_xlabel("difference in % of the mean of the two, paired by replication, with interval")
    if len(others) > 1:
        for other in others:
            ax.plot([], [], "o-", color=colour[other], label=f"from {literal(other)}")
        legend(ax, columns=2, below=True)

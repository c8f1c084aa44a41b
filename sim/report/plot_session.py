"""How long does a session take?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from sim.report.figure import axes, nothing, shares_over_time
from sim.results.store import writing


def session_distribution(
    durations: Sequence[float], n: int, ax: Axes | None = None, *, end: str = "the 250 after the data"
) -> Axes:
    """How long does a session take? The share of sessions that were over within a time.

    Args:
        durations: of the sessions that came to their end, in s.
        n: how many there were; those that did not end keep the curve below 100 %.
        ax: where to draw; a new figure when not given.
        end: what ends a session.
    """
    ax = axes(ax, "How long a session takes")
    known = np.sort(np.asarray(durations, dtype="float64"))
    if not known.size:
        return nothing(ax, "no session came to its end")
    low, high = max(float(known[0]) / 1.5, 1e-4), float(known[-1]) * 2
    share = np.arange(1, known.size + 1) * 100 / n
    ax.step([low, *known, high], [0.0, *share, share[-1]], where="post", color="#4477aa", linewidth=1.8)
    time = f"time from the first SYN to {end}"
    shares_over_time(ax, low, high, time=time, shares="sessions over by then (% of all)")
    return ax


def write(durations: Sequence[float], n: int, path: Path, *, end: str) -> None:
    """Draw it into a file; the kind of picture is that of the file's name."""
    with writing(path):
        session_distribution(durations, n, end=end).figure.canvas.figure.savefig(path, facecolor="white")

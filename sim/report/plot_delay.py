"""How long does mail take, to its mailbox and to its reader, where does the time go, and what becomes of the copies?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from sim.report.figure import (
    INK,
    ON_FILL,
    axes,
    colours,
    legend,
    literal,
    names,
    nothing,
    percent,
    shares_over_time,
    thin,
    time_unit,
)
from sim.results.human_units import human
from sim.results.outcomes import CopyOutcome, Step

_POINTS = 500
_PARTS: Mapping[str, tuple[str, str]] = {
    "queue_s": ("waiting for a first try", "#77aadd"),
    "retry_s": ("waiting to try again", "#ee8866"),
    "contact_s": ("making contact", "#eedd88"),
    "transfer_s": ("mail data on the way", "#44bb99"),
    "service_s": ("work in hosts", "#c9a6d8"),
}
_STEPS: Mapping[Step, tuple[str, str]] = {
    Step.SUBMITTED: ("handing it in", "#77aadd"),
    Step.ACCEPTED: ("from host to host", "#99ddff"),
    Step.STORED: ("into the mailbox", "#c9a6d8"),
    Step.ANNOUNCED: ("until a device is told", "#ee8866"),
    Step.FETCHED: ("to the device", "#44bb99"),
    Step.READ: ("until it is read", "#eedd88"),
}
"""What the time before a step is spent on; each begins where the one before was taken."""
_OUTCOMES: Mapping[CopyOutcome, str] = {
    CopyOutcome.DELIVERED: "#44bb99",
    CopyOutcome.QUEUED: "#eedd88",
    CopyOutcome.IN_TRANSFER: "#77aadd",
    CopyOutcome.SUBMITTED: "#dddddd",
    CopyOutcome.BOUNCED: "#ee8866",
    CopyOutcome.EXPIRED: "#bbbbbb",
    CopyOutcome.LOST: "#e06c84",
}


def delay_distribution(copies: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """How long does mail take? A curve an architecture: which share of all copies arrived within a time.

    Copies that never arrived are counted too, so a curve stays below 100 % by their share.

    Args:
        copies: the copies table; `result.user_copies` leaves delivery reports out. Replications are taken together.
        ax: where to draw; a new figure when not given.
    """
    ax = axes(ax, "How long mail takes")
    if copies.empty:
        return nothing(ax, "no mail")
    return _curves(ax, copies, copies["ended_s"].where(copies["outcome"] == CopyOutcome.DELIVERED), "delivered")


def time_to_read(copies: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """How long until mail is read? A curve an architecture: which share of all copies was read within a time.

    Args:
        copies: the copies table; `result.user_copies` leaves delivery reports out. Replications are taken together.
        ax: where to draw; a new figure when not given.
    """
    ax = axes(ax, "How long until mail is read")
    read = copies[Step.READ.column]
    return _curves(ax, copies, read, "read") if read.notna().any() else nothing(ax, "no mail was read")


def _curves(ax: Axes, copies: pd.DataFrame, ends: pd.Series[float], what: str) -> Axes:
    """A curve an architecture, of all copies: the share that had come to such an end (NaN: none) within a time."""
    spent = (ends - copies["created_s"]).groupby(copies["architecture"], sort=False)
    delays = {name: np.sort(part.dropna().to_numpy()) for name, part in spent}
    known = np.concatenate(list(delays.values()))
    positive = known[known > 0]
    low, high = (float(positive.min()), float(positive.max())) if positive.size else (1.0, 60.0)
    low, high = max(low / 1.5, 1e-4), high * 2
    totals = copies["architecture"].value_counts()
    over = len(delays)
    for name, colour in colours(names(copies)).items():
        found, over = delays[name], over - 1
        picked = np.array(thin(found.size, _POINTS), dtype=np.int64)
        x = np.concatenate([[low], np.maximum(found[picked], low), [high]])
        y = np.concatenate([[0.0], picked + 1.0, [float(found.size)]]) * 100 / float(totals[name])
        label = f"{literal(name)}: {percent(float(y[-1]))} {what}"
        # Each curve is wider than those over it, so that one that is the same is still seen.
        ax.step(x, y, where="post", color=colour, linewidth=1.8 + 1.6 * min(over, 3), label=label)
    shares_over_time(ax, low, high, time="time since creation", shares=f"copies {what} by then (% of all)")
    legend(ax)
    return ax


def time_budget(copies: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Where does the time go? A bar an architecture: the mean delay of a delivered copy in its five parts.

    Bars are as long as the delays, or all equally long (shares) where delays are more than ten times apart.

    Args:
        copies: the copies table; `result.user_copies` leaves delivery reports out.
        ax: where to draw; a new figure when not given.
    """
    means = copies[copies["outcome"] == CopyOutcome.DELIVERED].groupby("architecture", sort=False)[list(_PARTS)].mean()
    ax = axes(ax, "Where the time goes, a delivered copy", height=1.7 + 0.55 * max(len(means), 1))
    if means.empty or not (means > 0).to_numpy().any():
        return nothing(ax, "no mail was delivered" if means.empty else "every delivery took no time")
    return _budget(ax, means, _PARTS)


def hand_to_eye(copies: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Where does the time go, from the writer's hand to the reader's eye? A bar an architecture: the mean copy read.

    A step that was not taken (a writer without a device hands nothing in) takes no time.

    Args:
        copies: the copies table; `result.user_copies` leaves delivery reports out.
        ax: where to draw; a new figure when not given.
    """
    read = copies[copies[Step.READ.column].notna()]
    times = read[["created_s", *(step.column for step in _STEPS)]].ffill(axis=1).cummax(axis=1)
    spent = times.diff(axis=1).drop(columns="created_s").set_axis([*_STEPS], axis=1)
    means = spent.groupby(read["architecture"], sort=False).mean()
    ax = axes(ax, "From hand to eye, a copy that was read", height=1.7 + 0.55 * max(len(means), 1))
    if means.empty or not (means > 0).to_numpy().any():
        return nothing(ax, "no mail was read" if means.empty else "all was read at once")
    return _budget(ax, means, _STEPS)


def _budget(ax: Axes, means: pd.DataFrame, parts: Mapping[Any, tuple[str, str]]) -> Axes:
    """Bars of mean times, s: a row an architecture, a column a part with its label and colour."""
    totals = means.sum(axis=1)
    shares = totals.max() > 10 * totals[totals > 0].min()
    scale = totals.where(totals > 0, 1.0) / 100 if shares else pd.Series(1.0, index=means.index)
    longest = float((totals / scale).max())
    lengths, shown = means.div(scale, axis=0), means.to_numpy()
    starts = _stack(ax, lengths, parts, 0.62)
    ax.invert_yaxis()
    for (row, part), size in np.ndenumerate(lengths.to_numpy()):
        if size > 0.075 * longest:
            middle, text = starts.iloc[row, part] + size / 2, human(float(shown[row, part]), "s")
            ax.text(middle, row, text, ha="center", va="center", fontsize=8, color=ON_FILL)
    for row, (total, length) in enumerate(zip(totals, totals / scale, strict=True)):
        ax.text(length + longest * 0.012, row, human(total, "s"), va="center", fontsize=9, color=INK, fontweight="bold")
    ax.set_xlim(0, longest * 1.14)
    _time_or_share(ax, longest, shares=bool(shares))
    legend(ax, columns=3, below=True)
    return ax


def _time_or_share(ax: Axes, longest: float, *, shares: bool) -> None:
    if shares:
        ax.set_xticks([0, 25, 50, 75, 100])
        ax.set_xlabel("share of the mean delay (%); the mean itself at the right")
        return
    size, unit = time_unit(longest)
    ax.xaxis.set_major_formatter(lambda at, _: f"{at / size:g}")
    ax.set_xticks(_even(longest / size) * size)
    ax.set_xlabel(f"mean delay ({unit})")


def _even(top: float) -> npt.NDArray[np.float64]:
    step = 10 ** np.floor(np.log10(top))
    step *= next(part for part in (0.2, 0.5, 1.0, 2.0) if top / (step * part) <= 7)
    return np.arange(0, top + step / 1e6, step)


def _stack(ax: Axes, lengths: pd.DataFrame, looks: Mapping[Any, tuple[str, str]], height: float) -> pd.DataFrame:
    """Stacked horizontal bars, a row each, a part for each column with its label and colour; where each part begins."""
    starts = lengths.cumsum(axis=1).shift(axis=1, fill_value=0.0)
    for part, (label, colour) in looks.items():
        ax.barh(range(len(lengths)), lengths[part], left=starts[part], height=height, color=colour, label=label)
    ax.set_yticks(range(len(lengths)), [literal(str(name)) for name in lengths.index])
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return starts


def outcomes(copies: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """What becomes of the mail? A bar an architecture: the shares delivered, under way, bounced, expired and lost.

    Args:
        copies: the copies table; `result.user_copies` leaves delivery reports out.
        ax: where to draw; a new figure when not given.
    """
    ax = axes(ax, "What becomes of the mail", height=1.9 + 0.7 * max(copies["architecture"].nunique(), 1))
    if copies.empty:
        return nothing(ax, "no mail")
    counts = pd.crosstab(copies["architecture"], copies["outcome"]).reindex(names(copies))
    known = [name for name in _OUTCOMES if name in counts]
    shares = counts.div(counts.sum(axis=1), axis=0) * 100
    _stack(ax, shares[known], {name: (name, _OUTCOMES[name]) for name in known}, 0.5)
    for row in range(len(counts)):
        done = CopyOutcome.DELIVERED
        delivered = f"{percent(shares[done].iloc[row])} {done}" if done in counts else f"none {done}"
        rest = [f"{counts[name].iloc[row]:,} {name}" for name in known if name != done and counts[name].iloc[row]]
        text = ax.text(0, row - 0.29, ", ".join([delivered, *rest]), ha="left", va="bottom", fontsize=8, color=INK)
        text.set_in_layout(False)
    ax.set_ylim(len(shares) - 0.6, -0.75)
    ax.set_xlim(0, 100)
    ax.set_xlabel("copies (%), all replications together")
    legend(ax, columns=3, below=True)
    return ax

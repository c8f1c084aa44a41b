"""How long are the queues?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from sim.report.figure import MUTED, axes, legend, literal, nothing, queue_over_time, time_unit

_BINS = 400
_SHOWN = 5
_LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#a6761d")
_STYLES = ("-", "--", "-.", ":")


def queue_length(
    queues: pd.DataFrame,
    hosts: Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    architecture: str | None = None,
    replication: int | None = None,
) -> Axes:
    """How long are the queues? A step line a host, the other hosts' sum as a band behind.

    Lines show the longest queue within each 400th of the time, so that no peak is lost in drawing.

    Args:
        queues: the queues table.
        hosts: which hosts get a line; the five with the longest queues when not given.
        ax: where to draw; a new figure when not given.
        architecture: whose queues; the first of the table when not given.
        replication: of which replication; the first when not given.
    """
    queues = _only(_only(queues, "architecture", architecture), "replication", replication)
    title = (
        "Queues under {architecture}, replication {replication}".format(**queues.iloc[0]) if len(queues) else "Queues"
    )
    ax = axes(ax, literal(title), height=3.6)
    if queues.empty:
        return nothing(ax, "no message was ever queued")
    peaks = queues.groupby("host", sort=False)["messages"].max().sort_values(ascending=False, kind="stable")
    shown = list(hosts) if hosts is not None else [str(host) for host in peaks[peaks > 0].index[:_SHOWN]]
    first, last = float(queues["time_s"].min()), float(queues["time_s"].max())
    edges = np.linspace(first, last if last > first else first + 1.0, _BINS + 1)
    series = {str(host): _binned(part, edges) for host, part in queues.groupby("host", sort=False)}
    _draw(ax, edges, series, shown)
    return ax


def queue_states(steps: pd.DataFrame, words: Mapping[str, str], ax: Axes | None = None) -> Axes:
    """Where do the messages of a queue stand? An area a state, one upon the other.

    Args:
        steps: a host's `queue_timeline`.
        words: what its states are called, the lowest area first.
        ax: where to draw; a new figure when not given.
    """
    ax = axes(ax, "A queue by state", height=3.6)
    if steps.empty:
        return nothing(ax, "no message was ever queued")
    size, unit = time_unit(float(steps["time_s"].iloc[-1]))
    shown = [state for state in words if steps[state].any()]
    if shown:
        colours = [_LINES[list(words).index(state)] for state in shown]
        ax.stackplot(
            steps["time_s"].to_numpy() / size,
            *(steps[state].to_numpy() for state in shown),
            labels=[literal(words[state]) for state in shown],
            colors=colours,
            step="post",
        )
        legend(ax, columns=5, below=True)
    queue_over_time(ax, unit)
    return ax


def _draw(
    ax: Axes, edges: npt.NDArray[np.float64], series: dict[str, list[npt.NDArray[np.float64]]], shown: list[str]
) -> None:
    size, unit = time_unit(float(edges[-1]))
    others = [ends for host, (_, ends) in series.items() if host not in shown]
    if others:
        total = np.sum(others, axis=0)
        label = f"{len(others)} other host{'s' if len(others) > 1 else ''}, sum"
        ax.fill_between(
            edges / size, np.append(total, total[-1]), step="post", color=MUTED, alpha=0.25, linewidth=0, label=label
        )
    for nth, host in enumerate(shown):
        if host in series:
            peak = series[host][0]
            colour, style = _LINES[nth % len(_LINES)], _STYLES[nth // len(_LINES) % len(_STYLES)]
            label = f"{literal(host)} (at most {peak.max():.0f})"
            ax.step(
                edges / size,
                np.append(peak, peak[-1]),
                where="post",
                color=colour,
                linestyle=style,
                linewidth=1.3,
                label=label,
            )
    ax.set_xlim(edges[0] / size, edges[-1] / size)
    queue_over_time(ax, unit)
    if ax.get_legend_handles_labels()[1]:
        legend(ax, columns=3, below=True)


def _only(queues: pd.DataFrame, column: str, value: str | int | None) -> pd.DataFrame:
    """The rows with that value, or with the first row's when None."""
    if value is None and len(queues):
        value = queues[column].iloc[0]
    return queues[queues[column] == value]


def _binned(steps: pd.DataFrame, edges: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    """A step series in bins: the largest value that held at any time within each bin, and the value at its end."""
    time, value = steps["time_s"].to_numpy(), steps["messages"].to_numpy(dtype="float64")
    bins = np.minimum(np.searchsorted(edges, time, side="right") - 1, len(edges) - 2)
    last = np.searchsorted(bins, np.arange(len(edges) - 1), side="right") - 1
    ends = np.where(last >= 0, value[np.maximum(last, 0)], 0.0)
    peak = np.concatenate([[0.0], ends[:-1]])
    np.maximum.at(peak, bins, value)
    return [peak, ends]

"""What all plots share: axes without any global state, colours, time scales, labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

INK = "#1f2328"
MUTED = "#59636f"
GRID = "#d3d7dc"
"""Text and frame, lesser text, grid: the report replaces these three by the reader's light or dark scheme."""
ON_FILL = "#14171a"
"""Text on a filled bar, whose colour is light in either scheme."""

_ARCHITECTURES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#808080")
_TICKS = (
    (1e-3, "1 ms"),
    (1e-2, "10 ms"),
    (1e-1, "100 ms"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3600.0, "1 h"),
    (21600.0, "6 h"),
    (86400.0, "1 d"),
    (604800.0, "1 wk"),
    (2592000.0, "30 d"),
)
_FINE_TICKS = tuple(
    (round(size * count, 9), f"{count} {name}")
    for size, name, most in (
        (1e-3, "ms", 1000),
        (1.0, "s", 60),
        (60.0, "min", 60),
        (3600.0, "h", 24),
        (86400.0, "d", 100),
    )
    for count in (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700)
    if count < most
)
"""For axes on which there are fewer than three of the others."""
_NO_WIDTH = "\u200b"
_UNITS = ((2 * 86400.0, 86400.0, "d"), (2 * 3600.0, 3600.0, "h"), (120.0, 60.0, "min"))


def axes(ax: Axes | None, title: str, *, width: float = 7.4, height: float = 4.0) -> Axes:
    """The axes given, or those of a new figure of that size in inches, plainly framed and titled."""
    if ax is None:
        ax = Figure(figsize=(width, height), layout="constrained").add_subplot()
        ax.figure.set_facecolor("none")
    ax.set_facecolor("none")
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(colors=INK, labelsize=9)
    ax.xaxis.label.set(color=INK, fontsize=9)
    ax.yaxis.label.set(color=INK, fontsize=9)
    return ax


def names(frame: pd.DataFrame) -> list[str]:
    """The architectures of a table in order of first appearance."""
    return [str(name) for name in frame["architecture"].drop_duplicates()]


def colours(architectures: Iterable[str]) -> dict[str, str]:
    """A colour for each architecture, by its place in the scenario; colour-blind eyes tell them apart (Okabe, Ito)."""
    return {name: _ARCHITECTURES[i % len(_ARCHITECTURES)] for i, name in enumerate(architectures)}


def literal(text: str) -> str:
    """The text as it is: matplotlib takes dollar signs for mathematics, and legends leave out what begins with `_`."""
    return (_NO_WIDTH if text.startswith("_") else "") + text.replace("$", r"\$")


def percent(share: float) -> str:
    """A share in percent; only all of it is 100 %."""
    return f"{share if share >= 100 else min(share, 99.99):.4g} %"


def _log_time(ax: Axes, low: float, high: float) -> None:
    """Make x a logarithmic time axis from `low` to `high` seconds (both > 0) with ticks that people read."""
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    coarse, fine = ([(at, name) for at, name in ticks if low <= at <= high] for ticks in (_TICKS, _FINE_TICKS))
    shown = coarse if len(coarse) > 2 or len(fine) > 12 else fine
    ax.xaxis.set_major_locator(FixedLocator([at for at, _ in shown]))
    ax.xaxis.set_minor_locator(NullLocator())
    texts = dict(shown)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda at, _: texts.get(at, "")))


def time_unit(span: float) -> tuple[float, str]:
    """The unit that a linear time axis of `span` seconds is read in: its seconds, its name."""
    return next(((size, name) for least, size, name in _UNITS if span >= least), (1.0, "s"))


def shares_over_time(ax: Axes, low: float, high: float, *, time: str, shares: str) -> None:
    """Make x a logarithmic time axis from `low` to `high` s, and y one of shares in percent; both with their names."""
    ax.axhline(100, color=MUTED, linewidth=0.8, linestyle=":")
    ax.set_ylim(0, 104)
    _log_time(ax, low, high)
    ax.grid(color=GRID, linewidth=0.6)
    ax.set_xlabel(f"{time} (logarithmic)")
    ax.set_ylabel(shares)


def queue_over_time(ax: Axes, unit: str) -> None:
    """Make x the time of the run in that unit, and y messages in a queue."""
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_xlabel(f"simulated time ({unit})")
    ax.set_ylabel("messages in the queue")


def legend(ax: Axes, columns: int = 1, *, below: bool = False, title: str | None = None) -> None:
    """A plain legend inside the axes where there is room, or below them."""
    found = ax.legend(frameon=False, fontsize=9, labelcolor=INK, ncols=columns, title=title, loc="best")
    found.get_title().set(color=MUTED, fontsize=9)
    if below:
        gap = 0.5 if ax.axison else 0.05
        found.set_loc("upper center")
        inches = ScaledTranslation(0, -gap, ax.figure.dpi_scale_trans)
        found.set_bbox_to_anchor((0.5, 0), transform=ax.transAxes + inches)


def nothing(ax: Axes, text: str) -> Axes:
    """Axes that only say why there is nothing to see."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, fontsize=10, transform=ax.transAxes)
    return ax


def thin(count: int, most: int) -> Sequence[int]:
    """At most `most` indices of `count` items, evenly spread, the first and the last among them."""
    if count <= most:
        return range(count)
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]

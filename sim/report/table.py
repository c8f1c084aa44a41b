"""The summary for the terminal: a table of metrics and intervals, and what the differences say, in sentences."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.results.metrics import HEADLINE, METRICS
from sim.results.summary import cells, difference_cells, no_difference, sentence, shown


def table(summary: Mapping[str, Any], metrics: Sequence[str] = HEADLINE) -> Table:
    """A row a metric: each architecture's mean and interval and, of exactly two, the paired difference.

    Args:
        summary: what `summarise` makes.
        metrics: which, from top to bottom.
    """
    architectures, differences = summary["architectures"], summary["differences"]
    percent = f"{summary['confidence'] * 100:g}%"
    found = Table(caption=f"mean over the replications [{percent} interval]", caption_justify="left", box=box.MARKDOWN)
    found.add_column("metric")
    for name in architectures:
        found.add_column(name, justify="right", overflow="fold")
    if len(differences) == 1:
        found.add_column("difference", justify="right")
    for metric in shown(metrics, summary):
        entries = [entries[metric] for entries in architectures.values()]
        compared = [pair["metrics"][metric] for pair in differences] if len(differences) == 1 else []
        row = [*(cells(entry, metric) for entry in entries), *(difference_cells(entry, metric) for entry in compared)]
        found.add_row(METRICS[metric].label, *("\n".join(filter(None, cell)) for cell in row))
    return found


def sentences(summary: Mapping[str, Any], metrics: Sequence[str] = HEADLINE) -> Iterator[tuple[str, str, list[str]]]:
    """For each pair of architectures (a, b) what their differences say, those that show one first.

    Metrics that show no difference for the same reason share a sentence.
    """
    for pair in summary["differences"]:
        a, b, found = pair["a"], pair["b"], pair["metrics"]
        said: list[str] = []
        rest: dict[str, list[str]] = {}
        for metric in shown(metrics, summary):
            why_not = no_difference(found[metric])
            if why_not:
                rest.setdefault(why_not, []).append(METRICS[metric].label)
            else:
                said.append(sentence(metric, found[metric], a, b, summary["confidence"]))
        yield a, b, [*said, *(f"{why_not}: {', '.join(labels)}" for why_not, labels in rest.items())]


def text(summary: Mapping[str, Any], *, every: bool = False, width: int = 100) -> str:
    """The table and the sentences as plain text.

    Args:
        summary: what `summarise` makes.
        every: all metrics instead of the main ones.
        width: columns of the terminal.
    """
    metrics = list(METRICS) if every else HEADLINE
    written = io.StringIO()
    out = Console(file=written, width=width, highlight=False, markup=False, no_color=True)
    out.print(table(summary, metrics))
    for a, b, found in sentences(summary, metrics):
        out.print(f"\n{a} against {b}, paired by replication:")
        for line in found:
            out.print(Padding(Text(f"- {line}"), (0, 0, 0, 2)))
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()).strip("\n") + "\n"

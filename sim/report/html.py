"""The report: one HTML file that holds everything, figures and style too, and asks nothing of any server."""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, cast

import jinja2
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from ruamel.yaml import YAML

from sim import arguments
from sim.report import plots
from sim.report.figure import GRID, INK, MUTED
from sim.report.mailq import clock
from sim.report.table import sentences
from sim.results.metrics import METRICS, Metric
from sim.results.store import Result, plain, writing
from sim.results.summary import Check, cells, difference_cells, shown
from sim.results.tables import where

_SCHEME = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)"}
_IDS = re.compile(r'(\bid="|href="#|url\(#)')
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)


class Figure(NamedTuple):
    """A drawing, what it is of, and what there is to see in it."""

    title: str
    svg: Markup
    caption: str


class Row(NamedTuple):
    """A metric's row: each architecture's mean and interval, and each pair's difference and interval."""

    metric: Metric
    values: list[tuple[str, str]]
    differences: list[tuple[str, str]]


def write_report(result: Result, path: str | Path, *, checks: Sequence[Check] = ()) -> None:
    """Write the report of a result.

    Args:
        result: what to report.
        path: the HTML file; its folder must exist.
        checks: the scenario's expectations as checked (`summary.check`, or a comparison's).
    """
    arguments.instance(result, Result, "a result", "what sim.run gives, or the result of a comparison")
    path = arguments.path(path, "the HTML file to write")
    text = render(result, checks=checks)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with writing(fresh, path):
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def render(result: Result, *, checks: Sequence[Check] = ()) -> str:
    """The report as text; the same result gives the same text."""
    template = files("sim.report").joinpath("report.html.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    summary = result.summary
    return environment.from_string(template).render(
        title=result.scenario.get("title", "mtasim"),
        question=_question(result),
        architectures=list(summary["architectures"]),
        pairs=[(pair["a"], pair["b"]) for pair in summary["differences"]],
        rows=list(_rows(summary)),
        confidence=f"{summary['confidence'] * 100:g}",
        sentences=list(sentences(summary)),
        checks=[_check(item) for item in checks],
        acts=list(_acts(result)),
        losses=list(_losses(result)),
        figures=list(_figures(result)),
        scenario=_yaml(result.scenario),
        manifest=result.manifest,
    )


def _question(result: Result) -> str:
    names = list(result.summary["architectures"])
    listed = " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    runs = int(result.measures.groupby(level=0).size().max()) if len(result.measures) else 0
    again = f"{runs} replication{'s' if runs != 1 else ''}"
    same = ", each with the same mail and the same weather for every architecture" if len(names) > 1 else ""
    return f"What happens to every message under {listed or 'no architecture'}? ({again}{same}.)"


def _rows(summary: Mapping[str, Any]) -> Iterator[Row]:
    for metric in (METRICS[name] for name in shown(METRICS, summary)):
        yield Row(
            metric,
            [cells(entries[metric.name], metric.name) for entries in summary["architectures"].values()],
            [difference_cells(pair["metrics"][metric.name], metric.name) for pair in summary["differences"]],
        )


def _acts(result: Result) -> Iterator[tuple[str, str, str, str]]:
    """What operators did in the first replication of each architecture: when, where, under which, and what."""
    for row in result.acts[result.acts["replication"] == result.acts["replication"].min()].to_dict("records"):
        yield clock(row["time_s"]), str(row["host"]), str(row["architecture"]), str(row["command"])


def _losses(result: Result) -> Iterator[tuple[str, ...]]:
    """What gateways left out, and how often in all replications."""
    columns = ["architecture", "host", "from_protocol", "to_protocol", "what"]
    for key, count in result.losses.groupby(columns, sort=False).size().items():
        yield *map(str, cast("tuple[object, ...]", key)), str(count)


def _check(check: Check) -> tuple[Any, ...]:
    sides = ("not defined" if math.isnan(value) else f"{value:.6g}" for value in (check.left, check.right))
    return check.expectation.text, check.holds, *sides


def _figures(result: Result) -> Iterator[Figure]:
    """The figures in the order of the questions: what becomes of mail, when, why, how sure, where."""
    copies, names = result.user_copies, list(result.summary["architectures"])
    yield _figure(
        plots.outcomes(copies),
        "Each bar is all copies (message x recipient) of users' mail. What is not green did not arrive: bounced copies "
        "were reported to their senders, lost ones were not, queued ones were still in the network at the end.",
    )
    yield _figure(
        plots.delay_distribution(copies),
        "A curve further left is faster mail; one that ends higher delivers more. The gap between a curve's end and "
        "100 % is mail that never arrived.",
    )
    yield _figure(
        plots.time_budget(copies),
        "The mean delay of a delivered copy, split by what it was spent on. A long part names the thing to change: "
        "retry schedules, round trips, or line rates.",
    )
    if copies["read_s"].notna().any():
        yield _figure(
            plots.time_to_read(copies),
            "As above, to the moment when the recipient read it. The gap to 100 % is mail that nobody read.",
        )
        yield _figure(
            plots.hand_to_eye(copies),
            "The mean copy that was read, from the writer's device to the reader's eye: handing it in to the own host, "
            "from host to host, into the mailbox, until a device is told of it, to the device, and until the user "
            "looks.",
        )
    if len(names) > 1:
        yield _figure(
            plots.paired_differences(result.measures, confidence=result.summary["confidence"]),
            "A mark left of the middle line means less under the first architecture, right of it more. A hollow mark "
            "is a difference that these replications cannot tell from chance.",
        )
    for name in names:
        yield from _places(result, name)


def _places(result: Result, name: str) -> Iterator[Figure]:
    queues, attempts = where(result.queues, architecture=name), where(result.attempts, architecture=name)
    yield _figure(
        plots.queue_length(queues, architecture=name),
        "The longest queues of one replication. A queue that climbs and does not fall again is a host that gets more "
        "mail than it can pass on; a saw-tooth is an outage and its end.",
    )
    network = result.scenario.get("network")
    if isinstance(network, Mapping) and isinstance(network.get("nodes"), Mapping):
        yield _figure(
            plots.topology(network, plots.link_load(attempts), title=f"Where the bytes go under {name}"),
            "Wide dark lines carry the most. Thin arcs are sessions that reach over several links in one go.",
        )


def _figure(ax: Axes, caption: str) -> Figure:
    title = ax.get_title(loc="left").replace(r"\$", "$")
    return Figure(title, Markup(_svg(ax, title)), caption)  # noqa: S704 - matplotlib escapes the texts it draws


def _svg(ax: Axes, title: str) -> str:
    """The figure as an SVG element with ids of its own and the colours of the reader's scheme."""
    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": title, "svg.fonttype": "path"}):
        ax.figure.canvas.figure.savefig(
            buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    drawn = buffer.getvalue()
    drawn = _METADATA.sub("", drawn[drawn.index("<svg") :])
    prefix = "f" + re.sub(r"\W", "-", title) + "-"
    drawn = _IDS.sub(lambda found: found[1] + prefix, drawn)
    for colour, variable in _SCHEME.items():
        drawn = drawn.replace(colour, variable)
    return drawn


def _yaml(scenario: Mapping[str, Any]) -> str:
    """The scenario as YAML, long lines unbroken."""
    out = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 110
    yaml.dump(plain(scenario), out)
    return out.getvalue()

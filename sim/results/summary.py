"""The summary of a comparison: every metric's interval, every pair's difference, in numbers and in words."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import Any, Literal, NamedTuple

import pandas as pd

from sim.results.human_units import MISSING, together
from sim.results.intervals import Interval, interval, paired
from sim.results.metrics import HEADLINE, METRICS, OF_SOME
from sim.scenario.spec import Expectation, Operand

Entry = Mapping[str, float | None]
"""One value of a summary: mean, low, high, n."""

_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": lambda left, right: left <= right or math.isclose(left, right),
    "==": math.isclose,
    ">=": lambda left, right: left >= right or math.isclose(left, right),
    ">": operator.gt,
}


def summarise(measures: pd.DataFrame, confidence: float = 0.95) -> dict[str, Any]:
    """What `summary.json` holds, of the frame that `metrics.measure` makes.

    Keys: `confidence`; `architectures`: name -> metric -> {mean, low, high, n}, n being the number of replications
    where the metric is defined; `differences`: for each pair in the scenario's order, {a, b, metrics}, each metric the
    mean of a - b within a replication, with its interval. What is not defined is None.
    """
    runs = {str(name): part.droplevel(0) for name, part in measures.groupby(level=0, sort=False)}
    return {
        "confidence": confidence,
        "architectures": {
            name: {
                metric: _entry(interval(part[metric], confidence, METRICS[str(metric)].bounds)) for metric in measures
            }
            for name, part in runs.items()
        },
        "differences": [
            {"a": a, "b": b, "metrics": _differences(runs[a], runs[b], confidence)} for a, b in combinations(runs, 2)
        ],
    }


def _differences(a: pd.DataFrame, b: pd.DataFrame, confidence: float) -> dict[str, dict[str, float | None]]:
    """Over the replications that both have."""
    a, b = a.align(b, join="inner", axis=0)
    return {str(metric): _entry(paired(a[metric], b[metric], confidence)) for metric in a}


def _entry(found: Interval) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in found._asdict().items()}


def cells(entry: Entry, metric: str) -> tuple[str, str]:
    """An entry of the summary as people read it: the mean with its unit, and the interval in the same unit."""
    what = METRICS[metric]
    decimals = max(what.decimals, 1) if entry["n"] and entry["n"] > 1 else what.decimals
    mean, low, high = together([entry["mean"], entry["low"], entry["high"]], what.unit, decimals)
    return mean, "" if low == MISSING else f"[{low}, {high}]"


def difference_cells(entry: Entry, metric: str) -> tuple[str, str]:
    """Like `cells`, of a difference: shares differ by points, not by percent."""
    mean, interval = cells(entry, metric)
    return mean.replace(" %", " points"), interval


def shown(metrics: Iterable[str], summary: Mapping[str, Any]) -> list[str]:
    """The metrics without those that no architecture has: where no device, or no gateway, is at work."""
    architectures = summary["architectures"].values()
    return [name for name in metrics if name not in OF_SOME or any(found[name]["n"] for found in architectures)]


def html_table(summary: Mapping[str, Any], metrics: Iterable[str] = HEADLINE) -> str:
    """A row a metric, a column an architecture: mean and interval, as a notebook shows them."""
    names = shown(metrics, summary)
    columns = {
        name: {METRICS[metric].label: " ".join(filter(None, cells(entries[metric], metric))) for metric in names}
        for name, entries in summary["architectures"].items()
    }
    return pd.DataFrame(columns).to_html(border=0)


def verdict(difference: Entry) -> Literal["undefined", "single", "same", "unclear", "differs"]:
    """What kind of answer a paired difference is; an interval that holds 0 is unclear, however large its mean."""
    mean, low, high = difference["mean"], difference["low"], difference["high"]
    if mean is None:
        return "undefined"
    if low is None or high is None:
        return "single"
    if mean == low == high == 0:
        return "same"
    return "unclear" if low <= 0 <= high else "differs"


def no_difference(difference: Entry) -> str:
    """Why a paired difference tells no difference, in words; empty where it does tell one."""
    n = difference["n"]
    return {
        "undefined": "not defined in any replication of both",
        "single": "one replication cannot tell a difference from chance",
        "same": f"the same in all {n} replications",
        "unclear": f"no difference that {n} replications can show",
        "differs": "",
    }[verdict(difference)]


def sentence(metric: str, difference: Entry, a: str, b: str, confidence: float = 0.95) -> str:
    """What the paired difference a - b says, as a plain sentence without a full stop."""
    why_not = no_difference(difference)
    if why_not:
        return f"{METRICS[metric].label}, {a} against {b}: {why_not}"
    mean, low, high = (difference[key] or 0.0 for key in ("mean", "low", "high"))
    size, near, far = _sizes([abs(mean), *sorted((abs(low), abs(high)))], metric)
    return f"{_claim(metric, size, mean > 0, a, b)} ({confidence * 100:g}% interval {near} to {far})"


def _sizes(values: list[float], metric: str) -> list[str]:
    what = METRICS[metric]
    if what.unit == "share":
        size, *ends = together([value * 100 for value in values], "", 1 if values[0] >= 0.01 else 3)
        return [f"{size} points", *ends]
    return together(values, what.unit, max(what.decimals, 1))


def _claim(metric: str, size: str, more: bool, a: str, b: str) -> str:
    if metric == "delivery_prob":
        return f"{a} delivers {size} {'more' if more else 'less'} of the mail than {b}"
    what = METRICS[metric]
    less = "less" if what.unit in {"s", "bytes", ""} else "fewer"
    return f"{what.label}: {size} {'more' if more else less} under {a} than under {b}"


class Check(NamedTuple):
    """An expectation of the scenario, whether it holds, and what its two sides came to."""

    expectation: Expectation
    holds: bool
    left: float
    right: float


def check(expectations: Iterable[Expectation], summary: Mapping[str, Any]) -> tuple[Check, ...]:
    """Each expectation held against the means.

    A metric that is not defined is NaN, and no relation to it holds.

    Raises:
        ValueError: when an expectation names an architecture or a metric that the summary does not have.
    """
    found = []
    for expectation in expectations:
        left, right = (_value(side, expectation, summary) for side in (expectation.left, expectation.right))
        found.append(Check(expectation, _RELATIONS[expectation.operator](left, right), left, right))
    return tuple(found)


def _value(operand: Operand, expectation: Expectation, summary: Mapping[str, Any]) -> float:
    if not operand.architecture:
        return operand.number
    architectures = summary["architectures"]
    metrics = _pick(architectures, operand.architecture, "architecture", expectation)
    mean = _pick(metrics, operand.metric, "metric", expectation)["mean"]
    return math.nan if mean is None else float(mean)


def _pick(among: Mapping[str, Any], name: str, kind: str, expectation: Expectation) -> Any:  # noqa: ANN401 - JSON
    if name not in among:
        raise ValueError(f"expectation {expectation.text!r}: no {kind} {name!r}: one of {', '.join(among)} is wanted")
    return among[name]

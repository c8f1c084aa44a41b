"""mtasim: a discrete-event simulator of mail networks whose hosts speak real SMTP.

A scenario comes from a file, or from Python; a run gives pandas frames:

    import sim

    scenario = sim.load("scenarios/two-hosts/scenario.yaml")
    scenario = sim.from_dict({"network": graph, "workload": {"poisson": {"rate": "20 /h"}}})   # graph: of networkx

    comparison = sim.compare(scenario)   # every architecture, under the same mail and the same weather
    comparison.result.copies             # a row a copy (message x recipient): its outcome, and what its time went into
    comparison.result.measures           # a row a run, a column a metric

    sim.write(comparison.result, "reports/mine")                   # a folder; sim.read gives it back
    sim.write_report(comparison.result, "reports/mine/report.html")   # one page with all figures
    sim.save(scenario, "mine.yaml")                                # with every default filled in

    make         load, loads, from_dict, save         mistakes are a ScenarioError, all at once
    run          run, compare
    keep         write, read, write_report            ResultError
    ask          queue_at, queue_timeline, sim.report.plots (a function a question, each returns matplotlib's Axes)

What a scenario may say: `mtasim schema`, and the README. Importing this package loads nothing heavy and does nothing;
each name loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.report.html import write_report as write_report
    from sim.results.queue_state import queue_at as queue_at
    from sim.results.queue_timeline import queue_timeline as queue_timeline
    from sim.results.store import Result as Result
    from sim.results.store import ResultError as ResultError
    from sim.results.store import read as read
    from sim.results.store import write as write
    from sim.scenario.errors import ScenarioError as ScenarioError
    from sim.scenario.save import save as save
    from sim.scenario.spec import Scenario as Scenario
    from sim.study.comparison import Comparison as Comparison
    from sim.study.comparison import compare as compare
    from sim.study.comparison import run as run
    from sim.study.load import from_dict as from_dict
    from sim.study.load import load as load
    from sim.study.load import loads as loads

_HOMES = {
    "Comparison": "sim.study.comparison",
    "Result": "sim.results.store",
    "ResultError": "sim.results.store",
    "Scenario": "sim.scenario.spec",
    "ScenarioError": "sim.scenario.errors",
    "compare": "sim.study.comparison",
    "from_dict": "sim.study.load",
    "load": "sim.study.load",
    "loads": "sim.study.load",
    "queue_at": "sim.results.queue_state",
    "queue_timeline": "sim.results.queue_timeline",
    "read": "sim.results.store",
    "run": "sim.study.comparison",
    "save": "sim.scenario.save",
    "write": "sim.results.store",
    "write_report": "sim.report.html",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name == "__version__":
        return import_module("importlib.metadata").version("mtasim")
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__", "__doc__", "__name__", "__path__"]

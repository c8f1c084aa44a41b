"""mtasim: a discrete-event simulator of mail networks whose hosts speak real SMTP.

    import sim

    scenario = sim.load("scenarios/two-hosts/scenario.yaml")
    comparison = sim.compare(scenario)
    comparison.result.copies  # a pandas frame, a row a copy

Importing this package loads nothing heavy and does nothing; each name below loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.results.queue_state import queue_at
    from sim.results.queue_timeline import queue_timeline
    from sim.results.store import Result, ResultError, read
    from sim.scenario.errors import ScenarioError
    from sim.scenario.load import load, loads
    from sim.scenario.spec import Scenario
    from sim.study.comparison import Comparison, compare, run

__all__ = [
    "Comparison",
    "Result",
    "ResultError",
    "Scenario",
    "ScenarioError",
    "compare",
    "load",
    "loads",
    "queue_at",
    "queue_timeline",
    "read",
    "run",
]

_HOMES = {
    "Comparison": "sim.study.comparison",
    "Result": "sim.results.store",
    "ResultError": "sim.results.store",
    "Scenario": "sim.scenario.spec",
    "ScenarioError": "sim.scenario.errors",
    "compare": "sim.study.comparison",
    "load": "sim.scenario.load",
    "loads": "sim.scenario.load",
    "queue_at": "sim.results.queue_state",
    "queue_timeline": "sim.results.queue_timeline",
    "read": "sim.results.store",
    "run": "sim.study.comparison",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

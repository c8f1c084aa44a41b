"""A study of a scenario: run it, compare its architectures, check what it expects."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sim.results.metrics import measure
from sim.results.store import Result, combine, manifest
from sim.results.summary import check, summarise
from sim.results.tables import concat
from sim.scenario.show import as_data, scenario_hash
from sim.scenario.spec import Expectation, Scenario
from sim.study.execute import Progress, execute, runs_of, unheard, unseen
from sim.study.workers import Killed


@dataclass(frozen=True, slots=True)
class Check:
    """An expectation of the scenario, whether it holds, and what its two sides came to."""

    expectation: Expectation
    holds: bool
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """All architectures of a scenario under the same mail and weather: the result, and the expectations checked."""

    result: Result
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether every expectation holds."""
        return all(check.holds for check in self.checks)


def run(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    architectures: Sequence[str] = (),
    jobs: int = 1,
    scheduler: str = "",
    progress: Progress = unseen,
    killed: Killed = unheard,
    command: Sequence[str] = (),
) -> Result:
    """Run a scenario.

    Args:
        scenario: the full scenario (`sim.load`).
        seed: instead of the scenario's own.
        replications: instead of the scenario's own; at least 1.
        architectures: which of the scenario's; all by default.
        jobs: processes; 0 means one a core. Scripts that use more than one need the `if __name__ == "__main__"` guard.
        scheduler: address of a Dask scheduler to use instead of processes of our own.
        progress: called after each run with the number of runs done and of all.
        killed: called with a line when a process was killed, whose run is done again.
        command: what the user typed, for the manifest.

    Raises:
        ValueError: an architecture that the scenario does not have, or fewer than one replication.
        WorkerError: a run's process was killed twice.
    """
    names = list(architectures) or list(scenario.architectures)
    unknown = [name for name in names if name not in scenario.architectures]
    if unknown:
        raise ValueError(f"no architecture {unknown[0]!r}: the scenario has {', '.join(scenario.architectures)}")
    count = scenario.replications if replications is None else replications
    if count < 1:
        raise ValueError(f"replications {count}: at least 1 is needed")
    chosen = scenario.seed if seed is None else seed
    started = time.perf_counter()
    outcomes = execute(
        scenario,
        runs_of(names, count),
        seed=chosen,
        jobs=jobs,
        scheduler=scheduler,
        progress=progress,
        killed=killed,
    )
    wall_time_s = time.perf_counter() - started
    tables = concat([outcome.tables for outcome in outcomes])
    measures = measure(tables, horizon=scenario.duration + scenario.drain)
    return Result(
        scenario=as_data(scenario),
        tables=tables,
        measures=measures,
        summary=summarise(measures),
        manifest=manifest(
            scenario_hash=scenario_hash(scenario),
            seed=chosen,
            fingerprint=combine([outcome.fingerprint for outcome in outcomes]),
            wall_time_s=wall_time_s,
            architectures=names,
            replications=count,
            command=command,
        ),
    )


def compare(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    scheduler: str = "",
    progress: Progress = unseen,
    killed: Killed = unheard,
    command: Sequence[str] = (),
) -> Comparison:
    """Run all architectures of a scenario and check what it expects of them; arguments as in `run`."""
    result = run(
        scenario,
        seed=seed,
        replications=replications,
        jobs=jobs,
        scheduler=scheduler,
        progress=progress,
        killed=killed,
        command=command,
    )
    return Comparison(result, tuple(Check(*checked) for checked in check(scenario.expect, result.summary)))

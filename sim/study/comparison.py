"""A study of a scenario: run it, compare its architectures, check what it expects."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from html import escape

from sim import arguments
from sim.results.metrics import measure
from sim.results.store import Result, combine, manifest
from sim.results.summary import Check, check, summarise
from sim.results.tables import concat
from sim.scenario.show import as_data, scenario_hash
from sim.scenario.spec import Scenario
from sim.scenario.spec.scenario import MOST_SEED
from sim.study.execute import Progress, execute, runs_of, unheard
from sim.study.progress import shown
from sim.study.workers import Killed


@dataclass(frozen=True, slots=True)
class Comparison:
    """All architectures of a scenario under the same mail and weather: the result, and the expectations checked."""

    result: Result
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether every expectation holds."""
        return all(check.holds for check in self.checks)

    def __repr__(self) -> str:
        return f"<Comparison with {self.result!r}{self._checked()}>"

    def _repr_html_(self) -> str:
        rows = (f"<li>{escape(check.expectation.text)}: {'yes' if check.holds else 'no'}</li>" for check in self.checks)
        return f"{self.result._repr_html_()}<ul>{''.join(rows)}</ul>"

    def _checked(self) -> str:
        count = sum(check.holds for check in self.checks)
        return f", {count} of {len(self.checks)} expectations hold" if self.checks else ""


def run(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    architectures: Sequence[str] = (),
    jobs: int = 1,
    scheduler: str = "",
    progress: Progress | None = None,
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
        progress: called after each run with the number of runs done and of all; by default a notebook shows it.
        killed: called with a line when a process was killed, whose run is done again.
        command: what the user typed, for the manifest.

    Raises:
        TypeError: an argument of another type.
        ValueError: an architecture that the scenario does not have, or a number out of its range.
        WorkerError: a run's process was killed twice.
    """
    arguments.instance(scenario, Scenario, "a scenario", "what sim.load or sim.from_dict gives")
    names = arguments.names(architectures, "architectures") or list(scenario.architectures)
    unknown = [name for name in names if name not in scenario.architectures]
    if unknown:
        raise ValueError(f"no architecture {unknown[0]!r}: the scenario has {', '.join(scenario.architectures)}")
    count = scenario.replications if replications is None else arguments.whole(replications, "replications", 1)
    chosen = scenario.seed if seed is None else arguments.whole(seed, "seed", 0, MOST_SEED)
    started = time.perf_counter()
    runs = runs_of(names, count)
    with nullcontext(progress) if progress else shown(scenario.title) as tell:
        outcomes = execute(
            scenario,
            runs,
            seed=chosen,
            jobs=arguments.whole(jobs, "jobs", 0),
            scheduler=scheduler,
            progress=tell,
            killed=killed,
        )
    wall_time_s = time.perf_counter() - started
    tables = concat([outcome.tables for outcome in outcomes])
    measures = measure(tables, horizon=scenario.duration + scenario.drain, runs=runs)
    return Result(
        **vars(tables),
        scenario=as_data(scenario),
        measures=measures,
        summary=summarise(measures),
        manifest=manifest(
            scenario_hash=scenario_hash(scenario),
            seed=chosen,
            architectures=names,
            replications=count,
            fingerprint=combine([outcome.fingerprint for outcome in outcomes]),
            wall_time_s=wall_time_s,
            command=list(command),
        ),
    )


def compare(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replications: int | None = None,
    jobs: int = 1,
    scheduler: str = "",
    progress: Progress | None = None,
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
    return Comparison(result, check(scenario.expect, result.summary))

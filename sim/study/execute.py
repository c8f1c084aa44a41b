"""Carrying out runs: every architecture and replication of a scenario, on one core, many, or a Dask cluster.

Results are put in the order of architecture and replication, whatever the
order of completion, so neither the number of jobs nor the executor can change a row.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Executor, as_completed
from functools import partial
from typing import NamedTuple

from sim.results.store import fingerprint
from sim.results.tables import Tables, frames
from sim.scenario.spec import Scenario
from sim.study.workers import Killed, WorkerError, work_off
from sim.world.simulation import simulate


class Run(NamedTuple):
    """One run: an architecture in a replication."""

    architecture: str
    replication: int

    def __str__(self) -> str:
        return f"{self.architecture}, replication {self.replication}"


class Outcome(NamedTuple):
    """What a run came to: its tables and the fingerprint of its facts."""

    tables: Tables
    fingerprint: str


Progress = Callable[[int, int], None]
"""Told how many runs are done, and of how many."""


def unheard(*_: object) -> None:
    """Nobody is told how many runs are done, nor that a process was killed."""


def runs_of(architectures: Sequence[str], replications: int) -> list[Run]:
    """All runs, architecture by architecture."""
    return [Run(name, replication) for name in architectures for replication in range(replications)]


def perform(scenario: Scenario, seed: int, run: Run) -> Outcome:
    """Carry out one run."""
    facts = simulate(scenario, run.architecture, run.replication, seed=seed)
    return Outcome(frames(facts, run.architecture, run.replication), fingerprint(facts))


def execute(
    scenario: Scenario,
    runs: Sequence[Run],
    *,
    seed: int,
    jobs: int,
    scheduler: str,
    progress: Progress,
    killed: Killed = unheard,
) -> list[Outcome]:
    """Carry out all runs; their outcomes come in the order of `runs`.

    Args:
        scenario: the full scenario.
        runs: which runs.
        seed: the seed of all streams.
        jobs: how many processes; 0 means one a core, 1 means this process alone.
        scheduler: address of a Dask scheduler, which then does the work instead; empty for none.
        progress: told after each run.
        killed: told when a process was killed, whose run is done again.

    Raises:
        WorkerError: a run's process was killed twice.
    """
    jobs = min(jobs or os.cpu_count() or 1, len(runs))
    work = partial(perform, scenario, seed)

    def done(number: int) -> None:
        progress(number, len(runs))

    if scheduler:
        return _by_dask(scheduler, work, runs, done)
    if jobs > 1:
        return work_off(work, runs, jobs, done, killed)
    outcomes = []
    for run in runs:
        outcomes.append(work(run))
        done(len(outcomes))
    return outcomes


def _by_dask(
    scheduler: str, work: Callable[[Run], Outcome], runs: Sequence[Run], done: Callable[[int], object]
) -> list[Outcome]:
    """Let a Dask cluster do the work.

    Raises:
        WorkerError: it cannot be reached, it is gone, or its workers are killed or have no mtasim.
    """
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415 - an extra, loaded when it is asked for
    except ImportError as error:
        raise WorkerError("--scheduler needs Dask: pip install mtasim[dask]") from error
    try:
        client = Client(scheduler)  # type: ignore[no-untyped-call] # distributed has no types
    except Exception as error:  # whatever it makes of an address
        raise WorkerError(
            f"--scheduler {scheduler}: no Dask scheduler there ({_first_line(error)}): write tcp://HOST:PORT"
        ) from error
    try:
        with client:
            executor: Executor = client.get_executor()  # type: ignore[no-untyped-call]
            futures = [executor.submit(work, run) for run in runs]
            for number, future in enumerate(as_completed(futures), 1):
                future.result()
                done(number)
            return [future.result() for future in futures]
    except (KilledWorker, CancelledError, ImportError, OSError) as error:
        raise WorkerError(
            f"--scheduler {scheduler}: the work is not done ({_first_line(error)}): keep the cluster up,"
            " with the same mtasim on its workers"
        ) from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__

"""Carrying out runs: every architecture and replication of a scenario, on one core, many, or a Dask cluster.

The seam is `concurrent.futures.Executor`. Results are put in the order of architecture and replication, whatever the
order of completion, so neither the number of jobs nor the executor can change a row.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import NamedTuple

from sim.results.store import fingerprint
from sim.results.tables import Tables, frames
from sim.scenario.spec import Scenario
from sim.world.simulation import simulate


class Run(NamedTuple):
    """One run: an architecture in a replication."""

    architecture: str
    replication: int


class Outcome(NamedTuple):
    """What a run came to: its tables and the fingerprint of its facts."""

    tables: Tables
    fingerprint: str


Progress = Callable[[int, int], None]
"""Told how many runs are done, and of how many."""


def unseen(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


def runs_of(architectures: Sequence[str], replications: int) -> list[Run]:
    """All runs, architecture by architecture."""
    return [Run(name, replication) for name in architectures for replication in range(replications)]


def perform(scenario: Scenario, run: Run, seed: int) -> Outcome:
    """Carry out one run."""
    facts = simulate(scenario, run.architecture, run.replication, seed=seed)
    return Outcome(frames(facts, run.architecture, run.replication), fingerprint(facts))


def execute(
    scenario: Scenario, runs: Sequence[Run], *, seed: int, jobs: int, scheduler: str, progress: Progress
) -> list[Outcome]:
    """Carry out all runs; their outcomes come in the order of `runs`.

    Args:
        scenario: the full scenario.
        runs: which runs.
        seed: the seed of all streams.
        jobs: how many processes; 0 means one a core, 1 means this process alone.
        scheduler: address of a Dask scheduler, which then does the work instead; empty for none.
        progress: told after each run.
    """
    jobs = min(jobs or os.cpu_count() or 1, len(runs))
    if jobs <= 1 and not scheduler:
        outcomes = []
        for run in runs:
            outcomes.append(perform(scenario, run, seed))
            progress(len(outcomes), len(runs))
        return outcomes
    with _executor(jobs, scheduler) as executor:
        futures = [executor.submit(perform, scenario, run, seed) for run in runs]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            progress(done, len(runs))
        return [future.result() for future in futures]


@contextmanager
def _executor(jobs: int, scheduler: str) -> Iterator[Executor]:
    if scheduler:
        from distributed import Client  # noqa: PLC0415 - an extra, loaded when it is asked for

        with Client(scheduler) as client:  # type: ignore[no-untyped-call] # distributed has no types
            yield client.get_executor()
        return
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    others = multiprocessing.active_children()
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_die_quietly)
    try:
        yield executor
    except BaseException:
        # The work of an interrupted study is of no use to anybody: don't wait for it.
        for process in multiprocessing.active_children():
            if process not in others:
                process.terminate()
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


def _die_quietly() -> None:
    """Ctrl-C reaches the workers too; the parent alone speaks of it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)

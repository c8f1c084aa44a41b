"""Studies: what they run, that nothing but the scenario decides their rows, and what they say of expectations."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sim
from sim.study.execute import Run, runs_of

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = """
title: a triangle with weather
seed: 5
replications: 3
duration: 2 h
drain: 1 d
network:
  nodes: [a, b, c, d]
  links:
    - {between: [a, b], delay: 5 ms, rate: 1 Mbit/s, loss: 3 %, outages: {mtbf: 2 h, mttr: 10 min}}
    - {between: [b, c], delay: 5 ms, rate: 1 Mbit/s, loss: 3 %, outages: {mtbf: 2 h, mttr: 10 min}}
    - {between: [c, d], delay: 5 ms, rate: 1 Mbit/s}
workload:
  poisson: {rate: 60 /h}
expect:
  - end-to-end.delivered > 0
"""


def frames_equal(one: sim.Result, other: sim.Result) -> bool:
    """Whether all tables have the same rows in the same order."""
    return all(getattr(one, name).equals(getattr(other, name)) for name in ("messages", "copies", "attempts", "queues"))


def test_runs_come_architecture_by_architecture():
    """The order of all rows."""
    assert runs_of(["x", "y"], 2) == [Run("x", 0), Run("x", 1), Run("y", 0), Run("y", 1)]


def test_number_of_jobs_changes_no_row():
    """One process or two: the same rows in the same order, the same fingerprint."""
    scenario = sim.loads(SCENARIO)
    one, two = (sim.run(scenario, jobs=jobs) for jobs in (1, 2))
    assert one.manifest["fingerprint"] == two.manifest["fingerprint"]
    assert frames_equal(one, two)


@pytest.mark.slow
def test_hash_seed_changes_nothing(tmp_path: Path):
    """Two values of PYTHONHASHSEED in new interpreters: the same fingerprint."""
    file = tmp_path / "scenario.yaml"
    file.write_text(SCENARIO)
    code = f"import sim; print(sim.run(sim.load({str(file)!r})).manifest['fingerprint'])"
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": value, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for value in ("1", "2")
    ]
    assert found[0] == found[1]


def test_architectures_have_the_same_mail():
    """The same messages at the same times, whatever the architecture."""
    messages = sim.run(sim.loads(SCENARIO)).messages
    mail = messages[messages["sender"] != "<>"]
    one, other = (part.drop(columns="architecture").reset_index(drop=True) for _, part in mail.groupby("architecture"))
    assert one.equals(other)


def test_replications_differ():
    """Each replication has mail and weather of its own."""
    result = sim.run(sim.loads(SCENARIO), architectures=["end-to-end"])
    assert result.measures["latency_avg"].nunique() == 3


def test_a_replication_does_not_depend_on_their_number():
    """The first of three replications is the only one of one."""
    scenario = sim.loads(SCENARIO)
    few, many = sim.run(scenario, replications=1), sim.run(scenario, replications=3)
    same = many.copies[many.copies["replication"] == 0]
    assert same.reset_index(drop=True).equals(few.copies)


def test_another_seed_gives_other_rows():
    """`seed` replaces the scenario's own."""
    scenario = sim.loads(SCENARIO)
    assert sim.run(scenario).manifest["fingerprint"] != sim.run(scenario, seed=6).manifest["fingerprint"]


def test_a_new_host_shifts_nobodys_weather():
    """Streams are named by entity: with a further host at the end the others' outages stay what they were."""
    more = SCENARIO.replace("[a, b, c, d]", "[a, b, c, d, e]").replace(
        "workload:", "    - {between: [d, e]}\nworkload:"
    )
    from sim.world.simulation import Simulation  # noqa: PLC0415

    def weather(text: str) -> list[float]:
        scenario = sim.loads(text)
        world = Simulation(scenario, scenario.architectures["end-to-end"], 0, scenario.seed)
        return world.mesh.links["a-b"].timeline.changes()

    assert weather(more) == weather(SCENARIO)


def test_comparison_checks_what_is_expected():
    """Each expectation with its two sides, and whether all hold."""
    scenario = sim.loads(SCENARIO.replace("delivered > 0", "delivered > 1000000"))
    comparison = sim.compare(scenario, replications=1)
    [check] = comparison.checks
    assert (check.holds, check.right, comparison.holds) == (False, 1_000_000, False)


def test_a_run_in_which_nothing_happens_counts():
    """Where nobody writes there are no delays, no mail is delivered, and expectations of that hold."""
    quiet = "network: {nodes: [a, b], links: [{between: [a, b]}]}\nreplications: 2\nexpect: [end-to-end.created == 0]"
    comparison = sim.compare(sim.loads(quiet))
    delivered = comparison.result.summary["architectures"]["store-and-forward"]["delivered"]
    assert [check.holds for check in comparison.checks] == [True]
    assert (delivered["mean"], delivered["n"]) == (0.0, 2)


def test_unknown_architecture_is_refused():
    """With the names that there are."""
    with pytest.raises(ValueError, match="no architecture 'x': the scenario has end-to-end, store-and-forward"):
        sim.run(sim.loads(SCENARIO), architectures=["x"])


def test_no_replication_is_refused():
    """Nothing can be said of no runs."""
    with pytest.raises(ValueError, match="replications 0: at least 1"):
        sim.run(sim.loads(SCENARIO), replications=0)


def test_progress_is_told_after_each_run():
    """So that a user sees how far it is."""
    told = []
    sim.run(sim.loads(SCENARIO), replications=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_public_names_exist():
    """Everything that `sim` exports is there, and nothing else is."""
    assert [getattr(sim, name).__name__ for name in sim.__all__] == sim.__all__
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        sim.nonsense  # noqa: B018


def test_dask_scheduler_does_the_same_work():
    """Through a Dask cluster the rows are the same."""
    distributed = pytest.importorskip("distributed", reason="the dask extra is not installed")
    scenario = sim.loads(SCENARIO)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        there = sim.run(scenario, replications=1, scheduler=cluster.scheduler_address)
    assert there.manifest["fingerprint"] == sim.run(scenario, replications=1).manifest["fingerprint"]

"""A queue that waited for its destination drains in a run as a real Postfix's did (CONNECTION_CACHE_README; qmgr_entry.c)."""

from __future__ import annotations

import csv
from collections import Counter

import pytest
from worlds import message, scenario

from sim.results.facts import AttemptFact
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec.policies import Policies, Refusal
from sim.world.simulation import Simulation

MESSAGES, UP = 200, 60.0


def drained(*, cached: bool, flush: bool = False) -> list[AttemptFact]:
    """The deliveries, in order: the destination refuses all until it is up; round trip 100 ms, as it was measured.

    What a message costs the two programs beside its round trips is one time here, at the server's final dot.
    """
    product = Postfix(
        queue_run_delay=5.0,
        minimal_backoff_time=5.0,
        maximal_backoff_time=40.0,
        maximal_queue_lifetime=300.0,
        smtp_connection_cache_on_demand=cached,
    )
    policies = Policies(refuse=(Refusal(at="connect", code=450, during=((0.0, UP),)),))
    hosts = {"a": {"mta": product}, "b": {"policies": policies, "commit_time": 0.007}}
    mail = [message(0.0, "u1@a", "u1@b", size=5000) for _ in range(MESSAGES)]
    spec = scenario("a-b", *mail, hosts=hosts, delay=0.05, rate=1e7)
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    host = world.hosts["a"]
    host.deferred.runs_since = 0.0
    if flush:
        world.clock.call_at(UP, lambda: host.flush(list(host.queue.entries.values())))
    done = [attempt for attempt in world.run().attempts if attempt.outcome == "accepted"]
    return sorted(done, key=lambda attempt: attempt.ended_s)


def places(sessions: list[object]) -> Counter[int]:
    """How many messages were the first in their session, how many the second, and so on."""
    return Counter(place for count in Counter(sessions).values() for place in range(count))


def measured(shared, cached: str) -> list[dict[str, str]]:
    """What a real Postfix did with 200 messages, in order."""
    with (shared / "truth" / "drain.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["cache_on_demand"] == cached]


def test_connections_are_kept_and_used_as_measured(shared):
    """25 connections for 200 messages, with as many messages each, and the last is delivered when it was."""
    rows, done = measured(shared, "yes"), drained(cached=True)
    sessions = [attempt.session_id for attempt in done]
    assert (len(done), len(set(sessions))) == (MESSAGES, len({row["connection"] for row in rows}))
    found, goal = places(sessions), Counter(int(row["nth_in_connection"]) for row in rows)
    assert sorted(found) == sorted(goal)
    assert max(abs(found[place] - goal[place]) for place in goal) <= 1
    took = [float(row["t_since_up_s"]) - float(rows[0]["t_since_up_s"]) for row in rows]
    ours = [attempt.ended_s - done[0].ended_s for attempt in done]
    assert ours[-1] == pytest.approx(took[-1], rel=0.025)
    assert sorted(abs(a - b) for a, b in zip(ours, took, strict=True))[MESSAGES // 2] < 0.08


def test_without_the_cache_each_message_has_a_connection(shared):
    """The waves are five, ten and twenty long, and the last wave ends when it did; three stragglers came a run later."""
    rows, done = measured(shared, "no"), drained(cached=False)
    assert len({attempt.session_id for attempt in done}) == len({row["connection"] for row in rows}) == MESSAGES
    took = [float(row["t_since_up_s"]) - float(rows[0]["t_since_up_s"]) for row in rows][:-3]
    assert done[len(took) - 1].ended_s - done[0].ended_s == pytest.approx(took[-1], rel=0.025)


def test_a_flush_spares_the_wait_and_drains_alike():
    """`postqueue -f` as the destination comes back: the first delivery comes after one session, the rest as ever."""
    left_alone, flushed = drained(cached=True), drained(cached=True, flush=True)
    assert flushed[0].started_s == UP
    assert left_alone[0].started_s > UP + 10.0
    assert len({one.session_id for one in flushed}) == len({one.session_id for one in left_alone})
    assert flushed[-1].ended_s - flushed[0].ended_s == pytest.approx(left_alone[-1].ended_s - left_alone[0].ended_s)

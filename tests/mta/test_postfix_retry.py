"""When Postfix tries again: its source's arithmetic, and what a real Postfix was measured to do."""

from __future__ import annotations

import csv
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.products.postfix import Postfix, PostfixRetry
from sim.scenario.products.retry import Round

HOUR, MINUTE, DAY = 3600.0, 60.0, 86400.0


def last(arrival: float, now: float, *, null: bool = False) -> Round:
    """A round that was over as it began."""
    return Round("1", arrival, now, now, 1, host_error=True, null_reverse_path=null)


def next_attempt(policy: Postfix, arrival: float, now: float, start: float) -> float:
    """When a message that failed now is tried again."""
    retry = PostfixRetry(policy, lambda: 0.5)
    return retry.next_run(retry.sleeps_until(last(arrival, now)), now, start)


def schedule(policy: Postfix, *, start: float = 0.0, null: bool = False) -> list[float]:
    """The times at which one message that arrives at 0 is tried, each attempt being refused at once."""
    times = [0.0]
    while not PostfixRetry(policy, lambda: 0.5).gives_up(last(0.0, times[-1], null=null)):
        times.append(next_attempt(policy, 0.0, times[-1], start))
    return times


def test_default_schedule_is_the_golden_one():
    """With queue runs aligned at 0: 0, 5, 10, 20, 40, 80 min, then what 4000 s comes to in runs of 5 min."""
    assert schedule(Postfix())[:8] == [m * MINUTE for m in (0, 5, 10, 20, 40, 80, 150, 220)]


def test_default_schedule_ends_after_five_days():
    """108 attempts; the last, at 5 d 20 min, is the first that fails past maximal_queue_lifetime."""
    times = schedule(Postfix())
    assert (len(times), times[-1]) == (108, 5 * DAY + 20 * MINUTE)


def test_bounces_have_their_own_lifetime():
    """A message with a null reverse-path lives bounce_queue_lifetime."""
    policy = Postfix(bounce_queue_lifetime=HOUR)
    assert schedule(policy, null=True)[-1] == 80 * MINUTE


@given(
    st.floats(0, 5 * DAY),
    st.floats(0, 1e6),
    st.floats(-300, 0),
)
def test_next_attempt_is_the_first_queue_run_after_the_backoff(age: float, arrival: float, start: float):
    """The message is taken by a run, at most a second before its backoff ends and less than one interval after it."""
    policy = Postfix()
    now = arrival + age
    due = next_attempt(policy, arrival, now, start)
    backoff_ends = now + min(max(now - arrival, 300), 4000)
    runs = (due - start) / 300
    assert abs(runs - round(runs)) < 1e-6
    assert backoff_ends - 1.001 <= due < backoff_ends + 300


def test_schedule_matches_measured_postfix(shared):
    """A real Postfix, refused at once: our next attempt is its next connect, within its one-second file times.

    The run phase is each instance's own, so the interval between attempts is what both must agree on: the first queue run
    at or after failure + clamp(age), runs being 5 s apart.
    """
    policy = Postfix(queue_run_delay=5, minimal_backoff_time=5, maximal_backoff_time=40, maximal_queue_lifetime=300)
    with (shared / "truth" / "retry.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["case"] == "refused" and row["event"] == "connect"]
    errors = []
    for _, group in groupby(rows, key=lambda row: (row["connect_timeout_s"], row["instance"])):
        times = [float(row["t_s"]) for row in group]
        phase = times[-1] % 5
        for before, after in pairwise(times):
            errors.append(abs(next_attempt(policy, times[0], before, phase - 5) - after))
    # File times are whole seconds, which now and then moves a message by one run; else the same run is meant.
    assert max(errors) < 5.5
    assert sum(error < 1.5 for error in errors) >= 0.95 * len(errors) > 30


@given(st.floats(0, 1e5), st.floats(0.1, 10))
def test_the_next_attempt_is_later_than_now(now: float, delay: float):
    """Even with a backoff of nothing: the next queue run is one that has not been yet."""
    policy = Postfix(minimal_backoff_time=0, maximal_backoff_time=0, queue_run_delay=delay)
    assert next_attempt(policy, now, now, 0.0) > now


@pytest.mark.parametrize("age", [0.0, 5 * DAY - 1])
def test_young_mail_is_kept(age: float):
    """Nothing is given up before its lifetime."""
    assert not PostfixRetry(Postfix(), lambda: 0.5).gives_up(last(100.0, 100.0 + age))

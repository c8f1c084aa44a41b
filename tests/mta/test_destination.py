"""A destination's window: Postfix's feedback, its dead destinations, and what a real one was measured to do."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mta.queue.destination import Destination
from sim.mta.queue.failure import Failure
from sim.scenario.products.feedback import Feedback, read_feedback
from sim.scenario.products.postfix import Postfix

DOWN = Failure(0, "4.4.1", "connection timed out")
SHARED = Feedback(1.0, shared=True)


def destination(**how) -> Destination:
    """Nobody has tried it yet."""
    settings = {name if "backoff" in name else f"default_destination_{name}": value for name, value in how.items()}
    return Destination(Postfix(**settings), "on-demand")


def windows(of: Destination, outcomes: str) -> list[int]:
    """The window after each of some deliveries that succeed (+) or fail (-), with all places taken."""
    found = []
    for outcome in outcomes:
        of.busy = of.window
        if outcome == "+":
            of.succeeded()
        else:
            of.failed(DOWN, 0.0)
        found.append(of.window)
    return found


def test_three_failures_in_a_row_kill_a_destination():
    """From a window of 5: 1/5 + 1/3 + 1/2 of a cohort, by the source; the README's pseudocode would need 4."""
    assert windows(destination(), "---") == [3, 2, 0]


def test_the_first_failure_after_a_rise_costs_two():
    """+1 for each good delivery, -2 for the first bad one, -1 for each further one (measured with a real Postfix)."""
    assert windows(destination(concurrency_failed_cohort_limit=0), "+++---+-") == [6, 7, 8, 6, 5, 4, 5, 3]


def test_shared_feedback_opens_after_a_cohort_and_closes_at_once():
    """With 1/concurrency the window opens at the end of about so many deliveries, and closes at the first bad one."""
    how = {"concurrency_positive_feedback": SHARED, "concurrency_negative_feedback": SHARED}
    assert windows(destination(**how), "+++++") == [5, 5, 5, 5, 6]
    assert windows(destination(**how), "+-") == [5, 4]


def test_the_window_has_a_limit():
    """default_destination_concurrency_limit; 0 means none."""
    assert windows(destination(concurrency_limit=6), "+++")[-1] == 6
    assert windows(destination(concurrency_limit=0), "+" * 100)[-1] == 105


def test_the_limit_binds_the_initial_concurrency():
    """A destination that may have two gets no five to begin with."""
    assert destination(concurrency_limit=2).window == 2


def test_the_window_stays_near_what_is_used():
    """Good news counts only while the window is less than what is under way and the initial concurrency."""
    one = destination()
    one.busy = 1
    for _ in range(10):
        one.succeeded()
    assert one.window == 6


def test_success_forgets_failed_cohorts():
    """Any number of failures is borne, as long as successes come between."""
    assert 0 not in windows(destination(), "-++" * 100)


def test_a_dead_destination_comes_back():
    """After minimal_backoff_time, with its initial concurrency; until then nothing starts."""
    one = destination(minimal_backoff_time=300.0)
    for _ in range(3):
        one.failed(DOWN, 10.0)
    assert (one.is_dead, one.reason, one.has_room(309.0), one.has_room(310.0)) == (True, DOWN, False, True)
    assert (one.window, one.reason) == (5, None)


def test_a_dead_destination_that_talks_is_back_at_once():
    """A delivery that was under way when it was declared dead succeeds: as many go on as are under way."""
    one = destination()
    one.busy = 3
    for _ in range(3):
        one.failed(DOWN, 0.0)
    one.failed(DOWN, 1.0)
    one.succeeded()
    assert (one.window, one.has_room(2.0)) == (3, False)


def test_a_rate_delay_makes_one_by_one():
    """default_destination_rate_delay: one at a time, and a pause after each, dead or not."""
    one = destination(rate_delay=10.0)
    assert one.has_room(0.0)
    one.start(0.0)
    assert not one.has_room(0.0)
    one.failed(DOWN, 5.0)
    one.end(5.0)
    assert (one.has_room(14.0), one.has_room(15.0)) == (False, True)


def test_connections_are_kept_when_deliveries_come_back_to_back():
    """Not for the first burst; then as long as deliveries follow each other within a second, or overlap."""
    one = destination()
    kept = []
    for at in (0.0, 0.1, 0.2, 5.0):
        one.start(at)
        kept.append(one.keeps_connections)
        if at != 0.1:
            one.end(at)
    assert kept == [False, True, True, True]
    one.end(5.0)
    one.start(10.0)
    assert not one.keeps_connections


@given(st.text("+-", max_size=200), st.booleans(), st.integers(1, 30))
def test_the_window_is_never_out_of_bounds(outcomes: str, shared: bool, limit: int):
    """Dead or from 1 to the limit, whatever comes."""
    feedback = Feedback(1.0, shared)
    one = destination(
        concurrency_limit=limit, concurrency_positive_feedback=feedback, concurrency_negative_feedback=feedback
    )
    assert all(0 <= window <= limit for window in windows(one, outcomes))


def deferred_by_a_limited_server(feedback: Feedback, *, server_limit: int = 5, deliveries: int = 20_000) -> float:
    """What share of deliveries a server puts off that takes so many at a time and refuses more after a round trip.

    As SCHEDULER_README measured it: a delivery that gets in takes a second, one that does not a moment.
    """
    one = destination(concurrency_positive_feedback=feedback, concurrency_negative_feedback=feedback)
    ends: list[tuple[float, int, bool]] = []
    now, serial, inside, deferred = 0.0, 0, 0, 0
    while serial < deliveries:
        while one.has_room(now) and serial < deliveries:
            one.start(now)
            serial += 1
            good = inside < server_limit
            inside += good
            heapq.heappush(ends, (now + (1.0 if good else 0.01) + serial % 7 * 0.001, serial, good))
        now, _, good = heapq.heappop(ends)
        if good:
            inside -= 1
            one.succeeded()
        else:
            deferred += 1
            one.failed(DOWN, now)
        one.end(now)
    return deferred / deliveries


def test_shared_feedback_defers_a_sixth():
    """Measured with a real Postfix and a server limit of 5: 16.5% of the deliveries with 1/concurrency."""
    assert deferred_by_a_limited_server(SHARED) == pytest.approx(0.165, abs=0.005)


def test_fixed_feedback_defers_a_third_to_nearly_a_half():
    """Measured with a real Postfix: 33 to 44% with the default of 1, not the half that its documentation gives."""
    assert 0.33 <= deferred_by_a_limited_server(Feedback()) <= 0.44


@pytest.mark.parametrize(
    ("text", "feedback"),
    [("1", Feedback(1.0)), ("1/4", Feedback(0.25)), ("0.5 / concurrency", Feedback(0.5, shared=True)), (1, Feedback())],
)
def test_feedback_is_read_as_postfix_writes_it(text: object, feedback: Feedback):
    """A number, a fraction, or something over the concurrency; and back."""
    assert read_feedback(text) == feedback
    assert read_feedback(str(feedback)) == feedback


@pytest.mark.parametrize("text", ["2", "-1", "x", "1/0", "1/x", "", True])
def test_other_feedback_is_refused(text: object):
    """The value is named, and what is allowed."""
    with pytest.raises(ValueError, match=r"not feedback \(.*\): allowed is a number from 0 to 1"):
        read_feedback(text)

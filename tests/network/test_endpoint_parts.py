"""The parts of an endpoint by themselves: what came in, when it is acknowledged, and the timer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.network.tcp.receiver import ATO, DUPLICATE, IN_ORDER, AckPolicy, ReceiveQueue
from sim.network.tcp.rtt import RttEstimator
from sim.network.tcp.timers import NO_TIMER, PROBE, RETRANSMIT, Timer, timer_wheel_expiry

SEGMENT = 1448


def policy():
    """A policy past its first quick acknowledgements, in a dialogue."""
    made = AckPolicy(RttEstimator(), SEGMENT)
    made.resume(99, 0.0, pingpong=True)
    return made


@given(st.lists(st.integers(0, 12), max_size=40))
def test_what_came_in_is_all_up_to_the_first_gap_and_ranges_behind_it(numbers):
    """Whatever the order, and whatever comes twice."""
    queue = ReceiveQueue(-1.0)
    for number in numbers:
        queue.take(number)
    missing = next(number for number in range(14) if number not in numbers)
    assert queue.next == missing
    later = sorted(number for low, high in queue.out_of_order for number in range(low, high))
    assert later == sorted({number for number in numbers if number > missing})


@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_the_range_that_was_told_first_holds_the_latest_segment(numbers):
    """As SACK has it (RFC 2018 section 4)."""
    queue = ReceiveQueue(-1.0)
    for number in numbers:
        if queue.take(number + 1) != DUPLICATE:
            low, high = queue.out_of_order[0]
            assert low <= number + 1 < high


def test_a_lone_segment_waits_for_a_reply_and_the_second_one_does_not():
    """RFC 1122 section 4.2.3.2."""
    acks = policy()
    assert not acks.on_segment(1.0, SEGMENT, IN_ORDER)
    assert acks.due == pytest.approx(1.0 + ATO)
    assert acks.on_segment(1.001, SEGMENT, IN_ORDER)


def test_a_duplicate_is_acknowledged_at_once_and_what_follows_it_too():
    """The other end may have lost our acknowledgement."""
    acks = policy()
    assert acks.on_segment(1.0, SEGMENT, DUPLICATE)
    acks.on_told()
    assert (acks.due, acks.on_segment(1.001, 10, IN_ORDER)) == (math.inf, True)


def test_a_timer_is_rounded_up_once_and_only_when_its_turn_has_come():
    """Until then a new setting costs no rounding."""
    timer = Timer("linux")
    timer.set(1.0, 0.3, RETRANSMIT)
    assert (timer.at, timer.round_up()) == (1.3, True)
    assert (timer.at, timer.round_up()) == (pytest.approx(timer_wheel_expiry(1.0, 0.3)), False)


@pytest.mark.parametrize("stack", ["linux-3", "bsd-1988"])
def test_older_timers_are_ticks_from_the_beginning(stack):
    """They count from the last tick on."""
    timer = Timer(stack)
    timer.set(1.0, 0.5, PROBE)
    assert (timer.at, timer.round_up()) == (1.5, False)


def test_a_timer_that_has_fired_says_what_it_was_for():
    """So that the next one may run from when the segment was sent; one that was stopped says nothing."""
    timer = Timer("linux")
    timer.set(1.0, 0.3, PROBE)
    assert (timer.fire(), timer.at, timer.kind) == (PROBE, math.inf, PROBE)
    timer.stop()
    assert timer.kind == NO_TIMER

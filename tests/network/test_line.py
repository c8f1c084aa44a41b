"""One direction of a link."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.network.links.line import Line
from sim.network.links.timeline import Timeline
from sim.scenario.distribution import Constant, Uniform


def line(rate=1e6, delay=0.05, **more):
    """A line of 1 Mbit/s and 50 ms."""
    return Line(rate=rate, delay=Constant(delay), random=more.pop("random", Random(1)), **more)


def test_a_packet_takes_its_length_and_the_delay():
    """1500 bytes at 1 Mbit/s and 50 ms."""
    assert line().carry(2.0, 1500) == pytest.approx(2.062, abs=1e-12)


def test_a_second_packet_waits_for_the_first():
    """The line is a FIFO server."""
    wire = line()
    wire.carry(2.0, 1500)
    assert wire.carry(2.001, 1500) == pytest.approx(2.074, abs=1e-12)


def test_a_booking_ahead_leaves_the_line_free_before_it():
    """A transfer planned for later does not hold up who comes now."""
    wire = line()
    wire.carry(10.0, 1500)
    assert wire.carry(2.0, 1500) == pytest.approx(2.062, abs=1e-12)


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 20)), min_size=1, max_size=20))
def test_capacity_is_conserved(packets):
    """In whatever order packets are booked, the line never does more than its rate since the first of them."""
    wire, ends = line(delay=0.0), []
    for at, units in packets:
        ends.append((wire.carry(at, units * 1250), at, units))
    first = min(at for at, _ in packets)
    for end, _, _ in ends:
        assert sum(units for e, _, units in ends if e <= end) * 0.01 <= end - first + 1e-9
    assert all(end >= at + units * 0.01 - 1e-9 for end, at, units in ends)


@pytest.mark.parametrize("loss", [0.01, 0.3])
def test_losses_come_at_their_rate(loss):
    """The share of lost packets is the loss probability within four standard deviations."""
    wire, n = line(loss=loss), 40000
    lost = sum(wire.carry(float(k), 100) == math.inf for k in range(n))
    assert abs(lost / n - loss) < 4 * math.sqrt(loss * (1 - loss) / n)


def test_a_line_that_loses_all():
    """Probability 1 lets nothing through."""
    wire = line(loss=1.0)
    assert [wire.carry(float(k), 100) for k in range(3)] == [math.inf] * 3


def test_nothing_is_drawn_without_loss():
    """A line that loses nothing leaves its generator alone."""
    random = Random(5)
    before = random.getstate()
    line(random=random).carry(0.0, 100)
    assert random.getstate() == before


def test_packets_that_leave_during_an_outage_are_lost():
    """Down from 1 to 2 s: what leaves the serialiser then is gone, what leaves at 2 s is not."""
    wire = line(timeline=Timeline([(1.0, 2.0)]))
    assert [wire.carry(t, 1250) < math.inf for t in (0.98, 0.9901, 1.5, 1.9901)] == [True, False, False, True]


def test_a_delay_that_varies_is_drawn_for_each_flight():
    """The lag changes when it is drawn, from the generator of delays."""
    wire = Line(rate=1e6, delay=Uniform(0.1, 0.2), random=Random(1), jitter=Random(2))
    wire.draw_lag()
    assert (wire.jittery, wire.lag) == (True, Random(2).uniform(0.1, 0.2))


def test_a_burst_is_the_sum_of_its_packets():
    """Four packets in one go arrive as four one by one."""
    one, many = line(), line()
    ends = [one.carry(0.0, 1500) for _ in range(4)]
    assert many.carry_burst(0.0, 0.0, 4, 1500, 1500) == pytest.approx((ends[0], ends[-1]), abs=1e-12)


def test_a_slow_feeder_paces_a_burst():
    """Behind a slower line the last packet of a burst cannot leave before it has come."""
    assert line().carry_burst(0.0, 1.0, 4, 1500, 1500)[1] == pytest.approx(1.062, abs=1e-12)


def test_what_is_booked_far_ahead_keeps_nobody_waiting_now():
    """Two hundred packets of the next minutes stand on the line: one that is sent now finds it free."""
    line = Line(rate=1e6, delay=Constant(0.0), random=Random(1))
    for second in range(1, 201):
        line.carry(float(second), 1250)
    assert line.carry(0.5, 1250) == pytest.approx(0.51)


def test_the_past_is_forgotten_and_the_present_is_not():
    """Idle gaps that ended long ago go; the one that is open now stays."""
    line = Line(rate=1e6, delay=Constant(0.0), random=Random(1))
    for second in range(1, 201):
        line.carry(float(second), 1250)
    line.forget(150.5)
    assert line.carry(20.5, 1250) > 140
    assert line.carry(150.5, 1250) == pytest.approx(150.51)

"""How lines lose packets: in bursts, by time, and where the queue has no room; and lines without TCP."""

from __future__ import annotations

import math
from itertools import groupby, pairwise
from random import Random

import pytest
from alone import Connection, connect

from sim.network.links.burst_loss import BurstLoss
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.transport.propagation import Propagation
from sim.scenario.distribution import Constant, Uniform
from sim.scenario.spec import Loss, Tcp


def line(**more):
    """A line of 1 Mbit/s and 10 ms."""
    return Line(rate=more.pop("rate", 1e6), delay=Constant(0.01), random=Random(more.pop("seed", 1)), **more)


def fates(loss, n=60_000):
    """Which of n packets are lost."""
    lossy = line(loss=loss, rate=1e9)
    return [lossy.carry(k * 0.001, 100) == math.inf for k in range(n)]


@pytest.mark.parametrize("burst", [1.2, 3.0, 10.0])
def test_bursts_have_the_share_and_the_length_that_were_asked_for(burst):
    """Gilbert-Elliott: 5% of packets, in runs of that mean length."""
    lost = fates(Loss(share=0.05, burst=burst), 400_000)
    runs = [len(list(group)) for fate, group in groupby(lost) if fate]
    assert sum(lost) / len(lost) == pytest.approx(0.05, rel=0.1)
    assert sum(runs) / len(runs) == pytest.approx(burst, rel=0.1)


def test_losses_by_themselves_come_in_runs_by_chance_only():
    """Mean run 1 / (1 - loss)."""
    lost = fates(Loss(share=0.3))
    runs = [len(list(group)) for fate, group in groupby(lost) if fate]
    assert sum(runs) / len(runs) == pytest.approx(1 / 0.7, rel=0.05)


def test_bursts_at_the_shortest_possible_take_turns():
    """Half of the packets in bursts of one: every other one."""
    lost = fates(Loss(share=0.5, burst=1.0), 1000)
    assert all(here != there for here, there in pairwise(lost))


def test_a_burst_loses_by_time():
    """The share of time, whatever the number of packets."""
    lost = fates(Loss(share=0.1, burst_time=0.05), 200_000)
    assert sum(lost) / len(lost) == pytest.approx(0.1, rel=0.15)
    runs = [len(list(group)) for fate, group in groupby(lost) if fate]
    assert sum(runs) / len(runs) == pytest.approx(51, rel=0.15)


def test_bursts_leave_the_weather_as_it_is():
    """Down with the timeline below, too, and the same at every look."""
    bursts = BurstLoss(Timeline([(5.0, 9.0)]), 0.2, 0.1, Random(4))
    first = [bursts.is_up(0.01 * k) for k in range(1000)]
    assert first == [bursts.is_up(0.01 * k) for k in range(1000)]
    assert not any(first[500:900])
    change = bursts.next_change(2.0)
    assert bursts.is_up(2.0) != bursts.is_up(change)


def test_a_full_queue_drops():
    """Room for three packets of 1000 bytes: the fourth of a volley is lost, and uses nothing."""
    short = line(queue=3000)
    ends = [short.carry(0.0, 1000) for _ in range(5)]
    assert ends == [pytest.approx(0.01 + 0.008 * k) for k in (1, 2, 3)] + [math.inf] * 2
    assert (short.overflows, short.busy_until) == (2, pytest.approx(0.024))
    assert short.carry(0.009, 1000) < math.inf


def test_idle_gaps_before_a_booking_are_no_queue():
    """A packet that fits before what is booked ahead finds room."""
    short = line(queue=3000)
    for at in (1.0, 1.0, 1.0):
        short.carry(at, 1000)
    assert short.carry(0.9, 1000) == pytest.approx(0.918)


def test_a_burst_that_would_overflow_is_not_clear():
    """It has to be sent packet by packet."""
    short = line(queue=3000)
    assert short.clear(0.0, 3, 3000) < math.inf
    assert short.clear(0.0, 4, 4000) == math.inf


def test_a_direction_that_loses_hurts_its_own_packets():
    """Loss on the way back alone loses no data."""
    out, back = line(), line(loss=0.2)
    connection = Connection([out], [back])
    connection.open(0.0)
    arrives = connection.send(connection.accepted_at + 1, 1000, to_server=True)
    assert arrives == pytest.approx(connection.accepted_at + 1 + 0.01 + 1052 * 8e-6)


# Without TCP


def test_without_tcp_a_flight_is_rate_and_delay():
    """The handshake's three ways; 10 kB at 1 Mbit/s take 80 ms, however small the window."""
    bare = connect([line()], [line()], client_tcp=Tcp(stack="rtt-only"))
    assert isinstance(bare, Propagation)
    assert (bare.open(1.0), bare.accepted_at) == pytest.approx((1.02, 1.03))
    assert bare.send(2.0, 10_000, to_server=True) == pytest.approx(2.09)
    bare.close(4.0)
    assert (bare.wire_bytes, bare.retransmissions) == (10_000, 0)


def test_without_tcp_a_flight_waits_for_the_line():
    """What would meet an outage goes when it is over; forever down is forever late."""
    outages = Timeline([(1.0, 2.0), (5.0, math.inf)])
    bare = Propagation([line(timeline=outages)], [line()])
    assert bare.send(0.99, 10_000, to_server=True) == pytest.approx(2.09)
    assert bare.send(6.0, 1, to_server=True) == bare.send(math.inf, 1, to_server=True) == math.inf
    assert bare.open(6.0) == math.inf


def test_without_tcp_a_flight_waits_for_the_host():
    """A server that is down neither reads nor writes."""
    bare = Propagation([line()], [line()], server=Timeline([(0.0, 1.0)]))
    assert bare.send(0.0, 1, to_server=True) == 1.0
    assert bare.send(0.0, 1, to_server=False) == pytest.approx(1.010008)
    assert bare.open(0.0, until=0.5) == math.inf


def test_without_tcp_jitter_is_drawn_for_each_flight():
    """As with TCP."""
    jittery = Line(rate=1e6, delay=Uniform(0.0, 1.0), random=Random(1))
    bare = Propagation([jittery], [line()], server=ALWAYS_UP)
    assert len({bare.send(10.0 * k, 1, to_server=True) - 10 * k for k in range(5)}) == 5

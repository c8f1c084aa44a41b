"""What timers that run out for nothing cost on slow lines, held to sessions of real programs on Linux 6.18 over emulated links."""

from __future__ import annotations

from random import Random

import pytest
from alone import Connection

from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.tcp.path import HEADERS, Path
from sim.network.tcp.receiver import ATO
from sim.network.tcp.rtt import RttEstimator
from sim.scenario.distribution import Constant
from sim.scenario.spec import Tcp
from sim.study.session_times import Case, run


def line(rate=64e3, delay=0.005, **more):
    """A line, slow by default."""
    return Line(rate=rate, delay=Constant(delay), random=Random(1), **more)


def connected(rate=64e3, delay=0.005, **more):
    """A connection over lines of that kind whose greeting is there, and when it is."""
    connection = Connection([line(rate, delay)], [line(rate, delay)], **more)
    connection.open(0.0)
    return connection, connection.send(connection.accepted_at, 20, to_server=False)


def test_the_first_answer_waits_behind_an_acknowledgement():
    """52 bytes at 64 kbit/s are 6.5 ms; that is what a 1 kB session at 64 kbit/s was measured to lose twice."""
    connection, now = connected()
    once = connection.send(now, 20, to_server=True)
    assert once - now == pytest.approx((HEADERS + 72) * 8 / 64e3 + 0.005)
    there = connection.send(once, 20, to_server=False)
    assert there - once == pytest.approx((HEADERS + 72) * 8 / 64e3 + 0.005)
    assert connection.send(there, 20, to_server=True) - there == pytest.approx(72 * 8 / 64e3 + 0.005)


def test_a_program_that_thinks_longer_waits_for_no_acknowledgement():
    """It is on its way as soon as the data has come."""
    connection, now = connected()
    assert connection.send(now + 0.1, 20, to_server=True) - now == pytest.approx(0.105 + 72 * 8 / 64e3)


def test_on_a_fast_line_nobody_looks():
    """There a quick acknowledgement is gone before a program has read."""
    connection, now = connected(rate=1e7)
    assert connection.send(now, 20, to_server=True) - now == pytest.approx(0.005 + 72 * 8 / 1e7)
    assert not Path(line(1e7), line(1e7), ALWAYS_UP, ALWAYS_UP, 1448).slow


def test_a_slow_body_is_probed_for_nothing():
    """10 kB after short lines, measured: twice at 64 kbit/s and 10 ms, once at 1 Mbit/s and 5 ms, never at 150 ms."""
    for rate, rtt, repeats in ((64e3, 0.01, 2), (1e6, 0.005, 1), (1e6, 0.15, 0)):
        case = Case(rate=rate, rtt=rtt, size=10_000, client="smtp-source", server="smtp-sink")
        assert {one.retransmissions for one in run(case, 8).runs} == {repeats}


def test_a_lone_segment_that_needs_longer_than_the_timer_is_sent_again():
    """1500 bytes at 9600 bit/s take 1.25 s; both copies use the line, and the first one counts."""
    connection, now = connected(rate=9600)
    there = connection.send(now, 1448, to_server=True)
    assert there - now == pytest.approx((HEADERS + 1500) * 8 / 9600 + 0.005)
    after = connection.send(there, 20, to_server=False)
    connection.send(after, 20, to_server=True)
    assert connection.retransmissions >= 1


def test_a_lone_segment_within_the_timer_is_a_sum():
    """0.25 s is more than nothing but less than what a round trip of 300 ms has taught."""
    connection, now = connected(rate=64e3, delay=0.15)
    connection.send(now, 1448, to_server=True)
    assert connection.retransmissions == 0
    assert connection._played is None


def test_a_segment_that_finds_its_host_down_is_lost():
    """The line has carried it; the timers bring it again."""
    away = Timeline([(1.0, 2.0)])
    connection, _ = connected(server=away)
    assert connection.send(1.1, 20, to_server=True) > 2.0
    assert connection.retransmissions > 0


def test_a_flight_is_late_when_its_first_acknowledgement_is():
    """Two round trips and 8 ms are what several segments are granted, and 200 ms more a lone one (RFC 8985 7.2)."""
    path = Path(line(1e6), line(1e6), ALWAYS_UP, ALWAYS_UP, 1448)
    rtt = RttEstimator(Tcp())
    rtt.sample(0.01)
    assert rtt.shortest_timeout(lone=False) == pytest.approx(0.028)
    assert rtt.shortest_timeout(lone=True) == pytest.approx(0.212)
    assert path.burst_acknowledged(0.0, ATO) > rtt.shortest_timeout(lone=False)


def test_a_longer_round_trip_can_make_a_slow_session_shorter():
    """It teaches the timers patience, so that no copy takes the line: 4,666 and 4,569 ms were measured.

    The second one at 56.5 ms: the lines of our dialogue are shorter, so that it takes half a millisecond more.
    """
    slowly = {"rate": 77.607e3, "size": 38_881, "client": "postfix", "server": "postfix", "tcp": Tcp(congestion="reno")}
    near, far = (float(run(Case(rtt=rtt, **slowly), 8).durations.mean()) for rtt in (0.0494, 0.057))
    assert near == pytest.approx(4.666, rel=0.01)
    assert far == pytest.approx(4.569, rel=0.01)
    assert far < near

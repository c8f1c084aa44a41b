"""What must hold of a connection whatever the link: splitting it, shifting time, and either way of computing a flight."""

from __future__ import annotations

import math
from random import Random

import pytest
from alone import Connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.tcp.connection import Connection as Stepped
from sim.network.tcp.packet_level import PacketLevelRun
from sim.scenario.distribution import Constant
from sim.scenario.spec import Tcp

FLIGHTS = st.lists(st.tuples(st.integers(1, 100_000), st.booleans()), min_size=1, max_size=6)
RATES = st.floats(1e5, 1e8)
DELAYS = st.floats(0.001, 0.3)


class Played(Connection):
    """A connection that is played through to its end."""

    __slots__ = ()

    def _is_over(self, now, to_server):
        self._played.is_over(now, to_server)
        return False


def line(delay, rate=1e7, loss=0.0, seed="", timeline=ALWAYS_UP, **more):
    """A line with draws of its own."""
    return Line(rate=rate, delay=Constant(delay), loss=loss, random=Random(seed), timeline=timeline, **more)


def arrivals(connection, flights, now=0.0):
    """When each flight of a dialogue arrives; one ends where the next begins."""
    connection.open(now)
    now, ends = connection.accepted_at, []
    for size, to_server in flights:
        now = connection.send(now, size, to_server)
        ends.append(now)
    return ends


@settings(deadline=None, derandomize=True, max_examples=60)
@given(flights=FLIGHTS, delay=DELAYS, rate=RATES, part=st.floats(0.1, 0.9))
def test_a_link_split_in_two_is_the_same_link(flights, delay, rate, part):
    """The second link is so fast that its own serialisation is nothing; each packet is where it was before."""
    whole = Connection([line(delay, rate)], [line(delay, rate)])
    fast = 1e15
    out = [line(delay * part, rate), line(delay * (1 - part), fast)]
    back = [line(delay * (1 - part), fast), line(delay * part, rate)]
    # Acknowledgements meet the slow line behind the fast one: in the same order, at the same times.
    split = Connection(out, back)
    assert arrivals(split, flights) == pytest.approx(arrivals(whole, flights), abs=1e-6)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(flights=FLIGHTS, begins=st.floats(0.0, 3.0), lasts=st.floats(0.01, 60.0), ticks=st.integers(1, 50))
def test_a_shift_of_the_weather_shifts_the_result(flights, begins, lasts, ticks):
    """By whole turns of the timer wheel's coarsest level in use (131 s), so that its phase is the same."""
    shift = 131.072 * ticks
    ends = []
    for start in (0.0, shift):
        storm = Timeline([(start + begins, start + begins + lasts)])
        connection = Connection([line(0.05, timeline=storm)], [line(0.05, timeline=storm)])
        ends.append([at - start for at in arrivals(connection, flights, start)])
    assert ends[1] == pytest.approx(ends[0], abs=1e-6)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(1, 10), DELAYS, RATES)
def test_a_window_is_the_same_by_formula_and_played_through(segments, delay, rate):
    """Both ways of computing a flight that nothing disturbs agree."""
    ends = []
    for play in (False, True):
        kind = Played if play else Connection
        connection = kind([line(delay, rate)], [line(delay, rate)])
        connection.open(0.0)
        if play:
            connection._begin(0.0, to_server=True)
        ends.append(connection.send(10.0, segments * 1448, to_server=True))
    assert ends[1] == pytest.approx(ends[0], abs=1e-9)


@example([(72_401, True), (72_401, True)], 8236, 0.28415159094331693, Tcp())
@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    flights=FLIGHTS,
    seed=st.integers(0, 10_000),
    loss=st.floats(0.0, 0.3),
    tcp=st.sampled_from(
        [
            Tcp(),
            Tcp(congestion="reno"),
            Tcp(congestion="reno", sack=False),
            Tcp(stack="bsd-1988", congestion="tahoe", initial_window=1, min_rto=1.0, sack=False, timestamps=False),
            Tcp(stack="linux-3"),
            Tcp(congestion="tahoe", sack=False),
            Tcp(timestamps=False),
        ]
    ),
)
def test_everything_arrives_in_order_over_any_loss(flights, seed, loss, tcp):
    """Whatever is lost, a flight arrives after the one before, unless TCP gives up.

    4.3BSD does so after twelve timeouts without a round trip that it may count; Linux never before 924 s.
    """
    connection = Connection(
        [line(0.02, loss=loss, seed=f"{seed} out")],
        [line(0.02, loss=loss, seed=f"{seed} back")],
        client_tcp=tcp,
        server_tcp=tcp,
    )
    ends = arrivals(connection, flights)
    assert ends == sorted(ends)
    gave_up = [end.lost_at for end in (connection._client, connection._server) if end.dead]
    assert math.isinf(connection.accepted_at) or gave_up or ends[-1] < 5000
    assert tcp.stack == "bsd-1988" or min(gave_up, default=math.inf) >= 924


def test_steps_do_not_change_what_one_flow_does():
    """A body sent step by step arrives when it does at once."""
    ends = []
    for stepwise in (False, True):
        connection = Connection([line(0.05, loss=0.02, seed="a")], [line(0.05, loss=0.02, seed="b")])
        connection.open(0.0)
        if stepwise:
            flow, steps = Stepped.send(connection, 1.0, 300_000, to_server=True), []
            while True:
                try:
                    steps.append(next(flow))
                except StopIteration as end:
                    ends.append(end.value)
                    break
            assert steps == sorted(steps)
        else:
            ends.append(connection.send(1.0, 300_000, to_server=True))
    assert ends[0] == ends[1]


def test_nagle_holds_back_a_second_small_segment():
    """Without TCP_NODELAY a small segment waits while another one is not acknowledged (Minshall's variant)."""
    connection = Connection([line(0.05)], [line(0.05)])
    connection.open(0.0)
    client = connection._client
    for nodelay, sent in ((True, 2), (False, 1)):
        PacketLevelRun(connection._ends, 1.0, to_server=True, since=0.0)
        for _ in range(2):
            client.write(1.0, [10], nodelay=nodelay)
        assert client.board.next == sent

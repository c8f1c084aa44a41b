"""How much of a flight a program has written into its socket, as a real Linux and a real Postfix's writes show it."""

from __future__ import annotations

import math
from random import Random

import pytest
from alone import steps
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.network.interface import at_once
from sim.network.links.line import Line
from sim.network.tcp.connection import Connection
from sim.network.tcp.send_queue import buffered
from sim.scenario.distribution import Constant
from sim.scenario.spec import Tcp

MSS = 1448


def connected(rate, delay=0.01, queue=math.inf, tcp=None, loss=0.0):
    """A connection whose dialogue has come to the mail data, and the time then."""
    out, back = (Line(rate=rate, delay=Constant(delay), queue=queue, loss=loss, random=Random(way)) for way in "ab")
    made = Connection([out], [back], client_tcp=tcp or Tcp(), server_tcp=tcp or Tcp())
    at_once(made.open(0.0))
    now = made.send(made.accepted_at, 30, to_server=False)
    for said, answered in ((13, 143), (97, 65)):
        now = made.send(made.send(now, said, to_server=True), answered, to_server=False)
    return made, now


def written(made, now, size):
    """Of each write that waited for room: when it went in, in s since the flight began, and how many were left then."""
    found, flow, last = [], steps(made.send(now, size, True)), made.wrote()
    try:
        at = next(flow)
        while True:
            if made.wrote() != last:
                last = made.wrote()
                found.append((round(last[0] - now, 3), last[1]))
            at = flow.send(at)
    except StopIteration:
        return found


def acknowledged_at_last_write(rate, size, delay=0.01, queue=math.inf):
    """How many segments were acknowledged when the last write went in."""
    made, now = connected(rate, delay, queue)
    flow, last = steps(made.send(now, size, True)), None
    try:
        at = next(flow)
        while True:
            before, last = last, made.wrote()
            if last != before and not last[1]:
                una = made._client.board.una
            at = flow.send(at)
    except StopIteration:
        return una


@pytest.mark.parametrize(
    ("size", "acknowledged"), [(30_273, 4), (50_273, 8), (100_273, 23), (200_273, 63), (500_273, 193)]
)
def test_the_last_write_goes_in_when_as_much_is_acknowledged_as_measured(size, acknowledged):
    """64 kbit/s, RTT 20 ms, no drop: within 5 % of what getsockopt(SO_MEMINFO) showed."""
    assert acknowledged_at_last_write(64e3, size) == pytest.approx(acknowledged, rel=0.05)


def test_a_flight_is_written_in_writes_of_four_segments():
    """At first 20 segments, then four at a time as room for them comes; the rest where the window is not full."""
    made, now = connected(64e3)
    assert made.wrote() == (-math.inf, 0)
    assert [left for _, left in written(made, now, 50_273)] == [4, 3, 0]


def test_a_socket_grows_from_the_first_acknowledgement_where_each_lets_two_pairs_go():
    """1 Mbit/s, RTT 100 ms: 200 kB are written 0.92 s after the first of them (measured: 0.925 s)."""
    made, now = connected(1e6, delay=0.05)
    last, left = written(made, now, 200_273)[-1]
    assert (left, last) == (0, pytest.approx(0.925, rel=0.03))


def test_what_fits_the_window_is_written_at_once():
    """Nothing waits, so nothing is told."""
    made, now = connected(10e6)
    assert isinstance(made.send(now, 10 * MSS, True), float)
    assert made.wrote() == (-math.inf, 0)


@pytest.mark.parametrize(
    ("rate", "said", "held"), [(9600, None, None), (9599, None, 8192), (300, 0, 0), (300, 4096, 4096), (1e6, 512, 512)]
)
def test_sockets_are_small_on_slow_lines_unless_it_is_said_how_large(rate, said, held):
    """Below 9600 bit/s they hold 8 kB."""
    assert buffered(Tcp(send_buffer=said), rate).send_buffer == held


def test_a_small_socket_keeps_little_under_way():
    """8 kB at 300 bit/s, each segment 41 s: no more than six are not acknowledged, and the last write is late."""
    made, now = connected(300.0)
    last, left = written(made, now, 100_000)[-1]
    arrives = now + 8 * 100_000 * 1.036 / 300
    assert left == 0
    assert arrives - (now + last) < 7 * 8 * 1500 / 300


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    rate=st.sampled_from([300.0, 9600.0, 64e3, 1e6]),
    size=st.integers(1, 120_000),
    queue=st.sampled_from([5e3, 16e3, math.inf]),
    loss=st.sampled_from([0.0, 0.05]),
    tcp=st.sampled_from(
        [
            Tcp(),
            Tcp(stack="linux-3"),
            Tcp(stack="bsd-1988", congestion="tahoe", initial_window=1, sack=False),
            Tcp(send_buffer=2048),
        ]
    ),
)
def test_writes_never_go_back(rate, size, queue, loss, tcp):
    """Each is later than the one before, fewer are left, and none when all has arrived."""
    made, now = connected(rate, queue=queue, tcp=tcp, loss=loss)
    if now == math.inf:
        return
    found = written(made, now, size)
    assert [left for _, left in found] == sorted([left for _, left in found], reverse=True)
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert made._client.dead or made.wrote()[1] == 0

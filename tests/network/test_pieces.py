"""How a flight to the client comes in, for a client that does not wait until all of it is there."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from alone import Connection, connect
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sim.network.links.line import Line
from sim.network.links.timeline import Timeline
from sim.network.transport.propagation import Propagation
from sim.scenario.distribution import Constant
from sim.scenario.spec.carriers import Bsc

RATE = 1e5


def lines(kind=Line, *, loss=0.0, timeline=None, mtu=152, seed=1):
    """A line there and one back, of 0.1 Mbit/s and 10 ms."""
    both = [
        kind(
            rate=RATE,
            delay=Constant(0.01),
            loss=loss,
            mtu=mtu,
            random=Random(f"{seed}/{way}"),
            **({"timeline": timeline} if timeline else {}),
        )
        for way in "ab"
    ]
    return [both[0]], [both[1]]


def greeted(connection):
    """The time at which a client has sent a command."""
    now = connection.open(0.0)
    now = connection.send(max(now, connection.accepted_at), 30, to_server=False)
    return connection.send(now, 10, to_server=True)


@pytest.mark.parametrize("size", [101, 450, 2000, 5000], ids=["two", "some", "twenty", "more than a window"])
def test_each_segment_has_its_time(size):
    """Segments of 100 octets: none comes sooner than the line can carry it, the last when the flight has arrived."""
    connection = Connection(*lines())
    now = greeted(connection)
    arrives = connection.send(now, size, to_server=False)
    pieces = list(connection.pieces(size))
    assert [octets for _, octets in pieces] == [*range(100, size, 100), size]
    times = [now + 0.01, *[at for at, _ in pieces]]
    assert all(after - before > 0.9 * 152 * 8 / RATE for before, after in pairwise(times[:-1]))
    assert times[-1] == pytest.approx(arrives)


def test_a_flight_of_one_segment_has_no_pieces():
    """It is there whole or not at all."""
    connection = Connection(*lines())
    connection.send(greeted(connection), 100, to_server=False)
    assert list(connection.pieces(100)) == []


def test_what_was_sent_before_an_outage_comes():
    """The line goes down when 4 of 10 segments have left it, and stays so."""
    clean = Connection(*lines())
    now = greeted(clean)
    connection = Connection(*lines(timeline=Timeline([(now + 4.5 * 152 * 8 / RATE, float("inf"))])))
    assert greeted(connection) == now
    assert connection.send(now, 1000, to_server=False) == float("inf")
    assert [octets for _, octets in connection.pieces(1000) if octets] == [100, 200, 300, 400]


@settings(max_examples=40, deadline=None)
@given(size=st.integers(1, 6000), loss=st.floats(0, 0.3), seed=st.integers(0, 99))
def test_pieces_grow_to_the_whole(size, loss, seed):
    """Whatever is lost: times and octets never go back, and all is there when the flight has arrived."""
    connection = Connection(*lines(loss=loss, seed=seed))
    now = greeted(connection)
    assume(now < float("inf"))
    arrives = connection.send(now, size, to_server=False)
    pieces = list(connection.pieces(size))
    assert pieces == sorted(pieces)
    assert all(now < at <= arrives + 1e-9 and 0 <= octets <= size for at, octets in pieces)
    assert (not pieces or pieces[-1][1] == size) == (not pieces or arrives < float("inf"))


def test_an_older_carrier_brings_packets():
    """BSC blocks of 80 octets."""
    connection = connect(*carriers(Bsc(block=80, turnaround=0.0)))
    now = connection.open(0.0)
    arrives = connection.send(now, 200, to_server=False)
    pieces = list(connection.pieces(200))
    assert [octets for _, octets in pieces] == [80, 160, 200]
    assert pieces[-1][0] == arrives


def carriers(carrier):
    """As `lines`, run by an older carrier."""
    return lines(lambda **more: Line(carrier=carrier, **more))


def test_without_tcp_a_flight_is_there_whole():
    """`rtt-only` has no segments."""
    connection = Propagation(*lines())
    connection.send(connection.open(0.0), 5000, to_server=False)
    assert list(connection.pieces(5000)) == []

"""Lines one behind the other in the shape of one line."""

from __future__ import annotations

from math import inf
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sim.network.links.availability import Timeline
from sim.network.links.chain import joined
from sim.network.links.line import Line
from sim.scenario.distribution import Constant


def line(rate, delay, *, loss=0.0, mtu=1500):
    """A line whose delay is fixed."""
    return Line(rate=rate, delay=Constant(delay), random=Random(1), loss=loss, mtu=mtu)


def test_one_line_is_itself():
    """A connection over one link asks the line itself, and pays for nothing else."""
    only = line(1e6, 0.01)
    assert joined([only]) is only


def test_a_chain_answers_for_all_of_its_lines():
    """Its rate and MTU are the least, its lag the sum, and it is busy until the last of them is free."""
    slow, small = line(1e6, 0.01), line(1e7, 0.02, mtu=576)
    chain = joined([slow, small])
    small.carry(0.0, 1e6)
    assert (chain.rate, chain.mtu, chain.lag, chain.busy_until) == (1e6, 576, 0.01 + 0.02, 1e6 * (8 / 1e7))


def test_packets_that_stay_together_cross_line_by_line():
    """Both are behind the first line before the second one gets them, when the last of them is there."""
    first, second = line(1e6, 0.0), line(1e6, 0.0)
    assert joined([first, second]).carry_all(0.0, 1000, 2) == 0.016 + 0.016


def test_what_is_lost_on_one_line_burdens_none_behind_it():
    """A packet that the first line loses never reaches the second."""
    lossy, behind = line(1e6, 0.0, loss=1.0), line(1e6, 0.0)
    arrives = joined([lossy, behind]).carry(0.0, 1000)
    assert (arrives, behind.busy_until) == (inf, 0.0)


def test_no_lines_take_no_time():
    """What a host sends to itself is there at once, however fast it comes."""
    nothing = joined([])
    assert (nothing.carry(1.0, 1e9), nothing.clear(1.0, 5, 1e9), nothing.rate, nothing.lag) == (1.0, 1.0, inf, 0)


TIMES = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 4)), min_size=1, max_size=20)


@given(TIMES, st.sampled_from([0.0, 0.1, 1.0]), st.sampled_from([inf, 3000.0]), st.booleans())
def test_packets_that_come_together_are_as_those_that_come_apart(bursts, loss, queue, storm):
    """`carry_all` books, loses and delays what `carry` does for each packet, in whatever order bursts are computed."""
    timeline = Timeline([(0.3, 0.6)]) if storm else Timeline()
    one, other = (
        Line(rate=1e6, delay=Constant(0.01), random=Random(7), loss=loss, queue=queue, timeline=timeline)
        for _ in range(2)
    )
    for at, packets in bursts:
        apart = [one.carry(at, 500) for _ in range(packets)][-1]
        assert other.carry_all(at, 500, packets) == apart
    assert (one.busy_until, one.overflows) == (other.busy_until, other.overflows)

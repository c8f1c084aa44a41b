"""Lines one behind the other in the shape of one line."""

from __future__ import annotations

from math import inf
from random import Random

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


def test_what_is_lost_on_one_line_burdens_none_behind_it():
    """A packet that the first line loses never reaches the second."""
    lossy, behind = line(1e6, 0.0, loss=1.0), line(1e6, 0.0)
    arrives = joined([lossy, behind]).carry(0.0, 1000)
    assert (arrives, behind.busy_until) == (inf, 0.0)


def test_no_lines_take_no_time():
    """What a host sends to itself is there at once, however fast it comes."""
    nothing = joined([])
    assert (nothing.carry(1.0, 1e9), nothing.clear(1.0, 5, 1e9), nothing.rate, nothing.lag) == (1.0, 1.0, inf, 0)

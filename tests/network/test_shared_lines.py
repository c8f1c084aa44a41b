"""Connections that share a line: packets leave it in the order in which they come to it."""

from __future__ import annotations

import heapq
import math
from collections.abc import Generator, Iterator
from contextlib import suppress
from random import Random

from alone import steps
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.network.interface import at_once
from sim.network.links.line import Line
from sim.network.tcp.connection import Connection
from sim.scenario.distribution import Constant


class Watched(Line):
    """A line that notes when packets reach it, in the order in which they are put on it, and when they leave it."""

    __slots__ = ("came", "left")

    def __init__(self, *, rate: float, delay: float, queue: float) -> None:
        super().__init__(rate=rate, delay=Constant(delay), queue=queue, random=Random(1))
        self.came: list[float] = []
        self.left: list[float] = []

    def carry(self, at, wire):
        """One packet reaches the line."""
        there = super().carry(at, wire)
        self.came.append(at)
        self.left += [there] if there < float("inf") else []
        return there

    def carry_burst(self, first, last, packets, wire, tail):
        """Packets reach the line that follow each other."""
        there = super().carry_burst(first, last, packets, wire, tail)
        self.came.append(first)
        self.left += there
        return there


def transfer(lines: tuple[Watched, Watched], start: float, size: int) -> Generator[float, float | None, None]:
    """One body over a connection of its own, open already: the times at which it goes on."""
    connection = Connection(lines[:1], lines[1:])
    at_once(connection.open(0.0))
    for line in lines:
        line.came.clear()
        line.left.clear()
    return _sent(connection, start, size)


def _sent(connection: Connection, start: float, size: int) -> Generator[float, float | None, None]:
    yield start
    yield from steps(connection.send(start, size, to_server=True))


def played(flows: list[Iterator[float]]) -> None:
    """Go through all of them in the order of time."""
    heap = [(next(flow), index, flow) for index, flow in enumerate(flows)]
    heapq.heapify(heap)
    while heap:
        _, index, flow = heapq.heappop(heap)
        if (later := next(flow, None)) is not None:
            heapq.heappush(heap, (later, index, flow))


def leaping(flows: list[Generator[float, float | None, None]]) -> None:
    """Go through all of them, telling each one until when nobody else is due."""
    heap = [(next(flow), index, flow) for index, flow in enumerate(flows)]
    heapq.heapify(heap)
    while heap:
        _, index, flow = heapq.heappop(heap)
        with suppress(StopIteration):
            heapq.heappush(heap, (flow.send(heap[0][0] if heap else math.inf), index, flow))


@settings(deadline=None, max_examples=40)
@given(
    rate=st.floats(1e6, 1e8),
    delay=st.floats(1e-3, 0.2),
    queue=st.floats(20e3, 1e6),
    sizes=st.tuples(st.integers(2_000, 300_000), st.integers(2_000, 300_000)),
    gap=st.floats(0, 1),
)
def test_what_goes_on_by_itself_while_nobody_else_is_due_sends_as_if_each_packet_were_an_event(
    rate, delay, queue, sizes, gap
):
    """The grain of the play changes nothing: the same packets leave both lines at the same times, drops included."""
    found = []
    for play in (played, leaping):
        lines = Watched(rate=rate, delay=delay, queue=queue), Watched(rate=rate, delay=delay, queue=queue)
        play([transfer(lines, start, size) for start, size in zip((2.0, 2.0 + gap), sizes, strict=True)])
        found.append([line.left for line in lines])
    assert found[0] == found[1]


@settings(deadline=None, max_examples=40)
@given(
    rate=st.floats(3e6, 1e9),
    delay=st.floats(1e-3, 0.2),
    queue=st.floats(200e3, 1e6),
    sizes=st.tuples(st.integers(2_000, 150_000), st.integers(2_000, 150_000)),
    gap=st.floats(0, 1),
)
def test_packets_of_two_connections_leave_a_line_in_the_order_in_which_they_came(rate, delay, queue, sizes, gap):
    """Nothing is booked ahead of a packet that came first."""
    lines = Watched(rate=rate, delay=delay, queue=queue), Watched(rate=rate, delay=delay, queue=queue)
    played([transfer(lines, start, size) for start, size in zip((2.0, 2.0 + gap), sizes, strict=True)])
    for line in lines:
        assert line.came == sorted(line.came)
        assert line.left == sorted(line.left)

"""The way from one node to another as routing has it at each moment, in the shape of one line.

A connection knows the lines that its packets take. Where routing follows outages, these change under way: what is sent
after routing has converged takes the new lines, so that TCP outlives a route that does not come back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import NamedTuple

from sim.network.links.chain import Chain
from sim.network.links.line import Line

__all__ = ["ReroutedLine", "RouteEpoch"]


class RouteEpoch(NamedTuple):
    """The lines of a way, and from when to when (s) they are the way."""

    lines: Sequence[Line]
    since: float
    until: float


class ReroutedLine(Chain):
    """All lines of a way as one: a packet goes over those that are the way when it is sent.

    Args:
        lines: The way at the beginning; what is asked of a line once (rate, MTU) is answered for these.
        find: Gives the way at a time; without lines where there is none, and then the last ones stay in use.

    Attributes:
        lines: The way at the time that was asked about last.
    """

    __slots__ = ("_find", "_since", "_until")

    def __init__(self, lines: Sequence[Line], find: Callable[[float], RouteEpoch]) -> None:
        super().__init__(lines)
        self._find = find
        self._since, self._until = inf, -inf

    def _turn(self, at: float) -> None:
        """Take the lines that are the way at a time."""
        lines, self._since, self._until = self._find(at)
        if lines and lines is not self.lines:
            self.lines = lines
            self.draw_lag()

    def expects(self, at: float, wire: float) -> float:
        """When a packet would be at the far end; as `Line.expects`."""
        if not self._since <= at < self._until:
            self._turn(at)
        return super().expects(at, wire)

    def carry(self, at: float, wire: float) -> float:
        """Carry one packet over all lines; as `Line.carry`."""
        if not self._since <= at < self._until:
            self._turn(at)
        return super().carry(at, wire)

    def carry_all(self, at: float, wire: float, packets: int) -> float:
        """Carry packets, each over the lines that are the way then; as `Line.carry_all`."""
        return [self.carry(at, wire) for _ in range(packets)][-1]

    def convey(self, at: float, size: float) -> float:
        """Carry something whole over all lines; as `Line.convey`."""
        if not self._since <= at < self._until:
            self._turn(at)
        return super().convey(at, size)

    def clear(self, at: float, packets: int, wire: float) -> float:
        """Whether a burst would get through all lines whole, and by when; as `Line.clear`."""
        if not self._since <= at < self._until:
            self._turn(at)
        return super().clear(at, packets, wire)

    def carry_burst(self, first: float, last: float, packets: int, wire: int, tail: int) -> tuple[float, float]:
        """Carry packets of which none is lost over all lines; as `Line.carry_burst`."""
        if not self._since <= first < self._until:
            self._turn(first)
        return super().carry_burst(first, last, packets, wire, tail)

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

    def __init__(self, lines: Sequence[Line], find: Callable[[float], RouteEpoch]) -> None:
        super().__init__(lines)
        self._find = find
        self._since, self._until = inf, -inf

    def route(self, at: float) -> Sequence[Line]:
        """The lines that are the way at a time."""
        if not self._since <= at < self._until:
            lines, self._since, self._until = self._find(at)
            if lines and lines is not self.lines:
                self.lines = lines
                self.draw_lag()
        return self.lines

    def carry_all(self, at: float, wire: float, packets: int) -> float:
        """Carry packets, each over the lines that are the way then; as `Line.carry_all`."""
        return [self.carry(at, wire) for _ in range(packets)][-1]

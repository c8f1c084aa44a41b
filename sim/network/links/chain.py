"""Lines one behind the other, in the shape of one line: what a packet crosses between the ends of a connection.

A connection knows the lines that its packets take. Where routing follows outages, these change under way: what is sent
after routing has converged takes the new lines, so that TCP outlives a route that does not come back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Final, NamedTuple

from sim.network.links.line import Line

_USUAL_MTU: Final = 1500


class Chain(Line):
    """All lines of a way as one; without any, what is carried is there at once.

    Attributes:
        lines: The lines, in the order in which a packet takes them.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        of_each = [(line.rate, line.mtu, line.jittery, line.bursty) for line in lines]
        rates, mtus, jittery, bursty = zip(*of_each or [(inf, _USUAL_MTU, False, False)], strict=True)
        self.rate, self.mtu = min(rates), min(mtus)
        self.jittery, self.bursty = True in jittery, True in bursty
        self.carrier = next((line.carrier for line in lines if line.carrier is not None), None)

    def route(self, _at: float) -> Sequence[Line]:
        """The lines that a packet takes that is sent at a time."""
        return self.lines

    @property
    def lag(self) -> float:  # type: ignore[override] # a sum, where a line has an attribute
        """What the lines take together, in s."""
        return sum([line.lag for line in self.lines])

    @property
    def busy_until(self) -> float:  # type: ignore[override] # likewise
        """Until when one of them has something to do."""
        return max([line.busy_until for line in self.lines], default=-inf)

    def draw_lag(self) -> None:
        """Draw the delay of every line whose delay varies."""
        for line in self.lines:
            if line.jittery:
                line.draw_lag()

    def forget(self, now: float) -> None:
        """Forget what is past on the lines."""
        for line in self.lines:
            line.forget(now)

    def expects(self, at: float, wire: float) -> float:
        """When a packet would be at the far end; as `Line.expects`."""
        for line in self.route(at):
            at = line.expects(at, wire)
        return at

    def carry(self, at: float, wire: float) -> float:
        """Carry one packet over all lines; as `Line.carry`."""
        for line in self.route(at):
            at = line.carry(at, wire)
            if at == inf:
                break
        return at

    def convey(self, at: float, size: float) -> float:
        """Carry something whole over all lines; as `Line.convey`."""
        for line in self.route(at):
            at = line.convey(at, size)
            if at == inf:
                break
        return at

    def clear(self, at: float, packets: int, wire: float) -> float:
        """Whether a burst would get through all lines whole, and by when; as `Line.clear`."""
        for line in self.route(at):
            at = line.clear(at, packets, wire)
            if at == inf:
                break
        return at

    def carry_burst(self, first: float, last: float, packets: int, wire: int, tail: int) -> tuple[float, float]:
        """Carry packets of which none is lost over all lines; as `Line.carry_burst`."""
        for line in self.route(first):
            first, last = line.carry_burst(first, last, packets, wire, tail)
        return first, last


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


def joined(lines: Sequence[Line]) -> Line:
    """What a packet crosses: the only line, or all of them as one."""
    return lines[0] if len(lines) == 1 else Chain(lines)

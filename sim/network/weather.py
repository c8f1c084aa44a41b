"""When a link or a host is up: drawn once before the run, then only looked up.

A timeline says for every moment whether something is up and when that changes next, so a flight of bytes can ask what
its link will do instead of waiting for an event, and every architecture lives through the same outages.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from random import Random

from sim.scenario import spec

__all__ = ["ALWAYS_UP", "Timeline", "draw"]


class Timeline:
    """Up at all times (in s) except within the given intervals.

    Args:
        down: Stretches of time [start, end), sorted and disjoint; the last may end at infinity.

    Raises:
        ValueError: An interval is empty, or begins before the one before it ends.
    """

    __slots__ = ("_times",)

    def __init__(self, down: Sequence[tuple[float, float]] = ()) -> None:
        times: list[float] = []
        for start, end in down:
            if not start < end:
                raise ValueError(f"down [{start}, {end}): an interval must end after it starts")
            if times and start < times[-1]:
                raise ValueError(f"down [{start}, {end}) starts before {times[-1]}: sort and merge the intervals first")
            if times and start == times[-1]:
                times[-1] = end
            else:
                times += (start, end)
        self._times = tuple(times)

    def is_up(self, t: float) -> bool:
        """Whether it is up at time t; an outage [start, end) is over at its end."""
        return not self._times or not bisect_right(self._times, t) % 2

    def next_change(self, t: float) -> float:
        """The first moment after t at which it goes down or comes up; infinity if there is none."""
        index = bisect_right(self._times, t)
        return self._times[index] if index < len(self._times) else math.inf

    def next_up(self, t: float) -> float:
        """The first moment from t on when it is up: t itself if it is up now; infinity if it stays down."""
        return t if not self._times or self.is_up(t) else self.next_change(t)

    def next_down(self, t: float) -> float:
        """The first moment from t on when it is down: t itself if it is down now; infinity if it stays up."""
        if not self._times:
            return math.inf
        return self.next_change(t) if self.is_up(t) else t

    def changes(self) -> list[float]:
        """All moments at which it goes down or comes up, in order."""
        return [t for t in self._times if t < math.inf]


ALWAYS_UP = Timeline()
"""The timeline without an outage."""


def draw(weather: spec.Weather, random: Random, horizon: float) -> Timeline:
    """Draw the timeline of one link or host.

    Random outages start with an up time: at time 0 everything is freshly up, not in equilibrium. The share of time up
    is therefore a little above mtbf / (mtbf + mttr) until some multiples of mttr have passed. Nothing new begins after
    the horizon (an outage under way then ends when it was drawn to end).

    Args:
        weather: Random outages, explicit ones, and windows outside of which it is down.
        random: The entity's own generator.
        horizon: The end of simulated time, in s.
    """
    down = [(interval.start, interval.end) for interval in weather.down]
    if weather.outages is not None:
        down += _random_outages(weather.outages, random, horizon)
    if weather.windows:
        down += _outside(_merged(_openings(weather.windows, horizon)))
    return Timeline(_merged(down)) if down else ALWAYS_UP


def _random_outages(outages: spec.Outages, random: Random, horizon: float) -> Iterator[tuple[float, float]]:
    """Exponential times up and down in turn, from time 0 to the horizon."""
    start = random.expovariate(1 / outages.mtbf)
    while start < horizon:
        end = start + random.expovariate(1 / outages.mttr)
        yield start, end
        start = end + random.expovariate(1 / outages.mtbf)


def _openings(windows: Iterable[spec.Window], horizon: float) -> Iterator[tuple[float, float]]:
    """Every stretch inside a window, from the period before time 0 to the one after the horizon."""
    for window in windows:
        for period in range(-1, int(horizon / window.period) + 2):
            yield period * window.period + window.start, period * window.period + window.end


def _outside(up: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """The gaps between the stretches, from time 0 on."""
    end = 0.0
    for start, stop in up:
        if end < start:
            yield end, start
        end = max(end, stop)


def _merged(intervals: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The union of the intervals, sorted and disjoint; empty ones are left out."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif start < end:
            merged.append((start, end))
    return merged

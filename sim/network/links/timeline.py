"""When a link, a host or the DNS is up: known before the run, then only looked up.

A timeline says for every moment whether something is up and when that changes next, so a flight of bytes can ask what
its link will do instead of waiting for an event.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence


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

    def outages(self) -> list[tuple[float, float]]:
        """The stretches of time in which it is down, in order."""
        return list(zip(self._times[::2], self._times[1::2], strict=True))

    def settled(self, hold: float) -> Timeline:
        """What an observer believes who takes a change for true when it has lasted for `hold` s.

        Changes that are undone sooner are never noticed; what is down at time 0 is known.
        """
        if not hold or not self._times:
            return self
        believed: list[float] = []
        for index, change in enumerate(self._times):
            if index % 2 == len(believed) % 2 and change < math.inf:
                following = self._times[index + 1] if index + 1 < len(self._times) else math.inf
                if change <= 0:
                    believed.append(0.0)
                elif following - change > hold:
                    believed.append(change + hold)
        ends = [*believed[1::2], math.inf]
        return Timeline(list(zip(believed[::2], ends, strict=False)))


ALWAYS_UP = Timeline()
"""The timeline without an outage."""

NEVER_UP = Timeline([(0.0, math.inf)])
"""The timeline of one outage."""


def any_down(timelines: Iterable[Timeline]) -> Timeline:
    """The timeline of what is down while any of these is."""
    changing = [timeline for timeline in timelines if timeline is not ALWAYS_UP]
    if len(changing) < 2:
        return changing[0] if changing else ALWAYS_UP
    return Timeline(covered([outage for timeline in changing for outage in timeline.outages()]))


def all_down(timelines: Sequence[Timeline]) -> Timeline:
    """The timeline of what is down while all of these are; it is up at all times where there is none of them."""
    together = covered([outage for timeline in timelines for outage in timeline.outages()], len(timelines))
    return Timeline(together) if together else ALWAYS_UP


def covered(intervals: Iterable[tuple[float, float]], times: int = 1) -> list[tuple[float, float]]:
    """The stretches that lie in at least so many of the intervals, sorted and disjoint; empty ones are left out."""
    covered: list[tuple[float, float]] = []
    count, since = 0, 0.0
    for t, ends in sorted((t, index) for pair in intervals if pair[0] < pair[1] for index, t in enumerate(pair)):
        if ends:
            if count == times and since < t:
                covered.append((since, t))
            count -= 1
        else:
            count += 1
            if count == times:
                since = t
    return covered

"""Losses that come in bursts of time: while a burst lasts, everything is lost.

A line with bursts is one that is down now and then for a moment; nobody is told, and no route changes.

Sources: Gilbert 1960, in continuous time.
"""

from __future__ import annotations

from bisect import bisect_right
from random import Random

from sim.network.links.timeline import Timeline


class BurstLoss(Timeline):
    """A timeline with bursts of loss (Gilbert-Elliott, in time), drawn as far as somebody looks.

    Args:
        timeline: The same without them.
        share: The share of time that is lost to them.
        mean: The mean length of a burst in s.
        random: Their own generator.
    """

    __slots__ = ("_changes", "_means", "_random", "_timeline")

    def __init__(self, timeline: Timeline, share: float, mean: float, random: Random) -> None:
        super().__init__()
        self._timeline = timeline
        self._random = random
        self._means = (mean * (1 - share) / share, mean)
        # By turns a burst begins and ends; an odd number of changes up to t means that there is one at t.
        self._changes = [0.0] if random.random() < share else []

    def is_up(self, t: float) -> bool:
        """Whether a packet gets through at time t."""
        return self._timeline.is_up(t) and not self._burst_changes(t) % 2

    def next_change(self, t: float) -> float:
        """The first moment after t at which that may change."""
        index = self._burst_changes(t)
        return min(self._changes[index], self._timeline.next_change(t))

    def _burst_changes(self, t: float) -> int:
        """How often bursts have begun or ended up to a time."""
        changes = self._changes
        while not changes or changes[-1] <= t:
            mean = self._means[len(changes) % 2]
            changes.append((changes[-1] if changes else 0.0) + self._random.expovariate(1 / mean))
        return bisect_right(changes, t)

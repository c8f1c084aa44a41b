"""Losses that come in bursts of time: while a storm lasts, everything is lost.

A line with storms is a line that is down now and then for a moment; nobody is told, and no route changes.

Sources: Gilbert 1960, in continuous time.
"""

from __future__ import annotations

from bisect import bisect_right
from random import Random

from sim.network.links.availability import Timeline

__all__ = ["Storms"]


class Storms(Timeline):
    """A timeline with storms, drawn as far as somebody looks.

    Args:
        calm: The timeline without them.
        share: The share of time that is lost to them.
        mean: The mean length of a storm in s.
        random: Their own generator.
    """

    __slots__ = ("_calm", "_changes", "_means", "_random")

    def __init__(self, calm: Timeline, share: float, mean: float, random: Random) -> None:
        super().__init__()
        self._calm = calm
        self._random = random
        self._means = (mean * (1 - share) / share, mean)
        # By turns a storm begins and ends; an odd number of changes up to t means that there is one at t.
        self._changes = [0.0] if random.random() < share else []

    def is_up(self, t: float) -> bool:
        """Whether a packet gets through at time t."""
        return self._calm.is_up(t) and not self._storm_changes(t) % 2

    def next_change(self, t: float) -> float:
        """The first moment after t at which that may change."""
        index = self._storm_changes(t)
        return min(self._changes[index], self._calm.next_change(t))

    def _storm_changes(self, t: float) -> int:
        """How often storms have begun or ended up to a time."""
        changes = self._changes
        while not changes or changes[-1] <= t:
            mean = self._means[len(changes) % 2]
            changes.append((changes[-1] if changes else 0.0) + self._random.expovariate(1 / mean))
        return bisect_right(changes, t)

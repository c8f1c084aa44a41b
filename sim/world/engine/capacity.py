"""What all that a host does shares: its disk and its content filters, each a queue in order of arrival.

Of a resource of c servers it is enough to know when each is free next: who comes takes the first (Kleinrock, Queueing
Systems I). What is asked in order of time so comes out exactly, without an event.
"""

from __future__ import annotations

from heapq import heapreplace
from random import Random

from sim.scenario.distribution import Constant
from sim.scenario.spec.capacity import Capacity


class Resource:
    """So many servers alike, and one line before them.

    Args:
        servers: how many.
    """

    __slots__ = ("_free_at",)

    def __init__(self, servers: int) -> None:
        self._free_at = [0.0] * servers

    def serve(self, now: float, time: float) -> float:
        """Stand in line from `now` on for a service that takes so long, s; when it is over."""
        over = max(now, self._free_at[0]) + time
        heapreplace(self._free_at, over)
        return over

    def restart(self) -> None:
        """Nobody stands in line."""
        self._free_at = [0.0] * len(self._free_at)


class SharedCapacity:
    """A host's disk and filters.

    Args:
        capacity: what they can do.
        random: draws how long a message takes a filter.
    """

    __slots__ = ("_commit", "_disk", "_filters", "_random", "_time")

    def __init__(self, capacity: Capacity, random: Random) -> None:
        self._disk = Resource(1) if capacity.disk else None
        self._commit = 1 / capacity.disk if capacity.disk else 0.0
        self._filters = Resource(capacity.filters.workers) if capacity.filters else None
        self._time = capacity.filters.time if capacity.filters else Constant(0.0)
        self._random = random

    def filters(self, now: float) -> float:
        """A message has come; when it has been looked at."""
        return now if self._filters is None else self._filters.serve(now, self._time.sample(self._random))

    def commits(self, now: float) -> float:
        """A queue file is to be put on disk; when it is."""
        return now if self._disk is None else self._disk.serve(now, self._commit)

    def restart(self) -> None:
        """The host has restarted."""
        for resource in (self._disk, self._filters):
            if resource is not None:
                resource.restart()

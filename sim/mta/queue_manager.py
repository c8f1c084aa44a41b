"""Postfix's queue manager, as far as it decides which delivery starts when (qmgr(8); qmgr_deliver.c, qmgr_entry.c).

Deliveries are limited in all by default_process_limit and to each destination by its window. Where one cannot start at
once, its message stands in the scheduler's list. A destination that is declared dead loses all that waits for it, and
what comes for it later, until it is given another chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from sim.mta.destination import Concurrency, Destination
from sim.mta.jobs import Jobs, Slots
from sim.mta.queue import Failure

T = TypeVar("T")

SUSPENDED = "delivery temporarily suspended: "
"""What Postfix writes before the reason of mail that it puts off without trying."""


class QueueManager(Generic[T]):
    """The outbound deliveries of a host: those under way and those that wait.

    Args:
        process_limit: how many are under way at a time, at most.
        concurrency: what steers each destination's window.
        slots: what preemption costs.
    """

    __slots__ = ("_busy", "_concurrency", "_destinations", "_jobs", "_most", "_now")

    def __init__(
        self, process_limit: int = 100, concurrency: Concurrency | None = None, slots: Slots | None = None
    ) -> None:
        self._most = process_limit
        self._concurrency = concurrency or Concurrency()
        self._busy = 0
        self._now = 0.0
        self._destinations: dict[str, Destination] = {}
        self._jobs: Jobs[T] = Jobs(slots or Slots(), self._has_room)

    def take(self, hop: str, now: float) -> bool:
        """Take a place for a message's only delivery, if there is one; else `enter` it, unless it is `suspended`."""
        if self._busy >= self._most:
            return False
        destination = self._destinations.get(hop)
        if destination is None:
            destination = self._destinations[hop] = Destination(self._concurrency)
        elif not destination.has_room(now):
            return False
        destination.start(now)
        self._busy += 1
        return True

    def suspended(self, hop: str, now: float) -> Failure | None:
        """Why deliveries to a destination are put off without being tried, if they are."""
        destination = self._destinations.get(hop)
        if destination is None or destination.reason is None or now >= destination.closed_until:
            return None
        return replace(destination.reason, text=SUSPENDED + destination.reason.text)

    def enter(self, entries: Iterable[tuple[str, T]], now: float) -> None:
        """A message's deliveries, each with its destination, wait for their places; ask `next` which may go at once."""
        self._jobs.add(now, entries)

    def next(self, now: float, only: str | None = None) -> tuple[str, T] | None:
        """The delivery that goes next, and its destination, where it has taken its place; None where none may go.

        With `only`, none goes where the next one's destination is another.
        """
        if self._busy >= self._most or not self._jobs:
            return None
        self._now = now
        selected = self._jobs.select(now, only)
        if selected is not None:
            hop = selected[0]
            if hop not in self._destinations:
                self._destinations[hop] = Destination(self._concurrency)
            self._destinations[hop].start(now)
            self._busy += 1
        return selected

    def leave(self, hop: str, now: float, failure: Failure | None = None) -> Sequence[T]:
        """A delivery is over and gives its place back.

        Args:
            hop: its destination.
            now: the time, s.
            failure: why the destination could not be talked to; None where it could, whatever became of the message.

        Returns:
            The deliveries that need not wait any longer, because the destination is dead now.
        """
        self._busy -= 1
        destination = self._destinations[hop]
        dropped: Sequence[T] = ()
        if failure is not None:
            destination.failed(failure, now)
            if destination.is_dead:
                dropped = self._jobs.drop(hop)
        elif destination.busy > 1 or destination.is_dead or self._jobs:
            destination.succeeded()
        destination.end(now)
        if not (destination.busy or destination.is_dead or self._concurrency.rate_delay or self._jobs.waits_for(hop)):
            # As in Postfix, nothing is remembered of a destination that has nothing to do.
            del self._destinations[hop]
        return dropped

    def keeps_connection(self, hop: str) -> bool:
        """Whether a delivery to a destination should leave its connection open for the next one."""
        destination = self._destinations.get(hop)
        return destination is not None and destination.keeps_connections

    def resumes_at(self, hop: str) -> float | None:
        """When a destination that waits between deliveries has its next one, if it does and any waits for it."""
        if not self._concurrency.rate_delay or not self._jobs.waits_for(hop):
            return None
        return self._destinations[hop].closed_until

    def flush(self) -> None:
        """Forget which destinations are dead (`postqueue -f`: qmgr_enable_all)."""
        for hop, destination in list(self._destinations.items()):
            if destination.is_dead:
                destination.succeeded()
            if not destination.busy and not self._jobs.waits_for(hop):
                del self._destinations[hop]

    def clear(self) -> Iterator[T]:
        """After a crash nothing is remembered and nothing waits; gives what did. Those under way are still to leave."""
        for hop, destination in list(self._destinations.items()):
            fresh = self._destinations[hop] = Destination(self._concurrency)
            fresh.busy = destination.busy
            if not fresh.busy:
                del self._destinations[hop]
        return self._jobs.clear()

    def _has_room(self, hop: str) -> bool:
        destination = self._destinations.get(hop)
        return destination is None or destination.has_room(self._now)

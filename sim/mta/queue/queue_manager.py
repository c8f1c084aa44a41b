"""Postfix's queue manager, as far as it decides which delivery starts when (qmgr(8); qmgr_deliver.c, qmgr_entry.c).

Deliveries are limited in all by default_process_limit and to each destination by its window. Where one cannot start at
once, its message stands in the scheduler's list. A destination that is declared dead loses all that waits for it, and
what comes for it later, until it is given another chance.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import Generic, TypeVar

from sim.mta.queue.destination import Destination
from sim.mta.queue.failure import Failure
from sim.mta.queue.scheduler import Scheduler
from sim.scenario.products.base import ConnectionCache, Product

T = TypeVar("T")

SUSPENDED = "delivery temporarily suspended: "
"""What Postfix writes before the reason of mail that it puts off without trying."""


class QueueManager(Generic[T]):
    """The outbound deliveries of a host: those under way and those that wait (`scheduler`).

    `paces` says whether a destination waits between deliveries, or between connections. `started` is the destination of
    the delivery that has got its place last: it says what that may do with connections.

    Args:
        product: the host's.
        keeps: whether its client ever leaves a session open.
        idle: the destinations to which a connection was left open.
    """

    def __init__(self, product: Product, *, keeps: bool = True, idle: Container[str] = ()) -> None:
        self._product = product
        self._cache: ConnectionCache = product.connection_cache if keeps else "never"
        self._most = product.process_limit
        self._rate_delay, self._spacing = product.rate_delay, product.connection_delay
        self.paces = self._rate_delay > 0 or self._spacing > 0
        self._opened: dict[str, float] = {}
        self._opened_before = -inf
        self._idle = idle
        self._busy = 0
        self._now = 0.0
        self._destinations: dict[str, Destination] = {}
        self.started = Destination(self._product, self._cache)
        self.scheduler: Scheduler[T] = Scheduler(product, self._has_room)

    def take(self, hop: str, now: float) -> bool:
        """Take a place for a message's only delivery, if there is one; else `enter` it, unless it is `suspended`."""
        self._now = now
        if self._busy >= self._most or not self._has_room(hop):
            return False
        self._start(hop, now)
        return True

    def suspended(self, hop: str, now: float) -> Failure | None:
        """Why deliveries to a destination are put off without being tried, if they are."""
        destination = self._destinations.get(hop)
        if destination is None or destination.reason is None or now >= destination.closed_until:
            return None
        return replace(destination.reason, text=SUSPENDED + destination.reason.text)

    def enter(self, entries: Iterable[tuple[str, T]], now: float, priority: int = 0) -> None:
        """A message's deliveries, each with its destination, wait for their places; ask `next` which may go at once.

        They stand behind those of the same and of higher priority (RFC 6710).
        """
        self.scheduler.add(now, entries, priority)

    def next(
        self, now: float, only: str | None = None, fits: Callable[[T], bool] | None = None
    ) -> tuple[str, T] | None:
        """The delivery that goes next, and its destination, where it has taken its place; None where none may go.

        With `only`, none goes where the next one's destination is another, or where it does not fit.
        """
        if not self.scheduler.by_number or self._busy >= self._most:
            return None
        self._now = now
        selected = self.scheduler.select(now, only, fits)
        if selected is not None:
            self._start(selected[0], now)
        return selected

    def successor(self, hop: str, now: float, fits: Callable[[T], bool] | None = None) -> T | None:
        """Who takes the place of a delivery that is about to end: the next one, if it goes to the same destination.

        `fits` says whether it can go on in the same session.
        """
        if not self.scheduler.by_number or self.paces:
            return None
        destination = self._destinations[hop]
        self._busy -= 1
        destination.busy -= 1
        selected = self.next(now, hop, fits)
        if selected is None:
            self._busy += 1
            destination.busy += 1
            return None
        return selected[1]

    def give_back(self, hop: str) -> None:
        """The delivery that `next` gave last gives its place back without having been tried: it opens no connection."""
        self._busy -= 1
        if self._spacing:
            self._opened[hop] = self._opened_before
        destination = self._destinations[hop]
        destination.busy -= 1
        self._forget(hop, destination)

    def leave(self, hop: str, now: float, failure: Failure | None = None, *, replaced: bool = False) -> Sequence[T]:
        """A delivery is over and gives its place back.

        Args:
            hop: its destination.
            now: the time, s.
            failure: why the destination could not be talked to; None where it could, whatever became of the message.
            replaced: whether a `successor` has taken its place already.

        Returns:
            The deliveries that need not wait any longer, because the destination is dead now.
        """
        destination = self._destinations[hop]
        if replaced:
            destination.busy += 1
        else:
            self._busy -= 1
        if destination.is_fresh and destination.busy == 1 and failure is None and not self.scheduler.by_number:
            # The usual case: its only delivery, and nobody waits.
            destination.busy = 0
            return ()
        dropped: Sequence[T] = ()
        if failure is not None:
            destination.failed(failure, now)
            if destination.is_dead:
                dropped = self.scheduler.drop(hop)
        else:
            destination.succeeded()
        destination.end(now)
        self._forget(hop, destination)
        return dropped

    def _forget(self, hop: str, destination: Destination) -> None:
        """As in Postfix, nothing is remembered of a destination that has nothing to do."""
        if not (destination.busy or destination.is_dead or self._rate_delay or self.scheduler.waits_for(hop)):
            del self._destinations[hop]

    def resumes_at(self, hop: str) -> float | None:
        """When a destination that waits between deliveries has its next one, if it does and any waits for it."""
        if not self.paces or not self.scheduler.waits_for(hop):
            return None
        if self._spacing:
            return self._opened.get(hop, -inf) + self._spacing
        destination = self._destinations.get(hop)
        return None if destination is None else destination.closed_until

    def flush(self) -> None:
        """Forget which destinations are dead (`postqueue -f`: qmgr_enable_all)."""
        for hop, destination in list(self._destinations.items()):
            if destination.is_dead:
                destination.succeeded()
            if not destination.busy and not self.scheduler.waits_for(hop):
                del self._destinations[hop]

    def clear(self) -> Iterator[T]:
        """After a crash nothing is remembered and nothing waits; gives what did. Those under way are still to leave."""
        under_way = {hop: one.busy for hop, one in self._destinations.items() if one.busy}
        self._destinations = {hop: Destination(self._product, self._cache) for hop in under_way}
        for hop, busy in under_way.items():
            self._destinations[hop].busy = busy
        return self.scheduler.clear()

    def _start(self, hop: str, now: float) -> None:
        """A delivery takes its place."""
        destination = self._destinations.get(hop)
        if destination is None:
            destination = self._destinations[hop] = Destination(self._product, self._cache)
        destination.start(now)
        self.started = destination
        self._busy += 1
        if self._spacing:
            self._opened_before = self._opened.get(hop, -inf)
            if hop not in self._idle:
                self._opened[hop] = now

    def _has_room(self, hop: str) -> bool:
        now = self._now
        if self._spacing and hop not in self._idle and now < self._opened.get(hop, -inf) + self._spacing:
            return False
        destination = self._destinations.get(hop)
        return destination is None or destination.has_room(now)


class ActiveQueue(Generic[T]):
    """Which messages are worked on: how many are active, and which wait to become it (`waiting` of them).

    New messages come from the incoming queue and those whose backoff is over from the deferred queue, one of each in
    turn. While the active queue is full both wait, and then new mail goes first (qmgr.c, qmgr_scan.c).

    Args:
        limit: how many may be (qmgr_message_active_limit).
    """

    __slots__ = ("_deferred", "_deferred_next", "_incoming", "_limit", "count", "waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0
        self.waiting = 0
        self._incoming: deque[T] = deque()
        self._deferred: deque[T] = deque()
        self._deferred_next = False

    def admit(self, message: T, *, new: bool) -> bool:
        """Let a message in, if there is room; else it waits, with the new ones or with the deferred ones."""
        if self.count < self._limit and not self.waiting:
            self.count += 1
            return True
        self.waiting += 1
        (self._incoming if new else self._deferred).append(message)
        return False

    def leave(self) -> None:
        """A message is done with, or deferred again."""
        self.count -= 1

    def imports(self) -> Iterator[T]:
        """Let in those that wait as long as there is room, from the two queues in turn (qmgr_loop)."""
        while self.waiting and self.count < self._limit:
            deferred = bool(self._deferred) and (self._deferred_next or not self._incoming)
            self.count += 1
            self.waiting -= 1
            self._deferred_next = not deferred and self.count < self._limit
            yield (self._deferred if deferred else self._incoming).popleft()

    def clear(self) -> None:
        """After a crash nothing is active and nothing waits."""
        self.count = self.waiting = 0
        self._incoming.clear()
        self._deferred.clear()

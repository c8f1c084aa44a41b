"""Which delivery goes next: Postfix's preemptive scheduler (qmgr_job.c, qmgr_peer.c; SCHEDULER_README).

A job is what a message has to deliver. Jobs go first in, first out, but one with few entries may preempt one with
many: every delivery of a job earns a part of a slot (one in `slot_cost`), and a candidate may step in front that needs
no more slots than the job has earned, a loan and a discount allowed for, which are paid back before the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Generic, TypeVar

from sim.scenario.products.base import Product

T = TypeVar("T")

_LAST = 1 << 60
"""Ends a job's place in the list; those that preempt it get its place with smaller numbers in this one's stead."""

Place = tuple[int, ...]


@dataclass(slots=True, eq=False)
class Job(Generic[T]):
    """A message's `total` entries by destination, and how many slots it has earned (`available`) or used.

    `place` orders the job list. A job that preempts another is its child, one `level` higher on the stack.
    """

    number: int
    place: Place
    queued: float
    entries: dict[str, list[T]]
    total: int
    selected: int = 0
    available: int = 0
    used: int = 0
    level: int = 0
    preempted: int = 0
    parent: Job[T] | None = None
    children: list[Job[T]] = field(default_factory=list)


class Scheduler(Generic[T]):
    """The job list; `by_number` holds the jobs with entries that wait.

    Args:
        product: the host's, which says what preemption costs.
        has_room: whether a destination may have one more delivery now.
    """

    def __init__(self, product: Product, has_room: Callable[[str], bool]) -> None:
        self._product = product
        self._slot_cost = product.slot_cost
        self._has_room = has_room
        self._numbers = 0
        self.by_number: dict[int, Job[T]] = {}
        self._by_hop: dict[str, list[tuple[Place, int]]] = {}
        # Destinations by the place of the first job that waits for each, and those places; those that had no room when
        # they were looked at last are kept apart, and looked at each time: they are few.
        self._ready: list[tuple[Place, str]] = []
        self._listed: dict[str, Place] = {}
        self._blocked: dict[str, None] = {}

    def add(self, queued: float, entries: Iterable[tuple[str, T]], priority: int = 0) -> None:
        """A message becomes active: its entries, each with its destination."""
        self._numbers += 1
        by_hop: dict[str, list[T]] = {}
        for hop, entry in entries:
            by_hop.setdefault(hop, []).append(entry)
        for waiting in by_hop.values():
            waiting.reverse()
        total = sum(map(len, by_hop.values()))
        job = self.by_number[self._numbers] = Job(
            self._numbers, (-priority, self._numbers, _LAST), queued, by_hop, total
        )
        for hop in job.entries:
            self._list(hop, job)

    def waits_for(self, hop: str) -> bool:
        """Whether any entry waits for a destination."""
        return self._first(hop) is not None

    def select(
        self, now: float, only: str | None = None, fits: Callable[[T], bool] | None = None
    ) -> tuple[str, T] | None:
        """The entry that goes next, which leaves the list.

        None where none may go now, where it goes not to `only`, or where it does not fit.
        """
        job = self._first_ready()
        if job is None:
            return None
        if self._slot_cost >= 2:
            job = self._preempt(job, now)
        hop = next(hop for hop in job.entries if self._has_room(hop))
        if (only is not None and hop != only) or (fits is not None and not fits(job.entries[hop][-1])):
            return None
        waiting = job.entries.pop(hop)
        entry = waiting.pop()
        if waiting:
            # The destinations of a job take turns.
            job.entries[hop] = waiting
        job.available += 1
        job.used += 1
        self._selected(job, 1)
        return hop, entry

    def drop(self, hop: str) -> list[T]:
        """Take out all the entries for one destination, in order."""
        dropped: list[T] = []
        while (job := self._first(hop)) is not None:
            waiting = job.entries.pop(hop)
            dropped += reversed(waiting)
            self._selected(job, len(waiting))
        return dropped

    def clear(self) -> Iterator[T]:
        """Take everything out."""
        jobs, self.by_number, self._by_hop = self.by_number, {}, {}
        self._ready, self._listed, self._blocked = [], {}, {}
        for job in jobs.values():
            for waiting in job.entries.values():
                yield from reversed(waiting)

    def _list(self, hop: str, job: Job[T]) -> None:
        heappush(self._by_hop.setdefault(hop, []), (job.place, job.number))
        if hop not in self._blocked:
            self._make_ready(hop, job.place)

    def _make_ready(self, hop: str, place: Place) -> None:
        """A job at a place waits for a destination that is not known to be full."""
        listed = self._listed.get(hop)
        if listed is None or place < listed:
            self._listed[hop] = place
            heappush(self._ready, (place, hop))

    def _first(self, hop: str) -> Job[T] | None:
        """The first job that has an entry for a destination."""
        places = self._by_hop.get(hop)
        while places:
            place, number = places[0]
            job = self.by_number.get(number)
            if job is not None and job.place == place and hop in job.entries:
                return job
            heappop(places)
        if places is not None:
            del self._by_hop[hop]
        return None

    def _first_ready(self) -> Job[T] | None:
        """The first job that has an entry which may go."""
        for hop in [hop for hop in self._blocked if self._has_room(hop)]:
            del self._blocked[hop]
            job = self._first(hop)
            if job is not None:
                self._make_ready(hop, job.place)
        while self._ready:
            place, hop = self._ready[0]
            job = self._first(hop) if self._listed.get(hop) == place else None
            if job is not None and job.place == place and self._has_room(hop):
                return job
            heappop(self._ready)
            if self._listed.get(hop) == place:
                del self._listed[hop]
                if job is not None and job.place == place:
                    self._blocked[hop] = None
                elif job is not None:
                    self._make_ready(hop, job.place)
        return None

    def _selected(self, job: Job[T], count: int) -> None:
        """Count entries that have left a job, which goes with its last one."""
        job.selected += count
        if job.selected == job.total:
            if job.level:
                self._pop(job)
            for child in job.children:
                child.parent = None
            del self.by_number[job.number]

    def _preempt(self, current: Job[T], now: float) -> Job[T]:
        """The job that takes the current one's place, if one may; the current one otherwise."""
        product, cost = self._product, self._slot_cost
        if current.available <= 0 or current.total < product.minimum_slots * cost:
            return current
        job = self._candidate(current, now)
        if job is None:
            return current
        needed = job.total - job.selected
        if current.available // cost + product.slot_loan < needed * (100 - product.slot_discount) / 100:
            return current
        if job.level:
            self._pop(job)
        current.preempted += 1
        job.place = (*current.place[:-1], current.preempted, _LAST)
        job.parent, job.level = current, current.level + 1
        current.children.append(job)
        for hop in job.entries:
            self._list(hop, job)
        current.available -= needed * cost
        job.used = -needed
        return job

    def _candidate(self, current: Job[T], now: float) -> Job[T] | None:
        """The job with the most age for each of its entries among those that the current one can ever pay for."""
        most = (current.total - current.selected + current.available) // self._slot_cost
        best, best_score = None, 0.0
        for job in self.by_number.values() if most > 0 else ():
            if job.total - job.selected <= most and job.place > current.place and not job.children:
                score = (now - job.queued + 1) / job.total
                if score > best_score or (best is not None and score == best_score and job.place < best.place):
                    if not any(map(self._has_room, job.entries)):
                        continue
                    best, best_score = job, score
        return best

    def _pop(self, job: Job[T]) -> None:
        """Take a job off the stack; slots that it did not use go back to the one that it preempted."""
        parent = job.parent
        if parent is not None:
            if job.level == parent.level + 1:
                parent.available -= job.used * self._slot_cost
            parent.children.remove(job)
            parent.children += job.children
        for child in job.children:
            child.parent = parent
        job.children = []
        job.parent, job.level = None, 0

"""Queue runs as processes: each takes the messages that it finds, one after another (Exim: queue.c; sendmail: queue.c).

Products that wake each message by itself have none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sim.mta.queue import Entry
from sim.scenario.products import MANY, Exim, Product, Sendmail

T = TypeVar("T")


class QueueRuns(Generic[T]):
    """The messages whose time has come, and how many runs are under way that take them.

    Args:
        most: how many are, at most; a further one does not begin.
        choose: which of the messages is taken next, by its place among them.
    """

    __slots__ = ("_choose", "_most", "found", "under_way")

    def __init__(self, most: int, choose: Callable[[list[T]], int]) -> None:
        self._most = most
        self._choose = choose
        self.found: list[T] = []
        self.under_way = 0

    def begin(self) -> bool:
        """Begin a run, if there is something to do and one more may be under way."""
        begins = bool(self.found) and self.under_way < self._most
        self.under_way += begins
        return begins

    def next(self) -> T | None:
        """The message that a run takes next; None at its end."""
        if self.found:
            return self.found.pop(self._choose(self.found))
        self.under_way -= 1
        return None

    def clear(self) -> None:
        """After a crash none is under way."""
        self.found.clear()
        self.under_way = 0


def queue_runs_of(product: Product, random: Callable[[], float]) -> QueueRuns[Entry] | None:
    """A product's queue runs, if it has any; `random` draws from [0, 1)."""
    match product:
        case Exim(queue_run_in_order=True):
            return QueueRuns(product.queue_run_max, lambda _: 0)
        case Exim():
            return QueueRuns(product.queue_run_max, lambda found: int(random() * len(found)))
        case Sendmail():
            # Jobs are sorted when the run begins, the least number first (queue.c: gatherq, workcmpf0).
            return QueueRuns(product.MaxQueueChildren or MANY, lambda found: _best(product, found))
    return None


def _best(product: Sendmail, found: list[Entry]) -> int:
    return min(range(len(found)), key=lambda place: priority(product, found[place]))


def priority(product: Sendmail, entry: Entry) -> int:
    """Sendmail's number for a job: bytes, recipients and attempts make it wait."""
    size = len(entry.content) - product.ClassFactor * entry.priority
    return size + product.RecipientFactor * len(entry.copies) + product.RetryFactor * entry.rounds

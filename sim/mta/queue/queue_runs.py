"""Queue runs as processes: each takes the messages that it finds, one after another (Exim: queue.c; sendmail: queue.c).

Products that wake each message by itself have none.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush, heappushpop
from itertools import count
from typing import Any

from sim.mta.queue.entry import Entry
from sim.scenario.products.base import Product


class QueueRuns:
    """The messages whose time has come (`found`), and how many runs are under way that take them.

    Args:
        most: how many are, at most; a further one does not begin.
        choose: which of so many messages is taken next, by its place among them.
    """

    __slots__ = ("_choose", "_most", "found", "under_way")

    def __init__(self, most: int, choose: Callable[[int], int]) -> None:
        self._most = most
        self._choose = choose
        self.found: list[Any] = []
        self.under_way = 0

    def find(self, message: Entry) -> None:
        """A message's time has come."""
        self.found.append(message)

    def begin(self) -> bool:
        """Begin a run, if there is something to do and one more may be under way."""
        begins = bool(self.found) and self.under_way < self._most
        self.under_way += begins
        return begins

    def next(self) -> Entry | None:
        """The message that a run takes next; None at its end."""
        if self.found:
            return self._take()
        self.under_way -= 1
        return None

    def _take(self) -> Entry:
        message: Entry = self.found.pop(self._choose(len(self.found)))
        return message

    def clear(self) -> None:
        """After a crash none is under way."""
        self.found.clear()
        self.under_way = 0


class SortedRuns(QueueRuns):
    """Queue runs that take the message of the least number first, and of equal ones the one found first.

    Args:
        most: as of `QueueRuns`.
        number: a message's; if it has grown when the message's turn comes, that comes later.
    """

    __slots__ = ("_count", "_number")

    def __init__(self, most: int, number: Callable[[Entry], int]) -> None:
        super().__init__(most, lambda _: 0)
        self._number = number
        self._count = count()

    def find(self, message: Entry) -> None:
        """A message's time has come."""
        heappush(self.found, (self._number(message), next(self._count), message))

    def _take(self) -> Entry:
        number, place, message = heappop(self.found)
        while (now := self._number(message)) > number:
            number, place, message = heappushpop(self.found, (now, place, message))
        taken: Entry = message
        return taken


def queue_runs_of(product: Product, random: Callable[[], float]) -> QueueRuns | None:
    """A product's queue runs, if they are processes; `random` draws from [0, 1)."""
    if not product.queue_run_limit:
        return None
    if product.queue_run_order == "priority":
        return SortedRuns(product.queue_run_limit, lambda entry: number(product, entry))
    drawn = product.queue_run_order == "random"
    return QueueRuns(product.queue_run_limit, lambda many: int(random() * many) if drawn else 0)


def number(product: Product, entry: Entry) -> int:
    """What a queue run sorts jobs by: bytes, recipients and attempts make one wait."""
    priority, recipient, attempt = product.priority_factors
    return len(entry.content) - priority * entry.priority + recipient * len(entry.copies) + attempt * entry.rounds

"""Queue runs as processes: each takes the messages that it finds, one after another (Exim: queue.c; sendmail: queue.c).

Products that wake each message by itself have none.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush, heappushpop
from itertools import count

from sim.mta.queue.entry import Entry
from sim.scenario.products.base import Product


class QueueRuns:
    """The messages whose time has come (`found`), and how many runs are under way that take them (`under_way`).

    Args:
        product: says how many are, at most (a further one does not begin), and which message is taken next.
        random: draws from [0, 1).
    """

    def __init__(self, product: Product, random: Callable[[], float]) -> None:
        self._product = product
        self._random = random
        self._sorts = product.queue_run_order == "priority"
        self._count = count()
        # Each behind its number, where they are sorted, and its place among those of the same.
        self.found: list[tuple[int, int, Entry]] = []
        self.under_way = 0

    def find(self, message: Entry) -> None:
        """A message's time has come."""
        item = self._number(message), next(self._count), message
        if self._sorts:
            heappush(self.found, item)
        else:
            self.found.append(item)

    def begin(self) -> bool:
        """Begin a run, if there is something to do and one more may be under way."""
        begins = bool(self.found) and self.under_way < self._product.queue_run_limit
        self.under_way += begins
        return begins

    def next(self) -> Entry | None:
        """The message that a run takes next: as they were found, drawn, or the least number first; None at its end."""
        if not self.found:
            self.under_way -= 1
            return None
        if not self._sorts:
            drawn = self._product.queue_run_order == "random"
            return self.found.pop(int(self._random() * len(self.found)) if drawn else 0)[2]
        number, place, message = heappop(self.found)
        # If a message's number has grown when its turn comes, that comes later.
        while (now := self._number(message)) > number:
            number, place, message = heappushpop(self.found, (now, place, message))
        return message

    def clear(self) -> None:
        """After a crash none is under way."""
        self.found.clear()
        self.under_way = 0

    def _number(self, entry: Entry) -> int:
        """What sorted runs go by: bytes, recipients and attempts make a job wait."""
        priority, recipient, attempt = self._product.priority_factors
        return len(entry.content) - priority * entry.priority + recipient * len(entry.copies) + attempt * entry.rounds

"""nullmailer backs off with its whole queue (nullmailer-send(8))."""

# ruff: noqa: ARG002 - one pause is for all

from __future__ import annotations

from collections.abc import Callable, Sequence

from sim.mta.retry.base import Retry, Round
from sim.scenario.products.nullmailer import Nullmailer


class NullmailerRetry(Retry):
    """After a run that left mail over the queue rests; each rest is twice as long, until new mail comes."""

    whole_queue = True
    _product: Nullmailer

    def __init__(self, product: Nullmailer, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._pause = product.pausetime
        self._next = 0.0

    def starts(self) -> None:
        """Begin with the shortest pause."""
        self._pause = self._product.pausetime
        self._next = 0.0

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """The trigger is pulled, as new mail does it."""
        self.starts()

    def gives_up(self, last: Round) -> bool:
        """Whether the message is older than its lifetime."""
        return last.ended > last.arrival + self._product.queuelifetime

    def sleeps_until(self, last: Round) -> float:
        """The end of the queue's pause, which the first failure of a run begins."""
        if self._next <= last.ended:
            self._next = last.ended + self._pause
            self._pause = min(2 * self._pause, self._product.maxpause)
        return self._next

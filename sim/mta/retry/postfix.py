"""Postfix's queue manager, message by message (qmgr_active.c, qmgr.c of Postfix 3.7; postconf(5))."""

from __future__ import annotations

from sim.mta.retry.base import Retry, Round
from sim.scenario.products.postfix import Postfix


class PostfixRetry(Retry):
    """A message sleeps for its own age, within bounds, and is woken by the queue runs, which begin with the daemon.

    It is returned by the first attempt that fails at an age past its lifetime, never by a timer. A queue run takes what
    is due within a second (qmgr_queue_scan compares the file time with now + 1).
    """

    slack = 1.0
    _product: Postfix

    def gives_up(self, last: Round) -> bool:
        """Whether the message is as old as its lifetime."""
        product = self._product
        lifetime = product.bounce_queue_lifetime if last.null_reverse_path else product.maximal_queue_lifetime
        return last.ended >= last.arrival + lifetime

    def delay(self, last: Round) -> float:
        """Its age, within bounds."""
        product = self._product
        return min(max(last.ended - last.arrival, product.minimal_backoff_time), product.maximal_backoff_time)

"""nullmailer backs off with its whole queue (nullmailer-send(8))."""

from __future__ import annotations

from collections.abc import Sequence

from sim.mta.retry.base import Retry, Round
from sim.scenario.products.nullmailer import Nullmailer


class NullmailerRetry(Retry):
    """After a run that left mail over the queue rests; each rest is twice as long, until new mail comes."""

    whole_queue = True
    tries_all_at_start = True

    def __init__(self, policy: Nullmailer) -> None:
        self._policy = policy
        self._pause = policy.pausetime
        self._next = 0.0

    def starts(self) -> None:
        """Begin with the shortest pause."""
        self._pause = self._policy.pausetime
        self._next = 0.0

    def arrives(self) -> None:
        """New mail is tried at once, and all the rest with it."""
        self.starts()

    def flushed(self, queue_ids: Sequence[str]) -> None:  # noqa: ARG002
        """The trigger is pulled, as new mail does it."""
        self.starts()

    def gives_up(self, last: Round) -> bool:
        """Whether the message is older than its lifetime."""
        return last.ended > last.arrival + self._policy.queuelifetime

    def sleeps_until(self, last: Round) -> float:
        """The end of the queue's pause, which the first failure of a run begins."""
        if self._next <= last.ended:
            self._next = last.ended + self._pause
            self._pause = min(2 * self._pause, self._policy.maxpause)
        return self._next

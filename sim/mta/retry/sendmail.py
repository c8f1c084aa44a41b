"""Sendmail's queue runs (queue.c: gatherq; envelope.c: dropenvelope)."""

# ruff: noqa: ARG002 - a host that was silent is all that it remembers

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, inf

from sim.mta.retry.base import Outcome, Retry, Round
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.tables import ReplyText

HOST_DOWN = ReplyText(0, "4.4.1", "Deferred: the host did not answer in this queue run")


class SendmailRetry(Retry):
    """A run passes over a job that was tried less than MinQueueAge ago.

    Where MaxQueueAge is set, it also passes over one that was tried less than its age at the last try ago or
    MaxQueueAge, whichever is less. A run tries a host that does not answer once for all its jobs (mci.c: what a process
    knows of a host); new mail is tried by a process of its own.
    """

    keeps_hosts = True
    _product: Sendmail

    def __init__(self, product: Sendmail, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._start = 0.0
        self._failed: dict[str, float] = {}

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """A run by hand is a process of its own."""
        self._failed.clear()

    def gives_up(self, last: Round) -> bool:
        """Whether the message is older than Timeout.queuereturn for its priority (RFC 6710)."""
        product, lifetime = self._product, 0.0
        if last.priority:
            lifetime = product.queuereturn_urgent if last.priority > 0 else product.queuereturn_non_urgent
        return last.ended > last.arrival + (lifetime or product.queuereturn)

    def delay(self, last: Round) -> float:
        """Until no age passes it over."""
        return max(self._product.MinQueueAge, min(last.ended - last.arrival, self._product.MaxQueueAge))

    def next_run(self, ready: float, now: float, start: float) -> float:
        """The first queue run after `now` that finds it ready."""
        self._start = start
        return super().next_run(ready, now, start)

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> ReplyText | None:
        """In a run, a host that did not answer since it began."""
        began = self._start + floor((now - self._start) / self.period) * self.period
        return HOST_DOWN if arrival < now and self._failed.get(hop, -inf) > began else None

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Keep when a host did not answer."""
        if outcome == "host":
            self._failed[hop] = now
        else:
            self._failed.pop(hop, None)
        return ()

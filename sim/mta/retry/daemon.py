"""Products that wake sleeping mail by queue runs: Postfix and sendmail."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sim.mta.queue.queue import Failure
from sim.mta.retry.base import Outcome, Retry, Round
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.sendmail import Sendmail

_SCAN_SLACK = 1.0
"""A queue run of Postfix takes what is due within a second (qmgr_queue_scan compares the file time with now + 1)."""


def next_run(period: float, ready: float, now: float, start: float, slack: float = 0.0) -> float:
    """The queue run that wakes a message whose backoff ends at `ready`: the first one after `now` that finds it so.

    Args:
        period: runs come at start + k * period, s.
        ready: the end of the backoff, s.
        now: the time, s.
        start: when the runs began, s.
        slack: how much too early is early enough, s.
    """
    runs = max(math.ceil((ready - slack - start) / period), math.floor((now - start) / period) + 1)
    return start + runs * period


class PostfixRetry(Retry):
    """Postfix's queue manager, message by message (qmgr_active.c, qmgr.c of Postfix 3.7; postconf(5)).

    After an attempt that left recipients over, the message sleeps for its own age, but no less than
    minimal_backoff_time and no more than maximal_backoff_time. Sleepers are woken by the queue runs, which come every
    queue_run_delay seconds from the daemon's start. A message is returned by the first attempt that fails at an age
    past its lifetime, never by a timer.
    """

    def __init__(self, policy: Postfix) -> None:
        self._policy = policy
        self.period = policy.queue_run_delay

    def gives_up(self, last: Round) -> bool:
        """Whether the message is as old as its lifetime."""
        policy = self._policy
        lifetime = policy.bounce_queue_lifetime if last.null_reverse_path else policy.maximal_queue_lifetime
        return last.ended >= last.arrival + lifetime

    def sleeps_until(self, last: Round) -> float:
        """Its age later, within bounds."""
        policy = self._policy
        age = last.ended - last.arrival
        return last.ended + min(max(age, policy.minimal_backoff_time), policy.maximal_backoff_time)

    def next_run(self, ready: float, now: float, start: float) -> float:
        """The first queue run after `now` that finds it ready, or ready within a second."""
        return next_run(self.period, ready, now, start, _SCAN_SLACK)


HOST_DOWN = Failure(0, "4.4.1", "Deferred: the host did not answer in this queue run")


class SendmailRetry(Retry):
    """Sendmail's queue runs (queue.c: gatherq; envelope.c: dropenvelope).

    A run passes over a job that was tried less than MinQueueAge ago, and, where MaxQueueAge is set, less than its age
    at the last try ago or MaxQueueAge, whichever is less. A run tries a host that does not answer once for all its jobs
    (mci.c: what a process knows of a host); new mail is tried by a process of its own.
    """

    keeps_hosts = True

    def __init__(self, policy: Sendmail) -> None:
        self._policy = policy
        self.period = policy.queue_interval
        self._start = 0.0
        self._failed: dict[str, float] = {}

    def flushed(self, queue_ids: Sequence[str]) -> None:  # noqa: ARG002
        """A run by hand is a process of its own."""
        self._failed.clear()

    def gives_up(self, last: Round) -> bool:
        """Whether the message is older than Timeout.queuereturn for its priority (RFC 6710)."""
        policy, lifetime = self._policy, 0.0
        if last.priority:
            lifetime = policy.queuereturn_urgent if last.priority > 0 else policy.queuereturn_non_urgent
        return last.ended > last.arrival + (lifetime or policy.queuereturn)

    def sleeps_until(self, last: Round) -> float:
        """Until no age passes it over."""
        policy = self._policy
        return last.ended + max(policy.MinQueueAge, min(last.ended - last.arrival, policy.MaxQueueAge))

    def next_run(self, ready: float, now: float, start: float) -> float:
        """The first queue run after `now` that finds it ready."""
        self._start = start
        return next_run(self.period, ready, now, start)

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> Failure | None:  # noqa: ARG002
        """In a run, a host that did not answer since it began."""
        began = self._start + math.floor((now - self._start) / self.period) * self.period
        return HOST_DOWN if arrival < now and self._failed.get(hop, -math.inf) > began else None

    def tried(
        self,
        hop: str,
        queue_id: str,  # noqa: ARG002
        arrival: float,  # noqa: ARG002
        *,
        began: float,  # noqa: ARG002
        now: float,
        outcome: Outcome,
    ) -> Sequence[str]:
        """Keep when a host did not answer."""
        if outcome == "host":
            self._failed[hop] = now
        else:
            self._failed.pop(hop, None)
        return ()

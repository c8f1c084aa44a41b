"""When Postfix tries again and when it gives up (qmgr_active.c, qmgr.c of Postfix 3.7; postconf(5)).

The per-message part of its queue manager: after an attempt that left recipients over, the message sleeps for its own
age, but no less than minimal_backoff_time and no more than maximal_backoff_time. Sleepers are woken by the queue runs,
which come every queue_run_delay seconds from the daemon's start. A message is returned by the first attempt that fails
at an age past its lifetime, never by a timer.
"""

from __future__ import annotations

import math

from sim.scenario.spec import Postfix

_SCAN_SLACK = 1.0
"""A queue run takes what is due within a second (qmgr_queue_scan compares the file time with now + 1)."""


def sleeps_until(policy: Postfix, arrival: float, now: float) -> float:
    """When a message may be tried again that arrived at `arrival` and failed at `now`: its age later, within bounds."""
    return now + min(max(now - arrival, policy.minimal_backoff_time), policy.maximal_backoff_time)


def next_run(policy: Postfix, ready: float, now: float, start: float) -> float:
    """The queue run that wakes a message whose backoff ends at `ready`: the first one after `now` that finds it so.

    Args:
        policy: Postfix's parameters.
        ready: the end of the backoff, s.
        now: the time, s.
        start: when the queue manager started: queue runs come at start + k * queue_run_delay, s.
    """
    delay = policy.queue_run_delay
    runs = max(math.ceil((ready - _SCAN_SLACK - start) / delay), math.floor((now - start) / delay) + 1)
    return start + runs * delay


def gives_up(policy: Postfix, arrival: float, now: float, *, null_reverse_path: bool) -> bool:
    """Whether an attempt that failed at `now` was the last one: the message is returned (a bounce is dropped)."""
    lifetime = policy.bounce_queue_lifetime if null_reverse_path else policy.maximal_queue_lifetime
    return now >= arrival + lifetime

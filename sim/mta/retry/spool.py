"""Products that wake each message at a time of its own, a function of its age: qmail, OpenSMTPD."""

from __future__ import annotations

import math

from sim.mta.retry.base import Retry, Round
from sim.scenario.products import OpenSmtpd, Qmail

_REMOTE = 20
"""What qmail adds to the root of a message's age for remote recipients (qmail-send.c: chanskip)."""

_BACKOFF = 400.0
"""OpenSMTPD's BACKOFF_TRANSFER, s (scheduler_ramqueue.c)."""


class QmailRetry(Retry):
    """qmail-send.c: nextretry, pass_dochan; the next pass is set when a pass begins."""

    def __init__(self, policy: Qmail) -> None:
        self._lifetime = policy.queuelifetime

    def gives_up(self, last: Round) -> bool:
        """Whether the message was older than its lifetime when the pass began: it is dying then."""
        return last.began > last.arrival + self._lifetime

    def sleeps_until(self, last: Round) -> float:
        """The root of the age, twenty more, squared; in whole seconds."""
        return last.arrival + (math.isqrt(int(last.began - last.arrival)) + _REMOTE) ** 2


class OpenSmtpdRetry(Retry):
    """scheduler_ramqueue.c: scheduler_next; what expires is returned by a timer."""

    def __init__(self, policy: OpenSmtpd) -> None:
        self._expire = policy.expire

    def gives_up(self, last: Round) -> bool:
        """Whether it has expired meanwhile."""
        return last.ended >= self.lapses(last.arrival)

    def sleeps_until(self, last: Round) -> float:
        """400 s times the square of the number of tries, or of the next number that lies in the future."""
        age = last.ended - last.arrival
        step = max(last.number, math.isqrt(int(age / _BACKOFF)))
        while _BACKOFF * step * step <= age:
            step += 1
        return min(last.arrival + _BACKOFF * step * step, self.lapses(last.arrival))

    def lapses(self, arrival: float) -> float:
        """At the age of `expire`."""
        return arrival + self._expire

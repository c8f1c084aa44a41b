"""Products whose delays stand in a list: Haraka, Stalwart, JSMS, and any other list."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sim.mta.retry.base import Retry, Round
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.stalwart import Stalwart


class ListedRetry(Retry):
    """A delay after each round, in turn; the last one comes again and again, unless the list is `finite`.

    Args:
        delays: s, at least one.
        lifetime: the age at which the message is given up, s.
        finite: whether the message is given up when the list is used up.
        timed: whether it is given up at that age by a timer, and not by the next attempt that fails.
    """

    def __init__(
        self, delays: Sequence[float], lifetime: float = inf, *, finite: bool = False, timed: bool = False
    ) -> None:
        self._delays = delays
        self._lifetime = lifetime
        self._finite = finite
        self._timed = timed

    def gives_up(self, last: Round) -> bool:
        """Whether the delays or the time is used up."""
        return (self._finite and last.number > len(self._delays)) or last.ended >= last.arrival + self._lifetime

    def sleeps_until(self, last: Round) -> float:
        """The delay that follows this round."""
        delay = self._delays[min(last.number, len(self._delays)) - 1]
        return min(last.ended + delay, self.lapses(last.arrival))

    def lapses(self, arrival: float) -> float:
        """At the end of its lifetime, where there is a timer."""
        return arrival + self._lifetime if self._timed else inf


class JsmsRetry(ListedRetry):
    """A list for each priority of mail: urgent, normal and not urgent (MT-PRIORITY above, at and below 0).

    The times are the Job Controller's, which has them in memory.
    """

    tries_all_at_start = True

    def __init__(self, policy: Jsms) -> None:
        super().__init__(policy.normalbackoff, policy.notices[-1], timed=True)
        self._others = {
            urgent: ListedRetry(delays, policy.notices[-1], timed=True)
            for urgent, delays in ((True, policy.urgentbackoff), (False, policy.nonurgentbackoff))
        }

    def sleeps_until(self, last: Round) -> float:
        """The delay that follows this round in the list of its priority."""
        if last.priority:
            return self._others[last.priority > 0].sleeps_until(last)
        return super().sleeps_until(last)


class StalwartRetry(ListedRetry):
    """The queue's schedule; delivery reports have one of their own, and are given up after so many attempts."""

    def __init__(self, policy: Stalwart) -> None:
        super().__init__(policy.schedule, policy.expire, timed=True)
        self._reports = ListedRetry(policy.dsn_schedule)
        self._most = policy.dsn_max_attempts

    def gives_up(self, last: Round) -> bool:
        """Whether the time, or a report's number of attempts, is used up."""
        return super().gives_up(last) or (last.null_reverse_path and last.number >= self._most)

    def sleeps_until(self, last: Round) -> float:
        """The delay that follows this round in the schedule of its kind."""
        return self._reports.sleeps_until(last) if last.null_reverse_path else super().sleeps_until(last)

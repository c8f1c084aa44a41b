"""Products that back off a site with all that waits for it: Exchange, ZoneMTA, RFC 5321's advice.

A record of a next hop that could not be talked to keeps all mail from it until its time comes, new mail too; the first
session that gets somewhere deletes it, and lets those go that waited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from sim.mta.queue.queue import Failure
from sim.mta.retry.base import Outcome, Retry, Round
from sim.mta.retry.listed import ListedRetry
from sim.mta.retry.waiting import Waiting
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.zonemta import ZoneMta

RESTS = Failure(0, "4.4.1", "the next hop did not answer, and is not tried again yet")


@dataclass(slots=True)
class Site:
    """How often in a row a next hop has failed, since when, and until when it rests; times in s."""

    first_failed: float
    last_try: float
    next_try: float
    failures: int = 0


class Sites:
    """The records of a host's next hops, and who waits for which."""

    __slots__ = ("_found", "_waiting")

    def __init__(self) -> None:
        self._found: dict[str, Site] = {}
        self._waiting = Waiting()

    def failed(self, hop: str, queue_id: str, began: float, now: float) -> Site | None:
        """Count a failure; gives the record whose next time is to be set.

        None where a delivery that ran beside this one has counted it.
        """
        self._waiting.add(queue_id, hop)
        site = self._found.get(hop)
        if site is None:
            site = self._found[hop] = Site(now, now, now)
        elif site.last_try >= began:
            return None
        site.failures += 1
        site.last_try = now
        return site

    def talked(self, hop: str, queue_id: str) -> Sequence[str]:
        """A next hop answered: gives those who waited for it.

        Who had the answer waits by himself from now on, if it put him off: he is not let go by the next one's.
        """
        self._waiting.drop(queue_id, hop)
        if self._found.pop(hop, None) is None:
            return ()
        return [other for other in self._waiting.for_host(hop) if other != queue_id]

    def rests(self, hop: str, queue_id: str, now: float) -> bool:
        """Whether a next hop is not to be tried now; the message waits for it then."""
        site = self._found.get(hop)
        if site is None or now >= site.next_try:
            return False
        self._waiting.add(queue_id, hop)
        return True

    def next_try(self, queue_id: str, now: float) -> float:
        """When the first of the next hops that a message waits for may be tried; inf where it waits for none."""
        waits = self._waiting.hops(queue_id)
        times = [site.next_try for hop in waits if (site := self._found.get(hop)) is not None and site.next_try > now]
        return min(times, default=inf)

    def clear(self) -> None:
        """Nothing is known of any next hop."""
        self._found.clear()

    def open_all(self) -> None:
        """Every next hop may be tried now."""
        for site in self._found.values():
            site.next_try = -inf

    def forget(self, queue_id: str) -> None:
        """A message is gone."""
        self._waiting.forget(queue_id)


class SiteRetry(Retry, ABC):
    """Backs off a next hop that cannot be talked to; what it puts off itself waits by itself (`message`)."""

    keeps_hosts = True

    def __init__(self, message: Retry) -> None:
        self._message = message
        self._sites = Sites()

    def starts(self) -> None:
        """The records are kept in memory."""
        self._sites.clear()

    def flushed(self, queue_ids: Sequence[str]) -> None:  # noqa: ARG002
        """Every next hop is tried now (Exchange: Retry-Queue)."""
        self._sites.open_all()

    @abstractmethod
    def pause(self, site: Site, began: float) -> float:
        """How long a next hop rests after its last failure, s, in an attempt that began at a time."""

    def gives_up(self, last: Round) -> bool:
        """As the message's own clock says."""
        return self._message.gives_up(last)

    def lapses(self, arrival: float) -> float:
        """As the message's own clock says."""
        return self._message.lapses(arrival)

    def sleeps_until(self, last: Round) -> float:
        """Until the first of its next hops may be tried, where these could not be talked to."""
        at = self._sites.next_try(last.queue_id, last.ended) if last.host_error else inf
        return min(self._message.sleeps_until(last) if at == inf else at, self.lapses(last.arrival))

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> Failure | None:  # noqa: ARG002
        """A next hop that rests is not tried."""
        return RESTS if self._sites.rests(hop, queue_id, now) else None

    def tried(
        self,
        hop: str,
        queue_id: str,
        arrival: float,  # noqa: ARG002
        *,
        began: float,
        now: float,
        outcome: Outcome,
    ) -> Sequence[str]:
        """Keep the record of a next hop that failed, or delete it."""
        if outcome != "host":
            return self._sites.talked(hop, queue_id)
        site = self._sites.failed(hop, queue_id, began, now)
        if site is not None:
            site.next_try = now + self.pause(site, began)
        return ()

    def forget(self, queue_id: str) -> None:
        """Drop what was kept about the message."""
        self._sites.forget(queue_id)


class ExchangeRetry(SiteRetry):
    """A queue (a next hop) that cannot connect goes through glitches, then transient failures, then longer waits.

    Mail that the far host puts off waits for MessageRetryInterval. The queues' states are in memory.
    """

    tries_all_at_start = True

    def __init__(self, policy: Exchange) -> None:
        super().__init__(ListedRetry([policy.MessageRetryInterval], policy.MessageExpirationTimeout, timed=True))
        pauses = [policy.QueueGlitchRetryInterval] * policy.QueueGlitchRetryCount
        pauses += [policy.TransientFailureRetryInterval] * policy.TransientFailureRetryCount
        self._pauses = [*pauses, policy.OutboundConnectionFailureRetryInterval]

    def pause(self, site: Site, began: float) -> float:  # noqa: ARG002
        """By how often it has failed in a row."""
        return self._pauses[min(site.failures, len(self._pauses)) - 1]


class Rfc5321Retry(SiteRetry):
    """RFC 5321 section 4.5.4.1: a list of hosts that cannot be reached, rather than each message for itself."""

    def __init__(self, policy: Rfc5321) -> None:
        super().__init__(_Advice(policy))
        self._policy = policy

    def pause(self, site: Site, began: float) -> float:  # noqa: ARG002
        """The shorter interval while the failing is in its first period, then the longer."""
        return _interval(self._policy, site.last_try - site.first_failed)


class _Advice(Retry):
    """The RFC's intervals, for a message."""

    def __init__(self, policy: Rfc5321) -> None:
        self._policy = policy

    def gives_up(self, last: Round) -> bool:
        """Whether the message is as old as the give-up time."""
        return last.ended >= last.arrival + self._policy.give_up_time

    def sleeps_until(self, last: Round) -> float:
        """The shorter interval while the message is in its first period, then the longer."""
        return last.ended + _interval(self._policy, last.ended - last.arrival)


def _interval(policy: Rfc5321, age: float) -> float:
    return policy.retry_interval if age < policy.first_period else policy.later_interval


_UNREACHABLE, _SILENT = 120.0, 900.0
"""How long ZoneMTA keeps mail from a domain whose host could not be connected to, s (lib/sender.js)."""


class ZoneMtaRetry(SiteRetry):
    """A failed connection is remembered for a while, in which mail is put off without being tried, on its own clock."""

    def __init__(self, policy: ZoneMta) -> None:
        super().__init__(ListedRetry(policy.deferTimes, finite=True))
        self._connect_timeout = policy.connect_timeout

    def pause(self, site: Site, began: float) -> float:
        """Longer after silence."""
        return _SILENT if site.last_try >= began + self._connect_timeout else _UNREACHABLE

    def sleeps_until(self, last: Round) -> float:
        """Its own next delay."""
        return self._message.sleeps_until(last)

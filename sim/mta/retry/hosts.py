"""Products that back off a host with all that waits for it: Exchange, ZoneMTA, RFC 5321's advice.

A record of a next hop that could not be talked to keeps all mail from it until its time comes, new mail too; the first
session that gets somewhere deletes it, and lets those go that waited.
"""

# ruff: noqa: ARG002 - a record is not a message's

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from sim.mta.retry.base import HostRecord, Outcome, Retry, Round
from sim.mta.retry.waiting import Waiting
from sim.scenario.products.base import Product
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.tables import ReplyText

RESTS = ReplyText(0, "4.4.1", "the next hop did not answer, and is not tried again yet")


class HostRetry(Retry):
    """Backs off a next hop that cannot be talked to, by how often it has failed in a row.

    What a next hop puts off waits for its own delay. The records are kept in memory.
    """

    keeps_hosts = True

    def __init__(self, product: Product, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._records: dict[str, HostRecord] = {}
        self._waiting = Waiting()

    def starts(self) -> None:
        """Nothing is known of any next hop."""
        self._records.clear()

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """Every next hop is tried now (Exchange: Retry-Queue)."""
        for record in self._records.values():
            record.next_try = -inf

    def pause(self, record: HostRecord, began: float) -> float:
        """How long a next hop rests after its last failure, s, in an attempt that began at a time."""
        pauses = self._product.host_pauses
        return pauses[min(record.failures, len(pauses)) - 1]

    def sleeps_until(self, last: Round) -> float:
        """Until the first of its next hops may be tried, where these could not be talked to."""
        found = [self._records[hop].next_try for hop in self._waiting.hops(last.queue_id) if hop in self._records]
        times = [next_try for next_try in found if next_try > last.ended] if last.host_error else ()
        return min(*times, self.lapses(last.arrival)) if times else super().sleeps_until(last)

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> ReplyText | None:
        """A next hop that rests is not tried; the message waits for it."""
        record = self._records.get(hop)
        if record is None or now >= record.next_try:
            return None
        self._waiting.add(queue_id, hop)
        return RESTS

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Keep the record of a next hop that failed, or delete it.

        Who had its answer waits by himself from now on, if it put him off: he is not let go by the next one's.
        """
        if outcome != "host":
            self._waiting.drop(queue_id, hop)
            known = self._records.pop(hop, None) is not None
            return [other for other in self._waiting.for_host(hop) if other != queue_id] if known else ()
        self._waiting.add(queue_id, hop)
        record = self._records.get(hop)
        if record is None:
            record = self._records[hop] = HostRecord(now, now, now)
        elif record.last_try >= began:
            # A delivery that ran beside this one has counted it.
            return ()
        record.failures += 1
        record.last_try = now
        record.next_try = now + self.pause(record, began)
        return ()

    def forget(self, queue_id: str) -> None:
        """A message is gone."""
        self._waiting.forget(queue_id)


class Rfc5321Retry(HostRetry):
    """RFC 5321 section 4.5.4.1: a list of hosts that cannot be reached, rather than each message for itself.

    The shorter interval holds while the failing, or the message, is in its first period, then the longer.
    """

    _product: Rfc5321

    def pause(self, record: HostRecord, began: float) -> float:
        """By how long it has failed."""
        return self._interval(record.last_try - record.first_failed)

    def delay(self, last: Round) -> float:
        """By the age of the message."""
        return self._interval(last.ended - last.arrival)

    def _interval(self, age: float) -> float:
        product = self._product
        return product.retry_interval if age < product.first_period else product.later_interval


class ZoneMtaRetry(HostRetry):
    """A failed connection is remembered for a while, in which mail is put off without being tried, on its own clock."""

    def pause(self, record: HostRecord, began: float) -> float:
        """Longer after silence (lib/sender.js: 2 min where a host could not be connected to, 15 min where silent)."""
        return 900.0 if record.last_try >= began + self._product.connect_timeout else 120.0

    def sleeps_until(self, last: Round) -> float:
        """Its own next delay."""
        return Retry.sleeps_until(self, last)

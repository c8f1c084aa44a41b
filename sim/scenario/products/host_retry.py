"""Products that back off a host with all that waits for it: Exchange, ZoneMTA, RFC 5321's advice.

A record of a next hop that could not be talked to keeps all mail from it until its time comes, new mail too; the first
session that gets somewhere deletes it, and lets those go that waited.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import inf

from sim.scenario.products.base import Product
from sim.scenario.products.retry import Outcome, Retry, Round
from sim.scenario.products.tables import ReplyText

OF_HOST = "\n"
"""Between a host's name and its address, where records are kept of addresses; no name has it."""

RESTS = ReplyText(0, "4.4.1", "the next hop did not answer, and is not tried again yet")


@dataclass(slots=True)
class HostRecord:
    """How often in a row a host has failed, since when, and until when it rests; times in s.

    `expired` says that it has done so for longer than a message is tried.
    """

    first_failed: float
    last_try: float
    next_try: float
    failures: int = 0
    expired: bool = False


class Waiting:
    """The messages of one host that wait for hosts, or for addresses of theirs.

    Who waits for a host is found at once, however many messages wait for others.
    """

    __slots__ = ("_at", "_hops", "_numbers", "_place")

    def __init__(self) -> None:
        self._numbers = count()
        self._hops: dict[str, dict[str, None]] = {}
        # A message's place among all that wait.
        self._place: dict[str, int] = {}
        # By host, the places and names of those that wait for it, in order.
        self._at: dict[str, list[tuple[int, str]]] = {}

    def add(self, queue_id: str, hop: str) -> None:
        """A message waits for a next hop."""
        hops = self._hops.get(queue_id)
        if hops is None:
            hops = self._hops[queue_id] = {}
            self._place[queue_id] = next(self._numbers)
        if hop not in hops:
            if not any(_host(other) == _host(hop) for other in hops):
                insort(self._at.setdefault(_host(hop), []), (self._place[queue_id], queue_id))
            hops[hop] = None

    def hops(self, queue_id: str) -> Iterable[str]:
        """What a message waits for."""
        return self._hops.get(queue_id, ())

    def for_host(self, host: str) -> Iterator[str]:
        """The messages that wait for a host, or for an address of it, the first one first."""
        return (queue_id for _, queue_id in self._at.get(host, ()))

    def drop(self, queue_id: str, hop: str) -> None:
        """A message waits for a next hop no longer."""
        if hop in self._hops.get(queue_id, ()):
            for other in self.forget(queue_id):
                if other != hop:
                    self.add(queue_id, other)

    def forget(self, queue_id: str) -> Iterable[str]:
        """A message waits no longer; gives what it waited for."""
        hops = self._hops.pop(queue_id, {})
        if hops:
            place = self._place.pop(queue_id), queue_id
            for host in dict.fromkeys(map(_host, hops)):
                waiting = self._at[host]
                del waiting[bisect_left(waiting, place)]
                if not waiting:
                    del self._at[host]
        return hops


def _host(hop: str) -> str:
    return hop.partition(OF_HOST)[0]


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

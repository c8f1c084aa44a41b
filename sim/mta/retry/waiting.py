"""Which messages wait for which next hops, in the order in which they began to wait."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import count

from sim.mta.retry.base import OF_HOST


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

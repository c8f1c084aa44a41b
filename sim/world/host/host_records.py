"""What a host remembers of other hosts, where its product does: which of them its mail is kept from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.mta.queue.queue import Copy, Entry, Failure
from sim.mta.retry.base import OF_HOST, Outcome
from sim.mta.retry.exim import TOO_LONG, all_failing
from sim.world.host.attempt import NO_NAMES, NO_ROUTE

if TYPE_CHECKING:
    from sim.world.host.host import Station
    from sim.world.host.next_hops import Route


class HostRecords:
    """Keeps a product's records of hosts (`mta.retry`) told of what happened, and asks them where mail may go."""

    __slots__ = ("_retry", "_station")

    def __init__(self, station: Station) -> None:
        self._station = station
        self._retry = station.retry

    def open_ways(
        self, found: tuple[Route, ...] | Failure, domain: str, entry: Entry, copies: Sequence[Copy], now: float
    ) -> tuple[Route, ...] | Failure:
        """Those of the routes whose hosts may be tried now; none where the copies have to wait, or are not to wait."""
        if isinstance(found, Failure) and (found.permanent or found.freezes):
            return found
        if found is not NO_NAMES:
            self._station.backlog.wake(self._tried(f"@{domain}", entry, now, now, "taken"), now)
        hops = (
            self._blamed(domain, copies[0].path, found)
            if isinstance(found, Failure)
            else [self._key(*route.place) for route in found]
        )
        barred = [self._retry.bars(hop, entry.queue_id, entry.arrival, now) for hop in hops]
        if not all(barred):
            if isinstance(found, Failure):
                return found
            routes = tuple(route for route, bar in zip(found, barred, strict=True) if bar is None)
            return routes[: self._station.host.mta.mx_address_limit]
        too_long = all(bar is TOO_LONG for bar in barred)
        for copy in copies:
            if too_long:
                entry.failures[copy.recipient] = all_failing(domain)
                copy.waited(entry.due, now)
            else:
                # Whoever was never tried has to have a reason to be returned for, some day.
                entry.failures.setdefault(copy.recipient, next(bar for bar in barred if bar is not None))
        return ()

    def note_attempt(self, entry: Entry, route: Route, left: Sequence[Copy], began: float, now: float) -> None:
        """Keep what an attempt says about its next hop; wake those that it need no longer keep waiting."""
        hop = self._key(*route.place)
        outcome: Outcome = "taken"
        if left:
            outcome = "host" if entry.failures[left[0].recipient].host_error else "message"
        self._station.backlog.wake(self._tried(hop, entry, began, now, outcome), now)

    def go_on(self, entry: Entry, hop: str, now: float) -> str | None:
        """The session that brought an entry to a next hop is open: let the next one go that waits, and give it."""
        waiting = self._retry.next_waiting(hop, entry.queue_id)
        return waiting if waiting is not None and self._station.backlog.release_at_once(waiting, now) else None

    def note_no_way(self, entry: Entry, copies: Sequence[Copy], domain: str, failure: Failure, now: float) -> None:
        """Keep it that an entry found no way; its copies are over where this has been so for too long."""
        hops = self._blamed(domain, copies[0].path, failure)
        for hop in hops:
            self._tried(hop, entry, now, now, "host")
        if self._retry.exhausted(hops, entry.queue_id, now):
            entry.given_up |= {copy.recipient for copy in copies}

    def note_exhausted(self, entry: Entry, left: Sequence[Copy], now: float) -> None:
        """What is left is not to be tried again where every host has been failing for too long, passed over or not."""
        entry.given_up |= {
            copy.recipient
            for copy in left
            if self._retry.exhausted(self._blamed(copy.next_domain, copy.path, NO_ROUTE), entry.queue_id, now)
        }

    def _tried(self, hop: str, entry: Entry, began: float, now: float, outcome: Outcome) -> Sequence[str]:
        return self._retry.tried(hop, entry.queue_id, entry.arrival, began=began, now=now, outcome=outcome)

    def _blamed(self, domain: str, been_at: Sequence[str], failure: Failure) -> list[str]:
        """Whom a failure to find a way is kept for: the hosts that mail would go to, as if they had not answered.

        Without an answer from the name service it is the domain, marked so that it is not taken for a host.
        """
        world, host = self._station.world, self._station.host
        heard = self._station.resolver.heard(domain)
        ways = self._station.ways
        targets = ways.targets(domain, heard, been_at, lambda _: None) if failure is NO_ROUTE else failure
        if isinstance(targets, Failure):
            return [f"@{domain}"]
        hops = dict.fromkeys(world.hop(host.name, target) for target in targets)
        keys = [key for hop in hops for key in self._keys(hop)]
        return keys[: host.mta.mx_address_limit] or [f"@{domain}"]

    def _keys(self, host: str) -> list[str]:
        """What a host's records are kept under."""
        addresses, families = self._station.world.addresses.get(host, {}), self._station.host.mta.families
        if not addresses or not self._retry.by_address:
            return [host]
        return [self._key(host, address.ip) for address in addresses.values() if address.version in families]

    def _key(self, host: str, ip: str) -> str:
        """What the record of an address is kept under."""
        return f"{host}{OF_HOST}{ip}" if ip and self._retry.by_address else host

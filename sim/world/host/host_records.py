"""What a host remembers of other hosts, where its product does: which of them its mail is kept from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.mta.queue.mx import LOOPS_BACK, NO_EXCHANGER, Records, candidates, no_exchanger, routed
from sim.mta.server.loops import loops_back
from sim.network.dns import Resolver
from sim.results.outcomes import AttemptOutcome
from sim.scenario.products.host_retry import OF_HOST
from sim.scenario.products.retry import Outcome, Retry
from sim.scenario.spec import Host
from sim.world.engine.paths import Paths
from sim.world.host.addresses import Address
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.routes import Route

NO_ROUTE = Failure(0, AttemptOutcome.NO_ROUTE.status, AttemptOutcome.NO_ROUTE.reason)
NO_NAMES = Failure(0, AttemptOutcome.DNS_FAILURE.status, AttemptOutcome.DNS_FAILURE.reason)

Shuffle = Callable[[list[Any]], None]


def targets_of(
    host: Host, domain: str, records: Records | None, been_at: Sequence[str], *, relays: bool, shuffle: Shuffle
) -> list[str] | Failure:
    """The hosts to try for a domain with these MX records, best first.

    The host's own routes go before the records. Where mail goes from neighbour to neighbour, a backup that has had it
    already is left out: it could not pass it on, and is not asked again.
    """
    route = routed(host.routes, domain)
    targets = candidates(((0, route),) if route else records, host.name, shuffle)
    if targets is NO_EXCHANGER:
        return no_exchanger(host.mta, records or ())
    if targets is LOOPS_BACK:
        return loops_back(host.mta, route or domain, host.domain, routed=route is not None)
    if isinstance(targets, Failure) or route or not relays or len(targets) == 1:
        return targets
    return [target for target in targets if target == targets[0] or target not in been_at]


@dataclass
class HostRecords:
    """Keeps a product's records of hosts (`products.retry`) told of what happened, and asks them where mail may go."""

    host: Host
    retry: Retry
    resolver: Resolver
    paths: Paths
    addresses: Mapping[str, Mapping[str, Address]]
    deferred: DeferredQueue

    def open_routes(
        self, found: tuple[Route, ...] | Failure, domain: str, entry: Entry, copies: Sequence[Copy], now: float
    ) -> tuple[Route, ...] | Failure:
        """Those of the routes whose hosts may be tried now; none where the copies have to wait, or are not to wait."""
        if isinstance(found, Failure) and (found.permanent or found.freezes):
            return found
        if found is not NO_NAMES:
            self.deferred.wake(self._tried(f"@{domain}", entry, now, now, "taken"), now)
        hops = (
            self._blamed(domain, copies[0].path, found)
            if isinstance(found, Failure)
            else [self._key(*route.place) for route in found]
        )
        barred = [self.retry.bars(hop, entry.queue_id, entry.arrival, now) for hop in hops]
        if not all(barred):
            if isinstance(found, Failure):
                return found
            routes = tuple(route for route, bar in zip(found, barred, strict=True) if bar is None)
            return routes[: self.host.mta.mx_address_limit]
        bars = [bar for bar in barred if bar is not None]
        for copy in copies:
            if all(bar.code for bar in bars):
                entry.failures[copy.recipient] = Failure.of(bars[0], of=f" for '{domain}'")
                copy.waited(entry.due, now)
            else:
                # Whoever was never tried has to have a reason to be returned for, some day.
                entry.failures.setdefault(copy.recipient, Failure.of(bars[0], of=""))
        return ()

    def note_attempt(self, entry: Entry, route: Route, left: Sequence[Copy], began: float, now: float) -> None:
        """Keep what an attempt says about its next hop; wake those that it need no longer keep waiting."""
        hop = self._key(*route.place)
        outcome: Outcome = "taken"
        if left:
            outcome = "host" if entry.failures[left[0].recipient].host_error else "message"
        self.deferred.wake(self._tried(hop, entry, began, now, outcome), now)

    def note_no_route(self, entry: Entry, copies: Sequence[Copy], domain: str, failure: Failure, now: float) -> None:
        """Keep it that an entry found no way; its copies are over where this has been so for too long."""
        hops = self._blamed(domain, copies[0].path, failure)
        for hop in hops:
            self._tried(hop, entry, now, now, "host")
        if self.retry.exhausted(hops, entry.queue_id, now):
            entry.given_up |= {copy.recipient for copy in copies}

    def note_exhausted(self, entry: Entry, left: Sequence[Copy], now: float) -> None:
        """What is left is not to be tried again where every host has been failing for too long, passed over or not."""
        entry.given_up |= {
            copy.recipient
            for copy in left
            if self.retry.exhausted(self._blamed(copy.next_domain, copy.path, NO_ROUTE), entry.queue_id, now)
        }

    def _tried(self, hop: str, entry: Entry, began: float, now: float, outcome: Outcome) -> Sequence[str]:
        return self.retry.tried(hop, entry.queue_id, entry.arrival, began=began, now=now, outcome=outcome)

    def _blamed(self, domain: str, been_at: Sequence[str], failure: Failure) -> list[str]:
        """Whom a failure to find a way is kept for: the hosts that mail would go to, as if they had not answered.

        Without an answer from the name service it is the domain, marked so that it is not taken for a host.
        """
        host, heard = self.host, self.resolver.heard(domain)
        if failure is not NO_ROUTE:
            return [f"@{domain}"]
        targets = targets_of(host, domain, heard, been_at, relays=self.paths.relays, shuffle=lambda _: None)
        if isinstance(targets, Failure):
            return [f"@{domain}"]
        hops = dict.fromkeys(self.paths.hop(host.name, target) for target in targets)
        keys = [key for hop in hops for key in self._keys(hop)]
        return keys[: host.mta.mx_address_limit] or [f"@{domain}"]

    def _keys(self, host: str) -> list[str]:
        """What a host's records are kept under."""
        addresses, families = self.addresses.get(host, {}), self.host.mta.families
        if not addresses or not self.retry.by_address:
            return [host]
        return [self._key(host, address.ip) for address in addresses.values() if address.version in families]

    def _key(self, host: str, ip: str) -> str:
        """What the record of an address is kept under."""
        return f"{host}{OF_HOST}{ip}" if ip and self.retry.by_address else host

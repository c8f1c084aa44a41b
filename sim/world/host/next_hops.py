"""Where a host's mail goes next, and which hosts it is kept from, where its product remembers them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from sim.mail.address import domain_key, is_literal
from sim.mta.queue.destination import is_by_domain
from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.mta.queue.mx import Candidate, in_order, routed, targets_of
from sim.network.dns import Dns, NoAnswerError, Resolver
from sim.results.facts import AttemptFact
from sim.results.outcomes import AttemptOutcome
from sim.scenario.products.base import MANY
from sim.scenario.products.host_retry import OF_HOST
from sim.scenario.products.retry import Outcome, Retry
from sim.scenario.spec import Host
from sim.world.engine.paths import Nodes, Paths
from sim.world.host.addresses import Address, candidates_at
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.routes import Route
from sim.world.host.uptime import Part

NO_ROUTE = Failure(0, AttemptOutcome.NO_ROUTE.status, AttemptOutcome.NO_ROUTE.reason)
NO_NAMES = Failure(0, AttemptOutcome.DNS_FAILURE.status, AttemptOutcome.DNS_FAILURE.reason)
_HELD = Failure(0, "4.3.2", "held until its host asks for it")
_NO_ADDRESS = Failure(550, "5.4.4", "no host of the domain has an address of a kind that is used here")


@dataclass
class NextHops(Part):
    """Finds the routes of a host's mail.

    Attributes:
        addresses: the addresses of the hosts that have more than one of any family, by host.
        literals: the hosts and addresses that address literals mean.
        held_domains: those whose mail is not tried before their host asks for it.
        tell: is told that mail for such a domain is there.
        retry: remembers other hosts where the product does, `products.retry`; it is told what happened to them.
        deferred: mail that has to wait for them no longer is woken there.
        shuffle: puts hosts of equal preference in any order, if the product does.
    """

    dns: Dns
    resolver: Resolver
    paths: Paths
    addresses: Mapping[str, Mapping[str, Address]]
    literals: Mapping[str, tuple[str, str]]
    held_domains: frozenset[str]
    tell: Callable[[str], None]
    retry: Retry
    deferred: DeferredQueue
    shuffle: Callable[[list[Any]], None]

    def __post_init__(self) -> None:
        """How many addresses are tried, and whether each domain's mail, and its sessions, go by themselves."""
        # Who remembers hosts counts those that it may try.
        self.remembers = self.retry.keeps_hosts
        self._most = MANY if self.remembers else self.host.mta.mx_address_limit
        self.by_domain = is_by_domain(self.host.mta, relays=self.paths.relays)

    def known(self, copies: Iterable[Copy], now: float) -> bool:
        """Whether the host need not ask the name service for any of the copies."""
        resolver, routes = self.resolver, self.host.routes
        return all(routed(routes, copy.next_domain) or resolver.knows(copy.next_domain, now) for copy in copies)

    def of(
        self, entry: Entry, copies: Sequence[Copy], now: float
    ) -> Iterable[tuple[tuple[Route, ...], Sequence[Copy]]]:
        """The copies by the routes that they go; those that have none are tried in vain."""
        by_domain: dict[str, list[Copy]] = {}
        for copy in copies:
            by_domain.setdefault(copy.next_domain, []).append(copy)
        groups: dict[tuple[tuple[Route, ...], str], tuple[tuple[Route, ...], list[Copy]]] = {}
        for domain, members in by_domain.items():
            if domain in self.held_domains and domain not in entry.requested_by:
                # Untried, until its host asks for it (Postfix: defer_transports).
                entry.put_off(members, _HELD, now)
                self.tell(domain)
                continue
            been_at = members[0].path
            known = is_literal(domain) and not routed(self.host.routes, domain)
            found = self._to_address(domain, now) if known else self._to_exchangers(domain, been_at, now)
            if self.remembers:
                found = self._open_routes(found, domain, entry, members, now)
            if not found:
                continue
            if self.paths.mixed and not isinstance(found, Failure):
                found = self._in_one_network(found, now)
            if isinstance(found, Failure):
                self._tried_in_vain(entry, members, domain, found, now)
            elif len(by_domain) == 1:
                return ((found, members),)
            else:
                apart = next_hop_domain(self.host, domain) if self.by_domain else ""
                groups.setdefault((found, apart), (found, []))[1].extend(members)
        return groups.values()

    def _in_one_network(self, routes: Sequence[Route], now: float) -> tuple[Route, ...]:
        """The routes with what is spoken there: those where it is what is spoken on the way to the best."""
        found = [route._replace(protocol=self.paths.protocol(route.nodes, now)) for route in routes]
        return tuple(route for route in found if route.protocol == found[0].protocol)

    def _to_exchangers(self, domain: str, been_at: Sequence[str], now: float) -> tuple[Route, ...] | Failure:
        """The routes to try for a domain's mail, best first: to its MX hosts, as far as the architecture reaches."""
        host, paths = self.host, self.paths
        try:
            records = None if host.routes and routed(host.routes, domain) else self.resolver.mx(domain, now)
        except NoAnswerError:
            return NO_NAMES
        targets = targets_of(host, domain, records, been_at if paths.relays else (), self.shuffle)
        if isinstance(targets, Failure):
            return targets
        if len(targets) == 1:
            nodes = paths.nodes(host.name, targets[0], now)
            return NO_ROUTE if nodes is None else self.ending(nodes)
        preferences = {name: preference for preference, name in sorted(records or (), reverse=True)}
        best = preferences[targets[0]]
        found: dict[str, tuple[Nodes, int]] = {}
        reached = False
        for target in targets:
            nodes = paths.nodes(host.name, target, now)
            if nodes is None:
                # It is tried in vain: it counts, and is remembered by who remembers hosts.
                hop = paths.hop(host.name, target)
                found.setdefault(hop, ((host.name, hop), preferences[target]))
            else:
                reached = True
                found[nodes[-1]] = nodes, preferences[target]
        if not reached:
            return NO_ROUTE
        if self.addresses:
            return self._addressed([*found.values()])
        return tuple([Route(nodes, "", preference != best) for nodes, preference in found.values()])[: self._most]

    def _to_address(self, literal: str, now: float) -> tuple[Route, ...] | Failure:
        """The route to an address literal's host, with no other address of it; there may be no such host."""
        place = self.literals.get(domain_key(literal))
        nodes = place and self.paths.nodes(self.host.name, place[0], now)
        if place is None or not nodes:
            return NO_ROUTE
        if nodes[-1] != place[0]:
            return self.ending(nodes)
        host, ip = place
        one = self.addresses[host][ip]
        return (Route(nodes, ip),) if one.version in self.host.mta.families else _NO_ADDRESS

    def ending(self, nodes: Nodes) -> tuple[Route, ...] | Failure:
        """The routes to the host at the end of these nodes."""
        return self._addressed([(nodes, 0)]) if self.addresses else (Route(nodes),)

    def _addressed(self, ends: Sequence[tuple[Nodes, int]]) -> tuple[Route, ...] | Failure:
        """The routes to every address at the ends of these nodes, each with its preference."""
        towards = {nodes[-1]: nodes for nodes, _ in ends}
        found: list[Candidate] = []
        for nodes, preference in ends:
            found += candidates_at(nodes[-1], preference, self.addresses.get(nodes[-1], {}))
        found = in_order(found, self.host.mta, self.shuffle)
        best = min(preference for _, preference in ends)
        routes = [Route(towards[one.host], one.ip, one.preference != best) for one in found[: self._most]]
        return tuple(routes) or _NO_ADDRESS

    def _tried_in_vain(self, entry: Entry, copies: Sequence[Copy], domain: str, failure: Failure, now: float) -> None:
        """An attempt that found nowhere to connect to."""
        for copy in copies:
            copy.waited(entry.due, now)
            copy.tried((0.0, 0.0, 0.0), now)
            entry.failures[copy.recipient] = failure
        if failure.permanent or failure.freezes:
            return
        if self.remembers:
            self._note_no_route(entry, copies, domain, failure, now)
        records = self.dns.mx(domain, now)
        towards = routed(self.host.routes, domain) or (records[0][1] if records else domain)
        self.recorder.attempted(nowhere(failure, self.host.name, towards, entry, copies, handed_over=now, now=now))

    def _open_routes(
        self, found: tuple[Route, ...] | Failure, domain: str, entry: Entry, copies: Sequence[Copy], now: float
    ) -> tuple[Route, ...] | Failure:
        """Those of the routes whose hosts may be tried now; none where the copies have to wait, or are not to wait."""
        if isinstance(found, Failure) and (found.permanent or found.freezes):
            return found
        if found is not NO_NAMES:
            self.deferred.wake(self._note(f"@{domain}", entry, now, now, "taken"), now)
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
        if all(bar.code for bar in bars):
            entry.put_off(copies, Failure.of(bars[0], of=f" for '{domain}'"), now)
            return ()
        for copy in copies:
            # Whoever was never tried has to have a reason to be returned for, some day.
            entry.failures.setdefault(copy.recipient, Failure.of(bars[0], of=""))
        return ()

    def note_attempt(self, entry: Entry, route: Route, left: Sequence[Copy], began: float, now: float) -> None:
        """Keep what an attempt says about its next hop; wake those that it need no longer keep waiting."""
        hop = self._key(*route.place)
        outcome: Outcome = "taken"
        if left:
            outcome = "host" if entry.failures[left[0].recipient].host_error else "message"
        self.deferred.wake(self._note(hop, entry, began, now, outcome), now)

    def _note_no_route(self, entry: Entry, copies: Sequence[Copy], domain: str, failure: Failure, now: float) -> None:
        """Keep it that an entry found no way; its copies are over where this has been so for too long."""
        hops = self._blamed(domain, copies[0].path, failure)
        for hop in hops:
            self._note(hop, entry, now, now, "host")
        if self.retry.exhausted(hops, entry.queue_id, now):
            entry.given_up |= {copy.recipient for copy in copies}

    def note_exhausted(self, entry: Entry, left: Sequence[Copy], now: float) -> None:
        """What is left is not to be tried again where every host has been failing for too long, passed over or not."""
        entry.given_up |= {
            copy.recipient
            for copy in left
            if self.retry.exhausted(self._blamed(copy.next_domain, copy.path, NO_ROUTE), entry.queue_id, now)
        }

    def _note(self, hop: str, entry: Entry, began: float, now: float, outcome: Outcome) -> Sequence[str]:
        return self.retry.tried(hop, entry.queue_id, entry.arrival, began=began, now=now, outcome=outcome)

    def _blamed(self, domain: str, been_at: Sequence[str], failure: Failure) -> list[str]:
        """Whom a failure to find a way is kept for: the hosts that mail would go to, as if they had not answered.

        Without an answer from the name service it is the domain, marked so that it is not taken for a host.
        """
        host, heard = self.host, self.resolver.heard(domain)
        if failure is not NO_ROUTE:
            return [f"@{domain}"]
        targets = targets_of(host, domain, heard, been_at if self.paths.relays else ())
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


def next_hop_domain(host: Host, domain: str) -> str:
    """What a domain's mail is queued for: the host that this host's routes name, or the domain."""
    return (routed(host.routes, domain) or domain).lower()


def nowhere(
    failure: Failure, host: str, towards: str, entry: Entry, copies: Sequence[Copy], *, handed_over: float, now: float
) -> AttemptFact:
    """The record of an attempt that found no route to its next hop, or could not look up which that is."""
    outcome = AttemptOutcome.DNS_FAILURE if failure is NO_NAMES else AttemptOutcome.NO_ROUTE
    message_id, status, delays = copies[0].message_id, failure.enhanced, entry.delays(handed_over, inf, now)
    return AttemptFact(message_id, host, towards, now, now, outcome, 0, status, 0, 0, 0, 0, len(copies), *delays)

"""Where a host's mail goes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.mail.address import domain_key, is_literal
from sim.mta.queue.address_order import Candidate, in_order
from sim.mta.queue.destination import is_by_domain
from sim.mta.queue.mx import LOOPS_BACK, NO_EXCHANGER, Records, candidates, no_exchanger, routed
from sim.mta.queue.queue import Copy, Entry, Failure
from sim.mta.server.loops import loops_back
from sim.network.dns import NoAnswerError
from sim.network.links.availability import Timeline
from sim.network.links.line import Line
from sim.scenario.products.base import MANY
from sim.world.host.addresses import candidates_at
from sim.world.host.attempt import NO_NAMES, NO_ROUTE, nowhere
from sim.world.host.host_records import HostRecords

if TYPE_CHECKING:
    from sim.world.host.host import Station

KEPT = Failure(0, "4.3.2", "held until its host asks for it")

Way = tuple[str, ...]
"""The nodes that a session's bytes pass, from this host to the next that takes custody."""

NO_ADDRESS = Failure(550, "5.4.4", "no host of the domain has an address of a kind that is used here")


class Route(NamedTuple):
    """A way, and the address at its end; whether it leads to a host of another than the best preference."""

    way: Way
    ip: str = ""
    backup: bool = False

    @property
    def host(self) -> str:
        """The next host."""
        return self.way[-1]

    @property
    def place(self) -> tuple[str, str]:
        """The next host and its address."""
        return self.way[-1], self.ip


class Ways:
    """Finds the ways of a host's mail. `records` are what it keeps of other hosts, if its product keeps any.

    `by_domain` says that each domain's mail goes by itself, and so do its sessions.
    """

    __slots__ = ("_kept", "_most", "_shuffle", "_station", "by_domain", "records")

    def __init__(self, station: Station) -> None:
        mta = station.host.mta
        self._station = station
        self.by_domain = is_by_domain(mta, relays=station.world.relays)
        self._shuffle: Callable[[list[Any]], None] = station.draws.shuffle if mta.randomizes else _as_they_are
        # Domains whose mail is not tried before their host asks for it.
        self._kept = station.world.kept_until_asked.get(station.host.name, frozenset())
        self.records = HostRecords(station) if station.retry.keeps_hosts else None
        # Who remembers hosts counts those that it may try.
        self._most = mta.mx_address_limit if self.records is None else MANY

    def known(self, copies: Iterable[Copy], now: float) -> bool:
        """Whether the host need not ask the name service for any of the copies."""
        resolver, routes = self._station.resolver, self._station.host.routes
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
            if self._kept and domain in self._kept and domain not in entry.requested_by:
                self._keep(entry, members, now)
                continue
            been_at = members[0].path
            known = is_literal(domain) and not routed(self._station.host.routes, domain)
            found = self._to_address(domain, now) if known else self._towards(domain, been_at, now)
            if self.records is not None:
                found = self.records.open_ways(found, domain, entry, members, now)
            if not found:
                continue
            if isinstance(found, Failure):
                self._tried_in_vain(entry, members, domain, found, now)
            elif len(by_domain) == 1:
                return ((found, members),)
            else:
                apart = self.next_hop(domain) if self.by_domain else ""
                groups.setdefault((found, apart), (found, []))[1].extend(members)
        return groups.values()

    def next_hop(self, domain: str) -> str:
        """What a domain's mail is queued for: the host that the host's routes name, or the domain."""
        return (routed(self._station.host.routes, domain) or domain).lower()

    def targets(
        self, domain: str, records: Records | None, been_at: Sequence[str], shuffle: Callable[[list[Any]], None]
    ) -> list[str] | Failure:
        """The hosts to try for a domain with these MX records, best first.

        The host's own routes go before the records. Where mail goes from neighbour to neighbour, a backup that has had
        it already is left out: it could not pass it on, and is not asked again.
        """
        host, route = self._station.host, routed(self._station.host.routes, domain)
        targets = candidates(((0, route),) if route else records, host.name, shuffle)
        if targets is NO_EXCHANGER:
            return no_exchanger(host.mta, records or ())
        if targets is LOOPS_BACK:
            return loops_back(host.mta, route or domain, host.domain, routed=route is not None)
        if isinstance(targets, Failure) or route or not self._station.world.relays:
            return targets
        return [target for target in targets if target == targets[0] or target not in been_at]

    def _towards(self, domain: str, been_at: Sequence[str], now: float) -> tuple[Route, ...] | Failure:
        """The routes to try for a domain's mail, best first: to its MX hosts, as far as the architecture reaches."""
        station = self._station
        world, name = station.world, station.host.name
        try:
            records = None if routed(station.host.routes, domain) else station.resolver.mx(domain, now)
        except NoAnswerError:
            return NO_NAMES
        targets = self.targets(domain, records, been_at, self._shuffle)
        if isinstance(targets, Failure):
            return targets
        if len(targets) == 1:
            way = world.way(name, targets[0], now)
            return NO_ROUTE if way is None else self.ending(way)
        preferences = {host: preference for preference, host in sorted(records or (), reverse=True)}
        best = preferences[targets[0]]
        ways: dict[str, tuple[Way, int]] = {}
        reached = False
        for target in targets:
            way = world.way(name, target, now)
            if way is None:
                # It is tried in vain: it counts, and is remembered by who remembers hosts.
                hop = world.hop(name, target)
                ways.setdefault(hop, ((name, hop), preferences[target]))
            else:
                reached = True
                ways[way[-1]] = way, preferences[target]
        if not reached:
            return NO_ROUTE
        if world.addresses:
            return self._addressed([*ways.values()])
        return tuple([Route(way, "", preference != best) for way, preference in ways.values()])[: self._most]

    def _to_address(self, literal: str, now: float) -> tuple[Route, ...] | Failure:
        """The route to an address literal's host, with no other address of it; there may be no such host."""
        world = self._station.world
        place = world.literals.get(domain_key(literal))
        way = place and world.way(self._station.host.name, place[0], now)
        if place is None or not way:
            return NO_ROUTE
        if way[-1] != place[0]:
            return self.ending(way)
        host, ip = place
        one = world.addresses[host][ip]
        return (Route(way, ip),) if one.version in self._station.host.mta.families else NO_ADDRESS

    def ending(self, way: Way) -> tuple[Route, ...] | Failure:
        """The routes at the end of a way."""
        return self._addressed([(way, 0)]) if self._station.world.addresses else (Route(way),)

    def _addressed(self, ways: Sequence[tuple[Way, int]]) -> tuple[Route, ...] | Failure:
        """The routes to every address at the ends of ways, each with its preference."""
        addresses, towards = self._station.world.addresses, {way[-1]: way for way, _ in ways}
        found: list[Candidate] = []
        for way, preference in ways:
            found += candidates_at(way[-1], preference, addresses.get(way[-1], {}))
        found = in_order(found, self._station.host.mta, self._shuffle)
        best = min(preference for _, preference in ways)
        routes = [Route(towards[one.host], one.ip, one.preference != best) for one in found[: self._most]]
        return tuple(routes) or NO_ADDRESS

    def line_up(self, route: Route, now: float) -> tuple[tuple[Sequence[Line], Sequence[Line]], Timeline] | None:
        """The lines of a route there and back, and when somebody listens at its end; None where there is no route."""
        world, station = self._station.world, self._station
        address = world.addresses[route.host][route.ip] if route.ip else None
        if address is not None and not station.sources.reach(address.version):
            return None
        lines, listener = world.lines(route.way, now), world.stations[route.host].listener
        if lines is None or address is None:
            return lines and (lines, listener.listens())
        if not (world.silent or address.reachable.is_up(now)):
            return None
        return address.behind(lines), listener.listens(address.listens)

    @staticmethod
    def _keep(entry: Entry, copies: Sequence[Copy], now: float) -> None:
        """Let mail wait, untried, until its host asks for it (Postfix: defer_transports)."""
        for copy in copies:
            copy.waited(entry.due, now)
            entry.failures[copy.recipient] = KEPT

    def _tried_in_vain(self, entry: Entry, copies: Sequence[Copy], domain: str, failure: Failure, now: float) -> None:
        """An attempt that found nowhere to connect to."""
        for copy in copies:
            copy.waited(entry.due, now)
            copy.tried((0.0, 0.0, 0.0), now)
            entry.failures[copy.recipient] = failure
        if failure.permanent or failure.freezes:
            return
        if self.records is not None:
            self.records.note_no_way(entry, copies, domain, failure, now)
        world = self._station.world
        records = world.dns.mx(domain, now)
        towards = routed(self._station.host.routes, domain) or (records[0][1] if records else domain)
        fact = nowhere(failure, self._station.host.name, towards, entry, copies, handed_over=now, now=now)
        world.recorder.attempted(fact)


def _as_they_are(_: list[str]) -> None:
    """Leave the order of equal preferences to the DNS."""

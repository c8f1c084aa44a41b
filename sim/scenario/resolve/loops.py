"""Loops of mail that can be seen before a run: warnings, since hosts stop what goes round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import islice

from sim.mail.address import Address, mailbox_key
from sim.scenario.findings import Findings
from sim.scenario.resolve.address_owners import Owners
from sim.scenario.resolve.plan import DEFAULTS
from sim.scenario.source import Path
from sim.scenario.spec import Architecture, Domain, Host
from sim.scenario.spec.routes import ALL_OTHERS

_TOLD = 10
"""More loops of a kind than these are not told."""

Graph = Mapping[str, Sequence[str]]
"""Where mail goes from each address or host."""

Records = tuple[tuple[int, str], ...]
Found = tuple[Sequence[Path], str]
"""Where what leads back may stand, and what there is to say."""


def warn_of_loops(domains: Mapping[str, Domain], architectures: Mapping[str, Architecture], findings: Findings) -> None:
    """Warn of addresses and of hosts from which mail comes back to them, with a place in the file and the way."""
    for paths, text in _of_addresses(domains):
        findings.warn(paths, text)
    for architecture in architectures.values():
        for paths, text in islice(_of_hosts({**domains, **architecture.domains}, architecture), _TOLD):
            findings.warn(paths, text)


def _of_addresses(domains: Mapping[str, Domain]) -> Iterator[Found]:
    """Lists and forwards that lead back."""
    owners, places, graph = Owners(domains), dict[str, Path](), dict[str, list[str]]()
    for name, domain in domains.items():
        for key, named in (("lists", domain.lists), ("forwards", domain.forwards)):
            for local in named:
                address = Address(local, name)
                places[mailbox_key(address)] = ("domains", name, key, local)
                graph[mailbox_key(address)] = [mailbox_key(one) for one in owners.leads_to(address)]
    for way in _loops(graph):
        yield [places[way[0]]], f"a mail loop: {' -> '.join(way)}"


def _of_hosts(domains: Mapping[str, Domain], architecture: Architecture) -> Iterator[Found]:
    """Routes that lead back, and MX hosts that have nowhere to send a domain's mail."""
    hosts = architecture.hosts
    with_routes = [host for host in hosts.values() if host.routes]
    for way in _loops({host.name: [host.routes[ALL_OTHERS]] for host in with_routes if ALL_OTHERS in host.routes}):
        places = _places_of_routes(architecture.name, way[0], ALL_OTHERS)
        yield places, f"a mail loop of all domains without another route: {' -> '.join(way)}"
    named = dict.fromkeys(name for host in with_routes for name in host.routes if name != ALL_OTHERS)
    for name in dict.fromkeys([*domains, *named]):
        domain = domains.get(name)
        if not with_routes and (domain is None or not domain.mailboxes):
            continue
        starts = [host.name for host in with_routes if name in host.routes]
        versions = _versions(name, domain, hosts)
        mailboxes = [] if domain is None else domain.mailboxes or [host for mx in versions for host in _best(mx)]
        for mx in versions:
            graph = _graph(name, mx, mailboxes, [*starts, *[host for _, host in mx]], hosts)
            for way in _loops(graph):
                yield _found(name, way, hosts, architecture.name)


def _versions(name: str, domain: Domain | None, hosts: Mapping[str, Host]) -> list[Records]:
    """A domain's MX records at all times; a host that bears its name is its MX where it has none."""
    if domain is None:
        return [()]
    first = domain.mx or tuple([(0, host) for host in hosts if host.lower() == name])
    return [first, *[change.mx for change in domain.changes]]


def _found(domain: str, way: Sequence[str], hosts: Mapping[str, Host], architecture: str) -> Found:
    """What there is to say of a domain's mail that goes this way."""
    text = f"a mail loop of {domain}: {' -> '.join(way)}"
    if any(_route(hosts[host], domain) for host in way):
        return _places_of_routes(architecture, way[0], domain), text
    places: list[Path] = [("architectures", architecture, "domains", domain, "mx"), ("domains", domain, "mx")]
    return places, f"{text}, which is its best MX, but neither keeps its mailboxes nor has a route for it"


def _graph(
    domain: str, mx: Records, mailboxes: Sequence[str], starts: Sequence[str], hosts: Mapping[str, Host]
) -> Graph:
    """The hosts that a domain's mail goes to from each host that it can come to from where it starts."""
    graph: dict[str, Sequence[str]] = {}
    todo = [*starts]
    while todo:
        name = todo.pop()
        if name in graph or name not in hosts or name in mailboxes:
            continue
        route = _route(hosts[name], domain)
        own = min((preference for preference, host in mx if host == name), default=None)
        better = tuple(record for record in mx if own is None or record[0] < own)
        # Who is the best MX himself has nobody to ask but himself.
        graph[name] = [route] if route else _best(better) or ([] if own is None else [name])
        todo += graph[name]
    return graph


def _route(host: Host, domain: str) -> str | None:
    return host.routes.get(domain) or host.routes.get(ALL_OTHERS)


def _best(mx: Records) -> list[str]:
    """The hosts of the best preference."""
    return [host for preference, host in mx if preference == min(mx)[0]]


def _places_of_routes(architecture: str, host: str, domain: str) -> list[Path]:
    """Where a host's route for a domain may stand, the strongest layer first."""
    layers: list[Path] = [("architectures", architecture, "hosts"), ("hosts",)]
    routes = [(*layer, name, "routes") for name in (host, DEFAULTS) for layer in layers]
    return [(*path, *key) for path in routes for key in ((domain,), (ALL_OTHERS,), ())]


def _loops(graph: Graph) -> Iterator[list[str]]:
    """Ways that lead back to where they begin, each by another of the graph's nodes than those before."""
    left = {node: [one for one in further if one in graph] for node, further in graph.items()}
    for _ in range(_TOLD):
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            *way, _ = reversed(error.args[1])
            first = min(way, key=[*left].index)
            start = way.index(first)
            yield [*way[start:], *way[:start], first]
            del left[first]
        else:
            return

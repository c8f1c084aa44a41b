"""What strikes several links and hosts: groups, a network that falls apart, and outages from recorded traces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sim.scenario.findings import Findings
from sim.scenario.names import listing
from sim.scenario.resolve.contacts import COLUMNS
from sim.scenario.resolve.traces import Stretch, Trace
from sim.scenario.spec import Interval, Link, NameService, Network
from sim.scenario.syntax.form import NetworkForm


def resolve_weather(
    form: NetworkForm, network: Network, trace: Trace | None, findings: Findings, *, known: bool
) -> Network:
    """The network with all that strikes several of its links and hosts; `known` when its nodes are all there are.

    `trace` is one of outages. A link between a and b may be called `a-b` or `b-a`.
    """
    nodes, named = network.nodes, [link.name for link in network.links]
    links = {"-".join(reversed(link.between)): link.name for link in reversed(network.links)}
    links |= {name: name for name in named}
    dns = form.dns or NameService()
    for index, server in enumerate(dns.servers):
        findings.known(("network", "dns", "servers", index), "host", server, nodes, whole=known)
    known = known and findings.whole("network", "links")
    struck: dict[str, list[Interval]] = {name: [] for name in named}
    for index, partition in enumerate(form.partitions or ()):
        interval = Interval(start=partition.at, end=partition.at + partition.for_)
        for name in _cut(index, partition.sides, network, findings, known=known):
            struck[name].append(interval)
    for name, intervals in _traced(trace, links, named, findings, known=known) if trace is not None else ():
        struck[name] += intervals
    members, groups = {name: name for name in nodes} | links, {}
    for name, group in (form.groups or {}).items():
        for index, member in enumerate(group.members):
            if member not in members and known:
                fault = findings.unknown("link or host", member, [*named, *nodes])
                findings.error(("network", "groups", name, "members", index), fault)
        groups[name] = replace(
            group, members=tuple(dict.fromkeys(members[one] for one in group.members if one in members))
        )
    return replace(
        network, links=tuple([_with(link, struck[link.name]) for link in network.links]), groups=groups, dns=dns
    )


def _with(link: Link, intervals: Sequence[Interval]) -> Link:
    """The link with more explicit outages."""
    return replace(link, weather=replace(link.weather, down=(*link.weather.down, *intervals))) if intervals else link


def _cut(index: int, sides: Sequence[Sequence[str]], network: Network, findings: Findings, *, known: bool) -> list[str]:
    """The links from one side to another."""
    side_of: dict[str, int] = {}
    for number, side in enumerate(sides):
        for position, host in enumerate(side):
            place = ("network", "partitions", index, "sides", number, position)
            there = findings.known(place, "host", host, network.nodes, whole=known)
            if there and side_of.setdefault(host, number) != number:
                findings.error(place, f"this host is on two sides ({host}): allowed is one")
    cut = [
        link.name
        for link in network.links
        if side_of.keys() >= {*link.between} and len({side_of[end] for end in link.between}) > 1
    ]
    if not cut and known:
        findings.note(f"no link leads from one side of partition {index + 1} to another: it changes nothing")
    return cut


def _traced(
    trace: Trace, links: Mapping[str, str], named: Sequence[str], findings: Findings, *, known: bool
) -> Iterator[tuple[str, list[Interval]]]:
    """The outages of a trace, by link, without what is over before time 0."""
    found: dict[str, list[Stretch]] = {}
    instead = f"; or, of contacts, {listing(COLUMNS)}"
    for row in trace.rows(("link", "down_at", "up_at"), instead=instead):
        name = row.values["link"]
        if name not in links and known:
            trace.wrong(row.line, findings.unknown("link", name, named))
        times = trace.times(row, "an outage", ("down_at", "up_at"))
        if name in links and times is not None:
            found.setdefault(links[name], []).append(Stretch(row.line, *times))
    for name, outages in found.items():
        ordered = trace.in_order(f"outage of {name}", outages)
        yield name, [Interval(start=max(one.start, 0.0), end=one.end) for one in ordered if one.end > 0]

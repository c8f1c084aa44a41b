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

    `trace` is one of outages.
    """
    names = _Names(network, findings, known=known and findings.whole("network", "links"))
    struck: dict[str, list[Interval]] = {link.name: [] for link in network.links}
    for index, partition in enumerate(form.partitions or ()):
        interval = Interval(start=partition.at, end=partition.at + partition.for_)
        for name in _cut(index, partition.sides, network, names, findings):
            struck[name].append(interval)
    for name, intervals in _traced(trace, names).items() if trace is not None else ():
        struck[name] += intervals
    groups = {}
    for name, group in (form.groups or {}).items():
        place = ("network", "groups", name, "members")
        members = [names.member((*place, index), member) for index, member in enumerate(group.members)]
        groups[name] = replace(group, members=tuple(dict.fromkeys(filter(None, members))))
    dns = form.dns or NameService()
    for index, server in enumerate(dns.servers):
        findings.known(("network", "dns", "servers", index), "host", server, network.nodes, whole=known)
    links = tuple(_with(link, struck[link.name]) for link in network.links)
    return replace(network, links=links, groups=groups, dns=dns)


def _with(link: Link, intervals: Sequence[Interval]) -> Link:
    """The link with more explicit outages."""
    return replace(link, weather=replace(link.weather, down=(*link.weather.down, *intervals))) if intervals else link


class _Names:
    """The names of links and hosts; a link between a and b may be called `a-b` or `b-a`."""

    def __init__(self, network: Network, findings: Findings, *, known: bool) -> None:
        self._findings = findings
        self._nodes = network.nodes
        self._links = {"-".join(reversed(link.between)): link.name for link in reversed(network.links)}
        self._links |= {link.name: link.name for link in network.links}
        self._allowed = [link.name for link in network.links]
        self.known = known

    def link(self, name: str) -> str | None:
        """The link's own name, None if there is no such link."""
        return self._links.get(name)

    def no_link(self, name: str) -> str:
        """What is wrong with a name that is no link's."""
        return self._findings.unknown("link", name, self._allowed)

    def member(self, place: tuple[str | int, ...], name: str) -> str | None:
        """The own name of a link or a host."""
        found = self._links.get(name) or (name if name in self._nodes else None)
        if found is None and self.known:
            self._findings.error(place, self._findings.unknown("link or host", name, [*self._allowed, *self._nodes]))
        return found

    def host(self, place: tuple[str | int, ...], name: str) -> bool:
        """Whether there is such a host."""
        return self._findings.known(place, "host", name, self._nodes, whole=self.known)


def _cut(
    index: int, sides: Sequence[Sequence[str]], network: Network, names: _Names, findings: Findings
) -> Iterator[str]:
    """The links from one side to another."""
    side_of: dict[str, int] = {}
    for number, side in enumerate(sides):
        for position, host in enumerate(side):
            place = ("network", "partitions", index, "sides", number, position)
            if names.host(place, host) and side_of.setdefault(host, number) != number:
                findings.error(place, f"this host is on two sides ({host}): allowed is one")
    cut = [link.name for link in network.links if _sides_differ(link, side_of)]
    if not cut and names.known:
        findings.note(f"no link leads from one side of partition {index + 1} to another: it changes nothing")
    yield from cut


def _sides_differ(link: Link, side_of: Mapping[str, int]) -> bool:
    one, other = (side_of.get(end) for end in link.between)
    return one is not None and other is not None and one != other


def _traced(trace: Trace, names: _Names) -> dict[str, list[Interval]]:
    """The outages of a trace, by link, without what is over before time 0."""
    found: dict[str, list[Stretch]] = {}
    instead = f"; or, of contacts, {listing(COLUMNS)}"
    for row in trace.rows(("link", "down_at", "up_at"), instead=instead):
        link = names.link(row.values["link"])
        if link is None and names.known:
            trace.wrong(row.line, names.no_link(row.values["link"]))
        times = trace.times(row, "an outage", ("down_at", "up_at"))
        if link is not None and times is not None:
            found.setdefault(link, []).append(Stretch(row.line, *times))
    return {
        link: [
            Interval(start=max(one.start, 0.0), end=one.end)
            for one in trace.in_order(f"outage of {link}", outages)
            if one.end > 0
        ]
        for link, outages in found.items()
    }

"""The weather of a scenario: of single things, of groups, of a network that falls apart, and from recorded traces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sim.scenario.findings import Findings
from sim.scenario.inputs import InputError, read_input
from sim.scenario.names import listing
from sim.scenario.resolve.contacts import COLUMNS, is_of_contacts
from sim.scenario.resolve.csv_rows import Row, csv_rows, moment
from sim.scenario.spec import Group, Interval, Link, NameService, Network, Node
from sim.scenario.spec.calendar import Start
from sim.scenario.spec.weather import weather_of
from sim.scenario.syntax.form import NetworkForm

_COLUMNS = ("link", "down_at", "up_at")


def resolve_storms(
    form: NetworkForm | None, network: Network, findings: Findings, trace: str | None, start: Start, *, known: bool
) -> Network:
    """The network with all that strikes several of its links and hosts; `known` when its nodes are all there are.

    `trace` is what the trace holds, if there is one that can be read.
    """
    if form is None:
        return network
    names = _Names(network, findings, known=known and findings.whole("network", "links"))
    struck: dict[str, list[Interval]] = {link.name: [] for link in network.links}
    for index, partition in enumerate(form.partitions or ()):
        interval = Interval(start=partition.at, end=partition.at + partition.for_)
        for name in _cut(index, partition.sides, network, names, findings):
            struck[name].append(interval)
    if form.trace is not None and trace is not None and not is_of_contacts(trace):
        for name, intervals in _traced(form.trace, trace, names, findings, start).items():
            struck[name] += intervals
    groups = []
    for name, group in (form.groups or {}).items():
        place = ("network", "groups", name, "members")
        members = [names.member((*place, index), member) for index, member in enumerate(group.members)]
        groups.append(Group(name=name, members=tuple(dict.fromkeys(filter(None, members))), weather=weather_of(group)))
    return replace(
        network,
        links=tuple(_with(link, struck[link.name]) for link in network.links),
        groups=tuple(groups),
        dns=_name_service(form, network.nodes, findings, known=known),
    )


def _with(link: Link, intervals: Sequence[Interval]) -> Link:
    """The link with more explicit outages."""
    return replace(link, weather=replace(link.weather, down=(*link.weather.down, *intervals))) if intervals else link


def _name_service(form: NetworkForm, nodes: Mapping[str, Node], findings: Findings, *, known: bool) -> NameService:
    if form.dns is None:
        return NameService()
    servers = form.dns.servers
    for index, server in enumerate(servers):
        findings.known(("network", "dns", "servers", index), "host", server, nodes, whole=known)
    dns = form.dns
    return NameService(
        servers=servers, ttl=dns.ttl, negative_ttl=dns.negative_ttl, lookup=dns.lookup, weather=weather_of(dns)
    )


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


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a trace: its line in the file, the link's own name, from when to when it is down."""

    line: int
    link: str
    down_at: float
    up_at: float


def trace_text(form: NetworkForm | None, findings: Findings, folder: Path, most: int) -> str | None:
    """What the trace of outages or contacts holds; None without one, or where it cannot be read, which is said."""
    name = form.trace if form is not None else None
    if name is None:
        return None
    try:
        return read_input(folder, name, most).decode("utf-8-sig")
    except (InputError, UnicodeDecodeError) as error:
        reason = str(error) if isinstance(error, InputError) else f"{name}: not UTF-8: allowed is a CSV file"
        findings.error(("network", "trace"), reason)
        return None


def _traced(name: str, text: str, names: _Names, findings: Findings, start: Start) -> dict[str, list[Interval]]:
    """The outages of a trace, by link; every mistake in it is said with its line."""

    def wrong(line: int, message: str) -> None:
        findings.error(("network", "trace"), f"{name}:{line}: {message}")

    records = csv_rows(text, _COLUMNS, (), wrong, findings.note, instead=f"; or, of contacts, {listing(COLUMNS)}")
    rows = [row for record in records if (row := _row(record, names, start, wrong)) is not None]
    return _disjoint(rows, wrong)


def _row(record: Row, names: _Names, start: Start, wrong: Callable[[int, str], None]) -> _Row | None:
    name, line = record.values["link"], record.line
    link = names.link(name)
    if link is None and names.known:
        wrong(line, names.no_link(name))
    down_at, up_at = (moment(record, column, start, wrong) for column in _COLUMNS[1:])
    if down_at is None or up_at is None:
        return None
    if down_at >= up_at:
        texts = ", ".join(record.values[column] for column in _COLUMNS[1:])
        wrong(line, f"an outage that ends before it begins ({texts}): allowed is down_at < up_at")
        return None
    return None if link is None else _Row(line, link, down_at, up_at)


def _disjoint(rows: Iterable[_Row], wrong: Callable[[int, str], None]) -> dict[str, list[Interval]]:
    """The outages by link, without what is over before time 0."""
    found: dict[str, list[Interval]] = {}
    last: dict[str, _Row] = {}
    for row in sorted(rows, key=lambda row: (row.down_at, row.line)):
        before = last.get(row.link)
        if before is not None and row.down_at < before.up_at:
            wrong(
                row.line, f"this outage of {row.link} overlaps the one on line {before.line}: allowed is one at a time"
            )
        if before is None or row.up_at > before.up_at:
            last[row.link] = row
        if row.up_at > 0:
            found.setdefault(row.link, []).append(Interval(start=max(row.down_at, 0.0), end=row.up_at))
    return found

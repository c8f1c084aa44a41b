"""The network of a scenario: nodes from wherever they come, links with all their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from sim.scenario.distribution import Constant, Distribution
from sim.scenario.distribution_text import FROM_COORDINATES, Delay
from sim.scenario.findings import Findings
from sim.scenario.names import listing, shown, some, unique
from sim.scenario.pydantic_seam import KEY
from sim.scenario.quantity import format_duration
from sim.scenario.resolve.contacts import Contacts, is_of_contacts
from sim.scenario.resolve.graph_parts import part_around
from sim.scenario.resolve.plan import DEFAULTS, Edge, Plan, Settings, distance
from sim.scenario.resolve.traces import Trace
from sim.scenario.resolve.weather import resolve_weather
from sim.scenario.spec import Link, Network, Node
from sim.scenario.spec.carriers import DialUp
from sim.scenario.spec.directions import Both, alike
from sim.scenario.spec.network import DEFAULT_DELAY, link_of
from sim.scenario.syntax.form import GraphForm, LinkForm, NetworkForm, ScenarioForm
from sim.scenario.syntax.generate import Generator, make_graph

SIGNAL_SPEED = 299_792_458 * 2 / 3
"""Speed of light in glass, about 2/3 of that in vacuum, in m/s."""

_SOURCES = ("graph", "nodes", "generate")

_SITES = 400
"""How many nodes are taken around some of a graph, where nothing says it."""

T = TypeVar("T")


def resolve_network(scenario: ScenarioForm, findings: Findings, folder: Path) -> tuple[Network, bool]:
    """The network, and whether all its nodes are known; where something is wrong, as much as can be had."""
    form = scenario.network or NetworkForm()
    most = scenario.limits.file
    trace = Trace.read(folder, form.trace, most, scenario.start, findings) if form.trace is not None else None
    contacts = Contacts(trace) if trace is not None and is_of_contacts(trace.text) else None
    plan = _plan(scenario, form, contacts, findings, folder)
    known = plan is not None and all(findings.whole("network", source) for source in _SOURCES)
    plan = plan or Plan({}, ())
    nodes, edges = plan.nodes, _edges(form, plan, findings, known=known)
    if contacts is not None and trace is not None:
        for node, line in contacts.lines.items() if known else ():
            if node not in nodes:
                trace.wrong(line, findings.unknown("node", node, nodes))
        linked = {frozenset(edge.between) for edge in edges}
        met = [pair for pair in contacts.pairs if frozenset(pair) not in linked and nodes.keys() >= {*pair}]
        edges += [Edge(pair, form.link_defaults or {}) for pair in met]
    horizon = scenario.duration + scenario.drain
    links = [link for edge in edges for link in _by_contacts(_link(edge, nodes), contacts, horizon)]
    names = unique("-".join(link.between) for link in links)
    links = [replace(link, name=name) for link, name in zip(links, names, strict=True)]
    _note_parts(nodes, edges, findings)
    _note_places(nodes, edges, findings)
    outages = trace if contacts is None else None
    return resolve_weather(form, Network(nodes=nodes, links=tuple(links)), outages, findings, known=known), known


def _plan(
    scenario: ScenarioForm, form: NetworkForm, contacts: Contacts | None, findings: Findings, folder: Path
) -> Plan | None:
    """The plan, or None when there is none; all sources that are given are tried, so that all problems come out."""
    given = [source for source in _SOURCES if getattr(form, source) is not None]
    if not given and contacts is not None and contacts.lines:
        return Plan({name: Node() for name in contacts.lines}, ())
    broken = form.trace is not None and not given and bool(findings.problems)
    if len(given) != 1 and not broken and all(findings.whole("network", source) for source in _SOURCES):
        count = f"{' and '.join(given)} given" if given else "none given"
        allowed = f"allowed is one of {listing(_SOURCES)}"
        findings.error(("network",), f"a network needs one source of nodes ({count}): {allowed}")
    plan = None
    if form.generate is not None:
        plan = _generated(form.generate, scenario.seed)
    if form.graph is not None:
        plan = _from_file(form.graph, findings, folder, scenario.limits.file)
    if form.nodes is not None:
        if DEFAULTS in form.nodes:
            fault = f"not a name for a node ({DEFAULTS}): it is the key of the hosts' common settings"
            findings.error(("network", "nodes", DEFAULTS, KEY), fault)
        if not form.nodes and findings.whole("network", "nodes"):
            findings.error(("network", "nodes"), "no nodes (an empty list): allowed is at least one")
        for name, node in form.nodes.items():
            if (node.lat is None) != (node.lon is None) and findings.whole("network", "nodes", name):
                half = f"half a place ({'lat' if node.lon is None else 'lon'} alone)"
                findings.error(("network", "nodes", name), f"{half}: allowed are lat and lon together, or none of them")
        plan = Plan(form.nodes, ())
    return plan


def _from_file(form: GraphForm, findings: Findings, folder: Path, most: int) -> Plan | None:
    from sim.scenario.resolve.graphs import read_graph  # noqa: PLC0415  networkx loads only for scenarios that need it

    place = ("network", "graph", "file")
    try:
        plan = read_graph(folder, form.file, form.units, most, findings.note)
    except ValueError as error:
        findings.error(place, str(error))
        return None
    if not plan.nodes:
        findings.error(place, f"a graph without nodes ({shown(form.file)}): allowed is at least one")
    elif form.around or form.sites is not None:
        known = [
            findings.known(("network", "graph", "around", index), "node", name, plan.nodes, whole=True)
            for index, name in enumerate(form.around)
        ]
        if all(known):
            plan = part_around(plan, form.around, form.sites or _SITES)
    return plan


def _generated(form: Generator, seed: int) -> Plan:
    graph = make_graph(form, seed)
    names = {node: f"n{number}" for number, node in enumerate(graph, 1)}
    return Plan({name: Node() for name in names.values()}, [Edge((names[a], names[b])) for a, b in graph.edges()])


def _edges(form: NetworkForm, plan: Plan, findings: Findings, *, known: bool) -> list[Edge]:
    """The edges with all that the file says of them: those of its links, or of a graph and what it has otherwise.

    Links without a graph are each an edge of their own, however many there are between two nodes.
    """
    edges, special = list(plan.edges), dict[frozenset[str], Edge]()
    linked = {frozenset(edge.between) for edge in edges}
    for index, link in enumerate(form.links or ()):
        between, place = link["between"], ("network", "links", index)
        if not _ends_exist(place, between, plan, findings, known=known):
            continue
        pair = frozenset(between)
        if form.nodes is not None:
            edges.append(Edge(between, link))
            if _asks_places(link) and distance(*(plan.nodes[end] for end in between)) is None:
                fault = f"no coordinates to take the delay from ({' - '.join(between)}): "
                findings.error((*place, "delay"), fault + "allowed is a duration, or lat and lon at both nodes")
            continue
        if pair not in linked:
            linked.add(pair)
            edges.append(Edge(between))
            findings.note(f"the link {' - '.join(between)} is not in the graph: it is added")
        first = special.get(pair, Edge(between))
        special[pair] = Edge(first.between, {**first.said, **Edge(between, link).towards(first.between)})
    defaults: Settings = form.link_defaults or {}
    nothing = Edge(("", ""))
    return [
        Edge(between, {**defaults, **said, **special.get(frozenset(between), nothing).towards(between)})
        for between, said in edges
    ]


def _ends_exist(
    place: tuple[str | int, ...], between: tuple[str, str], plan: Plan, findings: Findings, *, known: bool
) -> bool:
    place = (*place, "between")
    if between[0] == between[1]:
        findings.error(place, f"a link from a node to itself ({between[0]}): allowed are two different nodes")
        return False
    found = [findings.known((*place, end), "host", name, plan.nodes, whole=known) for end, name in enumerate(between)]
    return all(found)


def _link(edge: Edge, nodes: Mapping[str, Node]) -> Link:
    delay: Both[Delay] = edge.said.get("delay", alike(FROM_COORDINATES))
    ends = [nodes[end] for end in edge.between]
    return link_of(edge.between, {**edge.said, "delay": delay.each(partial(_delay, ends))})


def _delay(ends: Sequence[Node], said: Delay) -> Distribution:
    if not isinstance(said, str):
        return said
    metres = distance(*ends)
    return Constant(DEFAULT_DELAY if metres is None else round(metres / SIGNAL_SPEED, 9))


def _by_contacts(link: Link, contacts: Contacts | None, horizon: float) -> list[Link]:
    """The link as the contacts of its nodes have it, once for each pace; as it is where there are none."""
    paces = contacts.links(link.between, horizon) if contacts is not None else {}
    return [
        replace(
            link,
            rate=link.rate if isinstance(link.carrier, DialUp) else _where_said(pace.rate, link.rate),
            delay=_where_said(pace.delay.each(lambda said: None if said is None else Constant(said)), link.delay),
            weather=replace(link.weather, down=(*link.weather.down, *down)),
        )
        for pace, down in paces.items()
    ] or [link]


def _where_said(said: Both[T | None], otherwise: Both[T]) -> Both[T]:
    there, back = (two if one is None else one for one, two in zip(said.pair, otherwise.pair, strict=True))
    return Both(there, back)


def _note_parts(nodes: Mapping[str, Node], edges: Sequence[Edge], findings: Findings) -> None:
    """Say which nodes have no link, and that a network is in parts."""
    part = {name: {name} for name in nodes}
    for (here, there), _ in edges:
        small, big = sorted((part[here], part[there]), key=len)
        if small is not big:
            big |= small
            part |= dict.fromkeys(small, big)
    alone = [name for name, around in part.items() if len(around) == 1]
    if alone and len(nodes) > 1:
        findings.note(f"nodes without a link, which no mail can leave or reach: {some(alone)}")
    sizes = [len(around) for around in {id(around): around for around in part.values()}.values() if len(around) > 1]
    if len(sizes) > 1:
        text = ", ".join(map(str, sizes))
        findings.note(f"the network is in {len(sizes)} parts without a link between them (of {text} nodes)")


def _note_places(nodes: Mapping[str, Node], edges: Sequence[Edge], findings: Findings) -> None:
    """Say which nodes have no coordinates although the delay of their links would come from them."""
    placed = any(node.lat is not None for node in nodes.values())
    asked = [edge for edge in edges if _asks_places(edge.said) or ("delay" not in edge.said and placed)]
    bare = {end: None for edge in asked for end in edge.between if nodes[end].lat is None}
    if bare:
        count = sum(1 for edge in asked if not bare.keys().isdisjoint(edge.between))
        default = format_duration(DEFAULT_DELAY)
        findings.note(f"nodes without coordinates ({some(bare)}): {count} of their links get a delay of {default}")


def _asks_places(how: Settings | LinkForm) -> bool:
    return "delay" in how and FROM_COORDINATES in how["delay"].pair

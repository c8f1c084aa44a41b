"""The network of a scenario: nodes from wherever they come, links with all their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sim.scenario.distribution import Constant, Distribution
from sim.scenario.distribution_text import FROM_COORDINATES, Delay
from sim.scenario.findings import Findings
from sim.scenario.names import listing, shown, some, unique
from sim.scenario.pydantic_seam import KEY
from sim.scenario.quantity import format_duration
from sim.scenario.resolve.contacts import Contacts, Pace, is_of_contacts, read_contacts
from sim.scenario.resolve.plan import DEFAULTS, SIGNAL_SPEED, Edge, Plan, distance, parts
from sim.scenario.spec import Link, Network, Node, Weather
from sim.scenario.spec.calendar import Start
from sim.scenario.spec.carriers import USUAL_RATE, Carrier, DialUp
from sim.scenario.spec.directions import Both, alike
from sim.scenario.spec.limits import Limits
from sim.scenario.spec.loss import link_losses
from sim.scenario.syntax.form import GraphForm, LinkForm, NetworkForm, NodeForm, ScenarioForm
from sim.scenario.syntax.generate import Generate, Generator

DEFAULT_DELAY = 0.01
"""One way, in s, where nothing gives a link's delay."""

DEFAULT_RATE = 10e6
"""In bit/s, where nothing says a link's rate."""

_KINDS = ("graph", "nodes", "generate")

_DIRECTED = ("rate", "delay", "loss")
"""What a link has in each direction."""

Settings = Mapping[str, Any]
"""What the file or a graph says of a link, by key."""

Layers = list[tuple[Edge, Settings | None]]
"""Edges, each with what the file says about it."""


def resolve_network(
    scenario: ScenarioForm, findings: Findings, folder: Path, trace: str | None, limits: Limits
) -> tuple[Network, bool]:
    """The network, and whether all its nodes are known; where something is wrong, as much as can be had."""
    form = scenario.network or NetworkForm()
    contacts = _contacts(form, trace, findings, scenario.start)
    plan = _plan(scenario, contacts, findings, folder, limits)
    known = plan is not None and findings.whole("network", "nodes")
    plan = plan or Plan(nodes={}, edges=())
    for note in plan.notes:
        findings.note(note)
    layers = _inline(form, plan, findings, known) if form.nodes is not None else _special(form, plan, findings, known)
    if known:
        _check_met(contacts, plan, form, findings)
    layers += _met(contacts, plan, layers)
    plan = replace(plan, edges=tuple(edge for edge, _ in layers))
    settings = [{**(form.link_defaults or {}), **edge.said, **(special or {})} for edge, special in layers]
    horizon = scenario.duration + scenario.drain
    links = [
        link
        for edge, how in zip(plan.edges, settings, strict=True)
        for link in _by_contacts(_link(edge.between, how, plan), contacts, horizon)
    ]
    names = unique("-".join(link.between) for link in links)
    links = [replace(link, name=name) for link, name in zip(links, names, strict=True)]
    _note_parts(plan, findings)
    _note_places(plan, settings, findings)
    return Network(nodes=plan.nodes, links=tuple(links)), known


def _plan(
    scenario: ScenarioForm, contacts: Contacts | None, findings: Findings, folder: Path, limits: Limits
) -> Plan | None:
    """The plan, or None when there is none; all sources that are given are tried, so that all problems come out."""
    form = scenario.network or NetworkForm()
    given = [kind for kind in _KINDS if getattr(form, kind) is not None]
    if not given and contacts is not None and contacts.nodes:
        return Plan(nodes={name: Node(name=name) for name in contacts.nodes}, edges=())
    broken = form.trace is not None and not given and bool(findings.problems)
    if len(given) != 1 and not broken and all(findings.whole("network", kind) for kind in _KINDS):
        count = f"{' and '.join(given)} given" if given else "none given"
        findings.error(
            ("network",),
            f"a network needs one source of nodes ({count}): allowed is one of {listing(_KINDS)}",
        )
    plan = None
    if form.generate is not None:
        plan = _generated(form.generate, findings, scenario.seed)
    if form.graph is not None:
        plan = _from_file(form.graph, findings, folder, limits)
    if form.nodes is not None:
        plan = _from_nodes(form.nodes, findings)
    return plan


def _from_nodes(forms: Mapping[str, NodeForm], findings: Findings) -> Plan:
    for name, form in forms.items():
        place = ("network", "nodes", name)
        if name == DEFAULTS:
            findings.error(
                (*place, KEY), f"not a name for a node ({name}): it is the key of the hosts' common settings"
            )
        half = (form.lat is None) != (form.lon is None)
        if half and findings.whole("network", "nodes", name):
            findings.error(place, f"half a place ({name}): allowed are lat and lon together, or none of them")
    if not forms and findings.whole("network", "nodes"):
        findings.error(("network", "nodes"), "no nodes (an empty list): allowed is at least one")
    return Plan(nodes={name: Node(name=name, lat=form.lat, lon=form.lon) for name, form in forms.items()}, edges=())


def _from_file(form: GraphForm, findings: Findings, folder: Path, limits: Limits) -> Plan | None:
    from sim.scenario.resolve.graphs import read_graph  # noqa: PLC0415  networkx loads only for scenarios that need it

    try:
        plan = read_graph(folder, form.file, form.units, limits.file)
    except ValueError as error:
        findings.error(("network", "graph", "file"), str(error))
        return None
    if not plan.nodes:
        findings.error(
            ("network", "graph", "file"), f"a graph without nodes ({shown(form.file)}): allowed is at least one"
        )
    return plan


def _generated(form: Generate, findings: Findings, seed: int) -> Plan | None:
    from sim.scenario.resolve.graphs import make_graph  # noqa: PLC0415  networkx loads only for scenarios that need it

    makers: dict[str, Generator] = {kind: made for kind in form.allowed() if (made := getattr(form, kind)) is not None}
    if len(makers) != 1:
        if findings.whole("network", "generate"):
            count = f"{' and '.join(makers)} given" if makers else "none given"
            kinds = listing(form.allowed())
            findings.error(
                ("network", "generate"), f"exactly one kind of network is needed ({count}): allowed are {kinds}"
            )
        return None
    return make_graph(next(iter(makers.values())), seed)


def _inline(form: NetworkForm, plan: Plan, findings: Findings, known: bool) -> Layers:
    """The links that stand in the file."""
    layers: Layers = []
    for index, link in enumerate(form.links or ()):
        if _ends_exist(index, link, plan, findings, known):
            place = ("network", "links", index)
            if _asks_places(link) and distance(*(plan.nodes[end] for end in link["between"])) is None:
                findings.error(
                    (*place, "delay"),
                    f"no coordinates to take the delay from ({' - '.join(link['between'])}): "
                    "allowed is a duration, or lat and lon at both nodes",
                )
            layers.append((Edge(between=link["between"]), link))
    return layers


def _special(form: NetworkForm, plan: Plan, findings: Findings, known: bool) -> Layers:
    """The edges of the graph with what the file says about some of them, and the links that only the file has."""
    special: dict[tuple[str, ...], Settings] = {}
    pairs = {tuple(sorted(edge.between)) for edge in plan.edges}
    added: list[Edge] = []
    for index, link in enumerate(form.links or ()):
        if _ends_exist(index, link, plan, findings, known):
            between = link["between"]
            pair = tuple(sorted(between))
            if pair not in pairs:
                pairs.add(pair)
                added.append(Edge(between=between))
                findings.note(f"the link {' - '.join(between)} is not in the graph: it is added")
            special[pair] = {**special.get(pair, {}), **_towards(pair, between, link)}
    return [
        (edge, said and _towards(edge.between, pair, said))
        for edge in (*plan.edges, *added)
        for pair in (tuple(sorted(edge.between)),)
        for said in (special.get(pair),)
    ]


def _towards(wanted: tuple[str, ...], named: tuple[str, ...], settings: Settings) -> Settings:
    """The settings with `there` from the first of the wanted ends; they are named in this order or the other."""
    if wanted == named:
        return settings
    return {**settings, **{key: settings[key].turned for key in _DIRECTED if key in settings}}


def _ends_exist(index: int, link: LinkForm, plan: Plan, findings: Findings, known: bool) -> bool:
    between = link["between"]
    place = ("network", "links", index, "between")
    if between[0] == between[1]:
        findings.error(place, f"a link from a node to itself ({between[0]}): allowed are two different nodes")
        return False
    found = [findings.known((*place, end), "host", name, plan.nodes, whole=known) for end, name in enumerate(between)]
    return all(found)


def _contacts(form: NetworkForm, trace: str | None, findings: Findings, start: Start) -> Contacts | None:
    """The contacts of the trace, if it is one of contacts."""
    if trace is None or not is_of_contacts(trace):
        return None
    contacts = read_contacts(trace, start, partial(_wrong_contact, form, findings))
    for note in contacts.notes:
        findings.note(note)
    return contacts


def _wrong_contact(form: NetworkForm, findings: Findings, line: int, message: str) -> None:
    findings.error(("network", "trace"), f"{form.trace}:{line}: {message}")


def _check_met(contacts: Contacts | None, plan: Plan, form: NetworkForm, findings: Findings) -> None:
    for node, line in contacts.lines.items() if contacts is not None else ():
        if node not in plan.nodes:
            _wrong_contact(form, findings, line, findings.unknown("node", node, plan.nodes))


def _met(contacts: Contacts | None, plan: Plan, layers: Layers) -> Layers:
    """The links between nodes that meet and have no link yet."""
    there = {frozenset(edge.between) for edge, _ in layers}
    pairs = contacts.pairs if contacts is not None else ()
    return [
        (Edge(between=pair), None)
        for pair in pairs
        if frozenset(pair) not in there and all(end in plan.nodes for end in pair)
    ]


def _by_contacts(link: Link, contacts: Contacts | None, horizon: float) -> list[Link]:
    """The link as the contacts of its nodes have it, once for each pair of paces; as it is where there are none."""
    kinds = contacts.links(link.between, horizon) if contacts is not None else {}
    made = []
    for paces, down in kinds.items():
        there, back = link.rates or (link.rate, link.rate)
        rates = _rates(Both(paces.there.rate or there, paces.back.rate or back), link.carrier).pair
        own = Both(*(link.delays or (link.delay, link.delay)))
        delays = _of_contact(paces.there, own.there), _of_contact(paces.back, own.back)
        made.append(
            replace(
                link,
                rate=rates[0],
                rates=None if rates[0] == rates[1] else rates,
                delay=delays[0],
                delays=None if delays[0] == delays[1] else delays,
                weather=replace(link.weather, down=(*link.weather.down, *down)),
            )
        )
    return made or [link]


def _of_contact(pace: Pace, own: Distribution) -> Distribution:
    return own if pace.delay is None else Constant(pace.delay)


def _link(between: tuple[str, str], settings: Settings, plan: Plan) -> Link:
    loss, losses = link_losses(settings.get("loss"))
    carrier: Carrier | None = settings.get("carrier")
    rates = _rates(settings.get("rate"), carrier)
    places: Both[Delay] = alike(FROM_COORDINATES)
    delays = settings.get("delay", places).each(partial(_delay, between, plan))
    return Link(
        name="-".join(between),
        between=between,
        rate=rates.there,
        delay=delays.there,
        rates=None if rates.there == rates.back else rates.pair,
        delays=None if delays.there == delays.back else delays.pair,
        loss=loss,
        losses=losses,
        carrier=carrier,
        weather=Weather(**{key: settings[key] for key in ("outages", "down", "windows") if key in settings}),
        **{key: settings[key] for key in ("queue", "mtu", "corruption") if key in settings},
    )


def _rates(said: Both[float] | None, carrier: Carrier | None) -> Both[float]:
    if isinstance(carrier, DialUp):
        return alike(carrier.modem)
    return said or alike(DEFAULT_RATE if carrier is None else USUAL_RATE[type(carrier)])


def _delay(between: tuple[str, str], plan: Plan, said: Delay) -> Distribution:
    if not isinstance(said, str):
        return said
    metres = distance(*(plan.nodes[end] for end in between))
    return Constant(DEFAULT_DELAY if metres is None else round(metres / SIGNAL_SPEED, 9))


def _note_parts(plan: Plan, findings: Findings) -> None:
    linked = {end for edge in plan.edges for end in edge.between}
    alone = [name for name in plan.nodes if name not in linked]
    if alone and len(plan.nodes) > 1:
        findings.note(f"nodes without a link, which no mail can leave or reach: {some(alone)}")
    groups = [group for group in parts(plan) if len(group) > 1]
    if len(groups) > 1:
        sizes = ", ".join(str(len(group)) for group in groups)
        findings.note(f"the network is in {len(groups)} parts without a link between them (of {sizes} nodes)")


def _note_places(plan: Plan, settings: Sequence[Settings], findings: Findings) -> None:
    """Say which nodes have no coordinates although the delay of their links would come from them."""
    placed = any(node.lat is not None for node in plan.nodes.values())
    asked = [edge for edge, how in zip(plan.edges, settings, strict=True) if _from_places(how, placed)]
    bare = {end: None for edge in asked for end in edge.between if plan.nodes[end].lat is None}
    if bare:
        count = sum(1 for edge in asked if not bare.keys().isdisjoint(edge.between))
        default = format_duration(DEFAULT_DELAY)
        findings.note(f"nodes without coordinates ({some(bare)}): {count} of their links get a delay of {default}")


def _from_places(how: Settings, placed: bool) -> bool:
    """Whether a link's delay is to come from coordinates: by its settings, or because nodes have some."""
    return _asks_places(how) or ("delay" not in how and placed)


def _asks_places(how: Settings) -> bool:
    return "delay" in how and FROM_COORDINATES in how["delay"].pair

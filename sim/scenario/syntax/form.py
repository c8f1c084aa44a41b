"""What a scenario file may say: its keys, their types and, as docstrings, what they mean.

Nearly everything is optional; `None` means that the file does not say it. Defaults that depend on other parts, and
every check of one part against another, come later (`resolve`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal, get_args

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, JsonSchema, OrWord, Reads, Shorthand, Via, as_it_is, read_each
from sim.scenario.scalars import (
    Duration,
    FileName,
    LongDuration,
    Name,
    Names,
    read_name,
    read_names,
    whole,
    word,
)
from sim.scenario.sections import Said, Section
from sim.scenario.spec import Group, Host, Interval, Link, NameService, Node, Weather
from sim.scenario.spec.accounts import AuthForm
from sim.scenario.spec.domain import DomainSettings, OwnDomainSettings
from sim.scenario.spec.network import LinkSettings
from sim.scenario.spec.protocols import MailProtocol
from sim.scenario.spec.replicas import ReplicasSetting
from sim.scenario.spec.routes import ALL_OTHERS
from sim.scenario.spec.scenario import OwnKeys
from sim.scenario.spec.sources import WorkloadForm
from sim.scenario.spec.weather import CrashesForm
from sim.scenario.spec.windows import Windows
from sim.scenario.syntax.extensions import ExtensionsField
from sim.scenario.syntax.generate import Generate
from sim.scenario.syntax.graph_measures import UNITS_SCHEMA, read_units
from sim.scenario.syntax.mta import Mta
from sim.scenario.syntax.python_data import GraphFile


class LinkForm(Said):
    """A link, or what is special about the links between two nodes of a graph."""

    sections = (Link, Weather)
    elsewhere = ("name", "weather")
    needed = ("between",)


def _expand_nodes(value: object) -> object:
    if not isinstance(value, list):
        return value
    seen: set[str] = set()
    collected = Collected()
    names = [collected.read((index,), partial(_new_name, seen), item, "") for index, item in enumerate(value)]
    collected.done()
    return {name: {} for name in names}


def _new_name(seen: set[str], value: object) -> str:
    name = read_name(value)
    if name in seen:
        raise ValueError(f"this node is there twice ({shown(name)}): allowed is each name once")
    seen.add(name)
    return name


GraphUnits = Annotated[dict[str, str], Reads(read_units, UNITS_SCHEMA)]
_LIST_OF_NAMES: JsonSchema = {"type": "array", "items": {"type": ["string", "integer"]}}


Unreachable = Annotated[Literal["silent", "icmp"], word("answer where no way leads", "silent", "icmp")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphForm(Section):
    """A graph file."""

    file: GraphFile
    """Its name, found from the scenario's folder."""
    units: GraphUnits = field(default_factory=dict)
    """The units of numbers that have none in the file, by attribute: `{latency: ms, bandwidth: Mbit/s}`."""
    around: Names = ()
    """Nodes around which a part of it is taken; with `sites` alone it is the node with most links."""
    sites: Annotated[int, whole(1)] | None = None
    """How many nodes that part has, those that are fewest links away; 400 with `around` alone."""


def _expand_graph(value: object) -> object:
    return value if isinstance(value, Mapping) else {"file": value}


def _read_sides(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"not sides ({shown(value)}): allowed is a list of two or more lists of hosts")
    nobody: tuple[str, ...] = ()
    return read_each(read_names, nobody, value)


_NAME: Mapping[str, object] = {"type": ["string", "integer"]}
_SIDE = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}
_SIDES = Reads(_read_sides, {"type": "array", "items": _SIDE, "minItems": 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition(Section):
    """The network falls apart for a time: every link from one side to another is down."""

    at: Duration
    """When it begins."""
    for_: LongDuration
    """How long it lasts."""
    sides: Annotated[tuple[tuple[str, ...], ...], _SIDES]
    """The hosts of each side; links of hosts on no side stay up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkForm(Section):
    """The network: a graph file, nodes and links, or a network made by rule."""

    graph: Annotated[GraphForm, Shorthand(_expand_graph, {"type": "string", "format": "path"})] | None = None
    """A graph file, found from the scenario's folder: GraphML, GML, GEXF or Pajek, plain or with .gz."""
    nodes: Annotated[dict[Name, Node], Shorthand(_expand_nodes, _LIST_OF_NAMES)] | None = None
    """The nodes by name; each carries a host of that name."""
    generate: Generate | None = None
    """A network made by rule."""
    link_defaults: LinkSettings | None = None
    """How links are where nothing else is said."""
    links: tuple[LinkForm, ...] | None = None
    """The links between the nodes; with a graph or a made network, what is special about some of its links."""
    groups: dict[Name, Group] | None = None
    """Links and hosts that fail together, by the group's name."""
    partitions: tuple[Partition, ...] | None = None
    """Times in which the network falls apart."""
    trace: FileName | None = None
    """A file found from the scenario's folder: outages (CSV: link, down_at, up_at), or contacts, which make links.

    Contacts are CSV (from, to, start, end and perhaps rate, each row one-way), or The ONE's `TIME CONN A B up`, `down`.
    """
    unreachable: Unreachable | None = None
    """What who connects to a host hears where no way leads: nothing (`silent`), or no route to host (`icmp`)."""
    dns: NameService | None = None
    """The name service: when it answers, how long answers may be remembered, and what it takes to ask."""


_CRASHES = Annotated[CrashesForm, Via(CrashesForm, as_it_is, CrashesForm.of)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLayers(Section):
    """Settings of a host of which the layers of a file add up, or which it says otherwise than the specification."""

    mta: Mta
    """The MTA, alone or with its parameters: `postfix` or `{exim: {queue_run: 1 h}}`; or `{delays: [5 min, 1 h]}`."""
    extensions: ExtensionsField
    """The EHLO keywords that it offers and uses: a list of all, or what differs from its MTA's: `{CHUNKING: no}`."""
    auth: AuthForm
    """How it takes AUTH."""
    crashes: Annotated[CrashesForm | None, OrWord(_CRASHES, "none", None)]
    """Random crashes, or `none`."""
    down: tuple[Interval, ...]
    """Explicit outages."""
    windows: Windows
    """When it is up by schedule; always, where absent."""


class HostSettings(Said):
    """How a host is."""

    sections = (Host, HostLayers)
    elsewhere = ("name", "called", "uses", "clear_auth", "weather")


def _expand_via(value: object) -> object:
    return value if isinstance(value, Mapping) else {ALL_OTHERS: value}


_Transfer = Literal[
    "end-to-end", "store-and-forward", "hub-and-spoke", "smart-host", "backup-mx", "epidemic", "spray-and-wait"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureForm(Section):
    """How mail finds its way."""

    transfer: Annotated[_Transfer, word("transfer", *get_args(_Transfer))]
    """How far one session reaches: to the recipient's MX host, or one link; or a name for that and more.

    `hub-and-spoke`: each host sends and gets its mail by way of another; `smart-host`: it sends by way of another;
    `backup-mx`: another takes its mail where it cannot. Who, `via` says. `epidemic`, `spray-and-wait`: a host gives
    what it has to all whom it meets, or to some, as `replicas` says.
    """
    via: Annotated[dict[Name, Name], Shorthand(_expand_via, {"type": ["string", "integer"]})] | None = None
    """By way of whom: a host for all others, or one for each host, `{a: hub, "*": relay}`."""
    replicas: ReplicasSetting = None
    """How hosts keep what they give to others whom they meet: `{ttl: 2 d, buffer: 10 MB}`; or `none`."""
    routing: Annotated[Literal["shortest-delay", "static"], word("routing", "shortest-delay", "static")] = (
        "shortest-delay"
    )
    """Over the links that are up at the time (`shortest-delay`) or over all (`static`)."""
    convergence: Duration = 0.0
    """How long a link must be down, or up again, until routing takes it for true."""
    unreachable: Unreachable | None = None
    """What who connects hears where no way leads: `silent` or `icmp`; as the network says, where absent."""
    protocol: MailProtocol = "smtp"
    """What hosts speak: `smtp`; `ftp`, a file put on the recipient's host; `mqtt`, a message by way of a broker;
    `nje`, a file from host to host; `phonenet`, MMDF's call to a neighbour; `uucp`, a call with a job
    of rmail; `x400`, P1 over the RTS."""
    broker: Name | None = None
    """The host that passes messages on, where they are published by `mqtt`."""
    hosts: dict[Name, HostSettings] | None = None
    """What is special about hosts in this architecture, `defaults` and by name."""
    domains: dict[Name, OwnDomainSettings] | None = None
    """What the DNS says of domains in this architecture, and what their users do with their mail, where it differs."""


def _expand_workload(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioForm(OwnKeys):
    """A scenario: a network of hosts, the mail that its users write, and the architectures to compare."""

    network: NetworkForm | None = None
    """The network."""
    hosts: dict[Name, HostSettings] | None = None
    """How hosts are: `defaults`, and by name."""
    domains: dict[Name, DomainSettings] | None = None
    """The mail domains; where absent, each host is one, under .example."""
    workload: Annotated[tuple[WorkloadForm, ...], Shorthand(_expand_workload)] = field(default=())
    """Who writes what to whom and when: one mapping or a list of them."""
    architectures: dict[Name, ArchitectureForm] | None = None
    """The architectures by name; where absent, end-to-end and store-and-forward."""

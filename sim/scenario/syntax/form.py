"""What a scenario file may say: its keys, their types and, as docstrings, what they mean.

Nearly everything is optional; `None` means that the file does not say it. Defaults that depend on other parts, and
every check of one part against another, come later (`resolve`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Literal, get_args

from sim.scenario.distribution_text import HostTime
from sim.scenario.names import shown
from sim.scenario.products.base import Reuse
from sim.scenario.pydantic_seam import Collected, JsonSchema, OrWord, Reads, Section, Shorthand
from sim.scenario.scalars import (
    Duration,
    FileName,
    Flag,
    LongDuration,
    Mtu,
    Name,
    Names,
    Pair,
    Share,
    Size,
    Title,
    number,
    read_name,
    whole,
    word,
)
from sim.scenario.spec import Timing, Tls
from sim.scenario.spec.calendar import Start
from sim.scenario.spec.capacity import CapacitySetting
from sim.scenario.spec.collects import Collects
from sim.scenario.spec.limits import Limits
from sim.scenario.spec.policies import PoliciesSetting
from sim.scenario.spec.sources import WorkloadForm
from sim.scenario.spec.windows import Windows
from sim.scenario.syntax.accounts import Accounts, AuthForm, Login
from sim.scenario.syntax.acts import ActForm
from sim.scenario.syntax.addresses import Addresses, SourceChoice
from sim.scenario.syntax.carriers import CarrierText
from sim.scenario.syntax.expectations import Expect
from sim.scenario.syntax.extensions import ExtensionsField
from sim.scenario.syntax.generate import Generate
from sim.scenario.syntax.graph_measures import UNITS_SCHEMA, read_units
from sim.scenario.syntax.mx import RecordsForm
from sim.scenario.syntax.products import Mta
from sim.scenario.syntax.python_data import GraphFile
from sim.scenario.syntax.routes import NextHosts
from sim.scenario.syntax.tcp_and_loss import LinkDelay, LinkLosses, LinkRate, Queue, TcpSetting
from sim.scenario.syntax.users import Aliases, Lists, Users
from sim.scenario.syntax.weather import (
    NONE,
    Availability,
    Crashes,
    GroupForm,
    IntervalForm,
    NameServiceForm,
    Outages,
    PartitionForm,
    Spool,
    StartText,
    WeatherForm,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings(Section):
    """How links are."""

    rate: LinkRate | None = None
    """Bits a second, alike or `{there: 8 Mbit/s, back: 1 Mbit/s}`; 10 Mbit/s where nothing says otherwise."""
    delay: LinkDelay | None = None
    """One way, alike or `{there: ..., back: ...}`; from the nodes' coordinates where both have them, else 10 ms."""
    loss: LinkLosses | None = None
    """How likely a packet is lost: `1 %`, `{gilbert-elliott: {loss: 2 %, burst: 3}}`, `{there: 1 %, back: 0}`."""
    queue: Queue | None = None
    """How many bytes may wait for the line in each direction; 0 means no limit."""
    mtu: Mtu | None = None
    """The biggest packet, headers included; 1500 B where nothing says otherwise."""
    corruption: Share | None = None
    """How likely a packet is damaged in a way that no checksum sees: `1e-7`; 0 where nothing says otherwise."""
    carrier: CarrierText | None = None
    """What carries bytes over it: TCP (`tcp`), or `bsc`, `uucp-g`, `x25`, `dial-up`, alone or with their settings."""
    outages: Outages | None = None
    """Random outages, or `none`."""
    down: tuple[IntervalForm, ...] | None = None
    """Explicit outages."""
    windows: Windows | None = None
    """When the link is up by schedule; always, where absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkForm(LinkSettings):
    """A link, or what is special about the links between two nodes of a graph."""

    between: Pair
    """The two nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeForm(Section):
    """A node."""

    lat: Annotated[float, number(-90, 90)] | None = None
    """Latitude in degrees."""
    lon: Annotated[float, number(-180, 180)] | None = None
    """Longitude in degrees."""


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


def _expand_graph(value: object) -> object:
    return value if isinstance(value, Mapping) else {"file": value}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkForm(Section):
    """The network: a graph file, nodes and links, or a network made by rule."""

    graph: Annotated[GraphForm, Shorthand(_expand_graph, {"type": "string", "format": "path"})] | None = None
    """A graph file, found from the scenario's folder: GraphML, GML, GEXF or Pajek, plain or with .gz."""
    nodes: Annotated[dict[Name, NodeForm], Shorthand(_expand_nodes, _LIST_OF_NAMES)] | None = None
    """The nodes by name; each carries a host of that name."""
    generate: Generate | None = None
    """A network made by rule."""
    link_defaults: LinkSettings | None = None
    """How links are where nothing else is said."""
    links: tuple[LinkForm, ...] | None = None
    """The links between the nodes; with a graph or a made network, what is special about some of its links."""
    groups: dict[Name, GroupForm] | None = None
    """Links and hosts that fail together, by the group's name."""
    partitions: tuple[PartitionForm, ...] | None = None
    """Times in which the network falls apart."""
    trace: FileName | None = None
    """A file found from the scenario's folder: outages (CSV: link, down_at, up_at), or contacts, which make links.

    Contacts are CSV (from, to, start, end and perhaps rate, each row one-way), or The ONE's `TIME CONN A B up`, `down`.
    """
    unreachable: Unreachable | None = None
    """What who connects to a host hears where no way leads: nothing (`silent`), or no route to host (`icmp`)."""
    dns: NameServiceForm | None = None
    """The name service: when it answers, how long answers may be remembered, and what it takes to ask."""


Policy = Annotated[Literal["answer", "evade", "refuse"], word("policy", "answer", "evade", "refuse")]
Routes = Annotated[
    Literal["honour", "strip", "reject"], word("treatment of source routes", "honour", "strip", "reject")
]


Going = Annotated[Reuse, word("way to go on with a session", *get_args(Reuse))]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostForm(Section):
    """How a host is."""

    mta: Mta | None = None
    """The MTA, alone or with its parameters: `postfix` or `{exim: {queue_run: 1 h}}`; or `{delays: [5 min, 1 h]}`."""
    esmtp: Flag | None = None
    """Whether it knows EHLO (true) or HELO alone."""
    extensions: ExtensionsField | None = None
    """The EHLO keywords that it offers and uses: a list of all, or what differs from its MTA's: `{CHUNKING: no}`."""
    accounts: Accounts | None = None
    """Whose AUTH it takes: login names to passwords."""
    auth: AuthForm | None = None
    """How it takes AUTH."""
    login: Login | None = None
    """What it proves itself with to servers that offer AUTH: name and password, or `none`."""
    vrfy: Policy | None = None
    """How it takes VRFY: `answer` it, `evade` it (252), or `refuse` it (502)."""
    expn: Policy | None = None
    """How it takes EXPN: `answer` it, `evade` it (252), or `refuse` it (502)."""
    routes: NextHosts | None = None
    """Where it sends mail whatever the DNS says: domain to host, `"*"` for all others: `{a.example: b, "*": hub}`."""
    source_routes: Routes | None = None
    """What a route in a forward-path means: `honour` it as RFC 821, `strip` it as RFC 5321, or `reject` it."""
    percent_hack: Flag | None = None
    """Whether user%far@own is user@far."""
    reuse: Going | None = None
    """How it goes on with a session where more mail waits: `rset`, `mail`, `ride` behind the final dot, or `never`."""
    sessions: Annotated[int, whole(1)] | None = None
    """How many sessions it serves at a time; where nothing is said, as many as its MTA."""
    size_limit: Size | None = None
    """The biggest message that it takes; 0 means no limit."""
    timing: Annotated[Timing, word("timing", *get_args(Timing))] | None = None
    """Whether its programs take what its MTA does where nothing else is said (`product`), or no time (`none`)."""
    greeting_time: HostTime | None = None
    """What its server takes before it greets: a duration, or a distribution of them."""
    service_time: HostTime | None = None
    """What each command costs it: likewise."""
    commit_time: HostTime | None = None
    """What it needs to put a message on disk before it answers 250 to the final dot: likewise."""
    think_time: HostTime | None = None
    """What its client takes before each flight: likewise."""
    read_time: HostTime | None = None
    """What its client takes for each octet of a message before MAIL, and again before the mail data: likewise."""
    next_message_time: HostTime | None = None
    """What its client needs before it begins the next message of a session: likewise."""
    capacity: CapacitySetting | None = None
    """What all that it does has to share: `{disk: 100 /s, filters: {workers: 20, time: 0.5 s}}`, or `none`."""
    policies: PoliciesSetting | None = None
    """What it delays or refuses: greylisting, limits for each client, injected refusals; or `none`."""
    collects: Annotated[Collects | Literal["none"], OrWord(Collects, NONE, NONE)] | None = None
    """Where it asks for mail that is held for it; or `none`."""
    tcp: TcpSetting | None = None
    """Its TCP: `linux`, `linux-3`, `bsd-1988`, `rtt-only` (none), or `{congestion: reno, initial_window: 3}`."""
    tls: Tls | None = None
    """What TLS is with it."""
    crashes: Crashes | None = None
    """Random crashes, or `none`."""
    down: tuple[IntervalForm, ...] | None = None
    """Explicit outages."""
    windows: Windows | None = None
    """When it is up by schedule; always, where absent."""
    spool: Spool | None = None
    """Whether its queue outlives every time that it goes down (`durable`), or is lost with it (`volatile`)."""
    digests: Flag | None = None
    """Whether its users write a Content-MD5 into their messages, and check it in those that they get (RFC 1864)."""
    listening: Availability | None = None
    """Whether, or when, somebody listens; where nobody does, connections are refused at once."""
    addresses: Addresses | None = None
    """Its addresses: `[192.0.2.1, {ip: "2001:db8::1", reachable: no}]`; one of any family, where nothing is said."""
    sends_from: SourceChoice | None = None
    """Which of its addresses its client connects from: the `first` that fits, each `in-turn`, or one at `random`."""
    resolver: WeatherForm | None = None
    """When it can look up where mail goes; always, where absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainForm(RecordsForm):
    """A mail domain."""

    cname: Name | None = None
    """The domain that it is an alias of, instead of mx."""
    submission: Name | None = None
    """The host that its users hand their mail to; who keeps its mailboxes where absent. Of a domain that takes no mail,
    and of an alias of one, it is then the host that bears the domain's name, or the network's first."""
    mailboxes: Names | None = None
    """The hosts that keep its mailboxes, where these are not its best MX hosts."""
    users: Users | None = None
    """How many users (u1, u2, ...) or their names; ten where absent."""
    lists: Lists | None = None
    """Mailing lists: name to the addresses of the members."""
    forwards: Aliases | None = None
    """Users whose mail is passed on: name to the address that it goes to."""
    moved: Aliases | None = None
    """Users who are gone and whose new address is told: name to that address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureForm(Section):
    """How mail finds its way."""

    transfer: Annotated[Literal["end-to-end", "store-and-forward"], word("transfer", "end-to-end", "store-and-forward")]
    """How far one session reaches: to the recipient's MX host, or one link."""
    routing: Annotated[Literal["shortest-delay", "static"], word("routing", "shortest-delay", "static")] = (
        "shortest-delay"
    )
    """Over the links that are up at the time (`shortest-delay`) or over all (`static`)."""
    convergence: Duration = 0.0
    """How long a link must be down, or up again, until routing takes it for true."""
    unreachable: Unreachable | None = None
    """What who connects hears where no way leads: `silent` or `icmp`; as the network says, where absent."""
    hosts: dict[Name, HostForm] | None = None
    """What is special about hosts in this architecture, `defaults` and by name."""
    domains: dict[Name, RecordsForm] | None = None
    """What the DNS says of domains in this architecture, where it differs."""


MOST_SEED = 2**64 - 1
"""More than enough, and a number that every reader of JSON keeps."""


def _expand_workload(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioForm(Section):
    """A scenario: a network of hosts, the mail that its users write, and the architectures to compare."""

    title: Title = ""
    """One line that says what it is about."""
    seed: Annotated[int, whole(0, MOST_SEED)] = 1
    """What all random draws start from."""
    replications: Annotated[int, whole(1)] = 1
    """How many independent runs."""
    duration: LongDuration = 86400.0
    """Mail is written during this time."""
    drain: Duration = 5 * 86400.0
    """After that the network runs on until it is empty, or this long."""
    network: NetworkForm | None = None
    """The network."""
    hosts: dict[Name, HostForm] | None = None
    """How hosts are: `defaults`, and by name."""
    domains: dict[Name, DomainForm] | None = None
    """The mail domains; where absent, each host is one, under .example."""
    workload: Annotated[tuple[WorkloadForm, ...], Shorthand(_expand_workload)] = field(default=())
    """Who writes what to whom and when: one mapping or a list of them."""
    architectures: dict[Name, ArchitectureForm] | None = None
    """The architectures by name; where absent, end-to-end and store-and-forward."""
    acts: tuple[ActForm, ...] = ()
    """What operators do to hosts at times."""
    expect: tuple[Expect, ...] | None = None
    """Relations between metrics that the results must satisfy."""
    start: StartText = field(default=Start())
    """The instant of simulated time 0: a date, a time of day (00:00) and a time zone (UTC)."""
    limits: Limits = field(default=Limits())
    """How much it may ask for; the defaults keep slips of the pen from filling a machine."""
    dialogues: Flag = False
    """Whether to record what is said in each session."""

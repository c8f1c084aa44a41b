"""The full scenario: what the simulation takes, every default filled in.

Nothing here knows YAML, units or shorthands: times are seconds, rates bit/s (messages: 1/s), sizes bytes,
loss a probability. The loader (`load`) makes these values out of a scenario file and has checked that every name that
one part uses (a host, a user, an architecture) exists in another. All values are frozen and can be pickled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Literal

from sim.scenario.distribution import Distribution, Exponential
from sim.scenario.products.base import Product, Reuse
from sim.scenario.products.commands import Act
from sim.scenario.products.postfix import Postfix
from sim.scenario.quantity import DAY, HOUR, MINUTE, format_duration
from sim.scenario.spec.calendar import ClockWindow, Start, Window
from sim.scenario.spec.capacity import NO_CAPACITY, Capacity
from sim.scenario.spec.carriers import Carrier
from sim.scenario.spec.limits import Limits
from sim.scenario.spec.policies import NO_POLICIES, Policies
from sim.scenario.spec.sources import Source

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "NEGATIVE_TTL",
    "NULL_MX",
    "TTL",
    "Address",
    "Architecture",
    "Collects",
    "Domain",
    "Expectation",
    "Group",
    "Host",
    "Interval",
    "Link",
    "Loss",
    "MxChange",
    "NameService",
    "Network",
    "Node",
    "Operand",
    "Outages",
    "Postfix",
    "Product",
    "Scenario",
    "Tcp",
    "Weather",
    "Window",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """Random outages: times up and down in turn, in seconds.

    `start` says how things are at time 0: in `equilibrium`, down with the chance that they are down at any time and
    somewhere in the middle of it, or freshly `up`.
    """

    up: Distribution
    down: Distribution
    start: Literal["equilibrium", "up"] = "equilibrium"

    @classmethod
    def exponential(cls, *, mtbf: float, mttr: float) -> Outages:
        """Outages of exponential times: mean `mtbf` up, mean `mttr` down."""
        return cls(up=Exponential(mtbf), down=Exponential(mttr))

    @property
    def availability(self) -> float:
        """The share of time up in the long run: MTBF / (MTBF + MTTR)."""
        return self.up.mean() / (self.up.mean() + self.down.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A stretch of simulated time [start, end), in seconds."""

    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """When something is up: random outages, explicit ones, and (if any are given) only inside its windows."""

    outages: Outages | None = None
    down: tuple[Interval, ...] = ()
    windows: tuple[Window | ClockWindow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Links and hosts (by name) that are down together while the group is."""

    name: str
    members: tuple[str, ...]
    weather: Weather


TTL = HOUR
"""How long an answer of the DNS may be remembered where nothing else is said, in s."""

NEGATIVE_TTL = 10 * MINUTE
"""Likewise, the answer that there is no such domain (RFC 2308)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameService:
    """The DNS: it answers while it is up and, where `servers` names hosts that run it, one of them is.

    `ttl` is how long a host's own name may be remembered, `negative_ttl` that there is no such domain (RFC 2308), and
    `lookup` what it takes to ask, in s.
    """

    servers: tuple[str, ...] = ()
    ttl: float = TTL
    negative_ttl: float = NEGATIVE_TTL
    lookup: float = 0.0
    weather: Weather = Weather()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A place in the network; every node carries a host of the same name."""

    name: str
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """How packets are lost: their `share`, and the mean length of a burst (Gilbert-Elliott).

    `burst` counts packets, `burst_time` seconds; where both are 0, each packet is lost by itself.
    """

    share: float = 0.0
    burst: float = 0.0
    burst_time: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line between two nodes. Rate in bit/s, delay one way in s, loss a probability, queue in bytes (0: no limit).

    Both directions are alike, but where `rates`, `delays` or `losses` say how each is, from the first node to the
    second and back; `rate` and `delay` are then those there, and `loss` is the mean of their shares. A `carrier` stands
    instead of IP; it loses packets of its own. `corruption` is how likely a packet is damaged in a way that no checksum
    sees.
    """

    name: str
    between: tuple[str, str]
    rate: float
    delay: Distribution
    rates: tuple[float, float] | None = None
    delays: tuple[Distribution, Distribution] | None = None
    loss: float = 0.0
    losses: tuple[Loss, Loss] | None = None
    queue: int = 0
    mtu: int = 1500
    carrier: Carrier | None = None
    corruption: float = 0.0
    weather: Weather = Weather()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp:
    """How a host's TCP is.

    `stack` says whose timers and habits it has: `linux` (current), `linux-3` (3.10 to 3.19: SYN at 0, 1, 3, 7 s, no
    RACK), `bsd-1988` (4.3BSD-Tahoe: clocks of 500 and 200 ms, SYN at 0, 6, 18, 42 s, segments of 512 bytes), or
    `rtt-only`: no TCP at all, a handshake of three ways, then only delay and rate.
    `initial_window` in segments, `min_rto` in s. Without `sack` lost segments are found by duplicate acknowledgements.
    With `timestamps` on both sides (RFC 7323) a segment has 12 bytes less of payload, and both ends know which copy of
    a packet was answered. With `metrics` the host remembers the round trip to each other one (Linux:
    net.ipv4.tcp_no_metrics_save = 0), as `network.tcp.metrics` says. `send_buffer` is what its sockets hold of what
    is not acknowledged, in bytes; 0: two windows, as Linux makes it; None: 8 kB where a connection crosses a line
    slower than 9600 bit/s, else two windows.
    """

    stack: Literal["linux", "linux-3", "bsd-1988", "rtt-only"] = "linux"
    congestion: Literal["cubic", "reno", "tahoe"] = "cubic"
    initial_window: int = 10
    min_rto: float = 0.2
    sack: bool = True
    timestamps: bool = True
    metrics: bool = True
    send_buffer: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Nodes and the links between them, in the order of the file; what fails together, and the DNS."""

    nodes: Mapping[str, Node]
    links: tuple[Link, ...]
    groups: tuple[Group, ...] = ()
    dns: NameService = NameService()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collects:
    """That a host asks the host `source` for the mail held there for it.

    It asks when it or a line of its own has come up, and every so many s (0: only then), with ETRN (RFC 1985), TURN
    (RFC 821) or ATRN (RFC 2645). With `hold` the source does not try to pass its mail on before it is asked.
    """

    source: str
    every: float = 0.0
    by: Literal["etrn", "turn", "atrn"] = "etrn"
    hold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An IP address of a host: when packets find their way to it, and when somebody listens there (None: never)."""

    ip: str
    reachable: Weather | None = Weather()
    listening: Weather | None = Weather()


Timing = Literal["product", "none"]
"""Whether a host's programs take the time that its product does."""
SendsFrom = Literal["first", "in-turn", "random"]

Certificate = Literal["ec", "rsa", "chain"]
"""`ec`: a certificate with a P-256 key; `rsa`: one with RSA-2048; `chain`: such a one and an intermediate one's."""

TlsVersion = Literal["TLSv1.2", "TLSv1.3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What TLS is with a host: the `certificate` that its server shows, and the newest `version` that it knows.

    With `session_cache` its client resumes sessions (Postfix smtp_tls_session_cache_database). With `implicit` it
    begins with TLS (port 465, RFC 8314 section 3; Postfix smtp_tls_wrappermode) where the server offers STARTTLS.
    """

    certificate: Certificate = "ec"
    version: TlsVersion = "TLSv1.3"
    session_cache: bool = False
    implicit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An MTA's machine as one architecture has it.

    `service_time` is what each command costs the server, `commit_time` what it needs to put a message on disk before
    the 250 to the final dot, `next_message_time` what its client needs before it begins the next message of a session
    that was left open; each in s, or as a distribution. Where nothing is said, they and what else its programs take are
    as its product's (`timing` product), or nothing (none).
    `size_limit` 0 means none. `extensions` are the EHLO keywords that its server offers,
    `uses` those that its client uses where the peer offers them; with `esmtp` false the host speaks RFC 821 alone.
    `called` is what the host calls itself in SMTP, where its name is no domain name; it is empty where it is.

    `accounts` are the logins (name -> password) that AUTH takes; `login` is the name and password that its client
    proves itself with. `clear_auth` says whether AUTH is taken where no TLS protects the connection; None: in a run it
    is, and a served host takes it from this machine alone. `vrfy` and `expn` say whether users and lists are told
    (`answer`: 250, 251, 550, 551, 553), not told (`evade`: 252), or the command is not implemented (`refuse`: 502).
    `routes` says to which host mail for a domain goes, whatever its MX records say; `*` stands for all others.
    `source_routes` says what a route in a forward-path means (`honour`: RFC 821; `strip`: RFC 5321; `reject`),
    `percent_hack` whether `user%far@own` in one of its own domains is user@far. `reuse` says how its client goes on
    where more mail for the same host waits: after an RSET, as Postfix does, with MAIL once the final dot has its reply,
    as Exim does (`mail`), with MAIL right behind the final dot (`ride`), or in a session of its own (`never`); where
    nothing is said, as its product does. `sessions` is how many its server has at a time, 0 as many as its product's.
    At times when nobody is `listening` (None: never), connections are refused. Without `addresses` it has one of any
    family; its client comes from the first that fits, from one after the other, or any (`sends_from`). What it does
    shares its `capacity`. While its `resolver` is down it cannot look up where mail goes. `spool` says whether its
    queue outlives the times when it is down. With `digests` its users write a Content-MD5 (RFC 1864) into their
    messages, and check those that they get.
    """

    name: str
    called: str = ""
    mta: Product = field(default_factory=Postfix)
    esmtp: bool = True
    extensions: tuple[str, ...] = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES")
    uses: tuple[str, ...] = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES")
    accounts: Mapping[str, str] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    clear_auth: bool | None = None
    vrfy: Literal["answer", "evade", "refuse"] = "answer"
    expn: Literal["answer", "evade", "refuse"] = "answer"
    routes: Mapping[str, str] = field(default_factory=dict)
    source_routes: Literal["honour", "strip", "reject"] = "strip"
    percent_hack: bool = False
    reuse: Reuse | None = None
    sessions: int = 0
    size_limit: int = 0
    timing: Timing = "none"
    service_time: float | Distribution | None = None
    commit_time: float | Distribution | None = None
    next_message_time: float | Distribution | None = None
    policies: Policies = NO_POLICIES
    collects: Collects | None = None
    weather: Weather = Weather()
    listening: Weather | None = Weather()
    addresses: tuple[Address, ...] = ()
    sends_from: SendsFrom = "first"
    capacity: Capacity = NO_CAPACITY
    resolver: Weather = Weather()
    spool: Literal["durable", "volatile"] = "durable"
    digests: bool = False
    tls: Tls = Tls()
    tcp: Tcp = Tcp()

    def __post_init__(self) -> None:
        if self.reuse is None:
            object.__setattr__(self, "reuse", self.mta.reuse)
        if not self.sessions:
            object.__setattr__(self, "sessions", self.mta.server_limit)
        for time in ("service_time", "commit_time", "next_message_time"):
            if getattr(self, time) is None:
                takes = self.timing == "product" or time == "next_message_time"
                object.__setattr__(self, time, getattr(self.mta, time) if takes else 0.0)

    @property
    def domain(self) -> str:
        """What the host calls itself in EHLO, greetings and trace fields."""
        return self.called or self.name


NULL_MX = ((0, "."),)
"""The MX records of a domain that takes no mail (RFC 7505)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MxChange:
    """From when on, in s, a domain has other records, and which; as of `Domain`."""

    at: float
    mx: tuple[tuple[int, str], ...]
    a: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A mail domain: its MX records (preference, host) and its users.

    Without any, mail goes to the host of its A record `a`, or, where that is empty, to the one that bears the domain's
    name (RFC 5321 section 5.1). An exchanger's name that ends in a dot is no host's, and has no address.

    `mailboxes` are the hosts that keep its users' mailboxes, where these are not its MX hosts of the best preference.
    `changes` says how the records change, in order of time; `ttl` is how long, in s, a host may go by those that it has
    heard.

    `lists` are mailing lists: name -> addresses of the members, which may be lists. `forwards` are users whose mail is
    passed on to another address (251), `moved` those of whom only the new address is told (551): name -> address.
    With `cname` the name is an alias in the DNS: its mail goes where that domain's goes. MX records of `NULL_MX` say
    that it takes no mail at all (RFC 7505), and so do those of its aliases; then it has no users. `submission` is the
    host that its users hand their mail to (RFC 6409); where it is empty, that is the best MX of the time.
    """

    name: str
    mx: tuple[tuple[int, str], ...]
    users: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forwards: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    submission: str = ""
    cname: str = ""
    mailboxes: tuple[str, ...] = ()
    a: str = ""
    ttl: float = TTL
    changes: tuple[MxChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """How mail finds its way.

    `transfer` says how far one session reaches: to the recipient's MX host (`end-to-end`), or one link
    (`store-and-forward`). `routing` is over the links that are up now (`shortest-delay`) or over all (`static`);
    it takes a change for true when it has lasted for `convergence` seconds. Where no way leads to a host, who connects
    to it hears nothing (`silent`), or routers tell him that there is no route (`icmp`; RFC 1812 section 5.2.7.1).
    `hosts` holds every host as this architecture sets it, `domains` those domains whose records differ from the
    scenario's.
    """

    name: str
    transfer: Literal["end-to-end", "store-and-forward"]
    routing: Literal["shortest-delay", "static"]
    hosts: Mapping[str, Host]
    convergence: float = 0.0
    unreachable: Literal["silent", "icmp"] = "silent"
    domains: Mapping[str, Domain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """One side of an expectation: a metric of an architecture, or a number (then the other two are empty)."""

    architecture: str = ""
    metric: str = ""
    number: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A relation that the results must satisfy, e.g. `store-and-forward.delivery_prob > 0.99`."""

    text: str
    left: Operand
    operator: Literal["<", "<=", "==", ">=", ">"]
    right: Operand


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """All that a run needs; `start` is the instant of simulated time 0.

    `folder` is where relative file names start; it is no part of the scenario's identity.
    """

    title: str
    seed: int
    replications: int
    duration: float
    drain: float
    network: Network
    domains: Mapping[str, Domain]
    workload: tuple[Source, ...]
    architectures: Mapping[str, Architecture]
    expect: tuple[Expectation, ...] = ()
    acts: tuple[Act, ...] = ()
    dialogues: bool = False
    start: Start = field(default=Start())
    limits: Limits = field(default=Limits())
    folder: Path = field(default=Path(), compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __repr__(self) -> str:
        title, *rest = self._in_short().values()
        return f"<Scenario {title!r}: {', '.join(rest)}>"

    def _repr_html_(self) -> str:
        rows = (f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in self._in_short().items())
        return f"<table>{''.join(rows)}</table>"

    def _in_short(self) -> dict[str, str]:
        network = self.network
        return {
            "title": self.title or "untitled",
            "network": f"{_count(network.nodes, 'host')} and {_count(network.links, 'link')}",
            "architectures": " and ".join(self.architectures),
            "time": f"{format_duration(self.duration)} and {format_duration(self.drain)} to drain",
            "replications": f"{_count(range(self.replications), 'replication')} from seed {self.seed}",
        }


def _count(things: Sized, what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"

"""An MTA's machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from sim.scenario.distribution_text import HostTime
from sim.scenario.products.base import Product, Reuse
from sim.scenario.products.postfix import Postfix
from sim.scenario.pydantic_seam import Word
from sim.scenario.scalars import Flag, Size, whole
from sim.scenario.sections import Section
from sim.scenario.spec.accounts import Accounts, Login
from sim.scenario.spec.addresses import Addresses, SourceChoice
from sim.scenario.spec.capacity import NO_CAPACITY, CapacitySetting
from sim.scenario.spec.collects import CollectsSetting
from sim.scenario.spec.policies import NO_POLICIES, PoliciesSetting
from sim.scenario.spec.routes import NextHosts
from sim.scenario.spec.tcp import Tcp, TcpSetting
from sim.scenario.spec.tls import Tls
from sim.scenario.spec.weather import Availability, Spool, Weather

Timing = Literal["product", "none"]
"""Whether a host's programs take the time that its product does."""


TIMES = ("greeting_time", "service_time", "commit_time", "think_time", "read_time", "next_message_time")
"""What a host's programs take: keys of hosts, attributes of products."""

VrfyAnswer = Annotated[Literal["answer", "evade", "refuse"], Word("policy")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host(Section):
    """An MTA's machine as one architecture has it; times in s."""

    name: str
    """Its node's."""
    called: str = ""
    """What it calls itself in SMTP, where its name is no domain name; empty where it is."""
    mta: Product = field(default_factory=Postfix)
    """The product."""
    esmtp: Flag = True
    """Whether it knows EHLO (true) or HELO alone."""
    extensions: tuple[str, ...] = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES")
    """The EHLO keywords that its server offers."""
    uses: tuple[str, ...] = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES")
    """Those that its client uses where the peer offers them."""
    accounts: Accounts = field(default_factory=dict)
    """Whose AUTH it takes: login names to passwords."""
    clear_auth: bool | None = None
    """Whether AUTH is taken without TLS; None: in a run it is, and a served host takes it from this machine alone."""
    login: Login = None
    """What it proves itself with to servers that offer AUTH: name and password, or `none`."""
    vrfy: VrfyAnswer = "answer"
    """How it takes VRFY: `answer` it (250, 251, 550, 551, 553), `evade` it (252), or `refuse` it (502)."""
    expn: VrfyAnswer = "answer"
    """How it takes EXPN: `answer` it, `evade` it (252), or `refuse` it (502)."""
    routes: NextHosts = field(default_factory=dict)
    """Where it sends mail whatever the DNS says: domain to host, `"*"` for all others: `{a.example: b, "*": hub}`."""
    source_routes: Annotated[Literal["honour", "strip", "reject"], Word("treatment of source routes")] = "strip"
    """What a route in a forward-path means: `honour` it as RFC 821, `strip` it as RFC 5321, or `reject` it."""
    percent_hack: Flag = False
    """Whether user%far@own is user@far."""
    bang_paths: Flag = False
    """Whether far!user@own is user@far (RFC 976), and a user at the host's own name is that of its domains."""
    reuse: Annotated[Reuse, Word("way to go on with a session", formerly={"ride": "pipeline"})] | None = None
    """How it goes on with a session where more mail waits: `rset`, `mail`, `pipeline` (MAIL behind
    the final dot), or `never`; as its MTA, where not said."""
    sessions: Annotated[int, whole(1)] = 0
    """How many sessions it serves at a time; where nothing is said, as many as its MTA."""
    size_limit: Size = 0
    """The biggest message that it takes; 0 means no limit."""
    timing: Annotated[Timing, Word("timing")] = "product"
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
    policies: PoliciesSetting = NO_POLICIES
    """What it delays or refuses: greylisting, limits for each client, injected refusals; or `none`."""
    collects: CollectsSetting = None
    """Where it asks for mail that is held for it; or `none`."""
    weather: Weather = Weather()
    """When it is up."""
    listening: Availability = Weather()
    """Whether, or when, somebody listens; where nobody does, connections are refused at once."""
    addresses: Addresses = ()
    """Its addresses: `[192.0.2.1, {ip: "2001:db8::1", reachable: no}]`; one of any family, where nothing is said."""
    sends_from: SourceChoice = "first"
    """Which of its addresses its client connects from: the `first` that fits, each `in-turn`, or one at `random`."""
    capacity: CapacitySetting = NO_CAPACITY
    """What all that it does has to share: `{disk: 100 /s, filters: {workers: 20, time: 0.5 s}}`, or `none`."""
    resolver: Weather = Weather()
    """When it can look up where mail goes; always, where absent."""
    spool: Spool = "durable"
    """Whether its queue outlives every time that it goes down (`durable`), or is lost with it (`volatile`)."""
    digests: Flag = False
    """Whether its users write a Content-MD5 into their messages, and check it in those that they get (RFC 1864)."""
    tls: Tls = Tls()
    """What TLS is with it."""
    tcp: TcpSetting = Tcp()
    """Its TCP: `linux`, `linux-3`, `bsd-1988`, `rtt-only` (none), or `{congestion: reno, initial_window: 3}`."""

    def __post_init__(self) -> None:
        if self.reuse is None:
            object.__setattr__(self, "reuse", self.mta.reuse)
        if not self.sessions:
            object.__setattr__(self, "sessions", self.mta.server_limit)
        for time in TIMES:
            if getattr(self, time) is None:
                takes = getattr(self.mta, time) if self.timing == "product" else 0.0
                object.__setattr__(self, time, takes)

    @property
    def domain(self) -> str:
        """What the host calls itself in EHLO, greetings and trace fields."""
        return self.called or self.name

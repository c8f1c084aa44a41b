"""An MTA's machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sim.scenario.distribution import Distribution
from sim.scenario.products.base import Product, Reuse
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec.capacity import NO_CAPACITY, Capacity
from sim.scenario.spec.collects import Collects
from sim.scenario.spec.policies import NO_POLICIES, Policies
from sim.scenario.spec.tcp import Tcp
from sim.scenario.spec.tls import Tls
from sim.scenario.spec.weather import Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An IP address of a host: when packets find their way to it, and when somebody listens there (None: never)."""

    ip: str
    reachable: Weather | None = Weather()
    listening: Weather | None = Weather()


Timing = Literal["product", "none"]
"""Whether a host's programs take the time that its product does."""

TIMES = ("greeting_time", "service_time", "commit_time", "think_time", "read_time", "next_message_time")
"""What a host's programs take: keys of hosts, attributes of products."""
SendsFrom = Literal["first", "in-turn", "random"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An MTA's machine as one architecture has it.

    `greeting_time` is what its server takes before it greets, `service_time` what each command costs it, `commit_time`
    what it needs to put a message on disk before the 250 to the final dot; `think_time` what its client takes before
    each flight, `read_time` more for each octet of a message before MAIL and before the mail data, `next_message_time`
    before the next message of a session that was left open; each in s, or as a distribution. Where nothing is said,
    they are as its product's (`timing` product), or nothing (none).
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
    greeting_time: float | Distribution | None = None
    service_time: float | Distribution | None = None
    commit_time: float | Distribution | None = None
    think_time: float | Distribution | None = None
    read_time: float | Distribution | None = None
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
        for time in TIMES:
            if getattr(self, time) is None:
                takes = self.timing == "product" or time == "next_message_time"
                object.__setattr__(self, time, getattr(self.mta, time) if takes else 0.0)

    @property
    def domain(self) -> str:
        """What the host calls itself in EHLO, greetings and trace fields."""
        return self.called or self.name

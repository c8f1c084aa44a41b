"""The network: nodes, the links between them, what fails together, and the DNS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from sim.scenario.distribution import Constant
from sim.scenario.quantity import HOUR, MINUTE
from sim.scenario.scalars import Duration, Mtu, Names, Pair, Share, number
from sim.scenario.sections import Said, Section
from sim.scenario.spec.carriers import USUAL_RATE, CarrierSetting, DialUp
from sim.scenario.spec.directions import alike
from sim.scenario.spec.loss import ByteErrors, LinkDelay, LinkLosses, LinkRate, Loss, Queue
from sim.scenario.spec.protocols import MailProtocol
from sim.scenario.spec.weather import Weather

TTL = HOUR
"""How long an answer of the DNS may be remembered where nothing else is said, in s."""

NEGATIVE_TTL = 10 * MINUTE
"""Likewise, the answer that there is no such domain (RFC 2308)."""

DEFAULT_DELAY = 0.01
"""One way, in s, where nothing gives a link's delay."""

DEFAULT_RATE = 10e6
"""In bit/s, where nothing says a link's rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameService(Weather):
    """When the name service answers; while it does not, hosts cannot look up where mail goes, and try again later."""

    brief: ClassVar = ("servers",)

    servers: Names = ()
    """Hosts that run it: it answers while one of them is up."""
    ttl: Duration = TTL
    """How long hosts may go by what they have heard of a domain that has no `ttl` of its own."""
    negative_ttl: Duration = NEGATIVE_TTL
    """How long they may go by the answer that there is no such domain (RFC 2308)."""
    lookup: Duration = 0.0
    """What it takes to ask where nothing is remembered; no time, where absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Weather):
    """Links and hosts that fail together: while the group is down, all of them are."""

    members: Names
    """Links by name (`a-b`: the one between a and b), and hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node(Section):
    """A node; it carries a host of the same name. It has both coordinates or none."""

    lat: Annotated[float, number(-90, 90)] | None = None
    """Latitude in degrees."""
    lon: Annotated[float, number(-180, 180)] | None = None
    """Longitude in degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Section):
    """A line between two nodes. Rate in bit/s, delay one way in s, queue and mtu in bytes."""

    name: str = ""
    """Its nodes' names; parallel links are told apart by a number."""
    between: Pair
    """The two nodes."""
    rate: LinkRate = field(default=alike(DEFAULT_RATE))
    """Bits a second, alike or `{there: 8 Mbit/s, back: 1 Mbit/s}`; 10 Mbit/s where nothing says otherwise."""
    delay: LinkDelay = field(default=alike(Constant(DEFAULT_DELAY)))
    """One way, alike or `{there: ..., back: ...}`; from the nodes' coordinates where both have them, else 10 ms."""
    loss: LinkLosses = field(default=alike(Loss()))
    """How likely a packet is lost: `1 %`, `{gilbert-elliott: {loss: 2 %, burst: 3}}`, `{there: 1 %, back: 0}`."""
    queue: Queue = 0
    """How many bytes may wait for the line in each direction; 0 means no limit."""
    mtu: Mtu = 1500
    """The biggest packet, headers included; 1500 B where nothing says otherwise."""
    corruption: Share = 0.0
    """How likely a packet is damaged in a way that no checksum sees: `1e-7`; 0 where nothing says otherwise."""
    byte_errors: ByteErrors = 0.0
    """How likely a byte is damaged, each for itself, so that a long packet is more often: `1/3000`, `1e-5`."""
    carrier: CarrierSetting = None
    """What carries bytes over it: TCP (`tcp`), or `bsc`, `uucp-g`, `x25`, `dial-up`, alone or with their settings."""
    protocol: MailProtocol | None = None
    """What hosts speak over it to pass mail on: `smtp`, `ftp`; the architecture's `protocol`, where absent."""
    weather: Weather = Weather()
    """When it is up, both ways alike."""


class LinkSettings(Said):
    """How links are."""

    sections = (Link, Weather)
    elsewhere = ("name", "between", "weather")


def link_of(between: tuple[str, str], said: Mapping[str, Any]) -> Link:
    """The link of which a file says this; its delay has to be known where the file has it from coordinates."""
    carrier = said.get("carrier")
    usual = {} if carrier is None else {"rate": alike(USUAL_RATE.get(type(carrier), DEFAULT_RATE))}
    fixed = {"rate": alike(carrier.modem)} if isinstance(carrier, DialUp) else {}
    weather = Weather(**{key: said[key] for key in Weather.allowed() if key in said})
    own = {key: value for key, value in said.items() if key not in Weather.allowed()}
    return Link(**usual | own | fixed | {"between": between, "weather": weather})


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Nodes and groups by name, links in the order of the file, and the DNS."""

    nodes: Mapping[str, Node]
    links: tuple[Link, ...]
    groups: Mapping[str, Group] = field(default_factory=dict)
    dns: NameService = NameService()

    def protocols(self, usual: str) -> dict[str, str]:
        """What is spoken over each link, by its name: `usual` over those that say nothing."""
        return {link.name: link.protocol or usual for link in self.links}

"""The network: nodes, the links between them, what fails together, and the DNS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sim.scenario.distribution import Distribution
from sim.scenario.quantity import HOUR, MINUTE
from sim.scenario.spec.carriers import Carrier
from sim.scenario.spec.loss import Loss
from sim.scenario.spec.weather import Weather

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
class Group:
    """Links and hosts (by name) that are down together while the group is."""

    name: str
    members: tuple[str, ...]
    weather: Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A place in the network; every node carries a host of the same name."""

    name: str
    lat: float | None = None
    lon: float | None = None


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
class Network:
    """Nodes and the links between them, in the order of the file; what fails together, and the DNS."""

    nodes: Mapping[str, Node]
    links: tuple[Link, ...]
    groups: tuple[Group, ...] = ()
    dns: NameService = NameService()

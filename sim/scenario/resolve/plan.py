"""The plan of a network: its nodes and edges, before links get their settings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from sim.scenario.distribution_text import Delay
from sim.scenario.spec import Loss, Node
from sim.scenario.spec.directions import Both

DEFAULTS = "defaults"
"""The key beside the hosts' names that holds what is common to all of them: no node is called so."""

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the earth in m (IUGG)."""

SIGNAL_SPEED = 299_792_458 * 2 / 3
"""Speed of light in glass, about 2/3 of that in vacuum, in m/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A line of a graph, with a rate (bit/s), a delay (s) and a loss where the graph gives them."""

    between: tuple[str, str]
    rate: Both[float] | None = None
    delay: Both[Delay] | None = None
    loss: Both[Loss] | None = None

    @property
    def said(self) -> dict[str, object]:
        """What the graph gives, by key."""
        given = {"rate": self.rate, "delay": self.delay, "loss": self.loss}
        return {key: value for key, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Nodes and edges in the order of their source, and what there is to say about them."""

    nodes: dict[str, Node]
    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = field(default=())


def distance(a: Node, b: Node) -> float | None:
    """The great-circle distance in m (haversine formula), or None when one of the nodes has no coordinates."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return None
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b.lon - a.lon) / 2
    square = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(square)))


def parts(plan: Plan) -> list[list[str]]:
    """The connected parts of the plan, each as a list of node names."""
    root = {name: name for name in plan.nodes}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = name = root[root[name]]
        return name

    for edge in plan.edges:
        a, b = map(find, edge.between)
        root[b] = a
    members: dict[str, list[str]] = {}
    for name in plan.nodes:
        members.setdefault(find(name), []).append(name)
    return list(members.values())

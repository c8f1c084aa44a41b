"""The plan of a network: its nodes and edges, before links get all their settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from sim.scenario.spec import Node
from sim.scenario.spec.directions import Both

DEFAULTS = "defaults"
"""The key beside the hosts' names that holds what is common to all of them: no node is called so."""

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the earth in m (IUGG)."""

Settings = Mapping[str, Any]
"""What a file says of a link, by key."""


class Edge(NamedTuple):
    """A line between two nodes, and what is said of it."""

    between: tuple[str, str]
    said: Settings = MappingProxyType({})

    def towards(self, between: tuple[str, str]) -> Settings:
        """What is said of it, for the same nodes in this order."""
        if between == self.between:
            return self.said
        return {key: value.turned if isinstance(value, Both) else value for key, value in self.said.items()}


class Plan(NamedTuple):
    """Nodes and edges in the order of their source."""

    nodes: dict[str, Node]
    edges: Sequence[Edge]


def distance(a: Node, b: Node) -> float | None:
    """The great-circle distance in m (haversine formula), or None when one of the nodes has no coordinates."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return None
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b.lon - a.lon) / 2
    square = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(square)))

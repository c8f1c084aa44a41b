"""The network at run time: every link with its weather drawn and its two lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from operator import methodcaller
from random import Random

from sim.network.links.line import Line
from sim.network.links.outages import AvailabilityModel
from sim.network.links.timeline import Timeline
from sim.scenario import spec

_USUAL_PACKET = 1500


class Link:
    """A link at run time: its weather, and one line for each direction.

    Args:
        description: The link as the scenario has it.
        timeline: When it is up (both directions alike).
        lines: The line from the first of the link's nodes to the second, and the one back.
    """

    __slots__ = ("_costs", "_lines", "between", "name", "timeline")

    def __init__(self, description: spec.Link, timeline: Timeline, lines: tuple[Line, Line]) -> None:
        self.name = description.name
        self.between = description.between
        self.timeline = timeline
        self._lines = dict(zip(description.between, lines, strict=True))
        self._costs = {
            source: round((line.delay.mean() + _USUAL_PACKET * 8 / line.rate) * 1e12)
            for source, line in self._lines.items()
        }

    def line(self, source: str) -> Line:
        """The line that leads away from a node of the link."""
        return self._lines[source]

    def cost(self, source: str) -> int:
        """What routing counts for the way from a node of the link to the other, in ps."""
        return self._costs[source]


class Mesh:
    """All nodes and links at run time.

    `Link.cost` is what routing minimises: mean delay plus the serialisation of 1500 bytes, in whole picoseconds, so
    that sums do not depend on their order and ties are ties.

    Args:
        nodes: The names of the nodes; their order settles ties of routing.
        links: The links by name.
    """

    __slots__ = ("links", "neighbours", "nodes")

    def __init__(self, nodes: tuple[str, ...], links: Mapping[str, Link]) -> None:
        self.nodes = nodes
        self.links = links
        self.neighbours: dict[str, dict[str, list[Link]]] = {name: {} for name in nodes}
        for link in links.values():
            for here, there in (link.between, link.between[::-1]):
                self.neighbours[here].setdefault(there, []).append(link)
        for here, around in self.neighbours.items():
            for parallel in around.values():
                parallel.sort(key=methodcaller("cost", here))

    @staticmethod
    def lines(path: tuple[str, ...], links: tuple[Link, ...]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """The lines along a path of nodes over the given links, out and back: what a connection takes."""
        steps = list(zip(path[:-1], path[1:], links, strict=True))
        out = tuple(link.line(here) for here, _, link in steps)
        return out, tuple(link.line(there) for _, there, link in reversed(steps))


def build(network: spec.Network, availability: AvailabilityModel, streams: Callable[[str], Random]) -> Mesh:
    """Draw every link's weather and make its lines.

    Args:
        network: Nodes and links as the scenario has them.
        availability: Draws the links' weather, by the names `link/NAME`.
        streams: Gives an entity's own generator by name: `link/NAME/A>B/loss` and `.../delay`.
    """
    return Mesh(tuple(network.nodes), {link.name: _link(link, availability, streams) for link in network.links})


def _link(link: spec.Link, availability: AvailabilityModel, streams: Callable[[str], Random]) -> Link:
    """One link with its own draws."""
    timeline = availability.of(f"link/{link.name}", link.weather)
    ends = (link.between, link.between[::-1])

    def line(way: int) -> Line:
        here, there = ends[way]
        return Line(
            rate=link.rate.pair[way],
            delay=link.delay.pair[way],
            loss=link.loss.pair[way],
            queue=link.queue or math.inf,
            mtu=link.mtu,
            timeline=timeline,
            random=streams(f"link/{link.name}/{here}>{there}/loss"),
            jitter=streams(f"link/{link.name}/{here}>{there}/delay"),
            carrier=link.carrier,
            byte_errors=link.byte_errors,
        )

    return Link(link, timeline, (line(0), line(1)))

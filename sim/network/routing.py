"""Which way through the network: shortest delay over the links that are up, or over all."""

from __future__ import annotations

import math
from bisect import bisect_right
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final

from sim.network.line import Line
from sim.network.topology import Link, Mesh

__all__ = ["Routing"]

_UNKNOWN: Final = ("",)


class Routing:
    """Paths of least delay (Dijkstra), computed once for each source and state of the network.

    The cost of a link is its mean delay plus the serialisation of 1500 bytes. Among equal paths the one with fewer hops
    is taken, then the one whose last step comes from the node that stands first in the scenario. Of parallel links the
    cheapest is used. Only the present state of the network is remembered: ask in the order of time.

    Args:
        mesh: The network.
        follow_outages: Whether links that are down are avoided. If not, paths never change.
        convergence: How long, in s, a link must be down or up again until that is taken for true.
    """

    __slots__ = ("_epochs", "_follow", "_mesh", "_order", "_paths", "_seen", "_since", "_trees", "_until", "_ways")

    def __init__(self, mesh: Mesh, *, follow_outages: bool, convergence: float = 0.0) -> None:
        self._mesh = mesh
        self._follow = follow_outages
        self._order = {name: rank for rank, name in enumerate(mesh.nodes)}
        self._seen = {name: link.timeline.settled(convergence) for name, link in mesh.links.items()}
        self._epochs = sorted({t for seen in self._seen.values() for t in seen.changes()} if follow_outages else ())
        self._enter(-math.inf)

    def path(self, source: str, target: str, now: float) -> tuple[str, ...] | None:
        """The nodes from source to target, both included; None if there is no way at that time.

        Raises:
            KeyError: The source is no node of the network.
        """
        if not self._since <= now < self._until:
            self._enter(now)
        found = self._paths.get((source, target), _UNKNOWN)
        return self._trace(source, target, now) if found is _UNKNOWN else found

    def links(self, path: tuple[str, ...], now: float) -> tuple[Link, ...]:
        """The link of each step of a path: the cheapest (of those that are up, where outages are followed).

        Raises:
            LookupError: Two nodes of the path are not joined at that time.
        """
        steps = pairwise(path)
        found = [self._best(self._mesh.neighbours[here].get(there, []), now) for here, there in steps]
        links = tuple(link for link in found if link is not None)
        if len(links) < len(found):
            raise LookupError(f"path {' '.join(path)}: broken at {now} s; ask for a path at that time")
        return links

    def lines(self, path: tuple[str, ...], now: float) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """The lines out and back along a path, as a connection takes them.

        Raises:
            LookupError: As `links`.
        """
        if not self._since <= now < self._until:
            self._enter(now)
        found = self._ways.get(path)
        if found is None:
            found = self._ways[path] = self._mesh.lines(path, self.links(path, now))
        return found

    def _enter(self, now: float) -> None:
        """Begin the epoch that holds `now`, with nothing known."""
        index = bisect_right(self._epochs, now)
        self._since = self._epochs[index - 1] if index else -math.inf
        self._until = self._epochs[index] if index < len(self._epochs) else math.inf
        self._paths: dict[tuple[str, str], tuple[str, ...] | None] = {}
        self._trees: dict[str, dict[str, str]] = {}
        self._ways: dict[tuple[str, ...], tuple[tuple[Line, ...], tuple[Line, ...]]] = {}

    def _best(self, parallel: list[Link], now: float) -> Link | None:
        """The cheapest of parallel links (they are sorted) that may be used."""
        if not self._follow:
            return parallel[0] if parallel else None
        return next((link for link in parallel if self._seen[link.name].is_up(now)), None)

    def _trace(self, source: str, target: str, now: float) -> tuple[str, ...] | None:
        """Read the path off the source's tree, growing the tree first if need be."""
        tree = self._trees.get(source)
        if tree is None:
            tree = self._trees[source] = self._dijkstra(source, now)
        path: tuple[str, ...] | None = None
        if target in tree:
            steps = [target]
            while steps[-1] != source:
                steps.append(tree[steps[-1]])
            path = tuple(reversed(steps))
        self._paths[source, target] = path
        return path

    def _dijkstra(self, source: str, now: float) -> dict[str, str]:
        """The node before each node that can be reached, on its best path from the source."""
        before: dict[str, str] = {}
        heap = [(0, 0, self._order[source], self._order[source])]
        while heap:
            cost, hops, previous, rank = heappop(heap)
            here = self._mesh.nodes[rank]
            if here in before:
                continue
            before[here] = self._mesh.nodes[previous]
            for there, parallel in self._mesh.neighbours[here].items():
                link = None if there in before else self._best(parallel, now)
                if link is not None:
                    heappush(heap, (cost + link.cost, hops + 1, rank, self._order[there]))
        return before

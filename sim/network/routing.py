"""Which way through the network: shortest delay over the links that are up, or over all."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from sim.network.links.chain import ReroutedLine, RouteEpoch
from sim.network.links.line import Line
from sim.network.topology import Link, Mesh

_UNKNOWN: Final = ("",)
_REMEMBERED: Final = 8
_MOST_PATHS: Final = 100_000
"""Paths that are kept of a state of the network; they are read off a tree again when there are more."""
_EXACT: Final = 2**53
"""Whole numbers below are exact in float64, which csgraph adds in."""
Ranks = NDArray[np.int32]
Lines = tuple[tuple[Line, ...], tuple[Line, ...]]
"""Lines out and back."""


@dataclass(slots=True)
class _Epoch:
    """A stretch of time in which no link changes, and what is known of it."""

    since: float
    until: float
    arcs: _Arcs | None = None
    paths: dict[tuple[str, str], tuple[str, ...] | None] = field(default_factory=dict)
    trees: dict[str, Ranks] = field(default_factory=dict)
    lines: dict[tuple[str, ...], Lines] = field(default_factory=dict)


class _Arcs(NamedTuple):
    """The ways from a node to its neighbours while no link changes, as csgraph takes them.

    `tails` and `heads` say where each begins and ends, by rank; arcs are in the order of their heads, then of their
    tails. `weights` say what each costs: whole numbers whose sums are exact, a hop of each in the last place.
    """

    tails: Ranks
    heads: Ranks
    weights: NDArray[np.float64]
    graph: Any

    def tree(self, source: int) -> Ranks:
        """The node before each on its best path from the source; -1 where none leads, and for the source."""
        costs: NDArray[np.float64] = dijkstra(self.graph, indices=source)  # type: ignore[call-overload] # of the stubs
        tight = costs[self.tails] + self.weights == costs[self.heads]
        tight &= np.isfinite(costs[self.heads])
        before = np.full(len(costs), -1, dtype=np.int32)
        # Of several nodes before one the last assignment holds: that of the first in the scenario.
        before[self.heads[tight][::-1]] = self.tails[tight][::-1]
        return before


class _Costs:
    """All arcs of the network, parallel ones too; `order` is the rank of each node."""

    def __init__(self, mesh: Mesh, order: dict[str, int]) -> None:
        nodes = len(mesh.nodes)
        rank = {name: number for number, name in enumerate(mesh.links)}
        arcs = [
            (order[there], order[here], link.cost(here), rank[link.name])
            for link in mesh.links.values()
            for here, there in (link.between, link.between[::-1])
        ]
        heads, tails, costs, links = zip(*sorted(arcs), strict=True) if arcs else ((), (), (), ())
        unit = max(math.gcd(*costs), max(costs, default=0) * nodes * nodes // _EXACT + 1 if costs else 1)
        self._nodes = nodes
        self._heads = np.array(heads, dtype=np.int32)
        self._tails = np.array(tails, dtype=np.int32)
        self._links = np.array(links, dtype=np.int64)
        self._weights = np.array([round(cost / unit) * nodes + 1 for cost in costs], dtype=np.float64)

    def where(self, up: NDArray[np.bool_]) -> _Arcs:
        """The arcs of the links that are up, the cheapest of parallel ones."""
        usable = up[self._links]
        heads, tails, weights = self._heads[usable], self._tails[usable], self._weights[usable]
        first = np.ones(len(heads), dtype=np.bool_)
        first[1:] = (heads[1:] != heads[:-1]) | (tails[1:] != tails[:-1])
        heads, tails, weights = heads[first], tails[first], weights[first]
        return _Arcs(tails, heads, weights, csr_array((weights, (tails, heads)), shape=(self._nodes,) * 2))


class Routing:
    """Paths of least delay (Dijkstra's, as scipy's csgraph computes it), once for each source and state of the network.

    The cost of a link is its mean delay plus the serialisation of 1500 bytes, in the direction of the path; what comes
    back takes the same links. Among equal paths the one with fewer hops is taken, then the one whose last step comes
    from the node that stands first in the scenario. Of parallel links the cheapest is used. Costs count in the largest
    unit that divides them all, or else in the smallest in which no path costs more than float64 counts exactly. The
    last few states of the network are remembered: ask more or less in the order of time.

    Args:
        mesh: The network.
        follow_outages: Whether links that are down are avoided. If not, paths never change.
        convergence: How long, in s, a link must be down or up again until that is taken for true.
        protocols: What is spoken over each link, by its name, where that is not the same over all.

    Attributes:
        changes: Whether paths change at all.
    """

    __slots__ = (
        "_changes",
        "_costs",
        "_epoch",
        "_epochs",
        "_follow",
        "_mesh",
        "_order",
        "_protocols",
        "_seen",
        "changes",
    )

    def __init__(
        self,
        mesh: Mesh,
        *,
        follow_outages: bool,
        convergence: float = 0.0,
        protocols: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._mesh = mesh
        self._protocols = protocols
        self._follow = follow_outages
        self._order = {name: rank for rank, name in enumerate(mesh.nodes)}
        self._costs = _Costs(mesh, self._order)
        self._seen = {name: link.timeline.settled(convergence) for name, link in mesh.links.items()}
        self._changes = sorted({t for seen in self._seen.values() for t in seen.changes()} if follow_outages else ())
        self.changes = bool(self._changes)
        self._epochs: dict[int, _Epoch] = {}
        self._epoch = self._enter(-math.inf)

    def path(self, source: str, target: str, now: float) -> tuple[str, ...] | None:
        """The nodes from source to target, both included; None if there is no way at that time.

        Raises:
            KeyError: The source is no node of the network.
        """
        epoch = self._epoch
        if not epoch.since <= now < epoch.until:
            epoch = self._enter(now)
        found = epoch.paths.get((source, target), _UNKNOWN)
        return self._trace(epoch, source, target, now) if found is _UNKNOWN else found

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

    def spoken(self, path: tuple[str, ...], now: float) -> tuple[str, int]:
        """What is spoken over the first link of a path, and over how many links from there on.

        Raises:
            LookupError: As `links`.
        """
        found = [self._protocols[link.name] for link in self.links(path, now)]
        return found[0], next((number for number, it in enumerate(found) if it != found[0]), len(found))

    def up_to(self, path: tuple[str, ...], now: float) -> int | None:
        """How many links of a path a packet passes before it comes to one that is down; None if none is."""
        downs = (number for number, link in enumerate(self.links(path, now)) if not self._seen[link.name].is_up(now))
        return next(downs, None)

    def lines(self, path: tuple[str, ...], now: float) -> Lines:
        """The lines out and back along a path, as a connection takes them.

        Raises:
            LookupError: As `links`.
        """
        epoch = self._epoch
        if not epoch.since <= now < epoch.until:
            epoch = self._enter(now)
        found = epoch.lines.get(path)
        if found is None:
            found = epoch.lines[path] = self._mesh.lines(path, self.links(path, now))
        return found

    def following(
        self,
        path: tuple[str, ...],
        now: float,
        reach: float,
        first: Lines | None = None,
        protocol: str = "",
    ) -> Lines:
        """As `lines`, but lines that lead where the path would lead at the time when they are used.

        Args:
            path: The nodes at the beginning.
            now: When that is.
            reach: How many links a path may have at most; while the only ones are longer, packets stay on the old one.
            first: The lines out and back at the beginning, where no way leads to the path's end then.
            protocol: What must be spoken over all links, where that is not the same over all of the network.

        Raises:
            LookupError: As `links`.
        """
        out, back = self.lines(path, now) if first is None else first
        source, target = path[0], path[-1]
        if reach == 1 and len(self._mesh.neighbours[source][target]) == 1:
            return out, back

        def find(at: float, way: int) -> RouteEpoch:
            found = self.path(source, target, at)
            lines = self.lines(found, at)[way] if found is not None and self._spans(found, at, reach, protocol) else ()
            return RouteEpoch(lines, self._epoch.since, self._epoch.until)

        return (ReroutedLine(out, partial(find, way=0)),), (ReroutedLine(back, partial(find, way=1)),)

    def _spans(self, path: tuple[str, ...], now: float, reach: float, protocol: str) -> bool:
        """Whether one session may go along a path."""
        return len(path) - 1 <= reach and (not protocol or self.spoken(path, now) == (protocol, len(path) - 1))

    def _enter(self, now: float) -> _Epoch:
        """Go to the epoch that holds `now`."""
        index = bisect_right(self._changes, now)
        epoch = self._epochs.get(index)
        if epoch is None:
            since = self._changes[index - 1] if index else -math.inf
            until = self._changes[index] if index < len(self._changes) else math.inf
            epoch = self._epochs[index] = _Epoch(since, until)
            if len(self._epochs) > _REMEMBERED:
                del self._epochs[next(iter(self._epochs))]
        self._epoch = epoch
        return epoch

    def _best(self, parallel: list[Link], now: float) -> Link | None:
        """The cheapest of parallel links (they are sorted) that may be used."""
        if not self._follow:
            return parallel[0] if parallel else None
        return next((link for link in parallel if self._seen[link.name].is_up(now)), None)

    def _trace(self, epoch: _Epoch, source: str, target: str, now: float) -> tuple[str, ...] | None:
        """Read the path off the source's tree, growing the tree first if need be."""
        start, rank = self._order[source], self._order.get(target, -1)
        tree = epoch.trees.get(source)
        if tree is None:
            tree = epoch.trees[source] = self._arcs(epoch, now).tree(start)
        path: tuple[str, ...] | None = None
        if rank == start or (rank >= 0 and tree[rank] >= 0):
            steps = [target]
            while rank != start:
                rank = int(tree[rank])
                steps.append(self._mesh.nodes[rank])
            path = tuple(reversed(steps))
        if len(epoch.paths) >= _MOST_PATHS:
            epoch.paths.clear()
        epoch.paths[source, target] = path
        return path

    def _arcs(self, epoch: _Epoch, now: float) -> _Arcs:
        if epoch.arcs is None:
            up = [not self._follow or seen.is_up(now) for seen in self._seen.values()]
            epoch.arcs = self._costs.where(np.array(up, dtype=np.bool_))
        return epoch.arcs

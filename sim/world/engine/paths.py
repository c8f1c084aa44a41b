"""The paths that sessions take through the network, as far as the architecture lets one session reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from types import MappingProxyType

from sim.network.links.line import Line
from sim.network.routing import Routing
from sim.network.tcp.handshake import SYN
from sim.network.topology import Mesh
from sim.scenario.spec import Architecture
from sim.scenario.spec.protocols import OF_NEIGHBOURS

_ICMP = 20 + 8 + SYN
"""Bytes of a Destination Unreachable, which holds the packet that it is about (RFC 1812 section 4.3.2.3)."""

_REACH = {"end-to-end": inf, "store-and-forward": 1}
"""How many links one session spans, at most: to the MX host itself, or to the next host on the way to it."""

Nodes = tuple[str, ...]
"""The nodes that a session's bytes pass, from its client's host to its server's."""

LinesBothWays = tuple[Sequence[Line], Sequence[Line]]
"""The lines that a session's bytes take, there and back."""


class Paths:
    """Finds the nodes and the lines of sessions.

    Attributes:
        relays: whether mail is passed on by hosts on its way.
        silent: whether nobody says where there is no route.
        mixed: whether links have several protocols. A session spans only links of one.
        usual: the protocol of all links; the architecture's where they have several.

    Args:
        protocols: what is spoken over each link, by its name; none where it makes no difference.
    """

    def __init__(
        self, mesh: Mesh, architecture: Architecture, protocols: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        found = dict.fromkeys(protocols.values())
        self.mixed = len(found) > 1
        self.usual = architecture.protocol if self.mixed else next(iter(found), architecture.protocol)
        self.relays = self.mixed or architecture.transfer == "store-and-forward"
        self.silent = architecture.unreachable == "silent"
        self._mesh = mesh
        self._reach = _REACH[architecture.transfer]
        self._convergence = architecture.convergence
        follows = architecture.routing == "shortest-delay"
        self._routing = Routing(mesh, follow_outages=follows, convergence=architecture.convergence, protocols=protocols)
        self._map = Routing(mesh, follow_outages=False, protocols=protocols)

    def nodes(self, source: str, target: str, now: float) -> Nodes | None:
        """The nodes that a session from `source` towards `target` passes, as far as the architecture reaches.

        Where no whole path is up, they are those of the map's. They are given if the links within reach are up, or if
        nobody says that they are not.
        """
        whole = self._routing.path(source, target, now)
        path = self._map.path(source, target, now) if whole is None else whole
        if path is None:
            return None
        reach = self._reach if not self.mixed else self._spoken(path, now, whole=whole is not None)[1]
        nodes = path if len(path) - 1 <= reach else path[: int(reach) + 1]
        return nodes if whole is not None or self.silent or (nodes is not path and self.lines(nodes, now)) else None

    def protocol(self, nodes: Nodes, now: float) -> str:
        """What is spoken over the first of these nodes' links, where links have several protocols."""
        return self._spoken(nodes, now, whole=True)[0]

    def _spoken(self, path: Nodes, now: float, *, whole: bool) -> tuple[str, float]:
        """The protocol of a session along a path, the map's if it is not `whole`, and how many links it spans."""
        if len(path) == 1:
            return "", 0
        try:
            protocol, links = (self._routing if whole else self._map).spoken(path, now)
        except LookupError:
            protocol, links = self._map.spoken(path, now)
        return protocol, 1 if protocol in OF_NEIGHBOURS else min(links, self._reach)

    def hop(self, source: str, target: str) -> str:
        """Where a session from `source` towards `target` would lead, were every line up."""
        path = self._map.path(source, target, 0.0) or (target,)
        reach = self._spoken(path, 0.0, whole=False)[1] if self.mixed else self._reach
        return path[: int(min(reach, len(path))) + 1][-1]

    def lines(self, nodes: Nodes, now: float, protocol: str = "") -> LinesBothWays | None:
        """The lines of a session; None where there is no route and routers say so.

        A session's `protocol` is named where links have several: there is no route where it is not spoken.
        """
        routing = self._routing
        if protocol and self.protocol(nodes, now) != protocol:
            return None
        reach = 1 if protocol in OF_NEIGHBOURS else self._reach
        try:
            if routing.changes:
                return routing.following(nodes, now, reach, protocol=protocol)
            return routing.lines(nodes, now) if self.silent or routing.up_to(nodes, now) is None else None
        except LookupError:
            pass
        try:
            first = self._map.lines(nodes, now) if self.silent else None
        except LookupError:
            first = None
        return first and routing.following(nodes, now, reach, first, protocol)

    def no_route_at(self, nodes: Nodes, now: float, until: float) -> float:
        """When a host hears that there is no route: at once, or when a router on the way has said so (RFC 792).

        It listens no longer than `until`.
        """
        routing = self._routing
        try:
            passed = 0 if routing.changes else routing.up_to(nodes, now)
        except LookupError:
            # No link joins them, up or down.
            passed = 0
        if not passed:
            return now
        out, back = routing.lines(nodes, now)
        at = inf
        while at == inf and now < until:
            at = now
            for line, size in (*((line, SYN) for line in out[:passed]), *((line, _ICMP) for line in back[-passed:])):
                at = line.carry(at, size)
            now += 1.0
        return min(at, until)

    def lines_up(self, node: str) -> Iterator[list[float]]:
        """When each of the lines of a node comes up, as routing sees it, s."""
        for parallel in self._mesh.neighbours[node].values():
            for link in parallel:
                yield sorted(up + self._convergence for _, up in link.timeline.outages())

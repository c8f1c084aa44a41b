"""The cheapest ways from one site to all: Dijkstra's algorithm with pathalias's heuristics.

They charge 100,000,000 for what no mail should rely on: a dead link, what leads out of a dead or terminal host, the
entry into a domain or a dead network that is no gateway, and a route that mixes user@host with host!user. What no way
leads to is tried by its own links backwards.
Source: pathalias(8), and the paper's "Heuristics".
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from sim.mail.pathalias.graph import INFINITE, Map, Site
from sim.mail.pathalias.heap import Heap
from sim.mail.pathalias.vertex import Edge, Vertex


class Tree:
    """The tree of cheapest ways.

    Args:
        declared: the map, which stays as it is.
        home: where the ways begin.
    """

    def __init__(self, declared: Map, home: Site) -> None:
        sites = declared.in_order(home)
        vertices = {site: Vertex(site) for site in sites}
        for site, vertex in vertices.items():
            vertex.edges = [
                Edge(
                    vertex,
                    vertices[link.to],
                    link.cost,
                    link.operator,
                    link.host_left,
                    link.is_dead,
                    link.is_alias,
                    link.is_gateway,
                    link.is_terminal,
                )
                for link in site.links
            ]
        self.home = vertices[home]
        self.terminal_domains = declared.terminal_domains
        self._heap = Heap()
        # Nets that are aliases of each other would be copied for ever; so many are more than enough.
        self._copies_left = max(1000, len(sites))
        # The last of these is the first of pathalias's table.
        self._unreached = [vertices[site] for site in reversed(sites)]
        for place, vertex in enumerate(self._unreached):
            vertex.place = place
        self._grow()

    @property
    def unreached(self) -> list[Site]:
        """What no way leads to, private sites left out."""
        return [vertex.site for vertex in reversed(self._unreached) if not vertex.site.is_private]

    def _grow(self) -> None:
        self._reach(self.home)
        self._heap.push(self.home)
        while self._heap:
            while self._heap:
                vertex = self._heap.pop()
                vertex.is_settled = True
                for edge in vertex.edges:
                    self._try(edge)
            self._go_backwards()

    def _try(self, edge: Edge) -> None:
        """Take an edge if it is the best way so far to where it leads."""
        parent = edge.start
        from_alias = parent.is_terminal and edge.is_alias
        if (edge.is_terminal and not self._lead_to_copy(edge)) or (
            from_alias and (_came_by_alias_of(parent, edge.to) or not self._lead_to_copy(edge))
        ):
            return
        vertex, cost, before = edge.to, _cost(edge), edge.to.cost
        if not vertex.is_reached:
            self._reach(vertex, edge, cost)
            self._heap.push(vertex)
        elif vertex.is_settled or vertex.edge is None or not _is_better(edge, cost, vertex.edge):
            # One that no edge reached is left to a copy of it.
            return
        else:
            vertex.cost, vertex.edge = cost, edge
            if cost > before:
                self._heap.sink(vertex)
            elif cost < before:
                self._heap.rise(vertex)
        vertex.is_by_alias = edge.is_alias
        vertex.is_terminal |= edge.is_alias and parent.is_terminal
        vertex.has_left = edge.host_left or parent.has_left
        vertex.has_right = not edge.host_left or parent.has_right

    def _reach(self, vertex: Vertex, edge: Edge | None = None, cost: int = 0) -> None:
        """Take a vertex out of those that are not reached; the first takes its place."""
        vertex.is_reached, vertex.edge, vertex.cost = True, edge, cost
        first = self._unreached.pop()
        if first is not vertex:
            self._unreached[vertex.place], first.place = first, vertex.place

    def _lead_to_copy(self, edge: Edge) -> bool:
        """Let an edge lead to a copy for a way that should end there; false if there are too many of them.

        No edge of a copy leads back or is terminal, but those of a net's.
        """
        vertex = edge.to
        last = vertex.copy
        if not vertex.is_terminal and last.is_terminal and not last.is_by_alias and not edge.is_alias:
            edge.to = last
            return True
        if not self._copies_left:
            return False
        self._copies_left -= 1
        edge.to = made = vertex.add_copy()
        made.place = len(self._unreached)
        self._unreached.append(made)
        for on in vertex.edges:
            if not on.to.is_settled and not on.is_terminal and on.to.site is not edge.start.site:
                made.edges.append(replace(on, start=made, is_terminal=vertex.is_net))
        return True

    def _go_backwards(self) -> None:
        """Try what is not reached by a link back from the cheapest of its neighbours, never out of a domain."""
        for place in reversed(range(len(self._unreached))):
            vertex = self._unreached[place]
            if vertex.copy is not vertex:
                # A copy of it is reached.
                self._reach(vertex)
                continue
            nearest = _nearest_neighbour(vertex)
            if nearest is None:
                continue
            edge = Edge(nearest, vertex, INFINITE + nearest.cost, "!", host_left=True)
            dead = next((n for n, other in enumerate(nearest.edges) if not other.is_dead), len(nearest.edges))
            nearest.edges.insert(dead, edge)
            self._reach(vertex, edge, _cost(edge))
            self._heap.push(vertex)


def _came_by_alias_of(vertex: Vertex, other: Vertex) -> bool:
    """Whether a vertex was reached by aliases from one that is a copy of another: no need to go there again."""
    while vertex.is_by_alias and vertex.parent is not None:
        vertex = vertex.parent
        if vertex.site is other.site:
            return True
    return False


def _cost(edge: Edge) -> int:
    """What it costs to get to the end of an edge."""
    parent = edge.start
    if edge.is_alias:
        return parent.cost
    cost = parent.cost + edge.cost
    if cost >= INFINITE:
        return cost + 1
    if edge.is_dead or parent.is_dead_end:
        return cost + INFINITE
    if edge.to.needs_gateway and not edge.is_gateway:
        return cost + INFINITE
    if not parent.is_net and (parent.has_right if edge.host_left else parent.has_left):
        return cost + INFINITE
    return cost


def _is_better(edge: Edge, cost: int, old: Edge) -> bool:
    """Whether an edge is a better way than that by which its end is reached: a gateway, cheaper, or of better rank."""
    vertex = edge.to
    if vertex.needs_gateway and old.is_gateway != edge.is_gateway:
        return edge.is_gateway
    return cost < vertex.cost or (cost == vertex.cost and _rank(vertex, edge.start) > _rank(vertex, old.start))


def _rank(vertex: Vertex, parent: Vertex) -> tuple[bool, int, int, int, str]:
    """How good a parent is among those of the same cost.

    The rules, one after the other: no net that needs a gateway; fewer hops; the name that begins like the vertex's own
    for longer; the shorter name; the one that is later in the alphabet.
    """
    host = parent.host_at_or_above()
    # A whole name is longer than the beginning of a longer one.
    letters = zip(f"{vertex.name}\0", f"{host.name}\0", strict=False)
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], letters))
    return not parent.needs_gateway, -host.height(), alike, -len(host.name), host.name


def _nearest_neighbour(vertex: Vertex) -> Vertex | None:
    """The cheapest settled vertex that a vertex has a link to."""
    found = [_settled(edge.to) for edge in vertex.edges if not edge.to.is_domain]
    settled = [one for one in found if one is not None]
    least = min((one.cost for one in settled), default=0)
    return max((one for one in settled if one.cost == least), key=lambda one: _rank(vertex, one), default=None)


def _settled(vertex: Vertex) -> Vertex | None:
    if vertex.is_settled:
        return vertex
    return next((other for other in vertex.other_copies() if other.is_settled), None)

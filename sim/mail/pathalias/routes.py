"""What pathalias prints: a route to every host, and to every domain that has one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from sim.mail.pathalias.tree import Tree
from sim.mail.pathalias.vertex import Edge, Vertex


@dataclass(frozen=True, slots=True)
class Route:
    """How mail gets from home to a site."""

    cost: int
    to: str
    before: str
    """What stands before the user, in the form of printf(3): a percent sign is doubled."""
    behind: str

    @property
    def form(self) -> str:
        """As a mailer fills it in, with %s for the user."""
        return f"{self.before}%s{self.behind}"

    def address(self, user: str) -> str:
        """The address of a user at the site, as seen from home."""
        return self.before.replace("%%", "%") + user + self.behind.replace("%%", "%")

    def __str__(self) -> str:
        """As `pathalias -c` prints it."""
        return f"{self.cost}\t{self.to}\t{self.form}"


@dataclass(frozen=True, slots=True)
class _Way:
    """The way to a vertex: the edge that leads there, and what the route to its parent looks like."""

    edge: Edge
    before: str
    behind: str
    first_hop_cost: int
    operator: str
    host_left: bool
    has_at: bool = False
    """Whether there is an at sign in it; all others are percent signs then."""


def routes(tree: Tree, *, first_hop_cost: bool = False) -> Iterator[Route]:
    """The routes, in pathalias's order: down each branch of the tree.

    Args:
        tree: of cheapest ways.
        first_hop_cost: whether a route's cost is that of its first hop (pathalias -f).
    """
    yield Route(tree.home.cost, tree.home.name, "", "")
    given = set()
    ways = [
        _Way(edge, "", "", edge.to.cost, edge.operator, edge.host_left) for edge in reversed(_tree_edges(tree.home))
    ]
    while ways:
        way = ways.pop()
        vertex = way.edge.to
        here = _extended(way, tree.home)
        if vertex.site not in given and _is_best_copy(vertex) and not _domain_suffices(vertex, tree):
            given.add(vertex.site)
            name = _given_name(vertex)
            if name:
                yield Route(way.first_hop_cost if first_hop_cost else vertex.cost, name, here.before, here.behind)
        for edge in reversed(_tree_edges(vertex)):
            # What is in a network is addressed as its gateway is.
            operator, host_left = (way.operator, way.host_left) if vertex.is_net else (edge.operator, edge.host_left)
            ways.append(replace(here, edge=edge, operator=operator, host_left=host_left))


def _tree_edges(vertex: Vertex) -> list[Edge]:
    return [edge for edge in vertex.edges if edge.to.edge is edge and edge.to.is_settled]


def _extended(way: _Way, home: Vertex) -> _Way:
    """The way with what its last vertex adds to the route: nothing for a net and for an alias."""
    edge, vertex = way.edge, way.edge.to
    host = next((other for other in vertex.ancestors() if not other.is_net), None)
    # Distant gateways get user@domain wrong more often than user%domain.
    has_at = way.has_at or (vertex.is_domain and host is not home)
    if vertex.is_net or edge.is_alias:
        return replace(way, has_at=has_at)
    operator = way.operator
    if operator == "@":
        operator, has_at = "%" if has_at else "@", True
    if operator == "%":
        operator = "%%"
    name = vertex.name + "".join(other.name for other in _domains_above(vertex))
    if way.host_left:
        return replace(way, before=f"{way.before}{name}{operator}", has_at=has_at)
    return replace(way, behind=f"{operator}{name}{way.behind}", has_at=has_at)


def _domains_above(vertex: Vertex) -> list[Vertex]:
    """The domains that lead straight to it, the nearest first."""
    return list(takewhile(lambda other: other.is_domain, vertex.ancestors()))


def _is_best_copy(vertex: Vertex) -> bool:
    """Whether no copy of it is reached cheaper, or as cheap by a way that need not end there."""
    settled = [other for other in vertex.other_copies() if other.is_settled]
    return not any(
        vertex.cost > other.cost or (vertex.cost == other.cost and not other.is_terminal) for other in settled
    )


def _domain_suffices(vertex: Vertex, tree: Tree) -> bool:
    """Whether a host has nothing but its domain's route to offer, where nothing is passed on beyond domains."""
    parent = vertex.parent
    if not tree.terminal_domains or vertex.is_net or parent is None or not parent.is_domain:
        return False
    edges = [edge for copy in (vertex, *vertex.other_copies()) for edge in copy.edges]
    return all(edge.is_alias or edge.to is parent for edge in edges)


def _given_name(vertex: Vertex) -> str:
    """The name by which a route is given; empty where none is.

    None is for networks, private sites, and domains below one that has a route.
    """
    if vertex.site.is_private:
        return ""
    if not vertex.is_domain:
        return "" if vertex.is_net else vertex.name
    above = _domains_above(vertex)
    if not all(other.site.is_private for other in above):
        return ""
    return vertex.name + "".join(other.name for other in above)

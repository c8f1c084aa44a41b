"""What is known of a site while the cheapest ways are sought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim.mail.pathalias.graph import Site


@dataclass(slots=True, eq=False)
class Edge:
    """A link from one vertex to another; its fields are those of a map's link."""

    start: Vertex
    to: Vertex
    cost: int
    operator: str
    host_left: bool
    is_dead: bool = False
    is_alias: bool = False
    is_gateway: bool = False
    is_terminal: bool = False


class Vertex:
    """A site, or a copy of it for the ways that should end there.

    Args:
        site: what the map says of it.
        is_terminal: whether it is such a copy.
    """

    __slots__ = (
        "copy",
        "cost",
        "edge",
        "edges",
        "has_left",
        "has_right",
        "is_by_alias",
        "is_domain",
        "is_net",
        "is_reached",
        "is_settled",
        "is_terminal",
        "name",
        "needs_gateway",
        "place",
        "site",
    )

    def __init__(self, site: Site, *, is_terminal: bool = False) -> None:
        self.site = site
        self.name = site.name
        self.is_domain = site.is_domain
        self.is_net = site.is_network or site.is_domain
        self.needs_gateway = site.needs_gateway
        self.edges: list[Edge] = []
        self.copy = self
        """The next in a ring of copies."""
        self.is_terminal = is_terminal
        self.is_reached = self.is_settled = False
        self.is_by_alias = self.has_left = self.has_right = False
        """Whether the last edge to it is an alias; whether hosts on the way stand left, or right, of operators."""
        self.cost = 0
        self.edge: Edge | None = None
        """The edge by which it is reached."""
        self.place = 0
        """Where it stands in the heap, or among those that are not reached."""

    @property
    def parent(self) -> Vertex | None:
        """The last before it on the way here."""
        return self.edge.start if self.edge else None

    @property
    def is_dead_end(self) -> bool:
        """Whether it is a host that should pass nothing on."""
        return (self.site.is_dead or self.is_terminal) and not self.is_net

    def add_copy(self) -> Vertex:
        """One more of the ring, for a way that should end there."""
        made = Vertex(self.site, is_terminal=True)
        made.copy, self.copy = self.copy, made
        return made

    def other_copies(self) -> Iterator[Vertex]:
        """The rest of the ring, from the next on."""
        other = self.copy
        while other is not self:
            yield other
            other = other.copy

    def ancestors(self) -> Iterator[Vertex]:
        """Its parent, that one's, and so on."""
        other = self.parent
        while other is not None:
            yield other
            other = other.parent

    def height(self) -> int:
        """How many hosts and domains are above it."""
        return sum(other.is_domain or not other.is_net for other in self.ancestors())

    def host_at_or_above(self) -> Vertex:
        """Itself, or where it is a declared network what leads into it."""
        found = self
        while found.site.is_network and found.parent is not None:
            found = found.parent
        return found

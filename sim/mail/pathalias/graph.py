"""What a map says: sites, networks and domains, and the links between them with their costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sim.mail.pathalias.table import in_table_order

INFINITE: Final = 100_000_000
"""The cost of what is not to be used while there is any other way."""
DEFAULT_COST: Final = 4000
"""The cost of a link that says none."""


@dataclass(slots=True, eq=False)
class Site:
    """A host, a network or a domain (whose name starts with a dot)."""

    name: str
    links: list[Link] = field(default_factory=list)
    """What leads away from it: dead links first, and of the others the newest."""
    adjustment: int = 0
    """What `adjust` adds to the cost of every link from here."""
    is_network: bool = False
    is_dead: bool = False
    is_private: bool = False
    """Routes lead through it, and none is given to it."""

    @property
    def is_domain(self) -> bool:
        """Whether it is a domain."""
        return self.name.startswith(".")

    @property
    def needs_gateway(self) -> bool:
        """Whether only a gateway leads into it: a domain, or a network that is dead."""
        return self.is_domain or (self.is_network and self.is_dead)


@dataclass(slots=True, eq=False)
class Link:
    """A link to a neighbour."""

    to: Site
    cost: int
    operator: str = "!"
    """The network character that stands between host and user in a route."""
    host_left: bool = True
    """Whether the host stands to its left (host!user) and not to its right (user@host)."""
    is_dead: bool = False
    is_alias: bool = False
    is_gateway: bool = False
    """Whether it leads into a network or domain that needs a gateway, and is one."""
    is_terminal: bool = False
    """Whether nothing should be passed on beyond it."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong in a map, and where."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        """As compilers say it."""
        return f"{self.file}:{self.line}: {self.words}"


class Map:
    """All that is declared.

    Args:
        fold_case: whether the names of sites are taken in lower case.
        terminal_domains: whether nothing should be passed on beyond members of domains (pathalias -D).
    """

    def __init__(self, *, fold_case: bool = True, terminal_domains: bool = False) -> None:
        self.complaints: list[Complaint] = []
        self.terminal_domains = terminal_domains
        self._fold_case = fold_case
        self._sites: dict[str, Site] = {}
        self._privates: dict[str, Site] = {}
        self._made: list[Site] = []
        self._entered: list[tuple[Site, int]] = []
        self._unnamed = 0

    def site(self, name: str) -> Site:
        """The site that bears this name here; made where there is none."""
        name = self.spelled(name)
        found = self._privates.get(name) or self._sites.get(name)
        if found is None:
            found = self._sites[name] = Site(name)
            self._entered.append((found, len(self._made)))
            self._made.append(found)
        return found

    def known(self, name: str) -> Site | None:
        """The site that everybody knows by this name."""
        return self._sites.get(self.spelled(name))

    def spelled(self, name: str) -> str:
        """A name as the map has it."""
        return name.lower() if self._fold_case else name

    def in_order(self, home: Site) -> Sequence[Site]:
        """All sites, in the order in which pathalias comes across those that it has no way to."""
        return in_table_order(self._entered, home)

    def __iter__(self) -> Iterator[Site]:
        """All sites as they were first named, private and deleted ones, too."""
        return iter(self._made)

    def link(self, start: Site, to: Site, cost: int, operator: str = "!", *, host_left: bool = True) -> Link:
        """Declare a link; the dead one that there is takes the lesser cost instead.

        Returns:
            The link; it is dead where its cost is negative.
        """
        place = 0
        for found in start.links:
            if not found.is_dead:
                break
            if found.to is to:
                if cost < found.cost:
                    found.cost, found.operator, found.host_left = cost, operator, host_left
                return found
            place += 1
        made = Link(to, cost + start.adjustment, operator, host_left)
        made.is_dead = made.cost < 0
        made.is_terminal = self.terminal_domains and start.is_domain
        start.links.insert(place, made)
        return made

    def alias(self, one: Site, other: Site) -> bool:
        """Declare that two names are one site's; false where both are domains, which is not allowed."""
        if one.is_domain and other.is_domain:
            return False
        for start, to in ((one, other), (other, one)):
            self.link(start, to, 0).is_alias = True
        return True

    def network(
        self, network: Site | None, members: Sequence[Site], cost: int, operator: str, *, host_left: bool
    ) -> list[Link]:
        """Declare a network: into it at a cost, out of it at none, and never out of a domain upwards.

        Args:
            network: none for one that has no name.
            members: who is in it.
            cost: of a member's way into it.
            operator: the network character.
            host_left: where the host stands.

        Returns:
            The members' links into it.
        """
        if network is None:
            network = self.site(f"[unnamed net {self._unnamed}]")
            self._unnamed += 1
        network.is_network = True
        entries = []
        for member in reversed(dict.fromkeys(members)):
            out = self.link(network, member, 0, operator, host_left=host_left)
            out.is_gateway |= network.needs_gateway and member.needs_gateway
            if not network.is_domain:
                entries.append(self.link(member, network, cost, operator, host_left=host_left))
        return entries

    def adjust(self, site: Site, cost: int) -> list[Link]:
        """Add a cost to every link from a site, to those that come later, too; gives those that it makes negative."""
        site.adjustment += cost
        for link in site.links:
            link.cost += cost
            link.is_dead |= link.cost < 0
        return [link for link in site.links if link.cost < 0]

    def kill(self, site: Site, neighbour: Site | None = None) -> None:
        """Declare a site dead, or its link to a neighbour; where there is none, it has a dead one from now on."""
        if neighbour is None:
            site.is_dead = True
            return
        killed = [link for link in site.links if link.to is neighbour]
        site.links = [link for link in site.links if link.to is not neighbour]
        if not killed:
            self.link(site, neighbour, INFINITE // 2).is_dead = True
        for link in killed:
            self.link(site, neighbour, link.cost, link.operator, host_left=link.host_left).is_dead = True

    def delete(self, site: Site, neighbour: Site | None = None) -> None:
        """Forget what was declared of a site, or its links to a neighbour; a site of that name is a new one then."""
        if neighbour is not None:
            site.links = [link for link in site.links if link.to.name != neighbour.name]
            return
        site.links = []
        site.is_private = True
        if self._sites.get(site.name) is site:
            del self._sites[site.name]

    def hide(self, name: str) -> None:
        """Declare a private site: until `end_privates` this name means it."""
        name = self.spelled(name)
        if name not in self._privates:
            self._privates[name] = Site(name, is_private=True)
            self._made.append(self._privates[name])

    def end_privates(self) -> None:
        """No name means a private site any longer."""
        self._entered += [(site, len(self._made)) for site in reversed(self._privates.values())]
        self._privates = {}

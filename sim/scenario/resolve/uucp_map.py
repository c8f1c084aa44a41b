"""A UUCP map as a network: a site a node, and what the map says of its calls as carriers and windows.

A link is as good as the better of its two directions, since a call brings mail both ways. Its class is the
symbolic cost of pathalias(8) that is nearest: LOCAL is a local network and DEDICATED a line that is always there;
DIRECT and DEMAND are calls at any time, EVENING between 17:00 and 08:00, HOURLY, DAILY and WEEKLY polls, each link's at
a time of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from types import MappingProxyType
from typing import Final
from zlib import crc32

from sim.mail.pathalias import Map, Site, read_map
from sim.scenario.names import some, unique
from sim.scenario.quantity import DAY, HOUR, MINUTE
from sim.scenario.resolve.plan import Edge, Plan, Settings
from sim.scenario.spec import Node
from sim.scenario.spec.calendar import ClockWindow
from sim.scenario.spec.carriers import DialUp, UucpG
from sim.scenario.spec.directions import alike

_LOCAL: Final = 25
_DEDICATED: Final = 100
_CLASSES: Final = (_LOCAL, _DEDICATED, 200, 300, 500, 2000, 5000, 30_000)
_EVENING, _HOURLY, _DAILY, _WEEKLY = 2000, 500, 5000, 30_000
_USELESS: Final = 300_000
"""What costs more is dead."""
_MOST_MESHED: Final = 40
"""A network of more members is joined by the one that has most links: all pairs would be hundreds of thousands."""
_POLL: Final = {_HOURLY: 15 * MINUTE, _DAILY: HOUR, _WEEKLY: 2 * HOUR}
"""For how long a poll may be answered."""


def read_uucp_map(text: str, name: str, note: Callable[[str], None]) -> Plan:
    """The plan of a map; its mistakes are noted with their places.

    Args:
        text: what the file holds.
        name: what it is called.
        note: takes what there is to say.
    """
    declared = read_map(text, name, Map())
    for complaint in declared.complaints:
        note(str(complaint))
    sites = list(declared)
    same_as = _hosts(sites)
    costs: dict[tuple[Site, Site], int] = {}
    for start, to, cost in _links(sites):
        one, other = same_as[start], same_as[to]
        pair = (other, one) if (other, one) in costs else (one, other)
        if one is not other and cost < _USELESS:
            costs[pair] = min(cost, costs.get(pair, cost))
    domains = [site.name for site in sites if site.is_domain]
    if domains:
        note(f"domains of the map that are no nodes: {some(domains)}")
    big = [site.name for site in sites if site.is_network and not site.is_domain and len(site.links) > _MOST_MESHED]
    if big:
        note(f"networks of more than {_MOST_MESHED} sites, joined by the one that has most links: {some(big)}")
    hosts = list(dict.fromkeys(same_as.values()))
    names = dict(zip(hosts, unique(site.name for site in hosts), strict=True))
    edges = [
        Edge((names[one], names[other]), settings_of(cost, f"{names[one]}-{names[other]}"))
        for (one, other), cost in costs.items()
    ]
    return Plan({names[site]: Node() for site in hosts}, edges)


def settings_of(cost: int, pair: str) -> Settings:
    """What a link is by its cost; its name says when it is polled.

    Args:
        cost: pathalias's.
        pair: its two ends.
    """
    kind = min(_CLASSES, key=lambda known: abs(math.log(known / max(cost, 1))))
    if kind == _LOCAL:
        return MappingProxyType({"rate": alike(10e6)})
    if kind == _DEDICATED:
        return MappingProxyType({"carrier": UucpG(), "rate": alike(9600.0)})
    window = _window(kind, crc32(pair.encode()))
    return MappingProxyType({"carrier": DialUp()} | ({"windows": (window,)} if window else {}))


def _window(kind: int, drawn: int) -> ClockWindow | None:
    """When calls are made; at a minute of each hour, or at a quarter of an hour of a night, as it was drawn."""
    if kind == _EVENING:
        return ClockWindow(period=DAY, start=17 * HOUR, end=32 * HOUR)
    if kind == _HOURLY:
        start = drawn % 45 * MINUTE
        return ClockWindow(period=HOUR, start=start, end=start + _POLL[kind])
    if kind in _POLL:
        start = drawn % 24 * 15 * MINUTE
        days = (drawn // 24 % 7,) if kind == _WEEKLY else ()
        return ClockWindow(period=DAY, start=start, end=start + _POLL[kind], days=days)
    return None


def _hosts(sites: list[Site]) -> Mapping[Site, Site]:
    """Each host of the map, and the one that it is by its aliases: the first named of them."""
    same_as: dict[Site, Site] = {}
    for site in sites:
        waiting = [] if site in same_as or not _is_host(site) else [site]
        while waiting:
            one = waiting.pop()
            same_as[one] = site
            waiting += [link.to for link in one.links if link.is_alias and _is_host(link.to) and link.to not in same_as]
    return same_as


def _links(sites: list[Site]) -> Iterator[tuple[Site, Site, int]]:
    """The links between hosts that are not dead, and those between the members of each network."""
    for site in sites:
        links = [link for link in site.links if not link.is_alias and not link.is_dead and _is_host(link.to)]
        if _is_host(site):
            yield from ((site, link.to, link.cost) for link in reversed(links))
        elif not site.is_domain:
            members = list(dict.fromkeys(link.to for link in links))
            entry = {one: min((way.cost for way in one.links if way.to is site), default=_USELESS) for one in members}
            pairs = combinations(members, 2) if len(members) <= _MOST_MESHED else _star(members)
            yield from ((one, other, min(entry[one], entry[other])) for one, other in pairs)


def _star(members: list[Site]) -> Iterator[tuple[Site, Site]]:
    """Each with the one that has most links."""
    centre = max(members, key=lambda member: len(member.links))
    return ((centre, member) for member in members if member is not centre)


def _is_host(site: Site) -> bool:
    return not site.is_domain and not site.is_network

"""The addresses of hosts at run time: whether packets get there, who listens, and which one a client comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from random import Random
from typing import NamedTuple

from sim.mta.queue.mx import Candidate
from sim.network.links.line import Line
from sim.network.links.outages import AvailabilityModel
from sim.network.links.timeline import ALWAYS_UP, Timeline, any_down
from sim.scenario.distribution import Constant
from sim.scenario.spec import Host, SendsFrom
from sim.world.engine.streams import Streams

_AT_ONCE = 1e15
"""bit/s; transfers are computed ahead of time, so that a line must have some rate."""


class Address(NamedTuple):
    """One address: its text and IP version, when packets find their way to it, and when somebody listens there.

    `doors` are what packets to it and from it pass last and first, where it is not always reachable: lines that take no
    time, which are up while it is.
    """

    ip: str
    version: int
    reachable: Timeline
    listens: Timeline
    doors: tuple[Line, Line] | None

    def behind(self, lines: tuple[Sequence[Line], Sequence[Line]]) -> tuple[Sequence[Line], Sequence[Line]]:
        """Lines there and back with its doors."""
        if self.doors is None:
            return lines
        there, back = self.doors
        return (*lines[0], there), (back, *lines[1])


def addresses_of(
    host: Host, listening: Timeline, availability: AvailabilityModel, streams: Streams
) -> dict[str, Address]:
    """A host's addresses by their text; none where it has one of any family.

    Args:
        host: whose.
        listening: when somebody listens at any of them.
        availability: draws their weather, by the names `reachable/HOST/IP` and `listening/HOST/IP`.
        streams: gives the generators of their doors, which never draw.
    """
    found = {}
    for address in host.addresses:
        name = f"{host.name}/{address.ip}"
        reachable = availability.availability(f"reachable/{name}", address.reachable)
        listens = any_down((listening, availability.availability(f"listening/{name}", address.listening)))
        doors = None if reachable is ALWAYS_UP else (_door(reachable, streams), _door(reachable, streams))
        found[address.ip] = Address(address.ip, ip_address(address.ip).version, reachable, listens, doors)
    return found


def _door(reachable: Timeline, streams: Streams) -> Line:
    random: Random = streams("doors")
    return Line(rate=_AT_ONCE, delay=Constant(0.0), mtu=1 << 16, timeline=reachable, random=random)


def candidates_at(host: str, preference: int, addresses: Mapping[str, Address]) -> list[Candidate]:
    """A host's addresses as the product is to put them in order."""
    if not addresses:
        return [Candidate(host, preference)]
    return [Candidate(host, preference, address.ip, address.version) for address in addresses.values()]


@dataclass
class Sources:
    """Which of its addresses a host's client connects from.

    Attributes:
        addresses: the host's.
        how: the first that fits, one after the other, or any, which `random` draws.
    """

    addresses: Mapping[str, Address]
    how: SendsFrom
    random: Random
    _turn: int = 0

    def reach(self, version: int) -> bool:
        """Whether the host has an address of that IP version; without addresses it has all."""
        return not self.addresses or any(one.version == version for one in self.addresses.values())

    def to(self, ip: str) -> str:
        """The address for a new session with another one (empty: any); empty where the host has none of its own."""
        if not self.addresses:
            return ""
        version = ip_address(ip).version if ip else 0
        fitting = [one.ip for one in self.addresses.values() if version in (0, one.version)]
        if not fitting:
            return ""
        if self.how == "random":
            return self.random.choice(fitting)
        turn = self._turn if self.how == "in-turn" else 0
        self._turn += 1
        return fitting[turn % len(fitting)]

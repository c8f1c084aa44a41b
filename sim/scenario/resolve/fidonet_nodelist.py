"""FidoNet's nodelist as a network: zones, regions, nets, hubs and nodes, and the calls between them.

A line is: what it is (Zone, Region, Host, Hub, Pvt, Hold, Down, or nothing), number, name, place, operator, telephone,
rate in bit/s, flags. Zone, Region and Host open what they name, and a Hub what follows it in its net. A node
exchanges mail with its hub or host, a host with all other hosts and its region. All do so in the mail hour, 09:00
to 10:00 UTC (in zone 2 02:30 to 03:30), but who has the flag CM takes calls at all times.
Source: FTS-0002 and FTS-0005, and the remarks of the nodelist of 3 October 1986.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType
from typing import Final

from sim.scenario.quantity import DAY, HOUR, MINUTE
from sim.scenario.resolve.plan import Edge, Plan
from sim.scenario.spec import Node
from sim.scenario.spec.calendar import ClockWindow
from sim.scenario.spec.carriers import DialUp

_WORDS: Final = ("Zone", "Region", "Host", "Hub", "Pvt", "Hold", "Down", "")
_LINE: Final = re.compile(rf"({'|'.join(_WORDS)}),(\d{{1,5}}),", re.IGNORECASE)
_FEWEST_FIELDS: Final = 7
_MODEMS: Final = (300.0, 115_200.0)
_MAIL_HOURS: Final = {2: 2.5 * HOUR}
_MAIL_HOUR: Final = 9 * HOUR
_SILENT: Final = ("hold", "down")


@dataclass(slots=True)
class _Listed:
    """A node of the list: its zone, the rate of its modem in bit/s, and whether it takes calls at all times."""

    zone: int
    rate: float
    is_continuous: bool


@dataclass(slots=True)
class _List:
    """What is open while lines are read, and what they have said."""

    zone: int = 1
    net: int = 0
    region: str = ""
    host: str = ""
    hub: str = ""
    nodes: dict[str, _Listed] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def add(self, word: str, number: int, rate: float, *, is_continuous: bool) -> str:
        """Take a line in; says what is wrong with it."""
        if word in {"zone", "region", "host"}:
            self.net, self.hub = number, ""
            self.zone = number if word == "zone" else self.zone
            name = self._name(0)
        elif not self.net:
            return "no zone, region or host is open before it"
        else:
            name = self._name(number)
        if name in self.nodes:
            return f"{name} is there already"
        above = ""
        if word in {"zone", "region"}:
            self.region = self.host = name
        elif word == "host":
            above, self.host = self.region, name
        else:
            above = self.host if word == "hub" else self.hub or self.host
            self.hub = name if word == "hub" else self.hub
        if word in {"zone", "region", "host"}:
            self.hosts.append(name)
        self.nodes[name] = _Listed(self.zone, rate, is_continuous)
        if above:
            self.edges.append((above, name))
        return ""

    def _name(self, number: int) -> str:
        return f"f{number}.n{self.net}.z{self.zone}"


def is_nodelist(text: str) -> bool:
    """Whether a text looks like one: its first line that is no remark is a node's."""
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith(";")), "")
    return bool(_LINE.match(first))


def read_nodelist(text: str, name: str, note: Callable[[str], None]) -> Plan:
    """The plan of a nodelist; lines that are none of its are noted with their places, and left out.

    Args:
        text: what the file holds.
        name: what it is called.
        note: takes what there is to say.
    """
    listed, silent = _List(), 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip("\x1a ") or line.startswith(";"):
            continue
        found, fields = _LINE.match(line), line.split(",")
        wrong = ""
        if found is None:
            wrong = f"not a node's ({line[:40]}): allowed are {', '.join(_WORDS[:-1])} or nothing, comma and number"
        elif len(fields) < _FEWEST_FIELDS:
            wrong = f"cut off ({line[:40]}): a node has {_FEWEST_FIELDS} fields or more"
        elif found[1].lower() in _SILENT:
            silent += 1
        else:
            wrong = listed.add(
                found[1].lower(), int(found[2]), _rate(fields[6]), is_continuous="CM" in [*map(_flag, fields[7:])]
            )
        if wrong:
            note(f"{name}:{number}: left out: {wrong}")
    if silent:
        note(f"nodes that are down or on hold are left out: {silent}")
    pairs = dict.fromkeys([*listed.edges, *combinations(listed.hosts, 2)])
    edges = [Edge(pair, _settings(*(listed.nodes[end] for end in pair))) for pair in pairs]
    return Plan({one: Node() for one in listed.nodes}, edges)


def _settings(one: _Listed, other: _Listed) -> Mapping[str, object]:
    said: dict[str, object] = {"carrier": DialUp(modem=min(one.rate, other.rate))}
    if not (one.is_continuous or other.is_continuous):
        start = _MAIL_HOURS.get(min(one.zone, other.zone), _MAIL_HOUR)
        said["windows"] = (ClockWindow(period=DAY, start=start, end=start + 60 * MINUTE, zone="UTC"),)
    return MappingProxyType(said)


def _rate(text: str) -> float:
    """The rate of a modem in bit/s; 300 where it is not said, which all of them have."""
    return min(max(float(text), _MODEMS[0]), _MODEMS[1]) if re.fullmatch(r"[0-9]{1,9}", text) else _MODEMS[0]


def _flag(text: str) -> str:
    return text.strip().rstrip(":").upper()

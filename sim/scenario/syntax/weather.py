"""What a scenario file may say of what fails together, of partitions and of the name service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Reads, read_each
from sim.scenario.scalars import Duration, LongDuration, Names, read_names
from sim.scenario.sections import Section
from sim.scenario.spec.network import NEGATIVE_TTL, TTL
from sim.scenario.spec.weather import Weather


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupForm(Weather):
    """Links and hosts that fail together: while the group is down, all of them are."""

    members: Names
    """Links by name (`a-b`: the one between a and b), and hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServiceForm(Weather):
    """When the name service answers; while it does not, hosts cannot look up where mail goes, and try again later."""

    servers: Names = ()
    """Hosts that run it: it answers while one of them is up."""
    ttl: Duration = TTL
    """How long hosts may go by what they have heard of a domain that has no `ttl` of its own."""
    negative_ttl: Duration = NEGATIVE_TTL
    """How long they may go by the answer that there is no such domain (RFC 2308)."""
    lookup: Duration = 0.0
    """What it takes to ask where nothing is remembered; no time, where absent."""


def _read_sides(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"not sides ({shown(value)}): allowed is a list of two or more lists of hosts")
    nobody: tuple[str, ...] = ()
    return read_each(read_names, nobody, value)


_NAME: Mapping[str, object] = {"type": ["string", "integer"]}
_SIDE = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}
_SIDES = Reads(_read_sides, {"type": "array", "items": _SIDE, "minItems": 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionForm(Section):
    """The network falls apart for a time: every link from one side to another is down."""

    at: Duration
    """When it begins."""
    for_: LongDuration
    """How long it lasts."""
    sides: Annotated[tuple[tuple[str, ...], ...], _SIDES]
    """The hosts of each side; links of hosts on no side stay up."""

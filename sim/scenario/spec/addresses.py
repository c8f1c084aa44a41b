"""The keys `addresses` and `sends_from` of a host."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, ClassVar, Literal

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Reads, Shorthand, Word
from sim.scenario.sections import Section
from sim.scenario.spec.weather import Availability, Weather

SendsFrom = Literal["first", "in-turn", "random"]
SourceChoice = Annotated[SendsFrom, Word("choice of a source address")]


def read_ip(value: object) -> str:
    """An IP address in its shortest form.

    Raises:
        ValueError: none.
    """
    try:
        if isinstance(value, str) and "%" not in value:
            return str(ip_address(value.strip()))
    except ValueError:
        pass
    raise ValueError(f"not an IP address ({shown(value)}): allowed is e.g. 192.0.2.1 or 2001:db8::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(Section):
    """One of a host's addresses; it may stand alone, without a mapping."""

    brief: ClassVar = ("reachable", "listening")

    ip: Annotated[str, Reads(read_ip, {"type": "string"})]
    """The IPv4 or IPv6 address."""
    reachable: Availability = Weather()
    """Whether, or when, packets find their way to it; at other times it is as behind a link that is down."""
    listening: Availability = Weather()
    """Whether, or when, somebody listens at it; the host's own `listening` holds for all of them."""


Addresses = tuple[
    Annotated[Address, Shorthand(lambda value: {"ip": value} if isinstance(value, str) else value, {"type": "string"})],
    ...,
]

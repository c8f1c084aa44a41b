"""What a scenario file may say of a host's addresses: keys, types and meanings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, get_args

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Reads, Section, Shorthand
from sim.scenario.scalars import word
from sim.scenario.spec import Address, SendsFrom, Weather
from sim.scenario.syntax.weather import Availability, show_availability


def _read_ip(value: object) -> str:
    """An IP address in its shortest form."""
    try:
        if isinstance(value, str) and "%" not in value:
            return str(ip_address(value.strip()))
    except ValueError:
        pass
    raise ValueError(f"not an IP address ({shown(value)}): allowed is e.g. 192.0.2.1 or 2001:db8::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressForm(Section):
    """One of a host's addresses; it may stand alone, without a mapping."""

    ip: Annotated[str, Reads(_read_ip, {"type": "string"})]
    """The IPv4 or IPv6 address."""
    reachable: Availability = True
    """Whether, or when, packets find their way to it; at other times it is as behind a link that is down."""
    listening: Availability = True
    """Whether, or when, somebody listens at it; the host's own `listening` holds for all of them."""


def _expand(value: object) -> object:
    return {"ip": value} if isinstance(value, str) else value


Addresses = tuple[Annotated[AddressForm, Shorthand(_expand, {"type": "string"})], ...]
SourceChoice = Annotated[SendsFrom, word("choice of a source address", *get_args(SendsFrom))]


def show_addresses(addresses: Sequence[Address]) -> list[object]:
    """Addresses as a file says them."""
    return [_show(address) for address in addresses]


def _show(address: Address) -> object:
    said = {key: getattr(address, key) for key in ("reachable", "listening")}
    return {"ip": address.ip} | {key: show_availability(when) for key, when in said.items() if when != Weather()}

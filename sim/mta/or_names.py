"""Which O/R address a mailbox has where no table says so, and which management domain an MTA is in.

It is made of the domain's labels: the last one is the country where it has two letters (else the country is ZZ, and it
is the ADMD), then come PRMD, organization and its units. Management domains and routing go by these attributes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sim.mail.address import Address, parse_address
from sim.mail.or_address import UNITS_LIMIT, ORAddress
from sim.mail.printable_string import ascii_to_printable, is_printable, printable_to_ascii
from sim.protocol.x400.names import Domain, domain_of

_NOWHERE: Final = "ZZ"
_DDA: Final = "RFC-822"
_LONGEST: Final = 40


@lru_cache(maxsize=65_536)
def or_address_of(address: Address) -> ORAddress:
    """The O/R address of a mailbox: a surname in its domain, where that comes back as it is.

    Else it has the domain-defined attribute RFC-822 (RFC 2156 section 4.3.2).
    """
    inside = _attributes(address.domain) or {"country": _NOWHERE, "admd": " "}
    named = ORAddress(surname=address.local, **inside)
    if 0 < len(address.local) <= _LONGEST and is_printable(address.local) and mailbox_of(named) == address:
        return named
    return ORAddress(domain_defined=((_DDA, ascii_to_printable(str(address))),), **inside)


@lru_cache(maxsize=65_536)
def mailbox_of(address: ORAddress) -> Address:
    """The mailbox that an O/R address stands for.

    Raises:
        ValueError: it stands for none.
    """
    for kind, value in address.domain_defined:
        if kind == _DDA:
            return parse_address(printable_to_ascii(value))
    labels = [address.prmd, address.organization, *address.units]
    last = address.admd if address.country == _NOWHERE else (address.country or "").lower()
    domain = ".".join([label for label in (last, *labels) if label][::-1])
    return Address(address.surname or "postmaster", domain)


def mta_domain(name: str) -> Domain:
    """The management domain of a host, by what it calls itself."""
    inside = _attributes(name.lower())
    return Domain(_NOWHERE, " ") if inside is None else domain_of(ORAddress(**inside))


def _attributes(domain: str) -> dict[str, Any] | None:
    """A domain as attributes of an O/R address; None where it has none."""
    *labels, last = domain.split(".")
    if not is_printable(domain) or not (all(labels) and last) or len(labels) > 2 + UNITS_LIMIT:
        return None
    country = len(last) == 2 and last.isalpha() and last.upper() != _NOWHERE
    found: dict[str, Any] = {"country": last.upper(), "admd": " "} if country else {"country": _NOWHERE, "admd": last}
    first, second, *units = [*labels[::-1], "", ""]
    found |= {"prmd": first or None, "organization": second or None}
    return found | {"units": tuple([unit for unit in units if unit])}

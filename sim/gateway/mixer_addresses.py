"""Addresses between RFC 822 and X.400, both ways (RFC 2156 section 4.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from sim.gateway.global_mapping import HIERARCHY, GlobalMapping, Levels, address_of, is_domain_syntax, levels_of
from sim.gateway.losses import NOTHING, Loss
from sim.mail.address import Address
from sim.mail.or_address import DDA_LIMIT, DDA_VALUE_LIMIT, ORAddress, parse_or_address
from sim.mail.personal_name import parse_personal_name
from sim.mail.printable_string import ORAddressError, ascii_to_printable, printable_to_ascii

_ROUTED: Final = re.compile(r"((?:@[^@,:]+[,:])*)(.*)@([^@]+)", re.DOTALL)
_COMMENT: Final = re.compile(r"(?<! ) +\([^()]*\)$")
_QUOTED_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)

# Section 4.3.4, stage I step 3: PrintableString, and what std-or-address has beside it; step 2: spaces that get lost.
_LET_THROUGH: Final = re.compile(r"[A-Za-z0-9 '()+,./:=?{}*$-]*")
_LOST_SPACES: Final = re.compile(r"^ | $|  ")

_RFC822: Final = ("RFC-822", "RFC822C1", "RFC822C2", "RFC822C3")


@dataclass(frozen=True)
class MixerGateway:
    """A gateway between RFC 822 and X.400: who it is in both, and what it knows of others.

    `domain` and `address` are its own; `mapping` are the global mappings that it uses; `gateways` has other gateways'
    O/R addresses by the domains for which they are there (section 4.3.4, stage II).
    """

    domain: str
    address: ORAddress
    mapping: GlobalMapping = field(default_factory=GlobalMapping)
    gateways: Mapping[str, ORAddress] = field(default_factory=dict)


class Rfc822Address(NamedTuple):
    """What an O/R address is in RFC 822: its text, and what of it was dropped."""

    text: str
    losses: tuple[Loss, ...] = NOTHING


def to_or_address(text: str, gateway: MixerGateway, *, is_return_address: bool = False) -> ORAddress:
    """The O/R address of an RFC 822 address (`[route] addr-spec`); section 4.3.4.

    A comment behind it, and angle brackets, are passed over, and carried along where all of the text has to be
    carried. Without a domain the gateway's own is meant.

    The return address of an envelope comes back by this very gateway: where it has to be carried in a domain-defined
    attribute, that is at the gateway's own O/R address.

    Raises:
        ORAddressError: the text is no address, or is longer than four domain-defined attributes hold.
    """
    route, local, domain = _parts(text, gateway.domain)
    if not route:
        address = _stage_1(local, domain, gateway.mapping)
        if address is not None:
            return address
    first = route.split(",")[0].strip("@:") if route else domain
    return _stage_2(text, _at(first, gateway, is_return_address=is_return_address))


def to_rfc822(address: ORAddress, gateway: MixerGateway) -> Rfc822Address:
    """The RFC 822 address of an O/R address; section 4.3.5.

    One that was RFC 822's before (a domain-defined attribute RFC-822, of any gateway) is that again, and what stands
    beside it is dropped; else it is a local part in the domain that the global mappings have, or in the gateway's.
    """
    carried = {kind.upper(): value for kind, value in address.domain_defined}
    if "RFC-822" in carried:
        dropped = [key for key, _ in replace(address, domain_defined=()).pairs() if key not in _GATEWAY_KEYS]
        dropped += [f"DD.{kind}" for kind, _ in address.domain_defined if kind.upper() not in _RFC822]
        text = printable_to_ascii("".join(carried.get(kind, "") for kind in _RFC822))
        return Rfc822Address(text, tuple(Loss("attribute", key) for key in dropped))
    levels = levels_of(address)
    if replace(address, units=(), **dict.fromkeys(HIERARCHY)) == ORAddress():  # type: ignore[arg-type]
        levels = _without_last(levels)  # at least one attribute stays on the left
    domain, count = gateway.mapping.domain(levels)
    if not domain:
        return Rfc822Address(str(Address(str(address), gateway.domain)))
    is_mnemonic = address.form in ("mnemonic", None)
    return Rfc822Address(str(Address(_local_part(_below(address, count)) if is_mnemonic else str(address), domain)))


def to_1984(address: ORAddress) -> ORAddress:
    """What X.400 of 1984 makes of an address of 1988: the common name is a domain-defined attribute (RFC 1328)."""
    if address.common_name is None or len(address.domain_defined) == DDA_LIMIT:
        return address
    return replace(address, common_name=None, domain_defined=(("Common", address.common_name), *address.domain_defined))


def to_1988(address: ORAddress) -> ORAddress:
    """The way back of `to_1984`."""
    common = [value for kind, value in address.domain_defined if kind.upper() == "COMMON"]
    if address.common_name is not None or not common:
        return address
    others = tuple(pair for pair in address.domain_defined if pair[0].upper() != "COMMON")
    return replace(address, common_name=common[0], domain_defined=others)


# What an address in a domain-defined attribute stands beside: where the gateway is.
_GATEWAY_KEYS: Final = frozenset({"OU", "O", "PRMD", "ADMD", "C"})


def _parts(text: str, own_domain: str) -> tuple[str, str, str]:
    """Route, local part (as written) and domain."""
    address = _COMMENT.sub("", text).removeprefix("<").removesuffix(">")
    found = _ROUTED.fullmatch(address if "@" in address else f"{address}@{own_domain}")
    if found is None or not found[2] or any(character.isspace() for character in found[3]):
        raise ORAddressError(f"{text!r} is no RFC 822 address: write local-part@domain, perhaps after a route")
    return found[1], found[2], found[3]


def _stage_1(local: str, domain: str, mapping: GlobalMapping) -> ORAddress | None:
    """The address that the local part and the mapped domain say together; None where they do not."""
    quoted = _QUOTED_STRING.fullmatch(local)
    said = _QUOTED_PAIR.sub(r"\1", quoted[1]) if quoted else local
    if _LOST_SPACES.search(said):
        return None
    if not _LET_THROUGH.fullmatch(said):
        # Section 4.1.3 has ";" between attributes, which step 3 would not let through: taken where all of it is there.
        return _complete(said) if ";" in said else None
    return _complete(said) or _completed(said, domain, mapping)


def _complete(said: str) -> ORAddress | None:
    try:
        address = parse_or_address(said)
    except ORAddressError:
        return None
    return address if address.form is not None and (said[:1] == "/" or ";" in said) else None


def _completed(said: str, domain: str, mapping: GlobalMapping) -> ORAddress | None:
    """Attributes or a name on the left, the levels above them from the domain (step 8)."""
    try:
        if said[:1] == "/" and "=" in said:
            address = parse_or_address(said)
        else:
            name = parse_personal_name(said)
            address = ORAddress(surname=name.surname, given=name.given, initials=name.initials)
    except ORAddressError:
        return None
    levels, is_whole = mapping.levels(domain)
    if not is_whole:
        return None
    mine = levels_of(address)
    highest = next((place for place, level in enumerate(mine) if level is not None), len(levels))
    above = (*levels, *(None,) * (highest - len(levels)))
    joined = address_of((*above[:highest], *mine[highest:]) if highest < len(HIERARCHY) else (*above, *address.units))
    whole = replace(
        address,
        country=joined.country,
        admd=joined.admd,
        prmd=joined.prmd,
        organization=joined.organization,
        units=joined.units,
    )
    try:
        return parse_or_address(str(whole)) if whole.form is not None else None
    except ORAddressError:
        return None


def _at(domain: str, gateway: MixerGateway, *, is_return_address: bool) -> ORAddress:
    """Where the gateway is that a domain-defined attribute goes to (stage II)."""
    if is_return_address or not is_domain_syntax(domain):
        return gateway.address
    levels, _ = gateway.mapping.levels(domain)
    if levels:
        return address_of(levels)
    labels = domain.lower().split(".")
    for at in range(len(labels)):
        other = gateway.gateways.get(".".join(labels[at:]))
        if other is not None:
            return other
    return gateway.address


def _stage_2(text: str, at: ORAddress) -> ORAddress:
    value = ascii_to_printable(text)
    parts = [value[place : place + DDA_VALUE_LIMIT] for place in range(0, len(value), DDA_VALUE_LIMIT)]
    if len(parts) > DDA_LIMIT:
        most = DDA_LIMIT * DDA_VALUE_LIMIT
        raise ORAddressError(f"{text!r} takes {len(value)} characters in an O/R address: at most {most} are allowed")
    return replace(at, domain_defined=tuple(zip(_RFC822, parts, strict=False)))


def _without_last(levels: Levels) -> Levels:
    """Without the least significant level that is there."""
    count = max((place for place, level in enumerate(levels) if level is not None), default=0)
    return levels[:count]


def _below(address: ORAddress, count: int) -> ORAddress:
    """The address without its first levels, which the domain says."""
    return replace(address, **dict.fromkeys(HIERARCHY[:count]), units=address.units[max(0, count - len(HIERARCHY)) :])  # type: ignore[arg-type]


def _local_part(rest: ORAddress) -> str:
    """A name in RFC 2156's short form where that is all, else all attributes."""
    name = rest.personal_name
    encoded = (
        name.encoded() if name is not None and len([*rest.pairs()]) == sum(part is not None for part in name) else None
    )
    return encoded if encoded is not None and not (encoded[:1] == "/" and "=" in encoded) else str(rest)

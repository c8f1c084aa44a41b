"""O/R names, management domains and times as P1 has them (X.411 section 8.5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sim.mail.or_address import ORAddress
from sim.protocol.errors import LocalProtocolError, RemoteProtocolError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COMMON_NAME: Final = 1
_FIELDS: Final = {
    "network-address": "x121",
    "terminal-identifier": "terminal_id",
    "organization-name": "organization",
    "numeric-user-identifier": "numeric_user_id",
}
_NAME: Final = {
    "surname": "surname",
    "given-name": "given",
    "initials": "initials",
    "generation-qualifier": "generation",
}


@dataclass(frozen=True, slots=True)
class Domain:
    """A management domain: an ADMD of a country, or a PRMD of one."""

    country: str
    admd: str
    prmd: str = ""

    def __str__(self) -> str:
        """As RFC 2156 section 5.3.7 writes it: `/PRMD=Widget/ADMD=Atlas/C=FR/`."""
        return (f"/PRMD={self.prmd}" if self.prmd else "") + f"/ADMD={self.admd}/C={self.country}/"


def domain_of(address: ORAddress) -> Domain:
    """The domain that an address is in."""
    return Domain(address.country or "", address.admd or " ", address.prmd or "")


def write_time(seconds: float) -> datetime:
    """A time in s since 1970 as the library wants it."""
    return (_EPOCH + timedelta(seconds=int(seconds))).replace(tzinfo=None)


def read_time(said: datetime) -> int:
    """Likewise, the other way."""
    return int((said.replace(tzinfo=said.tzinfo or UTC) - _EPOCH).total_seconds())


def write_domain(domain: Domain) -> dict[str, Any]:
    """A GlobalDomainIdentifier."""
    said: dict[str, Any] = {
        "country-name": _choice(domain.country),
        "administration-domain-name": ("printable", domain.admd),
    }
    if domain.prmd:
        said["private-domain-identifier"] = ("printable", domain.prmd)
    return said


def read_domain(said: dict[str, Any]) -> Domain:
    """Likewise, the other way."""
    prmd = said.get("private-domain-identifier", ("", ""))[1]
    return Domain(said["country-name"][1], said["administration-domain-name"][1], prmd)


@lru_cache(maxsize=4096)
def write_name(address: ORAddress) -> dict[str, Any]:
    """An ORName.

    Raises:
        LocalProtocolError: the address has what is not put into P1 here: teletex, postal or network attributes.
    """
    if address.extensions or any("*" in value for _, value in address.pairs()):
        raise LocalProtocolError(f"{address} has attributes beside those of PrintableString: they are not put into P1")
    standard: dict[str, Any] = {}
    if address.country is not None:
        standard["country-name"] = _choice(address.country)
    if address.admd is not None:
        standard["administration-domain-name"] = ("printable", address.admd)
    if address.prmd is not None:
        standard["private-domain-name"] = ("printable", address.prmd)
    standard |= _there(address, _FIELDS)
    if address.surname is not None:
        standard["personal-name"] = _there(address, _NAME)
    if address.units:
        standard["organizational-unit-names"] = list(address.units)
    said: dict[str, Any] = {"standard-attributes": standard}
    if address.domain_defined:
        said["domain-defined-attributes"] = [{"type": kind, "value": value} for kind, value in address.domain_defined]
    if address.common_name is not None:
        text = address.common_name.encode("ascii", "replace")
        said["extension-attributes"] = [{"type": _COMMON_NAME, "value": b"\x13" + bytes([len(text)]) + text}]
    return said


def read_name(said: dict[str, Any]) -> ORAddress:
    """The address of an ORName; of its extension attributes it takes the common name.

    Raises:
        RemoteProtocolError: it has another.
    """
    standard = said["standard-attributes"]
    fields: dict[str, Any] = {field: standard[key] for key, field in _FIELDS.items() if key in standard}
    for key, field in (
        ("country-name", "country"),
        ("administration-domain-name", "admd"),
        ("private-domain-name", "prmd"),
    ):
        if key in standard:
            fields[field] = standard[key][1]
    name = standard.get("personal-name", {})
    fields |= {field: name[key] for key, field in _NAME.items() if key in name}
    for one in said.get("extension-attributes", ()):
        value = bytes(one["value"])
        if one["type"] != _COMMON_NAME or value[:1] != b"\x13" or value[1:2] != bytes([len(value[2:])]):
            raise RemoteProtocolError(f"extension attribute {one['type']} of an O/R name: common names are read")
        fields["common_name"] = value[2:].decode("ascii", "replace")
    return ORAddress(
        units=tuple(standard.get("organizational-unit-names", ())),
        domain_defined=tuple([(one["type"], one["value"]) for one in said.get("domain-defined-attributes", ())]),
        **fields,
    )


def _there(address: ORAddress, fields: dict[str, str]) -> dict[str, str]:
    return {key: value for key, field in fields.items() if (value := getattr(address, field)) is not None}


def _choice(country: str) -> tuple[str, str]:
    return ("numeric" if country.isdigit() else "printable"), country

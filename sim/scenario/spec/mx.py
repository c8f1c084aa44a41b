"""The keys of a mail domain's DNS records, `mx`, `a`, `ttl` and `changes`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import KEY, Collected, JsonSchema, Reads, Step
from sim.scenario.scalars import NAMES_SCHEMA, Duration, Name, one_or_many, read_name, read_whole
from sim.scenario.sections import Said, Section
from sim.scenario.spec.network import TTL

MxRecords = tuple[tuple[int, str], ...]
"""Preferences and hosts."""

NULL_MX: MxRecords = ((0, "."),)
"""The MX records of a domain that takes no mail (RFC 7505)."""

DEFAULT_PREFERENCE = 10


def read_mx(value: object) -> MxRecords:
    """MX records: a mapping of preferences to hosts, a host, or a list of hosts (of preference 10), best first.

    `NULL_MX` where the text is `none`, or `{0: .}`: the domain takes no mail (RFC 7505).

    Raises:
        ValueError: something else, or no host at all.
    """
    if value in ("none", {0: "."}):
        return NULL_MX
    collected = Collected()
    records: list[tuple[int, str]] = []
    if isinstance(value, dict):
        for key, hosts in value.items():
            preference = collected.read((key, KEY), _read_preference, key, 0)
            records += _read_hosts(collected.read, preference, hosts, (key,))
    else:
        records = _read_hosts(collected.read, DEFAULT_PREFERENCE, value, ())
    collected.done()
    if not records:
        raise ValueError(
            "no MX host (nothing listed): allowed is e.g. {10: HOST}, or none for a domain that takes no mail; "
            "without mx it is the host of a, or the domain's own"
        )
    return tuple(sorted(records, key=lambda record: record[0]))


def _read_preference(value: object) -> int:
    try:
        return read_whole(0, 65535, value)
    except ValueError:
        text = f"not a preference ({shown(value)}): allowed is a whole number from 0 to 65535, as in {{10: HOST}}"
        raise ValueError(text) from None


def _read_hosts(
    read: Callable[..., str], preference: int, value: object, where: tuple[Step, ...]
) -> list[tuple[int, str]]:
    if not isinstance(value, list):
        return [(preference, read(where, read_name, value, ""))]
    return [(preference, read((*where, index), read_name, item, "")) for index, item in enumerate(value)]


def by_preference(records: MxRecords) -> dict[int, list[str]]:
    """The hosts of each preference."""
    found: dict[int, list[str]] = {}
    for preference, host in records:
        found.setdefault(preference, []).append(host)
    return found


def _write_mx(records: MxRecords) -> object:
    if records == NULL_MX:
        return "none"
    return {preference: one_or_many(hosts) for preference, hosts in by_preference(records).items()}


_REMOVED = "removed"
_SCHEMA: JsonSchema = {
    "anyOf": [
        *NAMES_SCHEMA["anyOf"],
        {"type": "object", "patternProperties": {r"^\d+$": NAMES_SCHEMA}, "minProperties": 1},
    ]
}
_CHANGED = Reads(
    lambda value: () if value == _REMOVED else read_mx(value), _SCHEMA, lambda mx: _write_mx(mx) if mx else _REMOVED
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MxChange(Section):
    """Other records from a time on; what is not said stays."""

    brief: ClassVar = ("a",)

    at: Duration
    """When the records change; hosts go by the old ones until these have lived their `ttl`."""
    mx: Annotated[MxRecords, _CHANGED]
    """The MX hosts from then on, by preference; or `removed`: there are none, and mail goes to the host of `a`."""
    a: Name = ""
    """The host of the A record from then on."""


class MxChangeSettings(Said):
    """Other records from a time on; what is not said stays."""

    sections = (MxChange,)
    needed = ("at",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records(Section):
    """What the DNS says of a mail domain.

    Without MX records mail goes to the host of the A record, or, where there is none, to the one that bears the
    domain's name (RFC 5321 section 5.1). An exchanger's name that ends in a dot is no host's, and has no address.
    """

    brief: ClassVar[tuple[str, ...]] = ("mx", "a", "changes")

    mx: Annotated[MxRecords, Reads(read_mx, _SCHEMA, _write_mx)] = ()
    """Its MX hosts by preference, or `none`; where absent, the host of `a`, or the one that bears the domain's name.

    A name with a dot at its end that is no host's has no address: `{10: gone.example.}`.
    """
    a: Name = ""
    """The host of its A record, a web server perhaps: mail goes there as long as there is no MX record."""
    ttl: Duration = TTL
    """How long hosts may go by what they have heard of it; as `network.dns` says, where absent."""
    changes: tuple[MxChange, ...] = ()
    """Other MX hosts, or none, from a time on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsLayers(Section):
    """What a file says of records otherwise than the specification."""

    changes: tuple[MxChangeSettings, ...] = ()
    """Other MX hosts, or none, from a time on."""

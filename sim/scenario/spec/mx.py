"""The MX records of a domain, as a scenario file writes them, and how they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import KEY, Collected, JsonSchema, Reads, Step
from sim.scenario.scalars import Duration, Name, read_name, read_whole
from sim.scenario.sections import Section

DEFAULT_PREFERENCE = 10


@dataclass(frozen=True, slots=True)
class MxRecord:
    """One MX record, and where below the key `mx` its host stands."""

    preference: int
    host: str
    where: tuple[Step, ...]


def read_mx(value: object) -> tuple[MxRecord, ...]:
    """MX records: a mapping of preferences to hosts, a host, or a list of hosts (of preference 10), best first.

    None at all where the text is `none`, or `{0: .}`: the domain takes no mail (RFC 7505).

    Raises:
        ValueError: something else, or no host at all.
    """
    if value in ("none", {0: "."}):
        return ()
    collected = Collected()
    records: list[MxRecord] = []
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
    return tuple(sorted(records, key=lambda record: record.preference))


def _read_preference(value: object) -> int:
    try:
        return read_whole(0, 65535, value)
    except ValueError:
        text = f"not a preference ({shown(value)}): allowed is a whole number from 0 to 65535, as in {{10: HOST}}"
        raise ValueError(text) from None


def _read_hosts(read: Callable[..., str], preference: int, value: object, where: tuple[Step, ...]) -> list[MxRecord]:
    items: list[tuple[object, tuple[Step, ...]]] = [(value, where)]
    if isinstance(value, list):
        items = [(item, (*where, index)) for index, item in enumerate(value)]
    return [MxRecord(preference, read(place, read_name, item, ""), place) for item, place in items]


REMOVED: Literal["removed"] = "removed"


def read_changed_mx(value: object) -> tuple[MxRecord, ...] | Literal["removed"]:
    """As `read_mx`, or the word for a domain that has no MX records any more."""
    return REMOVED if value == REMOVED else read_mx(value)


_NAME: JsonSchema = {"type": ["string", "integer"]}
_HOSTS: JsonSchema = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}
_MX_SCHEMA: JsonSchema = {
    "anyOf": [*_HOSTS["anyOf"], {"type": "object", "patternProperties": {r"^\d+$": _HOSTS}, "minProperties": 1}]
}

Mx = Annotated[tuple[MxRecord, ...], Reads(read_mx, _MX_SCHEMA)]
ChangedMx = Annotated[tuple[MxRecord, ...] | Literal["removed"], Reads(read_changed_mx, _MX_SCHEMA)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MxChangeForm(Section):
    """Other records from a time on; what is not said stays."""

    at: Duration
    """When the records change; hosts go by the old ones until these have lived their `ttl`."""
    mx: ChangedMx | None = None
    """The MX hosts from then on, by preference; or `removed`: there are none, and mail goes to the host of `a`."""
    a: Name | None = None
    """The host of the A record from then on."""

    def __post_init__(self) -> None:
        if self.mx is None and self.a is None:
            raise ValueError("a change of nothing: allowed are mx, a, or both")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsForm(Section):
    """What the DNS says of a mail domain."""

    mx: Mx | None = None
    """Its MX hosts by preference, or `none`; where absent, the host of `a`, or the one that bears the domain's name.

    A name with a dot at its end that is no host's has no address: `{10: gone.example.}`.
    """
    a: Name | None = None
    """The host of its A record, a web server perhaps: mail goes there as long as there is no MX record."""
    ttl: Duration | None = None
    """How long hosts may go by what they have heard of it; as `network.dns` says, where absent."""
    changes: tuple[MxChangeForm, ...] | None = None
    """Other MX hosts, or none, from a time on."""

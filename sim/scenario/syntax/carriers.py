"""A link's carrier as a scenario file writes it: its name, alone or with its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import Annotated, Final, Literal

from sim.scenario.names import shown, unknown
from sim.scenario.pydantic_seam import Collected, JsonSchema, Reads, one_key, settings
from sim.scenario.quantity import (
    BIT_RATE,
    DURATION,
    PROBABILITY,
    SIZE,
    format_bit_rate,
    format_duration,
    format_size,
    parse_bytes,
    parse_probability,
)
from sim.scenario.scalars import read_whole
from sim.scenario.spec.carriers import X25, Bsc, Carrier, DialUp, UucpG

TCP: Final = "tcp"
"""The word for links of the Internet, where TCP repairs what is lost."""

_KINDS: Final[Mapping[str, type[Carrier]]] = {"bsc": Bsc, "uucp-g": UucpG, "x25": X25, "dial-up": DialUp}

_MODEMS = (300.0, 14_400.0)


def read_carrier(value: object) -> Carrier | Literal["tcp"]:
    """A carrier: its name, or a mapping of it to its settings.

    Raises:
        ValueError: there is none of that name, or settings that cannot be.
    """
    if isinstance(value, dict):
        name, given = one_key(value, "carrier", [*_KINDS])
        collected = Collected()
        usual: Carrier = _KINDS[name]()
        carrier = collected.read((name,), partial(_settings, _KINDS[name]), given, usual)
        collected.done()
        return carrier
    if value == TCP:
        return "tcp"
    if not isinstance(value, str) or value not in _KINDS:
        raise ValueError(unknown("carrier", value if isinstance(value, str) else shown(value), [TCP, *_KINDS]))
    return _KINDS[value]()


def _settings(kind: type[Carrier], value: object) -> Carrier:
    names = [field.name for field in fields(kind)]
    collected = Collected()
    given = settings({} if value is None else value, [], names, collected=collected)
    usual = kind()
    said = {name: collected.read((name,), _READERS[name], item, getattr(usual, name)) for name, item in given.items()}
    collected.done()
    return kind(**said)


def _block(value: object) -> float:
    size = parse_bytes(value)
    if not 1 <= size <= 65535:
        raise ValueError(f"not a size of blocks ({shown(value)}): allowed is 1 B to 65535 B")
    return size


def _modem(value: object) -> float:
    rate = BIT_RATE.parse(value)
    if not _MODEMS[0] <= rate <= _MODEMS[1]:
        raise ValueError(f"not the rate of a modem ({shown(value)}): allowed is 300 bit/s to 14.4 kbit/s")
    return rate


def _busy(value: object) -> float:
    busy = parse_probability(value)
    if busy == 1:
        raise ValueError(f"a number that is always engaged ({shown(value)}): allowed is less")
    return busy


_READERS: Final[Mapping[str, Callable[[object], float]]] = {
    "block": _block,
    "turnaround": DURATION.parse,
    "window": partial(read_whole, 1, 7),
    "setup": DURATION.parse,
    "redial": DURATION.parse,
    "modem": _modem,
    "busy": _busy,
}


def format_carrier(carrier: Carrier | None) -> object:
    """The carrier as data that `read_carrier` reads back."""
    if carrier is None:
        return TCP
    name = next(name for name, kind in _KINDS.items() if isinstance(carrier, kind))
    return {name: {field.name: _WRITERS[field.name](getattr(carrier, field.name)) for field in fields(carrier)}}


_WRITERS: Final[Mapping[str, Callable[[float], object]]] = {
    "block": format_size,
    "turnaround": format_duration,
    "window": int,
    "setup": format_duration,
    "redial": format_duration,
    "modem": format_bit_rate,
    "busy": lambda busy: PROBABILITY.format(busy) if busy else 0,
}


def _schema() -> JsonSchema:
    quantities: JsonSchema = {
        "block": SIZE.json_schema(),
        "window": {"type": "integer", "minimum": 1, "maximum": 7},
        "modem": BIT_RATE.json_schema(),
        "busy": PROBABILITY.json_schema(),
    } | dict.fromkeys(("turnaround", "setup", "redial"), DURATION.json_schema())
    kinds = {
        name: {
            "type": ["object", "null"],
            "properties": {field.name: quantities[field.name] for field in fields(kind)},
            "additionalProperties": False,
        }
        for name, kind in _KINDS.items()
    }
    full = {
        "type": "object",
        "properties": kinds,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [{"enum": [TCP, *_KINDS]}, full]}


CarrierText = Annotated[Carrier | Literal["tcp"], Reads(read_carrier, _schema())]

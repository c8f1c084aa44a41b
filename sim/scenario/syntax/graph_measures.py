"""What the attributes of a graph file measure, and in which units.

The names are those that graphs in use have: the Internet Topology Zoo's, Shadow's, FNSS's, Mininet's and such. A number
without a unit means nothing (50.0 is not 50 s), unless its attribute's name ends in one (`delay_ms`), an attribute
beside it or the graph names one (`delay_unit`), or the scenario does (`graph: {file: ..., units: {delay: ms}}`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Final, NamedTuple

from sim.scenario.names import listing, shown
from sim.scenario.pydantic_seam import Collected, JsonSchema
from sim.scenario.quantity import BIT_RATE, DURATION, PROBABILITY, Quantity

Units = Mapping[str, str]
"""The units of attributes, by the attribute's name or by that of the setting (rate, delay, loss)."""

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(\S.*?)?\s*", re.ASCII)
_UNIT_NAMED = ("unit", "units")


class Found(NamedTuple):
    """A value in base units, None where there is none, the attributes that say it, and whether its number is bare."""

    value: float | None = None
    keys: tuple[str, ...] = ()
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """What a setting of a link is called in graph files, and its units there, as multiples of the base unit.

    `names` are in order: the first that an edge has counts. With `bare` a number needs no unit.
    """

    setting: str
    quantity: Quantity
    names: tuple[str, ...]
    units: Mapping[str, Fraction]
    examples: str
    bare: bool = False

    def find(self, edge: Mapping[str, Any], graph: Mapping[str, Any], units: Units) -> Found:
        """The value of an edge, or of a node.

        Raises:
            ValueError: it cannot be read; what is wrong, and the cure.
        """
        for name in self.names:
            for key, value in edge.items():
                unit = self._of_name(key, name)
                if unit is not None and not _is_nothing(value):
                    companions = [k for k in edge if plain(k) in {plain(name) + end for end in _UNIT_NAMED}]
                    stated = [unit, *(edge[k] for k in companions), *self._told(units, key), *_beside(graph, name)]
                    found = self._value(key, value, next((str(one) for one in stated if one), ""))
                    return Found(found[0], (key, *companions), found[1])
        return Found()

    def unit(self, text: str) -> Fraction | None:
        """What a unit is in base units, None where it is none of this kind."""
        return self.units.get(text, self.units.get(text.lower()) if self.quantity is not BIT_RATE else None)

    def called(self, name: str) -> bool:
        """Whether an attribute of this name, or the setting itself, is meant."""
        return plain(name) in {self.setting, *map(plain, self.names)}

    def _of_name(self, key: str, name: str) -> str | None:
        """The unit that ends an attribute's name, empty where none does, None where it is another attribute."""
        if plain(key) == plain(name):
            return "bit/s" if name == _ZOO_RATE else ""
        word, _, unit = str(key).replace("[", "_").replace("(", "_").rstrip("])").rpartition("_")
        return unit.strip() if plain(word) == plain(name) and self.unit(unit.strip()) is not None else None

    def _told(self, units: Units, key: str) -> list[str]:
        return [unit for name, unit in units.items() if plain(name) in {plain(key), self.setting}]

    def _value(self, key: str, value: object, unit: str) -> tuple[float, bool]:
        found = _NUMBER.fullmatch(str(value))
        if found is None or isinstance(value, bool):
            raise ValueError(f"not {self.quantity.name} ({shown(value)}): allowed is e.g. {self.quantity.example}")
        number, own = Fraction(found[1]), found[2] or unit
        factor = self.unit(own) if own else Fraction(1)
        if factor is None:
            allowed = listing(list(self.units))
            raise ValueError(f"unknown unit of {self.quantity.name} ({shown(own)}): allowed are {allowed}")
        if not (own or self.bare) and number:
            raise ValueError(
                f"{key} needs a unit ({shown(value)}): allowed is one in the file, as in {self.quantity.example}, "
                f"or in the scenario, as in `graph: {{file: ..., units: {{{key}: {self.examples}}}}}`"
            )
        base = next(iter(self.quantity.units))
        text = f"{float(number * factor)!r} {base}"
        return self.quantity.parse(float(number * factor) if self.bare else text), not own


def plain(name: object) -> str:
    """An attribute's name without what its spellings differ in: case, hyphens, underscores, blanks."""
    return re.sub(r"[\s_-]+", "", str(name)).lower()


def _is_nothing(value: object) -> bool:
    return value is None or str(value).strip() in {"", "None"}


def _beside(graph: Mapping[str, Any], name: str) -> list[object]:
    """The unit that the graph's own attributes name."""
    wanted = {plain(name) + end for end in _UNIT_NAMED}
    return [value for key, value in graph.items() if plain(key) in wanted]


def _scaled(prefixes: Mapping[str, int | Fraction], *words: str) -> dict[str, Fraction]:
    return {prefix + word: Fraction(factor) for prefix, factor in prefixes.items() for word in words}


_ZOO_RATE = "LinkSpeedRaw"
"""In bit/s, as the Zoo says."""

_PREFIXES: Mapping[str, int | Fraction] = {
    "": 1,
    **dict.fromkeys(("k", "K"), 10**3),
    **dict.fromkeys(("M", "m"), 10**6),
    **dict.fromkeys(("G", "g"), 10**9),
    **dict.fromkeys(("T", "t"), 10**12),
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
}
_EIGHTFOLD = {prefix: 8 * factor for prefix, factor in _PREFIXES.items()}
_RATES = _scaled(_PREFIXES, "bit/s", "bps", "bit", "bits/s", "b/s") | _scaled(_EIGHTFOLD, "B/s")
_SECOND = {"": Fraction(1), "m": Fraction(1, 10**3), "u": Fraction(1, 10**6), "n": Fraction(1, 10**9)}
_LONG_SECOND = dict(zip(("", "milli", "micro", "nano"), _SECOND.values(), strict=True))

RATE: Final = Measure(
    "rate",
    BIT_RATE,
    (_ZOO_RATE, "rate", "bandwidth", "bw", "capacity"),
    _RATES,
    "Mbit/s",
)
UP: Final = Measure("rate", BIT_RATE, ("host_bandwidth_up", "bandwidth_up"), _RATES, "Mbit/s")
"""What a node sends at, over all."""
DOWN: Final = Measure("rate", BIT_RATE, ("host_bandwidth_down", "bandwidth_down"), _RATES, "Mbit/s")
"""What a node receives at, over all."""
DELAY: Final = Measure(
    "delay",
    DURATION,
    ("delay", "latency"),
    _scaled(_SECOND, "s", "sec")
    | dict.fromkeys(("\u00b5s", "\u03bcs"), Fraction(1, 10**6))
    | _scaled(_LONG_SECOND, "second", "seconds"),
    "ms",
)
LOSS: Final = Measure(
    "loss",
    PROBABILITY,
    ("loss", "packet_loss", "loss_rate"),
    {"%": Fraction(1, 100), "percent": Fraction(1, 100)},
    '"%"',
    bare=True,
)
_MEASURES = (RATE, DELAY, LOSS, UP, DOWN)


def read_units(value: object) -> dict[str, str]:
    """The units of attributes of a graph file, by their names.

    Raises:
        ValueError: no mapping, no attribute that is read, or no unit of its kind.
    """
    if not isinstance(value, dict):
        raise ValueError(f"not units ({shown(value)}): allowed is a mapping, as in {{latency: ms}}")  # noqa: TRY004
    collected = Collected()
    units = {
        str(name): collected.read((name,), partial(_check_unit, str(name)), unit, "") for name, unit in value.items()
    }
    collected.done()
    return units


def _check_unit(name: str, unit: object) -> str:
    measure = next((one for one in _MEASURES if one.called(name)), None)
    if measure is None:
        names = [name for one in _MEASURES for name in one.names]
        raise ValueError(f"no attribute that has a unit ({shown(name)}): allowed are {listing(names)}")
    if not isinstance(unit, str) or measure.unit(unit) is None:
        raise ValueError(f"no unit of {name} ({shown(unit)}): allowed is e.g. {measure.examples}")
    return unit


UNITS_SCHEMA: Final[JsonSchema] = {
    "type": "object",
    "additionalProperties": {"enum": [*RATE.units, *DELAY.units, *LOSS.units]},
}

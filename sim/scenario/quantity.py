"""Quantities: a number and its unit, as a scenario file writes them.

`parse` is exact up to the last rounding to a float (`0.1 %` is the float 0.001), and `format` finds the shortest
text that `parse` reads back to the same float.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from sim.scenario.names import shown, suggestion

MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0
"""Times that are written often, in s."""

_NUMBER = r"(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?"
_QUANTITY = re.compile(rf"\s*([+-]?)({_NUMBER})\s*(\S.*?)?\s*", re.ASCII)

_MOST = Fraction(10**15)
"""No quantity is greater in base units, nor, unless zero, smaller than the inverse: arithmetic cannot overflow."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A kind of quantity: its name with an article, its units as multiples of the base unit (the first), an example.

    `plain` allows numbers without a unit; other names of units (`bytes`) are read but not advertised. `meant` are
    spellings in lower case that are not read, for they could be taken for others, and what is suggested for them.
    """

    name: str
    units: Mapping[str, Fraction]
    aliases: Mapping[str, str]
    example: str
    plain: bool = False
    meant: Mapping[str, str] = field(default_factory=dict)

    def parse(self, value: object) -> float:
        """The value in base units.

        Raises:
            ValueError: not a number with one of the units, or negative, or out of range.
        """
        found = None if isinstance(value, bool) else _QUANTITY.fullmatch(str(value))
        if found is None or not isinstance(value, str | int | float):
            raise ValueError(f"not {self.name} ({shown(value)}): {self._allowed()}")
        sign, digits, unit = found.groups()
        number = Fraction(digits)
        if sign == "-" and number:
            raise ValueError(f"{self.name} cannot be negative ({shown(value)}): allowed is 0 or more")
        exact = number * self._factor(number, unit, value)
        if exact and not 1 / _MOST <= exact <= _MOST:
            raise ValueError(
                f"{self.name} out of range ({shown(value)}): allowed are 1e-15 to 1e15 {next(iter(self.units))}"
            )
        return float(exact)

    def _factor(self, number: Fraction, unit: str | None, value: object) -> Fraction:
        if unit is None:
            if self.plain or not number:
                return Fraction(1)
            raise ValueError(f"{self.name} needs a unit ({shown(value)}): {self._allowed()}")
        factor = self.units.get(self.aliases.get(unit, unit))
        if factor is None:
            raise ValueError(
                f"unknown unit of {self.name} ({shown(value)}): {self._allowed()}{self._near(number, unit)}"
            )
        return factor

    def _allowed(self) -> str:
        bare = "a number alone or with " if self.plain else ""
        return f"allowed {'is' if self.plain else 'are'} {bare}{', '.join(self.units)}, as in {self.example}"

    def _near(self, number: Fraction, unit: str) -> str:
        meant = self.meant.get(unit.casefold())
        if meant is not None:
            return f"; did you mean {float(number):.12g} {meant}?"
        by_letter = [name for name in self.units if name[0].casefold() == unit[0].casefold()]
        return suggestion(unit, self.units) or (
            f"; did you mean {' or '.join(by_letter)}?" if 0 < len(by_letter) < 3 else ""
        )

    def format(self, value: float) -> str:
        """A short text that reads back as this value: a whole number where one will do, in the biggest such unit."""
        base = next(iter(self.units))
        if not value:
            return "0" if self.plain else f"0 {base}"
        exact = repr(value) if self.plain else f"{value!r} {base}"
        units = sorted(self.units.items(), key=lambda item: item[1], reverse=True)
        texts = (f"{value / float(factor):.12g} {unit}" for unit, factor in units)
        return min((text for text in texts if self.parse(text) == value), key=_length, default=exact)

    def json_schema(self) -> dict[str, object]:
        """The JSON schema of the text (or, where a plain number will do, of the number)."""
        names = "|".join(re.escape(unit) for unit in (*self.units, *self.aliases))
        text = {
            "type": "string",
            "pattern": rf"^\s*{_NUMBER}\s*({names}){'?' if self.plain else ''}\s*$",
            "examples": [self.example],
        }
        number = {"type": "number", "minimum": 0} if self.plain else {"const": 0}
        return {"anyOf": [text, number]}


def _length(text: str) -> tuple[bool, int]:
    """How clumsy the number of a quantity is: fractions more than whole numbers, long ones more than short ones."""
    digits = text.partition(" ")[0]
    return not digits.isdecimal(), len(digits)


# A year has 365 days.
_SECONDS: Mapping[str, int | Fraction] = {
    "s": 1,
    "ms": Fraction(1, 1000),
    "min": 60,
    "h": 3600,
    "d": 86400,
    "w": 604800,
    "y": 31536000,
}


def _quantity(
    name: str,
    example: str,
    units: Mapping[str, int | Fraction],
    aliases: Mapping[str, str],
    *,
    plain: bool = False,
    meant: Mapping[str, str] | None = None,
) -> Quantity:
    exact = {unit: Fraction(factor) for unit, factor in units.items()}
    return Quantity(name=name, units=exact, aliases=aliases, example=example, plain=plain, meant=meant or {})


DURATION = _quantity("a duration", "30 s", _SECONDS, {}, meant={"m": "min"})
BIT_RATE = _quantity(
    "a rate", "10 Mbit/s", {"bit/s": 1, "kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9}, {"bits/s": "bit/s"}
)
MESSAGE_RATE = _quantity(
    "a rate of messages",
    "200 /h",
    {"/s": 1, "/min": Fraction(1, 60), "/h": Fraction(1, 3600), "/d": Fraction(1, 86400)},
    {},
)
SIZE = _quantity(
    "a size",
    "2 kB",
    {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20},
    {"byte": "B", "bytes": "B"},
)
PROBABILITY = _quantity("a probability", "0.1 %", {"%": Fraction(1, 100)}, {}, plain=True)


COUNT = _quantity("a count", "50 M", {"k": 10**3, "M": 10**6, "G": 10**9}, {}, plain=True)


def parse_probability(value: object) -> float:
    """A probability from `0.1 %` or 0.001.

    Raises:
        ValueError: not a number, or outside 0 to 1.
    """
    chance = PROBABILITY.parse(value)
    if chance > 1:
        raise ValueError(f"a probability cannot be above 1 ({shown(value)}): allowed is 0 to 1, or 0 % to 100 %")
    return chance


def parse_bytes(value: object) -> int:
    """A whole number of bytes.

    Raises:
        ValueError: not a size, or not a whole number of bytes.
    """
    size = SIZE.parse(value)
    if not size.is_integer():
        raise ValueError(f"not a whole number of bytes ({shown(value)}): allowed is a size such as {SIZE.example}")
    return int(size)


def above_zero(quantity: Quantity, value: object) -> float:
    """A quantity that may not be zero.

    Raises:
        ValueError: as `Quantity.parse`, or zero.
    """
    number = quantity.parse(value)
    if not number:
        raise ValueError(f"{quantity.name} must be above zero ({shown(value)}): allowed is e.g. {quantity.example}")
    return number


def format_duration(seconds: float) -> str:
    """The duration with its unit, e.g. `5 min`."""
    return DURATION.format(seconds)


def format_bit_rate(rate: float) -> str:
    """A rate in bit/s with its unit, e.g. `10 Mbit/s`."""
    return BIT_RATE.format(rate)


def format_message_rate(rate: float) -> str:
    """A rate in messages a second with its unit, e.g. `200 /h`."""
    return MESSAGE_RATE.format(rate)


def format_size(size: float) -> str:
    """A size in bytes with its unit, e.g. `2 kB`."""
    return SIZE.format(size)

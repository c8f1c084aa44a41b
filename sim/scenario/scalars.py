"""The small values of a scenario file: names, whole numbers, yes or no, words, quantities, distributions.

Each `read_...` function takes what the YAML holds and raises ValueError (or `FaultsError`) with a message that names
the value and what is allowed. The names at the end are the types of the forms' fields.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal
from unicodedata import category

from sim.scenario.distribution import Constant, Distribution, Empirical, Exponential, Lognormal, Uniform, Weibull
from sim.scenario.names import are, listing, shown, suggestion
from sim.scenario.pydantic_seam import Collected, JsonSchema, Reads, one_key, settings
from sim.scenario.quantity import (
    DURATION,
    MESSAGE_RATE,
    PROBABILITY,
    SIZE,
    Quantity,
    above_zero,
    parse_bytes,
    parse_probability,
)

_SHAPES = (0.1, 20.0)
"""Weibull shapes that mean something: below, the mean is made by draws that never come; above, all are the same."""

FROM_COORDINATES: Literal["from-coordinates"] = "from-coordinates"
Delay = Distribution | Literal["from-coordinates"]
"""A link's delay one way, as a scenario file says it."""


def read_name(value: object) -> str:
    """A name: text, or a whole number taken as text.

    Raises:
        ValueError: neither, or empty, or with characters that cannot be printed.
    """
    name = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not name or not name.isprintable():
        raise ValueError(f"not a name ({shown(value)}): allowed is text; put other values in quotes")
    return name


def read_title(value: object) -> str:
    """A title: any one text."""
    return read_name(value) if value != "" else ""


def read_text(value: object) -> str:
    """A text of any number of lines.

    Raises:
        ValueError: not text, or with control characters.
    """
    plain = isinstance(value, str) and not any(category(c) in {"Cc", "Cs"} for c in value if c not in "\t\n")
    if not isinstance(value, str) or not plain:
        raise ValueError(f"not a text ({shown(value)}): allowed are lines of text without control characters")
    return value


def read_any_text(value: object) -> str:
    """A text of any characters.

    Raises:
        ValueError: not text, or with half of a surrogate pair, which is no character.
    """
    if not isinstance(value, str):
        raise ValueError(f"not a text ({shown(value)}): allowed is text of any characters")  # noqa: TRY004
    half = next((one for one in value if "\ud800" <= one <= "\udfff"), None)
    if half is not None:
        raise ValueError(
            f"half of a surrogate pair in a text (U+{ord(half):04X}): allowed are whole characters, as in"
            r" \U0001F600 or JSON's \ud83d\ude00"
        )
    return value


def read_whole(least: int, most: int | None, value: object) -> int:
    """A whole number in a range.

    Raises:
        ValueError: not a whole number, or out of range.
    """
    allowed = f"allowed is a whole number of at least {least}" + (f" and at most {most}" if most is not None else "")
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"not a whole number ({shown(value)}): {allowed}")  # noqa: TRY004
    if value < least or (most is not None and value > most):
        raise ValueError(f"too {'small' if value < least else 'big'} ({value}): {allowed}")
    return value


def read_number(least: float, most: float, value: object) -> float:
    """A plain number in a range.

    Raises:
        ValueError: not a number, or out of range.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"not a number in range ({shown(value)}): allowed is {least:g} to {most:g}")
    return float(value)


_FLAGS = ("yes", "no")
"""Words that YAML 1.2 has as text, and people as true and false."""


def read_flag(value: object) -> bool:
    """Yes or no.

    Raises:
        ValueError: neither true nor false.
    """
    if isinstance(value, bool):
        return value
    if value not in _FLAGS:
        raise ValueError(f"neither true nor false ({shown(value)}): allowed are true, false, yes, no")
    return value == "yes"


def read_word(what: str, words: Sequence[str], value: object) -> str:
    """One of a few words.

    Raises:
        ValueError: another one.
    """
    if not isinstance(value, str) or value not in words:
        near = suggestion(str(value), words)
        raise ValueError(f"unknown {what} ({shown(value)}): allowed {are(words)} {listing(words)}{near}")
    return value


def read_distribution(quantity: Quantity, value: object) -> Distribution:
    """A quantity (always that), or a mapping of the kind of distribution to its parameters.

    Raises:
        ValueError: neither, or parameters that do not fit together.
    """
    if not isinstance(value, dict):
        return Constant(quantity.parse(value))
    kind, parameters = one_key(value, "distribution", list(_DISTRIBUTIONS))
    collected = Collected()
    nothing: Distribution = Constant(0.0)
    result = collected.read((kind,), partial(_DISTRIBUTIONS[kind], quantity), parameters, nothing)
    collected.done()
    return result


def _parameters(quantity: Quantity, value: object, names: Sequence[str]) -> list[float]:
    collected = Collected()
    given = settings(value, names, collected=collected)
    numbers = [collected.read((name,), partial(above_zero, quantity), given[name], 1.0) for name in names]
    collected.done()
    return numbers


def _constant(quantity: Quantity, value: object) -> Distribution:
    return Constant(quantity.parse(settings(value, ["value"])["value"] if isinstance(value, dict) else value))


def _uniform(quantity: Quantity, value: object) -> Distribution:
    collected = Collected()
    given = settings(value, ["low", "high"], collected=collected)
    low, high = [collected.read((name,), quantity.parse, given[name], 0.0) for name in ("low", "high")]
    collected.done()
    if low > high:
        raise ValueError(f"low is above high ({shown(given['low'])}, {shown(given['high'])}): allowed is low <= high")
    return Uniform(low, high)


def _exponential(quantity: Quantity, value: object) -> Distribution:
    return Exponential(*_parameters(quantity, value if isinstance(value, dict) else {"mean": value}, ["mean"]))


def _lognormal(quantity: Quantity, value: object) -> Distribution:
    median, p95 = _parameters(quantity, value, ["median", "p95"])
    if median > p95:
        texts = f"{quantity.format(median)}, {quantity.format(p95)}"
        raise ValueError(f"the median is above the 95th percentile ({texts}): allowed is median <= p95")
    return Lognormal(median, p95)


def _weibull(quantity: Quantity, value: object) -> Distribution:
    collected = Collected()
    given = settings(value, ["shape", "mean"], collected=collected)
    shape = collected.read(("shape",), partial(read_number, *_SHAPES), given["shape"], 1.0)
    mean = collected.read(("mean",), partial(above_zero, quantity), given["mean"], 1.0)
    collected.done()
    return Weibull(shape, mean)


def _empirical(quantity: Quantity, value: object) -> Distribution:
    given = settings(value if isinstance(value, dict) else {"values": value}, ["values"], ["weights"])
    collected = Collected()
    nothing: tuple[float, ...] = ()
    values = collected.read(("values",), partial(_numbers, quantity.parse), given["values"], nothing)
    parse = partial(_numbers, partial(read_number, 0.0, 1e12))
    weights = collected.read(("weights",), parse, given.get("weights", [1]), nothing)
    collected.done()
    if "weights" not in given:
        return Empirical(values)
    if len(values) != len(weights) or not math.fsum(weights):
        raise ValueError(
            f"the weights do not fit ({len(weights)} for {len(values)} values): allowed is one for each, not all zero"
        )
    return Empirical(values, weights)


def _numbers(parse: Callable[[object], float], value: object) -> tuple[float, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"not a list of values ({shown(value)}): allowed is a list with at least one")
    collected = Collected()
    numbers = tuple(collected.read((index,), parse, item, 0.0) for index, item in enumerate(value))
    collected.done()
    return numbers


_DISTRIBUTIONS = {
    "constant": _constant,
    "uniform": _uniform,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "weibull": _weibull,
    "empirical": _empirical,
}


def read_times(value: object) -> Distribution:
    """How long something lasts: a duration, or a distribution of durations, above zero on average.

    Raises:
        ValueError: neither, or always zero.
    """
    times = read_distribution(DURATION, value)
    if not times.mean():
        raise ValueError(
            f"no time at all ({shown(value)}): allowed are durations above zero, such as {DURATION.example}"
        )
    return times


def read_host_time(value: object) -> float | Distribution:
    """What something takes a host each time: a duration, or a distribution of durations.

    Raises:
        ValueError: neither.
    """
    times = read_distribution(DURATION, value)
    return times.value if isinstance(times, Constant) else times


def read_delay(value: object) -> Delay:
    """A link's delay: `from-coordinates`, a duration or a distribution of durations.

    Raises:
        ValueError: none of these.
    """
    if value == FROM_COORDINATES:
        return FROM_COORDINATES
    if isinstance(value, str) and value.lstrip()[:1].isalpha():
        near = suggestion(value, [FROM_COORDINATES])
        allowed = f"{FROM_COORDINATES}, a duration such as 20 ms, or a distribution of durations"
        raise ValueError(f"not a delay ({shown(value)}): allowed is {allowed}{near}")
    return read_distribution(DURATION, value)


def read_loss(value: object) -> float:
    """A link's loss: a probability below 1.

    Raises:
        ValueError: not a probability, or 1.
    """
    loss = parse_probability(value)
    if loss == 1:
        raise ValueError(f"a link that loses everything ({shown(value)}): allowed is less; for a dead link use down")
    return loss


def read_mtu(value: object) -> int:
    """A link's biggest packet: at least 68 B (RFC 791 3.2), at most 65535 B.

    Raises:
        ValueError: not a size, or out of range.
    """
    mtu = parse_bytes(value)
    if not 68 <= mtu <= 65535:
        raise ValueError(f"not a size of packets ({shown(value)}): allowed is 68 B to 65535 B")
    return mtu


def read_pair(value: object) -> tuple[str, str]:
    """The two ends of a link.

    Raises:
        ValueError: not a list of two names.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"not two nodes ({shown(value)}): allowed is a list of two names, as in [a, b]")
    first, second = read_names(value)
    return first, second


def read_names(value: object) -> tuple[str, ...]:
    """One name, or a list of names.

    Raises:
        ValueError: something else, or an empty list.
    """
    items = value if isinstance(value, list) else [value]
    collected = Collected()
    names = [collected.read((index,), read_name, item, "") for index, item in enumerate(items)]
    collected.done()
    if not names:
        raise ValueError("an empty list: allowed is a name, or a list of names")
    return tuple(names)


def _distribution_schema(quantity: Quantity, *words: str) -> JsonSchema:
    one = quantity.json_schema()

    def of(*names: str, extra: JsonSchema | None = None) -> JsonSchema:
        properties = dict.fromkeys(names, one) | (extra or {})
        return {"type": "object", "properties": properties, "required": list(names), "additionalProperties": False}

    lists = {"values": {"type": "array", "items": one}, "weights": {"type": "array", "items": {"type": "number"}}}
    kinds = {
        "constant": one,
        "uniform": of("low", "high"),
        "exponential": {"anyOf": [of("mean"), one]},
        "lognormal": of("median", "p95"),
        "weibull": of("mean", extra={"shape": {"type": "number", "minimum": _SHAPES[0], "maximum": _SHAPES[1]}}),
        "empirical": {"anyOf": [of(extra=lists), lists["values"]]},
    }
    mapping = {
        "type": "object",
        "properties": kinds,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [one, mapping, *({"const": word} for word in words)]}


def whole(least: int, most: int | None = None) -> Reads:
    """The mark of a whole number in a range."""
    schema: JsonSchema = {"type": "integer", "minimum": least}
    return Reads(partial(read_whole, least, most), schema if most is None else schema | {"maximum": most})


def number(least: float, most: float) -> Reads:
    """The mark of a plain number in a range."""
    return Reads(partial(read_number, least, most), {"type": "number", "minimum": least, "maximum": most})


def word(what: str, *words: str) -> Reads:
    """The mark of one of a few words."""
    return Reads(partial(read_word, what, words), {"enum": list(words)})


DELAY_SCHEMA = _distribution_schema(DURATION, FROM_COORDINATES)
"""What `read_delay` takes."""

_NAME_SCHEMA: JsonSchema = {"type": ["string", "integer"]}
_NAMES_SCHEMA: JsonSchema = {"anyOf": [_NAME_SCHEMA, {"type": "array", "items": _NAME_SCHEMA, "minItems": 1}]}

Name = Annotated[str, Reads(read_name, _NAME_SCHEMA)]
FileName = Annotated[str, Reads(read_name, {"type": "string", "format": "path"})]
"""The name of a file or a folder, found from the scenario's folder."""
Title = Annotated[str, Reads(read_title, _NAME_SCHEMA)]
Text = Annotated[str, Reads(read_any_text, {"type": "string"})]
FLAG = Reads(read_flag, {"enum": [True, False, *_FLAGS]})
Flag = Annotated[bool, FLAG]
Duration = Annotated[float, Reads(DURATION.parse, DURATION.json_schema())]
LongDuration = Annotated[float, Reads(partial(above_zero, DURATION), DURATION.json_schema())]
MessageRate = Annotated[float, Reads(partial(above_zero, MESSAGE_RATE), MESSAGE_RATE.json_schema())]
Size = Annotated[int, Reads(parse_bytes, SIZE.json_schema())]
Mtu = Annotated[int, Reads(read_mtu, SIZE.json_schema())]
Loss = Annotated[float, Reads(read_loss, PROBABILITY.json_schema())]
Times = Annotated[Distribution, Reads(read_times, _distribution_schema(DURATION))]
HostTime = Annotated[float | Distribution, Reads(read_host_time, _distribution_schema(DURATION))]
Sizes = Annotated[Distribution, Reads(partial(read_distribution, SIZE), _distribution_schema(SIZE))]
Pair = Annotated[
    tuple[str, str], Reads(read_pair, {"type": "array", "items": _NAME_SCHEMA, "minItems": 2, "maxItems": 2})
]
Names = Annotated[tuple[str, ...], Reads(read_names, _NAMES_SCHEMA)]

"""Distributions as a scenario file writes them: a quantity (always that), or `{uniform: {low: ..., high: ...}}`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal

from sim.scenario.distribution import Constant, Distribution, Empirical, Exponential, Lognormal, Uniform, Weibull
from sim.scenario.names import shown, suggestion
from sim.scenario.pydantic_seam import Collected, JsonSchema, Reads, one_key, read_each, settings
from sim.scenario.quantity import DURATION, SIZE, Quantity, above_zero
from sim.scenario.scalars import read_number

_SHAPES = (0.1, 20.0)
"""Weibull shapes that mean something: below, the mean is made by draws that never come; above, all are the same."""

FROM_COORDINATES: Literal["from-coordinates"] = "from-coordinates"
Delay = Distribution | Literal["from-coordinates"]
"""A link's delay one way, as a scenario file says it."""


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
    return read_each(parse, 0.0, value)


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


def write_distribution(quantity: Quantity, distribution: Distribution) -> object:
    """A distribution as a file has it."""
    text = quantity.format
    match distribution:
        case Constant():
            return text(distribution.value)
        case Uniform():
            return {"uniform": {"low": text(distribution.low), "high": text(distribution.high)}}
        case Exponential():
            return {"exponential": {"mean": text(distribution.average)}}
        case Lognormal():
            return {"lognormal": {"median": text(distribution.median), "p95": text(distribution.p95)}}
        case Weibull():
            return {"weibull": {"shape": distribution.shape, "mean": text(distribution.average)}}
        case Empirical():
            said: dict[str, object] = {"values": [text(value) for value in distribution.values]}
            return {"empirical": said | ({"weights": list(distribution.weights)} if distribution.weights else {})}


def write_host_time(time: float | Distribution) -> object:
    """What something takes a host, always or each time, as a file has it."""
    return write_distribution(DURATION, Constant(time) if isinstance(time, float | int) else time)


DELAY_SCHEMA = _distribution_schema(DURATION, FROM_COORDINATES)
"""What `read_delay` takes."""


def _drawn(quantity: Quantity, parse: Callable[[object], object]) -> Reads:
    return Reads(parse, _distribution_schema(quantity), partial(write_distribution, quantity))


Times = Annotated[Distribution, _drawn(DURATION, read_times)]
HostTime = Annotated[float | Distribution, Reads(read_host_time, _distribution_schema(DURATION), write_host_time)]
Sizes = Annotated[Distribution, _drawn(SIZE, partial(read_distribution, SIZE))]

"""Which MTA a host runs, as a scenario file names it: `postfix`, or `{postfix: {parameter: value}}`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated

from sim.scenario.names import shown, unknown
from sim.scenario.quantity import DURATION, above_zero
from sim.scenario.reading import KEY, Collected, Fault, FaultsError, JsonSchema, Reads, one_key
from sim.scenario.spec import Postfix
from sim.scenario.values import read_whole

PRODUCTS = ("postfix",)

_ABOVE_ZERO = {"queue_run_delay", "minimal_backoff_time", "maximal_backoff_time"}
"""Times that would let a queue run spin; the other times may be 0, as in Postfix."""


@dataclass(frozen=True, slots=True)
class Product:
    """The MTA's name and those of its parameters that are set."""

    name: str
    parameters: dict[str, float]


def _kind(name: str) -> str:
    return "time" if isinstance(getattr(Postfix(), name), float) else "count"


_PARAMETERS = {field.name: _kind(field.name) for field in fields(Postfix)}


def read_product(value: object) -> Product:
    """An MTA with its parameters.

    Raises:
        ValueError: an MTA or a parameter that does not exist, or a parameter's value that is none.
    """
    if not isinstance(value, dict):
        if value not in PRODUCTS:
            raise ValueError(unknown("MTA", shown(value), PRODUCTS))
        return Product(str(value), {})
    name, parameters = one_key(value, "MTA", PRODUCTS)
    collected = Collected()
    nothing: dict[str, float] = {}
    read = collected.read((name,), _read_parameters, parameters, nothing)
    collected.done()
    return Product(name, read)


def _read_parameters(value: object) -> dict[str, float]:
    given = {} if value is None else value
    if not isinstance(given, dict):
        raise ValueError(f"not a mapping ({shown(value)}): allowed is a mapping of Postfix's parameters to values")  # noqa: TRY004
    collected = Collected()
    faults: list[Fault] = [
        ((name, KEY), unknown("parameter of Postfix", name, _PARAMETERS)) for name in given if name not in _PARAMETERS
    ]
    read = {
        name: collected.read((name,), partial(_read_parameter, name), item, 0.0)
        for name, item in given.items()
        if name in _PARAMETERS
    }
    if faults or collected.faults:
        raise FaultsError([*faults, *collected.faults])
    return read


def _read_parameter(name: str, value: object) -> float:
    if _PARAMETERS[name] == "count":
        return read_whole(1, None, value)
    return above_zero(DURATION, value) if name in _ABOVE_ZERO else DURATION.parse(value)


_SCHEMA: JsonSchema = {
    "anyOf": [
        {"enum": list(PRODUCTS)},
        {
            "type": "object",
            "properties": {
                "postfix": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        name: {"type": "integer", "minimum": 1} if kind == "count" else DURATION.json_schema()
                        for name, kind in _PARAMETERS.items()
                    },
                }
            },
            "additionalProperties": False,
        },
    ]
}

Mta = Annotated[Product, Reads(read_product, _SCHEMA)]

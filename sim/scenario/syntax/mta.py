"""Which MTA a host runs, as a scenario file names it: `postfix`, or `{postfix: {parameter: value}}`.

A list of delays has no name: `{delays: [5 min, 1 h], lifetime: 4 d}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

from sim.scenario.names import shown, unknown
from sim.scenario.products import BY_TYPE, PRODUCTS
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exim import RetryRule
from sim.scenario.pydantic_seam import KEY, Collected, Fault, FaultsError, JsonSchema, Reads, one_key
from sim.scenario.quantity import format_duration
from sim.scenario.scalars import FLAG, word

Value = object

_ALLOWED = "allowed is at most that"


@dataclass(frozen=True, slots=True)
class Choice:
    """The MTA and those of its parameters that are set; the name is empty for a list of delays."""

    name: str
    parameters: Mapping[str, Value]

    @property
    def kind(self) -> type[Product]:
        """Its type."""
        return PRODUCTS.get(self.name, Delays)

    def over(self, weaker: Choice | None) -> Choice:
        """This choice with the weaker one's parameters, where both mean the same product."""
        if weaker is None or weaker.name != self.name:
            return self
        return Choice(self.name, {**weaker.parameters, **self.parameters})

    def product(self) -> Product:
        """The product as chosen."""
        return self.kind(**self.parameters)


def parameters_of(kind: type[Product]) -> dict[str, Value]:
    """A product's parameters and their defaults."""
    return {field.name: field.default for field in fields(cast("Any", kind))}


def read_product(value: object) -> Choice:
    """An MTA with its parameters.

    Raises:
        ValueError: an MTA or a parameter that does not exist, or a parameter's value that is none.
    """
    if not isinstance(value, dict):
        if not isinstance(value, str) or value not in PRODUCTS:
            raise ValueError(unknown("MTA", shown(value), PRODUCTS))
        return Choice(value, {})
    if any(key in parameters_of(Delays) for key in value):
        return Choice("", _read_parameters(Delays, value))
    name, parameters = one_key(value, "MTA", list(PRODUCTS))
    collected = Collected()
    nothing: dict[str, Value] = {}
    read = collected.read((name,), partial(_read_parameters, PRODUCTS[name]), parameters, nothing)
    collected.done()
    return Choice(name, read)


def _read_parameters(kind: type[Product], value: object) -> dict[str, Value]:
    given = {} if value is None else value
    title = kind.title
    if not isinstance(given, dict):
        raise ValueError(f"not a mapping ({shown(value)}): allowed is a mapping of {title}'s parameters to values")  # noqa: TRY004
    known = parameters_of(kind)
    collected = Collected()
    faults: list[Fault] = [
        ((name, KEY), unknown(f"parameter of {title}", name, known)) for name in given if name not in known
    ]
    read = {
        name: collected.read((name,), PARAMETERS[kind][name].parse, item, known[name])
        for name, item in given.items()
        if name in known
    }
    if faults and not collected.faults:
        # Where a name is wrong nothing of this comes to be compared with other layers; what stands here can be.
        pairs = faults_of(kind(**read))
        faults += [((names[0],), fault) for names, fault in pairs if all(name in read for name in names)]
    if faults or collected.faults:
        raise FaultsError([*faults, *collected.faults])
    return read


def faults_of(product: Product) -> list[tuple[tuple[str, ...], str]]:
    """What parameters say that does not fit together: the parameters, and what is wrong."""
    return [
        ((low, high), f"{low} is above {high} ({_said(product, low, 0)}, {_said(product, high, -1)}): {_ALLOWED}")
        for low, high in (*product.backoffs, *product.intervals)
        if 0 < _number(product, high, -1) < _number(product, low, 0)
    ]


def most_attempts(product: Product) -> float:
    """How often a message whose host is never up is tried at most, where its retries come again and again."""
    lengths = [
        _number(product, high, -1) / least for low, high in product.intervals if (least := _number(product, low, -1))
    ]
    return max(lengths, default=0.0)


def _number(product: Product, name: str, index: int) -> float:
    value = getattr(product, name)
    if isinstance(value, tuple):
        value = value[index]
    return value.cutoff if isinstance(value, RetryRule) else float(value)


def _said(product: Product, name: str, index: int) -> str:
    return format_duration(_number(product, name, index))


def _reads(name: str, hint: object) -> Reads:
    """How a parameter of a type is read and written: as its mark says, a word, or yes or no."""
    if get_origin(hint) is Literal:
        return word(name, *get_args(hint))
    marks = [FLAG] if hint is bool else [mark for mark in get_args(hint)[1:] if isinstance(mark, Reads)]
    if not marks:
        raise TypeError(f"nothing says how the parameter {name} is read: give it a kind of `products.parameters`")
    return marks[0]


PARAMETERS: Mapping[type[Product], Mapping[str, Reads]] = {
    kind: {name: _reads(name, hints[name]) for name in parameters_of(kind)}
    for kind in BY_TYPE.values()
    for hints in [get_type_hints(kind, include_extras=True)]
}
"""How the parameters of each product are read and written."""


def _object(kind: type[Product]) -> JsonSchema:
    described = {name: dict(reads.schema) for name, reads in PARAMETERS[kind].items()}
    return {"type": "object", "additionalProperties": False, "properties": described}


_SCHEMA: JsonSchema = {
    "anyOf": [
        {"enum": list(PRODUCTS)},
        {
            "type": "object",
            "properties": {name: {"anyOf": [_object(kind), {"type": "null"}]} for name, kind in PRODUCTS.items()},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        },
        {**_object(Delays), "minProperties": 1},
    ]
}

Mta = Annotated[Choice, Reads(read_product, _SCHEMA)]

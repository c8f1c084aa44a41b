"""The key `expect`: `architecture.metric OPERATOR architecture.metric`, or a number on one side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Literal, cast

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Reads

_RELATION = re.compile(r"([^<>=]+?)\s*(<=|>=|==|<|>)\s*([^<>=]+)")
_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_ALLOWED = "allowed is ARCHITECTURE.METRIC, one of < <= == >= >, and another of these or a number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """One side of an expectation: a metric of an architecture, or a number (then the other two are empty)."""

    architecture: str = ""
    metric: str = ""
    number: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """A relation that the results must satisfy, e.g. `store-and-forward.delivery_prob > 0.99`."""

    text: str
    left: Operand
    operator: Literal["<", "<=", "==", ">=", ">"]
    right: Operand


def read_expectation(value: object) -> Expectation:
    """One expectation.

    Raises:
        ValueError: not of that form.
    """
    text = value.strip() if isinstance(value, str) else ""
    found = _RELATION.fullmatch(text)
    if found is None:
        raise ValueError(f"not an expectation ({shown(value)}): {_ALLOWED}")
    left, operator, right = found.groups()
    operands = [_read_operand(side, text) for side in (left, right)]
    if not any(operand.metric for operand in operands):
        raise ValueError(f"an expectation without a metric ({shown(value)}): {_ALLOWED}")
    operator = cast("Literal['<', '<=', '==', '>=', '>']", operator)
    return Expectation(text=text, left=operands[0], operator=operator, right=operands[1])


def _read_operand(side: str, text: str) -> Operand:
    side = side.strip()
    if _NUMBER.fullmatch(side):
        return Operand(number=float(side))
    architecture, _, metric = side.rpartition(".")
    if not architecture or not metric:
        raise ValueError(f"neither a metric nor a number ({shown(side)} in {shown(text)}): {_ALLOWED}")
    return Operand(architecture=architecture, metric=metric)


Expect = Annotated[
    Expectation,
    Reads(
        read_expectation,
        {"type": "string", "pattern": "[<>=]", "examples": ["store-and-forward.delivery_prob > 0.99"]},
        attrgetter("text"),
    ),
]

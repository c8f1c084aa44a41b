"""Which MTA a host runs, as a scenario file names it: `postfix`, or `{postfix: {parameter: value}}`.

A list of delays has no name: `{delays: [5 min, 1 h], lifetime: 4 d}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Literal, cast, get_args, get_origin, get_type_hints

from sim.scenario.names import shown, unknown
from sim.scenario.products import BY_TYPE, PRODUCTS
from sim.scenario.products.base import Product
from sim.scenario.products.concurrency import Feedback
from sim.scenario.products.delays import Delays
from sim.scenario.products.exim import EXIM_UNITS, RetryRule
from sim.scenario.products.parameters import (
    Ages,
    Count,
    CountOrZero,
    Gaps,
    Hops,
    Intervals,
    Mailbox,
    NotifyClasses,
    Time,
    TimeOrZero,
)
from sim.scenario.pydantic_seam import KEY, Collected, Fault, FaultsError, JsonSchema, Reads, one_key
from sim.scenario.quantity import DURATION, above_zero, format_duration
from sim.scenario.scalars import FLAG, whole, word

_MOST_INTERVALS = 1000
_INTERVAL = re.compile(r"(\d{1,9})\s*([smhd])\s*(?:\*\s*(\d{1,4}))?", re.ASCII)
_RULE_TIME = re.compile(r"(?:(?:\d{1,9}[wdhms])+)", re.ASCII)

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
    return {field.name: field.default for field in fields(cast("Any", kind)) if field.default is not MISSING}


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
        name: collected.read((name,), _READS[kind][name].parse, item, known[name])
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


_CLASSES = ("bounce", "2bounce", "data", "delay", "policy", "protocol", "resource", "software")
"""Postfix's classes of what its postmaster is told; those beside bounce, 2bounce and delay never happen here."""


def read_warnings(grow: bool, value: object) -> tuple[float, ...]:
    """Times, one or a list of them; an empty list, or 0, means none. They have to `grow` where they are ages.

    Raises:
        ValueError: something else.
    """
    if value in ([], 0, "0"):
        return ()
    times = read_intervals([value] if isinstance(value, str) and "," not in value else value)
    if grow and any(later <= time for time, later in pairwise(times)):
        ages = ", ".join(map(format_duration, times))
        raise ValueError(f"ages that do not grow ({ages}): allowed is e.g. [4 h, 1 d], each above the one before")
    return times


def read_classes(value: object) -> str:
    """The classes of notify_classes, separated by commas or spaces.

    Raises:
        ValueError: a class that Postfix does not have.
    """
    words = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) and value.strip() else []
    if not isinstance(value, str):
        raise ValueError(f"not classes ({shown(value)}): allowed is e.g. resource, software, 2bounce")  # noqa: TRY004
    for one in words:
        if one not in _CLASSES:
            raise ValueError(unknown("class", one, _CLASSES))
    return ", ".join(words)


def read_feedback(value: object) -> Feedback:
    """Feedback as it is written.

    Raises:
        ValueError: something else.
    """
    amount, slash, below = str(value).replace(" ", "").partition("/")
    shared = below == "concurrency"
    try:
        number = float(amount) / (float(below) if slash and not shared else 1.0)
    except (ValueError, ZeroDivisionError):
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError(f"not feedback ({shown(value)}): {_FEEDBACK}")
    return Feedback(number, shared)


_FEEDBACK = "allowed is a number from 0 to 1, or such a number over another, or over concurrency, e.g. 1/concurrency"


def read_mailbox(value: object) -> str:
    """Whose mailbox takes what comes back: `postmaster`, or an address; empty for nobody's.

    Raises:
        ValueError: neither.
    """
    if value == "" or (isinstance(value, str) and value.lower() == "postmaster"):
        return str(value)
    local, _, domain = value.rpartition("@") if isinstance(value, str) else ("", "", "")
    if not local or not domain or any(one.isspace() for one in str(value)):
        raise ValueError(
            f"not a mailbox ({shown(value)}): allowed are postmaster, USER@DOMAIN of the host, and nothing"
        )
    return str(value)


MOST_HOPS = 1000
"""What goes round has a Received field more with each hop, all of which each next host reads."""


def read_intervals(value: object) -> tuple[float, ...]:
    """A list of durations, or a text as Haraka has it: `1m,5m*2,1h*3`.

    Raises:
        ValueError: neither, or nothing, or too many.
    """
    if isinstance(value, str):
        return _repeated(value)
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_INTERVALS:
        raise ValueError(f"not a list of times ({shown(value)}): allowed is e.g. [5 min, 15 min, 1 h], or 5m,15m,1h*3")
    collected = Collected()
    parse = partial(above_zero, DURATION)
    times = tuple(collected.read((index,), parse, item, 1.0) for index, item in enumerate(value))
    collected.done()
    return times


def _repeated(text: str) -> tuple[float, ...]:
    times: list[float] = []
    for part in text.split(","):
        found = _INTERVAL.fullmatch(part.strip())
        again = int(found[3] or 1) if found else 0
        if found is None or not int(found[1]) or not 0 < again + len(times) <= _MOST_INTERVALS:
            raise ValueError(f"not a list of times ({shown(text)}): allowed is e.g. 1m,5m*2,1h*3, in s, m, h and d")
        times += [float(int(found[1]) * EXIM_UNITS[found[2]])] * again
    return tuple(times)


def read_rules(value: object) -> tuple[RetryRule, ...]:
    """The parts of an Exim retry rule: `F,2h,15m; G,16h,1h,1.5; F,4d,6h`.

    Raises:
        ValueError: something else, or cutoffs that do not grow.
    """
    parts = [part.strip() for part in value.split(";")] if isinstance(value, str) else [""]
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
    rules = tuple(_rule(part, value) for part in parts)
    if any(later.cutoff <= rule.cutoff for rule, later in pairwise(rules)):
        raise ValueError(f"cutoffs that do not grow ({shown(value)}): allowed are parts in order of their cutoffs")
    if rules[0].interval > rules[-1].cutoff:
        first, last = format_duration(rules[0].interval), format_duration(rules[-1].cutoff)
        raise ValueError(f"the first interval is above the last cutoff ({first}, {last}): {_ALLOWED}")
    return rules


def _rule(part: str, whole: object) -> RetryRule:
    letter, *rest = [word.strip() for word in part.split(",")]
    times = [_rule_time(word) for word in rest[:2]]
    try:
        factor = float(rest[2]) if len(rest) == 3 else 1.0
    except ValueError:
        factor = 0.0
    fits = len(rest) == (2 if letter == "F" else 3) and letter in {"F", "G", "H"}
    if not fits or not all(times) or not 1 <= factor <= 1000:
        example = "F,2h,15m; G,16h,1h,1.5; F,4d,6h"
        raise ValueError(f"not an Exim retry rule ({shown(whole)}): allowed is e.g. {example}; factors are at least 1")
    return RetryRule(cast("Literal['F', 'G', 'H']", letter), times[0], times[1], factor)


def _rule_time(text: str) -> float:
    if not _RULE_TIME.fullmatch(text):
        return 0.0
    return float(sum(int(number) * EXIM_UNITS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", text)))


def format_parameter(value: Value) -> object:
    """A parameter's value as a file says it."""
    match value:
        case bool() | int() | str():
            return value
        case float():
            return format_duration(value)
        case (float(), *_) | ():
            return [format_duration(time) for time in cast("Sequence[float]", value)]
        case tuple():
            return "; ".join(map(str, value))
    return str(value)


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


_TIME = DURATION.json_schema()
_WARNINGS: JsonSchema = {"anyOf": [{"type": "array", "items": _TIME}, _TIME]}
_KINDS: Mapping[object, Reads] = MappingProxyType(
    {
        bool: FLAG,
        Count: whole(1),
        CountOrZero: whole(0),
        Hops: whole(1, MOST_HOPS),
        Time: Reads(partial(above_zero, DURATION), _TIME),
        TimeOrZero: Reads(DURATION.parse, _TIME),
        Intervals: Reads(
            read_intervals, {"anyOf": [{"type": "array", "items": _TIME, "minItems": 1}, {"type": "string"}]}
        ),
        Ages: Reads(partial(read_warnings, True), _WARNINGS),
        Gaps: Reads(partial(read_warnings, False), _WARNINGS),
        Mailbox: Reads(read_mailbox, {"type": "string"}),
        NotifyClasses: Reads(read_classes, {"type": "string"}),
        Feedback: Reads(read_feedback, {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}]}),
        tuple[RetryRule, ...]: Reads(read_rules, {"type": "string", "examples": ["F,2h,15m; G,16h,1h,1.5; F,4d,6h"]}),
    }
)
"""How each kind of parameter is read, and what a JSON schema says of it."""


def _reads_of(kind: type[Product]) -> Mapping[str, Reads]:
    """How a product's parameters are read."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        name: word(name, *get_args(hints[name])) if get_origin(hints[name]) is Literal else _KINDS[hints[name]]
        for name in parameters_of(kind)
    }


_READS = {kind: _reads_of(kind) for kind in BY_TYPE.values()}


def _object(kind: type[Product]) -> JsonSchema:
    described = {name: dict(reads.schema) for name, reads in _READS[kind].items()}
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

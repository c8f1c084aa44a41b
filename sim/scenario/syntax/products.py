"""Which MTA a host runs, as a scenario file names it: `postfix`, or `{postfix: {parameter: value}}`.

A list of delays has no name: `{delays: [5 min, 1 h], lifetime: 4 d}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Literal, cast

from sim.scenario.names import shown, unknown
from sim.scenario.products import PRODUCTS
from sim.scenario.products.base import Product
from sim.scenario.products.concurrency import Feedback
from sim.scenario.products.delays import Delays
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.pydantic_seam import KEY, Collected, Fault, FaultsError, JsonSchema, Reads, one_key
from sim.scenario.quantity import DURATION, above_zero, format_duration
from sim.scenario.scalars import FLAG, read_flag, read_whole, read_word

_MAY_BE_ZERO = re.compile(
    r"bounce_queue_lifetime|maximal_queue_lifetime|M..QueueAge|smtp_.*_timeout|default_destination_rate_delay|"
    r"queuereturn_.*|in_flow_delay|(conn|disc|sess)delay_.*|"
    r"delay_warning_time|queuewarn|ignore_bounce_errors_after"
)
"""Times that may be 0; others would let a host spin, or never have any time."""

_MAY_BE_NONE = re.compile(
    r"default_destination_concurrency_(failed_cohort_)?limit|default_delivery_slot_.*|default_minimum_delivery_slots|"
    r"(Class|Recipient|Retry)Factor|MaxQueueChildren|connection_max_messages|smtp_accept_queue_per_connection|"
    r"smtp_accept_max|MaxDaemonChildren|"
    r"smtp_connection_reuse_count_limit|smtp_mx_(address|session)_limit|"
    r"bounce_(return_)?size_limit|bounce_return_linesize_limit|smtp_line_length_limit|message_linelength_limit|ExternalDsnMaxMessageAttachSize"
)
"""Counts that may be 0: no limit, or none of it."""

_MOST_INTERVALS = 1000
_INTERVAL = re.compile(r"(\d{1,9})\s*([smhd])\s*(?:\*\s*(\d{1,4}))?", re.ASCII)
_RULE_TIME = re.compile(r"(?:(?:\d{1,9}[wdhms])+)", re.ASCII)
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}

Value = object


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
        name: collected.read((name,), _reader(name, known[name]), item, known[name])
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


def _reader(name: str, default: Value) -> Callable[[object], Value]:  # noqa: PLR0911 - a table
    """How a parameter is read: by its default's type."""
    match default:
        case bool():
            return read_flag
        case int():
            return partial(read_whole, _least(name), _most(name))
        case Feedback():
            return read_feedback
        case str() if name in _CHOICES:
            return partial(read_word, name, _CHOICES[name])
        case str():
            return read_classes if name == "notify_classes" else read_mailbox
        case (RetryRule(), *_):
            return read_rules
        case tuple() if name in _WARNINGS:
            return partial(read_warnings, name != "notify")
        case tuple():
            return read_intervals
    return DURATION.parse if _MAY_BE_ZERO.fullmatch(name) else partial(above_zero, DURATION)


_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "smtp_address_preference": ("any", "ipv6", "ipv4"),
        "inet_protocols": ("all", "ipv4", "ipv6"),
        "inet_prefer": ("default", "v4", "v6"),
    }
)
"""Parameters that are one of a few words."""

_WARNINGS = frozenset({"delay_warning", "warn_interval", "notify", "delay_warnings"})
"""Lists of times at which a sender is told that his mail is late; there may be none."""

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
    for word in words:
        if word not in _CLASSES:
            raise ValueError(unknown("class", word, _CLASSES))
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


def _least(name: str) -> int:
    return 0 if _MAY_BE_NONE.fullmatch(name) else 1


def _most(name: str) -> int | None:
    return MOST_HOPS if name in _HOPS else None


MOST_HOPS = 1000
"""What goes round has a Received field more with each hop, all of which each next host reads."""

_HOPS = frozenset({"hopcount_limit", "received_headers_max", "MaxHopCount", "max_received", "received_headers"})


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
        times += [float(int(found[1]) * _UNITS[found[2]])] * again
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
    return float(sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", text)))


def format_parameter(value: Value) -> object:
    """A parameter's value as a file says it."""
    match value:
        case bool() | int() | str():
            return value
        case Feedback():
            return str(value)
        case (RetryRule(), *_):
            return "; ".join(_format_rule(rule) for rule in cast("Sequence[RetryRule]", value))
        case tuple():
            return [format_duration(time) for time in value]
    return format_duration(cast("float", value))


def _format_rule(rule: RetryRule) -> str:
    parts = [rule.letter, _format_time(rule.cutoff), _format_time(rule.interval)]
    return ",".join(parts if rule.letter == "F" else [*parts, f"{rule.factor!r}"])


def _format_time(seconds: float) -> str:
    letter = next(letter for letter, unit in _UNITS.items() if not seconds % unit)
    return f"{seconds // _UNITS[letter]:.0f}{letter}"


def faults_of(product: Product) -> list[tuple[tuple[str, ...], str]]:
    """What parameters say that does not fit together: the parameters, and what is wrong."""
    faults: list[tuple[tuple[str, ...], str]] = [
        ((low, high), f"{low} is above {high} ({_said(product, low, 0)}, {_said(product, high, -1)}): {_ALLOWED}")
        for low, high in _ORDERED
        if hasattr(product, low)
        and hasattr(product, high)
        and 0 < _number(product, high, -1) < _number(product, low, 0)
    ]
    if isinstance(product, Exim) and product.retry[0].interval > product.retry[-1].cutoff:
        first, last = format_duration(product.retry[0].interval), format_duration(product.retry[-1].cutoff)
        faults.append((("retry",), f"the first interval is above the last cutoff ({first}, {last}): {_ALLOWED}"))
    return faults


def most_attempts(product: Product) -> float:
    """How often a message whose host is never up is tried at most, where its retries come again and again."""
    lengths = [
        _number(product, high, -1) / _number(product, low, -1)
        for low, high in _ORDERED
        if high not in _GROWING and hasattr(product, low) and hasattr(product, high) and _number(product, low, -1)
    ]
    return max(lengths, default=0.0)


_GROWING = {"maximal_backoff_time", "maxpause"}
_ALLOWED = "allowed is at most that"

_ORDERED: tuple[tuple[str, str], ...] = (
    ("minimal_backoff_time", "maximal_backoff_time"),
    ("minimal_backoff_time", "maximal_queue_lifetime"),
    ("queue_run_delay", "maximal_queue_lifetime"),
    ("queue_interval", "queuereturn"),
    ("MinQueueAge", "queuereturn"),
    ("MaxQueueAge", "queuereturn"),
    ("queue_run", "retry"),
    ("QueueGlitchRetryInterval", "MessageExpirationTimeout"),
    ("TransientFailureRetryInterval", "MessageExpirationTimeout"),
    ("OutboundConnectionFailureRetryInterval", "MessageExpirationTimeout"),
    ("MessageRetryInterval", "MessageExpirationTimeout"),
    ("schedule", "expire"),
    ("pausetime", "maxpause"),
    ("pausetime", "queuelifetime"),
    ("urgentbackoff", "notices"),
    ("normalbackoff", "notices"),
    ("nonurgentbackoff", "notices"),
    ("retry_interval", "give_up_time"),
    ("later_interval", "give_up_time"),
    ("delays", "lifetime"),
)
"""Backoffs and the times that they must not pass; of a list of backoffs the first counts, of one of ages the last."""


def _number(product: Product, name: str, index: int) -> float:
    value = getattr(product, name)
    if isinstance(value, tuple):
        value = value[index]
    return value.cutoff if isinstance(value, RetryRule) else float(value)


def _said(product: Product, name: str, index: int) -> str:
    return format_duration(_number(product, name, index))


def _described(name: str, default: Value) -> JsonSchema:  # noqa: PLR0911 - a table
    time = DURATION.json_schema()
    match default:
        case bool():
            return dict(FLAG.schema)
        case int():
            most = _most(name)
            return {"type": "integer", "minimum": _least(name)} | ({} if most is None else {"maximum": most})
        case Feedback():
            return {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}]}
        case str() if name in _CHOICES:
            return {"enum": list(_CHOICES[name])}
        case str():
            return {"type": "string"}
        case (RetryRule(), *_):
            return {"type": "string", "examples": ["F,2h,15m; G,16h,1h,1.5; F,4d,6h"]}
        case tuple() if name in _WARNINGS:
            return {"anyOf": [{"type": "array", "items": time}, time]}
        case tuple():
            return {"anyOf": [{"type": "array", "items": time, "minItems": 1}, {"type": "string"}]}
    return time


def _object(kind: type[Product]) -> JsonSchema:
    described = {name: _described(name, default) for name, default in parameters_of(kind).items()}
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

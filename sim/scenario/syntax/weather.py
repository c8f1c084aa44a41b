"""What a scenario file may say of weather: its keys, their types and, as docstrings, what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from sim.scenario.distribution import Constant, Distribution, Empirical, Exponential, Lognormal, Uniform, Weibull
from sim.scenario.distribution_text import Times
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, OrValue, OrWord, Reads, Section
from sim.scenario.quantity import format_duration
from sim.scenario.scalars import FLAG, Duration, LongDuration, Names, read_names, word
from sim.scenario.spec import NEGATIVE_TTL, TTL, Interval, Weather
from sim.scenario.spec import Outages as OutagesSpec
from sim.scenario.spec.calendar import Start, format_start, read_start
from sim.scenario.spec.windows import Windows, format_window

NONE: Literal["none"] = "none"
"""The word that takes away what weaker settings say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagesForm(Section):
    """Random outages: how long it is up (`mtbf` or `up`) and down (`mttr` or `down`) in turn."""

    mtbf: LongDuration | None = None
    """Mean time that it is up, of exponential times."""
    mttr: LongDuration | None = None
    """Mean time that it is down, of exponential times."""
    up: Times | None = None
    """How long it is up, instead of mtbf."""
    down: Times | None = None
    """How long it is down, instead of mttr."""
    start: Annotated[Literal["equilibrium", "up"], word("start", "equilibrium", "up")] = "equilibrium"
    """At time 0: in the middle of its life, up or down as often as ever (`equilibrium`), or freshly `up`."""

    def __post_init__(self) -> None:
        for mean, times in (("mtbf", "up"), ("mttr", "down")):
            given = [key for key in (mean, times) if getattr(self, key) is not None]
            if not given:
                raise ValueError(f"{mean} is missing: needed are mtbf, mttr (or up, down: distributions of durations)")
            if len(given) > 1:
                raise ValueError(f"{mean} and {times} are given: allowed is one of them")


Spool = Annotated[Literal["durable", "volatile"], word("spool", "durable", "volatile")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashesForm(OutagesForm):
    """Random crashes of a host."""

    spool: Spool | None = None
    """The host's `spool`, said here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalForm(Section):
    """An explicit outage."""

    from_: Duration
    """When it begins."""
    to: Duration
    """When it is over."""

    def __post_init__(self) -> None:
        if self.from_ >= self.to:
            times = f"{format_duration(self.from_)}, {format_duration(self.to)}"
            raise ValueError(f"an outage that ends before it begins ({times}): allowed is from < to")


Outages = Annotated[OutagesForm | Literal["none"], OrWord(OutagesForm, NONE, NONE)]
Crashes = Annotated[CrashesForm | Literal["none"], OrWord(CrashesForm, NONE, NONE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherForm(Section):
    """When something is up."""

    outages: Outages | None = None
    """Random outages, or `none`."""
    down: tuple[IntervalForm, ...] | None = None
    """Explicit outages."""
    windows: Windows | None = None
    """When it is up by schedule; always, where absent."""


Availability = Annotated[WeatherForm | bool, OrValue(WeatherForm, FLAG, (True, False))]
"""Always (`yes`), never (`no`), or when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupForm(WeatherForm):
    """Links and hosts that fail together: while the group is down, all of them are."""

    members: Names
    """Links by name (`a-b`: the one between a and b), and hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServiceForm(WeatherForm):
    """When the name service answers; while it does not, hosts cannot look up where mail goes, and try again later."""

    servers: Names | None = None
    """Hosts that run it: it answers while one of them is up."""
    ttl: Duration = TTL
    """How long hosts may go by what they have heard of a domain that has no `ttl` of its own."""
    negative_ttl: Duration = NEGATIVE_TTL
    """How long they may go by the answer that there is no such domain."""
    lookup: Duration = 0.0
    """What it takes to ask where nothing is remembered; no time, where absent."""


def _read_sides(value: object) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"not sides ({shown(value)}): allowed is a list of two or more lists of hosts")
    collected = Collected()
    nobody: tuple[str, ...] = ()
    sides = tuple(collected.read((index,), read_names, side, nobody) for index, side in enumerate(value))
    collected.done()
    return sides


_NAME: Mapping[str, object] = {"type": ["string", "integer"]}
_SIDE = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1}]}
_SIDES = Reads(_read_sides, {"type": "array", "items": _SIDE, "minItems": 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionForm(Section):
    """The network falls apart for a time: every link from one side to another is down."""

    at: Duration
    """When it begins."""
    for_: LongDuration
    """How long it lasts."""
    sides: Annotated[tuple[tuple[str, ...], ...], _SIDES]
    """The hosts of each side; links of hosts on no side stay up."""


StartText = Annotated[Start, Reads(read_start, {"type": "string", "examples": [format_start(Start())]})]


def show_weather(weather: Weather) -> dict[str, object]:
    """Weather as a file says it."""
    return {
        "outages": show_outages(weather.outages),
        "down": show_intervals(weather.down),
        "windows": [format_window(window) for window in weather.windows],
    }


def show_availability(weather: Weather | None) -> object:
    """When something is there, as a file says it."""
    return "no" if weather is None else show_weather(weather) if weather != Weather() else "yes"


def show_outages(outages: OutagesSpec | None) -> object:
    """Random outages as a file says them."""
    if outages is None:
        return "none"
    up, down = ((isinstance(d, Exponential), show_distribution(d, format_duration)) for d in (outages.up, outages.down))
    said: dict[str, object] = {"mtbf": format_duration(outages.up.mean())} if up[0] else {"up": up[1]}
    said |= {"mttr": format_duration(outages.down.mean())} if down[0] else {"down": down[1]}
    return said if outages.start == "equilibrium" else said | {"start": outages.start}


def show_intervals(intervals: Iterable[Interval]) -> list[dict[str, object]]:
    """Explicit outages as a file says them."""
    return [{"from": format_duration(i.start), "to": format_duration(i.end)} for i in intervals]


def show_time(time: float | Distribution) -> object:
    """What something takes, always or each time, as a file says it."""
    return format_duration(time) if isinstance(time, float | int) else show_distribution(time, format_duration)


def show_distribution(distribution: Distribution, text: Callable[[float], str]) -> object:
    """A distribution as a file says it; `text` gives its quantity."""
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

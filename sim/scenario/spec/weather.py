"""The keys of weather, `outages`, `down` and `windows`: when links, hosts and services are up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from sim.scenario.distribution import Distribution, Exponential
from sim.scenario.distribution_text import Times
from sim.scenario.pydantic_seam import OrValue, OrWord, Reads, Via, Word
from sim.scenario.quantity import format_duration
from sim.scenario.scalars import FLAG, Duration, LongDuration, read_flag
from sim.scenario.sections import Section
from sim.scenario.spec.windows import Windows

Spool = Annotated[Literal["durable", "volatile"], Word("spool")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """Random outages: times up and down in turn, in seconds.

    `start` says how things are at time 0: in `equilibrium`, down with the chance that they are down at any time and
    somewhere in the middle of it, or freshly `up`.
    """

    up: Distribution
    down: Distribution
    start: Literal["equilibrium", "up"] = "equilibrium"

    @classmethod
    def exponential(cls, *, mtbf: float, mttr: float) -> Outages:
        """Outages of exponential times: mean `mtbf` up, mean `mttr` down."""
        return cls(up=Exponential(mtbf), down=Exponential(mttr))

    @property
    def availability(self) -> float:
        """The share of time up in the long run: MTBF / (MTBF + MTTR)."""
        return self.up.mean() / (self.up.mean() + self.down.mean())


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagesForm(Section):
    """Random outages: how long it is up (`mtbf` or `up`) and down (`mttr` or `down`) in turn."""

    brief: ClassVar = ("start",)

    mtbf: LongDuration | None = None
    """Mean time that it is up, of exponential times."""
    up: Times | None = None
    """How long it is up, instead of mtbf."""
    mttr: LongDuration | None = None
    """Mean time that it is down, of exponential times."""
    down: Times | None = None
    """How long it is down, instead of mttr."""
    start: Annotated[Literal["equilibrium", "up"], Word("start")] = "equilibrium"
    """At time 0: in the middle of its life, up or down as often as ever (`equilibrium`), or freshly `up`."""

    def __post_init__(self) -> None:
        for mean, times in (("mtbf", "up"), ("mttr", "down")):
            given = [key for key in (mean, times) if getattr(self, key) is not None]
            if not given:
                raise ValueError(f"{mean} is missing: needed are mtbf, mttr (or up, down: distributions of durations)")
            if len(given) > 1:
                raise ValueError(f"{mean} and {times} are given: allowed is one of them")

    @property
    def outages(self) -> Outages:
        """What it means."""
        up, down = self.up or Exponential(self.mtbf or 0.0), self.down or Exponential(self.mttr or 0.0)
        return Outages(up=up, down=down, start=self.start)

    @classmethod
    def of(cls, outages: Outages) -> OutagesForm:
        """The form of outages."""
        up = {"mtbf": outages.up.average} if isinstance(outages.up, Exponential) else {"up": outages.up}
        down = {"mttr": outages.down.average} if isinstance(outages.down, Exponential) else {"down": outages.down}
        return cls(start=outages.start, **up, **down)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashesForm(OutagesForm):
    """Random crashes of a host."""

    spool: Spool | None = None
    """The host's `spool`, said here."""


OutagesSetting = Annotated[
    Outages | None,
    OrWord(Annotated[Outages, Via(OutagesForm, lambda form: form.outages, OutagesForm.of)], "none", None),
]
"""Random outages, or `none`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval(Section):
    """An explicit outage: a stretch of simulated time [start, end), in seconds."""

    renamed: ClassVar = {"start": "from", "end": "to"}

    start: Duration
    """When it begins."""
    end: Duration
    """When it is over."""

    def __post_init__(self) -> None:
        if self.start >= self.end:
            times = f"{format_duration(self.start)}, {format_duration(self.end)}"
            raise ValueError(f"an outage that ends before it begins ({times}): allowed is from < to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather(Section):
    """When something is up."""

    outages: OutagesSetting = None
    """Random outages, or `none`."""
    down: tuple[Interval, ...] = ()
    """Explicit outages."""
    windows: Windows = ()
    """When it is up by schedule; always, where absent."""


Availability = Annotated[
    Weather | None,
    OrValue(
        Weather,
        Reads(
            lambda value: Weather() if read_flag(value) else None,
            FLAG.schema,
            lambda weather: "no" if weather is None else "yes",
        ),
        (None, Weather()).__contains__,
    ),
]
"""Always (`yes`), never (`no`, None), or when."""

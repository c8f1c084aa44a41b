"""When links, hosts and services are up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim.scenario.distribution import Distribution, Exponential
from sim.scenario.spec.calendar import ClockWindow, Window


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
class Interval:
    """A stretch of simulated time [start, end), in seconds."""

    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """When something is up: random outages, explicit ones, and (if any are given) only inside its windows."""

    outages: Outages | None = None
    down: tuple[Interval, ...] = ()
    windows: tuple[Window | ClockWindow, ...] = ()

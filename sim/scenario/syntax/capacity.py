"""What a scenario file may say of a host's capacity: keys, types and meanings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from sim.scenario.pydantic_seam import OrWord, Section
from sim.scenario.quantity import format_duration, format_message_rate
from sim.scenario.scalars import MessageRate, Times, whole
from sim.scenario.spec.capacity import Capacity, Filters
from sim.scenario.syntax.weather import NONE, show_distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class FiltersForm(Section):
    """Content filters, which a message passes before the reply to its final dot."""

    workers: Annotated[int, whole(1)] = 1
    """How many there are; each has one message at a time."""
    time: Times
    """How long a message takes one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityForm(Section):
    """What all that a host does has to share; who finds it busy waits in line."""

    disk: MessageRate | None = None
    """How many queue files its disk commits, as `100 /s`: one a message that comes in, one a round of deliveries."""
    filters: FiltersForm | None = None
    """Its content filters: `{workers: 20, time: 0.5 s}`."""

    def capacity(self) -> Capacity:
        """What it means."""
        form = self.filters
        filters = None if form is None else Filters(workers=form.workers, time=form.time)
        return Capacity(disk=self.disk or 0.0, filters=filters)


CapacitySetting = Annotated[CapacityForm | Literal["none"], OrWord(CapacityForm, NONE)]


def show_capacity(capacity: Capacity) -> object:
    """A capacity as a file says it."""
    said: dict[str, object] = {"disk": format_message_rate(capacity.disk)} if capacity.disk else {}
    if capacity.filters:
        time = show_distribution(capacity.filters.time, format_duration)
        said["filters"] = {"workers": capacity.filters.workers, "time": time}
    return said or NONE

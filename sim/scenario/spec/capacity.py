"""The key `capacity` of a host: what its machine has, a disk and content filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from sim.scenario.distribution_text import Times
from sim.scenario.pydantic_seam import OrWord
from sim.scenario.scalars import MessageRate, whole
from sim.scenario.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters(Section):
    """Content filters, which a message passes before the reply to its final dot."""

    workers: Annotated[int, whole(1)] = 1
    """How many there are; each has one message at a time."""
    time: Times
    """How long a message takes one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity(Section):
    """What all that a host does has to share; who finds it busy waits in line."""

    brief: ClassVar = ("disk",)

    disk: MessageRate = 0.0
    """How many queue files its disk commits, as `100 /s`: one a message that comes in, one a round of deliveries."""
    filters: Filters | None = None
    """Its content filters: `{workers: 20, time: 0.5 s}`."""


NO_CAPACITY = Capacity()
"""Nothing is shared: nobody waits."""

CapacitySetting = Annotated[Capacity, OrWord(Capacity, "none", NO_CAPACITY)]

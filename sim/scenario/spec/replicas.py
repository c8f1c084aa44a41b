"""The key `replicas` of an architecture: hosts that meet give each other copies, and go on with their own.

Epidemic routing (Vahdat and Becker, 2000) and binary spray and wait (Spyropoulos, Psounis and Raghavendra, 2005), as
The ONE has them: `EpidemicRouter`, `SprayAndWaitRouter` and, of both, `ActiveRouter`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from sim.scenario.pydantic_seam import OrWord
from sim.scenario.quantity import DAY
from sim.scenario.scalars import Flag, LongDuration, Size, whole
from sim.scenario.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas(Section):
    """Each host keeps what it has taken, and gives it to every host that it meets and that has not had it."""

    brief: ClassVar = ("copies", "buffer")

    copies: Annotated[int, whole(0)] = 0
    """How many instances of a copy there may be, shared out by halves; who has one left waits for the recipient's host.

    0 means no limit: epidemic.
    """
    ttl: LongDuration = 5 * DAY
    """How old a message becomes before hosts drop it."""
    buffer: Size = 0
    """What a host keeps for others; it drops the oldest for what comes. 0 means no limit."""
    delete_delivered: Flag = False
    """Whether a host that hears from the recipient's that it has a copy removes its own."""


USUAL_COPIES = 6
"""Of spray and wait, in The ONE's default settings."""

ReplicasSetting = Annotated[Replicas | None, OrWord(Replicas, "none", None)]

"""What the machine of a host has: a disk, and content filters."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.distribution import Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """So many `workers` look at the messages that come by SMTP, each at one at a time, for `time` s."""

    workers: int
    time: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What all that a host does has to share; who finds it busy waits in line.

    Its disk commits `disk` queue files a second (0: any number): one for each message that comes in, and one more at
    the end of each round of its deliveries. Filters work before the queue: the reply to the final dot waits for them.
    """

    disk: float = 0.0
    filters: Filters | None = None


NO_CAPACITY = Capacity()
"""Nothing is shared: nobody waits."""

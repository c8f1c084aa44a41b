"""The key `limits`: how much a scenario may ask for; bounds that `check` can state, each with the key that raises it.

A bound keeps a slip of the pen (a message a nanosecond, a mail of 10 GB) from filling a machine for hours. What a
scenario has within its limits is for its author to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Reads
from sim.scenario.quantity import COUNT, above_zero, format_size
from sim.scenario.scalars import Size
from sim.scenario.sections import Section

_SIZES = ("size", "file")


class LimitError(Exception):
    """A run goes beyond what its scenario allows; one line that says what, and the key that raises it."""


def read_count(value: object) -> int:
    """A whole number of at least 1: `50 M`, or 50000000.

    Raises:
        ValueError: none.
    """
    count = above_zero(COUNT, value)
    if not count.is_integer():
        raise ValueError(f"not a whole number ({shown(value)}): allowed is e.g. {COUNT.example}")
    return int(count)


def write_count(count: int) -> str:
    """A count as a file has it, in the biggest unit of which it is a whole number."""
    units = ((unit, int(factor)) for unit, factor in [*COUNT.units.items()][::-1])
    return next((f"{count // factor} {unit}" for unit, factor in units if count % factor == 0), str(count))


Count = Annotated[int, Reads(read_count, COUNT.json_schema(), write_count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Section):
    """How much the scenario may ask for."""

    messages: Count = 10_000_000
    """How many messages a run may have, as far as they can be told beforehand."""
    copies: Count = 20_000_000
    """How many copies, one for each recipient, members of lists counted once a message."""
    attempts: Count = 1_000_000
    """How often a message whose host is never up may be tried before it is given up, or mail be asked for."""
    run_attempts: Count = 50_000_000
    """How many attempts a run may make in all, counted while it runs."""
    replications: Count = 10_000
    """How many independent runs."""
    runs: Count = 100_000
    """How many runs, of all architectures."""
    outages: Count = 5_000_000
    """How many outages, crashes and bursts of loss a run may have on average."""
    nodes: Count = 20_000
    """How many nodes."""
    links: Count = 500_000
    """How many links."""
    users: Count = 5_000_000
    """How many users all domains have."""
    size: Size = 100_000_000
    """How big a message may be, in bytes. Sizes drawn at random are cut to it."""
    file: Size = 200_000_000
    """How big a file may be that the scenario names, unfolded where it is gzip, in bytes."""


def raised(key: str, limits: Limits) -> str:
    """What is allowed, and the cure: the end of a message about something beyond a limit."""
    value = getattr(limits, key)
    text = format_size(value) if key in _SIZES else write_count(value)
    return f"allowed are {text}, or more by `limits: {{{key}: ...}}`"

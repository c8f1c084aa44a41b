"""How a scenario file says its limits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Reads, Section
from sim.scenario.quantity import COUNT, above_zero
from sim.scenario.scalars import Size
from sim.scenario.spec.limits import Limits

__all__ = ["LimitsForm", "resolve_limits"]


def read_count(value: object) -> int:
    """A whole number of at least 1: `50 M`, or 50000000.

    Raises:
        ValueError: none.
    """
    count = above_zero(COUNT, value)
    if not count.is_integer():
        raise ValueError(f"not a whole number ({shown(value)}): allowed is e.g. {COUNT.example}")
    return int(count)


Count = Annotated[int, Reads(read_count, COUNT.json_schema())]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsForm(Section):
    """How much the scenario may ask for."""

    messages: Count | None = None
    """How many messages a run may have; 10 M where nothing is said."""
    copies: Count | None = None
    """How many copies, one for each recipient, members of lists counted; 20 M where nothing is said."""
    attempts: Count | None = None
    """How often a message may be tried before it is given up, or mail be asked for; 1 M where nothing is said."""
    run_attempts: Count | None = None
    """How many attempts a run may make in all, counted while it runs; 50 M where nothing is said."""
    replications: Count | None = None
    """How many independent runs; 10 k where nothing is said."""
    runs: Count | None = None
    """How many runs, of all architectures; 100 k where nothing is said."""
    outages: Count | None = None
    """How many outages, crashes and bursts of loss a run may have on average; 5 M where nothing is said."""
    nodes: Count | None = None
    """How many nodes; 20 k where nothing is said."""
    links: Count | None = None
    """How many links; 500 k where nothing is said."""
    users: Count | None = None
    """How many users all domains have; 5 M where nothing is said."""
    size: Size | None = None
    """How big a message may be; 100 MB where nothing is said. Sizes drawn at random are cut to it."""
    file: Size | None = None
    """How big a file may be that the scenario names, unfolded where it is gzip; 200 MB where nothing is said."""


def resolve_limits(form: LimitsForm | None) -> Limits:
    """The limits, with defaults where nothing is said."""
    said = {field.name: getattr(form, field.name) for field in fields(LimitsForm)} if form is not None else {}
    return Limits(**{key: value for key, value in said.items() if value is not None})

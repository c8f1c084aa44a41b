"""The key `acts`: what operators do to hosts, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, get_args

from sim.scenario.products.tables import Operation
from sim.scenario.scalars import Duration, Name, Names, word
from sim.scenario.sections import Section

RESTART_TIME = 1.0
"""How long nobody listens when a product is stopped and started, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act(Section):
    """What operators do at a time."""

    renamed: ClassVar = {"hosts": "host"}
    brief: ClassVar = ("of",)

    at: Duration
    """When."""
    hosts: Names
    """To which host, or hosts; `all` of them."""
    do: Annotated[Operation, word("act", *get_args(Operation))]
    """Try all that waits now (`flush`), `hold` what is in the queue, `release` it, or `restart` the MTA."""
    of: Name = ""
    """Mail for which domain; all mail, where absent."""

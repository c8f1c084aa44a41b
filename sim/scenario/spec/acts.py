"""What operators do to hosts, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, get_args

from sim.scenario.products.tables import Operation
from sim.scenario.scalars import Duration, Name, Names, word
from sim.scenario.sections import Section

RESTART_TIME = 1.0
"""How long nobody listens when a product is stopped and started, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What operators do at a time, in s: to which hosts, and to mail for which domain (empty: to all mail)."""

    at: float
    hosts: tuple[str, ...]
    do: Operation
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActForm(Section):
    """What operators do at a time."""

    at: Duration
    """When."""
    host: Names
    """To which host, or hosts; `all` of them."""
    do: Annotated[Operation, word("act", *get_args(Operation))]
    """Try all that waits now (`flush`), `hold` what is in the queue, `release` it, or `restart` the MTA."""
    of: Name = ""
    """Mail for which domain; all mail, where absent."""

"""What operators do to hosts, and when."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.tables import Operation

RESTART_TIME = 1.0
"""How long nobody listens when a product is stopped and started, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What operators do at a time, in s: to which hosts, and to mail for which domain (empty: to all mail)."""

    at: float
    hosts: tuple[str, ...]
    do: Operation
    of: str = ""

"""How many deliveries at a time a destination gets, and which message comes first, as a product's parameters say it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Annotated, Literal

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Reads


@dataclass(frozen=True, slots=True)
class Feedback:
    """So much for each delivery, or (`shared`) so much divided by the concurrency (qmgr_feedback.c)."""

    amount: float = 1.0
    shared: bool = False

    def of(self, window: int) -> float:
        """What one delivery counts at a concurrency of `window`."""
        return self.amount / window if self.shared else self.amount

    def __str__(self) -> str:
        return f"{self.amount:.12g}{'/concurrency' if self.shared else ''}"


FIXED = Feedback()
"""Postfix's default: each delivery opens or closes a place."""

STILL = Feedback(0.0)
"""Leaves a window as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """What steers the windows of all destinations, under the names of Postfix's parameters without their prefixes.

    `concurrency_limit` 0 means no limit, `failed_cohort_limit` 0 that no destination is ever dead. A dead one comes
    back after `revival` s (minimal_backoff_time). With a `rate_delay` deliveries go one by one, that long apart.
    `connections` says whether deliveries leave theirs open for the next: while they come back to back, always or never.
    """

    initial: int = 5
    concurrency_limit: int = 20
    positive_feedback: Feedback = FIXED
    negative_feedback: Feedback = FIXED
    failed_cohort_limit: float = 1.0
    revival: float = 300.0
    rate_delay: float = 0.0
    connections: Literal["on-demand", "always", "never"] = "on-demand"

    @property
    def most(self) -> float:
        """The widest window."""
        return 1 if self.rate_delay else self.concurrency_limit or inf

    @property
    def first(self) -> int:
        """The window to begin with."""
        return int(min(self.initial, self.most))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """Postfix's default_delivery_slot_cost, _loan and _discount (percent), and default_minimum_delivery_slots."""

    cost: int = 5
    loan: int = 3
    discount: int = 50
    minimum: int = 3


FIRST_COME = Slots(cost=0)
"""Nobody steps in front."""


def read_feedback(value: object) -> Feedback:
    """Feedback as it is written.

    Raises:
        ValueError: something else.
    """
    amount, slash, below = str(value).replace(" ", "").partition("/")
    shared = below == "concurrency"
    try:
        number = float(amount) / (float(below) if slash and not shared else 1.0)
    except (ValueError, ZeroDivisionError):
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError(f"not feedback ({shown(value)}): {_FEEDBACK}")
    return Feedback(number, shared)


_FEEDBACK = "allowed is a number from 0 to 1, or such a number over another, or over concurrency, e.g. 1/concurrency"

WindowFeedback = Annotated[
    Feedback,
    Reads(read_feedback, {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}]}, str),
]
"""A parameter that is feedback."""

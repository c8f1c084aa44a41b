"""What a delivery that got through, or did not, does to how many go to its destination at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

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

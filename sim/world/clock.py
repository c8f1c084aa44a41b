"""The simulated clock: simpy's, which may leap where nobody else has anything to do."""

from __future__ import annotations

import simpy


class Clock(simpy.Environment):
    """simpy's environment, with a way to let time pass without an event.

    A process that waits until a time before which no event is due would be the next to go on anyway. Letting the time
    pass at once saves the event and changes no order: at equal times the other event goes first, so that is no leap.
    """

    def leap(self, delay: float) -> float | None:
        """Let `delay` seconds pass at once and give the time, unless something is due until their end."""
        at = self._now + delay
        if self.peek() <= at:
            return None
        self._now = at
        return at

"""The sessions that a host has left open, each for the next message to the same host (Postfix: scache(8))."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.world.attempt import Attempt
    from sim.world.simulation import Simulation


class Connections:
    """Attempts whose sessions are open and idle, by next hop, the oldest first; `idle` says whether there are any."""

    __slots__ = ("_idle_limit", "_world", "idle")

    def __init__(self, world: Simulation, idle_limit: float) -> None:
        self._world = world
        self._idle_limit = idle_limit
        self.idle: dict[str, list[Attempt]] = {}

    def keep(self, hop: str, attempt: Attempt, now: float) -> None:
        """Keep an attempt's session until somebody takes it or its time is over."""
        self.idle.setdefault(hop, []).append(attempt)
        until = now + self._idle_limit
        if now < until < self._world.horizon:
            self._world.at(until, lambda: self._close(hop, attempt))

    def tidy(self, hop: str) -> None:
        """Those who wait have got their places: close what is left, unless it is kept for mail that comes later."""
        if not self._idle_limit:
            for attempt in self.idle.pop(hop, ()):
                attempt.close()

    def take(self, hop: str) -> Attempt | None:
        """The attempt whose session to go on with, if there is one."""
        waiting = self.idle.get(hop)
        if waiting is None:
            return None
        attempt = waiting.pop(0)
        if not waiting:
            del self.idle[hop]
        return attempt

    def _close(self, hop: str, attempt: Attempt) -> None:
        """Close an attempt's session, unless somebody has taken it."""
        waiting = self.idle.get(hop, ())
        if attempt in waiting:
            self.idle[hop] = [other for other in waiting if other is not attempt]
            if not self.idle[hop]:
                del self.idle[hop]
            attempt.close()

    def close_all(self) -> None:
        """The host is down, or the run over."""
        for waiting in self.idle.values():
            for attempt in waiting:
                attempt.close()
        self.idle.clear()

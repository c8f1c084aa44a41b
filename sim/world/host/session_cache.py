"""The sessions that a host has left open, each for the next message to the host that it is with (scache(8))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sim.world.engine.clock import Clock
from sim.world.host.attempt import Attempt
from sim.world.host.routes import Route


@dataclass
class SessionCache:
    """Attempts whose sessions are open and `idle`, by the host that they are with, the oldest first."""

    clock: Clock
    idle_limit: float
    idle: dict[str, list[Attempt]] = field(default_factory=dict)

    def keep(self, attempt: Attempt, now: float) -> None:
        """Keep an attempt's session until somebody takes it or its time is over."""
        self.idle.setdefault(attempt.place[0], []).append(attempt)
        if self.idle_limit:
            self.clock.call_at(now + self.idle_limit, lambda: self._close(attempt))

    def tidy(self) -> None:
        """Those who wait have got their places: close what is left, unless it is kept for mail that comes later."""
        if not self.idle_limit:
            self.close_all()

    def take(self, routes: Sequence[Route], domain: str | None) -> Attempt | None:
        """The attempt whose session to go on with, if there is one.

        Args:
            routes: those that the mail may go, best first. A session at the first one's end is as good as a new one.
            domain: whose sessions, with any of the hosts, are to be preferred, and then those with any address of the
                best preference (smtp_connect.c: smtp_reuse_session); None where sessions are not by domain.
        """
        if domain is None:
            return self.at(routes[0])
        for route in routes:
            for attempt in self.idle.get(route.host, ()):
                if attempt.domain == domain:
                    self._let_go(attempt)
                    return attempt
        best = (self.at(route) for route in routes if not route.backup)
        return next((found for found in best if found is not None), None)

    def at(self, route: Route) -> Attempt | None:
        """The attempt whose session is with the very address at a route's end, if there is one."""
        for attempt in self.idle.get(route.host, ()):
            if attempt.place == route.place:
                self._let_go(attempt)
                return attempt
        return None

    def _close(self, attempt: Attempt) -> None:
        """Close an attempt's session, unless somebody has taken it."""
        if attempt in self.idle.get(attempt.place[0], ()):
            self._let_go(attempt)
            attempt.close()

    def _let_go(self, attempt: Attempt) -> None:
        waiting = self.idle[attempt.place[0]]
        waiting.remove(attempt)
        if not waiting:
            del self.idle[attempt.place[0]]

    def close_all(self) -> None:
        """The host is down, the run over, or nobody left who would go on with one."""
        for waiting in self.idle.values():
            for attempt in waiting:
                attempt.close()
        self.idle.clear()

"""When OpenSMTPD tries again: by each message's age, unless a route is disabled (scheduler_ramqueue.c, mta.c).

A route leads from this host to another one. Where its first connection fails it is disabled for a while, and what there
is for it is put off without being tried. The messages that were put off so are remembered, and go at once when a
message to the same host has been delivered.
"""

# ruff: noqa: ARG002 - a route is not a message's

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sim.mta.retry.base import Outcome, Retry, Round
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.tables import ReplyText

_BACKOFF = 400.0
"""BACKOFF_TRANSFER, s (scheduler_ramqueue.c)."""

_DISABLED, _REMEMBERED, _MOST = 15.0, 4 * 3600.0, 100
"""DELAY_ROUTE_BASE and HOSTSTAT_EXPIRE_DELAY, s (mta.c); how many messages a host has remembered.

The delay is that of one penalty: a failure earns one, and enabling the route takes it away again.
"""

NO_ROUTE = ReplyText(0, "4.4.1", "No valid route to remote MX")


@dataclass(slots=True)
class Route:
    """A host's route: until when it is disabled, when it last failed, and who was put off over it."""

    disabled_until: float = -math.inf
    last_try: float = -math.inf
    put_off: dict[str, None] = field(default_factory=dict)


class OpenSmtpdRetry(Retry):
    """scheduler_next and the routes of mta.c; what expires is returned by a timer."""

    keeps_hosts = True
    by_address = True

    def __init__(self, product: OpenSmtpd, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._routes: dict[str, Route] = {}

    def starts(self) -> None:
        """No route has been used."""
        self._routes.clear()

    def sleeps_until(self, last: Round) -> float:
        """400 s times the square of the number of tries, or of the next number that lies in the future."""
        age = last.ended - last.arrival
        step = max(last.number, math.isqrt(int(age / _BACKOFF)))
        while _BACKOFF * step * step <= age:
            step += 1
        return min(last.arrival + _BACKOFF * step * step, self.lapses(last.arrival))

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> ReplyText | None:
        """A disabled route is not tried."""
        route = self._routes.get(hop)
        if route is None or now >= route.disabled_until:
            return None
        _put_off(route, queue_id)
        return NO_ROUTE

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Disable a route that could not be used; after a delivery all go that were put off in the last four hours."""
        route = self._routes.get(hop)
        if outcome == "host":
            if route is None or now - route.last_try > _REMEMBERED:
                route = self._routes[hop] = Route()
            _put_off(route, queue_id)
            if route.last_try < began:
                route.disabled_until = now + _DISABLED
                route.last_try = now
            return ()
        if route is None or outcome == "message":
            return ()
        del self._routes[hop]
        if now - route.last_try > _REMEMBERED:
            return ()
        return [other for other in route.put_off if other != queue_id]

    def forget(self, queue_id: str) -> None:
        """A message has left the queue."""
        for route in self._routes.values():
            route.put_off.pop(queue_id, None)


def _put_off(route: Route, queue_id: str) -> None:
    if len(route.put_off) < _MOST:
        route.put_off[queue_id] = None

"""How many deliveries at a time a destination gets, and when it is dead (Postfix's qmgr_queue.c; SCHEDULER_README).

Each destination has a window: it opens with deliveries that found the destination talking, and closes with those that
did not. The bookkeeping is the source's, which the pseudocode of SCHEDULER_README leaves out in part: a change comes
half a step of feedback early, so that rounding never delays it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf

from sim.mta.queue.entry import Copy
from sim.mta.queue.failure import Failure
from sim.mta.queue.mx import routed
from sim.scenario.products.base import ConnectionCache, Product

BACK_TO_BACK = 1
"""A delivery that starts in the second when another ended, or the next, leaves its connection open (qmgr_entry.c)."""


Naming = Callable[[str, Sequence[Copy]], str]
"""Names the destination of copies that go together, given the host that they are to go to first."""


def is_by_domain(product: Product, *, relays: bool) -> bool:
    """Whether each domain's mail goes by itself; not where neighbours are its next hops (Postfix: after transport(5)).

    `relays` says whether mail goes from neighbour to neighbour.
    """
    return product.destinations in ("domain", "recipient") and not relays


def naming_of(product: Product, *, relays: bool, routes: Mapping[str, str]) -> Naming:
    """How a product tells destinations apart; `relays` as above, and `routes` are the host's own.

    Where those name the next hop it is the destination, as one of transport_maps or relayhost is in Postfix.
    """
    if product.destinations != "domain" or not (relays or routes):
        return _NAMINGS[product.destinations]
    if relays:
        return _NAMINGS["host"]
    return lambda _, copies: (routed(routes, copies[0].next_domain) or copies[0].next_domain).lower()


_NAMINGS: dict[str, Naming] = {
    "host": lambda host, _: host,
    "domain": lambda _, copies: copies[0].next_domain,
    "recipient": lambda _, copies: f"{copies[0].recipient} {copies[0].next_domain}".lower(),
    "all": lambda _, __: "",
}


class Destination:
    """One destination: its window, and how many deliveries are under way (`busy`).

    `window` 0 means that it is dead until `closed_until`, and `reason` then says why. `keeps_connections` says whether
    the delivery that started last should leave its connection open for the next, `uses_connections` whether it may take
    over one that was left open, `is_fresh` that none has ended that makes a difference.
    """

    def __init__(self, product: Product, cache: ConnectionCache) -> None:
        self._product = product
        self._most = 1 if product.rate_delay else product.destination_concurrency_limit
        self._first = self.window = min(product.initial_concurrency, self._most)
        self.busy = 0
        self.is_fresh = True
        self.closed_until = -inf
        self.reason: Failure | None = None
        self._on_demand = cache == "on-demand"
        self.keeps_connections = self.uses_connections = cache == "always"
        self._success = self._failure = self._fail_cohorts = 0.0
        self._last_done = -2

    @property
    def is_dead(self) -> bool:
        """Whether it has been declared dead, and not come back."""
        return self.window == 0

    def has_room(self, now: float) -> bool:
        """Whether one more delivery may start; a dead destination comes back when its time is over."""
        if now < self.closed_until:
            return False
        if self.window == 0:
            self._revive()
        return self.busy < self.window

    def start(self, now: float) -> None:
        """A delivery starts (qmgr_entry_select)."""
        self.busy += 1
        if self._on_demand:
            # Once connections have been kept all that are open are used up, though no more are kept.
            back_to_back = int(now) <= self._last_done + BACK_TO_BACK
            self.keeps_connections = back_to_back or (self.keeps_connections and self.busy > 1)
            self.uses_connections |= self.keeps_connections

    def end(self, now: float) -> None:
        """A delivery is over; `succeeded` or `failed` has been told before what came of it."""
        self.busy -= 1
        self.is_fresh = False
        self._last_done = int(now)
        if self._product.rate_delay:
            if self.window == 0:
                self._revive()
            self.closed_until = now + self._product.rate_delay

    def succeeded(self) -> None:
        """A delivery found the destination talking, whatever became of the message (qmgr_queue_unthrottle)."""
        self._fail_cohorts = 0.0
        if self.window == 0:
            self._revive()
        elif self.window < self._most and self.window < self.busy + self._first:
            step = self._product.positive_feedback.of(self.window)
            self._success += step
            while self._success + step / 2 >= 1:
                self.window += 1
                self._success -= 1
                self._failure = 0.0
            self.window = min(self.window, self._most)

    def failed(self, reason: Failure, now: float) -> None:
        """A delivery could not talk to the destination, which may be the end of it (qmgr_queue_throttle)."""
        product = self._product
        if self.window == 0:
            return
        self._fail_cohorts += 1 / self.window
        if 0 < product.failed_cohort_limit <= self._fail_cohorts:
            self.window, self.reason, self.closed_until = 0, reason, now + product.revival_time
            if self._on_demand:
                self.keeps_connections = self.uses_connections = False
            return
        step = product.negative_feedback.of(self.window)
        self._failure -= step
        while self._failure - step / 2 < 0:
            self.window -= 1
            self._success = 0.0
            self._failure += 1
        self.window = max(self.window, 1)

    def _revive(self) -> None:
        """Back from the almost grave: the best concurrency is anyone's guess."""
        self.reason, self.closed_until = None, -inf
        self._fail_cohorts = self._success = self._failure = 0.0
        self.window = self.busy or self._first

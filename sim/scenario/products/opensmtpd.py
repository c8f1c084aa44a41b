"""OpenSMTPD: its settings and their defaults."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sim.scenario.products.base import Product, named
from sim.scenario.products.feedback import Feedback
from sim.scenario.products.parameters import Ages, Count, Time, TimeOrZero
from sim.scenario.products.retry import Outcome, Retry, Round
from sim.scenario.products.tables import Commands, FailureTable, LoopDetection, QueueWords, ReplyText
from sim.scenario.quantity import DAY, HOUR, MINUTE

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
    """By each message's age, unless a route is disabled (scheduler_ramqueue.c: scheduler_next; mta.c).

    A route leads from this host to another one. Where its first connection fails it is disabled for a while, and what
    there is for it is put off without being tried. The messages that were put off so are remembered, and go at once
    when a message to the same host has been delivered. What expires is returned by a timer.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSmtpd(Product):
    """OpenSMTPD's settings (smtpd.conf(5)), and its limits by their names in its source (limit.c).

    Its limits are of a relay (a domain's mail) and of its routes, one to each host (mta.c); those of a route are the
    narrow ones, so that a destination is a host here.
    """

    name = "opensmtpd"
    title = "OpenSMTPD"
    extensions = "8BITMIME ENHANCEDSTATUSCODES SIZE DSN STARTTLS AUTH HELP"
    uses = "8BITMIME ENHANCEDSTATUSCODES DSN"
    # mta_session.c.
    failure_table = FailureTable(
        silence="h> h> h> h h h h",
        broken="h> h> h> h h h h",
        temporary=". h> h> m m m m",
        permanent=". h> h> - - - -",
    )
    # smtp_session.c.
    loop_detection = LoopDetection(too_many=ReplyText(500, "5.4.6", "Routing loop detected: Loop detected"))
    # mta.c (mta_on_mx).
    no_exchanger = ReplyText(550, "5.1.2", "No MX found for domain")
    queue_words = QueueWords("envelope", "pending", "inflight", "schedule", "hold")
    # smtpctl(8).
    commands = Commands(
        flush=("smtpctl schedule all", "smtpctl schedule  # of {of}"),
        hold=("smtpctl pause mta", ""),
        release=("smtpctl resume mta", ""),
        restart=("rcctl restart smtpd", ""),
    )
    retry_algorithm = OpenSmtpdRetry
    expires = "timer"
    # scheduler.c tells already if the next try comes too late.
    warns = "ahead"
    # `smtpctl pause mta` keeps back whatever would be tried, later mail too.
    holds = "all"

    expire: Time = named(4 * DAY, "lifetime")
    maxconn_per_host: Count = 10
    maxconn_per_route: Count = 5
    maxconn_per_source: Count = named(100, "process_limit")
    maxconn_per_connector: Count = 20
    maxconn_per_relay: Count = 100
    maxconn_per_domain: Count = 100
    conndelay_route: TimeOrZero = 5.0
    conndelay_relay: TimeOrZero = 2.0
    max_mail_per_session: Count = named(100, "connection_count_limit")
    sessdelay_keepalive: TimeOrZero = named(10.0, "connection_idle_limit")
    warn_interval: Ages = named((4 * HOUR,), "delay_warnings")

    # mta_session.c: io_set_timeout(s->io, 300000), whatever it waits for, from its last write or reply on.
    connect_timeout = data_init_timeout = data_xfer_timeout = data_done_timeout = 5 * MINUTE
    # smtp.c: half of its descriptors, of which it has 1,024, less some; it pauses its listeners then. SMTPD_BACKLOG.
    server_limit = 497
    listen_backlog = 5
    when_full = "wait"
    reuse = "mail"
    # mta_session.c: MTA_RSET, and then MTA_READY, where it says QUIT if nothing waits.
    keeps_refused = "any"
    initial_concurrency = 1
    # libasr asks for inet4, then for inet6.
    prefers_family = "ipv4"

    @property
    def destination_concurrency_limit(self) -> int:  # type: ignore[override]
        """The narrowest of the limits of one next hop's connections."""
        return min(
            self.maxconn_per_host,
            self.maxconn_per_route,
            self.maxconn_per_connector,
            self.maxconn_per_relay,
            self.maxconn_per_domain,
        )

    @property
    def positive_feedback(self) -> Feedback:  # type: ignore[override]
        """All its connections at once, when the first has got through (mta.c: mta_find_route)."""
        return Feedback(2.0 * self.destination_concurrency_limit)

    @property
    def connection_delay(self) -> float:  # type: ignore[override]
        """The longer of the delays after a connection to the same next hop."""
        return max(self.conndelay_route, self.conndelay_relay)

    # mta_session.c sends what is in the queue; MAIL has RET and ENVID alone.
    eight_bits = "pass"
    says_body = "never"

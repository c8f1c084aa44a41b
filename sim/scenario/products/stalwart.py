"""Stalwart: its settings and their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from sim.scenario.products.base import Product, named
from sim.scenario.products.parameters import Count, Gaps, Hops, Intervals, Time
from sim.scenario.products.retry import Retry
from sim.scenario.products.tables import NO_EXCHANGER, Commands, FailureTable, LoopDetection, QueueWords, ReplyText
from sim.scenario.quantity import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalwart(Product):
    """Stalwart's settings below `queue` and `session`: the last of its schedule's intervals comes again and again.

    A message's recipients go by domain, as its queue has them.
    """

    name = "stalwart"
    title = "Stalwart"
    extensions = (
        "STARTTLS 8BITMIME BINARYMIME CHUNKING DSN ENHANCEDSTATUSCODES "
        "EXPN VRFY PIPELINING SMTPUTF8 AUTH FUTURERELEASE DELIVERBY MT-PRIORITY SIZE"
    )
    uses = (
        "8BITMIME BINARYMIME CHUNKING DSN ENHANCEDSTATUSCODES "
        "PIPELINING SMTPUTF8 FUTURERELEASE DELIVERBY MT-PRIORITY SIZE"
    )
    # smtp/outbound/delivery.rs.
    failure_table = FailureTable(
        silence="m> m> m> m m m m",
        broken="m> m> m> m m m m",
        temporary=". m> m> m m m m",
        permanent=". -> -> - - - -",
    )
    # smtp/src/inbound/data.rs.
    loop_detection = LoopDetection(
        too_many=ReplyText(450, "4.4.6", "Too many Received headers. Possible loop detected."), margin=1
    )
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("queued", "scheduled", "in progress", "temporary failure", "paused")
    # stalwart-cli.
    commands = Commands(
        flush=("stalwart-cli queue retry", "stalwart-cli queue retry --domain {of}"),
        restart=("systemctl restart stalwart", ""),
    )
    retry_algorithm = Retry
    intervals = (("schedule", "expire"),)
    retry_delays = named("schedule")
    report_retry_delays = named("dsn_schedule")
    report_attempts = named("dsn_max_attempts")
    expires = "timer"
    warns = "timer"

    schedule: Intervals = (
        2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, DAY, 3 * DAY
    )  # fmt: skip
    expire: Time = 3 * DAY
    dsn_schedule: Intervals = (15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR)
    dsn_max_attempts: Count = 10
    connect: Time = 5 * MINUTE
    greeting: Time = 5 * MINUTE
    mail_from: Time = 5 * MINUTE
    rcpt_to: Time = 5 * MINUTE
    data: Time = 10 * MINUTE
    max_mx: Count = 7
    max_connections: Count = 8192
    received_headers: Hops = 50
    notify: Gaps = (DAY, 3 * DAY)

    connect_timeout = named("connect")
    helo_timeout = named("greeting")
    mail_timeout = named("mail_from")
    rcpt_timeout = named("rcpt_to")
    data_init_timeout = data_xfer_timeout = named("data")
    # smtp/src/outbound/client.rs, send_message(): a time for all of it, which the reply has once more.
    data_total_timeout = data_done_timeout = named("data")
    destinations = "domain"
    mx_address_limit = named("max_mx")
    prefers_family = "ipv4"
    server_limit = named("max_connections")
    hopcount_limit = named("received_headers")
    reuse = "never"
    lifetime = named("expire")
    return_limit = 0
    # smtp/src/outbound/session.rs sends what is in the queue; build_mail_from() says no BODY.
    eight_bits = "pass"
    says_body = "never"

    @property
    def delay_warnings(self) -> tuple[float, ...]:  # type: ignore[override]
        """Each so long after the one before."""
        return tuple(accumulate(self.notify))

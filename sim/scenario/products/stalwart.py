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
    expires = "timer"
    warns = "timer"

    schedule: Intervals = named(tuple(MINUTE * gap for gap in (2, 5, 10, 15, 30, 60, 120, 1440, 4320)), "retry_delays")
    expire: Time = named(3 * DAY, "lifetime")
    dsn_schedule: Intervals = named((15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR), "report_retry_delays")
    dsn_max_attempts: Count = named(10, "report_attempts")
    connect: Time = named(5 * MINUTE, "connect_timeout")
    greeting: Time = named(5 * MINUTE, "helo_timeout")
    mail_from: Time = named(5 * MINUTE, "mail_timeout")
    rcpt_to: Time = named(5 * MINUTE, "rcpt_timeout")
    # smtp/src/outbound/client.rs, send_message(): a time for all of it, which the reply has once more.
    data: Time = named(10 * MINUTE, "data_init_timeout data_xfer_timeout data_total_timeout data_done_timeout")
    max_mx: Count = named(7, "mx_address_limit")
    max_connections: Count = named(8192, "server_limit")
    received_headers: Hops = named(50, "hopcount_limit")
    notify: Gaps = (DAY, 3 * DAY)

    destinations = "domain"
    prefers_family = "ipv4"
    reuse = "never"
    return_limit = 0
    # smtp/src/outbound/session.rs sends what is in the queue; build_mail_from() says no BODY.
    eight_bits = "pass"
    says_body = "never"

    @property
    def delay_warnings(self) -> tuple[float, ...]:  # type: ignore[override]
        """Each so long after the one before."""
        return tuple(accumulate(self.notify))

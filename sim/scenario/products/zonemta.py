"""ZoneMTA: its settings and their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import MANY, Product, named
from sim.scenario.products.host_retry import HostRecord, HostRetry
from sim.scenario.products.parameters import Ages, Count, Intervals
from sim.scenario.products.retry import Retry, Round
from sim.scenario.products.tables import NO_EXCHANGER, Commands, FailureTable, LoopDetection, QueueWords
from sim.scenario.quantity import HOUR, MINUTE


class ZoneMtaRetry(HostRetry):
    """A failed connection is remembered for a while, in which mail is put off without being tried, on its own clock."""

    def pause(self, record: HostRecord, began: float) -> float:
        """Longer after silence (lib/sender.js: 2 min where a host could not be connected to, 15 min where silent)."""
        return 900.0 if record.last_try >= began + self._product.connect_timeout else 120.0

    def sleeps_until(self, last: Round) -> float:
        """Its own next delay."""
        return Retry.sleeps_until(self, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMta(Product):
    """ZoneMTA's intervals between tries (it gives up when they are used up) and connections of a zone.

    Its queue goes by domain. Since 3.9.0 a sender is told after 3 h that his mail is late.
    """

    name = "zonemta"
    title = "ZoneMTA"
    extensions = "PIPELINING 8BITMIME SMTPUTF8 AUTH STARTTLS SIZE"
    uses = "PIPELINING 8BITMIME SMTPUTF8"
    # lib/sender.js, with mx-connect.
    failure_table = FailureTable(
        silence="h> m> m> m m m m",
        broken="h> m> m> m m m m",
        temporary=". m m m m m m",
        permanent=". - - - - - -",
    )
    loop_detection = LoopDetection()
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("queued", "active", "sending", "deferred", "suspended")
    commands = Commands(restart=("systemctl restart zone-mta", ""))
    retry_algorithm = ZoneMtaRetry
    expires = "delays"

    deferTimes: Intervals = named(  # noqa: N815 - its own name
        tuple(MINUTE * gap for gap in (5, 7, 8, 25, 75, 120, *[240] * 11)), "retry_delays"
    )
    connections: Count = named(5, "process_limit")
    delay_warnings: Ages = (3 * HOUR,)

    # nodemailer's smtp-connection: SOCKET_TIMEOUT, which node.js starts anew as long as its socket takes something.
    mail_timeout = rcpt_timeout = data_init_timeout = data_xfer_timeout = quit_timeout = 10 * MINUTE

    destinations = "domain"
    prefers_family = "ipv4"
    server_limit = MANY
    return_limit = 0
    # nodemailer's smtp-connection, which it sends with, converts nothing, and is given no use8BitMime (lib/sender.js).
    eight_bits = "pass"
    says_body = "never"

    @property
    def lifetime(self) -> float:  # type: ignore[override]
        """When its intervals are used up."""
        return sum(self.deferTimes)

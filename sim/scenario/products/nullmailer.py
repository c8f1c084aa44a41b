"""nullmailer: its control files and their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import MANY, Product, named
from sim.scenario.products.parameters import Time
from sim.scenario.products.tables import NO_EXCHANGER, Commands, FailureTable, LoopDetection, QueueWords
from sim.scenario.quantity import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Nullmailer(Product):
    """Nullmailer's control files (nullmailer-send(8)); it sends one message at a time, and knows no destinations.

    Its protocol program has no timers: it is killed when it has run for `sendtimeout` (send.cc).
    """

    name = "nullmailer"
    title = "nullmailer"
    extensions = ""
    uses = ""
    # protocols/smtp.cc and send.cc, which backs off its whole queue.
    failure_table = FailureTable(
        silence="h> h> h> h> h> h> h>",
        broken="h> h> h> h> h> h> h>",
        temporary=". h> h> h> h> h> h>",
        permanent=". - - - - - -",
    )
    loop_detection = LoopDetection()
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("queue", "queue", "sending", "paused", "hold")
    # nullmailer-send(8).
    commands = Commands(
        flush=("echo > /var/spool/nullmailer/trigger", ""), restart=("systemctl restart nullmailer", "")
    )
    retry_algorithm = "nullmailer"
    backoffs = (("pausetime", "maxpause"),)
    intervals = (("pausetime", "queuelifetime"),)
    forgets_times = True

    pausetime: Time = MINUTE
    maxpause: Time = DAY
    queuelifetime: Time = 7 * DAY
    sendtimeout: Time = HOUR

    connect_timeout = helo_timeout = mail_timeout = rcpt_timeout = named("sendtimeout")
    data_init_timeout = data_xfer_timeout = data_done_timeout = quit_timeout = session_timeout = named("sendtimeout")
    destinations = "all"
    # getaddrinfo (RFC 6724).
    prefers_family = "ipv6"
    process_limit = 1
    recipient_limit = MANY
    reuse = "never"
    lifetime = named("queuelifetime")
    return_limit = 0
    eight_bits = "pass"
    greets_with = "HELO"

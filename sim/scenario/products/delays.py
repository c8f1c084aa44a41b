"""No product: a list of delays, and any limits."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import Product, named
from sim.scenario.products.parameters import Ages, Count, Hops, Intervals, Time
from sim.scenario.products.retry import Retry
from sim.scenario.products.tables import NO_EXCHANGER, RFC5321_COMMANDS, RFC5321_FAILURES, RFC5321_WORDS, LoopDetection
from sim.scenario.quantity import DAY, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays(Product):
    """No product: any list of delays, the last of which comes again and again, and any limits."""

    name = ""
    title = "a list of delays"
    extensions = "SIZE PIPELINING 8BITMIME ENHANCEDSTATUSCODES"
    uses = "SIZE PIPELINING 8BITMIME ENHANCEDSTATUSCODES"
    failure_table = RFC5321_FAILURES
    loop_detection = LoopDetection()
    no_exchanger = NO_EXCHANGER
    queue_words = RFC5321_WORDS
    commands = RFC5321_COMMANDS
    retry_algorithm = Retry
    intervals = (("delays", "lifetime"),)

    delays: Intervals = named((30 * MINUTE,), "retry_delays")
    lifetime: Time = 5 * DAY
    connect_timeout: Time = 2 * MINUTE
    helo_timeout: Time = 5 * MINUTE
    mail_timeout: Time = 5 * MINUTE
    rcpt_timeout: Time = 5 * MINUTE
    data_init_timeout: Time = 2 * MINUTE
    data_xfer_timeout: Time = 3 * MINUTE
    data_done_timeout: Time = 10 * MINUTE
    quit_timeout: Time = 5 * MINUTE
    idle_timeout: Time = 5 * MINUTE
    destination_concurrency_limit: Count = 20
    process_limit: Count = 100
    recipient_limit: Count = 100
    mx_address_limit: Count = 5
    mx_session_limit: Count = 2
    hopcount_limit: Hops = 100
    delay_warnings: Ages = ()
    reports: bool = True

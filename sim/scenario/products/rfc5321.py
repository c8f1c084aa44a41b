"""No product: the advice of RFC 5321."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import Product, named
from sim.scenario.products.parameters import Time
from sim.scenario.products.tables import NO_EXCHANGER, RFC5321_COMMANDS, RFC5321_FAILURES, RFC5321_WORDS, LoopDetection
from sim.scenario.quantity import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rfc5321(Product):
    """What RFC 5321 section 4.5.4.1 recommends: two tries in the first hour, then one in two or three hours."""

    name = "rfc5321"
    title = "RFC 5321"
    extensions = "SIZE PIPELINING 8BITMIME ENHANCEDSTATUSCODES"
    uses = "SIZE PIPELINING 8BITMIME ENHANCEDSTATUSCODES"
    failure_table = RFC5321_FAILURES
    loop_detection = LoopDetection()
    no_exchanger = NO_EXCHANGER
    queue_words = RFC5321_WORDS
    commands = RFC5321_COMMANDS
    retry_algorithm = "rfc5321"
    intervals = (("retry_interval", "give_up_time"), ("later_interval", "give_up_time"))

    retry_interval: Time = 30 * MINUTE
    first_period: Time = HOUR
    later_interval: Time = 2 * HOUR
    give_up_time: Time = 5 * DAY

    lifetime = named("give_up_time")

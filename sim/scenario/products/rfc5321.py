"""No product: the advice of RFC 5321."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import Product, named
from sim.scenario.products.host_retry import HostRecord, HostRetry
from sim.scenario.products.parameters import Time
from sim.scenario.products.retry import Round
from sim.scenario.products.tables import NO_EXCHANGER, RFC5321_COMMANDS, RFC5321_FAILURES, RFC5321_WORDS, LoopDetection
from sim.scenario.quantity import DAY, HOUR, MINUTE


class Rfc5321Retry(HostRetry):
    """RFC 5321 section 4.5.4.1: a list of hosts that cannot be reached, rather than each message for itself.

    The shorter interval holds while the failing, or the message, is in its first period, then the longer.
    """

    _product: Rfc5321

    def pause(self, record: HostRecord, began: float) -> float:
        """By how long it has failed."""
        return self._interval(record.last_try - record.first_failed)

    def delay(self, last: Round) -> float:
        """By the age of the message."""
        return self._interval(last.ended - last.arrival)

    def _interval(self, age: float) -> float:
        product = self._product
        return product.retry_interval if age < product.first_period else product.later_interval


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
    retry_algorithm = Rfc5321Retry
    intervals = (("retry_interval", "give_up_time"), ("later_interval", "give_up_time"))

    retry_interval: Time = 30 * MINUTE
    first_period: Time = HOUR
    later_interval: Time = 2 * HOUR
    give_up_time: Time = named(5 * DAY, "lifetime")

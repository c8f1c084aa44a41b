"""An X.400 MTA: how it transfers by the RTS, and how long mail of each priority lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim.scenario.products.base import Product, named
from sim.scenario.products.parameters import Count, CountOrZero, Intervals, Time
from sim.scenario.products.retry import Retry, Round
from sim.scenario.products.tables import (
    NO_EXCHANGER,
    RFC5321_COMMANDS,
    RFC5321_FAILURES,
    LoopDetection,
    QueueWords,
)
from sim.scenario.quantity import HOUR, MINUTE


class TransferRetry(Retry):
    """By a list of delays a priority, each with a time limit of its own (F.410); reports are as urgent as can be."""

    _product: X400

    def gives_up(self, last: Round) -> bool:
        """When the time limit of its priority is over."""
        return last.ended >= last.arrival + self._limit(last)

    def sleeps_until(self, last: Round) -> float:
        """After its delay, or with its time limit."""
        return min(last.ended + self.delay(last), last.arrival + self._limit(last))

    def _limit(self, last: Round) -> float:
        product = self._product
        if last.priority > 0:
            return product.urgent_limit
        return product.nonurgent_limit if last.priority else product.normal_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class X400(Product):
    """An X.400 MTA of no vendor: each priority has its delays and its time limit, as for a gateway of 1992 (KB 87305).

    `rts` is the version of X.400 whose reliable transfer it speaks. `checkpoint_size` is how much goes between
    checkpoints, in units of 1,024 octets (0: none), and `window_size` how many checkpoints may be unacknowledged; of
    two MTAs the smaller ones hold. `nodelay` turns Nagle's algorithm off, which holds the last segment of a window for
    a round trip.
    """

    name = "x400"
    title = "an X.400 MTA"
    extensions = "SIZE PIPELINING 8BITMIME DSN DELIVERBY MT-PRIORITY ENHANCEDSTATUSCODES"
    uses = "SIZE PIPELINING 8BITMIME DSN DELIVERBY MT-PRIORITY ENHANCEDSTATUSCODES"
    failure_table = RFC5321_FAILURES
    loop_detection = LoopDetection()
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("submitted", "ready", "in transfer", "delayed", "held")
    commands = RFC5321_COMMANDS
    retry_algorithm = TransferRetry
    intervals = (
        ("urgent_delays", "urgent_limit"),
        ("normal_delays", "normal_limit"),
        ("nonurgent_delays", "nonurgent_limit"),
    )

    rts: Literal["1984", "1988"] = "1988"
    checkpoint_size: CountOrZero = 1
    window_size: Count = 3
    nodelay: bool = False
    urgent_delays: Intervals = named((5 * MINUTE,), "urgent_retry_delays")
    normal_delays: Intervals = named((15 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR), "retry_delays")
    nonurgent_delays: Intervals = named((HOUR, 2 * HOUR), "nonurgent_retry_delays")
    report_delays: Intervals = named((5 * MINUTE,), "report_retry_delays")
    urgent_limit: Time = 45 * MINUTE
    normal_limit: Time = 24 * HOUR
    nonurgent_limit: Time = 36 * HOUR
    destination_concurrency_limit: Count = 1

    @property
    def lifetime(self) -> float:  # type: ignore[override]
        """That of normal mail."""
        return self.normal_limit

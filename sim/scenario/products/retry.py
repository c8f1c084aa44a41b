"""What a host asks about mail that was not taken: when to try again, and whether to give up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, inf
from typing import Literal, NamedTuple

from sim.scenario.products.base import Product
from sim.scenario.products.tables import ReplyText

Outcome = Literal["taken", "host", "message"]
"""How a host dealt with mail: it answered for good, it could not be talked to, or it put off just this mail."""


class Round(NamedTuple):
    """One round of attempts that left recipients over.

    Args:
        queue_id: which message.
        arrival: when the host took custody of it, s.
        began: when the round began, s.
        ended: when its last attempt was over, s.
        number: which round it was, from 1.
        host_error: whether the last failure was that of a host that could not be talked to.
        null_reverse_path: whether the message is a report.
        priority: what its sender gave it, from -9 to 9 (RFC 6710).
    """

    queue_id: str
    arrival: float
    began: float
    ended: float
    number: int
    host_error: bool
    null_reverse_path: bool
    priority: int = 0


class Retry:
    """A product's way to try again: here each message on its own, after the delays of the product's list in turn.

    The last delay comes again and again, unless the product gives up when they are used up. `keeps_hosts` says that an
    algorithm remembers hosts (`bars`, `tried`), `by_address` that it does so for each of a host's addresses,
    `whole_queue` that new mail starts it anew, and sets off all that waits; `slack` is how much too early a queue run
    takes a message, s. `period` is the interval of queue runs, s, 0 where messages are woken one by one.

    Args:
        product: the host's.
        random: draws from [0, 1).
    """

    keeps_hosts = False
    by_address = False
    whole_queue = False
    slack = 0.0

    def __init__(self, product: Product, random: Callable[[], float]) -> None:
        self._product = product
        self._random = random
        self.period = product.queue_run_interval

    def starts(self) -> None:
        """The product's program starts: what it had in memory is gone."""

    def gives_up(self, last: Round) -> bool:
        """Whether the round was the last one: what is left of the message is returned (a report is dropped)."""
        product = self._product
        if product.report_attempts and last.null_reverse_path and last.number >= product.report_attempts:
            return True
        if product.expires == "delays":
            return last.number > len(self._delays(last))
        return last.ended >= last.arrival + product.lifetime

    def sleeps_until(self, last: Round) -> float:
        """When the message may be tried again."""
        return min(last.ended + self.delay(last), self.lapses(last.arrival))

    def delay(self, last: Round) -> float:
        """How long the message waits, s."""
        delays = self._delays(last)
        return delays[min(last.number, len(delays)) - 1]

    def next_run(self, ready: float, now: float, start: float) -> float:
        """When a message is tried that may be from `ready` on; queue runs come every `period` from `start` on."""
        if not self.period:
            return max(ready, now)
        runs = max(ceil((ready - self.slack - start) / self.period), floor((now - start) / self.period) + 1)
        return start + runs * self.period

    def lapses(self, arrival: float) -> float:
        """When a message is given up without another attempt."""
        return arrival + self._product.lifetime if self._product.expires == "timer" else inf

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> ReplyText | None:
        """Why a next hop, or a domain that leads nowhere, is not to be tried yet; asked where `keeps_hosts` is true.

        Mail that every host of a domain is kept from for good is returned.
        """
        return None

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Take note of an attempt; told where `keeps_hosts` is true.

        Gives the messages that waited for the hop and need no longer.
        """
        return ()

    def next_waiting(self, hop: str, queue_id: str) -> str | None:
        """Which other message goes to a next hop in the session that brings this one there."""
        return None

    def forget(self, queue_id: str) -> None:
        """A message has left the queue; told where `keeps_hosts` is true."""

    def requested(self, queue_ids: Sequence[str]) -> None:
        """Somebody has asked for these messages (ETRN), which are now tried."""

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """An operator wants these messages to be tried now."""

    def exhausted(self, hops: Sequence[str], queue_id: str, now: float) -> bool:
        """Whether all of the next hops have failed for too long; asked where `keeps_hosts` is true."""
        return False

    def _delays(self, last: Round) -> Sequence[float]:
        product, priority = self._product, last.priority
        if last.null_reverse_path and product.report_retry_delays:
            return product.report_retry_delays
        others = product.urgent_retry_delays if priority > 0 else product.nonurgent_retry_delays if priority else ()
        return others or product.retry_delays


def retry_of(product: Product, random: Callable[[], float]) -> Retry:
    """A host's way to try again, with nothing on record yet; `random` draws from [0, 1)."""
    retry: Retry = product.retry_algorithm(product, random)
    return retry

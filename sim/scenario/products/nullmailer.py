"""nullmailer: its control files and their defaults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim.scenario.products.base import MANY, Product, named
from sim.scenario.products.parameters import Time
from sim.scenario.products.retry import Retry, Round
from sim.scenario.products.tables import NO_EXCHANGER, Commands, FailureTable, LoopDetection, QueueWords
from sim.scenario.quantity import DAY, HOUR, MINUTE


class NullmailerRetry(Retry):
    """After a run that left mail over the whole queue rests; each rest is twice as long, until new mail comes.

    Source: nullmailer-send(8).
    """

    whole_queue = True
    _product: Nullmailer

    def __init__(self, product: Nullmailer, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._pause = product.pausetime
        self._next = 0.0

    def starts(self) -> None:
        """Begin with the shortest pause."""
        self._pause = self._product.pausetime
        self._next = 0.0

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """The trigger is pulled, as new mail does it."""
        self.starts()

    def gives_up(self, last: Round) -> bool:
        """Whether the message is older than its lifetime."""
        return last.ended > last.arrival + self._product.queuelifetime

    def sleeps_until(self, last: Round) -> float:
        """The end of the queue's pause, which the first failure of a run begins."""
        if self._next <= last.ended:
            self._next = last.ended + self._pause
            self._pause = min(2 * self._pause, self._product.maxpause)
        return self._next


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
    retry_algorithm = NullmailerRetry
    backoffs = (("pausetime", "maxpause"),)
    intervals = (("pausetime", "queuelifetime"),)
    forgets_times = True

    pausetime: Time = MINUTE
    maxpause: Time = DAY
    queuelifetime: Time = named(7 * DAY, "lifetime")
    sendtimeout: Time = named(
        HOUR,
        "connect_timeout helo_timeout mail_timeout rcpt_timeout data_init_timeout data_xfer_timeout "
        "data_done_timeout quit_timeout session_timeout",
    )

    destinations = "all"
    # getaddrinfo (RFC 6724).
    prefers_family = "ipv6"
    process_limit = 1
    recipient_limit = MANY
    reuse = "never"
    return_limit = 0
    eight_bits = "pass"
    greets_with = "HELO"

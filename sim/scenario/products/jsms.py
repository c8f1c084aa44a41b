"""Sun's Java System Messaging Server: its channel keywords and their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import Product, named
from sim.scenario.products.parameters import Intervals
from sim.scenario.products.retry import Retry
from sim.scenario.products.tables import NO_EXCHANGER, RFC5321_FAILURES, Commands, LoopDetection, QueueWords
from sim.scenario.quantity import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Jsms(Product):
    """Channel keywords of Sun's Java System Messaging Server, once PMDF; the last of its notices returns the mail."""

    name = "jsms"
    title = "JSMS"
    extensions = "8BITMIME PIPELINING CHUNKING DSN ENHANCEDSTATUSCODES EXPN HELP AUTH STARTTLS ETRN SIZE"
    uses = "8BITMIME PIPELINING CHUNKING DSN ENHANCEDSTATUSCODES SIZE"
    failure_table = RFC5321_FAILURES
    loop_detection = LoopDetection()
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("enqueued", "active", "dequeuing", "delayed", "held")
    # imsimta (qm, run, restart).
    commands = Commands(
        flush=("imsimta run tcp_local", ""),
        hold=("imsimta qm hold", "imsimta qm hold  # of {of}"),
        release=("imsimta qm release", "imsimta qm release  # of {of}"),
        restart=("imsimta restart", ""),
    )
    retry_algorithm = Retry
    intervals = (("urgentbackoff", "notices"), ("normalbackoff", "notices"), ("nonurgentbackoff", "notices"))
    expires = "timer"
    # The Job Controller has the times in memory.
    forgets_times = True
    warns = "timer"

    urgentbackoff: Intervals = named(
        (MINUTE * 30, HOUR, HOUR, 2 * HOUR, 2 * HOUR, 2 * HOUR, 4 * HOUR), "urgent_retry_delays"
    )
    normalbackoff: Intervals = named((HOUR, 2 * HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR, 4 * HOUR, 8 * HOUR), "retry_delays")
    nonurgentbackoff: Intervals = named(
        (2 * HOUR, 4 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR, 8 * HOUR, 16 * HOUR), "nonurgent_retry_delays"
    )
    notices: Intervals = (3 * DAY, 6 * DAY, 9 * DAY, 12 * DAY)

    returns_whole = True
    # The channel keyword eightnegotiate, the default, encodes what a server does not take; without charset8 the octets
    # in a header become encoded words of an unknown character set (Messaging Server 6 Administration Guide, 819-2650,
    # "Character Set Labeling and Eight-Bit Data").
    eight_bits = "encode"
    releases_at_once = True

    @property
    def lifetime(self) -> float:  # type: ignore[override]
        """The last of its notices."""
        return self.notices[-1]

    @property
    def delay_warnings(self) -> tuple[float, ...]:  # type: ignore[override]
        """All but the last of its notices."""
        return self.notices[:-1]

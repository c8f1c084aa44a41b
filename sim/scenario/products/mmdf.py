"""MMDF: its tailoring file's settings and their defaults."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import MANY, Product, limit, named
from sim.scenario.products.host_retry import HostRetry
from sim.scenario.products.parameters import Ages, Count, Time
from sim.scenario.products.tables import NO_EXCHANGER, Commands, FailureTable, LoopDetection, QueueWords
from sim.scenario.quantity import HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Mmdf(Product):
    """MMDF II's deliver, which scans its queue, and remembers which hosts are dead (mmdftailor(5), deliver(8)).

    CSNET's relay and most of its sites ran it. A host that could not be talked to is passed over for `ttl`.
    """

    name = "mmdf"
    title = "MMDF"
    extensions = ""
    uses = ""
    failure_table = FailureTable(
        silence="h> h> h> h> h> h> h>",
        broken="h> h> h> h> h> h> h>",
        temporary=". h> h> m m m m",
        permanent=". - - - - - -",
    )
    loop_detection = LoopDetection()
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("queued", "active", "delivering", "waiting", "hold")
    # deliver(8): by hand, it goes through the whole queue.
    commands = Commands(flush=("deliver -w", ""), restart=("deliver -b", ""))
    retry_algorithm = HostRetry
    intervals = (("MSLEEP", "MFAILTIME"), ("ttl", "MFAILTIME"))

    MSLEEP: Time = named(10 * MINUTE, "queue_run_interval")
    ttl: Time = named(2 * HOUR, "host_pauses", by=lambda pause: (pause,))
    MFAILTIME: Time = named(96 * HOUR, "lifetime")
    MWARNTIME: Ages = named((48 * HOUR,), "delay_warnings")
    MMAXHOPS: Count = limit(20, "hopcount_limit")

    # What was put off waits for the next scan.
    retry_delays = (1.0,)
    process_limit = 1
    recipient_limit = MANY
    reuse = "never"
    eight_bits = "pass"
    greets_with = "HELO"

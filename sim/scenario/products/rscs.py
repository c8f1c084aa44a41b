"""RSCS: how VM's Remote Spooling Communications Subsystem, which most of BITNET ran, treats files."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import MANY, Product, named
from sim.scenario.products.host_retry import HostRetry
from sim.scenario.products.parameters import Time
from sim.scenario.products.tables import NO_EXCHANGER, Commands, FailureTable, LoopDetection, QueueWords
from sim.scenario.quantity import DAY, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rscs(Product):
    """RSCS's lines (VM RSCS Networking, Operation and Use): one file at a time on each, the smallest that waits first.

    A line that fails is started again after `retry`, with all that waits for it. Files stay in the spool until the
    line is back, or until the operators purge them: here at the age `purge`.
    """

    name = "rscs"
    title = "RSCS"
    extensions = ""
    uses = ""
    # A line that fails keeps its file; a file that the other end refuses is put aside, and its sender told.
    failure_table = FailureTable(
        silence="h> h> h> h> h> h> h>",
        broken="h> h> h> h> h> h> h>",
        temporary=". h> h> h> h> h> h>",
        permanent=". - - - - - -",
    )
    loop_detection = LoopDetection()
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("queued", "active", "sending", "inactive", "hold")
    commands = Commands(flush=("RSCS START", ""), restart=("AUTOLOG RSCS", ""))
    retry_algorithm = HostRetry
    intervals = (("retry", "purge"),)

    retry: Time = named(5 * MINUTE, "host_pauses retry_delays", by=lambda pause: (pause,))
    purge: Time = named(7 * DAY, "lifetime")

    destinations = "host"
    destination_concurrency_limit = 1
    smallest_first = True
    reuse = "never"
    recipient_limit = MANY
    eight_bits = "pass"
    greets_with = "HELO"

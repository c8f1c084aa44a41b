"""Haraka: its settings and their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim.scenario.products.base import MANY, Product, named
from sim.scenario.products.parameters import Count, Hops, Intervals, Time
from sim.scenario.products.retry import Retry
from sim.scenario.products.tables import NO_EXCHANGER, Commands, FailureTable, LoopDetection, QueueWords, ReplyText


@dataclass(frozen=True, slots=True, kw_only=True)
class Haraka(Product):
    """Haraka's settings (outbound.ini, haraka.ini): it gives up when the intervals are used up.

    A message becomes an item of the queue for each of its domains (outbound/index.js).
    """

    name = "haraka"
    title = "Haraka"
    extensions = "PIPELINING 8BITMIME SMTPUTF8 SIZE STARTTLS AUTH"
    uses = "PIPELINING 8BITMIME SMTPUTF8"
    # outbound/hmail.js.
    failure_table = FailureTable(
        silence="m> m> m> m> m> m> m>",
        broken="m> m> m> m> m> m> m>",
        temporary=". m m m m m m",
        permanent=". - - - - - -",
    )
    # connection.js.
    loop_detection = LoopDetection(
        too_many=ReplyText(552, "", "Too many received headers - possible mail loop"), margin=1
    )
    no_exchanger = NO_EXCHANGER
    queue_words = QueueWords("queued", "delivery_queue", "in_progress", "temp_fail", "hold")
    # bin/haraka.
    commands = Commands(flush=("haraka --qunstick", "haraka --qunstick {of}"), restart=("systemctl restart haraka", ""))
    retry_algorithm = Retry
    expires = "delays"

    temp_fail_intervals: Intervals = named(tuple(64.0 * 2**power for power in range(12)), "retry_delays")
    connect_timeout: Time = 30.0
    concurrency_max: Count = named(100, "process_limit")
    max_received: Hops = named(100, "hopcount_limit")
    inet_prefer: Literal["default", "v4", "v6"] = "default"

    destinations = "domain"
    server_limit = MANY
    mixes_hosts = True
    return_limit = 0
    # outbound/hmail.js sends what is in the queue; MAIL has SMTPUTF8 alone (get_reverse_path_with_params).
    eight_bits = "pass"
    says_body = "never"

    @property
    def prefers_family(self) -> Literal["ipv6", "ipv4"]:  # type: ignore[override]
        """IPv6, unless `inet_prefer` says otherwise (docs/Outbound.md)."""
        return "ipv4" if self.inet_prefer == "v4" else "ipv6"

    @property
    def lifetime(self) -> float:  # type: ignore[override]
        """When its intervals are used up."""
        return sum(self.temp_fail_intervals)

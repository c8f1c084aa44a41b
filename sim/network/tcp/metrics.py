"""What a host's TCP remembers of the hosts that it had connections with: the round trip, for a first timeout.

Linux keeps it for each pair of addresses in memory (net.ipv4.tcp_no_metrics_save = 0, its default). Of the other
values that it keeps, the slow start threshold has not been used since 5.7 (tcp_no_ssthresh_metrics_save = 1), nor is
the variance; the degree of reordering is not kept here, since no line reorders packets. A linux-3 host remembers as a
current one does.

Source: net/ipv4/tcp_metrics.c (tcp_update_metrics, tcp_init_metrics). Times in s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.scenario.spec import Tcp

_TIMEOUT: Final = 3600.0
"""What has not been saved anew for so long is forgotten (TCP_METRICS_TIMEOUT), in s."""


@dataclass(slots=True)
class Metrics:
    """What is remembered of one other host.

    Attributes:
        host: When the host that remembers is up; it has forgotten all when it is up again.
        rtt: The smoothed round trip that was saved last, in s, whether or not it has been forgotten since; 0: none.
    """

    host: Timeline = ALWAYS_UP
    rtt: float = 0.0
    _saved_at: float = -math.inf

    def recall(self, now: float) -> float:
        """The round trip that is still remembered, in s; 0: none."""
        host, saved_at = self.host, self._saved_at
        if self.rtt and (now - saved_at > _TIMEOUT or (host is not ALWAYS_UP and host.next_down(saved_at) <= now)):
            self.rtt = 0.0
        return self.rtt

    def save(self, now: float, srtt: float) -> None:
        """A connection ends whose smoothed round trip is `srtt`, in s; 0: it has none, or its timer is backed off.

        A longer one replaces what is remembered, a shorter one moves it by an eighth of the way.
        """
        known = self.recall(now)
        self.rtt = max(srtt, known + (srtt - known) / 8) if srtt else 0.0
        self._saved_at = now


@dataclass(slots=True)
class MetricsCache:
    """All that one host remembers.

    Args:
        tcp: How the host's TCP is; without `metrics` it remembers nothing.
        host: When the host is up.
    """

    tcp: Tcp
    host: Timeline = ALWAYS_UP
    _by_addresses: dict[tuple[str, str], Metrics] = field(default_factory=dict)

    def of(self, here: str, there: str) -> Metrics | None:
        """What is remembered of connections between an address of the host and another host's; None: never any."""
        if not self.tcp.metrics:
            return None
        found = self._by_addresses.get((here, there))
        if found is None:
            found = self._by_addresses[here, there] = Metrics(self.host)
        return found

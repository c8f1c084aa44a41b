"""What an endpoint knows of the round trip, and how long it waits for an acknowledgement.

Sources: RFC 6298 (retransmission timer) with Linux's variance term of at least 200 ms (tcp_rtt_estimator), RFC 8985
(tail loss probe); 4.3BSD-Tahoe, sys/netinet/tcp_input.c and tcp_timer.c; Karn and Partridge 1987. Times in s.
"""

from __future__ import annotations

import math
from typing import Final

from sim.network.tcp.timers import HZ
from sim.scenario.spec import Tcp

LINUX: Final = Tcp()
"""TCP as a current Linux has it."""
_FIRST_TIMEOUT: Final = 1.0
_UNKNOWN_TIMEOUT: Final = 3.0
"""The timeout after a handshake that has told no round trip (TCP_TIMEOUT_FALLBACK), in s."""
_LONGEST_TIMEOUT: Final = 120.0
_PROBE_DELAY: Final = 0.2
_SHORTEST_PROBE: Final = 0.01
_BSD_TICK: Final = 0.5
_BSD_FIRST_DEVIATION: Final = 3.0
_BSD_LONGEST_TIMEOUT: Final = 64.0
_BSD_MOST_DOUBLINGS: Final = 6
_BSD_BOGUS: Final = 3
"""After so many retries the estimate of the round trip is not believed any more."""


class RttEstimator:
    """The round trip as its samples show it; the handshake gives the first.

    Args:
        tcp: How the host's TCP is.

    Attributes:
        srtt, rttvar: The smoothed round trip, 0 before the first sample; the variance term.
        mdev: Four times the mean deviation, as in Linux.
        min_rtt: The least sample, infinity before the first.
        backoff: How often the retransmission timeout has been doubled since the last sample.
    """

    __slots__ = ("_first_rto", "_mdev_max", "_tcp", "backoff", "mdev", "min_rtt", "rttvar", "srtt")

    def __init__(self, tcp: Tcp = LINUX) -> None:
        self._tcp = tcp
        self.srtt = self.mdev = self.rttvar = self._mdev_max = 0.0
        self.min_rtt = math.inf
        self.backoff = 0
        # What the host remembers has it wait for so long until the first sample of data; 0: nothing.
        self._first_rto = 0.0

    def sample(self, rtt: float, *, settles: bool = True) -> None:
        """Take a round-trip sample; the timer is no longer backed off.

        One that is shorter than usual moves `mdev` little. The variance term rises at once; it falls once a round trip,
        at the sample that `settles` it, towards the greatest deviation of that round trip.
        """
        min_rto = self._tcp.min_rto
        if not self.srtt:
            self.srtt = self.min_rtt = rtt
            self.mdev = 2 * rtt
            self.rttvar = self._mdev_max = max(self.mdev, min_rto)
        else:
            error = rtt - self.srtt
            self.srtt += error / 8
            mdev = self.mdev
            if error >= 0:
                mdev += error - mdev / 4
            else:
                error = -error - mdev / 4
                mdev += error / 8 if error > 0 else error
            self.min_rtt = min(self.min_rtt, rtt)
            self.mdev = mdev
            if mdev > self._mdev_max:
                self._mdev_max = mdev
                self.rttvar = max(mdev, self.rttvar)
            if settles:
                if self.rttvar > self._mdev_max:
                    self.rttvar -= (self.rttvar - self._mdev_max) / 4
                self._mdev_max = min_rto
        self.backoff = 0
        self._first_rto = 0.0

    @property
    def rto(self) -> float:
        """The retransmission timeout, doublings included, up to two minutes; Linux keeps it in whole ticks."""
        once = self._first_rto
        if not once:
            once = math.ceil((self.srtt + self.rttvar) * HZ - 1e-6) / HZ if self.rttvar else _FIRST_TIMEOUT
        return min(once * 2.0**self.backoff, _LONGEST_TIMEOUT) if self.backoff else min(once, _LONGEST_TIMEOUT)

    def back_off(self) -> None:
        """Double the retransmission timeout."""
        self.backoff += 1

    def probe_timeout(self, *, lone: bool) -> float:
        """When the tail loss probe goes out (RFC 8985 7.2): a lone segment may get a delayed acknowledgement."""
        rto = self.rto
        if not self.srtt:
            return min(_FIRST_TIMEOUT, rto)
        twice = math.ceil(2 * self.srtt * HZ - 1e-6) / HZ
        return min(twice + (_PROBE_DELAY if lone else 2 / HZ), rto)

    def shortest_timeout(self, *, lone: bool) -> float:
        """How long after a flight no timer runs out, in s."""
        return self.probe_timeout(lone=lone) if self._tcp.sack else self.rto

    def on_handshake(self, rtt: float, _repeats: int) -> None:
        """The handshake is over: its round trip in s, negative where none is known (RFC 6298 5.7, tcp_init_metrics)."""
        if rtt >= 0:
            self.sample(rtt)
        else:
            self.rttvar = self.mdev = self._mdev_max = _UNKNOWN_TIMEOUT

    def on_metrics(self, rtt: float) -> None:
        """After the handshake: the host remembers a round trip of so many s (tcp_init_metrics).

        Where it is longer than the handshake's, it makes the timeout until data has told another one.
        """
        if rtt > self.srtt:
            rtt = math.floor(rtt * HZ + 1e-6) / HZ
            self._first_rto = rtt + max(2 * rtt, self._tcp.min_rto)


class Linux3RttEstimator(RttEstimator):
    """The same in Linux 3.10 to 3.19."""

    __slots__ = ()

    def probe_timeout(self, *, lone: bool) -> float:
        """When the tail loss probe goes out (tcp_schedule_loss_probe)."""
        rto = self.rto
        if not self.srtt:
            return rto
        least = 1.5 * self.srtt + _PROBE_DELAY if lone else _SHORTEST_PROBE
        return min(max(2 * self.srtt, least), rto)


class Bsd1988RttEstimator(RttEstimator):
    """The same in 4.3BSD-Tahoe, in ticks of 500 ms; `rttvar` is the mean deviation, without a factor."""

    __slots__ = ()

    def __init__(self, tcp: Tcp) -> None:
        super().__init__(tcp)
        self.rttvar = _BSD_FIRST_DEVIATION

    def on_handshake(self, rtt: float, repeats: int) -> None:
        """Take the handshake's round trip, unless a packet of it was sent again: then the timer stays backed off."""
        if repeats > 0:
            self.backoff = repeats
        else:
            self.sample(rtt)

    def sample(self, rtt: float, *, settles: bool = True) -> None:
        """Take the first round trip of a window, counted in ticks from 1 on; later ones from 0 on (tcp_input)."""
        if not settles:
            return
        ticks = round(rtt / _BSD_TICK)
        if self.srtt:
            error = ticks * _BSD_TICK - self.srtt
            self.srtt = max(self.srtt + error / 8, _BSD_TICK / 8)
            self.rttvar = max(self.rttvar + (abs(error) - self.rttvar) / 4, _BSD_TICK / 4)
        else:
            self.srtt = (ticks + 1) * _BSD_TICK
            self.rttvar = self.srtt / 2
        self.min_rtt = min(self.min_rtt, rtt)
        self.backoff = 0

    @property
    def rto(self) -> float:
        """The round trip and twice its deviation in whole ticks, doubled up to six times."""
        once = math.floor((self.srtt + 2 * self.rttvar) / _BSD_TICK + 1e-9) * _BSD_TICK
        doubled = once * 2.0 ** min(self.backoff, _BSD_MOST_DOUBLINGS)
        return min(max(doubled, self._tcp.min_rto), _BSD_LONGEST_TIMEOUT)

    def back_off(self) -> None:
        """Double the timeout; after the third time the next sample counts as the first."""
        self.backoff += 1
        if self.backoff > _BSD_BOGUS:
            self.rttvar += self.srtt / 2
            self.srtt = 0.0

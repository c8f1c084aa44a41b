"""What one end of a TCP connection knows as a sender: its round-trip estimate, its timers and its window.

Sources: RFC 6298 (retransmission timer) with Linux's variance term of at least 200 ms (tcp_rtt_estimator), RFC 8985
(tail loss probe), RFC 5681 (slow start), RFC 6928 (initial window), RFC 9438 (CUBIC) and HyStart's delay test as in
Linux. Times in s, the window in segments.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["INITIAL_WINDOW", "Sender", "fires"]

INITIAL_WINDOW: Final = 10.0
_LEAST_VARIANCE: Final = 0.2
_LONGEST_TIMEOUT: Final = 120.0
_HZ: Final = 250
_LEVELS: Final = ((63, 1), (504, 8), (4032, 64), (32256, 512), (258048, 4096), (math.inf, 32768))
_BETA: Final = 0.7
_CUBIC: Final = 0.4
_FRIENDLY: Final = 3 * (1 - _BETA) / (1 + _BETA)


def fires(now: float, delay: float) -> float:
    """When a Linux timer set at `now` for `delay` seconds fires.

    Timers live on a wheel (kernel/time/timer.c) that ticks 250 times a second; the longer the delay, the coarser its
    level: 4 ms up to 0.25 s, 32 ms up to 2 s, 256 ms up to 16 s, and so on, always rounded up. That adds 3% on average.
    """
    ticks = math.ceil(delay * _HZ - 1e-6)
    index = 0
    while ticks >= _LEVELS[index][0]:
        index += 1
    grain = _LEVELS[index][1]
    return ((math.floor(now * _HZ + 1e-6) + ticks) // grain + 1) * grain / _HZ


class Sender:
    """The sending side of one end; it starts without a round-trip sample, which the handshake gives."""

    __slots__ = (
        "_friend",
        "_plateau",
        "_turn",
        "_turn_start",
        "arrived",
        "backoff",
        "cwnd",
        "last_sent",
        "least",
        "mdev",
        "rttvar",
        "sent",
        "srtt",
        "ssthresh",
        "wire",
    )

    def __init__(self) -> None:
        self.cwnd = INITIAL_WINDOW
        self.ssthresh = math.inf
        self.srtt = 0.0
        self.mdev = 0.0
        self.rttvar = 0.0
        self.least = math.inf
        self.backoff = 0
        self.sent = -1.0
        self.arrived = 0.0
        self.wire = 0
        self.last_sent = 0.0
        self._plateau = 0.0
        self._turn = 0.0
        self._turn_start = -1.0
        self._friend = 0.0

    def sample(self, rtt: float, *, settles: bool = True) -> None:
        """Take a round-trip sample; the timer is no longer backed off.

        `mdev` is four times the mean deviation, as in Linux; a sample that is shorter than usual moves it little. The
        variance term rises at once and falls once a round trip, at the sample that `settles` it.
        """
        if not self.srtt:
            self.srtt = self.least = rtt
            self.mdev = 2 * rtt
            self.rttvar = max(self.mdev, _LEAST_VARIANCE)
            return
        error = rtt - self.srtt
        self.srtt += error / 8
        mdev = self.mdev
        if error >= 0:
            mdev += error - mdev / 4
        else:
            error = -error - mdev / 4
            mdev += error / 8 if error > 0 else error
            self.least = min(self.least, rtt)
        self.mdev = mdev
        floor = max(_LEAST_VARIANCE, mdev)
        if floor > self.rttvar:
            self.rttvar = floor
        elif settles:
            self.rttvar -= (self.rttvar - floor) / 4
        if self.backoff:
            self.backoff = 0

    def timeout(self, backoff: int = 0) -> float:
        """The retransmission timeout after that many doublings."""
        return min((self.srtt + self.rttvar) * 2.0**backoff, _LONGEST_TIMEOUT)

    def probe_timeout(self, *, lone: bool) -> float:
        """When the tail loss probe goes out (RFC 8985 7.2): a lone segment may get a delayed acknowledgement."""
        return min(2 * self.srtt + (_LEAST_VARIANCE if lone else 2 / _HZ), self.timeout())

    def waiting_time(self) -> float:
        """How long after its last flight (if of one segment) this end would repeat it."""
        return self.timeout(self.backoff) if self.backoff else self.probe_timeout(lone=True)

    def rest(self, now: float) -> None:
        """Halve the window for each timeout of silence, down to the initial window (RFC 2861 as in Linux)."""
        silence, timeout = now - self.last_sent, self.timeout()
        while silence > timeout and self.cwnd > INITIAL_WINDOW:
            self.cwnd = max(self.cwnd // 2, INITIAL_WINDOW)
            silence -= timeout

    def grow(self, acknowledged: int, now: float, most: int) -> None:
        """Open the window, if the flight has used it.

        Args:
            acknowledged: Segments newly acknowledged.
            now: The time, in s.
            most: How many segments have been under way at once.
        """
        if self.cwnd < self.ssthresh:
            if self.cwnd < 2 * most:
                self.cwnd = min(self.cwnd + acknowledged, max(self.ssthresh, self.cwnd))
        elif int(self.cwnd) <= most:
            self._grow_cubic(acknowledged, now)

    def _grow_cubic(self, acknowledged: int, now: float) -> None:
        """CUBIC's congestion avoidance (RFC 9438 4.2 to 4.5)."""
        if self._turn_start < 0:
            self._turn_start = now
            self._plateau = max(self._plateau, self.cwnd)
            self._turn = ((self._plateau - self.cwnd) / _CUBIC) ** (1 / 3)
            self._friend = self.cwnd
        elapsed = now - self._turn_start + self.least
        self._friend += acknowledged * (_FRIENDLY if self._friend < self._plateau else 1.0) / self.cwnd
        target = max(self._plateau + _CUBIC * (elapsed - self._turn) ** 3, self._friend)
        self.cwnd += acknowledged * min(max(target - self.cwnd, 0.0) / self.cwnd, 0.5)

    def delayed(self, rtt: float) -> None:
        """Leave slow start when the least sample of a round's first eight shows a queue (HyStart)."""
        if self.cwnd < self.ssthresh and self.cwnd >= 16 and rtt > self.least + min(max(self.least / 8, 0.004), 0.016):
            self.ssthresh = self.cwnd

    def reduce(self) -> None:
        """Note a loss: the threshold falls to 0.7 of the window (RFC 9438 4.6, with fast convergence)."""
        self._plateau = self.cwnd * (1 + _BETA) / 2 if self.cwnd < self._plateau else self.cwnd
        self._turn_start = -1.0
        self.ssthresh = max(self.cwnd * _BETA, 2.0)

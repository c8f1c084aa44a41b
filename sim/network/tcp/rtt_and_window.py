"""What one end of a TCP connection knows as a sender: its round-trip estimate, its timers and its window.

Sources: RFC 6298 (retransmission timer) with Linux's variance term of at least 200 ms (tcp_rtt_estimator), RFC 8985
(tail loss probe), RFC 6928 (initial window). Times in s, the window in segments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from sim.network.tcp.congestion import Control, Cubic, Reno
from sim.scenario.spec import Tcp

__all__ = ["CLOCKS", "LINUX", "Sender", "TimerClock", "coarse", "fires"]

LINUX: Final = Tcp()
"""TCP as a current Linux has it."""
_FIRST_TIMEOUT: Final = 1.0
_UNKNOWN_TIMEOUT: Final = 3.0
"""The timeout after a handshake that has told no round trip (TCP_TIMEOUT_FALLBACK), in s."""
_LONGEST_TIMEOUT: Final = 120.0
_PROBE_DELAY: Final = 0.2
_HZ: Final = 250
_LEVELS: Final = ((63, 1), (504, 8), (4032, 64), (32256, 512), (258048, 4096), (math.inf, 32768))


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


def coarse(now: float, delay: float, tick: float = 0.5) -> float:
    """When a timer set at `now` for `delay` seconds fires that counts whole ticks, from the last one on."""
    return (math.floor(now / tick + 1e-9) + math.ceil(delay / tick - 1e-9)) * tick


TimerClock = Callable[[float, float], float]
"""When a timer that is set at a time for so many s fires."""

CLOCKS: Final[Mapping[str, TimerClock]] = {
    "linux": fires,
    "linux-3": partial(coarse, tick=1 / _HZ),
    "bsd-1988": coarse,
}
"""The clock of each kind of TCP's timers; before Linux 4.8 the wheel had whole ticks for every delay."""


class Sender:
    """The sending side of one end; it starts without a round-trip sample, which the handshake gives.

    Args:
        tcp: How the host's TCP is.

    Attributes:
        backoff: How often the retransmission timeout has been doubled since the last sample.
        most: The most segments that were under way at once in the present window; slow start goes to twice that.
        sent, arrived: When the latest flight was sent, and when it was there; `sent` is negative once that flight's
            acknowledgement was counted.
        latest: When the latest flight of all was there, whether or not its round trip has been looked at.
    """

    __slots__ = (
        "_first_rto",
        "_mdev_max",
        "arrived",
        "backoff",
        "control",
        "cwnd",
        "last_sent",
        "latest",
        "least",
        "mdev",
        "most",
        "rttvar",
        "sent",
        "srtt",
        "ssthresh",
        "tcp",
    )

    def __init__(self, tcp: Tcp = LINUX) -> None:
        self.tcp = tcp
        self.cwnd = tcp.initial_window
        self.ssthresh = math.inf
        self.srtt = 0.0
        self.mdev = 0.0
        self.rttvar = 0.0
        self.backoff = 0
        self.least = math.inf
        self.most = 0
        self.sent = -1.0
        self.arrived = 0.0
        self.latest = 0.0
        self.last_sent = -1.0
        self.control: Control | None = None
        self._mdev_max = 0.0
        # What the host remembers has it wait for so long until the first sample of data; 0: nothing.
        self._first_rto = 0.0

    def controlled(self) -> Control:
        """The congestion control's own state; made when it is first needed."""
        if self.control is None:
            self.control = Cubic() if self.tcp.congestion == "cubic" else Reno()
        return self.control

    def sample(self, rtt: float, *, settles: bool = True) -> None:
        """Take a round-trip sample; the timer is no longer backed off.

        `mdev` is four times the mean deviation, as in Linux; a sample that is shorter than usual moves it little. The
        variance term rises at once; it falls once a round trip, at the sample that `settles` it, towards the greatest
        deviation of that round trip.
        """
        least = self.tcp.min_rto
        if not self.srtt:
            self.srtt = self.least = rtt
            self.mdev = 2 * rtt
            self.rttvar = self._mdev_max = max(self.mdev, least)
        else:
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
            if mdev > self._mdev_max:
                self._mdev_max = mdev
                self.rttvar = max(mdev, self.rttvar)
            if settles:
                if self.rttvar > self._mdev_max:
                    self.rttvar -= (self.rttvar - self._mdev_max) / 4
                self._mdev_max = least
        self.backoff = 0
        self._first_rto = 0.0

    @property
    def rto(self) -> float:
        """The retransmission timeout, doublings included, up to two minutes; Linux keeps it in whole ticks."""
        once = self._first_rto
        if not once:
            once = math.ceil((self.srtt + self.rttvar) * _HZ - 1e-6) / _HZ if self.rttvar else _FIRST_TIMEOUT
        return min(once * 2.0**self.backoff, _LONGEST_TIMEOUT) if self.backoff else min(once, _LONGEST_TIMEOUT)

    def back_off(self) -> None:
        """Double the retransmission timeout."""
        self.backoff += 1

    def probe_timeout(self, rto: float, *, lone: bool) -> float:
        """When the tail loss probe goes out (RFC 8985 7.2): a lone segment may get a delayed acknowledgement."""
        if not self.srtt:
            return min(_FIRST_TIMEOUT, rto)
        twice = math.ceil(2 * self.srtt * _HZ - 1e-6) / _HZ
        return min(twice + (_PROBE_DELAY if lone else 2 / _HZ), rto)

    def rest(self, now: float) -> None:
        """Halve the window for each timeout of silence, down to the initial window (RFC 2861 as in Linux)."""
        initial = self.tcp.initial_window
        if self.cwnd <= initial:
            return
        silence, timeout = now - self.last_sent, self.rto
        while silence > timeout and self.cwnd > initial:
            self.cwnd = max(self.cwnd // 2, initial)
            silence -= timeout

    def shaken(self, rtt: float, repeats: int) -> None:
        """The handshake is over.

        Args:
            rtt: Its round trip, in s; negative where nobody knows it (RFC 6298 5.7, tcp_init_metrics).
            repeats: How often this end's packet was sent again.
        """
        del repeats
        if rtt >= 0:
            self.sample(rtt)
        else:
            self.rttvar = self.mdev = self._mdev_max = _UNKNOWN_TIMEOUT

    def remembers(self, rtt: float) -> None:
        """After the handshake: the host remembers a round trip of so many s (tcp_init_metrics).

        Where it is longer than the handshake's, it makes the timeout until data has told another one.
        """
        if rtt > self.srtt:
            rtt = math.floor(rtt * _HZ + 1e-6) / _HZ
            self._first_rto = rtt + max(2 * rtt, self.tcp.min_rto)

    def answered(self, rtt: float) -> None:
        """A flight that got through undisturbed is acknowledged, its round trip later."""
        self.sample(rtt)

    def flew(self, segments: int, arrived: float) -> None:
        """A flight of several segments that fits the window gets through undisturbed, and has arrived by then."""
        self.most = segments
        self.grow(segments, arrived, limited=segments >= self.cwnd)

    def grow(self, acknowledged: int, now: float, *, limited: bool) -> None:
        """Open the window, if the flight has used it.

        Args:
            acknowledged: Segments newly acknowledged.
            now: The time, in s.
            limited: Whether the window has kept segments from being sent.
        """
        if self.cwnd < self.ssthresh:
            if self.cwnd >= 2 * self.most:
                return
            room = self.ssthresh - self.cwnd
            self.cwnd += int(min(acknowledged, room))
            if acknowledged <= room:
                return
            acknowledged -= int(room)
        elif not limited:
            return
        self.cwnd = self.controlled().avoid(self.cwnd, acknowledged, now, self.least)

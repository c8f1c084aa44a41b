"""An endpoint's timer, and when each kind of TCP's clock lets a timer fire.

Sources: kernel/time/timer.c (the timer wheel, since Linux 4.8), include/net/inet_connection_sock.h (one timer, of one
kind at a time); 4.3BSD-Tahoe, sys/netinet/tcp_timer.c. Times in s.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

NO_TIMER, RETRANSMIT, PROBE, REORDER = range(4)
"""What a timer is for: nothing, retransmission, the tail loss probe, RACK's second look."""
HZ: Final = 250
"""Linux's ticks a second."""
_LEVELS: Final = ((63, 1), (504, 8), (4032, 64), (32256, 512), (258048, 4096), (math.inf, 32768))


def timer_wheel_expiry(now: float, delay: float) -> float:
    """When a Linux timer set at `now` for `delay` seconds fires.

    The wheel ticks 250 times a second; the longer the delay, the coarser its level: 4 ms up to 0.25 s, 32 ms up to
    2 s, 256 ms up to 16 s, and so on, always rounded up. That adds 3% on average.
    """
    ticks = math.ceil(delay * HZ - 1e-6)
    index = 0
    while ticks >= _LEVELS[index][0]:
        index += 1
    grain = _LEVELS[index][1]
    return ((math.floor(now * HZ + 1e-6) + ticks) // grain + 1) * grain / HZ


def tick_expiry(now: float, delay: float, tick: float = 0.5) -> float:
    """When a timer set at `now` for `delay` seconds fires that counts whole ticks, from the last one on."""
    return (math.floor(now / tick + 1e-9) + math.ceil(delay / tick - 1e-9)) * tick


TimerExpiry = Callable[[float, float], float]
"""When a timer that is set at a time for so many s fires."""

EXPIRIES: Final[Mapping[str, TimerExpiry]] = {
    "linux": timer_wheel_expiry,
    "linux-3": partial(tick_expiry, tick=1 / HZ),
    "bsd-1988": tick_expiry,
}
"""By the kind of TCP (`spec.Tcp.stack`); before Linux 4.8 the wheel had whole ticks for every delay."""


class Timer:
    """The timer of an endpoint; a new setting replaces the one before.

    Args:
        stack: The kind of TCP.

    Attributes:
        at: When it fires, on a timer wheel before its rounding; infinity if it is not set.
        kind: What it is or was for.
    """

    __slots__ = ("_expiry", "_set_at", "at", "kind")

    def __init__(self, stack: str) -> None:
        self._expiry = EXPIRIES[stack]
        self._set_at = -1.0
        self.at = math.inf
        self.kind = NO_TIMER

    def set(self, now: float, delay: float, kind: int) -> None:
        """Set it; whole ticks are counted from the last one on, so that it may fire before the delay is over."""
        self.kind = kind
        if self._expiry is timer_wheel_expiry:
            self.at, self._set_at = now + delay, now
        else:
            self.at = self._expiry(now, delay)

    def stop(self) -> None:
        """Let it fire no more."""
        self.at, self.kind = math.inf, NO_TIMER

    def round_up(self) -> bool:
        """Round it up as the wheel does; whether that was still to be done. Most timers are set anew before."""
        if self._set_at < 0:
            return False
        self.at, self._set_at = self._expiry(self._set_at, self.at - self._set_at), -1.0
        return True

    def fire(self) -> int:
        """It has fired; what it was for."""
        self.at = math.inf
        return self.kind

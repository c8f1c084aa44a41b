"""Packets, what they travel over, and the burst: segments that go back to back and of which none is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sim.network.links.chain import Chain
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline

HEADERS: Final = 52
"""Bytes of IP and TCP headers with timestamps: of a data segment, and all of an acknowledgement without data."""
BARE: Final = 40
"""The same without timestamps (RFC 7323)."""
RESET: Final = -1
"""The number of the packet that says that there is no connection."""
_SLOW: Final = 3e6
"""Below this rate in bit/s two full segments take longer than the 8 ms that a probe grants beside two round trips."""


class Packet(NamedTuple):
    """A packet that arrives.

    `number` is its segment's, or that of the next one where the packet has no data (`size` 0). `blocks` are the ranges
    of segments received out of order, the latest first; `sent` and `echo` the timestamps, -1 where there are none;
    `repeat` says that a segment came twice.
    """

    at: float
    number: int
    size: int
    ack: int
    blocks: tuple[tuple[int, int], ...]
    sent: float
    echo: float
    repeat: bool


class Path(NamedTuple):
    """What a flight travels over: the line there, the line its acknowledgements come back on, and both hosts.

    `home` and `away` say when the sender's host and the receiver's are up. `mss` and `headers` are in bytes; the
    headers have timestamps where they are longer than bare ones.
    """

    there: Line
    back: Line
    home: Timeline
    away: Timeline
    mss: int
    headers: int = HEADERS

    @property
    def stamped(self) -> bool:
        """Whether packets have timestamps."""
        return self.headers > BARE

    @property
    def slow(self) -> bool:
        """Whether a line is so slow that timers may run out for nothing, and acknowledgements delay what follows."""
        return self.there.rate < _SLOW or self.back.rate < _SLOW

    def cross(self, now: float, wire: int) -> float:
        """Send a packet of so many bytes: when it is at the other end; infinity if it is lost."""
        home, away = self.home, self.away
        if home is not ALWAYS_UP and not home.is_up(now):
            return math.inf
        at = self.there.carry(now, wire)
        return at if at == math.inf or away is ALWAYS_UP or away.is_up(at) else math.inf

    def burst(self, now: float, packets: int, tail: int) -> tuple[float, float] | None:
        """Send full segments (the last with `tail` bytes of payload) in one go, if it is sure that all get through.

        Returns:
            When the first and the last are there; None if nothing was sent because not all would get through.
        """
        wire = self.mss + self.headers
        end = self.there.clear(now, packets, (packets - 1) * wire + tail + self.headers)
        if end == math.inf or (self.away is not ALWAYS_UP and self.away.next_down(now) <= end):
            return None
        if self.home is not ALWAYS_UP and self.home.next_down(now) <= end:
            return None
        return self.there.carry_burst(now, now, packets, wire, tail + self.headers)

    def acknowledged(self, at: float) -> float:
        """When an acknowledgement would be back that leaves the other end at a time."""
        return self.back.expects(at, self.headers)

    def burst_acknowledged(self, now: float, delay: float) -> float:
        """When several full segments, sent now, would be acknowledged the first time.

        The receiver acknowledges the second one at once, and waits for it at most for the `delay`, in s.
        """
        wire = self.mss + self.headers
        return self.acknowledged(self.there.expects(now, wire) + min(wire * 8 / self.there.rate, delay))


_REPEATS: Final = [0.2 * 2**number for number in range(12)]
"""Linux's timer from its least on, doubled, s."""


def gets_through(lines: Sequence[Line], at: float, wire: int) -> float:
    """When a packet is there that is sent at a time to come, and again as long as a line is down; infinity if never.

    It takes no place on the lines, which are booked as time goes; where the way may change, it goes the one of now.
    """
    lines = [one for line in lines for one in (line.lines if isinstance(line, Chain) else (line,))]
    for wait in _REPEATS:
        if all(line.timeline.is_up(at) for line in lines):
            return at + sum(8 * wire / line.rate + line.lag for line in lines)
        at += wait
    return math.inf


def spread(first: float, last: float, size: int, mss: int) -> Iterator[tuple[float, int]]:
    """When each segment of a burst is there, evenly between the first and the last, and how many bytes are then."""
    behind = -(-size // mss) - 1
    for number in range(behind):
        yield first + (last - first) * number / behind, (number + 1) * mss
    yield last, size

"""What a flight travels over, and the burst: segments that go back to back and of which none is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sim.network.links.availability import ALWAYS_UP, Timeline
from sim.network.links.line import Line

__all__ = ["BARE", "HEADERS", "Way", "burst", "gets_through", "spread"]

HEADERS: Final = 52
"""Bytes of IP and TCP headers with timestamps: of a data segment, and all of an acknowledgement without data."""
BARE: Final = 40
"""The same without timestamps (RFC 7323)."""


class Way(NamedTuple):
    """What a flight travels over: the line there, the line its acknowledgements come back on, and both hosts.

    `mss` and `headers` are in bytes; the headers have timestamps where they are longer than bare ones.
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


_REPEATS: Final = [0.2 * 2**number for number in range(12)]
"""Linux's timer from its least on, doubled, s."""


def gets_through(lines: Sequence[Line], at: float, wire: int) -> float:
    """When a packet is there that is sent at a time to come, and again as long as a line is down; infinity if never.

    It takes no place on the lines, which are booked as time goes.
    """
    for wait in _REPEATS:
        if all(line.timeline.is_up(at) for line in lines):
            return at + sum(8 * wire / line.rate + line.lag for line in lines)
        at += wait
    return math.inf


def burst(way: Way, now: float, packets: int, tail: int) -> tuple[float, float] | None:
    """Send full segments (the last with `tail` bytes of payload) in one go, if it is sure that all of them get through.

    Returns:
        When the first and the last are there; None if nothing was sent because not all would get through.
    """
    wire = way.mss + way.headers
    total = (packets - 1) * wire + tail + way.headers
    end = way.there.clear(now, packets, total)
    if end == math.inf or (way.away is not ALWAYS_UP and way.away.next_down(now) <= end):
        return None
    if way.home is not ALWAYS_UP and way.home.next_down(now) <= end:
        return None
    return way.there.carry_burst(now, now, packets, wire, tail + way.headers)


def spread(first: float, last: float, size: int, mss: int) -> Iterator[tuple[float, int]]:
    """When each segment of a burst is there, evenly between the first and the last, and how many bytes are then."""
    behind = -(-size // mss) - 1
    for number in range(behind):
        yield first + (last - first) * number / behind, (number + 1) * mss
    yield last, size

"""What a flight travels over, and the burst: segments that go back to back and of which none is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sim.network.line import Line
from sim.network.weather import Timeline

__all__ = ["BARE", "HEADERS", "Way", "burst", "cross", "spread"]

HEADERS: Final = 52
"""Bytes of IP and TCP headers with timestamps: of a data segment, and all of an acknowledgement without data."""
BARE: Final = 40
"""The same without timestamps (RFC 7323)."""


class Way(NamedTuple):
    """What a flight travels over: the lines there, the lines its acknowledgements come back on, and both hosts.

    `mss` and `headers` are in bytes; the headers have timestamps where they are longer than bare ones.
    """

    there: Sequence[Line]
    back: Sequence[Line]
    home: Timeline
    away: Timeline
    mss: int
    headers: int = HEADERS

    @property
    def stamped(self) -> bool:
        """Whether packets have timestamps."""
        return self.headers > BARE


def cross(lines: Sequence[Line], at: float, wire: int, packets: int = 1) -> float:
    """Send packets of that length over lines; when the last of them is there, infinity if it is lost on the way."""
    for line in lines:
        at = [line.carry(at, wire) for _ in range(packets)][-1]
        if at == math.inf:
            break
    return at


def burst(way: Way, now: float, packets: int, tail: int) -> tuple[float, float] | None:
    """Send full segments (the last with `tail` bytes of payload) in one go, if it is sure that all of them get through.

    Returns:
        When the first and the last are there; None if nothing was sent because not all would get through.
    """
    wire = way.mss + way.headers
    total = (packets - 1) * wire + tail + way.headers
    end = now
    for line in way.there:
        end = line.clear(end, packets, total)
        if end == math.inf:
            return None
    if way.away.next_down(now) <= end or way.home.next_down(now) <= end:
        return None
    first = last = now
    for line in way.there:
        first, last = line.carry_burst(first, last, packets, wire, tail + way.headers)
    return first, last


def spread(first: float, last: float, size: int, mss: int) -> Iterator[tuple[float, int]]:
    """When each segment of a burst is there, evenly between the first and the last, and how many bytes are then."""
    behind = -(-size // mss) - 1
    for number in range(behind):
        yield first + (last - first) * number / behind, (number + 1) * mss
    yield last, size

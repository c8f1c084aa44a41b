"""What a program's socket holds: how much of a flight its end has to send, and when the program can write on.

A segment takes more of a socket's memory than its payload, for each socket buffer (skb) has a head; two segments that
are sent at the same moment share one. The memory grows to two windows when all that is there has been sent. A program
asks before each write whether a third of it is free, and waits until it is.

Sources: Linux 6.18, net/ipv4/tcp_input.c (tcp_sndbuf_expand, tcp_should_expand_sndbuf), tcp_output.c (tcp_tso_autosize
at low rates), net/core/stream.c (sk_stream_write_space); Postfix 3.7, src/util/vstream_tweak.c and timed_write.c. The
constants are those that getsockopt(SO_MEMINFO) shows.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sim.network.tcp.path import Way
from sim.network.tcp.rtt_and_window import LINUX
from sim.network.tcp.send_queue import FIN, Packet
from sim.network.tcp.timers import Timeouts
from sim.scenario.spec import Tcp

__all__ = ["SendBuffer", "buffered"]

_SKB: Final = 832
"""What a socket buffer takes beside its payload, in bytes."""
_SEGMENTS_AN_SKB: Final = 2
_STREAM: Final = 4096
"""How many bytes a program writes at once, at least (VSTREAM_BUFSIZE) ..."""
_WRITE: Final = 4
"""... and at least so many segments."""
_LEAST_WINDOW: Final = 10
_SLOW: Final = 9600
"""Who talks over a slower line than this, in bit/s, has small sockets ..."""
_SMALL: Final = 8192
"""... of so many bytes, as hosts of the time of such lines had (4.3BSD-Reno, tcp_sendspace)."""
_OPTIONS: Final = 12
_OVERHEAD: Final = 512
_HEAD: Final = 256


def buffered(tcp: Tcp, rate: float) -> Tcp:
    """A host's TCP over lines of that rate, the slowest one's: with small sockets where nobody says otherwise."""
    return tcp if rate >= _SLOW or tcp.send_buffer is not None else replace(tcp, send_buffer=_SMALL)


class SendBuffer(Timeouts):
    """The outgoing side with the program that writes into it.

    Attributes:
        sndbuf: The memory of its socket in bytes (sk_sndbuf); it never shrinks.
        unwritten: The segments that its program has yet to write.
        wrote_at: When its program wrote last, in s; it waits for room since then, if it has more to write.
    """

    __slots__ = ("_burst", "_skbs", "sndbuf", "unwritten", "wrote_at")

    def __init__(self, tcp: Tcp = LINUX) -> None:
        super().__init__(tcp)
        # The kernel doubles what is asked for, as room for the heads (socket(7)).
        self.sndbuf = 2 * (tcp.send_buffer or 0)

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew, as `Segments`."""
        super().begin(way, inbox, peer_box)
        # A 1 stands where a socket buffer begins.
        self._skbs = bytearray()
        self._burst = 0
        self.unwritten: deque[int] = deque()
        self.wrote_at = -math.inf
        if not self.tcp.send_buffer:
            self._expand()

    @property
    def whole(self) -> int:
        """How many segments its program writes, those that it has yet to write among them; the FIN is the kernel's."""
        return len(self.sizes) + len(self.unwritten) - self.finished

    @property
    def writes_left(self) -> int:
        """How many writes its program has yet to do."""
        return -(-len(self.unwritten) // self._segments_a_write())

    def write(self, sizes: Sequence[int]) -> None:
        """Put segments into the socket."""
        super().write(sizes)
        self._skbs += bytes(len(sizes))

    def write_flight(self, sizes: Sequence[int], now: float) -> None:
        """The program writes a flight: as much of it as there is room for, the rest later."""
        self.unwritten += sizes
        self._write_on(now)

    def make_room(self, now: float) -> None:
        """Something was acknowledged while the program waits to write (tcp_check_space).

        The window is not full then where nothing is left to send, nor between the socket buffers of a burst.
        """
        if (self.flying() < self.cwnd or self._burst > _SEGMENTS_AN_SKB) and not self.tcp.send_buffer:
            self._expand()
        self._write_on(now)
        self._burst = 0

    def finish(self, now: float) -> None:
        """The program closes: a FIN goes out behind all that it writes."""
        if self.unwritten:
            self.unwritten.append(FIN)
            self.finished = True
        else:
            super().finish(now)

    def push(self, now: float, *, beyond: bool = False) -> bool:
        """Send new segments, as `Segments`."""
        first = self.next
        sent = super().push(now, beyond=beyond)
        self._burst = self.next - first
        for number in range(first, self.next, _SEGMENTS_AN_SKB):
            self._skbs[number] = 1
        return sent

    def _repeat(self, now: float, number: int) -> None:
        """Send a segment again; it gets a socket buffer of its own (tcp_fragment)."""
        self._skbs[number : number + 2] = b"\1" * len(self._skbs[number : number + 2])
        super()._repeat(now, number)

    def _expand(self) -> None:
        """Make the memory two windows (tcp_sndbuf_expand); a segment is taken to need a power of two."""
        needs = self._way.mss + _OPTIONS + _OVERHEAD
        segment = (1 << (needs - 1).bit_length()) + _HEAD
        self.sndbuf = max(self.sndbuf, 2 * max(_LEAST_WINDOW, int(self.cwnd)) * segment)

    def _write_on(self, now: float) -> None:
        """The program writes as long as a third of the socket is free."""
        unwritten, count = self.unwritten, self._segments_a_write()
        while unwritten and self._has_room():
            self.write([unwritten.popleft() for _ in range(min(count, len(unwritten)))])
            self.wrote_at = now
            self.push(now)

    def _segments_a_write(self) -> int:
        """How many segments a write has; where the whole socket is small, it goes in bit by bit."""
        mss = self._way.mss
        return max(min(max(_WRITE, _STREAM // mss), self.sndbuf // 3 // (mss + _SKB)), 1)

    def _has_room(self) -> bool:
        """Whether a third is free; what was never sent is in one socket buffer."""
        una, there = self.una, len(self.sizes)
        skbs = self._skbs.count(1, una, self.next) + (una < self.next and not self._skbs[una]) + (self.next < there)
        return 3 * ((there - una) * self._way.mss + skbs * _SKB) <= 2 * self.sndbuf

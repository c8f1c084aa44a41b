"""What a program writes into its socket: which segments there are to send, and when the program can write on.

A segment takes more of a socket's memory than its payload, for each socket buffer (skb) has a head; two segments that
are sent at the same moment share one. The memory grows to two windows when all that is there has been sent. A program
asks before each write whether a third of it is free, and waits until it is.

Sources: Linux 6.18, net/ipv4/tcp_input.c (tcp_sndbuf_expand, tcp_should_expand_sndbuf), tcp_output.c (tcp_tso_autosize
at low rates, tcp_nagle_test), net/core/stream.c (sk_stream_write_space); Postfix 3.7, src/util/vstream_tweak.c and
timed_write.c; RFC 896 (Nagle, in Minshall's variant). The constants are those that getsockopt(SO_MEMINFO) shows.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from sim.scenario.spec import Tcp

FIN: Final = 1
"""A FIN is a segment like others; it takes one sequence number (RFC 9293 3.4), and is counted as an octet here."""
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


@dataclass(slots=True)
class SendQueue:
    """The segments that a program writes.

    Attributes:
        tcp: How the host's TCP is.
        mss: The most bytes of payload a segment.
        sndbuf: The memory of the socket in bytes (sk_sndbuf); it never shrinks. At the beginning that of the socket
            before, 0 for a new one.
        sizes: Bytes of payload of each segment written so far.
        unwritten: The segments that the program has yet to write.
        wrote_at: When the program wrote last, in s; it waits for room since then, if it has more to write.
        finished: Whether the last segment is a FIN.
        nodelay: Whether small segments go out while others are not acknowledged (TCP_NODELAY).
    """

    tcp: Tcp
    mss: int
    sndbuf: int
    sizes: list[int] = field(default_factory=list)
    unwritten: deque[int] = field(default_factory=deque)
    wrote_at: float = -math.inf
    finished: bool = False
    nodelay: bool = True
    # A 1 stands where a socket buffer begins.
    _skbs: bytearray = field(default_factory=bytearray)
    _burst: int = 0
    _last_small: int = -1

    def __post_init__(self) -> None:
        # The kernel doubles what is asked for, as room for the heads (socket(7)).
        self.sndbuf = self.sndbuf or 2 * (self.tcp.send_buffer or 0)

    @property
    def whole(self) -> int:
        """How many segments the program writes, those that it has yet to write among them; the FIN is the kernel's."""
        return len(self.sizes) + len(self.unwritten) - self.finished

    @property
    def writes_left(self) -> int:
        """How many writes the program has yet to do."""
        return -(-len(self.unwritten) // self._segments_a_write())

    # Writing

    def add(self, sizes: Sequence[int], *, nodelay: bool) -> None:
        """The program begins to write segments; without `nodelay` small ones wait."""
        self.unwritten += sizes
        self.nodelay = nodelay

    def write(self, sizes: Sequence[int]) -> None:
        """Put segments into the socket."""
        self.sizes += sizes
        self._skbs += bytes(len(sizes))

    def write_next(self, now: float, una: int, following: int) -> bool:
        """The program does its next write, where it has one to do and a third of the socket is free.

        Segments are not acknowledged from `una` on, and not sent from the `following` one on.
        """
        unwritten = self.unwritten
        if not unwritten or not self._has_room(una, following):
            return False
        count = min(self._segments_a_write(), len(unwritten))
        self.write([unwritten.popleft() for _ in range(count)])
        self.wrote_at = now
        return True

    def cut(self) -> bool:
        """The program writes no more; whether something is left unwritten."""
        left = bool(self.unwritten)
        self.unwritten.clear()
        return left

    def finish(self) -> bool:
        """The program closes: a FIN goes out behind all that it writes; whether it can be sent now."""
        self.finished = True
        if self.unwritten:
            self.unwritten.append(FIN)
            return False
        self.write([FIN])
        return True

    def _segments_a_write(self) -> int:
        """How many segments a write has; where the whole socket is small, it goes in bit by bit."""
        mss = self.mss
        return max(min(max(_WRITE, _STREAM // mss), self.sndbuf // 3 // (mss + _SKB)), 1)

    def _has_room(self, una: int, following: int) -> bool:
        """Whether a third is free; what was never sent is in one socket buffer."""
        there, skbs = len(self.sizes), self._skbs
        count = skbs.count(1, una, following) + (una < following and not skbs[una]) + (following < there)
        return 3 * ((there - una) * self.mss + count * _SKB) <= 2 * self.sndbuf

    def expand(self, cwnd: int) -> None:
        """Make the memory two windows (tcp_sndbuf_expand), unless the program has set it.

        A segment is taken to need a power of two.
        """
        if not self.tcp.send_buffer:
            needs = self.mss + _OPTIONS + _OVERHEAD
            segment = (1 << (needs - 1).bit_length()) + _HEAD
            self.sndbuf = max(self.sndbuf, 2 * max(_LEAST_WINDOW, cwnd) * segment)

    def on_acked(self, cwnd: int, in_flight: int) -> None:
        """Something was acknowledged while the program waits to write (tcp_check_space).

        The window is not full then where nothing is left to send, nor between the socket buffers of a burst.
        """
        if in_flight < cwnd or self._burst > _SEGMENTS_AN_SKB:
            self.expand(cwnd)

    def on_written(self) -> None:
        """The program has written what it could."""
        self._burst = 0

    # Sending

    def holds_back(self, number: int, una: int, *, idle: bool, probe: bool) -> bool:  # noqa: ARG002 - for 4.3BSD
        """Whether the next segment is small and waits for the acknowledgement of another small one (tcp_nagle_test).

        Segments are not acknowledged from `una` on; all were, if it was `idle`. A probe goes out anyway.
        """
        if self.sizes[number] >= self.mss:
            return False
        if not (self.nodelay or probe) and self._last_small >= una:
            return True
        self._last_small = number
        return False

    def on_sent(self, first: int, following: int) -> None:
        """The segments from the first on were sent in one go."""
        self._burst = following - first
        for number in range(first, following, _SEGMENTS_AN_SKB):
            self._skbs[number] = 1

    def on_retransmitted(self, number: int) -> None:
        """A segment was sent again; it gets a socket buffer of its own (tcp_fragment)."""
        self._skbs[number : number + 2] = b"\1" * len(self._skbs[number : number + 2])

"""One end of a connection whose TCP is that of 4.3BSD-Tahoe (June 1988).

A clock of 500 ms counts round trips and timers, another of 200 ms sends delayed acknowledgements. One segment at a time
is timed, and none that was sent again (Karn). A small segment waits until all before it is acknowledged (Nagle), which
a receiver's delay may make long. Every acknowledgement opens the window by one segment, also those of the
dialogue before the mail data, and a rest does not close it again. After three duplicate acknowledgements or a timeout
the sender starts anew from one segment.

Sources: 4.3BSD-Tahoe, sys/netinet/tcp_input.c, tcp_output.c, tcp_subr.c, tcp_timer.c and tcp_usrreq.c; Jacobson 1988;
Karn and Partridge 1987; RFC 896.
"""

from __future__ import annotations

import math
from typing import Final

from sim.network.tcp.endpoint import End
from sim.network.tcp.rtt_and_window import CLOCKS, coarse
from sim.network.tcp.send_queue import ATO, Packet
from sim.scenario.spec import Tcp

__all__ = ["SEGMENT", "BerkeleyEnd"]

SEGMENT: Final = 512
"""The most bytes of payload a segment to a host on another network (TCP_MSS)."""
_SOCKET: Final = 4096
"""What its sockets hold, in bytes (tcp_sendspace, tcp_recvspace)."""
_TICK: Final = 0.5
_FAST_TICK: Final = 0.2
_FIRST_DEVIATION: Final = 3.0
_LONGEST_TIMEOUT: Final = 64.0
_MOST_DOUBLINGS: Final = 6
_RETRIES: Final = 12
_BOGUS: Final = _RETRIES // 4
"""After so many retries the estimate of the round trip is not believed any more."""


class BerkeleyEnd(End):
    """One end as 4.3BSD-Tahoe plays it; `rttvar` is the mean deviation, without a factor."""

    __slots__ = ()

    def __init__(self, tcp: Tcp) -> None:
        super().__init__(tcp)
        self.rttvar = _FIRST_DEVIATION

    def shaken(self, rtt: float, repeats: int) -> None:
        """Take the handshake's round trip, unless a packet of it was sent again: then the timer stays backed off."""
        if repeats > 0:
            self.backoff = repeats
        else:
            self.sample(rtt)

    def answered(self, rtt: float) -> None:
        """Take the round trip, and open the window."""
        self.sample(rtt)
        self.grow(1, 0.0, limited=True)

    def flew(self, segments: int, arrived: float) -> None:
        """Open the window with every second segment's acknowledgement; the last one comes with the answer."""
        for _ in range((segments - 1) // 2):
            self.grow(1, arrived, limited=True)

    def sample(self, rtt: float, *, settles: bool = True) -> None:
        """Take a round trip, counted in ticks from 1 on; later ones from 0 on (tcp_input)."""
        if not settles:
            return
        ticks = round(rtt / _TICK)
        if self.srtt:
            error = ticks * _TICK - self.srtt
            self.srtt = max(self.srtt + error / 8, _TICK / 8)
            self.rttvar = max(self.rttvar + (abs(error) - self.rttvar) / 4, _TICK / 4)
        else:
            self.srtt = (ticks + 1) * _TICK
            self.rttvar = self.srtt / 2
        self.least = min(self.least, rtt)
        self.backoff = 0

    @property
    def rto(self) -> float:
        """The round trip and twice its deviation in whole ticks, doubled up to six times."""
        once = math.floor((self.srtt + 2 * self.rttvar) / _TICK + 1e-9) * _TICK
        return min(max(once * 2.0 ** min(self.backoff, _MOST_DOUBLINGS), self.tcp.min_rto), _LONGEST_TIMEOUT)

    def back_off(self) -> None:
        """Double the timeout; after the third time the next sample counts as the first."""
        self.backoff += 1
        if self.backoff > _BOGUS:
            self.rttvar += self.srtt / 2
            self.srtt = 0.0

    def rest(self, now: float) -> None:
        """Nothing: slow start after a rest came in 1990."""
        del now

    def grow(self, acknowledged: int, now: float, *, limited: bool) -> None:
        """Open the window by one segment for each acknowledgement, in congestion avoidance for a window of them."""
        del acknowledged, limited
        if self.cwnd <= self.ssthresh:
            self.cwnd += 1
        else:
            self.cwnd = self.controlled().avoid(self.cwnd, 1, now, self.least)
        self.cwnd = min(self.cwnd, max(_SOCKET // SEGMENT, self.tcp.initial_window))

    def push(self, now: float, *, beyond: bool = False) -> bool:
        """Send as far as the window allows; a small segment waits while anything is not acknowledged (Nagle)."""
        self.nodelay = self.una == self.next
        self._small = self.next - 1
        return super().push(now, beyond=beyond)

    def _segments_a_write(self) -> int:
        return 1

    def _has_room(self) -> bool:
        return len(self.sizes) - self.una < max((self.tcp.send_buffer or _SOCKET) // SEGMENT, 1)

    def _set_timer(self, now: float, delay: float, kind: int) -> None:
        """Set it to a tick, which may come before the delay is over: they are counted from the last one on."""
        super()._set_timer(now, delay, kind)
        self.timer, self.timer_set = CLOCKS[self.tcp.stack](now, delay), -1.0

    def _owes_enough(self) -> bool:
        return self._owed >= 2 * self._way.mss

    def _latest(self, now: float) -> float:
        return coarse(now, ATO, _FAST_TICK)

    def _measure(self, now: float, packet: Packet, rtt: float, first_sacked: float, *, advanced: bool) -> bool:
        """Time one segment a round trip; without timestamps nothing is known of one that was sent again."""
        del now, packet, first_sacked
        if rtt >= 0 and self.una > self._settle_at:
            self._settle_at = self.next
            self.sample(rtt)
        return advanced

    def _init_undo(self) -> None:
        """Nothing tells it that a repeat was for nothing."""
        self._undo = -1

    def _gives_up(self, _now: float) -> bool:
        return self.backoff >= _RETRIES

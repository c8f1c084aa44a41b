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

from dataclasses import dataclass
from typing import Final

from sim.network.tcp.congestion import CongestionControl
from sim.network.tcp.endpoint import Endpoint
from sim.network.tcp.path import Packet
from sim.network.tcp.receiver import ATO, AckPolicy
from sim.network.tcp.recovery import Recovery
from sim.network.tcp.rtt import Bsd1988RttEstimator
from sim.network.tcp.send_queue import SendQueue
from sim.network.tcp.timers import tick_expiry

SEGMENT: Final = 512
"""The most bytes of payload a segment to a host on another network (TCP_MSS)."""
_SOCKET: Final = 4096
"""What its sockets hold, in bytes (tcp_sendspace, tcp_recvspace)."""
_FAST_TICK: Final = 0.2
_RETRIES: Final = 12


class Bsd1988CongestionControl(CongestionControl):
    """Jacobson's window, which every acknowledgement opens."""

    def on_answer(self) -> None:
        """An answer acknowledges a flight, too."""
        self.grow(1, 0.0, limited=True)

    def on_flight_acked(self, segments: int, arrived: float) -> None:
        """Open the window with every second segment's acknowledgement; the last one comes with the answer."""
        for _ in range((segments - 1) // 2):
            self.grow(1, arrived, limited=True)

    def restart_after_idle(self, _now: float) -> None:
        """Nothing: slow start after a rest came in 1990."""

    def _opened(self, _acked: int, now: float, *, limited: bool) -> int:
        """One segment more for each acknowledgement, in congestion avoidance for a window of them."""
        del limited
        cwnd = self.cwnd + 1 if self.cwnd <= self.ssthresh else self._avoid(self.cwnd, 1, now)
        return min(cwnd, max(_SOCKET // SEGMENT, self._tcp.initial_window))


@dataclass(slots=True)
class Bsd1988SendQueue(SendQueue):
    """A small socket, written segment by segment; Nagle's algorithm is never off."""

    def holds_back(self, number: int, _una: int, *, idle: bool, probe: bool) -> bool:
        """A small segment waits while anything is not acknowledged."""
        return not idle and not probe and self.sizes[number] < self.mss

    def _segments_a_write(self) -> int:
        return 1

    def _has_room(self, una: int, _following: int) -> bool:
        return len(self.sizes) - una < max((self.tcp.send_buffer or _SOCKET) // SEGMENT, 1)


@dataclass(slots=True)
class Bsd1988AckPolicy(AckPolicy):
    """Every second full segment is acknowledged at once, what else comes in at the next fast tick."""

    def owes_enough(self) -> bool:
        """Whether two full segments have come in."""
        return self._owed >= 2 * self.mss

    def latest(self, now: float) -> float:
        """The next fast tick."""
        return tick_expiry(now, ATO, _FAST_TICK)


class Bsd1988Recovery(Recovery):
    """Nothing tells it that it sent something again for nothing."""

    __slots__ = ()
    undoes = False

    def _update_rtt(self, _now: float, _packet: Packet, rtt: float, _first_sacked: float, *, advanced: bool) -> bool:
        """Time one segment a round trip; without timestamps nothing is known of one that was sent again."""
        self._sample(rtt)
        return advanced

    def _gives_up(self, _now: float, *, orphan: bool) -> bool:
        del orphan
        return self.rtt.backoff >= _RETRIES


class Bsd1988Endpoint(Endpoint):
    """One end as 4.3BSD-Tahoe plays it."""

    rtt_estimator = Bsd1988RttEstimator
    congestion_control = Bsd1988CongestionControl
    send_queue = Bsd1988SendQueue
    ack_policy = Bsd1988AckPolicy
    loss_recovery = Bsd1988Recovery

"""How many segments an endpoint may have under way: its congestion window, and the way down after a loss and back.

Sources: RFC 5681 (slow start, fast recovery), 2861 (after a rest), 6928 (initial window), 6937 (proportional rate
reduction), Jacobson 1988 (Tahoe); net/ipv4/tcp_input.c, tcp_output.c and tcp_cong.c of Linux, function by function.
Windows in segments, times in s.
"""

from __future__ import annotations

import math

from sim.network.tcp.cubic import Cubic, Reno
from sim.network.tcp.rtt import LINUX, RttEstimator
from sim.scenario.spec import Tcp

OPEN, DISORDER, RECOVERY, LOSS = range(4)
"""Linux's states of congestion (TCP_CA_Open ...); TCP_CA_CWR, which only a probe's loss leads to, is left at once."""


class CongestionControl:
    """The congestion window of an endpoint.

    Args:
        tcp: How the host's TCP is.
        rtt: What the endpoint knows of the round trip.

    Attributes:
        cwnd, ssthresh: The window; up to where it grows by slow start.
        state: The state of congestion.
        last_sent: When new data was sent last; negative before.
        max_packets_out: The most segments that were under way at once in the present window; slow start goes to twice
            that.
    """

    def __init__(self, tcp: Tcp = LINUX, rtt: RttEstimator | None = None) -> None:
        self._tcp = tcp
        self._rtt = rtt or RttEstimator(tcp)
        self._algorithm: Reno | None = None
        self.cwnd = tcp.initial_window
        self.ssthresh = math.inf
        self.last_sent = -1.0
        self.max_packets_out = 0
        self.state = OPEN

    def begin(self) -> None:
        """Segments are counted from 0 on."""
        self.state = OPEN
        self._usage_seq = self._prior_cwnd = self._prr_delivered = self._prr_out = 0
        self._prior_ssthresh = 0.0
        self._cwnd_limited = False
        if self._algorithm is not None:
            self._algorithm.begin()

    @property
    def algorithm(self) -> Reno:
        """How the window grows beyond slow start; made when it is first needed."""
        if self._algorithm is None:
            self._algorithm = Cubic() if self._tcp.congestion == "cubic" else Reno()
        return self._algorithm

    # What is sent

    def restart_after_idle(self, now: float) -> None:
        """Halve the window for each timeout of silence, down to the initial window (tcp_cwnd_restart)."""
        initial = self._tcp.initial_window
        if self.cwnd <= initial:
            return
        silence, timeout = now - self.last_sent, self._rtt.rto
        while silence > timeout and self.cwnd > initial:
            self.cwnd = max(self.cwnd // 2, initial)
            silence -= timeout

    def on_sent(self, now: float, packets: int) -> None:
        """So many new segments were sent."""
        self.last_sent = now
        if self.state == RECOVERY:
            self._prr_out += packets

    def on_retransmitted(self) -> None:
        """A segment was sent again."""
        if self.state == RECOVERY:
            self._prr_out += 1

    def validate(self, una: int, following: int, *, limited: bool) -> None:
        """Note how much of the window is used: all segments from `una` to the `following` one (tcp_cwnd_validate)."""
        out = following - una
        if una >= self._usage_seq or limited or (not self._cwnd_limited and out > self.max_packets_out):
            self._cwnd_limited, self.max_packets_out, self._usage_seq = limited, out, following

    # What is acknowledged

    def on_flight_acked(self, segments: int, arrived: float) -> None:
        """A flight of several segments that fits the window gets through undisturbed, and has arrived by then."""
        self.max_packets_out = segments
        self.grow(segments, arrived, limited=segments >= self.cwnd)

    def on_answer(self) -> None:
        """A flight's last acknowledgement comes with an answer: it was counted with the flight."""

    def on_acked(self, now: float, delivered: int, packets_out: int) -> None:
        """Open the window for what was delivered; before that so many segments were under way (tcp_cong_avoid)."""
        self.max_packets_out = max(self.max_packets_out, packets_out)
        self.grow(delivered, now, limited=self._cwnd_limited)

    def grow(self, acked: int, now: float, *, limited: bool) -> None:
        """Open the window for segments that were acknowledged, beyond slow start only if it has `limited` them."""
        self.cwnd = self._opened(acked, now, limited=limited)

    def _opened(self, acked: int, now: float, *, limited: bool) -> int:
        """The window as `grow` makes it."""
        cwnd = self.cwnd
        if cwnd < self.ssthresh:
            if cwnd >= 2 * self.max_packets_out:
                return cwnd
            room = self.ssthresh - cwnd
            cwnd += int(min(acked, room))
            if acked <= room:
                return cwnd
            acked -= int(room)
        elif not limited:
            return cwnd
        return self._avoid(cwnd, acked, now)

    def _avoid(self, cwnd: int, acked: int, now: float) -> int:
        return self.algorithm.avoid(cwnd, acked, now, self._rtt.min_rtt)

    def on_rtt(self, now: float, rtt: float, acknowledged: int, following: int) -> None:
        """Leave slow start where the round trip of the last segment acknowledged says so (hystart_update)."""
        if self.cwnd < self.ssthresh and self.algorithm.leaves_slow_start(
            self.cwnd, now, rtt, min(self._rtt.min_rtt, rtt), acknowledged=acknowledged, following=following
        ):
            self.ssthresh = self.cwnd

    # What is lost

    def _current_ssthresh(self) -> float:
        """The threshold that is due to a window that would not be reduced (tcp_current_ssthresh)."""
        return max(self.ssthresh, (self.cwnd >> 1) + (self.cwnd >> 2))

    def enter_recovery(self) -> None:
        """Fast recovery begins (tcp_enter_recovery)."""
        self._prior_ssthresh = self._current_ssthresh()
        self._init_reduction()
        self.state = RECOVERY

    def _init_reduction(self) -> None:
        """The window is about to be reduced (tcp_init_cwnd_reduction)."""
        self._prior_cwnd = self.cwnd
        self._prr_delivered = self._prr_out = 0
        self.ssthresh = self.algorithm.ssthresh(self.cwnd)

    def reduce(self, in_flight: int, delivered: int, *, clean: bool) -> None:
        """Let out as much as was delivered; one more if something arrived in order and nothing is newly lost (`clean`).

        Source: tcp_cwnd_reduction.
        """
        if delivered <= 0 or self.state != RECOVERY:
            return
        ssthresh = int(self.ssthresh)
        self._prr_delivered += delivered
        if in_flight > ssthresh:
            out = -(-ssthresh * self._prr_delivered // self._prior_cwnd) - self._prr_out
        else:
            out = max(self._prr_delivered - self._prr_out, delivered)
            out = min(out + int(clean), ssthresh - in_flight)
        self.cwnd = max(in_flight + max(out, int(not self._prr_out)), 1)

    def end_reduction(self) -> None:
        """The window is at its threshold (tcp_end_cwnd_reduction)."""
        if self.ssthresh < math.inf:
            self.cwnd = int(self.ssthresh)

    def on_probe_loss(self) -> None:
        """A tail loss probe has mended a loss: the window is reduced at once (tcp_process_tlp_ack)."""
        self._init_reduction()
        self.end_reduction()

    def enter_loss(self, in_flight: int, *, fresh: bool) -> None:
        """Slow start again after a timeout, with a new threshold where it is a `fresh` one (tcp_enter_loss)."""
        if fresh:
            self._prior_ssthresh = self._current_ssthresh()
            self._prior_cwnd = self.cwnd
            self.ssthresh = self.algorithm.ssthresh(self.cwnd)
        self._algorithm = self.algorithm.restarted()
        self.cwnd = max(in_flight + 1, 1)
        self.state = LOSS

    def start_anew(self, packets_out: int) -> None:
        """Tahoe: half the window as threshold, slow start from one segment."""
        self.ssthresh = max(min(self.cwnd, packets_out) // 2, 2)
        self.cwnd = 1
        self.state = LOSS

    def on_lost_handshake(self) -> None:
        """Packets of the handshake went out again twice (tcp_init_transfer)."""
        self.cwnd = 1

    def undo(self) -> None:
        """A reduction was for nothing (tcp_undo_cwnd_reduction)."""
        if self._prior_ssthresh:
            self.cwnd = max(self.cwnd, self._prior_cwnd)
            self.ssthresh = max(self.ssthresh, self._prior_ssthresh)

    def enter(self, state: int) -> bool:
        """Go to OPEN or DISORDER; whether it was in another state."""
        entered, self.state = self.state != state, state
        return entered

"""How one end of a connection answers an acknowledgement: states of congestion, fast recovery, and sending again.

Function by function this is Linux's net/ipv4/tcp_input.c.

Sources: RFC 5681 and 6675 (fast recovery), 5682 (F-RTO), 8985 (what a tail loss probe tells), 6298 (samples); Jacobson
1988 (Tahoe).
"""

from __future__ import annotations

from collections import deque

from sim.network.tcp.path import Way
from sim.network.tcp.prr import Reduction
from sim.network.tcp.send_queue import (
    AGAIN,
    CWR,
    DISORDER,
    LOSS,
    MISSING,
    OPEN,
    RECOVERY,
    REDUCING,
    REORDER,
    REPEATED,
    RETRANSMIT,
    SACKED,
    Packet,
)

__all__ = ["Recovery"]


class Recovery(Reduction):
    """The outgoing side with its answers to acknowledgements."""

    __slots__ = ("_frto", "_retries", "_settle_at")

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew, as `Segments`."""
        super().begin(way, inbox, peer_box)
        self._frto = False
        self._retries = self._settle_at = 0

    @property
    def at_rest(self) -> bool:
        """Whether nothing is left of a loss."""
        return self.state == OPEN and not self._probe_high and not self._behind

    def acknowledged(self, now: float, packet: Packet) -> None:  # noqa: C901, PLR0912 - the order of the steps is tcp_ack's
        """Take an acknowledgement (tcp_ack)."""
        ack, una = packet.ack, self.una
        if ack < una:
            return
        if una == self.next:
            if self._probe_high:
                self._end_probe(packet, advanced=False, sacked=False)
            return
        advanced = ack > una
        if advanced:
            self._retries = 0
        lost_before, out = self._lost_count, self.next - una
        delivered, first_sacked, original = self._tag(now, packet) if packet.blocks else (0, -1.0, False)
        sacked = delivered > 0
        if packet.repeat and self.tcp.stack == "linux":
            # A segment sent for nothing has been delivered, too (tcp_dsack_seen).
            delivered += 1
        if not self.tcp.sack:
            sacked = self._count_duplicate(packet, advanced=advanced)
        rtt = -1.0
        if advanced:
            more, rtt, was_original = self._clear(now, packet)
            delivered += more
            original = original or was_original
        rearms = self._measure(now, packet, rtt, first_sacked, advanced=advanced)
        if self._probe_high:
            self._end_probe(packet, advanced=advanced, sacked=sacked)
        resend = 0
        if self.state != OPEN or sacked or packet.repeat or not (advanced or packet.size):
            if packet.repeat and self._undo >= 0 and self._undo_left > 0:
                self._undo_left -= 1
            resend, waits = self._alert(now, packet, advanced=advanced, sacked=sacked, original=original)
            rearms = rearms and not waits
        if rearms and not self.arm_probe(now, advancing=True):
            self.rearm(now)
        if self.state in REDUCING:
            self._reduce(delivered, self._lost_count - lost_before, advanced=advanced)
        elif advanced:
            self.most = max(self.most, out)
            self.grow(delivered, now, limited=self._limited)
        if resend:
            self._resend(now, resend)

    def _measure(self, now: float, packet: Packet, rtt: float, first_sacked: float, *, advanced: bool) -> bool:
        """Take a round-trip sample (tcp_ack_update_rtt); whether the timer is to be set anew."""
        sack_rtt = now - first_sacked if first_sacked >= 0 else -1.0
        if rtt < 0:
            rtt = sack_rtt
        if rtt < 0 and advanced and packet.echo >= 0:
            rtt = max(now - packet.echo, 1e-3)
        if rtt >= 0:
            settles = self.una > self._settle_at
            if settles:
                self._settle_at = self.next
            self.sample(rtt, settles=settles)
        return advanced or sack_rtt > now - self._xmit[self.una]

    def _end_probe(self, packet: Packet, *, advanced: bool, sacked: bool) -> None:
        """What an acknowledgement tells about a tail loss probe (tcp_process_tlp_ack)."""
        if packet.ack < self._probe_high:
            return
        if not self._probe_repeats or packet.repeat:
            self._probe_high = 0
        elif packet.ack > self._probe_high:
            self._start_reducing()
            self.state = CWR
            self._end_reducing()
            self._keep_open()
        elif not (advanced or packet.size or sacked):
            self._probe_high = 0

    # The alert

    def _alert(  # noqa: C901, PLR0912 - the states are looked at in the order of tcp_fastretrans_alert
        self, now: float, packet: Packet, *, advanced: bool, sacked: bool, original: bool
    ) -> tuple[int, bool]:
        """Something is out of the ordinary (tcp_fastretrans_alert).

        Returns:
            What to send: 0 nothing special, 1 what is lost, 2 new segments first; and whether RACK's timer runs.
        """
        if self.state == OPEN:
            self._since = -1.0
        elif self.una >= self._high:
            if self.state == CWR:
                if self.una != self._high:
                    self._end_reducing()
                    self.state = OPEN
            elif self.state == RECOVERY:
                if self._may_undo(packet):
                    self._take_back(unmark=False)
                self._end_reducing()
                self._leave()
        if self.state == RECOVERY:
            return self._go_on_recovering(now, packet, advanced=advanced)
        waits = False
        if self.state == LOSS:
            resend, over = self._go_on_after_timeout(packet, advanced=advanced, sacked=sacked, original=original)
            repeating = self._again
            waits = self._detect(now)
            if not over and self._again >= repeating:
                return resend, waits
        else:
            if self.state <= DISORDER and self._undo >= 0 and not self._undo_left:
                self._take_back(unmark=False)
            waits = self._detect(now)
        if not self._missing:
            if not self._any_repeated():
                self._since = -1.0
            if self.state != CWR:
                self._keep_open()
            return 0, waits
        self._recover()
        return 1, waits

    def _go_on_recovering(self, now: float, packet: Packet, *, advanced: bool) -> tuple[int, bool]:
        """Fast recovery goes on (tcp_try_undo_partial, tcp_identify_packet_loss)."""
        if advanced and self._undo >= 0 and 0 <= packet.echo < self._since:
            if self._again:
                return 0, False
            self._take_back(unmark=True)
            self._keep_open()
            return 0, False
        if advanced and not self.tcp.sack:
            self._mark(self.una)
        return 1, self._detect(now)

    def _leave(self) -> None:
        """All that was sent before the reduction has arrived."""
        self.state = OPEN
        self._since = -1.0

    def _recover(self) -> None:
        """Enter fast recovery (tcp_enter_recovery); Tahoe starts anew instead."""
        if self.tcp.congestion == "tahoe":
            self._start_anew()
            return
        self._prior_threshold = 0
        self._init_undo()
        if self.state not in REDUCING:
            self._prior_threshold = self._current_threshold()
            self._start_reducing()
        self.state = RECOVERY

    def _start_anew(self) -> None:
        """Tahoe: half the window as threshold, slow start from one segment, all sent again from the first gap."""
        self.ssthresh = max(min(self.cwnd, self.next - self.una) // 2, 2)
        for number in range(self.una, self.next):
            self._mark(number)
        self.cwnd = 1
        self._undo = -1
        self._high = self.next
        self.state = LOSS

    def _go_on_after_timeout(self, packet: Packet, *, advanced: bool, sacked: bool, original: bool) -> tuple[int, bool]:
        """Slow start after a timeout, unless it was for nothing (tcp_process_loss).

        Returns:
            What to send, as `_alert`, and whether the state of loss is over.
        """
        recovered = self.una >= self._high
        if (advanced and self._may_undo(packet)) or (self._frto and original):
            self._take_back(unmark=True)
            self._retries = 0
            self._leave()
            return 0, True
        if self._frto:
            if self.next > self._high:
                self._frto = not (sacked or (not advanced and not packet.size))
            elif advanced and not recovered:
                self._high = self.next
                if self.next < len(self.sizes):
                    return 2, False
                self._frto = False
        if recovered:
            if self._may_undo(packet):
                self._take_back(unmark=False)
            self._leave()
            return 0, True
        return 1, False

    # Sending again

    def _resend(self, now: float, what: int) -> None:
        """Send what is lost, after new segments if F-RTO says so (tcp_xmit_recovery)."""
        if what > 1:
            self.push(now)
            if self.next > self._high:
                return
            self._frto = False
        self.repeat_lost(now)

    def repeat_lost(self, now: float) -> None:
        """Send again what is lost, as far as the window allows (tcp_xmit_retransmit_queue)."""
        if self._again >= self._missing:
            return
        rearms, marks = False, self._marks
        for number in range(self.una, self.next):
            if self.cwnd <= self.flying() or self._again >= self._missing:
                break
            mark = marks[number]
            if mark & MISSING and not mark & (SACKED | AGAIN):
                self._repeat(now, number)
                if self.state in REDUCING:
                    self._prr_out += 1
                rearms = rearms or (number == self.una and self.timer_kind != REORDER)
        if rearms:
            self._set_timer(now, self.rto, RETRANSMIT)

    def _repeat(self, now: float, number: int) -> None:
        """Send a segment again (tcp_retransmit_skb)."""
        self._marks[number] |= AGAIN | REPEATED
        self._again += 1
        self.retransmissions += 1
        self._transmit(now, number)
        if self._since < 0:
            self._since = now
        self._undo_left = max(self._undo_left, 0) + 1

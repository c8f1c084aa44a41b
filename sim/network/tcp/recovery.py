"""How an endpoint answers acknowledgements and its timer: fast recovery, probes, timeouts, and what undoes them.

Function by function this is Linux's net/ipv4/tcp_input.c and tcp_timer.c.

Sources: RFC 5681 and 6675 (fast recovery), 5682 (F-RTO), 6298 (samples, retransmission), 8985 (tail loss probe,
reordering), 3522 (Eifel, by timestamps), 2883 (by duplicate SACK); Jacobson 1988 (Tahoe).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

from sim.network.tcp.congestion import DISORDER, LOSS, OPEN, RECOVERY, CongestionControl
from sim.network.tcp.output import Output
from sim.network.tcp.path import Packet
from sim.network.tcp.rtt import RttEstimator
from sim.network.tcp.scoreboard import EVER_RETRANS, RETRANS, Scoreboard
from sim.network.tcp.timers import PROBE, REORDER, RETRANSMIT, Timer
from sim.scenario.spec import Tcp

_LEAST_WAIT: Final = 0.002
"""How much longer than it must RACK waits for what may only be late, in s."""
_GIVE_UP: Final = 924.6
"""tcp_retries2 = 15: the sum of 0.2 s doubled up to 120 s, as retransmits_timed_out computes it."""
_ORPHAN_GIVES_UP: Final = 102.2
"""The same after 8 retries (tcp_orphan_retries), for a connection that its program has closed."""
NOTHING, LOST_SEGMENTS, NEW_SEGMENTS = range(3)
"""What an acknowledgement lets go (REXMIT_NONE, REXMIT_LOST, REXMIT_NEW)."""


@dataclass(slots=True)
class Recovery:
    """What an endpoint knows of losses beside its scoreboard, and does about them.

    Args:
        tcp: How the host's TCP is.
        rtt, congestion, board, timer, output: The endpoint's parts.

    Attributes:
        retransmissions: How many segments were sent again.
        undoes: Whether something tells it that what it sent again was for nothing.
        minds_probes: Whether it expects the duplicate of a tail loss probe (not tcp_enter_loss of Linux 3).
    """

    undoes: ClassVar[bool] = True
    minds_probes: ClassVar[bool] = True

    tcp: Tcp
    rtt: RttEstimator
    congestion: CongestionControl
    board: Scoreboard
    timer: Timer
    output: Output
    retransmissions: int = 0
    # Until all before it is acknowledged the state of congestion lasts.
    _high_seq: int = 0
    # When the first segment was sent again since; negative if none was.
    _retrans_stamp: float = -1.0
    # The first segment not acknowledged when the window was reduced, negative where nothing is to be undone; and how
    # many segments sent again since have not come back as duplicates, negative where that tells nothing.
    _undo_marker: int = -1
    _undo_retrans: int = 0
    # Until a probe is acknowledged: the first segment after it (else 0), and whether it was sent before.
    _tlp_high_seq: int = 0
    _tlp_retrans: bool = False
    _frto: bool = False
    _retransmits: int = 0
    _rtt_seq: int = 0

    @property
    def at_rest(self) -> bool:
        """Whether nothing is left of a loss."""
        return self.congestion.state == OPEN and not self._tlp_high_seq

    def on_ack(self, now: float, packet: Packet) -> None:  # noqa: C901, PLR0912 - the order of the steps is tcp_ack's
        """Take an acknowledgement (tcp_ack)."""
        ack, una = packet.ack, self.board.una
        if ack < una:
            return
        if una == self.board.next:
            if self._tlp_high_seq:
                self._process_tlp_ack(packet, advanced=False, sacked=False)
            return
        advanced = ack > una
        if advanced:
            self._retransmits = 0
        lost_before, out = self.board.ever_lost, self.board.next - una
        delivered, first_sacked, original = (
            self.board.mark_sacked(now, packet, self._high_seq) if packet.blocks else (0, -1.0, False)
        )
        sacked = delivered > 0
        if packet.repeat and self.tcp.stack == "linux":
            # A segment sent for nothing has been delivered, too (tcp_dsack_seen).
            delivered += 1
        if not self.tcp.sack:
            sacked = self.board.add_duplicate(packet, self.congestion.state)
        rtt = -1.0
        if advanced:
            more, first, last, was_original = self.board.clean_rtx_queue(now, packet, self._high_seq)
            delivered += more
            original = original or was_original
            if first >= 0:
                rtt = now - first
                self.congestion.on_rtt(now, now - last, ack, self.board.next)
        rearms = self._update_rtt(now, packet, rtt, first_sacked, advanced=advanced)
        if self._tlp_high_seq:
            self._process_tlp_ack(packet, advanced=advanced, sacked=sacked)
        resend = NOTHING
        if self.congestion.state != OPEN or sacked or packet.repeat or not (advanced or packet.size):
            if packet.repeat and self._undo_marker >= 0 and self._undo_retrans > 0:
                self._undo_retrans -= 1
            resend, waits = self._fastretrans_alert(now, packet, advanced=advanced, sacked=sacked, original=original)
            rearms = rearms and not waits
        if rearms and not self.output.arm_probe(now, advancing=True):
            self.output.rearm(now)
        if self.congestion.state == RECOVERY:
            clean = advanced and self.board.ever_lost == lost_before
            self.congestion.reduce(self.board.packets_in_flight(), delivered, clean=clean)
        elif advanced:
            self.congestion.on_acked(now, delivered, out)
        if resend == NEW_SEGMENTS:
            self.output.push(now)
            if self.board.next > self._high_seq:
                return
            self._frto = False
        if resend:
            self.retransmit_lost(now)

    def _update_rtt(self, now: float, packet: Packet, rtt: float, first_sacked: float, *, advanced: bool) -> bool:
        """Take a round-trip sample (tcp_ack_update_rtt); whether the timer is to be set anew."""
        sack_rtt = now - first_sacked if first_sacked >= 0 else -1.0
        if rtt < 0:
            rtt = sack_rtt
        if rtt < 0 and advanced and packet.echo >= 0:
            rtt = max(now - packet.echo, 1e-3)
        self._sample(rtt)
        return advanced or sack_rtt > now - self.board.sent_at[self.board.una]

    def _sample(self, rtt: float) -> None:
        """Take a round trip, if it is known; the first one of a window settles the variance term."""
        if rtt >= 0:
            settles = self.board.una > self._rtt_seq
            if settles:
                self._rtt_seq = self.board.next
            self.rtt.sample(rtt, settles=settles)

    def _process_tlp_ack(self, packet: Packet, *, advanced: bool, sacked: bool) -> None:
        """What an acknowledgement tells about a tail loss probe."""
        if packet.ack < self._tlp_high_seq:
            return
        repeated = self._tlp_retrans and not packet.repeat
        if repeated and packet.ack > self._tlp_high_seq:
            self._high_seq = self.board.next
            self.congestion.on_probe_loss()
            self._try_keep_open()
        elif repeated and (advanced or packet.size or sacked):
            return
        self._tlp_high_seq = 0

    def _fastretrans_alert(  # noqa: C901 - the states are looked at in the order of tcp_fastretrans_alert
        self, now: float, packet: Packet, *, advanced: bool, sacked: bool, original: bool
    ) -> tuple[int, bool]:
        """Something is out of the ordinary; what to send, and whether RACK's timer runs."""
        if self.congestion.state == OPEN:
            self._retrans_stamp = -1.0
        elif self.congestion.state == RECOVERY and self.board.una >= self._high_seq:
            if self._may_undo(packet):
                self._undo()
            elif self._undo_marker >= 0:
                self.congestion.end_reduction()
            self._leave()
        if self.congestion.state == RECOVERY:
            return self._go_on_recovering(now, packet, advanced=advanced)
        if self.congestion.state == LOSS:
            resend, over = self._process_loss(packet, advanced=advanced, sacked=sacked, original=original)
            retransmitted = self.board.retrans_out
            waits = self._identify_loss(now)
            if not over and self.board.retrans_out >= retransmitted:
                return resend, waits
        else:
            if self._undo_marker >= 0 and not self._undo_retrans:
                self._undo()
            waits = self._identify_loss(now)
        if not self.board.lost_out:
            if not self.board.any_retransmitted():
                self._retrans_stamp = -1.0
            self._try_keep_open()
            return NOTHING, waits
        self._enter_recovery()
        return LOST_SEGMENTS, waits

    def _go_on_recovering(self, now: float, packet: Packet, *, advanced: bool) -> tuple[int, bool]:
        """Fast recovery goes on (tcp_try_undo_partial)."""
        if advanced and self._undo_marker >= 0 and 0 <= packet.echo < self._retrans_stamp:
            if not self.board.retrans_out:
                self._undo(unmark=True)
                self._try_keep_open()
            return NOTHING, False
        if advanced and not self.tcp.sack:
            self.board.mark_lost(self.board.una)
        return LOST_SEGMENTS, self._identify_loss(now)

    def _identify_loss(self, now: float) -> bool:
        """Mark what is lost; whether a timer was set to look again."""
        wait = self.board.identify_loss(now, self.congestion.state, more=self._has_more)
        if wait > 0:
            self.timer.set(now, wait + _LEAST_WAIT, REORDER)
        return wait > 0

    @property
    def _has_more(self) -> bool:
        return self.board.next < len(self.output.queue.sizes)

    def _process_loss(self, packet: Packet, *, advanced: bool, sacked: bool, original: bool) -> tuple[int, bool]:
        """Slow start after a timeout, unless it was for nothing; what to send, and whether the state is left."""
        recovered = self.board.una >= self._high_seq
        if (advanced and self._may_undo(packet)) or (self._frto and original):
            self._undo(unmark=True)
            self._retransmits = 0
            self._leave()
            return NOTHING, True
        if self._frto:
            if self.board.next > self._high_seq:
                self._frto = not (sacked or (not advanced and not packet.size))
            elif advanced and not recovered:
                self._high_seq = self.board.next
                if self._has_more:
                    return NEW_SEGMENTS, False
                self._frto = False
        if recovered:
            if self._may_undo(packet):
                self._undo()
            self._leave()
            return NOTHING, True
        return LOST_SEGMENTS, False

    def _enter_recovery(self) -> None:
        """Enter fast recovery (tcp_enter_recovery); Tahoe starts anew instead."""
        if self.tcp.congestion == "tahoe":
            self.congestion.start_anew(self.board.packets_out)
            self.board.mark_all_lost()
            self._undo_marker = -1
        else:
            self._init_undo()
            self._tlp_high_seq = 0
            self.congestion.enter_recovery()
        self._high_seq = self.board.next

    def _leave(self) -> None:
        """All that was sent before the reduction has arrived."""
        self.congestion.enter(OPEN)
        self._retrans_stamp = -1.0

    def _try_keep_open(self) -> None:
        ordered = not (self.board.sacked_out or self.board.lost_out or self.board.any_retransmitted())
        if self.congestion.enter(OPEN if ordered else DISORDER):
            self._high_seq = self.board.next

    # Undoing

    def _init_undo(self) -> None:
        self._undo_marker = self.board.una if self.undoes else -1
        # A tail loss probe under way may come back as a duplicate, too, and tells nothing of what is sent again now.
        probes = self.minds_probes and self._tlp_high_seq > 0 and self._tlp_retrans
        self._undo_retrans = self.board.retrans_out + probes or -1

    def _may_undo(self, packet: Packet) -> bool:
        """Whether all that was sent again had arrived anyway (by duplicate SACK or by timestamps)."""
        return self._undo_marker >= 0 and (not self._undo_retrans or 0 <= packet.echo < self._retrans_stamp)

    def _undo(self, *, unmark: bool = False) -> None:
        """Take a reduction back that was for nothing (tcp_undo_cwnd_reduction)."""
        self.board.undo(unmark=unmark)
        self.congestion.undo()
        self._undo_marker = -1

    # Sending again

    def retransmit_lost(self, now: float) -> None:
        """Send again what is lost, as far as the window allows (tcp_xmit_retransmit_queue)."""
        rearms = False
        for number in self.board.lost_segments():
            if self.congestion.cwnd <= self.board.packets_in_flight() or self.board.retrans_out >= self.board.lost_out:
                break
            self.retransmit(now, number)
            self.congestion.on_retransmitted()
            rearms = rearms or (number == self.board.una and self.timer.kind != REORDER)
        if rearms:
            self.timer.set(now, self.rtt.rto, RETRANSMIT)

    def retransmit(self, now: float, number: int) -> None:
        """Send a segment again (tcp_retransmit_skb)."""
        self.output.queue.on_retransmitted(number)
        self.board.on_retransmitted(now, number)
        self.retransmissions += 1
        self.output.transmit(now, number)
        if self._retrans_stamp < 0:
            self._retrans_stamp = now
        self._undo_retrans = max(self._undo_retrans, 0) + 1

    # Timers

    def on_timer(self, now: float, *, orphan: bool) -> bool:
        """The timer has fired; whether the connection goes on, an `orphan` if its program has closed it."""
        kind = self.timer.fire()
        if kind == PROBE:
            self._send_loss_probe(now)
        elif kind == REORDER:
            self._rack_reo_timeout(now)
        elif self.board.packets_out:
            if self._gives_up(now, orphan=orphan):
                return False
            self._retransmit_timer(now)
        return True

    def _send_loss_probe(self, now: float) -> None:
        """Send one new segment beyond the window, or the last one again."""
        if not self._tlp_high_seq:
            self._tlp_retrans = not self.output.push(now, probe=True)
            if self._tlp_retrans:
                self.board.on_retransmitted(now, self.board.next - 1, EVER_RETRANS)
                self.retransmissions += 1
                self.output.transmit(now, self.board.next - 1)
            self._tlp_high_seq = self.board.next
            self.timer.stop()
        self.output.rearm(now)

    def _rack_reo_timeout(self, now: float) -> None:
        """RACK's little wait is over."""
        in_flight = self.board.packets_in_flight()
        wait = self.board.detect_loss(now, self.congestion.state, more=self._has_more)
        if self.board.packets_in_flight() != in_flight:
            if self.congestion.state != RECOVERY:
                self._enter_recovery()
                self.congestion.reduce(self.board.packets_in_flight(), 1, clean=False)
            self.retransmit_lost(now)
        if wait > 0:
            self.timer.set(now, wait + _LEAST_WAIT, REORDER)
        elif self.timer.at == math.inf or self.timer.kind != RETRANSMIT:
            self.output.rearm(now)

    def _retransmit_timer(self, now: float) -> None:
        """Everything sent a while ago counts as lost; start again with the first segment."""
        self._enter_loss(now)
        self._retransmits += 1
        if not self.board.marks[self.board.una] & RETRANS:
            self.retransmit(now, self.board.una)
        self.rtt.back_off()
        self.timer.set(now, self.rtt.rto, RETRANSMIT)

    def _gives_up(self, now: float, *, orphan: bool) -> bool:
        """Whether it has tried for long enough (tcp_write_timeout)."""
        return self._retransmits > 0 and now - self._retrans_stamp >= (_ORPHAN_GIVES_UP if orphan else _GIVE_UP)

    def _enter_loss(self, now: float) -> None:
        state = self.congestion.state
        fresh = state <= DISORDER or self.board.una >= self._high_seq or (state == LOSS and not self._retransmits)
        self.board.on_timeout(now)
        if fresh:
            self._init_undo()
        self.congestion.enter_loss(self.board.packets_in_flight(), fresh=fresh)
        self._high_seq = self.board.next
        self._tlp_high_seq = 0
        self._frto = self.tcp.sack and (state < RECOVERY or self._retransmits > 0)

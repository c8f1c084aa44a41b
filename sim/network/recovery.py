"""How one end of a connection finds out what was lost, and what it does about it.

Function by function this is Linux's net/ipv4/tcp_input.c, tcp_recovery.c and tcp_timer.c.

Sources: RFC 8985 (RACK and tail loss probe), 6937 (proportional rate reduction), 5682 (F-RTO), 3522 (Eifel), 2018 and
2883 (SACK), 6582 (NewReno, without SACK), 6298 (timer); Jacobson 1988 (Tahoe).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

from sim.network.segments import (
    AGAIN,
    CWR,
    DISORDER,
    LOSS,
    MISSING,
    OPEN,
    PROBE,
    RECOVERY,
    REDUCING,
    REORDER,
    REPEATED,
    RETRANSMIT,
    SACKED,
    Packet,
    Segments,
)
from sim.network.way import Way

__all__ = ["Recovery"]

_DUPLICATES: Final = 3
_LEAST_WAIT: Final = 0.002
_GIVE_UP: Final = 924.6
"""tcp_retries2 = 15: the sum of 0.2 s doubled up to 120 s, as retransmits_timed_out computes it."""
_ORPHAN_GIVES_UP: Final = 102.2
"""The same after 8 retries (tcp_orphan_retries), for a connection that its program has closed."""


class Recovery(Segments):
    """The outgoing side with its answers to acknowledgements and timers.

    Attributes:
        orphan: Whether its program has closed the connection.
        dead: Whether it has given up.
        gained_at: When something was acknowledged last.
        widest: The widest window that it has had.
    """

    __slots__ = (
        "_advanced",
        "_frto",
        "_high",
        "_lost_count",
        "_prior_cwnd",
        "_prior_threshold",
        "_probe_high",
        "_probe_repeats",
        "_prr_delivered",
        "_rack_latest",
        "_rack_rtt",
        "_retries",
        "_settle_at",
        "_since",
        "_undo",
        "_undo_left",
        "dead",
        "gained_at",
        "orphan",
        "widest",
    )

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew, as `Segments`."""
        super().begin(way, inbox, peer_box)
        self.dead = self.orphan = False
        self.gained_at, self.widest = 0.0, self.cwnd
        self._advanced = self._frto = self._probe_repeats = False
        self._high = self._lost_count = self._prior_cwnd = self._probe_high = self._prr_delivered = 0
        self._prior_threshold: float = 0
        self._rack_latest, self._rack_rtt = (-1.0, 0), 0.0
        self._retries = self._settle_at = 0
        self._since = -1.0
        self._undo, self._undo_left = -1, 0

    @property
    def at_rest(self) -> bool:
        """Whether nothing is left of a loss."""
        return self.state == OPEN and not self._probe_high and not self._behind

    # Acknowledgements

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
            self.gained_at = now
            self.widest = max(self.widest, self.cwnd)
        lost_before, out = self._lost_count, self.next - una
        delivered, first_sacked, original = self._tag(now, packet) if packet.blocks else (0, -1.0, False)
        sacked = delivered > 0
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

    def _tag(self, now: float, packet: Packet) -> tuple[int, float, bool]:
        """Mark what arrived out of order.

        Returns:
            How many segments are new among them, when the first of those that were sent once was sent (-1 if none),
            and whether one of these had been sent before the window was last reduced.
        """
        marks, ack, count, first, original = self._marks, packet.ack, 0, -1.0, False
        for low, high in packet.blocks:
            for number in range(max(low, ack, self.una), high):
                mark = marks[number]
                if mark & SACKED:
                    continue
                if mark & AGAIN:
                    self._again -= 1
                if mark & MISSING:
                    self._missing -= 1
                elif not mark & REPEATED:
                    if first < 0:
                        first = self._xmit[number]
                    original = original or number < self._high
                marks[number] = mark & REPEATED | SACKED
                self._sacked += 1
                count += 1
                self._order.pop(number, None)
                self._rack(now, number, mark)
        return count, first, original

    def _count_duplicate(self, packet: Packet, *, advanced: bool) -> bool:
        """Without SACK each duplicate acknowledgement stands for one segment that has arrived."""
        if advanced:
            self._sacked = max(self._sacked - (packet.ack - self.una - 1), 0)
            if self.state == OPEN:
                self._sacked = 0
            return False
        if packet.size or self._sacked + self._missing >= self.next - self.una:
            return False
        self._sacked += 1
        return True

    def _clear(self, now: float, packet: Packet) -> tuple[int, float, bool]:  # noqa: C901 - one pass over the segments
        """Take what is acknowledged off the books (tcp_clean_rtx_queue).

        Returns:
            How many segments arrived in order, the round trip (-1 if one of them was sent twice), and whether one that
            was sent once had been sent before the window was last reduced.
        """
        marks, xmit, order = self._marks, self._xmit, self._order
        count, first, last, original, twice = 0, -1.0, -1.0, False, False
        sack = self.tcp.sack
        for number in range(self.una, packet.ack):
            mark = marks[number]
            if mark & (AGAIN | REPEATED):
                twice = True
                if mark & AGAIN:
                    self._again -= 1
            elif not mark & SACKED:
                last = xmit[number]
                if first < 0:
                    first = last
                original = original or number < self._high
            if mark & MISSING:
                self._missing -= 1
            if mark & SACKED:
                self._sacked -= 1
            else:
                count += 1
                if sack and not (mark & REPEATED and packet.echo < xmit[number]):
                    self._rack(now, number, mark)
            order.pop(number, None)
        self.una = packet.ack
        if self.una == self.next:
            self._sacked = 0
        if first < 0 or twice:
            return count, -1.0, original
        if self.cwnd < self.ssthresh and self.controlled().leaves_slow_start(
            self.cwnd, now, now - last, min(self.least, now - last), acknowledged=packet.ack, next_segment=self.next
        ):
            self.ssthresh = self.cwnd
        return count, now - first, original

    def _measure(self, now: float, packet: Packet, rtt: float, first_sacked: float, *, advanced: bool) -> bool:
        """Take a round-trip sample (tcp_ack_update_rtt); whether the timer is to be set anew."""
        sack_rtt = now - first_sacked if first_sacked >= 0 else -1.0
        if rtt < 0:
            rtt = sack_rtt
        if rtt < 0 and advanced:
            rtt = max(now - packet.echo, 1e-3)
        if rtt >= 0:
            settles = self.una > self._settle_at
            if settles:
                self._settle_at = self.next
            self.sample(rtt, settles=settles)
        return advanced or sack_rtt > now - self._xmit[self.una]

    def _rack(self, now: float, number: int, mark: int) -> None:
        """Note when the latest of the segments that have arrived was sent (tcp_rack_advance)."""
        sent = self._xmit[number]
        rtt = now - sent
        if mark & REPEATED and rtt < self.least:
            return
        self._advanced = True
        self._rack_rtt = rtt
        self._rack_latest = max(self._rack_latest, (sent, number))

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

    # Reducing the window

    def _start_reducing(self) -> None:
        self._high = self.next
        self._probe_high = 0
        self._prior_cwnd = self.cwnd
        self._prr_delivered = self._prr_out = 0
        self.ssthresh = self.controlled().threshold(self.cwnd)

    def _end_reducing(self) -> None:
        if self.ssthresh < math.inf and (self.state == CWR or self._undo >= 0):
            self.cwnd = int(self.ssthresh)

    def _reduce(self, delivered: int, lost: int, *, advanced: bool) -> None:
        """Let out as much as comes in (tcp_cwnd_reduction)."""
        if delivered <= 0 or not self._prior_cwnd:
            return
        flying, threshold = self.flying(), int(self.ssthresh)
        self._prr_delivered += delivered
        if flying > threshold:
            out = -(-threshold * self._prr_delivered // self._prior_cwnd) - self._prr_out
        else:
            out = max(self._prr_delivered - self._prr_out, delivered)
            out = min(out + int(advanced and not lost), threshold - flying)
        self.cwnd = max(flying + max(out, int(not self._prr_out)), 1)

    def _init_undo(self) -> None:
        self._undo = self.una
        self._undo_left = self._again or -1

    def _keep_open(self) -> None:
        state = DISORDER if self._sacked or self._missing or self._any_repeated() else OPEN
        if self.state != state:
            self.state = state
            self._high = self.next

    def _any_repeated(self) -> bool:
        return self._again > 0 or (self.una < self.next and bool(self._marks[self.una] & REPEATED))

    def _may_undo(self, packet: Packet) -> bool:
        """Whether all that was sent again had arrived anyway (by duplicate SACK or by timestamps)."""
        return self._undo >= 0 and (not self._undo_left or 0 <= packet.echo < self._since)

    def _take_back(self, *, unmark: bool) -> None:
        """Undo a reduction that was for nothing (tcp_undo_cwnd_reduction)."""
        if unmark:
            for number in range(self.una, self.next):
                self._marks[number] &= ~MISSING
            self._missing = 0
        if self._prior_threshold:
            self.cwnd = max(self.cwnd, self._prior_cwnd)
            self.ssthresh = max(self.ssthresh, self._prior_threshold)
        self._undo = -1
        self._advanced = True

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
            self._prior_threshold = self.ssthresh
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

    # RACK

    def _mark(self, number: int) -> None:
        """Hold a segment for lost (tcp_mark_skb_lost)."""
        mark = self._marks[number]
        if mark & SACKED:
            return
        if mark & AGAIN:
            self._again -= 1
            mark &= ~AGAIN
            self._lost_count += 1
        if not mark & MISSING:
            self._missing += 1
            self._lost_count += 1
        self._marks[number] = mark | MISSING

    def _detect(self, now: float) -> bool:
        """Mark what is lost (tcp_identify_packet_loss); whether a timer was set to look again."""
        if not self.tcp.sack:
            if self._sacked >= _DUPLICATES and self.state <= DISORDER:
                self._mark(self.una)
            return False
        if not self._advanced:
            return False
        self._advanced = False
        wait = self._find_lost(now)
        if wait > 0:
            self._set_timer(now, wait + _LEAST_WAIT, REORDER)
        return wait > 0

    def _find_lost(self, now: float) -> float:
        """What was sent before a segment that has arrived is lost, after a little wait (tcp_rack_detect_loss)."""
        sure = self.state >= RECOVERY or self._sacked >= _DUPLICATES
        patience = 0.0 if sure else min(self.least / 4, self.srtt / 8)
        due = self._rack_rtt + patience - now
        latest, wait, found = self._rack_latest, 0.0, []
        for number in self._order:
            sent = self._xmit[number]
            if (sent, number) >= latest:
                break
            if self._marks[number] & (MISSING | AGAIN) == MISSING:
                continue
            left = due + sent
            if left <= 1e-9:
                found.append(number)
            else:
                wait = max(wait, left)
        for number in found:
            self._mark(number)
            del self._order[number]
        return wait

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

    # Timers

    def expired(self, now: float) -> None:
        """The timer has run out."""
        kind = self.timer_kind
        self.timer = math.inf
        if kind == PROBE:
            self._probe(now)
        elif kind == REORDER:
            self._look_again(now)
        else:
            self._time_out(now)

    def _look_again(self, now: float) -> None:
        """RACK's little wait is over (tcp_rack_reo_timeout)."""
        flying, lost = self.flying(), self._lost_count
        wait = self._find_lost(now)
        if self.flying() != flying:
            if self.state != RECOVERY:
                self._recover()
                self._reduce(1, self._lost_count - lost, advanced=False)
            self.repeat_lost(now)
        if wait > 0:
            self._set_timer(now, wait + _LEAST_WAIT, REORDER)
        elif self.timer == math.inf or self.timer_kind != RETRANSMIT:
            self.rearm(now)

    def _probe(self, now: float) -> None:
        """Send one new segment beyond the window, or the last one again (tcp_send_loss_probe)."""
        if not self._probe_high:
            if self.push(now, beyond=True):
                self._probe_repeats = False
            else:
                number = self.next - 1
                self._marks[number] |= REPEATED
                self.retransmissions += 1
                self._transmit(now, number)
                self._probe_repeats = True
            self._probe_high = self.next
            self.timer_kind = 0
        self.rearm(now)

    def _time_out(self, now: float) -> None:
        """Everything sent a while ago counts as lost; start again with the first segment (tcp_retransmit_timer)."""
        if self.una == self.next:
            return
        self._probe_high = 0
        if self._retries and now - self._since >= (_ORPHAN_GIVES_UP if self.orphan else _GIVE_UP):
            self.dead = True
            self.timer = math.inf
            return
        self._enter_loss(now)
        self._retries += 1
        if not self._marks[self.una] & AGAIN:
            self._repeat(now, self.una)
        self.back_off()
        self._set_timer(now, self.rto, RETRANSMIT)

    def _enter_loss(self, now: float) -> None:
        new = self.state < RECOVERY
        fresh = self.state <= DISORDER or self.una >= self._high or (self.state == LOSS and not self._retries)
        self._mark_late(now)
        if fresh:
            self._prior_threshold = self.ssthresh
            self._prior_cwnd = self.cwnd
            control = self.controlled()
            self.ssthresh = control.threshold(self.cwnd)
            control.restart()
            self._init_undo()
        self.cwnd = max(self.flying() + 1, 1)
        self.state = LOSS
        self._high = self.next
        self._frto = self.tcp.sack and (new or self._retries > 0)

    def _mark_late(self, now: float) -> None:
        """The first segment is lost, and so are those that were sent more than a round trip ago."""
        self._mark(self.una)
        found: Sequence[int]
        if self.tcp.sack:
            found = [number for number in self._order if self._xmit[number] + self._rack_rtt <= now]
        else:
            found = range(self.una, self.next)
            self._sacked = 0
        for number in found:
            self._mark(number)

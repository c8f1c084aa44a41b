"""What one end of a connection does when a timer runs out: tail loss probe, RACK's second look, retransmission.

Function by function this is Linux's net/ipv4/tcp_timer.c.

Sources: RFC 6298 (retransmission), 8985 (probe and reordering), 5682 (F-RTO).
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from sim.network.ending import Ending
from sim.network.tcp.path import Way
from sim.network.tcp.recovery import Recovery
from sim.network.tcp.scoreboard import LEAST_WAIT
from sim.network.tcp.send_queue import AGAIN, DISORDER, LOSS, PROBE, RECOVERY, REORDER, REPEATED, RETRANSMIT, Packet

__all__ = ["Timeouts"]

_GIVE_UP: Final = 924.6
"""tcp_retries2 = 15: the sum of 0.2 s doubled up to 120 s, as retransmits_timed_out computes it."""
_ORPHAN_GIVES_UP: Final = 102.2
"""The same after 8 retries (tcp_orphan_retries), for a connection that its program has closed."""


class Timeouts(Recovery):
    """The outgoing side with its answers to timers.

    Attributes:
        orphan: Whether its program has closed the connection.
        dead: Whether the connection is no more, as far as this end goes.
        lost: What its program hears of that: TIMED_OUT (it gave up), RESET, or nothing.
        lost_at: When; infinity while it lives.
    """

    __slots__ = ("dead", "lost", "lost_at", "orphan")

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew, as `Segments`."""
        super().begin(way, inbox, peer_box)
        self.dead = self.orphan = False
        self.lost: Ending | None = None
        self.lost_at = math.inf

    def die(self, now: float, lost: Ending | None = None) -> None:
        """The connection is no more: no timer runs, and whatever comes in is answered with a reset."""
        self.dead = True
        self.lost, self.lost_at = lost, now
        self.timer = self.ack_due = math.inf

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
            self._set_timer(now, wait + LEAST_WAIT, REORDER)
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
        if self._gives_up(now):
            self.die(now, Ending.TIMED_OUT)
            return
        self._enter_loss(now)
        self._retries += 1
        if not self._marks[self.una] & AGAIN:
            self._repeat(now, self.una)
        self.back_off()
        self._set_timer(now, self.rto, RETRANSMIT)

    def _gives_up(self, now: float) -> bool:
        """Whether it has tried for long enough."""
        return self._retries > 0 and now - self._since >= (_ORPHAN_GIVES_UP if self.orphan else _GIVE_UP)

    def _enter_loss(self, now: float) -> None:
        new = self.state < RECOVERY
        fresh = self.state <= DISORDER or self.una >= self._high or (self.state == LOSS and not self._retries)
        self._mark_late(now)
        if fresh:
            self._prior_threshold = self._current_threshold()
            self._prior_cwnd = self.cwnd
            self.ssthresh = self.controlled().threshold(self.cwnd)
            self._init_undo()
        self.controlled().restart()
        self.cwnd = max(self.flying() + 1, 1)
        self.state = LOSS
        self._high = self.next
        self._probe_high = 0
        self._frto = self.tcp.sack and (new or self._retries > 0)

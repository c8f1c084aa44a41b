"""How one end of a connection narrows its window after a loss, and takes that back if nothing was lost.

Function by function this is Linux's net/ipv4/tcp_input.c.

Sources: RFC 6937 (proportional rate reduction), 3522 (Eifel, by timestamps), 2883 (by duplicate SACK).
"""

from __future__ import annotations

import math
from collections import deque

from sim.network.tcp.path import Way
from sim.network.tcp.scoreboard import Scoreboard
from sim.network.tcp.send_queue import CWR, DISORDER, MISSING, OPEN, Packet

__all__ = ["Reduction"]


class Reduction(Scoreboard):
    """The outgoing side with the window's way down, and back."""

    __slots__ = (
        "_prior_cwnd",
        "_prior_threshold",
        "_probe_high",
        "_probe_repeats",
        "_prr_delivered",
        "_since",
        "_undo",
        "_undo_left",
    )

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew, as `Segments`."""
        super().begin(way, inbox, peer_box)
        self._prior_cwnd = self._probe_high = self._prr_delivered = 0
        self._prior_threshold: float = 0
        self._probe_repeats = False
        self._since = -1.0
        self._undo, self._undo_left = -1, 0

    def _start_reducing(self) -> None:
        self._high = self.next
        self._probe_high = 0
        self._prior_cwnd = self.cwnd
        self._prr_delivered = self._prr_out = 0
        self.ssthresh = self.controlled().threshold(self.cwnd)

    def _current_threshold(self) -> float:
        """The slow start threshold that is due to a window that would not be reduced (tcp_current_ssthresh)."""
        return max(self.ssthresh, (self.cwnd >> 1) + (self.cwnd >> 2))

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
        # A tail loss probe under way may come back as a duplicate, too, and tells nothing of what is sent again now.
        self._undo_left = self._again + (self._probe_high > 0 and self._probe_repeats) or -1

    def _keep_open(self) -> None:
        state = DISORDER if self._sacked or self._missing or self._any_repeated() else OPEN
        if self.state != state:
            self.state = state
            self._high = self.next

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

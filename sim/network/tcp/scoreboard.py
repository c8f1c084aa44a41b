"""What one end of a connection believes of each segment that it has sent: arrived, lost, or still under way.

Acknowledgements with their SACK blocks tell what has arrived, and RACK infers from it what has not. Function by
function this is Linux's net/ipv4/tcp_input.c and tcp_recovery.c.

Sources: RFC 8985 (RACK), 2018 and 2883 (SACK), 6582 (NewReno, without SACK).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from sim.network.tcp.path import Way
from sim.network.tcp.send_queue import (
    AGAIN,
    DISORDER,
    MISSING,
    OPEN,
    RECOVERY,
    REORDER,
    REPEATED,
    SACKED,
    Packet,
    Segments,
)

__all__ = ["LEAST_WAIT", "Scoreboard"]

_DUPLICATES: Final = 3
LEAST_WAIT: Final = 0.002
"""How much longer than it must RACK waits for what may only be late, in s."""


class Scoreboard(Segments):
    """The outgoing side with what has become of its segments."""

    __slots__ = ("_advanced", "_high", "_lost_count", "_rack_latest", "_rack_rtt")

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew, as `Segments`."""
        super().begin(way, inbox, peer_box)
        self._advanced = False
        self._high = self._lost_count = 0
        self._rack_latest, self._rack_rtt = (-1.0, 0), 0.0

    # What has arrived

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
                if sack and not (mark & REPEATED and 0 <= packet.echo < xmit[number]):
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

    def _rack(self, now: float, number: int, mark: int) -> None:
        """Note when the latest of the segments that have arrived was sent (tcp_rack_advance)."""
        sent = self._xmit[number]
        rtt = now - sent
        if mark & REPEATED and rtt < self.least:
            return
        self._advanced = True
        self._rack_rtt = rtt
        self._rack_latest = max(self._rack_latest, (sent, number))

    def _any_repeated(self) -> bool:
        return self._again > 0 or (self.una < self.next and bool(self._marks[self.una] & REPEATED))

    # What is lost

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
            self._set_timer(now, wait + LEAST_WAIT, REORDER)
        return wait > 0

    def _find_lost(self, now: float) -> float:
        """What was sent before a segment that has arrived is lost, after a little wait (tcp_rack_detect_loss)."""
        sure = self.state >= RECOVERY or self._sacked >= _DUPLICATES
        patience = 0.0 if sure else min(self.least / 4, self.srtt)
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

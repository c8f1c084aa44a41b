"""What an endpoint believes of each segment that it has sent: arrived, lost, or still under way.

Acknowledgements with their SACK blocks tell what has arrived, and RACK infers from it what has not. Function by
function this is Linux's net/ipv4/tcp_input.c and tcp_recovery.c.

Sources: RFC 8985 (RACK), 2018 and 2883 (SACK), 6582 (NewReno, without SACK).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sim.network.tcp.congestion import DISORDER, OPEN, RECOVERY
from sim.network.tcp.path import Packet
from sim.network.tcp.rtt import RttEstimator

SACKED, LOST, RETRANS, EVER_RETRANS = 1, 2, 4, 8
"""What is known of a segment (TCPCB_*): came out of order; lost; sent again and under way; ever sent again."""
_REORDERING: Final = 3


@dataclass(slots=True)
class Scoreboard:
    """The segments that an endpoint has sent, counted from 0 on.

    Attributes:
        sack: Whether the other end tells what it has received out of order.
        rtt: What the endpoint knows of the round trip.
        una, next: The first segment that is not acknowledged; the first that was never sent.
        sent_at: When each was sent last, in s.
        marks: What is known of each.
        sacked_out, lost_out, retrans_out: How many of those not acknowledged are SACKED, LOST, RETRANS.
        ever_lost: How often segments were held for lost so far.
    """

    sack: bool
    rtt: RttEstimator
    una: int = 0
    next: int = 0
    sent_at: list[float] = field(default_factory=list)
    marks: bytearray = field(default_factory=bytearray)
    sacked_out: int = 0
    lost_out: int = 0
    retrans_out: int = 0
    ever_lost: int = 0
    # In the order of sending (tsorted_sent_queue), without those that have arrived or that RACK has found lost.
    _by_time: dict[int, None] = field(default_factory=dict)
    _rack_advanced: bool = False
    _rack_latest: tuple[float, int] = (-1.0, 0)
    _rack_rtt: float = 0.0

    @property
    def packets_out(self) -> int:
        """Segments sent and not acknowledged."""
        return self.next - self.una

    def packets_in_flight(self) -> int:
        """Segments believed to be in the network."""
        return self.next - self.una - self.sacked_out - self.lost_out + self.retrans_out

    # What is sent

    def on_sent(self, now: float) -> None:
        """The next segment is sent for the first time."""
        self.sent_at.append(now)
        self.marks.append(0)
        self._by_time[self.next] = None
        self.next += 1

    def on_retransmitted(self, now: float, number: int, mark: int = RETRANS | EVER_RETRANS) -> None:
        """A segment is sent again; a probe's is not counted among those under way."""
        self.marks[number] |= mark
        if mark & RETRANS:
            self.retrans_out += 1
        self.sent_at[number] = now
        self._by_time.pop(number, None)
        self._by_time[number] = None

    def any_retransmitted(self) -> bool:
        """Whether something sent again is under way, or is the first that is not acknowledged."""
        return self.retrans_out > 0 or (self.una < self.next and bool(self.marks[self.una] & EVER_RETRANS))

    # What has arrived

    def mark_sacked(self, now: float, packet: Packet, high_seq: int) -> tuple[int, float, bool]:
        """Mark what arrived out of order (tcp_sacktag_write_queue).

        Returns:
            How many segments are new among them, when the first of those that were sent once was sent (-1 if none),
            and whether one of these had been sent before the window was last reduced.
        """
        marks, ack, count, first, original = self.marks, packet.ack, 0, -1.0, False
        for low, high in packet.blocks:
            for number in range(max(low, ack, self.una), high):
                mark = marks[number]
                if mark & SACKED:
                    continue
                if mark & RETRANS:
                    self.retrans_out -= 1
                if mark & LOST:
                    self.lost_out -= 1
                elif not mark & EVER_RETRANS:
                    if first < 0:
                        first = self.sent_at[number]
                    original = original or number < high_seq
                marks[number] = mark & EVER_RETRANS | SACKED
                self.sacked_out += 1
                count += 1
                self._by_time.pop(number, None)
                self._advance_rack(now, number, mark)
        return count, first, original

    def add_duplicate(self, packet: Packet, state: int) -> bool:
        """Without SACK each duplicate acknowledgement stands for one segment that has arrived (tcp_add_reno_sack)."""
        if packet.ack > self.una:
            self.sacked_out = 0 if state == OPEN else max(self.sacked_out - (packet.ack - self.una - 1), 0)
            return False
        if packet.size or self.sacked_out + self.lost_out >= self.packets_out:
            return False
        self.sacked_out += 1
        return True

    def clean_rtx_queue(self, now: float, packet: Packet, high_seq: int) -> tuple[int, float, float, bool]:
        """Take what is acknowledged off the books (tcp_clean_rtx_queue).

        Returns:
            How many segments arrived in order, when the first and the last of those sent once were sent (-1 if one of
            all was sent twice), and whether one of those had been sent before the window was last reduced.
        """
        marks, sent_at = self.marks, self.sent_at
        count, first, last, original, twice = 0, -1.0, -1.0, False, False
        for number in range(self.una, packet.ack):
            mark = marks[number]
            if mark & (RETRANS | EVER_RETRANS):
                twice = True
                if mark & RETRANS:
                    self.retrans_out -= 1
            elif not mark & SACKED:
                last = sent_at[number]
                if first < 0:
                    first = last
                original = original or number < high_seq
            if mark & LOST:
                self.lost_out -= 1
            if mark & SACKED:
                self.sacked_out -= 1
            else:
                count += 1
                if self.sack and not (mark & EVER_RETRANS and 0 <= packet.echo < sent_at[number]):
                    self._advance_rack(now, number, mark)
            self._by_time.pop(number, None)
        self.una = packet.ack
        if self.una == self.next:
            self.sacked_out = 0
        return (count, -1.0, -1.0, original) if twice else (count, first, last, original)

    def _advance_rack(self, now: float, number: int, mark: int) -> None:
        """Note when the latest of the segments that have arrived was sent (tcp_rack_advance)."""
        sent = self.sent_at[number]
        rtt = now - sent
        if mark & EVER_RETRANS and rtt < self.rtt.min_rtt:
            return
        self._rack_advanced = True
        self._rack_rtt = rtt
        self._rack_latest = max(self._rack_latest, (sent, number))

    # What is lost

    def lost_segments(self) -> Iterator[int]:
        """The segments that are lost and not sent again, in order, as it is when each is asked for."""
        for number in range(self.una, self.next):
            if self.marks[number] & (LOST | SACKED | RETRANS) == LOST:
                yield number

    def mark_lost(self, number: int) -> None:
        """Hold a segment for lost (tcp_mark_skb_lost)."""
        mark = self.marks[number]
        if mark & SACKED:
            return
        if mark & RETRANS:
            self.retrans_out -= 1
            mark &= ~RETRANS
            self.ever_lost += 1
        if not mark & LOST:
            self.lost_out += 1
            self.ever_lost += 1
        self.marks[number] = mark | LOST

    def mark_all_lost(self) -> None:
        """Hold all that is not acknowledged for lost."""
        for number in range(self.una, self.next):
            self.mark_lost(number)

    def undo(self, *, unmark: bool) -> None:
        """What was sent again was so for nothing; if `unmark`, nothing is lost (tcp_undo_cwnd_reduction)."""
        self._rack_advanced = True
        if unmark:
            for number in range(self.una, self.next):
                self.marks[number] &= ~LOST
            self.lost_out = 0

    def on_timeout(self, now: float) -> None:
        """The first segment is lost, and so are those sent more than a round trip ago (tcp_timeout_mark_lost)."""
        self.mark_lost(self.una)
        found: Sequence[int]
        if self.sack:
            found = [number for number in self._by_time if self.sent_at[number] + self._rack_rtt <= now]
        else:
            found = range(self.una, self.next)
            self.sacked_out = 0
        for number in found:
            self.mark_lost(number)

    def identify_loss(self, now: float, state: int, *, more: bool) -> float:
        """Mark what is lost, by the state of congestion and whether there is `more` to send (tcp_identify_packet_loss).

        Returns:
            In how many s to look again, 0 where that would show nothing new.
        """
        if not self.sack:
            if self.sacked_out >= _REORDERING and state <= DISORDER:
                self.mark_lost(self.una)
            return 0.0
        if not self._rack_advanced:
            return 0.0
        self._rack_advanced = False
        return self.detect_loss(now, state, more=more)

    def detect_loss(self, now: float, state: int, *, more: bool) -> float:  # noqa: ARG002 - for Linux 3
        """What was sent before a segment that has arrived is lost, after a little wait (tcp_rack_detect_loss)."""
        sure = state >= RECOVERY or self.sacked_out >= _REORDERING
        due = self._rack_rtt + (0.0 if sure else min(self.rtt.min_rtt / 4, self.rtt.srtt)) - now
        wait, found = 0.0, []
        for number in self._by_time:
            sent = self.sent_at[number]
            if (sent, number) >= self._rack_latest:
                break
            if self.marks[number] & (LOST | RETRANS) == LOST:
                continue
            left = due + sent
            if left <= 1e-9:
                found.append(number)
            else:
                wait = max(wait, left)
        self.drop(found)
        return wait

    def drop(self, numbers: Sequence[int]) -> None:
        """Hold segments for lost, and look at them no more until they are sent again."""
        for number in numbers:
            self.mark_lost(number)
            self._by_time.pop(number, None)

"""What an endpoint has received, and when it acknowledges it.

As in Linux (net/ipv4/tcp_input.c) every second segment is acknowledged at once, so is whatever comes out of order or
twice; a single one after 40 ms, unless a reply takes the acknowledgement with it; the first few after a start or a loss
at once.

Sources: RFC 1122 4.2.3.2 (delayed acknowledgements), RFC 5681 4.2, RFC 7323 (timestamps).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from sim.network.tcp.path import Packet
from sim.network.tcp.rtt import RttEstimator

ATO: Final = 0.04
"""The least delay of a delayed acknowledgement in s (TCP_DELACK_MIN)."""
_MAX_ATO: Final = 0.2
_QUICK: Final = 16
_WINDOW: Final = 64240
_UNKNOWN_SEGMENT: Final = 536
IN_ORDER, FILLS_GAP, OUT_OF_ORDER, DUPLICATE = range(4)
"""How a segment comes in; with the first two it is the one that was missing."""


@dataclass(slots=True)
class ReceiveQueue:
    """The segments that have come in.

    Attributes:
        ts_recent: The timestamp that packets echo; -1 without timestamps.
        next: The first segment that is missing (rcv_nxt).
        out_of_order: Ranges of later ones that are there, the latest first.
        duplicate: Whether a segment has come twice that was not told yet (by duplicate SACK).
    """

    ts_recent: float
    next: int = 0
    out_of_order: list[tuple[int, int]] = field(default_factory=list)
    duplicate: bool = False
    _told: int = 0

    def resume(self, sent: float) -> None:
        """The first segment has come in before, sent at that time."""
        self.next = 1
        if self.ts_recent >= 0:
            self.ts_recent = sent

    def is_new(self, packet: Packet) -> bool:
        """Whether some of it was not acknowledged: else Linux looks at nothing else in it (tcp_validate_incoming).

        Then its timestamp is echoed from now on, unless something before it is missing.
        """
        if packet.size > 0 and packet.number + 1 < self._told:
            return False
        if packet.number <= self._told:
            self.ts_recent = packet.sent
        return True

    def on_told(self) -> None:
        """A packet has gone out that acknowledges all this."""
        self.duplicate = False
        self._told = self.next

    def take(self, number: int) -> int:
        """Take a segment: IN_ORDER, FILLS_GAP, OUT_OF_ORDER or DUPLICATE."""
        if number == self.next:
            self.next += 1
            if not self.out_of_order:
                return IN_ORDER
            for block in self.out_of_order:
                if block[0] == self.next:
                    self.next = block[1]
                    self.out_of_order.remove(block)
                    break
            return FILLS_GAP
        if number < self.next or any(low <= number < high for low, high in self.out_of_order):
            self.duplicate = True
            return DUPLICATE
        low, high, others = number, number + 1, []
        for block in self.out_of_order:
            if block[1] == low:
                low = block[0]
            elif block[0] == high:
                high = block[1]
            else:
                others.append(block)
        self.out_of_order = [(low, high), *others]
        return OUT_OF_ORDER


@dataclass(slots=True)
class AckPolicy:
    """When acknowledgements go out that no data takes with it (inet_connection_sock.icsk_ack).

    Attributes:
        rtt: What the endpoint knows of the round trip.
        mss: The most bytes of payload a segment.
        due: When a delayed acknowledgement goes out; infinity where none is delayed.
        last_received: When data came in last.
    """

    rtt: RttEstimator
    mss: int
    due: float = math.inf
    last_received: float = -math.inf
    _ato: float = 0.0
    _quick: int = 0
    _pingpong: bool = False
    _rcv_mss: int = _UNKNOWN_SEGMENT
    _owed: int = 0

    def resume(self, heard: int, at: float, *, pingpong: bool) -> None:
        """Take over habits from flights that were sums, where data came in so often, the last time `at`.

        In `pingpong` mode replies follow what comes in, so that acknowledgements wait for them.
        """
        self._ato = ATO
        self._quick = max(_QUICK - heard, 0)
        self._pingpong = pingpong
        self.last_received = at

    def owe(self, at: float) -> bool:
        """A segment has come in before; whether it is to be acknowledged at once."""
        self._owed = 1
        self.due = at + ATO
        return self.owes_enough()

    def on_segment(self, now: float, size: int, arrival: int) -> bool:
        """A segment has come in, as `ReceiveQueue.take` says; whether it is to be acknowledged at once."""
        self._rcv_mss = max(self._rcv_mss, size)
        if arrival == DUPLICATE:
            self._quick = _QUICK
            self._leave_pingpong()
        else:
            self._owed += size
        if arrival <= FILLS_GAP:
            self._learn(now)
        at_once = arrival != IN_ORDER or self.owes_enough()
        self.due = min(self.due, now if at_once else self.latest(now))
        return at_once

    def _leave_pingpong(self) -> None:
        self._pingpong = False
        self._ato = ATO

    def _learn(self, now: float) -> None:
        """How long to wait with an acknowledgement, by the pace of what comes in (tcp_event_data_recv)."""
        gap = now - self.last_received
        if not self._ato:
            self._ato, self._quick = ATO, _QUICK
        elif gap <= ATO / 2:
            self._ato = self._ato / 2 + ATO / 2
        elif gap < self._ato:
            self._ato = min(self._ato / 2 + gap, self.rtt.rto)
        elif gap > self.rtt.rto:
            self._quick = max(self._quick, min(_QUICK, _WINDOW // (2 * self._rcv_mss)))
        self.last_received = now

    def owes_enough(self) -> bool:
        """Whether what has come in is to be acknowledged at once (__tcp_ack_snd_check)."""
        return self._owed > self._rcv_mss or (self._quick > 0 and not self._pingpong)

    def latest(self, now: float) -> float:
        """When an acknowledgement goes out at the latest (tcp_send_delayed_ack)."""
        return now + (ATO if self._ato <= ATO else min(self._ato, max(self.rtt.srtt, ATO), _MAX_ATO))

    def on_late(self) -> None:
        """No reply came in time to take the acknowledgement with it (tcp_delack_timer_handler)."""
        if self._pingpong:
            self._leave_pingpong()
        else:
            self._ato = min(2 * self._ato, self.rtt.rto)

    def on_data_sent(self, now: float) -> None:
        """Data was sent: a reply, if something has just come in (tcp_event_data_sent)."""
        if now - self.last_received < self._ato:
            self._pingpong = True

    def on_told(self) -> None:
        """A packet has gone out that acknowledges all (tcp_event_ack_sent)."""
        if self._quick and self.due < math.inf:
            self._quick -= 1
            if not self._quick:
                self._ato = ATO
        self._owed = 0
        self.due = math.inf

    def stop(self) -> None:
        """Acknowledge nothing more."""
        self.due = math.inf

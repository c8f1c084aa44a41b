"""One end of a connection, while it is played segment by segment: what comes in, and when it is acknowledged.

As in Linux (net/ipv4/tcp_input.c) every second segment is acknowledged at once, so is whatever comes out of order or
twice; a single one after 40 ms, unless a reply takes the acknowledgement with it; the first few after a start or a loss
at once.

Sources: RFC 1122 4.2.3.2 (delayed acknowledgements), RFC 5681 4.2, RFC 7323 (timestamps).
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from sim.network.ending import Ending
from sim.network.tcp.path import Way
from sim.network.tcp.rtt_and_window import LINUX
from sim.network.tcp.send_buffer import SendBuffer
from sim.network.tcp.send_queue import ATO, RESET, Packet
from sim.scenario.spec import Tcp

__all__ = ["End"]

_QUICK: Final = 16
_WINDOW: Final = 64240
_UNKNOWN_SEGMENT: Final = 536


class End(SendBuffer):
    """One end; between flights that are sums it is no more than its `Sender`.

    Attributes:
        heard: How often data came in that it was to acknowledge; the first 16 times it does at once.
        lone: Whether its latest flight that was a sum was a single segment.
    """

    __slots__ = ("_full", "gone_from", "heard", "lone")

    def __init__(self, tcp: Tcp = LINUX) -> None:
        super().__init__(tcp)
        self.heard = 0
        self.lone = True

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew, as `Segments`.

        `gone_from` is when the host goes down: what is up later knows nothing of the connection.
        """
        super().begin(way, inbox, peer_box)
        self._full = _UNKNOWN_SEGMENT
        self.gone_from = math.inf

    def resume(self, *, interactive: bool, at: float) -> None:
        """Take over the receiver's habits after flights that were sums, the last of which came in at `at`."""
        self._ato = ATO
        self._quick = max(_QUICK - self.heard, 0)
        self.interactive = interactive
        self.heard_at = at

    def owes(self, sent: float, at: float, *, told: bool) -> None:
        """The other end's last flight, a segment, has arrived, and is acknowledged where that is due at once.

        Args:
            sent: When the other end sent it, in s.
            at: When it arrived.
            told: Whether a first acknowledgement is on its way already.
        """
        self.received = 1
        self._recent = sent if self._way.stamped else -1.0
        self._owed = 1
        self.ack_due = at + ATO
        if not told and self._owes_enough():
            self.acknowledge(at)

    def take(self, now: float, packet: Packet) -> None:
        """Take a packet that has arrived."""
        if (self.dead or self.orphan or packet.number == RESET or now >= self.gone_from) and self._is_over(now, packet):
            return
        if packet.size and packet.number + 1 < self._wup:
            # All of it is old: Linux looks at nothing else in it, its timestamp neither (tcp_validate_incoming).
            self._take_segment(now, packet.number, packet.size)
            return
        if packet.number <= self._wup:
            self._recent = packet.sent
        self.acknowledged(now, packet)
        if packet.size:
            self._take_segment(now, packet.number, packet.size)
        if self.next < len(self.sizes):
            self.push(now)
        if self.unwritten:
            self.make_room(now)

    def _is_over(self, now: float, packet: Packet) -> bool:
        """Whether the packet finds or makes an end of the connection; where it finds one, a reset answers it.

        A program that has closed reads nothing more: what is new for it is answered like that, too (RFC 9293 3.6.1).
        """
        if packet.number == RESET:
            if not self.dead:
                self.die(now, Ending.RESET)
            return True
        if now >= self.gone_from or (self.orphan and packet.size and packet.number >= self.received):
            self.die(now)
        if self.dead:
            self.put(now, RESET, 0)
        return self.dead

    def _take_segment(self, now: float, number: int, size: int) -> None:
        at_once = True
        self._full = max(self._full, size)
        if number == self.received:
            self.received += 1
            self._owed += size
            if self._behind:
                self._close_gap()
            else:
                at_once = False
            self._learn(now)
        elif number < self.received or any(low <= number < high for low, high in self._behind):
            self._reply_repeat = True
            self._quick = _QUICK
            self.interactive = False
            self._ato = ATO
        else:
            self._owed += size
            self._keep(number)
        if at_once or self._owes_enough():
            self.ack_due = min(self.ack_due, now)
            self.acknowledge(now)
        else:
            self.ack_due = min(self.ack_due, self._latest(now))

    def _owes_enough(self) -> bool:
        """Whether what has come in is to be acknowledged at once."""
        return self._owed > self._full or (self._quick > 0 and not self.interactive)

    def _latest(self, now: float) -> float:
        """When an acknowledgement goes out at the latest."""
        return now + self._patience()

    def _keep(self, number: int) -> None:
        """Keep a segment that came out of order; the range that it belongs to is told first."""
        low, high, others = number, number + 1, []
        for block in self._behind:
            if block[1] == low:
                low = block[0]
            elif block[0] == high:
                high = block[1]
            else:
                others.append(block)
        self._behind = [(low, high), *others]

    def _close_gap(self) -> None:
        for block in self._behind:
            if block[0] == self.received:
                self.received = block[1]
                self._behind.remove(block)
                return

    def _learn(self, now: float) -> None:
        """How long to wait with an acknowledgement, by the pace of what comes in (tcp_event_data_recv)."""
        self.heard += 1
        gap = now - self.heard_at
        if not self._ato:
            self._ato, self._quick = ATO, _QUICK
        elif gap <= ATO / 2:
            self._ato = self._ato / 2 + ATO / 2
        elif gap < self._ato:
            self._ato = min(self._ato / 2 + gap, self.rto)
        elif gap > self.rto:
            self._quick = max(self._quick, min(_QUICK, _WINDOW // (2 * self._full)))
        self.heard_at = now

    def _patience(self) -> float:
        return ATO if self._ato <= ATO else min(self._ato, max(self.srtt, ATO), 0.2)

    def acknowledge_late(self, now: float) -> None:
        """No reply came in time to take the acknowledgement with it."""
        if self.interactive:
            self.interactive = False
            self._ato = ATO
        else:
            self._ato = min(2 * self._ato, self.rto)
        self.acknowledge(now)

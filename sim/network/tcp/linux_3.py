"""One end of a connection whose TCP is that of Linux 3.10 to 3.19.

It has CUBIC, an initial window of 10, proportional rate reduction, the tail loss probe and F-RTO, as later ones, but
RACK came with 4.4: what is lost is found by counting what arrived after it.

Sources: net/ipv4/tcp_input.c and tcp_output.c of Linux 3.10; RFC 6675 and Mathis and Mahdavi 1996 (FACK); RFC 5827
(early retransmit).
"""

from __future__ import annotations

from collections import deque
from typing import Final

from sim.network.tcp.endpoint import End
from sim.network.tcp.path import Way
from sim.network.tcp.rtt_and_window import CLOCKS
from sim.network.tcp.send_queue import MISSING, SACKED, Packet

__all__ = ["OlderEnd"]

_DUPLICATES: Final = 3
_FEW: Final = 4
"""With fewer segments than these outstanding, fewer duplicate acknowledgements will do."""
_SHORTEST_PAUSE: Final = 0.008
_SHORTEST_PROBE: Final = 0.01
_DELAYED_ACK: Final = 0.2


class OlderEnd(End):
    """One end as Linux 3.10 plays it."""

    __slots__ = ("_early_at",)

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew, as `Segments`."""
        super().begin(way, inbox, peer_box)
        self._early_at = -1.0

    def probe_timeout(self, rto: float, *, lone: bool) -> float:
        """When the tail loss probe goes out (tcp_schedule_loss_probe)."""
        if not self.srtt:
            return rto
        least = 1.5 * self.srtt + _DELAYED_ACK if lone else _SHORTEST_PROBE
        return min(max(2 * self.srtt, least), rto)

    def _set_timer(self, now: float, delay: float, kind: int) -> None:
        """Set it to a tick, which may come before the delay is over: they are counted from the last one on."""
        super()._set_timer(now, delay, kind)
        self.timer, self.timer_set = CLOCKS[self.tcp.stack](now, delay), -1.0

    def _find_lost(self, now: float) -> float:
        """What three or more later segments have overtaken is lost; what was sent again is not looked at.

        Where too few are outstanding for that, the first is lost when all others have arrived, after a little wait.
        """
        marks, una = self._marks, self.una
        furthest = max((number for number in range(una, self.next) if marks[number] & SACKED), default=una)
        found = [number for number in range(una, furthest + 1 - _DUPLICATES) if not marks[number] & (SACKED | MISSING)]
        if found:
            self._early_at = -1.0
        elif not self._retransmits_early():
            return 0.0
        else:
            if self._early_at < 0:
                self._early_at = now + max(self.srtt / 4, _SHORTEST_PAUSE)
            if self._early_at > now:
                return self._early_at - now
            self._early_at = -1.0
            found = [una]
        for number in found:
            self._mark(number)
            self._order.pop(number, None)
        return 0.0

    def _retransmits_early(self) -> bool:
        """Whether all but the first of a few have arrived, and nothing new can be sent (tcp_time_to_recover)."""
        out = self.next - self.una
        return 1 < out < _FEW and self._sacked >= out - 1 and not self._missing and self.next == len(self.sizes)

    def _init_undo(self) -> None:
        """Remember what to take back; the duplicate of a tail loss probe counts like any (tcp_enter_loss)."""
        self._undo = self.una
        self._undo_left = self._again or -1

    def _mark_late(self, now: float) -> None:
        """All that is outstanding is lost (tcp_enter_loss)."""
        del now
        for number in range(self.una, self.next):
            self._mark(number)

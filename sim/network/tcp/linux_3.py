"""One end of a connection whose TCP is that of Linux 3.10 to 3.19.

It has CUBIC, an initial window of 10, proportional rate reduction, the tail loss probe and F-RTO, as later ones, but
RACK came with 4.4: what is lost is found by counting what arrived after it.

Sources: net/ipv4/tcp_input.c and tcp_output.c of Linux 3.10; RFC 6675 and Mathis and Mahdavi 1996 (FACK); RFC 5827
(early retransmit).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sim.network.tcp.endpoint import Endpoint
from sim.network.tcp.recovery import Recovery
from sim.network.tcp.rtt import Linux3RttEstimator
from sim.network.tcp.scoreboard import LOST, SACKED, Scoreboard

_DUPLICATES: Final = 3
_FEW: Final = 4
"""With fewer segments than these outstanding, fewer duplicate acknowledgements will do."""
_SHORTEST_PAUSE: Final = 0.008


@dataclass(slots=True)
class FackScoreboard(Scoreboard):
    """A scoreboard with forward acknowledgement instead of RACK."""

    _early_at: float = -1.0

    def detect_loss(self, now: float, _state: int, *, more: bool) -> float:
        """What three or more later segments have overtaken is lost; what was sent again is not looked at.

        Where too few are outstanding for that, the first is lost when all others have arrived, after a little wait.
        """
        marks, una = self.marks, self.una
        furthest = max((number for number in range(una, self.next) if marks[number] & SACKED), default=una)
        found = [number for number in range(una, furthest + 1 - _DUPLICATES) if not marks[number] & (SACKED | LOST)]
        if not found:
            if more or not self._retransmits_early():
                return 0.0
            if self._early_at < 0:
                self._early_at = now + max(self.rtt.srtt / 4, _SHORTEST_PAUSE)
            if self._early_at > now:
                return self._early_at - now
            found = [una]
        self._early_at = -1.0
        self.drop(found)
        return 0.0

    def _retransmits_early(self) -> bool:
        """Whether all but the first of a few have arrived (tcp_time_to_recover)."""
        return 1 < self.packets_out < _FEW and self.sacked_out >= self.packets_out - 1 and not self.lost_out

    def on_timeout(self, _now: float) -> None:
        """All that is outstanding is lost (tcp_enter_loss)."""
        self.mark_all_lost()


class Linux3Recovery(Recovery):
    """What Linux 3.10 does about losses: the duplicate of a tail loss probe counts like any (tcp_enter_loss)."""

    __slots__ = ()
    minds_probes = False


class Linux3Endpoint(Endpoint):
    """One end as Linux 3.10 plays it."""

    rtt_estimator = Linux3RttEstimator
    scoreboard = FackScoreboard
    loss_recovery = Linux3Recovery

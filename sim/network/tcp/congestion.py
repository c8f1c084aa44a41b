"""Congestion avoidance: how the window grows beyond slow start, how far it falls, and when slow start ends.

Sources: RFC 9438 (CUBIC) and HyStart as in Linux (net/ipv4/tcp_cubic.c), RFC 5681 (Reno). Windows in segments, times
in s.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["Control", "Cubic", "Reno"]

_CUBIC: Final = 0.4
_BETA: Final = 717 / 1024
_FRIENDLY: Final = int(8 * (1 + _BETA) / 3 / (1 - _BETA))
_STALE: Final = 1 / 32
_LOW_WINDOW: Final = 16
_TRAIN_GAP: Final = 0.002
_SAMPLES: Final = 8


class Reno:
    """RFC 5681: one segment a round trip; half of the window at a loss."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def threshold(self, cwnd: int) -> int:
        """The slow start threshold after a loss, where counting towards the next segment begins anew."""
        self._count = 0
        return max(cwnd // 2, 2)

    def avoid(self, cwnd: int, acknowledged: int, _now: float, _least: float) -> int:
        """The window after so many segments were acknowledged in congestion avoidance."""
        return self._add(cwnd, cwnd, acknowledged)

    def restart(self) -> None:
        """Forget what was learned: the retransmission timer has run out."""
        self._count = 0

    def leaves_slow_start(
        self, cwnd: int, now: float, rtt: float, least: float, *, acknowledged: int, next_segment: int
    ) -> bool:
        """Whether slow start is to end at this acknowledgement: not in Reno."""
        del cwnd, now, rtt, least, acknowledged, next_segment
        return False

    def _add(self, cwnd: int, per: int, acknowledged: int) -> int:
        """One segment more for every `per` that were acknowledged."""
        if self._count >= per:
            self._count = 0
            cwnd += 1
        self._count += acknowledged
        if self._count >= per:
            cwnd += self._count // per
            self._count %= per
        return cwnd


class Cubic(Reno):
    """CUBIC with HyStart."""

    __slots__ = (
        "_acks",
        "_at",
        "_epoch",
        "_found",
        "_friend",
        "_last",
        "_origin",
        "_per",
        "_plateau",
        "_round_end",
        "_round_least",
        "_round_start",
        "_samples",
        "_train",
        "_turn",
    )

    def __init__(self) -> None:
        self._round_end = 0
        self.restart()

    def restart(self) -> None:
        """Forget what was learned: the retransmission timer has run out."""
        self._count = self._acks = self._last = self._friend = 0
        self._plateau = self._origin = 0
        self._turn = 0.0
        self._per = 1
        self._epoch = self._at = -1.0
        self._found = False
        self._round_start = self._train = 0.0
        self._round_least = math.inf
        self._samples = 0

    def threshold(self, cwnd: int) -> int:
        """0.7 of the window; where it had not come back to its plateau, the next one is lower (RFC 9438 4.6, 4.7)."""
        self._count, self._epoch = 0, -1.0
        self._plateau = int(cwnd * (1 + _BETA) / 2) if cwnd < self._plateau else cwnd
        return max(int(cwnd * _BETA), 2)

    def avoid(self, cwnd: int, acknowledged: int, now: float, least: float) -> int:
        """The window after so many segments were acknowledged in congestion avoidance."""
        self._acks += acknowledged
        if cwnd != self._last or now - self._at > _STALE or self._epoch < 0:
            self._update(cwnd, acknowledged, now, least)
        return self._add(cwnd, self._per, acknowledged)

    def _update(self, cwnd: int, acknowledged: int, now: float, least: float) -> None:
        """How many acknowledgements the next segment costs, in whole segments (RFC 9438 4.2 to 4.5; bictcp_update)."""
        self._last, self._at = cwnd, now
        if self._epoch < 0:
            self._epoch, self._acks, self._friend = now, acknowledged, cwnd
            self._origin = max(self._plateau, cwnd)
            self._turn = math.cbrt((self._origin - cwnd) / _CUBIC)
        offset = now - self._epoch + (least if least < math.inf else 0.0) - self._turn
        rise = int(_CUBIC * abs(offset) ** 3)
        target = self._origin + (rise if offset > 0 else -rise)
        per = cwnd // (target - cwnd) if target > cwnd else 100 * cwnd
        if not self._plateau:
            per = min(per, 20)
        step = max(cwnd * _FRIENDLY >> 3, 1)
        gained = max(self._acks - 1, 0) // step
        self._friend += gained
        self._acks -= gained * step
        if self._friend > cwnd:
            per = min(per, cwnd // (self._friend - cwnd))
        self._per = max(per, 2)

    def leaves_slow_start(
        self, cwnd: int, now: float, rtt: float, least: float, *, acknowledged: int, next_segment: int
    ) -> bool:
        """HyStart: a train of acknowledgements half a round trip long, or round trips that have grown by an eighth.

        Args:
            cwnd: The window.
            now: The time.
            rtt: The latest round trip.
            least: The least one.
            acknowledged: The first segment that is not acknowledged.
            next_segment: The next that will be sent: the round ends when it is acknowledged.
        """
        if self._found or (self._epoch >= 0 and now - self._epoch < 1):
            return False
        if acknowledged > self._round_end:
            self._round_end, self._round_start, self._train = next_segment, now, now
            self._round_least, self._samples = math.inf, 0
        if cwnd < _LOW_WINDOW:
            return False
        if now - self._train <= _TRAIN_GAP:
            self._train = now
            self._found = now - self._round_start > least / 2
        self._round_least = min(self._round_least, rtt)
        if self._samples < _SAMPLES:
            self._samples += 1
        elif self._round_least > least + min(max(least / 8, 0.004), 0.016):
            self._found = True
        return self._found


Control = Reno

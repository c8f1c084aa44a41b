"""Congestion avoidance: how the window grows beyond slow start, how far it falls, and when slow start ends.

Sources: RFC 9438 (CUBIC) and HyStart as in Linux (net/ipv4/tcp_cubic.c), RFC 5681 (Reno). Windows in segments, times
in s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_CUBIC: Final = 0.4
_BETA: Final = 717 / 1024
_FRIENDLY: Final = int(8 * (1 + _BETA) / 3 / (1 - _BETA))
_STALE: Final = 1 / 32
_LOW_WINDOW: Final = 16
_TRAIN_GAP: Final = 0.002
_SAMPLES: Final = 8


@dataclass(slots=True)
class Reno:
    """RFC 5681: one segment a round trip; half of the window at a loss."""

    _count: int = 0

    def begin(self) -> None:
        """Segments are counted from 0 on."""

    def ssthresh(self, cwnd: int) -> int:
        """The slow start threshold after a loss, where counting towards the next segment begins anew."""
        self._count = 0
        return max(cwnd // 2, 2)

    def avoid(self, cwnd: int, acknowledged: int, _now: float, _min_rtt: float) -> int:
        """The window after so many segments were acknowledged in congestion avoidance."""
        return self._add(cwnd, cwnd, acknowledged)

    def restarted(self) -> Reno:
        """Itself without what was learned: the retransmission timer has run out."""
        return Reno()

    def leaves_slow_start(
        self, _cwnd: int, _now: float, _rtt: float, _min_rtt: float, *, acknowledged: int, following: int
    ) -> bool:
        """Whether slow start is to end at this acknowledgement: not in Reno."""
        del acknowledged, following
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


@dataclass(slots=True)
class Cubic(Reno):
    """CUBIC with HyStart."""

    # In slow start (HyStart): the present round, and whether its end was found.
    _round_end: int = 0
    _round_start: float = 0.0
    _round_least: float = math.inf
    _train: float = 0.0
    _samples: int = 0
    _found: bool = False
    # In congestion avoidance: the present epoch, and what the curve said last.
    _epoch: float = -1.0
    _plateau: int = 0
    _origin: int = 0
    _turn: float = 0.0
    _acks: int = 0
    _friend: int = 0
    _last: int = 0
    _at: float = -1.0
    _per: int = 1

    def begin(self) -> None:
        """The first acknowledgement begins a round."""
        self._round_end = 0

    def restarted(self) -> Reno:
        """Itself without what was learned: the retransmission timer has run out."""
        return Cubic(_round_end=self._round_end)

    def ssthresh(self, cwnd: int) -> int:
        """0.7 of the window; where it had not come back to its plateau, the next one is lower (RFC 9438 4.6, 4.7)."""
        self._count, self._epoch = 0, -1.0
        self._plateau = int(cwnd * (1 + _BETA) / 2) if cwnd < self._plateau else cwnd
        return max(int(cwnd * _BETA), 2)

    def avoid(self, cwnd: int, acknowledged: int, now: float, min_rtt: float) -> int:
        """The window after so many segments were acknowledged in congestion avoidance."""
        self._acks += acknowledged
        if cwnd != self._last or now - self._at > _STALE or self._epoch < 0:
            self._update(cwnd, acknowledged, now, min_rtt)
        return self._add(cwnd, self._per, acknowledged)

    def _update(self, cwnd: int, acknowledged: int, now: float, min_rtt: float) -> None:
        """How many acknowledgements the next segment costs, in whole segments (RFC 9438 4.2 to 4.5; bictcp_update)."""
        self._last, self._at = cwnd, now
        if self._epoch < 0:
            self._epoch, self._acks, self._friend = now, acknowledged, cwnd
            self._origin = max(self._plateau, cwnd)
            self._turn = math.cbrt((self._origin - cwnd) / _CUBIC)
        offset = now - self._epoch + (min_rtt if min_rtt < math.inf else 0.0) - self._turn
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
        self, cwnd: int, now: float, rtt: float, min_rtt: float, *, acknowledged: int, following: int
    ) -> bool:
        """HyStart: a train of acknowledgements half a round trip long, or round trips that have grown by an eighth.

        All before a segment is `acknowledged`; a round ends when the `following` one is, the next to be sent.
        """
        if self._found or (self._epoch >= 0 and now - self._epoch < 1):
            return False
        if acknowledged > self._round_end:
            self._round_end, self._round_start, self._train = following, now, now
            self._round_least, self._samples = math.inf, 0
        if cwnd < _LOW_WINDOW:
            return False
        if now - self._train <= _TRAIN_GAP:
            self._train = now
            self._found = now - self._round_start > min_rtt / 2
        self._round_least = min(self._round_least, rtt)
        if self._samples < _SAMPLES:
            self._samples += 1
        elif self._round_least > min_rtt + min(max(min_rtt / 8, 0.004), 0.016):
            self._found = True
        return self._found

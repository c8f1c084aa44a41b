"""One direction of a link at run time: a FIFO server that may lose what it carries.

A packet that reaches the line at t leaves it at max(t, the line is free) + length / rate and arrives a propagation
delay later; it is lost if the line is down as it leaves. Loss is drawn behind the serialiser, so a lost packet has
used the line too. The queue has no limit.
"""

from __future__ import annotations

import math
from collections import deque
from random import Random
from typing import Final

from sim.network.weather import ALWAYS_UP, Timeline
from sim.scenario.distribution import Constant, Distribution

__all__ = ["Line"]

_GAPS: Final = 32


class Line:
    """A line from one node to another.

    Transfers are computed ahead of the simulated time, so the line may be booked for a moment while it is still free
    before it. Such idle gaps are remembered (the latest 32) and given to whoever comes first.

    Args:
        rate: bit/s.
        delay: Propagation delay in s.
        loss: The probability that a packet is lost.
        mtu: The longest IP packet in bytes.
        timeline: When the line is up; a packet that leaves it while it is down is lost.
        random: The line's own generator of losses.
        jitter: The line's own generator of delays (default: that of the losses).

    Attributes:
        jittery: Whether the delay is drawn anew for each flight.
    """

    __slots__ = (
        "_clear_from",
        "_clear_until",
        "_gaps",
        "_jitter",
        "_loss_log",
        "_seconds_per_byte",
        "_spare",
        "busy_until",
        "delay",
        "jittery",
        "lag",
        "loss",
        "mtu",
        "random",
        "rate",
        "timeline",
    )

    def __init__(
        self,
        *,
        rate: float,
        delay: Distribution,
        random: Random,
        loss: float = 0.0,
        mtu: int = 1500,
        timeline: Timeline = ALWAYS_UP,
        jitter: Random | None = None,
    ) -> None:
        self.rate = rate
        self.delay = delay
        self.loss = loss
        self.mtu = mtu
        self.timeline = timeline
        self.random = random
        self.busy_until = 0.0
        self.jittery = not isinstance(delay, Constant)
        self.lag = delay.mean()
        self._jitter = random if jitter is None else jitter
        self._seconds_per_byte = 8 / rate
        self._loss_log = math.log1p(-loss) if loss < 1 else -math.inf
        self._gaps: deque[tuple[float, float]] = deque(maxlen=_GAPS)
        self._clear_from = math.inf
        self._clear_until = -math.inf
        self._spare = math.inf
        if loss:
            self._draw_loss()

    def _draw_loss(self) -> None:
        """Draw how many packets get through before the next loss: geometric, one draw a loss."""
        self._spare = math.log(1 - self.random.random()) // self._loss_log if self.loss < 1 else 0.0

    def draw_lag(self) -> None:
        """Draw the delay of the flight that is about to be sent."""
        self.lag = self.delay.sample(self._jitter)

    def serialisation(self, wire: float) -> float:
        """How long a packet of that many bytes occupies the line, in s."""
        return wire * self._seconds_per_byte

    def carry(self, at: float, wire: float) -> float:
        """Carry one packet.

        Args:
            at: When it reaches the line, in s.
            wire: Its length in bytes.

        Returns:
            When its last byte is at the far end; infinity if it is lost.
        """
        busy = self.busy_until
        if at >= busy:
            if at > busy:
                self._gaps.append((busy, at))
            self.busy_until = end = at + wire * self._seconds_per_byte
        else:
            end = self._queue(at, wire * self._seconds_per_byte)[1]
        if not self._clear_from <= end < self._clear_until and not self._look(end):
            return math.inf
        spare = self._spare
        if spare < 1:
            self._draw_loss()
            return math.inf
        self._spare = spare - 1
        return end + self.lag

    def carry_burst(self, first: float, last: float, packets: int, wire: int, tail: int) -> tuple[float, float]:
        """Carry packets that follow each other and of which none is lost (ask `clear` before).

        Args:
            first: When the first packet reaches the line, in s.
            last: When the last one does.
            packets: How many there are.
            wire: The length of each but the last, in bytes.
            tail: The length of the last.

        Returns:
            When the first and the last of them are at the far end.
        """
        total = ((packets - 1) * wire + tail) * self._seconds_per_byte
        start, end = self._queue(first, total)
        self._spare -= packets
        leaves = max(end, last + tail * self._seconds_per_byte)
        head = start + (wire if packets > 1 else tail) * self._seconds_per_byte
        return head + self.lag, leaves + self.lag

    def carry_acks(self, at: float, wire: float) -> float:
        """Carry a train of acknowledgements; each makes up for the loss of those before it, so none is lost alone.

        Returns:
            When the first of them is at the far end; infinity if the line is down.
        """
        leaves = self._queue(at, wire * self._seconds_per_byte)[0] + 52 * self._seconds_per_byte
        if not self._clear_from <= leaves < self._clear_until and not self._look(leaves):
            return math.inf
        return leaves + self.lag

    def clear(self, at: float, packets: int, wire: float) -> float:
        """Whether a burst would get through whole, and by when.

        Args:
            at: When its first packet reaches the line, in s.
            packets: How many there are.
            wire: Their length together, in bytes.

        Returns:
            A time by which all of them are at the far end; infinity if a packet would be lost, or the line may go down.
        """
        if self._spare < packets or not (self._clear_from <= at < self._clear_until or self._look(at)):
            return math.inf
        end = max(at, self.busy_until) + wire * self._seconds_per_byte
        return end + self.lag if end < self._clear_until else math.inf

    def _look(self, at: float) -> bool:
        """Ask the timeline, and keep how long its answer holds."""
        if not self.timeline.is_up(at):
            return False
        self._clear_from = at
        self._clear_until = self.timeline.next_change(at)
        return True

    def _queue(self, at: float, need: float) -> tuple[float, float]:
        """Book `need` seconds of the line from `at` on: first what is idle before the last booking, then what follows.

        Returns:
            When the line begins and when it ends to work on it.
        """
        busy = self.busy_until
        if at >= busy:
            if at > busy:
                self._gaps.append((busy, at))
            self.busy_until = at + need
            return at, self.busy_until
        start = math.inf
        if self._gaps and self._gaps[-1][1] > at:
            start, end, need = self._fill(at, need)
            if need <= 0:
                return start, end
        self.busy_until = busy + need
        return min(start, busy), self.busy_until

    def _fill(self, at: float, need: float) -> tuple[float, float, float]:
        """Use the idle gaps from `at` on.

        Returns:
            When the first use starts and the last one ends (infinity and `at` if there is none), and what is left over.
        """
        start, end = math.inf, at
        gaps: list[tuple[float, float]] = []
        for opens, closes in self._gaps:
            begin = max(at, opens)
            use = min(closes - begin, need)
            if use <= 0:
                gaps.append((opens, closes))
                continue
            start, end, need = min(start, begin), begin + use, need - use
            gaps += [(x, y) for x, y in ((opens, begin), (end, closes)) if x < y]
        self._gaps.clear()
        self._gaps.extend(gaps)
        return start, end, need

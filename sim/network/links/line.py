"""One direction of a link at run time: a FIFO server that may lose what it carries.

A packet that reaches the line at t leaves it at max(t, the line is free) + length / rate and arrives a propagation
delay later; it is lost if the line is down as it leaves. Loss is drawn behind the serialiser, so a lost packet has
used the line too. A packet that would make the queue longer than it may be is dropped (drop-tail) and uses nothing.

Sources: Gilbert 1960 and Elliott 1963 (losses in bursts).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from operator import itemgetter
from random import Random
from typing import Final

from sim.network.links.burst_loss import BurstLoss
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.scenario.distribution import Constant, Distribution
from sim.scenario.spec import Loss
from sim.scenario.spec.carriers import Carrier

_MANY: Final = 64
_SLACK: Final = 10.0
_CLOSES: Final = itemgetter(1)


class Line:
    """A line from one node to another.

    Transfers are computed ahead of the simulated time, so the line may be booked for a moment while it is still free
    before it. Such idle gaps are remembered and given to whoever comes first, until they are past (`forget`).

    Args:
        rate: bit/s.
        delay: Propagation delay in s.
        loss: The probability that a packet is lost, or that and how losses cluster.
        mtu: The longest IP packet in bytes.
        timeline: When the line is up; a packet that leaves it while it is down is lost.
        random: The line's own generator of losses.
        jitter: The line's own generator of delays (default: that of the losses).
        queue: How many bytes may wait or be on their way out, in bytes; infinity means no limit.
        carrier: The older carrier that the link runs, if it does not belong to the Internet.
        byte_errors: The probability that a byte is damaged, each for itself.

    Attributes:
        overflows: How many packets the queue had no room for.
        jittery: Whether the delay is drawn anew for each flight.
        bursty: Whether losses come in bursts of packets, so that each packet counts.
    """

    def __init__(
        self,
        *,
        rate: float,
        delay: Distribution,
        random: Random,
        loss: float | Loss = 0.0,
        mtu: int = 1500,
        timeline: Timeline = ALWAYS_UP,
        jitter: Random | None = None,
        queue: float = math.inf,
        carrier: Carrier | None = None,
        byte_errors: float = 0.0,
    ) -> None:
        how = loss if isinstance(loss, Loss) else Loss(share=loss)
        self.rate = rate
        self.delay = delay
        self.loss = how.share
        self.mtu = mtu
        self.timeline = (
            BurstLoss(timeline, how.share, how.burst_time, random) if how.share and how.burst_time else timeline
        )
        self.queue = queue
        self.carrier = carrier
        self.overflows = 0
        self.random = random
        self.busy_until = 0.0
        self.jittery = not isinstance(delay, Constant)
        self.lag = delay.mean()
        self._jitter = random if jitter is None else jitter
        self._seconds_per_byte = 8 / rate
        self._burst = how.burst
        self.bursty = bool(how.share and how.burst)
        # The chance that a packet is the first of a burst, after one that got through.
        start = how.share / (how.burst * (1 - how.share)) if how.burst and how.share < 1 else how.share
        self._loss_log = math.log1p(-start) if start < 1 else -math.inf
        self._fresh = True
        self._gaps: list[tuple[float, float]] = []
        self._clear_from = math.inf
        self._clear_until = -math.inf
        self._spare = math.inf
        if how.share and not how.burst_time:
            self._spare = self._draw_loss()
        # How many bytes get through before the next damaged one.
        self._clean = math.inf
        self._byte_log = -math.inf
        if byte_errors:
            self._byte_log = math.log1p(-byte_errors) if byte_errors < 1 else -math.inf
            self._clean = self._draw_clean()

    def _draw_clean(self) -> float:
        """How many bytes get through before the next damaged one: geometric, one draw a damage."""
        return math.log(1 - self.random.random()) // self._byte_log

    def _strike(self, size: int) -> tuple[int, ...]:
        """The places of the damaged ones among the next bytes."""
        places, at = [], self._clean
        while at < size:
            places.append(int(at))
            at += 1 + self._draw_clean()
        self._clean = at - size
        return tuple(places)

    def _draw_loss(self) -> float:
        """How many packets get through before the next loss: geometric, one draw a loss or a burst.

        A burst goes on with each packet by 1 - 1 / its mean length; a packet ends it.
        """
        ends = 0
        if self._burst:
            fresh, self._fresh = self._fresh, False
            if self.random.random() < self.loss if fresh else self.random.random() >= 1 / self._burst:
                return 0.0
            ends = int(not fresh)
        return ends + (math.log(1 - self.random.random()) // self._loss_log if self._loss_log > -math.inf else 0.0)

    def draw_lag(self) -> None:
        """Draw the delay of the flight that is about to be sent."""
        self.lag = self.delay.sample(self._jitter)

    def forget(self, now: float) -> None:
        """Forget the idle gaps that are past at `now`, and some more: timers that ran out are looked at late."""
        if len(self._gaps) > _MANY:
            del self._gaps[: bisect_right(self._gaps, now - _SLACK, key=_CLOSES)]

    def serialisation(self, wire: float) -> float:
        """How long a packet of that many bytes occupies the line, in s."""
        return wire * self._seconds_per_byte

    def expects(self, at: float, wire: float) -> float:
        """When a packet that reached the line at a time would be at the far end; nothing is booked."""
        return max(at, self.busy_until) + wire * self._seconds_per_byte + self.lag

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
            if (busy - at) / self._seconds_per_byte + wire > self.queue and self._is_full(at, wire):
                self.overflows += 1
                return math.inf
            if self._gaps and self._gaps[-1][1] > at:
                end = self._queue(at, wire * self._seconds_per_byte)[1]
            else:
                self.busy_until = end = busy + wire * self._seconds_per_byte
        if not self._clear_from <= end < self._clear_until and not self._look(end):
            return math.inf
        spare = self._spare
        if spare < 1:
            self._spare = self._draw_loss()
            return math.inf
        self._spare = spare - 1
        if self._clean < wire:
            self._strike(int(wire))
            return math.inf
        self._clean -= wire
        return end + self.lag

    def carry_bytes(self, at: float, size: int) -> tuple[float, float, tuple[int, ...]]:
        """Carry bytes of a serial line, ten bits each (start, eight, stop), which wait for nothing but the line.

        Returns:
            When the first of them begins to come in at the far end and when the last is there, infinity where the line
            is down; and the places of the damaged ones. A packet that is lost is one whose last byte is damaged.
        """
        need = size * 1.25 * self._seconds_per_byte
        _, end = self._queue(at, need)
        if not self._clear_from <= end < self._clear_until and not self._look(end):
            return math.inf, math.inf, ()
        places = self._strike(size) if self._clean < size else ()
        if not places:
            self._clean -= size
        if self._spare < 1:
            self._spare, places = self._draw_loss(), (*places, size - 1)
        else:
            self._spare -= 1
        return end - need + self.lag, end + self.lag, places

    def convey(self, at: float, size: float) -> float:
        """Carry something whole that is not lost, but waits while the line is down.

        Returns:
            When its last byte is at the far end; infinity if the line stays down.
        """
        while (up := self.timeline.next_up(at)) < math.inf:
            end = max(up, self.busy_until) + size * self._seconds_per_byte
            if self.timeline.next_down(up) > end:
                return self._queue(up, size * self._seconds_per_byte)[1] + self.lag
            at = max(end, self.timeline.next_down(up))
        return math.inf

    def carry_burst(self, first: float, last: float, packets: int, wire: int, tail: int) -> tuple[float, float]:
        """Carry packets that follow each other and of which none is lost (ask `clear` before).

        Args:
            first: When the first packet reaches the line, in s.
            last: When the last one does.
            packets: How many there are.
            wire: The length of each but the last, in bytes.
            tail: The length of the last.

        Returns:
            When the first and the last of them are at the far end, in s.
        """
        total = ((packets - 1) * wire + tail) * self._seconds_per_byte
        start, end = self._queue(first, total)
        self._spare -= packets
        self._clean -= (packets - 1) * wire + tail
        leaves = max(end, last + tail * self._seconds_per_byte)
        head = start + (wire if packets > 1 else tail) * self._seconds_per_byte
        return head + self.lag, leaves + self.lag

    def clear(self, at: float, packets: int, wire: float) -> float:
        """Whether a burst would get through whole, and by when.

        Args:
            at: When its first packet reaches the line, in s.
            packets: How many there are.
            wire: Their length together, in bytes.

        Returns:
            A time by which all of them are at the far end; infinity if a packet would be lost, or the line may go down.
        """
        if (
            self._spare < packets
            or self._clean < wire
            or not (self._clear_from <= at < self._clear_until or self._look(at))
        ):
            return math.inf
        end = max(at, self.busy_until) + wire * self._seconds_per_byte
        if (end - at) / self._seconds_per_byte > self.queue:
            return math.inf
        return end + self.lag if end < self._clear_until else math.inf

    def _is_full(self, at: float, wire: float) -> bool:
        """Whether a packet finds no room: the queue reaches to the next idle gap, or to all that is booked."""
        index = bisect_right(self._gaps, at, key=_CLOSES)
        ends = self._gaps[index][0] if index < len(self._gaps) else self.busy_until
        return (ends - at) / self._seconds_per_byte + wire > self.queue

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
        gaps = self._gaps
        first = index = bisect_right(gaps, at, key=_CLOSES)
        start, end = math.inf, at
        left: list[tuple[float, float]] = []
        while need > 0 and index < len(gaps):
            opens, closes = gaps[index]
            begin = max(at, opens)
            use = min(closes - begin, need)
            start, end, need = min(start, begin), begin + use, need - use
            left += [(x, y) for x, y in ((opens, begin), (end, closes)) if x < y]
            index += 1
        gaps[first:index] = left
        return start, end, need

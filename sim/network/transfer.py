"""One flight that takes more than a single undisturbed burst: rounds, losses and timers played through.

Data and acknowledgements keep their order on the way, so what the receiver has is known the moment a segment is sent;
only acknowledgements and timers are events. Segments that are sure to get through travel as bursts of up to 16.

Sources: RFC 8985 (RACK and tail loss probe), RFC 6937 (proportional rate reduction), RFC 6298 (timer), Linux.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final, NamedTuple

from sim.network.sender import Sender, fires
from sim.network.way import ACK, HEADERS, Way, burst

__all__ = ["Transfer"]

_BURST: Final = 16
_GIVE_UP: Final = 924.6
"""tcp_retries2 = 15: the sum of 0.2 s doubled up to 120 s, as retransmits_timed_out computes it."""


class _Ack(NamedTuple):
    """An acknowledgement: when it arrives, what transmission it answers, when that was sent, segments newly there."""

    at: float
    serial: int
    sent: float
    newly: int


class Transfer:
    """A flight under way.

    Args:
        sender: The sending end; its window and estimates are used and updated.
        way: What it travels over.
        size: Bytes of payload.
    """

    __slots__ = (
        "_acks",
        "_base",
        "_delivered",
        "_high",
        "_known",
        "_latest",
        "_lost",
        "_marked",
        "_most",
        "_next",
        "_owed",
        "_pending",
        "_prior",
        "_probed",
        "_recovering",
        "_repeating_since",
        "_round",
        "_round_acked",
        "_round_least",
        "_rtt",
        "_segments",
        "_sender",
        "_serial",
        "_since_loss",
        "_suspect",
        "_tail",
        "_timeouts",
        "_way",
        "arrives",
        "first_arrived",
        "first_sent",
        "last_sent",
        "retransmissions",
        "wire_bytes",
    )

    def __init__(self, sender: Sender, way: Way, size: int) -> None:
        self._sender = sender
        self._way = way
        self._segments = -(-size // way.mss)
        self._tail = size - (self._segments - 1) * way.mss
        self._next = 0
        self._serial = 0
        self._delivered = 0
        self._known = 0
        self._owed = 0
        self._pending = 0
        self._lost: deque[tuple[int, int]] = deque()
        self._marked: list[int] = []
        self._acks: deque[_Ack] = deque()
        self._latest = 0
        self._most = 0
        self._round = 0
        self._round_acked = 0
        self._round_least = math.inf
        self._rtt = 0.0
        self._base = 0.0
        self._suspect = math.inf
        self._recovering = False
        self._high = 0
        self._prior = 0.0
        self._since_loss = [0, 0]
        self._probed = False
        self._timeouts = 0
        self._repeating_since = math.inf
        self.arrives = 0.0
        self.first_arrived = math.inf
        self.first_sent = 0.0
        self.last_sent = 0.0
        self.wire_bytes = 0
        self.retransmissions = 0

    def start(self, now: float) -> None:
        """Send the first window."""
        self._base = now
        self._release(now, 0)

    def start_lost(self, now: float) -> None:
        """Begin with the flight's only segment already sent and lost."""
        self._base = now
        self._serial = self._next = self._most = 1
        self._lost.append((1, 0))
        self.wire_bytes = self._tail + HEADERS

    def run(self) -> Iterator[float]:
        """Play the flight to its end, or until TCP gives up (`arrives` is infinite then).

        Yields:
            The time at which to go on; doing so then, not before, shares the lines with others fairly.
        """
        while self._delivered < self._segments:
            delay = self._delay()
            ack = self._acks[0].at if self._acks else math.inf
            timer = self._base + delay
            if min(ack, self._suspect) > timer:
                timer = fires(self._base, delay)
            if ack <= timer and ack <= self._suspect:
                yield ack
                self._release(ack, self._acknowledged(self._acks.popleft()))
            elif self._suspect <= timer:
                yield self._suspect
                self._release(self._detect(self._suspect), 0)
            elif timer - self._repeating_since >= _GIVE_UP:
                self.arrives = math.inf
                return
            else:
                yield timer
                self._expired(timer)
        self._settle()

    def _settle(self) -> None:
        """All is there: count the acknowledgements that are still on their way."""
        sender = self._sender
        if self._recovering:
            sender.cwnd = sender.ssthresh
        else:
            sender.grow(self._segments - self._known, self.arrives, self._most)
        sender.backoff = self._timeouts

    def _delay(self) -> float:
        """How long after the last sign of life the next timer runs out."""
        if self._recovering or self._probed or self._timeouts:
            return self._sender.timeout(self._timeouts)
        return self._sender.probe_timeout(lone=self._next - self._known == 1)

    def _pipe(self) -> int:
        """Segments that the sender believes to be under way."""
        return self._next - self._known - len(self._marked)

    def _room(self, newly: int) -> int:
        """How many segments may be sent now; in recovery as RFC 6937 says."""
        pipe = self._pipe()
        if not self._recovering:
            return int(self._sender.cwnd) - pipe
        delivered, out = self._since_loss
        target = int(self._sender.ssthresh)
        if pipe > target:
            return math.ceil(delivered * self._sender.ssthresh / self._prior) - out
        return max(min(target - pipe, max(delivered - out, newly) + 1), int(not out))

    def _release(self, now: float, newly: int) -> None:
        """Send what the window allows: first what is marked lost, then new segments."""
        room = self._room(newly)
        while room > 0 and self._marked:
            self._repeat(now, heappop(self._marked))
            room -= 1
        while room > 0 and self._next < self._segments:
            count = min(room, self._segments - self._next, _BURST)
            if not self._burst(now, count):
                for rest in range(count - 1, -1, -1):
                    self._next += 1
                    self._segment(now, self._next - 1, last=not rest)
            self._since_loss[1] += count
            room -= count
        self._most = max(self._most, self._pipe())

    def _burst(self, now: float, count: int) -> bool:
        """Send new segments in one go, if nothing will happen to them; the second one is acknowledged first."""
        tail = self._tail if self._next + count == self._segments else self._way.mss
        there = None if self._lost or self._marked else burst(self._way, now, count, tail)
        if there is None:
            return False
        first, last = there
        self._next += count
        self._serial += count
        self._delivered += count
        self.wire_bytes += (count - 1) * self._way.mss + tail + count * HEADERS
        self._arrived(now, first, last)
        self._owed += count
        if self._delivered < self._segments:
            self._acknowledge(now, first + (last - first) / max(count - 1, 1), max(count // 2, 1))
        return True

    def _arrived(self, sent: float, first: float, last: float) -> None:
        """Note what got through."""
        if self.first_arrived == math.inf:
            self.first_arrived = first
            self.first_sent = sent
        self.arrives = max(self.arrives, last)
        self.last_sent = sent

    def _acknowledge(self, sent: float, at: float, count: int) -> None:
        """The receiver acknowledges what it has; if that is lost, the next one says it."""
        self._pending = 0
        self.wire_bytes += ACK * count
        for line in self._way.back:
            at = line.carry(at, ACK) if count == 1 else line.carry_acks(at, ACK * count)
            if at == math.inf:
                return
        if self._way.home.is_up(at):
            self._acks.append(_Ack(max(at, self._acks[-1].at) if self._acks else at, self._serial, sent, self._owed))
            self._owed = 0

    def _segment(self, now: float, index: int, *, last: bool) -> None:
        """Send one segment; every second one in order is acknowledged, and each that comes out of order."""
        wire = (self._tail if index == self._segments - 1 else self._way.mss) + HEADERS
        self._serial += 1
        at = self._cross(now, wire)
        if at == math.inf:
            self._lost.append((self._serial, index))
            return
        self._delivered += 1
        self._owed += 1
        self._pending += 1
        self._arrived(now, at, at)
        if (last or self._pending > 1 or self._lost or self._marked) and self._delivered < self._segments:
            self._acknowledge(now, self.arrives, 1)

    def _cross(self, now: float, wire: int) -> float:
        """Put one segment on the way: when it is there, infinity if lost."""
        self.wire_bytes += wire
        at = now if self._way.home.is_up(now) else math.inf
        for line in self._way.there:
            if at == math.inf:
                break
            at = line.carry(at, wire)
        return at if at < math.inf and self._way.away.is_up(at) else math.inf

    def _repeat(self, now: float, index: int) -> None:
        """Send a lost segment again."""
        self.retransmissions += 1
        self._since_loss[1] += 1
        self._segment(now, index, last=True)

    def _acknowledged(self, ack: _Ack) -> int:
        """Take an acknowledgement: estimates, window, and what it tells about losses."""
        sender = self._sender
        self._sample(ack)
        self._base = ack.at
        self._known += ack.newly
        self._latest = ack.serial
        self._probed = False
        if ack.newly:
            self._timeouts = 0
            self._repeating_since = math.inf
        if self._recovering and not any(index < self._high for _, index in self._lost) and not self._marked:
            self._recovering = False
            sender.cwnd = sender.ssthresh
        elif self._recovering:
            self._since_loss[0] += ack.newly
        elif not self._lost or self._lost[0][0] > ack.serial:
            sender.grow(ack.newly, ack.at, self._most)
            if self._round_acked >= 16:
                sender.delayed(self._round_least)
        self._suspicion(ack.at)
        return ack.newly

    def _sample(self, ack: _Ack) -> None:
        """Take round-trip samples: one for every two segments, as so many were acknowledged on the way."""
        rtt, steps = ack.at - ack.sent, min(max(ack.newly // 2, 1), _BURST // 2)
        fresh = ack.serial > self._round
        if fresh:
            self._round = self._serial
            self._round_least, self._round_acked = math.inf, 0
        self._round_least = min(self._round_least, rtt)
        self._round_acked += ack.newly
        before = self._rtt or rtt
        for step in range(1, steps + 1):
            self._sender.sample(before + (rtt - before) * step / steps, settles=fresh and step == 1)
        self._rtt = rtt

    def _suspicion(self, now: float) -> None:
        """What was sent after a lost segment has arrived: RACK marks the lost one, at once or after a little wait."""
        if not self._lost or self._lost[0][0] >= self._latest:
            return
        hole = min(*(index for _, index in self._lost), self._marked[0] if self._marked else self._segments)
        if self._recovering or self._timeouts or self._known - hole >= 3:
            self._detect(now)
        else:
            self._suspect = min(self._suspect, now + min(self._sender.least / 4, self._sender.srtt / 8))

    def _detect(self, now: float) -> float:
        """Mark what RACK holds for lost, and enter recovery."""
        self._suspect = math.inf
        while self._lost and self._lost[0][0] < self._latest:
            heappush(self._marked, self._lost.popleft()[1])
        if self._marked and not self._recovering and not self._timeouts:
            self._recovering = True
            self._high = self._next
            self._prior = max(self._sender.cwnd, 1.0)
            self._since_loss = [0, 0]
            self._sender.reduce()
        return now

    def _expired(self, now: float) -> None:
        """A timer has run out: first the tail loss probe, then the retransmission timer."""
        probing = not (self._recovering or self._probed or self._timeouts)
        self._base = now
        self._repeating_since = min(self._repeating_since, now)
        if probing:
            self._probe(now)
        else:
            self._time_out(now)

    def _probe(self, now: float) -> None:
        """Send one new segment beyond the window, or the last one again (RFC 8985 7.3)."""
        self._probed = True
        if self._next < self._segments:
            self._next += 1
            self._segment(now, self._next - 1, last=True)
            return
        if self._lost and self._lost[-1][1] == self._next - 1:
            self._repeat(now, self._lost.pop()[1])
            if not self._lost:
                self._sender.reduce()
                self._sender.cwnd = self._sender.ssthresh
            return
        self.retransmissions += 1
        self._serial += 1
        at = self._cross(now, self._tail + HEADERS)
        if at < math.inf:
            self._acknowledge(now, at, 1)

    def _time_out(self, now: float) -> None:
        """Everything that is not acknowledged counts as lost; start again with a window of one segment.

        A timer that ran out although nothing is lost costs one needless segment: its timestamps tell (RFC 3522).
        """
        self._timeouts += 1
        if self._acks and not self._lost and not self._marked:
            self.retransmissions += 1
            self.wire_bytes += self._way.mss + HEADERS
            return
        if self._timeouts == 1:
            self._sender.reduce()
        self._recovering = False
        self._sender.cwnd = 1.0
        self._known += self._owed
        self._owed = 0
        while self._lost:
            heappush(self._marked, self._lost.popleft()[1])
        self._release(now, 0)

"""The segments that one end of a connection has under way: what is sent when, and which timer runs.

Used only while something is lost or a flight is longer than the window; otherwise a flight is a sum (`tcp`). Sequence
numbers count segments, since a lost segment is sent again as it was. Function by function this is Linux's
net/ipv4/tcp_output.c.

Sources: RFC 9293, 896 (Nagle, in Minshall's variant), 8985 (tail loss probe), 6298.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from sim.network.links.availability import ALWAYS_UP
from sim.network.links.chain import joined
from sim.network.tcp.path import Way
from sim.network.tcp.rtt_and_window import Sender

__all__ = ["ATO", "FIN", "RESET", "Packet", "Segments"]

OPEN, DISORDER, CWR, RECOVERY, LOSS = range(5)
"""Linux's states of congestion; in CWR and RECOVERY the window is being reduced."""
REDUCING: Final = (CWR, RECOVERY)
SACKED, MISSING, AGAIN, REPEATED = 1, 2, 4, 8
"""What is known of a segment: received out of order; held for lost; sent again and under way; ever sent again."""
NO_TIMER, RETRANSMIT, PROBE, REORDER = range(4)

ATO: Final = 0.04
"""The least delay of a delayed acknowledgement in s (TCP_DELACK_MIN)."""
RESET: Final = -1
"""The number of the packet that says that there is no connection."""
FIN: Final = 1
"""A FIN is a segment like others; it takes one sequence number (RFC 9293 3.4), and is counted as an octet here."""
_TICK: Final = 0.004
_NEVER: Final = math.inf


class Packet(NamedTuple):
    """A packet that arrives.

    `number` is its segment's, or that of the next one where the packet has no data (`size` 0). `blocks` are the ranges
    of segments received out of order, the latest first; `sent` and `echo` the timestamps, -1 where there are none;
    `repeat` says that a segment came twice.
    """

    at: float
    number: int
    size: int
    ack: int
    blocks: tuple[tuple[int, int], ...]
    sent: float
    echo: float
    repeat: bool


class Segments(Sender):
    """The outgoing side; `begin` makes it ready, with nothing outstanding.

    Attributes:
        finished: Whether its last segment is a FIN.
        inbox: The packets that are on their way to this end, in the order of arrival.
        sizes: Bytes of payload of each segment written so far.
        una, next: The first segment that is not acknowledged; the first that was never sent.
        timer: When the timer runs out, before the timer wheel's rounding; infinity if none is set.
        timer_set: When it was set.
        received: How many of the other end's segments it has in order.
        ack_due: When a delayed acknowledgement goes out.
        interactive: Whether replies follow what comes in, so that acknowledgements wait for them.
        heard_at: When data came in last.
        nodelay: Whether small segments go out while others are not acknowledged (TCP_NODELAY).
    """

    __slots__ = (
        "_again",
        "_ato",
        "_behind",
        "_last_at",
        "_limited",
        "_marks",
        "_missing",
        "_order",
        "_owed",
        "_peer_box",
        "_prr_out",
        "_quick",
        "_recent",
        "_reply_repeat",
        "_sacked",
        "_small",
        "_used",
        "_way",
        "_wup",
        "_xmit",
        "ack_due",
        "finished",
        "heard_at",
        "inbox",
        "interactive",
        "next",
        "nodelay",
        "received",
        "retransmissions",
        "sizes",
        "state",
        "timer",
        "timer_kind",
        "timer_set",
        "una",
        "wire_bytes",
    )

    def begin(self, way: Way, inbox: deque[Packet], peer_box: deque[Packet]) -> None:
        """Start the books anew.

        Args:
            way: What this end's packets travel over.
            inbox: Where packets arrive.
            peer_box: Where the other end's arrive.
        """
        self._way = way
        self.inbox, self._peer_box = inbox, peer_box
        self._last_at = -math.inf
        self.nodelay = True
        self.finished = False
        self.retransmissions = self.wire_bytes = 0
        self.sizes: list[int] = []
        self._xmit: list[float] = []
        self._marks = bytearray()
        self._order: dict[int, None] = {}
        self.una = self.next = 0
        self._sacked = self._missing = self._again = 0
        self.state = OPEN
        self._prr_out = 0
        self._used = 0
        self._limited = False
        self._small = -1
        self.timer, self.timer_kind, self.timer_set = math.inf, NO_TIMER, 0.0
        self.received = self._wup = self._owed = self._quick = 0
        self._behind: list[tuple[int, int]] = []
        self._recent = 0.0 if way.stamped else -1.0
        self._ato = 0.0
        self._reply_repeat = self.interactive = False
        self.ack_due = math.inf
        self.heard_at = -math.inf

    def awaits(self, sizes: Sequence[int], sent: float, since: float) -> None:
        """Its own last flight was sent at a time and is not acknowledged yet; its timer runs `since` a later one."""
        self.write(sizes)
        for number in range(len(sizes)):
            self._xmit[number] = sent
            self._order[number] = None
        self.next = len(sizes)
        self.arm_probe(since, advancing=True)

    def write(self, sizes: Sequence[int]) -> None:
        """The program writes segments of those sizes."""
        self.sizes += sizes
        self._xmit += [0.0] * len(sizes)
        self._marks += bytes(len(sizes))

    def finish(self, now: float) -> None:
        """The program closes: a FIN goes out behind what it has written."""
        self.write([FIN])
        self.finished = True
        self.push(now)

    def flying(self) -> int:
        """Segments believed to be in the network."""
        return self.next - self.una - self._sacked - self._missing + self._again

    def push(self, now: float, *, beyond: bool = False) -> bool:  # noqa: C901 - one loop whose steps share their counts
        """Send new segments as far as the window allows; for a probe one beyond it. Whether any went out."""
        count, limited, sizes = 0, False, self.sizes
        while self.next < len(sizes):
            if not beyond and self.cwnd <= self.flying():
                limited = True
                break
            number = self.next
            if sizes[number] < self._way.mss:
                if not (self.nodelay or beyond) and self._small >= self.una:
                    break
                self._small = number
            if not count and number == self.una and self.last_sent >= 0:
                self.rest(now)
            self._transmit(now, number)
            self.next = number + 1
            if number == self.una or self.timer_kind == PROBE:
                self.rearm(now)
            count += 1
            if beyond:
                break
        if count:
            self.last_sent = now
            if self.state in REDUCING:
                self._prr_out += count
            if not beyond:
                self.arm_probe(now, advancing=False)
            limited = limited or self.flying() >= self.cwnd
        if count or limited:
            self._judge_use(limited=limited)
        return count > 0

    def push_sent(self, now: float, at: float) -> None:
        """Send the first segment, of which it is known when it arrives; infinity if it is lost."""
        way = self._way
        self._way = way._replace(there=joined(()), home=ALWAYS_UP, away=ALWAYS_UP)
        self.push(now)
        self._way = way
        if self._peer_box:
            packet = self._peer_box.pop()
            if at < _NEVER:
                self._last_at = at
                self._peer_box.append(packet._replace(at=at))

    @property
    def resent_last(self) -> bool:
        """Whether its last segment was sent more than once."""
        return bool(self._marks) and bool(self._marks[-1])

    def _judge_use(self, *, limited: bool) -> None:
        """Note how much of the window is used (tcp_cwnd_validate)."""
        out = self.next - self.una
        if self.una >= self._used or limited or (not self._limited and out > self.most):
            self._limited, self.most, self._used = limited, out, self.next

    def _transmit(self, now: float, number: int) -> None:
        """Put a segment on the way."""
        self._xmit[number] = now
        order = self._order
        order.pop(number, None)
        order[number] = None
        if now - self.heard_at < self._ato:
            self.interactive = True
        self.put(now, number, self.sizes[number])

    def acknowledge(self, now: float) -> None:
        """Send an acknowledgement alone."""
        self.put(now, self.next, 0)

    def put(self, now: float, number: int, size: int) -> None:
        """Put a packet on the way; it acknowledges what there is."""
        self.wire_bytes += size + self._way.headers
        if self._quick and self.ack_due < _NEVER:
            self._quick -= 1
            if not self._quick:
                self._ato = ATO
        at = self._cross(now, size + self._way.headers)
        if at < _NEVER:
            at = self._last_at = max(at, self._last_at)
            stamp = now if self._recent >= 0 else -1.0
            blocks = tuple(self._behind[:3]) if self._behind and self.tcp.sack else ()
            self._peer_box.append(
                Packet(at, number, size, self.received, blocks, stamp, self._recent, self._reply_repeat)
            )
        self._reply_repeat = False
        self._wup = self.received
        self._owed = 0
        self.ack_due = _NEVER

    def _cross(self, at: float, wire: int) -> float:
        """When a packet is at the other end; infinity if it is lost."""
        way = self._way
        home, away = way.home, way.away
        if home is not ALWAYS_UP and not home.is_up(at):
            return _NEVER
        at = way.there.carry(at, wire)
        return at if at == _NEVER or away is ALWAYS_UP or away.is_up(at) else _NEVER

    # Timers

    def _set_timer(self, now: float, delay: float, kind: int) -> None:
        self.timer, self.timer_kind, self.timer_set = now + delay, kind, now

    def rearm(self, now: float) -> None:
        """Set the retransmission timer; instead of a probe's or RACK's it runs from when the first segment was sent."""
        if self.una == self.next:
            self.timer, self.timer_kind = math.inf, NO_TIMER
            return
        delay = self.rto
        if self.timer_kind in {REORDER, PROBE}:
            delay = max(self._xmit[self.una] + delay - now, _TICK)
        self._set_timer(now, delay, RETRANSMIT)

    def arm_probe(self, now: float, *, advancing: bool) -> bool:
        """Set the timer of the tail loss probe, where one is due (tcp_schedule_loss_probe)."""
        if self.una == self.next or self.state not in {OPEN, CWR} or not self.tcp.sack:
            return False
        rto = self.rto
        delay = self.probe_timeout(rto, lone=self.next - self.una == 1)
        if not advancing:
            left = self._xmit[self.una] + rto - now
            if left > 0:
                delay = min(delay, left)
        self._set_timer(now, delay, PROBE)
        return True

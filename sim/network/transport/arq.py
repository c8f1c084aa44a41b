"""A link's own error recovery: numbered packets, a window, go-back-n (stop-and-wait is a window of one).

The receiver acknowledges each packet in order and rejects once what comes damaged or out of order, whereupon the
sender goes back to the packet that is missing. A packet that meets a line which is down leaves no trace; then, and
where an acknowledgement or rejection is lost, a timer does the same.

Sources: IBM GA27-3004 (BSC); ITU-T X.25 (LAPB); Stallings, Data and
Computer Communications, appendix on the performance of link control.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import inf
from typing import NamedTuple

from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline


class Chunk(NamedTuple):
    """Octets, and the time at which they are there (s)."""

    at: float
    size: int


class Procedure(NamedTuple):
    """The numbers of a link control procedure: sizes in bytes, times in s.

    `payload` is the most data of a packet, `overhead` what is around it, `control` an acknowledgement's length,
    `window` how many packets may be under way. `timer` runs from the end of the last packet on, at most `tries` times
    in a row. `turnaround` is what it takes to turn a half-duplex line, `bid` whether a side asks for it before each
    flight.
    """

    payload: int
    overhead: int
    control: int
    window: int
    timer: float
    tries: int = 10
    turnaround: float = 0.0
    bid: bool = False


class Arq:
    """One direction of a link under its procedure.

    Args:
        procedure: The link control procedure.
        there: The line that packets take.
        back: The line that acknowledgements take.
        home: When the sending end is up.
        away: When the receiving end is up.

    Attributes:
        wire_bytes: Bytes on both lines so far.
        retransmissions: How many packets so far were sent again.
        gave_up_at: When the sender had tried often enough in vain; infinity while it has not.
    """

    def __init__(
        self, procedure: Procedure, there: Line, back: Line, home: Timeline = ALWAYS_UP, away: Timeline = ALWAYS_UP
    ) -> None:
        self.procedure = procedure
        self._there = there
        self._back = back
        self._home = home
        self._away = away
        self.wire_bytes = 0
        self.retransmissions = 0
        self.gave_up_at = inf

    @property
    def rate(self) -> float:
        """What it carries where nothing is lost, in bits of data a second: as fast as the line or the window is."""
        how, there, back = self.procedure, self._there, self._back
        packet = there.serialisation(how.payload + how.overhead)
        answer = back.serialisation(how.control)
        cycle = packet + there.lag + answer + back.lag + 2 * how.turnaround
        return how.payload * 8 / max(packet, cycle / how.window)

    def exchange(self, now: float, size: int, until: float = inf) -> float:
        """One control packet and its answer, tried again by the timer.

        Returns:
            When the answer is there; infinity if none comes, or not before `until`.
        """
        how = self.procedure
        for _ in range(how.tries):
            if now > until:
                break
            asked, _ = self._pass(self._there, now, size, self._away)
            if asked < inf:
                answered, _ = self._pass(self._back, asked + how.turnaround, how.control, self._home)
                if answered < inf:
                    return answered + how.turnaround
            now += how.timer
        self.gave_up_at = now
        return inf

    @property
    def answered(self) -> float:
        """What an acknowledgement takes, in s."""
        return self._back.lag + self._back.serialisation(self.procedure.control)

    def flight(self, size: int, _messages: object = None) -> Flight:
        """Begin to carry so many octets, as they become there."""
        for line in (self._there, self._back):
            if line.jittery:
                line.draw_lag()
        return Flight(self, size)

    def send(self, now: float, size: int) -> tuple[float, float, bool]:
        """Put a packet on the line.

        Returns:
            When it is there (infinity: never), when the line is free again, and whether it is damaged.
        """
        wire = size + self.procedure.overhead
        ends = now + self._there.serialisation(wire)
        if self._home is not ALWAYS_UP and not self._home.is_up(now):
            return inf, ends, False
        at, damaged = self._pass(self._there, now, wire, self._away)
        if at < inf:
            return at, at - self._there.lag, False
        return damaged, ends, damaged < inf

    def answer(self, at: float) -> float:
        """The receiver sends an acknowledgement or a rejection: when the sender has it, infinity if never."""
        how = self.procedure
        return self._pass(self._back, at + how.turnaround, how.control, self._home)[0] + how.turnaround

    def _pass(self, line: Line, now: float, size: int, end: Timeline) -> tuple[float, float]:
        """Carry a packet: when it is there whole, and when it is there but damaged; infinity where it is not."""
        self.wire_bytes += size
        at = line.carry(now, size)
        if at == inf:
            leaves = now + line.serialisation(size)
            damaged = leaves + line.lag
            return inf, damaged if line.timeline.is_up(leaves) and end.is_up(damaged) else inf
        return (at, inf) if end is ALWAYS_UP or end.is_up(at) else (inf, inf)


class Flight:
    """Octets on their way over one link, in packets.

    Args:
        arq: The link's procedure.
        size: How many octets there are to be.

    Attributes:
        arrived: The packets that are there, in order.
    """

    def __init__(self, arq: Arq, size: int) -> None:
        self._arq = arq
        self._size = self._to_come = size
        self._gathered = 0
        self._packets: list[Chunk] = []
        self._answers: deque[tuple[float, int, bool]] = deque()
        self._base = self._next = self._furthest = self._tries = 0
        self._asked = self._free = self._quiet = 0.0
        self._rejected = self._back_at = False
        self.arrived: list[Chunk] = []

    @property
    def arrives(self) -> float:
        """When everything is there; infinity while that is not known."""
        return inf if self._to_come or len(self.arrived) < len(self._packets) else self.arrived[-1].at

    @property
    def gave_up(self) -> bool:
        """Whether its sender has."""
        return self._arq.gave_up_at < inf

    def take(self, chunk: Chunk) -> None:
        """Take octets that will be there at a time, into packets; the last one may be short."""
        payload = self._arq.procedure.payload
        self._gathered += chunk.size
        self._to_come -= chunk.size
        while self._gathered >= payload or (self._gathered and not self._to_come):
            size = min(self._gathered, payload)
            if not self._packets:
                self._begin(chunk.at)
            self._packets.append(Chunk(max(chunk.at, self._asked), size))
            self._gathered -= size

    def _begin(self, now: float) -> None:
        """The first packet is there; where the procedure has it so, the sender asks for the line."""
        how = self._arq.procedure
        self._asked = self._arq.exchange(now, how.control) if how.bid else now
        self._free = self._quiet = self._asked

    def due(self) -> tuple[float, Callable[[float], None]]:
        """When its next event is, infinity while there is none; and what lets it happen."""
        if self.gave_up or self.arrives < inf:
            return inf, self._send
        how, packets, answers, following = self._arq.procedure, self._packets, self._answers, self._next
        inside = following < min(len(packets), self._base + how.window)
        ready = max(self._free, packets[following].at) if inside else inf
        answer = answers[0][0] if answers else inf
        timer = max(self._quiet, self._free) + how.timer if self._base < following else inf
        if ready < answer and ready <= timer:
            return ready, self._send
        return (answer, self._hear) if answer <= timer else (timer, self._time_out)

    def _time_out(self, now: float) -> None:
        if self._tries < self._arq.procedure.tries:
            self._tries += 1
            self._go_back(now)
        else:
            self._arq.gave_up_at = now

    def _send(self, now: float) -> None:
        """Send the next packet, and see what the receiver makes of it."""
        number, arrived = self._next, self.arrived
        at, self._free, damaged = self._arq.send(now, self._packets[number].size)
        self._arq.retransmissions += number < self._furthest
        self._next = number + 1
        self._furthest = max(self._furthest, self._next)
        if self._back_at:
            # What the sender went back to begins a new round: a failure in it is rejected again.
            self._back_at = self._rejected = False
        if at == inf:
            return
        if damaged or number > len(arrived):
            if not self._rejected:
                self._rejected = True
                self._answer(at, rejects=True)
            return
        if number == len(arrived):
            arrived.append(Chunk(at, self._packets[number].size))
        self._answer(at, rejects=False)

    def _answer(self, at: float, *, rejects: bool) -> None:
        """The receiver says which packet it wants next."""
        heard = self._arq.answer(at)
        if heard < inf:
            self._answers.append(
                (max(heard, self._answers[-1][0] if self._answers else heard), len(self.arrived), rejects)
            )

    def _hear(self, now: float) -> None:
        """The sender hears which packet is wanted next."""
        _, wanted, rejects = self._answers.popleft()
        if wanted > self._base:
            self._base, self._tries = wanted, 0
        self._next = max(self._next, self._base)
        if rejects and self._next > self._base:
            self._go_back(now)
        self._quiet = now
        self._free = max(self._free, now)

    def _go_back(self, now: float) -> None:
        """Send everything again from the first packet on that is not acknowledged."""
        self._next, self._back_at = self._base, True
        self._free = self._quiet = max(self._free, now)

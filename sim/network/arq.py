"""A link's own error recovery: numbered packets, a window, go-back-n (stop-and-wait is a window of one).

The receiver acknowledges each packet in order and rejects once what comes damaged or out of order, whereupon the
sender goes back to the packet that is missing. A packet that meets a line which is down leaves no trace; then, and
where an acknowledgement or rejection is lost, a timer does the same.

Sources: Chesson, "Packet Driver Protocol" (UUCP g); IBM GA27-3004 (BSC); ITU-T X.25 (LAPB); Stallings, Data and
Computer Communications, appendix on the performance of link control.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from math import inf
from typing import Final, NamedTuple

from sim.network.line import Line
from sim.network.weather import ALWAYS_UP, Timeline

__all__ = ["Arq", "Chunk", "Procedure"]

_STEP: Final = 64
"""A long flight is gone on with after so many packets, so that others may use the line in between."""


class Chunk(NamedTuple):
    """Octets, and the time at which they are there (s)."""

    at: float
    size: int


class Procedure(NamedTuple):
    """The numbers of a link control procedure: sizes in bytes, times in s.

    `payload` is the most data of a packet, `overhead` what is around it, `control` an acknowledgement's length,
    `window` how many packets may be under way. `timer` runs from the end of the last packet on, at most `tries` times
    in a row. `turnaround` is what it takes to turn a half-duplex line, `bid` whether a side asks for it before each
    flight. `octet` is how many bits a byte takes on the line. Where it is `padded`, a packet is as long as a full one,
    however little is in it.
    """

    payload: int
    overhead: int
    control: int
    window: int
    timer: float
    tries: int = 10
    turnaround: float = 0.0
    bid: bool = False
    octet: int = 8
    padded: bool = False


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

    __slots__ = (
        "_away",
        "_back",
        "_home",
        "_scale",
        "_there",
        "gave_up_at",
        "procedure",
        "retransmissions",
        "wire_bytes",
    )

    def __init__(
        self, procedure: Procedure, there: Line, back: Line, home: Timeline = ALWAYS_UP, away: Timeline = ALWAYS_UP
    ) -> None:
        self.procedure = procedure
        self._there = there
        self._back = back
        self._home = home
        self._away = away
        self._scale = procedure.octet / 8
        self.wire_bytes = 0
        self.retransmissions = 0
        self.gave_up_at = inf

    @property
    def rate(self) -> float:
        """What it carries where nothing is lost, in bits of data a second: as fast as the line or the window is."""
        how, there, back = self.procedure, self._there, self._back
        packet = there.serialisation((how.payload + how.overhead) * self._scale)
        answer = back.serialisation(how.control * self._scale)
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

    def transfer(self, chunks: Sequence[Chunk]) -> Generator[float, None, list[Chunk]]:
        """Carry octets as they become there, packet by packet.

        Yields:
            The time at which to go on.

        Returns:
            The packets' octets, with the times at which they are there at the far end in order; nothing more after the
            procedure gave up.
        """
        for line in (self._there, self._back):
            if line.jittery:
                line.draw_lag()
        packets = _packets(chunks, self.procedure.payload)
        if self.procedure.bid and packets:
            asked = self.exchange(packets[0].at, self.procedure.control)
            packets = [Chunk(max(packet.at, asked), packet.size) for packet in packets]
        if not packets or packets[0].at == inf:
            return []
        flight = _Flight(self, packets)
        yield from flight.run()
        return flight.arrived

    def send(self, now: float, size: int) -> tuple[float, float, bool]:
        """Put a packet on the line.

        Returns:
            When it is there (infinity: never), when the line is free again, and whether it is damaged.
        """
        wire = (self.procedure.payload if self.procedure.padded else size) + self.procedure.overhead
        ends = now + self._there.serialisation(wire * self._scale)
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
        wire = size * self._scale
        self.wire_bytes += size
        at = line.carry(now, wire)
        if at == inf:
            leaves = now + line.serialisation(wire)
            damaged = leaves + line.lag
            return inf, damaged if line.timeline.is_up(leaves) and end.is_up(damaged) else inf
        return (at, inf) if end is ALWAYS_UP or end.is_up(at) else (inf, inf)


class _Flight:
    """Packets on their way over one link.

    Attributes:
        arrived: The packets that are there, in order.
    """

    __slots__ = (
        "_answers",
        "_arq",
        "_back_at",
        "_base",
        "_free",
        "_furthest",
        "_next",
        "_packets",
        "_quiet",
        "_rejected",
        "_tries",
        "arrived",
    )

    def __init__(self, arq: Arq, packets: Sequence[Chunk]) -> None:
        self._arq = arq
        self._packets = packets
        self._answers: deque[tuple[float, int, bool]] = deque()
        self._base = self._next = self._furthest = self._tries = 0
        self._free = self._quiet = packets[0].at
        self._rejected = self._back_at = False
        self.arrived: list[Chunk] = []

    def run(self) -> Iterator[float]:
        """Send the packets, with every loss and timer, until all are there or the sender gives up.

        Yields:
            The time at which to go on.
        """
        how, packets, answers = self._arq.procedure, self._packets, self._answers
        last, sent = len(packets), 0
        while len(self.arrived) < last:
            following = self._next
            ready = max(self._free, packets[following].at) if following < min(last, self._base + how.window) else inf
            answer = answers[0][0] if answers else inf
            timer = max(self._quiet, self._free) + how.timer if self._base < following else inf
            if ready < answer and ready <= timer:
                self._send(ready)
                sent += 1
                if not sent % _STEP:
                    yield ready
            elif answer <= timer:
                self._hear(*answers.popleft())
            elif self._tries < how.tries:
                self._tries += 1
                self._go_back(timer)
            else:
                self._arq.gave_up_at = timer
                return

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

    def _hear(self, now: float, wanted: int, rejects: bool) -> None:
        """The sender hears which packet is wanted next."""
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


def _packets(chunks: Sequence[Chunk], payload: int) -> list[Chunk]:
    """Octets cut into packets, each with the time at which the last of its octets is there."""
    packets: list[Chunk] = []
    gathered = 0
    for at, size in chunks:
        gathered += size
        while gathered >= payload:
            packets.append(Chunk(at, payload))
            gathered -= payload
    if gathered:
        packets.append(Chunk(chunks[-1].at, gathered))
    return packets

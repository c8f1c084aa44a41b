"""A serial line under one of UUCP's protocols: what `g` (`uucp_g`) and `i` (`uucp_i`) have in common.

Both sides keep a timer that begins anew with each byte that is heard, good or bad. What is written cannot be called
back: it waits in the line behind all that was written before.

Sources: the manual of Taylor UUCP 1.07 (its internals: "UUCP Protocol Internals"), and the program's behaviour over
emulated lines (tests/truth/uucp.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from math import inf
from operator import attrgetter
from typing import Final

from sim.network.links.line import Line
from sim.network.links.timeline import Timeline
from sim.network.transport.arq import Chunk
from sim.scenario.spec.carriers import DialUp, UucpG

HEADER: Final = 6
"""The bytes of a header; an acknowledgement is nothing else."""

TIMER: Final = 10.0
"""After so long without a byte a side does something, in s."""

TRIES: Final = 6
"""So many times in a row; at the next it gives up."""

MOST_ERRORS: Final = 100
"""A side gives up when it has seen more; one is forgotten for each ten packets."""

DECAY: Final = 10


class End:
    """One end of a line.

    Args:
        timer: how long it waits for a byte, s.

    Attributes:
        up: when its host is.
        errors: what it has seen go wrong and not forgotten yet.
        packets: how many packets it has had to do with, for that.
    """

    def __init__(self, up: Timeline, timer: float) -> None:
        self.up = up
        self.timer = timer
        self.errors = 0
        self.packets = 0
        self._heard = 0.0
        self._coming: deque[tuple[float, float]] = deque()

    def begin(self, now: float) -> None:
        """It waits from now on."""
        self._heard = max(self._heard, now)

    def comes(self, starts: float, ends: float) -> None:
        """Bytes come in, then."""
        self._coming.append((starts, ends))

    @property
    def times_out(self) -> float:
        """When it will have heard nothing for as long as it waits, as far as is known."""
        coming = self._coming
        while coming and coming[0][0] <= self._heard + self.timer:
            self._heard = max(self._heard, coming.popleft()[1])
        return self._heard + self.timer

    def errs(self) -> None:
        """Something went wrong."""
        self.errors += 1

    def counts(self) -> None:
        """Another packet went right."""
        self.packets += 1
        if self.errors and not self.packets % DECAY:
            self.errors -= 1


class SerialLine:
    """One direction of a line under a protocol of UUCP's.

    Args:
        carrier: which protocol, with its settings.
        lines: those that packets and their acknowledgements take.
        ends: that which sends the packets, and the other one.
        make: makes a flight of it.

    Attributes:
        wire_bytes: bytes on both lines so far.
        retransmissions: how many packets so far were sent again.
        damaged: how many came damaged, and were taken.
        gave_up_at: when a side had tried often enough; infinity while none has.
    """

    def __init__(
        self, carrier: DialUp | UucpG, lines: tuple[Line, Line], ends: tuple[End, End], make: type[SerialFlight]
    ) -> None:
        self.carrier = carrier
        self.there, self.back = lines
        self.sender, self.receiver = ends
        self._make = make
        self.wire_bytes = self.retransmissions = self.damaged = 0
        self.gave_up_at = inf

    @property
    def rate(self) -> float:
        """What it carries where nothing is lost, in bits of data a second: as fast as the line or the window is."""
        data = self.carrier.packet
        packet = self.duration(data + self._make.around)
        answers = self._make.answers(self.carrier.window)
        cycle = packet * answers + self.there.lag + self.duration(HEADER, self.back) + self.back.lag
        return data * 8 / max(packet, cycle / self.carrier.window)

    @property
    def answered(self) -> float:
        """What an acknowledgement takes, in s."""
        return self.back.lag + self.duration(HEADER, self.back)

    def duration(self, size: int, line: Line | None = None) -> float:
        """What so many bytes take on the line, ten bits each, in s."""
        return (line or self.there).serialisation(size * 1.25)

    def flight(self, size: int, messages: Sequence[int] | None = None) -> SerialFlight:
        """Begin to carry octets as they become there: as they come, or in messages of these sizes."""
        for line in (self.there, self.back):
            if line.jittery:
                line.draw_lag()
        return self._make(self, size, messages)

    def text(self, now: float, size: int) -> float:
        """Carry bytes that no protocol looks after.

        Returns:
            When they are there; infinity, and the call is over, if they come damaged or not at all.
        """
        starts, at, places = self.transmit(now, size, to_receiver=True)
        if places or starts == inf:
            self.gave_up_at = now + TIMER if starts == inf else at
            return inf
        return at

    def transmit(self, now: float, size: int, *, to_receiver: bool) -> tuple[float, float, tuple[int, ...]]:
        """Put bytes on the line to an end: as `Line.carry_bytes`, infinity where one of the ends is down."""
        line, goes, comes = (
            (self.there, self.sender, self.receiver) if to_receiver else (self.back, self.receiver, self.sender)
        )
        self.wire_bytes += size
        starts, ends, places = line.carry_bytes(now, size)
        if starts < inf and goes.up.is_up(now) and comes.up.is_up(ends):
            comes.comes(starts, ends)
            return starts, ends, places
        return inf, inf, ()

    def exchange(self, now: float, size: int, until: float = inf) -> float:
        """One packet of the protocol's start and its answer, tried again by the timer.

        Returns:
            When the answer is there; infinity if none comes, or not before `until`.
        """
        for _ in range(1 + TRIES):
            if now > until:
                break
            _, asked, places = self.transmit(now, size, to_receiver=True)
            if not places and asked < inf:
                _, answered, places = self.transmit(asked, size, to_receiver=False)
                if not places and answered < inf:
                    return answered
            now += TIMER
        self.gave_up_at = now
        return inf


class SerialFlight(ABC):
    """Octets on their way over a line, in packets.

    Args:
        line: the line.
        size: how many octets there are to be.
        messages: the sizes of the messages that they are: each begins in a packet of its own, and one of no octets is
            a packet without data. Absent, they are a stream.

    Attributes:
        arrived: the packets that are there, in order.
    """

    around: int
    """The bytes around the data of a full packet."""

    def __init__(self, line: SerialLine, size: int, messages: Sequence[int] | None) -> None:
        self.line = line
        self._to_come = size
        self._gathered = 0
        self._messages = None if messages is None else deque(messages)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        # The sizes of the packets, and what each brings of the flight.
        self.packets: list[int] = []
        self.octets: list[int] = []
        self._ends: list[float] = []
        self.arrived: list[Chunk] = []
        # How many are acknowledged, have had their turn, and were on the line.
        self.base = self.next = self._sent = 0
        self._tries = {line.sender: 0, line.receiver: 0}

    @classmethod
    @abstractmethod
    def answers(cls, window: int) -> int:
        """After how many packets an acknowledgement comes."""

    @property
    def arrives(self) -> float:
        """When everything is there; infinity while that is not known."""
        return inf if self._to_come or len(self.arrived) < len(self.packets) else self.arrived[-1].at

    @property
    def gave_up(self) -> bool:
        """Whether a side has."""
        return self.line.gave_up_at < inf

    def take(self, chunk: Chunk) -> None:
        """Take octets that will be there at a time, into packets; the last one may be short."""
        self._gathered += chunk.size
        self._to_come -= chunk.size
        packet = self.line.carrier.packet
        if self._messages is None:
            while self._gathered >= packet or (self._gathered and not self._to_come):
                self._add(min(self._gathered, packet), chunk.at)
        while self._messages and self._gathered >= self._messages[0]:
            size = self._messages.popleft()
            for _ in range(size // packet):
                self._add(packet, chunk.at)
            if size % packet or not size:
                self._add(size % packet, chunk.at)

    def _add(self, octets: int, at: float) -> None:
        if len(self.arrived) == len(self.packets):
            # Nobody waited for anything until now.
            self.line.sender.begin(at)
            self.line.receiver.begin(at)
        self.packets.append(self.on_the_line(octets))
        self.octets.append(octets)
        self._gathered -= octets
        self.at(at, self._fill)

    @abstractmethod
    def on_the_line(self, octets: int) -> int:
        """How many bytes a packet with so much data is."""

    def at(self, at: float, step: Callable[[float], None]) -> None:
        """Something happens at a time."""
        self._count += 1
        heappush(self._events, (at, self._count, step))

    def due(self) -> tuple[float, Callable[[float], None]]:
        """When its next event is, infinity while there is none; and what lets it happen."""
        if self.gave_up or self.arrives < inf or not self.packets:
            return inf, self._fill
        first = self._events[0][0] if self._events else inf
        if len(self.arrived) < len(self.packets):
            # Who has everything that there is yet waits for nothing.
            end = min(self.line.sender, self.line.receiver, key=attrgetter("times_out"))
            if end.times_out < first:
                return end.times_out, lambda now: self._time_out(now, end)
        return (first, self._happen) if self._events else (inf, self._fill)

    def _happen(self, _: float) -> None:
        at, _, step = heappop(self._events)
        step(at)

    def _time_out(self, now: float, end: End) -> None:
        self._tries[end] += 1
        end.begin(now)
        if self._tries[end] > TRIES:
            self.line.gave_up_at = now
        elif end is self.line.sender:
            self.sender_waited(now)
        else:
            self.receiver_waited(now)

    def _fill(self, now: float) -> None:
        """Send what the window has room for."""
        while self.next < len(self.packets) and self.next - self.base < self.line.carrier.window:
            self.next += 1
            self.send_new(now, self.next - 1)

    def send_new(self, now: float, number: int) -> None:
        """A packet's first turn has come."""
        self.send(now, number)

    def send(self, now: float, number: int) -> None:
        """Put a packet on the line."""
        self.line.retransmissions += number < self._sent
        self._sent = max(self._sent, number + 1)
        _, ends, places = self.line.transmit(now, self.packets[number], to_receiver=True)
        if ends < inf:
            self.at(ends, lambda at: self.receive(at, number, places))

    def say(self, now: float, hear: Callable[[float], None]) -> None:
        """The receiver sends a packet without data, which the sender hears unless it is damaged."""
        _, ends, places = self.line.transmit(now, HEADER, to_receiver=False)
        if ends < inf and not places:
            self.at(ends, hear)

    def got_through(self, end: End) -> None:
        """An end heard what it waited for."""
        self._tries[end] = 0

    def acknowledged(self, now: float, up_to: int) -> None:
        """The sender knows that so many packets are there."""
        self.base = max(self.base, up_to)
        self.got_through(self.line.sender)
        self._fill(now)

    def accept(self, at: float, number: int) -> None:
        """The packet whose turn it was is there."""
        self.arrived.append(Chunk(at, self.octets[number]))
        self.got_through(self.line.receiver)

    def errs(self, end: End, now: float) -> None:
        """An end has seen something go wrong, and gives up if that was once too often."""
        end.errs()
        if end.errors > MOST_ERRORS:
            self.line.gave_up_at = min(self.line.gave_up_at, now)

    @abstractmethod
    def receive(self, at: float, number: int, places: tuple[int, ...]) -> None:
        """A packet is there, with damage in some places."""

    @abstractmethod
    def sender_waited(self, now: float) -> None:
        """The sender has heard nothing for as long as it waits."""

    @abstractmethod
    def receiver_waited(self, now: float) -> None:
        """The receiver has heard nothing for as long as it waits."""

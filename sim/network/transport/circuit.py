"""Connections over older carriers: each link under its own procedure, without TCP above them.

Where several links follow each other, the hosts between them pass packets on as they come in whole; links of the
Internet among them are crossed by TCP, from gateway to gateway, flight by flight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import inf
from typing import Final

from sim.network.interface import Ending, Steps, Transport, at_once
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.transport.arq import Arq, Chunk, Flight, Procedure
from sim.network.transport.uucp_g import GFlight
from sim.network.transport.uucp_i import SYNC, IFlight
from sim.network.transport.uucp_line import HEADER, TIMER, End, SerialFlight, SerialLine
from sim.scenario.spec.carriers import KINDS, X25, Bsc, Carrier, DialUp, UucpG

_SETTING_UP: Final = 30.0
"""What a client grants a circuit, in s, beyond what calls take: timers of lost control packets."""

_REDIALS: Final = 3
"""A client waits for so many more calls to a number that is engaged."""

_CALL: Final = 24
"""Bytes of X.25's Call Request, with its link header."""

_STEP: Final = 128
"""A long flight is gone on with after so many packets and answers, so that others may use the line in between."""

Way = Arq | SerialLine
"""One direction of a link."""


def procedure(carrier: Carrier) -> Procedure:
    """The link control procedure of a carrier.

    BSC frames a block with two SYN, STX, ETB, two octets of CRC and two pads, and answers in six octets; X.25 has three
    octets of its own in six of LAPB.
    """
    match carrier:
        case Bsc():
            return Procedure(carrier.block, 8, 6, 1, timer=3.0, turnaround=carrier.turnaround, bid=True)
        case _:
            return Procedure(128, 9, 9, carrier.window, timer=3.0)


def _ways(carrier: Carrier, out: Line, back: Line, client: Timeline, server: Timeline) -> tuple[Way, Way]:
    """What carries packets to the client, and what does to the server."""
    if isinstance(carrier, DialUp | UucpG):
        make, later = (GFlight, 0.0) if carrier.protocol == "g" else (IFlight, 1.0)
        # Who is called waits a second longer, so that the two do not wake up together.
        caller, called = End(client, TIMER), End(server, TIMER + later)
        return (
            SerialLine(carrier, (back, out), (called, caller), make),
            SerialLine(carrier, (out, back), (caller, called), make),
        )
    how = procedure(carrier)
    return Arq(how, back, out, home=server, away=client), Arq(how, out, back, home=client, away=server)


class CarrierHop:
    """A link of an older carrier.

    Args:
        carrier: that carrier.
        out, back: its lines there and back.
        client, server: when the hosts at its ends are up.
    """

    def __init__(self, carrier: Carrier, out: Line, back: Line, client: Timeline, server: Timeline) -> None:
        self._carrier = carrier
        # By direction: to the client, to the server.
        self._ways = _ways(carrier, out, back, client, server)
        self._random = out.random
        way = self._ways[True]
        self.mss = carrier.packet if isinstance(carrier, DialUp | UucpG) else procedure(carrier).payload
        self.rate, self.answer = way.rate, way.answered
        self.protocol = carrier.protocol if isinstance(carrier, DialUp | UucpG) else "t"
        self.name = next(name for name, kind in KINDS.items() if isinstance(carrier, kind))
        self.setup = 0.0
        if isinstance(carrier, DialUp):
            self.setup = carrier.setup + (_REDIALS * carrier.redial if carrier.busy else 0.0)
        elif isinstance(carrier, X25):
            self.setup = carrier.setup

    @property
    def wire_bytes(self) -> int:
        """Bytes of all its packets."""
        return sum(way.wire_bytes for way in self._ways)

    @property
    def retransmissions(self) -> int:
        """How many of them were sent again."""
        return sum(way.retransmissions for way in self._ways)

    @property
    def gave_up_at(self) -> float:
        """When its procedure gave up, and both ends were told."""
        return min(way.gave_up_at for way in self._ways)

    @property
    def damaged(self) -> int:
        """How many of them came damaged, and were taken."""
        return sum(way.damaged for way in self._ways if isinstance(way, SerialLine))

    def open(self, now: float, until: float, *, start: bool = True) -> float:
        """Dial, if it is a call, and `start` the procedure."""
        carrier, way = self._carrier, self._ways[True]
        match carrier:
            case Bsc():
                return way.exchange(now, 6, until)
            case DialUp() | UucpG():
                if isinstance(carrier, DialUp):
                    now = self._dial(carrier, now, until)
                return self.start(now, until) if start else now
            case _:
                return way.exchange(now, _CALL, until) + carrier.setup

    def start(self, now: float, until: float = inf) -> float:
        """Start the procedure: `g` agrees on its window and packets in three exchanges, `i` in one."""
        serial = isinstance(self._carrier, DialUp | UucpG) and self._carrier.protocol
        for size in {"g": (HEADER,) * 3, "i": (SYNC,)}.get(serial or "", ()):
            now = self._ways[True].exchange(now, size, until)
        return now

    def text(self, now: float, size: int, to_server: bool) -> float:
        """Carry octets before the procedure starts: when they are there, infinity if they are not, or damaged."""
        way = self._ways[to_server]
        if isinstance(way, SerialLine):
            return way.text(now, size)
        return at_once(relay([way.flight(size)], now, size))

    def _dial(self, carrier: DialUp, now: float, until: float) -> float:
        while carrier.busy and now <= until and self._random.random() < carrier.busy:
            now += carrier.redial
        return now + carrier.setup

    def flight(self, size: int, to_server: bool, messages: Sequence[int] | None = None) -> Flight | SerialFlight:
        """Begin to carry octets over this link, as a stream or in messages of these sizes."""
        return self._ways[to_server].flight(size, messages)


class GatewayHop:
    """Links of the Internet in a row, crossed by a connection between the gateways at their ends.

    Args:
        connection: that connection.
        rate: the slowest link's towards the server, in bit/s.
    """

    answer = 0.0
    setup = 0.0
    damaged = 0
    name, protocol = "TCP", "t"

    def __init__(self, connection: Transport, rate: float) -> None:
        self._connection = connection
        self.rate = rate
        self.gave_up_at = inf
        self.mss = connection.mss

    @property
    def wire_bytes(self) -> int:
        """Bytes of all its packets."""
        return self._connection.wire_bytes

    @property
    def retransmissions(self) -> int:
        """How many of them were sent again."""
        return self._connection.retransmissions

    def open(self, now: float, until: float, *, start: bool = True) -> float:
        """Connect from gateway to gateway."""
        del start
        return max(at_once(self._connection.open(now, until)), self._connection.accepted_at)

    def start(self, now: float) -> float:
        """TCP has no start of its own."""
        return now

    def text(self, now: float, size: int, to_server: bool) -> float:
        """Carry octets, as a flight."""
        return at_once(self.send(now, size, to_server))

    def send(self, now: float, size: int, to_server: bool) -> Steps:
        """Carry a whole flight, once all of it is at the gateway."""
        sent = self._connection.send(now, size, to_server)
        arrives = sent if isinstance(sent, float) else (yield from sent)
        if arrives == inf:
            self.gave_up_at = self._connection.end(inf)[0]
        return arrives


class Circuit(Transport):
    """A connection over older carriers.

    Args:
        hops: the links that it is made of, from the client on.
        listens: when somebody listens at the server's address.

    Attributes:
        rate: what the slowest of the links carries towards the server, in bits of data a second.
    """

    _refused_at = inf
    _written_at = -inf
    _parts: Callable[[bool], tuple[int, Sequence[int]]] | None = None
    _started = True

    def __init__(self, hops: Sequence[CarrierHop | GatewayHop], listens: Timeline = ALWAYS_UP) -> None:
        self._hops = hops
        self._listens = listens
        # What of the latest flight is there, packet by packet.
        self._came: Sequence[Chunk] = ()
        self.mss = min(hop.mss for hop in hops)
        self.rate = min(hop.rate for hop in hops)
        self.carrier = ", ".join(dict.fromkeys(hop.name for hop in hops))
        self.setup = _SETTING_UP + sum(hop.setup for hop in hops)

    @property
    def wire_bytes(self) -> int:
        """Bytes of all packets of both directions so far, on a link on average."""
        return sum(hop.wire_bytes for hop in self._hops) // len(self._hops)

    @property
    def damaged(self) -> int:
        """How many packets so far came damaged, and were taken, on any link."""
        return sum(hop.damaged for hop in self._hops)

    @property
    def protocol(self) -> str:
        """The letter of UUCP's protocol on its only link; `t`, for lines without errors, where it has other links."""
        return self._hops[0].protocol if len(self._hops) == 1 else "t"

    def carry_messages(self, parts: Callable[[bool], tuple[int, Sequence[int]]]) -> None:
        """The two sides write text before the procedures of the links start, and messages then.

        Args:
            parts: by whether it goes to the server, what the flight is which was written last: so many octets of text,
                and messages of these sizes behind it.
        """
        self._parts, self._started = parts, False

    @property
    def retransmissions(self) -> int:
        """How many packets so far were sent again, on any link."""
        return sum(hop.retransmissions for hop in self._hops)

    def open(self, now: float, until: float = inf) -> float:
        """Set up every link on the way, one after the other; the answer comes back the same way.

        Returns:
            When the client knows; infinity if a link could not be set up, or the host at the end clears the call.
        """
        answer = 0.0
        for hop in self._hops:
            connected = hop.open(now, until, start=self._started)
            if connected == inf:
                return inf
            answer += hop.answer
            now = connected - hop.answer
        if not self._listens.is_up(now):
            self._refused_at = now + answer
            return inf
        self.accepted_at = now
        return now + answer

    def send(self, now: float, size: int, to_server: bool) -> Steps:
        """Send a flight; infinity if a link gave up."""
        messages = None
        if self._parts is not None:
            text, messages = self._parts(to_server)
            at = self._text(now, text, to_server) if text else now
            if not messages or at == inf:
                return at
            now, size = self._start(now), sum(messages)
        if to_server:
            self._written_at = now + 8 * size / self.rate
        for _, group in groupby(self._hops if to_server else reversed(self._hops), type):
            hops = list(group)
            self._came = ()
            if now == inf:
                return inf
            if isinstance(hops[0], GatewayHop):
                now = yield from hops[0].send(now, size, to_server)
            else:
                links = [hop.flight(size, to_server, messages) for hop in hops if isinstance(hop, CarrierHop)]
                self._came = links[-1].arrived
                now = yield from relay(links, now, size)
        return now

    def _text(self, now: float, size: int, to_server: bool) -> float:
        """Carry octets before the procedures of the links start."""
        for hop in self._hops if to_server else reversed(self._hops):
            if now < inf:
                now = hop.text(now, size, to_server)
        return now

    def _start(self, now: float) -> float:
        """Start the procedures of the links, one after the other, if they are not."""
        if not self._started:
            self._started = True
            for hop in self._hops:
                if now < inf:
                    now = hop.start(now)
        return now

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:
        """A program is taken to write its flight as fast as the slowest link carries it."""
        return (self._written_at if to_server else -inf), 0

    def pieces(self, _size: int) -> Iterator[tuple[float, int]]:
        """How the latest flight comes in, packet by packet; over the Internet's links it is there whole."""
        octets = 0
        for chunk in self._came:
            octets += chunk.size
            yield chunk.at, octets

    def end(self, until: float, _words: int = 0) -> tuple[float, Ending | None]:
        """What the client hears if it waits for what does not come: CLEARED, where a link gave up."""
        if self.accepted_at == inf:
            return (self._refused_at, Ending.REFUSED) if self._refused_at <= until else (until, None)
        at = min(hop.gave_up_at for hop in self._hops)
        return (at, Ending.CLEARED) if at < until else (until, None)

    def abandon(self, _now: float, _sent: float, _arrives: float, *, to_server: bool = True) -> float:
        """The client hangs up: what is on its way is gone."""
        del to_server
        return inf


def relay(flights: Sequence[Flight | SerialFlight], now: float, size: int) -> Steps:
    """Carry octets over links in a row: each goes on with what has come in over the one before.

    Args:
        flights: One for each link, just begun.
        now: When the octets are there, in s.
        size: How many.

    Returns:
        When all of them are there at the far end; infinity where a procedure gave up.
    """
    steps = 0
    flights[0].take(Chunk(now, size))
    while True:
        at, index, step = min([(at, index, step) for index, (at, step) in enumerate([one.due() for one in flights])])
        if at == inf:
            return flights[-1].arrives
        steps += 1
        if not steps % _STEP:
            yield at
        flight = flights[index]
        there = len(flight.arrived)
        step(at)
        if flight.gave_up:
            return inf
        if index + 1 < len(flights):
            for chunk in flight.arrived[there:]:
                flights[index + 1].take(chunk)

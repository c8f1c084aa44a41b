"""Connections over older carriers: each link under its own procedure, without TCP above them.

Where several links follow each other, the hosts between them pass packets on as they come in whole; links of the
Internet among them are crossed by TCP, from gateway to gateway, flight by flight.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import groupby
from math import inf
from typing import Final

from sim.network.ending import Ending
from sim.network.links.availability import ALWAYS_UP, Timeline
from sim.network.links.chain import Chain
from sim.network.links.line import Line
from sim.network.tcp.connection import Connection
from sim.network.tcp.metrics import Metrics
from sim.network.tcp.packet_level import Program
from sim.network.tcp.rtt import LINUX
from sim.network.transport.arq import Arq, Chunk, Flight, Procedure, relay
from sim.network.transport.base import WithoutTcp
from sim.network.transport.connect import connect as connect_hosts
from sim.network.transport.propagation import Propagation
from sim.scenario.spec import Tcp
from sim.scenario.spec.carriers import Bsc, Carrier, DialUp, UucpG

__all__ = ["CarrierLine", "Circuit", "connect", "procedure"]

_SETTING_UP: Final = 30.0
"""What a client grants a circuit, in s, beyond what calls take: timers of lost control packets."""

_REDIALS: Final = 3
"""A client waits for so many more calls to a number that is engaged."""

_CALL: Final = 24
"""Bytes of X.25's Call Request, with its link header."""


class CarrierLine(Line):
    """One direction of a link that runs an older carrier."""

    __slots__ = ("carrier",)

    carrier: Carrier


def procedure(carrier: Carrier) -> Procedure:
    """The link control procedure of a carrier.

    BSC frames a block with two SYN, STX, ETB, two octets of CRC and two pads, and answers in six octets; `g` has a
    header of six octets, which is all of a control packet, and data segments all as long as was agreed; X.25 has three
    octets of its own in six of LAPB.
    """
    match carrier:
        case Bsc():
            return Procedure(carrier.block, 8, 6, 1, timer=3.0, turnaround=carrier.turnaround, bid=True)
        case UucpG():
            return Procedure(64, 6, 6, carrier.window, timer=10.0, padded=True)
        case DialUp():
            return Procedure(64, 6, 6, carrier.window, timer=10.0, octet=10, padded=True)
        case _:
            return Procedure(128, 9, 9, carrier.window, timer=3.0)


def connect(
    lines_out: Sequence[Line],
    lines_back: Sequence[Line],
    *,
    server: Timeline = ALWAYS_UP,
    client: Timeline = ALWAYS_UP,
    client_tcp: Tcp = LINUX,
    server_tcp: Tcp = LINUX,
    program: Program | None = None,
    patience: float = inf,
    writes: int = 0,
    listens: Timeline = ALWAYS_UP,
    metrics: tuple[Metrics | None, Metrics | None] = (None, None),
) -> Connection | Propagation | Circuit:
    """A connection over whatever the lines are: TCP's, unless there are older carriers among them."""
    out, back = _plain(lines_out), _plain(lines_back)
    if any(isinstance(line, CarrierLine) for line in out):
        return Circuit(
            out, back, server=server, client=client, client_tcp=client_tcp, server_tcp=server_tcp, listens=listens
        )
    return connect_hosts(
        lines_out,
        lines_back,
        server=server,
        client=client,
        client_tcp=client_tcp,
        server_tcp=server_tcp,
        program=program,
        patience=patience,
        writes=writes,
        listens=listens,
        metrics=metrics,
    )


def _plain(lines: Sequence[Line]) -> list[Line]:
    return [plain for line in lines for plain in (line.lines if isinstance(line, Chain) else (line,))]


class Circuit(WithoutTcp):
    """A connection from a client to a server over older carriers; arguments and attributes as `tcp.Connection`.

    Attributes:
        setup: What a client grants it for setting up, in s, beside its own patience.
    """

    __slots__ = ("_came", "_hops", "_listens", "accepted_at", "gave_up_at", "mss", "refused_at", "setup")

    def __init__(
        self,
        lines_out: Sequence[Line],
        lines_back: Sequence[Line],
        *,
        server: Timeline = ALWAYS_UP,
        client: Timeline = ALWAYS_UP,
        client_tcp: Tcp = LINUX,
        server_tcp: Tcp = LINUX,
        listens: Timeline = ALWAYS_UP,
    ) -> None:
        self._listens = listens
        self._hops: list[_CarrierHop | _InternetHop] = []
        # What of the latest flight is there, packet by packet.
        self._came: Sequence[Chunk] = ()
        pairs = list(zip(lines_out, reversed(lines_back), strict=True))
        for _, group in groupby(enumerate(pairs), lambda item: _kind(item[0], item[1][0])):
            members = [pair for _, pair in group]
            starts = client if members[0] is pairs[0] else ALWAYS_UP
            ends = server if members[-1] is pairs[-1] else ALWAYS_UP
            first, way_back = members[0]
            if isinstance(first, CarrierLine):
                self._hops.append(_CarrierHop(first, way_back, starts, ends))
            else:
                out, back = [pair[0] for pair in members], [pair[1] for pair in reversed(members)]
                link = connect_hosts(
                    out, back, server=ends, client=starts, client_tcp=client_tcp, server_tcp=server_tcp
                )
                self._hops.append(_InternetHop(link))
        self.accepted_at = self.gave_up_at = self.refused_at = inf
        self.mss = min(hop.mss for hop in self._hops)
        self.setup = _SETTING_UP + sum(hop.setup for hop in self._hops)

    @property
    def rate(self) -> float:
        """What the slowest of the links carries towards the server, in bits of data a second."""
        return min(hop.rate for hop in self._hops)

    @property
    def wire_bytes(self) -> int:
        """Bytes of all packets of both directions so far, on a link on average."""
        return sum(hop.wire_bytes for hop in self._hops) // len(self._hops)

    @property
    def retransmissions(self) -> int:
        """How many packets so far were sent again, on any link."""
        return sum(hop.retransmissions for hop in self._hops)

    def open(self, now: float, until: float = inf, _pauses: bool = False) -> float:
        """Set up every link on the way, one after the other; the answer comes back the same way.

        Returns:
            When the client knows; infinity if a link could not be set up, or the host at the end clears the call.
        """
        answer = 0.0
        for hop in self._hops:
            connected = hop.open(now, until)
            if connected == inf:
                return inf
            answer += hop.answer
            now = connected - hop.answer
        if not self._listens.is_up(now):
            self.refused_at = now + answer
            return inf
        self.accepted_at = now
        return now + answer

    def send(self, now: float, size: int, to_server: bool) -> float:
        """Send a flight at `now`, computing all of it at once; when it has arrived, infinity if a link gave up."""
        flow = self.windows(now, size, to_server)
        while True:
            try:
                next(flow)
            except StopIteration as end:
                arrives: float = end.value
                return arrives

    def send_window(self, _now: float, _size: int, _to_server: bool) -> float | None:
        """No flight of several packets is that simple: `windows` sends it."""
        return None

    def windows(self, now: float, size: int, to_server: bool) -> Generator[float, float | None, float]:
        """Send a flight, and let others use the lines in between; as `tcp.Connection.windows`."""
        for _, group in groupby(self._hops if to_server else reversed(self._hops), type):
            hops = list(group)
            self._came = ()
            if now == inf:
                return inf
            if isinstance(hops[0], _InternetHop):
                now = yield from hops[0].send(now, size, to_server)
            else:
                links = [hop.flight(size, to_server) for hop in hops if isinstance(hop, _CarrierHop)]
                self._came = links[-1].arrived
                now = yield from relay(links, now, size)
        return now

    sending = windows

    def pieces(self, _size: int) -> Iterator[tuple[float, int]]:
        """How the latest flight comes in, as `tcp.Connection.pieces`; over the Internet's links it is there whole."""
        octets = 0
        for chunk in self._came:
            octets += chunk.size
            yield chunk.at, octets

    def end(self, until: float, _words: int = 0) -> tuple[float, Ending | None]:
        """What the client hears if it waits for a flight that does not arrive: CLEARED, where a link gave up."""
        at = min(hop.gave_up_at for hop in self._hops)
        return (at, Ending.CLEARED) if at < until else (until, None)

    def reset(self, now: float, until: float) -> float:
        """The server's host knows nothing of the connection, and clears the circuit."""
        return min(self.send(now, 1, to_server=False), until)

    def abandon(
        self, _now: float, _sent: float, _arrives: float, *, to_server: bool = True
    ) -> Generator[float, float | None, float]:
        """The client hangs up: what is on its way is gone."""
        del to_server
        yield from ()
        return inf

    def close(self, _now: float, *, half_closed: bool = False) -> None:
        """Close the connection, for which nobody waits."""


def _kind(index: int, line: Line) -> int:
    """What tells hops apart: each carrier's link is one, all links of the Internet in a row are one."""
    return index if isinstance(line, CarrierLine) else -1


class _CarrierHop:
    """A link of an older carrier: the lines there and back, and when the hosts at its ends are up."""

    __slots__ = ("_carrier", "_random", "_ways", "answer", "mss", "setup")

    def __init__(self, out: CarrierLine, back: Line, client: Timeline, server: Timeline) -> None:
        self._carrier = carrier = out.carrier
        how = procedure(carrier)
        # By direction: to the client, to the server.
        self._ways = (Arq(how, back, out, home=server, away=client), Arq(how, out, back, home=client, away=server))
        self._random = out.random
        self.mss = how.payload
        self.answer = back.lag + back.serialisation(how.control * how.octet / 8)
        self.setup = 0.0
        if isinstance(carrier, DialUp):
            self.setup = carrier.setup + (_REDIALS * carrier.redial if carrier.busy else 0.0)
        elif not isinstance(carrier, Bsc | UucpG):
            self.setup = carrier.setup

    @property
    def rate(self) -> float:
        return self._ways[True].rate

    @property
    def wire_bytes(self) -> int:
        return sum(way.wire_bytes for way in self._ways)

    @property
    def retransmissions(self) -> int:
        return sum(way.retransmissions for way in self._ways)

    @property
    def gave_up_at(self) -> float:
        """When its procedure gave up, and both ends were told."""
        return min(way.gave_up_at for way in self._ways)

    def open(self, now: float, until: float) -> float:
        """Dial, if it is a call, and begin the procedure: `g` agrees on its window in three exchanges."""
        carrier, way = self._carrier, self._ways[True]
        match carrier:
            case Bsc():
                return way.exchange(now, 6, until)
            case DialUp() | UucpG():
                if isinstance(carrier, DialUp):
                    now = self._dial(carrier, now, until)
                for _ in range(3):
                    now = way.exchange(now, 6, until)
                return now
            case _:
                return way.exchange(now, _CALL, until) + carrier.setup

    def _dial(self, carrier: DialUp, now: float, until: float) -> float:
        while carrier.busy and now <= until and self._random.random() < carrier.busy:
            now += carrier.redial
        return now + carrier.setup

    def flight(self, size: int, to_server: bool) -> Flight:
        """Begin to carry octets over this link."""
        return self._ways[to_server].flight(size)


class _InternetHop:
    """Links of the Internet between two gateways."""

    __slots__ = ("_connection", "answer", "gave_up_at", "mss", "setup")

    def __init__(self, connection: Connection | Propagation) -> None:
        self._connection = connection
        self.gave_up_at = inf
        self.mss = connection.mss
        self.answer = 0.0
        self.setup = 0.0

    @property
    def rate(self) -> float:
        return self._connection.rate

    @property
    def wire_bytes(self) -> int:
        return self._connection.wire_bytes

    @property
    def retransmissions(self) -> int:
        return self._connection.retransmissions

    def open(self, now: float, until: float) -> float:
        """Connect from gateway to gateway."""
        return max(self._connection.open(now, until), self._connection.accepted_at)

    def send(self, now: float, size: int, to_server: bool) -> Generator[float, float | None, float]:
        """Carry a whole flight, once all of it is at the gateway."""
        arrives = yield from self._connection.sending(now, size, to_server)
        if arrives == inf:
            self.gave_up_at = self._connection.end(inf)[0]
        return arrives

"""A disturbance of a connection: its flights are played through, packet by packet, until both ends are at rest again.

It begins with the first flight that is no sum: something of it is lost or comes late, or it is longer than the window.

Sources: Linux 6 (tcp_sndbuf_expand, the delayed acknowledgement); RFC 896 (Nagle's algorithm).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from typing import Final, Protocol

from sim.network.ending import Ending
from sim.network.tcp.endpoint import End
from sim.network.tcp.packet_level import Exchange
from sim.network.tcp.path import Way
from sim.network.tcp.send_queue import ATO
from sim.network.tcp.spurious_timeouts import holds_still, slow

__all__ = ["Disturbance", "Ends", "Program", "at_once"]

Ends = tuple[tuple[Way, End, End], tuple[Way, End, End]]
"""By direction (to the client, to the server): the way, the sending end, the other end."""

_NEVER: Final = math.inf
_COMMAND: Final = 40
"""What the last flight is taken to have been where only its acknowledgement is left, in bytes."""
_GRAIN: Final = 4
"""A flight goes on in steps of at most a round trip divided by this, where nobody else is due."""


class Program(Protocol):
    """A server's program, as far as its kernel has to do with it."""

    @property
    def is_over(self) -> bool:
        """Whether it closes the connection when it has written what it is about to write."""


class Disturbance:
    """Both ends of a connection while they are played.

    Args:
        ends: Both directions; their ends have learnt all there is, and their books begin anew.
        now: When it begins, in s.
        to_server: The direction of the flight that it begins with.
        since: When the server took the connection, in s; a host that goes down later forgets it.
        program, patience, writes: As of `tcp.Connection`.
    """

    __slots__ = ("_arrivals", "_ends", "_exchange", "_patience", "_program", "_writes")

    def __init__(
        self,
        ends: Ends,
        now: float,
        *,
        to_server: bool,
        since: float,
        program: Program | None,
        patience: float,
        writes: int,
    ) -> None:
        (to_client, server, client), (way, _, _) = ends
        self._ends = ends
        self._program = program
        self._patience = patience
        self._writes = writes
        self._arrivals: list[tuple[float, int]] = []
        self._exchange = Exchange((client, server), (way, to_client))
        self._take_over(now, to_server)
        server.gone_from, client.gone_from = (host.next_down(since) for host in (way.away, way.home))

    def _take_over(self, now: float, to_server: bool) -> None:
        """Go on from what flights that were sums have left: the ends' habits, and the last acknowledgement."""
        way, mine, peer = self._ends[to_server]
        talks = mine.last_sent >= 0
        if peer.last_sent >= 0:
            # Before its first answer it does not know that answers follow.
            mine.resume(interactive=talks and mine.heard > 1, at=peer.arrived)
        if talks:
            peer.resume(interactive=True, at=mine.arrived)
        if peer.sent >= 0:
            if now - peer.arrived < ATO:
                # Each acknowledgement of a flight of several segments has set its timer anew.
                peer.awaits([_COMMAND], peer.sent, peer.sent if peer.lone else peer.arrived)
                mine.owes(peer.sent, peer.arrived, told=slow(way))
            else:
                peer.sample(peer.arrived - peer.sent + ATO + peer.arrived - peer.sent)
        mine.sent = peer.sent = -1.0

    def sending(
        self, now: float, size: int, to_server: bool, *, first: float | None = None
    ) -> Generator[float, float | None, float]:
        """Send a flight, after `is_over` was asked at that time.

        Args:
            now: When, in s.
            size: Its bytes.
            to_server: Its direction.
            first: When the first copy of its only segment, on its way already, arrives; infinity if it is lost.

        Yields:
            The time at which to go on; is sent until when nobody else is due.

        Returns:
            When all of it has arrived; infinity when TCP gave up.
        """
        exchange = self._exchange
        exchange.now = now
        way, mine, peer = self._ends[to_server]
        if mine.dead or peer.dead:
            return _NEVER
        head = self._writes if to_server and self._writes < size else 0
        segments = [*_cut(head, way.mss), *_cut(size - head, way.mss)]
        mine.nodelay = not head
        if first is None:
            mine.write_flight(segments, now)
        else:
            mine.write(segments)
            mine.push_sent(now, first)
        if not to_server and self._program is not None and self._program.is_over:
            mine.finish(now)
            mine.orphan = True
        if to_server:
            yield from exchange.deliver(mine, peer, mine.srtt / _GRAIN, self._patience)
        else:
            self._arrivals = []
            yield from exchange.deliver(mine, peer, mine.srtt / _GRAIN, arrivals=self._arrivals)
        if peer.received < mine.whole:
            return _NEVER
        mine.sent = mine.last_sent
        mine.arrived = mine.latest = exchange.now
        return exchange.now

    def is_over(self, now: float, to_server: bool) -> bool:
        """Whether it is over before a flight that way: at most the other end's last flight is not acknowledged."""
        exchange = self._exchange
        exchange.play(now)
        _, mine, peer = self._ends[to_server]
        if not (exchange.at_rest and mine.at_rest and peer.at_rest) or mine.una < len(mine.sizes) or mine.dead:
            return False
        left = len(peer.sizes) - peer.una
        if left > 1 or (left and (mine.received < len(peer.sizes) or peer.resent_last)):
            return False
        if left and now - peer.last_sent >= holds_still(peer, lone=True):
            # Acknowledgements on the way have set the timer anew; that of a sum runs from when the flight was sent.
            return False
        peer.sent = peer.last_sent if left else -1.0
        mine.sent = -1.0
        return True

    @property
    def finished(self) -> bool:
        """Whether the server's FIN has gone out behind its last flight."""
        return self._ends[False][1].finished

    def pieces(self, size: int) -> Iterator[tuple[float, int]]:
        """As `tcp.Connection.pieces`."""
        server = self._ends[False][1]
        for at, received in self._arrivals:
            yield at, size - sum([*server.sizes, *server.unwritten][received : server.whole])

    def wrote(self, *, to_server: bool) -> tuple[float, int]:
        """As `tcp.Connection.wrote`."""
        end = self._ends[to_server][1]
        return end.wrote_at, end.writes_left

    def abandon(self, now: float, *, to_server: bool) -> Generator[float, float | None, float]:
        """A program closes; as `tcp.Connection.abandon`."""
        _, mine, peer = self._ends[to_server]
        cut = bool(mine.unwritten)
        mine.unwritten.clear()
        mine.orphan = True
        yield from self._exchange.deliver(mine, peer, mine.srtt / _GRAIN)
        return max(self._exchange.now, now) if peer.received == mine.whole and not cut else _NEVER

    def end(self, until: float, words: int) -> tuple[float, Ending | None]:
        """What the client hears if it waits for a flight that does not arrive; as `tcp.Connection.end`."""
        exchange, (_, server, client) = self._exchange, self._ends[False]
        if server.orphan and not server.dead and words:
            told = at_once(self.sending(exchange.now, words, to_server=False))
            if told <= until:
                return told, Ending.HUNG_UP
        exchange.watch(client, until)
        return (client.lost_at, client.lost) if client.lost_at < until else (until, None)


def _cut(size: int, mss: int) -> list[int]:
    """The segments of what is written at once."""
    whole, tail = divmod(size, mss)
    return [mss] * whole + [tail] * (tail > 0)


def at_once(flow: Generator[float, float | None, float]) -> float:
    """Run through a flight without waiting; when it has arrived."""
    while True:
        try:
            next(flow)
        except StopIteration as end:
            arrives: float = end.value
            return arrives

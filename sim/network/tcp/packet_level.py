"""A connection's flights played through, packet by packet and timer by timer, until both ends are at rest again.

It begins with the first flight that is no sum: something of it is lost or comes late, or it is longer than the window.
No event of the simulation is spent on a packet: the run is stepped as far as a flight needs it.

Sources: Linux 6 (the delayed acknowledgement); RFC 896 (Nagle's algorithm).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterator
from typing import Final, Protocol

from sim.network.interface import Ending, Steps, at_once
from sim.network.tcp.endpoint import Endpoint
from sim.network.tcp.path import Packet, Path
from sim.network.tcp.receiver import ATO

Ends = tuple[tuple[Path, Endpoint, Endpoint], tuple[Path, Endpoint, Endpoint]]
"""By direction (to the client, to the server): the path, the sending end, the other end."""

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


class PacketLevelRun:
    """Both ends of a connection while they are played.

    Args:
        ends: Both directions; their ends have learnt all there is, and begin anew.
        now: When it begins, in s.
        to_server: The direction of the flight that it begins with.
        since: When the server took the connection, in s; a host that goes down later forgets it.
        program, patience, writes: As of `tcp.Connection`.
    """

    __slots__ = ("_arrivals", "_both", "_ends", "_now", "_patience", "_program", "_writes")

    def __init__(
        self,
        ends: Ends,
        now: float,
        *,
        to_server: bool,
        since: float,
        program: Program | None = None,
        patience: float = _NEVER,
        writes: int = 0,
    ) -> None:
        (to_client, server, client), (path, _, _) = ends
        self._ends = ends
        self._both = client, server
        self._program = program
        self._patience = patience
        self._writes = writes
        self._arrivals: list[tuple[float, int]] = []
        self._now = 0.0
        to_us: deque[Packet] = deque()
        to_them: deque[Packet] = deque()
        client.begin(path, to_us, to_them, path.home.next_down(since))
        server.begin(to_client, to_them, to_us, path.away.next_down(since))
        self._take_over(now, to_server)

    def _take_over(self, now: float, to_server: bool) -> None:
        """Go on from what flights that were sums have left: the ends' habits, and the last acknowledgement."""
        path, mine, peer = self._ends[to_server]
        talks = mine.congestion.last_sent >= 0
        if peer.congestion.last_sent >= 0:
            # Before its first answer it does not know that answers follow.
            mine.acks.resume(mine.heard, peer.arrived, pingpong=talks and mine.heard > 1)
        if talks:
            peer.acks.resume(peer.heard, mine.arrived, pingpong=True)
        if peer.sent >= 0:
            if now - peer.arrived < ATO:
                # Each acknowledgement of a flight of several segments has set its timer anew.
                peer.awaits(_COMMAND, peer.sent if peer.lone else peer.arrived)
                mine.owes(peer.sent, peer.arrived, told=path.slow)
            else:
                peer.rtt.sample(peer.arrived - peer.sent + ATO + peer.arrived - peer.sent)
        mine.on_acked()
        peer.on_acked()

    # Flights

    def send(self, now: float, size: int, to_server: bool, *, first: float | None = None) -> Steps:
        """Send a flight, after `is_over` was asked at that time.

        Its only segment may be on its way already, and `first` when that arrives, in s; infinity if it is lost.

        Yields:
            The time at which to go on; is sent until when nobody else is due.

        Returns:
            When all of it has arrived; infinity when TCP gave up.
        """
        self._now = now
        path, mine, peer = self._ends[to_server]
        if mine.dead or peer.dead:
            return _NEVER
        head = self._writes if to_server and self._writes < size else 0
        if first is None:
            mine.write(now, [*_cut(head, path.mss), *_cut(size - head, path.mss)], nodelay=not head)
        else:
            mine.write_sent(now, size, first)
        if not to_server and self._program is not None and self._program.is_over:
            mine.close(now)
        yield from self._deliver(mine, peer, self._patience if to_server else _NEVER)
        if peer.received.next < mine.queue.whole:
            return _NEVER
        mine.on_flight(mine.congestion.last_sent, self._now, lone=mine.lone)
        return self._now

    def abandon(self, now: float, *, to_server: bool) -> Steps:
        """A program closes; as `tcp.Connection.abandon`."""
        _, mine, peer = self._ends[to_server]
        cut = mine.queue.cut()
        mine.leave()
        yield from self._deliver(mine, peer)
        return max(self._now, now) if peer.received.next == mine.queue.whole and not cut else _NEVER

    def end(self, until: float, words: int) -> tuple[float, Ending | None]:
        """What the client hears if it waits for a flight that does not arrive; as `tcp.Connection.end`."""
        _, server, client = self._ends[False]
        if server.orphan and not server.dead and words:
            told = at_once(self.send(self._now, words, to_server=False))
            if told <= until:
                return told, Ending.HUNG_UP
        while not client.dead and (at := self._next()) <= until and at < _NEVER:
            self._step(at)
        return (client.lost_at, client.lost) if client.lost_at < until else (until, None)

    def is_over(self, now: float, to_server: bool) -> bool:
        """Whether it is over before a flight that way: at most the other end's last flight is not acknowledged."""
        while (at := self._next()) <= now:
            self._step(at)
        _, mine, peer = self._ends[to_server]
        unsaid, left = len(mine.queue.sizes) - mine.board.una, len(peer.queue.sizes) - peer.board.una
        if mine.inbox or peer.inbox or not (mine.at_rest and peer.at_rest) or unsaid or mine.dead:
            return False
        if left > 1 or (left and (mine.received.next < len(peer.queue.sizes) or peer.board.marks[-1])):
            return False
        since = peer.congestion.last_sent
        if left and now - since >= peer.rtt.shortest_timeout(lone=True):
            # Acknowledgements on the way have set the timer anew; that of a sum runs from when the flight was sent.
            return False
        if left:
            peer.on_flight(since, peer.arrived, lone=peer.lone)
        else:
            peer.on_acked()
        mine.on_acked()
        mine.rest()
        peer.rest()
        return True

    # What others want to know

    @property
    def wire_bytes(self) -> int:
        """Bytes of all IP packets that both ends have sent."""
        client, server = self._both
        return client.output.wire_bytes + server.output.wire_bytes

    @property
    def retransmissions(self) -> int:
        """How many segments both ends have sent again."""
        client, server = self._both
        return client.recovery.retransmissions + server.recovery.retransmissions

    @property
    def finished(self) -> bool:
        """Whether the server's FIN has gone out behind its last flight."""
        return self._both[1].queue.finished

    def pieces(self, size: int) -> Iterator[tuple[float, int]]:
        """As `tcp.Connection.pieces`."""
        queue = self._both[1].queue
        for at, received in self._arrivals:
            yield at, size - sum([*queue.sizes, *queue.unwritten][received : queue.whole])

    def wrote(self, *, to_server: bool) -> tuple[float, int]:
        """As `tcp.Connection.wrote`."""
        queue = self._ends[to_server][1].queue
        return queue.wrote_at, queue.writes_left

    # Events

    def _deliver(
        self, sender: Endpoint, receiver: Endpoint, patience: float = _NEVER
    ) -> Generator[float, float | None, None]:
        """Play until the receiver has all that the sender's program has written, or one of them has given up.

        When the receiver's program has waited for so many s for something to read, it closes and its end is an orphan.

        Yields:
            The time of the next event, before it happens: what it sends queues behind all that others sent until then.
            Is sent until when nobody else is due, and goes on by itself until then, but never longer than for a part of
            a round trip; nothing if that is not known.
        """
        self._arrivals = []
        pause, limit, grain = self._now, self._now + patience, sender.rtt.srtt / _GRAIN
        queue, received = sender.queue, receiver.received
        target, had = queue.whole, received.next
        while received.next < target and not (sender.dead or receiver.dead):
            at = self._next()
            if at > limit:
                limit = max(limit, receiver.acks.last_received + patience)
                if at > limit:
                    self._now = limit
                    receiver.leave()
                    return
            if at == _NEVER:
                return
            if at >= pause:
                quiet = yield at
                pause = at if quiet is None else min(quiet, at + grain)
            self._step(at)
            if received.next > had:
                had = received.next
                self._arrivals.append((self._now, had))

    def _next(self) -> float:
        """When the next event is due, or a little earlier (the timer wheel rounds up)."""
        one, other = self._both
        at = min(one.timer.at, other.timer.at, one.acks.due, other.acks.due)
        if one.inbox and one.inbox[0].at < at:
            at = one.inbox[0].at
        if other.inbox and other.inbox[0].at < at:
            at = other.inbox[0].at
        return at

    def _step(self, at: float) -> None:
        """Let the next event, due at that time, happen; a timer is rounded up first, when its turn has come."""
        for end in self._both:
            if end.inbox and end.inbox[0].at == at:
                self._now = at
                end.take(at, end.inbox.popleft())
                return
        for end in self._both:
            if end.acks.due == at:
                self._now = at
                end.acknowledge_late(at)
                return
            if end.timer.at == at:
                if at >= end.gone_from:
                    end.die(at)
                elif not end.timer.round_up():
                    self._now = at
                    end.on_timer(at)
                return


def _cut(size: int, mss: int) -> list[int]:
    """The segments of what is written at once."""
    whole, tail = divmod(size, mss)
    return [mss] * whole + [tail] * (tail > 0)

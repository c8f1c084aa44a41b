"""A TCP connection as the simulation sees it: when does what one side writes reach the other?

The unit is a flight: what one side writes before it must wait for the other. A flight of one segment that gets through
is a sum; one of several segments that fit the window, a formula; everything else is played through (`packet_level`).
The state of both ends (window, round-trip estimate, backed-off timer) lives from flight to flight.

Sources: RFC 9293, 6298, 5681, 6928, 8985, 9438, and Linux 6 where it differs. Times in s, sizes in bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final

from sim.network.interface import Ending, Steps, at_once
from sim.network.links.chain import joined
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.tcp.bsd_1988 import SEGMENT, Bsd1988Endpoint
from sim.network.tcp.endpoint import Endpoint
from sim.network.tcp.handshake import RESET, SYN, SYN_GAPS, Handshake
from sim.network.tcp.linux_3 import Linux3Endpoint
from sim.network.tcp.metrics import Metrics
from sim.network.tcp.packet_level import Ends, PacketLevelRun, Program
from sim.network.tcp.path import BARE, HEADERS, Path, spread
from sim.network.tcp.pending_samples import PendingSamples
from sim.network.tcp.receiver import ATO
from sim.network.tcp.rtt import LINUX
from sim.network.tcp.send_queue import buffered
from sim.network.tcp.timers import timer_wheel_expiry
from sim.scenario.spec import Tcp

_ORPHAN: Final = 102.5
"""How long after it was sent the kernel still gets a flight through whose program has closed the connection, in s."""
_NEVER: Final = math.inf
_SHORTEST_TIMEOUT: Final = 0.2
"""No timer runs out for a lone segment that is there sooner, in s."""
_ENDPOINTS: Final[Mapping[str, type[Endpoint]]] = {
    "linux": Endpoint,
    "linux-3": Linux3Endpoint,
    "bsd-1988": Bsd1988Endpoint,
}


class Connection:
    """A connection from a client to a server over given lines.

    Args:
        lines_out, lines_back: The lines from the client to the server, and those back, in order.
        server: When the server host is up; what arrives there while it is down is lost.
        client: The same of the client's host, for a connection that may outlive its client's part in it (TURN).
        client_tcp, server_tcp: How each end's TCP is.
        program: The server's program, if it may close the connection before its client knows.
        patience: How long that waits for something to read, in s.
        writes: How many bytes the client's program writes at once, where it leaves Nagle's algorithm on (RFC 896): what
            follows the first write of a flight goes out in whole segments, and its end when that one is acknowledged.
            0 where it writes a flight at once, or has TCP_NODELAY.
        listens: When somebody listens at the server's address; who connects at other times is refused.
        quick_acks: Whether the server acknowledges each command with a packet of its own, ahead of the answer.
        metrics: As of `PendingSamples`.

    Attributes:
        accepted_at: When the server has the third packet of the handshake, and greets; infinity if it never came.
        delayed_ack: How long a small segment waits for its acknowledgement where no reply brings it, in s; None where
            nothing waits for that (Nagle's algorithm, RFC 896).
        mss: The most bytes of a flight that is one segment for sure.
    """

    def __init__(
        self,
        lines_out: Sequence[Line],
        lines_back: Sequence[Line],
        *,
        server: Timeline = ALWAYS_UP,
        client: Timeline = ALWAYS_UP,
        client_tcp: Tcp = LINUX,
        server_tcp: Tcp = LINUX,
        program: Program | None = None,
        patience: float = _NEVER,
        writes: int = 0,
        listens: Timeline = ALWAYS_UP,
        quick_acks: bool = False,
        metrics: tuple[Metrics | None, Metrics | None] = (None, None),
    ) -> None:
        out, back = joined(lines_out), joined(lines_back)
        headers = HEADERS if client_tcp.timestamps and server_tcp.timestamps else BARE
        mss = min(out.mtu, back.mtu) - headers
        if client_tcp.stack == "bsd-1988" or server_tcp.stack == "bsd-1988":
            mss = min(mss, SEGMENT)
        self.mss = min(mss, writes) if writes else mss
        self._writes = writes
        self.accepted_at = _NEVER
        # When the latest flight of all was there, by direction, whether or not its round trip has been looked at.
        self._latest = [0.0, 0.0]
        # When the first and the last segment arrive of the latest flight that was sent in one go.
        self._burst = (_NEVER, _NEVER)
        # No timer runs out within so many seconds.
        self._timeout_after = _SHORTEST_TIMEOUT
        self._program = program
        self._quick_acks = quick_acks
        self._patience = patience
        self._wire_bytes = 0
        self._retransmissions = 0
        slowest = min(out.rate, back.rate)
        self._client = asking = _ENDPOINTS[client_tcp.stack](buffered(client_tcp, slowest))
        self._server = answering = _ENDPOINTS[server_tcp.stack](buffered(server_tcp, slowest))
        self._to_server = Path(out, back, client, server, mss, headers)
        to_client = Path(back, out, server, client, mss, headers)
        self._ends: Ends = ((to_client, answering, asking), (self._to_server, asking, answering))
        self._shake = Handshake(self._to_server, (client_tcp.stack, server_tcp.stack), listens)
        self._pending = PendingSamples(self._ends, self._shake, metrics)
        self._jittery = [line for line in (out, back) if line.jittery] if out.jittery or back.jittery else ()
        # Every packet counts, acknowledgements too: no flight is a sum.
        self._bursty = out.bursty or back.bursty
        self._slow = to_client.slow
        # The directions whose end has yet to acknowledge its first data, which it does at once.
        self._unheard = [True, False] if client_tcp.stack == server_tcp.stack == "linux" else []
        self._played: PacketLevelRun | None = None
        # Whether one of these is to be looked at before each flight.
        self._unsteady = bool(self._jittery or (self._slow and self._unheard) or self._bursty)

    delayed_ack: float | None = ATO
    setup = 0.0
    carrier = "TCP"
    damaged = 0

    def open(self, now: float, until: float = _NEVER) -> float | Steps:
        """Connect, and give up at `until`; as `Transport.open`.

        Where others use the line, the last packet of the handshake is sent when the client holds itself connected.
        """
        path = self._to_server
        out, back = path.there, path.back
        for line in self._jittery:
            line.draw_lag()
        out.forget(now)
        back.forget(now)
        around = out.lag + back.lag
        pauses = out.busy_until > now - around
        self._timeout_after = around + _SHORTEST_TIMEOUT
        shake = self._shake
        shake.play(now, until, pauses=pauses)
        if shake.paused and shake.connected < _NEVER:
            return self._accept(shake)
        self._count_handshake(shake)
        return shake.connected

    def _accept(self, shake: Handshake) -> Steps:
        """Send the last packet of a handshake that is paused, once the client holds itself connected."""
        yield shake.connected
        shake.go_on()
        self._count_handshake(shake)
        return shake.connected

    def repeat_syn(self, now: float) -> Iterator[float]:
        """SYNs that the server's kernel drops; as `Transport.repeat_syn`."""
        for gap in SYN_GAPS[self._client.tcp.stack]:
            self._to_server.there.carry(now, SYN)
            self._wire_bytes += SYN
            self._retransmissions += 1
            now += gap
            yield now

    def _count_handshake(self, shake: Handshake) -> None:
        self.accepted_at = shake.accepted
        self._wire_bytes += shake.wire_bytes
        if shake.syns == shake.answers == 1:
            return
        for end, anew in ((self._client, shake.client_anew), (self._server, shake.server_anew)):
            if anew:
                end.congestion.on_lost_handshake()
        if min(shake.client_rtt, shake.server_rtt) < 0:
            self._timeout_after = _SHORTEST_TIMEOUT
        self._retransmissions += shake.syns - 1 + max(shake.answers - 1, 0)

    def send(self, now: float, size: int, to_server: bool) -> float | Steps:
        """Send a flight; as `Transport.send`. One of several segments that is not that simple is stepped through."""
        if size > self.mss:
            return self._send_window(now, size, to_server)
        if now == _NEVER:
            return _NEVER
        if self._unsteady and not self._is_steady(now, to_server):
            return at_once(self._play(now, size, to_server))
        path, mine, peer = self._ends[to_server]
        wire = size + path.headers
        at = max(path.there.carry(now, wire), self._latest[to_server])
        if path.away is not ALWAYS_UP and at < _NEVER and not path.away.is_up(at):
            at = _NEVER
        flights = self._pending.flights
        if at - (flights[-1][1] if flights else now) > self._timeout_after:
            self._pending.flush()
            if path.acknowledged(at) - now > mine.rtt.shortest_timeout(lone=True) or peer.times_out_before(now, at):
                return at_once(self._play(now, size, to_server, first=at))
        came = self._latest[not to_server]
        if now - came >= ATO or to_server in self._unheard:
            wire += self._acknowledged_alone(came, to_server)
        self._latest[to_server] = at
        flights.append((to_server, now, at, at))
        if self._quick_acks and to_server:
            path.back.carry(at, path.headers)
            wire += path.headers
        self._wire_bytes += wire
        return at

    def _send_window(self, now: float, size: int, to_server: bool) -> float | Steps:
        """Send a flight of several segments: a formula if it fits the window and gets through undisturbed."""
        if now == _NEVER:
            return _NEVER
        if self._unsteady and not self._is_steady(now, to_server):
            return self._play(now, size, to_server)
        path, mine, peer = self._ends[to_server]
        congestion = mine.congestion
        if congestion.cwnd > mine.tcp.initial_window:
            self._pending.flush()
            congestion.restart_after_idle(now)
        if self._slow:
            self._pending.flush()
            if path.burst_acknowledged(now, ATO) - now > mine.rtt.shortest_timeout(lone=False):
                return self._play(now, size, to_server)
        segments, burst = -(-size // path.mss), None
        if segments <= congestion.cwnd and not 0 < self._writes < size:
            burst = path.burst(now, segments, size - (segments - 1) * path.mss)
        if burst is None:
            return self._play(now, size, to_server)
        self._burst = first, last = burst
        self._latest[to_server] = latest = max(last, self._latest[to_server])
        self._pending.flights.append((to_server, now, first, latest))
        self._acknowledge_read(first, last, to_server)
        if congestion.cwnd >= congestion.ssthresh:
            self._pending.flush()
        peer.hear(segments // 2)
        congestion.on_flight_acked(segments, last)
        came = self._latest[not to_server]
        if now - came >= ATO or to_server in self._unheard:
            size += self._acknowledged_alone(came, to_server)
        self._wire_bytes += size + (segments + segments // 2) * path.headers
        return latest

    def _acknowledge_read(self, first: float, last: float, to_server: bool) -> None:
        """A program has read all of a flight of several segments, the first and last of which came then.

        Where the first was acknowledged late, the client's reading acknowledges the last at once, ahead of what it says
        next (tcp_cleanup_rbuf).
        """
        if last - first > ATO and not to_server:
            self._to_server.there.carry(last, self._to_server.headers)

    def _acknowledged_alone(self, came: float, to_server: bool) -> int:
        """The bytes of an acknowledgement that waited for no flight that way: of the first data, or after a delay."""
        flights = self._pending.flights
        if not came or (flights and flights[-1][0] == to_server):
            return 0
        if to_server in self._unheard:
            self._unheard.remove(to_server)
            if self._slow:
                self._unsteady = bool(self._jittery or self._unheard)
        return self._to_server.headers

    def _play(self, now: float, size: int, to_server: bool, *, first: float | None = None) -> Steps:
        """Play a flight packet by packet; its only segment may be sent, to arrive at `first` (infinity: lost)."""
        played = self._played or self._begin(now, to_server)
        arrives = yield from played.send(now, size, to_server, first=first)
        if arrives < _NEVER:
            self._latest[to_server] = arrives
        return arrives

    def _begin(self, now: float, to_server: bool) -> PacketLevelRun:
        """Begin to play, with what flights that were sums have left."""
        self._pending.flush()
        if now - self._latest[not to_server] >= ATO:
            self._wire_bytes += self._acknowledged_alone(self._latest[not to_server], to_server)
        self._unheard, self._unsteady = [], True
        self._played = PacketLevelRun(
            self._ends,
            now,
            to_server=to_server,
            since=self.accepted_at,
            program=self._program,
            patience=self._patience,
            writes=self._writes,
        )
        return self._played

    @property
    def wire_bytes(self) -> int:
        """Bytes of all IP packets of both directions so far."""
        return self._wire_bytes + (0 if self._played is None else self._played.wire_bytes)

    @property
    def retransmissions(self) -> int:
        """How many packets were sent again so far."""
        return self._retransmissions + (0 if self._played is None else self._played.retransmissions)

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:
        """When a program wrote last into its socket; as `Transport.wrote`."""
        return (-_NEVER, 0) if self._played is None else self._played.wrote(to_server=to_server)

    def pieces(self, size: int) -> Iterator[tuple[float, int]]:
        """How the latest flight to the client comes in, where it is of several segments; as `Transport.pieces`."""
        if size <= self.mss:
            return iter(())
        return spread(*self._burst, size, self._to_server.mss) if self._played is None else self._played.pieces(size)

    def abandon(self, now: float, sent: float, arrives: float, *, to_server: bool = True) -> float | Steps:
        """A program gives up `now` and closes; as `Transport.abandon`."""
        if arrives < _NEVER:
            return arrives if arrives - sent < _ORPHAN else _NEVER
        return _NEVER if self._played is None else self._played.abandon(now, to_server=to_server)

    def end(self, until: float, words: int = 0) -> tuple[float, Ending | None]:
        """What the client hears if it waits for what does not come; as `Transport.end`."""
        if self._played is None:
            refused, gave_up = (self._shake.refused_at, Ending.REFUSED), (self._shake.gives_up_at, Ending.TIMED_OUT)
            return min(refused, gave_up, (until, None), key=itemgetter(0))
        return self._played.end(until, words)

    def reset(self, now: float, until: float) -> float:
        """A packet has reached the server's restarted host; when the client has its reset, `until` if not by then."""
        self._pending.flush()
        path, wait = self._to_server, self._client.rtt.rto
        while now < until:
            at = path.back.carry(now, RESET)
            if at < _NEVER:
                return min(at, until)
            now, wait = timer_wheel_expiry(now, wait), 2 * wait
        return until

    def close(self, now: float, *, half_closed: bool = False) -> None:
        """Close the connection, for which nobody waits; as `Transport.close`.

        The server's FIN follows its last words, unless it is out already; what the client sends then acknowledges it
        (tcp_fin), and is acknowledged where it is a FIN.
        """
        left = 2 - half_closed - (self._played is not None and self._played.finished)
        path = self._to_server
        self._wire_bytes += (1 + left) * path.headers
        at = path.there.carry(now, path.headers)
        for _ in range(left if at < _NEVER else 0):
            path.back.carry(at, path.headers)
        self._pending.save(now)

    def _is_steady(self, now: float, to_server: bool) -> bool:
        """Whether a flight that way may be a sum: nothing is played, or no longer.

        Draws the delay of every line whose delay varies, and acknowledges what came first before the first answer.
        """
        for line in self._jittery:
            line.draw_lag()
        if self._bursty and self._played is None:
            self._begin(now, to_server)
        path = self._ends[to_server][0]
        if self._slow and to_server in self._unheard and self._latest[not to_server] > 0:
            path.there.carry(self._latest[not to_server], path.headers)
        if self._played is not None:
            if not self._played.is_over(now, to_server) or self._bursty:
                return False
            self._wire_bytes, self._retransmissions = self.wire_bytes, self.retransmissions
            self._played, self._unsteady = None, bool(self._jittery)
        return True

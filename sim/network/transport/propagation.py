"""A connection without TCP, for teaching: a handshake of three ways, then nothing but rate and delay.

Nothing is lost and no window is in the way; what meets a line or a host that is down waits until it is up.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sim.network.interface import Ending, Transport
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline


class Propagation(Transport):
    """A connection of delay and rate; arguments as of `tcp.Connection`, of which it leaves out what is TCP's."""

    mss = 1 << 30
    wire_bytes = retransmissions = 0
    _refused_at = inf

    def __init__(
        self,
        lines_out: Sequence[Line],
        lines_back: Sequence[Line],
        *,
        server: Timeline = ALWAYS_UP,
        client: Timeline = ALWAYS_UP,
        listens: Timeline = ALWAYS_UP,
        **_tcp: object,
    ) -> None:
        # By direction: to the client, to the server.
        self._lines = (lines_back, lines_out)
        # Likewise: when the host that is sent to is up.
        self._hosts = (client, server)
        self._listens = listens

    def open(self, now: float, until: float = inf) -> float:
        """Connect: one round trip, and half of one more until the server may speak; infinity if not by `until`."""
        asked = self.send(now, 0, True)
        connected = self.send(asked, 0, False)
        if not self._listens.is_up(asked):
            self._refused_at = connected
            return inf
        self.accepted_at = self.send(connected, 0, True)
        return connected if connected <= until else inf

    def send(self, now: float, size: int, to_server: bool) -> float:
        """Send a flight; when it has arrived."""
        if now == inf:
            return now
        at = self._hosts[not to_server].next_up(now)
        for line in self._lines[to_server]:
            if line.jittery:
                line.draw_lag()
            at = line.convey(at, size)
            if at == inf:
                return at
        self.wire_bytes += size
        return self._hosts[to_server].next_up(at)

    def end(self, until: float, _words: int = 0) -> tuple[float, Ending | None]:
        """Nobody says that a flight does not arrive; who connects hears that nobody listens."""
        return (self._refused_at, Ending.REFUSED) if self._refused_at <= until else (until, None)

"""A connection without TCP, for teaching: a handshake of three ways, then nothing but rate and delay.

Nothing is lost and no window is in the way; what meets a line or a host that is down waits until it is up.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

from sim.network.links.availability import ALWAYS_UP, Timeline
from sim.network.links.line import Line
from sim.network.transport.base import WithoutTcp

__all__ = ["Propagation"]


class Propagation(WithoutTcp):
    """What `Connection` is with TCP; arguments and attributes as there."""

    __slots__ = ("_hosts", "_lines", "_listens", "accepted_at", "mss", "refused_at", "retransmissions", "wire_bytes")

    def __init__(
        self,
        lines_out: Sequence[Line],
        lines_back: Sequence[Line],
        *,
        server: Timeline = ALWAYS_UP,
        client: Timeline = ALWAYS_UP,
        listens: Timeline = ALWAYS_UP,
    ) -> None:
        # By direction: to the client, to the server.
        self._lines = (lines_back, lines_out)
        # Likewise: when the host that is sent to is up.
        self._hosts = (client, server)
        self._listens = listens
        self.accepted_at = self.refused_at = math.inf
        self.wire_bytes = 0
        self.retransmissions = 0
        self.mss = 1 << 30

    setup = 0.0
    gave_up_at = math.inf

    @property
    def rate(self) -> float:
        """The slowest line's rate towards the server, in bit/s; infinity where no line is between them."""
        return min([line.rate for line in self._lines[True]], default=math.inf)

    def open(self, now: float, until: float = math.inf, _pauses: bool = False) -> float:
        """Connect: one round trip, and half of one more until the server may speak; infinity if not by `until`."""
        asked = self.send(now, 0, True)
        connected = self.send(asked, 0, False)
        if not self._listens.is_up(asked):
            self.refused_at = connected
            return math.inf
        self.accepted_at = self.send(connected, 0, True)
        return connected if connected <= until else math.inf

    def send(self, now: float, size: int, to_server: bool) -> float:
        """Send a flight; when it has arrived."""
        if now == math.inf:
            return now
        at = self._hosts[not to_server].next_up(now)
        for line in self._lines[to_server]:
            if line.jittery:
                line.draw_lag()
            at = line.convey(at, size)
            if at == math.inf:
                return at
        self.wire_bytes += size
        return self._hosts[to_server].next_up(at)

    def send_window(self, now: float, size: int, to_server: bool) -> float | None:
        """Send a flight of any size."""
        return self.send(now, size, to_server)

    def windows(self, now: float, size: int, to_server: bool) -> Generator[float, float | None, float]:
        """Send a flight of any size."""
        yield from ()
        return self.send(now, size, to_server)

    sending = windows

    def reset(self, now: float, until: float) -> float:
        """The server's host knows nothing of the connection; when the client has heard so."""
        return min(self.send(now, 0, False), until)

    def close(self, _now: float, *, half_closed: bool = False) -> None:
        """Close the connection, which costs nothing."""

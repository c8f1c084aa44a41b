"""What both ends of a connection have yet to learn from: the handshake, and the flights that were sums.

Few connections ever need it: only a loss, a rest, a full window or a slow line asks for the estimate of the round trip.
"""

from __future__ import annotations

from typing import Final

from sim.network.disturbance import Ends
from sim.network.handshake import Handshake
from sim.network.segments import ATO

__all__ = ["History"]

_NEVER: Final = float("inf")


class History:
    """What went through undisturbed since somebody asked.

    Attributes:
        shake: The handshake, unless it has been learnt from.
        flights: Each one's direction, when it was sent, when its first segment and when all of it was there, in s.

    Args:
        ends: Who learns, by direction.
    """

    __slots__ = ("_ends", "flights", "shake")

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self.shake: Handshake | None = None
        self.flights: list[tuple[bool, float, float, float]] = []

    def learn(self) -> None:
        """Let both ends take the round-trip samples of all this, and forget it."""
        shake, self.shake = self.shake, None
        if shake is not None:
            _, server, client = self._ends[False]
            if shake.connected < _NEVER:
                client.shaken(shake.client_rtt, shake.syns - 1)
            if shake.accepted < _NEVER:
                server.shaken(shake.server_rtt, shake.answers - 1)
        for to_server, now, first, last in self.flights:
            _, mine, peer = self._ends[to_server]
            if peer.sent >= 0 and now >= peer.arrived:
                peer.answered(peer.arrived - peer.sent + min(now - peer.arrived, ATO) + first - now)
                peer.sent = -1.0
            mine.sent = mine.last_sent = now
            mine.arrived = last
            mine.lone = first == last
            peer.heard += 1
        self.flights.clear()

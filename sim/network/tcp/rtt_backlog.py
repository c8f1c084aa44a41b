"""What both ends of a connection have yet to learn from: the handshake, and the flights that were sums.

Few connections ever need it: only a loss, a rest, a full window or a slow line asks for the estimate of the round trip.
"""

from __future__ import annotations

from typing import Final

from sim.network.tcp.handshake import Handshake
from sim.network.tcp.loss_episode import Ends
from sim.network.tcp.metrics import Metrics
from sim.network.tcp.send_queue import ATO

__all__ = ["History"]

_NEVER: Final = float("inf")


class History:
    """What went through undisturbed since somebody asked.

    Attributes:
        shake: The handshake, unless it has been learnt from.
        flights: Each one's direction, when it was sent, when its first segment and when all of it was there, in s.

    Args:
        ends: Who learns, by direction.
        metrics: What the client's host remembers of the server's, and the reverse; None where it remembers nothing.
    """

    __slots__ = ("_ends", "_metrics", "flights", "shake")

    def __init__(self, ends: Ends, metrics: tuple[Metrics | None, Metrics | None] = (None, None)) -> None:
        self._ends = ends
        self._metrics = metrics
        self.shake: Handshake | None = None
        self.flights: list[tuple[bool, float, float, float]] = []

    def learn(self) -> None:
        """Let both ends take the round-trip samples of all this, and forget it."""
        shake, self.shake = self.shake, None
        if shake is not None:
            _, server, client = self._ends[False]
            of_server, of_client = self._metrics
            if shake.connected < _NEVER:
                client.shaken(shake.client_rtt, shake.syns - 1)
                if of_server is not None:
                    client.remembers(of_server.recall(shake.connected))
            if shake.accepted < _NEVER:
                server.shaken(shake.server_rtt, shake.answers - 1)
                if of_client is not None:
                    server.remembers(of_client.recall(shake.accepted))
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

    def save(self, now: float) -> None:
        """The connection ends: let both hosts remember its round trip.

        Where nothing went out again and nobody has asked, that is the handshake's, and of use only where a longer one
        is remembered.
        """
        of_server, of_client = self._metrics
        shake, (_, server, client) = self.shake, self._ends[False]
        if shake is not None and shake.syns == shake.answers == 1:
            if of_server is not None and of_server.rtt:
                of_server.save(now, shake.client_rtt)
            if of_client is not None and of_client.rtt:
                of_client.save(now, shake.server_rtt)
            return
        self.learn()
        for metrics, end in ((of_server, client), (of_client, server)):
            if metrics is not None:
                metrics.save(now, 0.0 if end.backoff else end.srtt)

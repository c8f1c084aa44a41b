"""Round-trip samples that are yet to be taken: of the handshake, and of the flights that were sums.

Few connections ever need them: only a loss, a rest, a full window or a slow line asks for the estimate of the round
trip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from sim.network.tcp.handshake import Handshake
from sim.network.tcp.metrics import Metrics
from sim.network.tcp.packet_level import Ends
from sim.network.tcp.receiver import ATO


@dataclass(slots=True)
class PendingSamples:
    """What went through undisturbed since somebody asked.

    Args:
        ends: Whose samples they are, by direction.
        handshake: What begins the connection.
        metrics: What the client's host remembers of the server's, and the reverse; None where it remembers nothing.

    Attributes:
        flights: Each one's direction, when it was sent, when its first segment and when all of it was there, in s.
    """

    ends: Ends
    handshake: Handshake | None
    metrics: tuple[Metrics | None, Metrics | None] = (None, None)
    flights: list[tuple[bool, float, float, float]] = field(default_factory=list)

    def flush(self) -> None:
        """Let both ends take the samples, and forget them."""
        shake, self.handshake = self.handshake, None
        if shake is not None:
            _, server, client = self.ends[False]
            of_server, of_client = self.metrics
            for end, at, rtt, repeats, metrics in (
                (client, shake.connected, shake.client_rtt, shake.syns - 1, of_server),
                (server, shake.accepted, shake.server_rtt, shake.answers - 1, of_client),
            ):
                if at < math.inf:
                    end.rtt.on_handshake(rtt, repeats)
                    if metrics is not None:
                        end.rtt.on_metrics(metrics.recall(at))
        for to_server, now, first, last in self.flights:
            _, mine, peer = self.ends[to_server]
            if peer.sent >= 0 and now >= peer.arrived:
                peer.on_answer(peer.arrived - peer.sent + min(now - peer.arrived, ATO) + first - now)
            mine.on_flight(now, last, lone=first == last)
            peer.hear(1)
        self.flights.clear()

    def save(self, now: float) -> None:
        """The connection ends: let both hosts remember its round trip.

        Where nothing went out again and nobody has asked, that is the handshake's, and of use only where a longer one
        is remembered.
        """
        of_server, of_client = self.metrics
        shake, (_, server, client) = self.handshake, self.ends[False]
        if shake is not None and shake.syns == shake.answers == 1:
            if of_server is not None and of_server.rtt:
                of_server.save(now, shake.client_rtt)
            if of_client is not None and of_client.rtt:
                of_client.save(now, shake.server_rtt)
            return
        self.flush()
        for metrics, end in ((of_server, client), (of_client, server)):
            if metrics is not None:
                metrics.save(now, 0.0 if end.rtt.backoff else end.rtt.srtt)

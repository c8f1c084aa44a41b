"""A connection whose roles were swapped: the host that was its server goes on as the client (TURN, ATRN)."""

from __future__ import annotations

from sim.network.interface import Layer, Steps, Transport


class Reversed(Layer):
    """What a connection is to its new client.

    There is no handshake: the new server greets as soon as it knows that it is one.
    """

    # The new host that serves answers by itself; nobody tells of a flight that does not arrive.
    reset, end = Transport.reset, Transport.end

    def send(self, now: float, size: int, to_server: bool) -> float | Steps:
        """Send a flight the other way."""
        return self._below.send(now, size, not to_server)

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:
        """When the other program wrote last, and how many writes are left."""
        return self._below.wrote(to_server=not to_server)

    def abandon(self, now: float, sent: float, arrives: float, *, to_server: bool = True) -> float | Steps:
        """The other program gives up and closes."""
        return self._below.abandon(now, sent, arrives, to_server=not to_server)

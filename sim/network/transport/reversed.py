"""A connection whose roles were swapped: the host that was its server goes on as the client (TURN, ATRN)."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from sim.network.interface import Ending, Layer, Steps, at_once


class Reversed(Layer):
    """What a connection is to its new client.

    There is no handshake: the new server greets as soon as it knows that it is one.
    """

    def open(self, now: float, _until: float = inf) -> float:
        """Nothing is to be set up."""
        self.accepted_at = now
        return now

    def repeat_syn(self, _now: float) -> Iterator[float]:
        """Nobody asks to connect."""
        return iter(())

    def send(self, now: float, size: int, to_server: bool) -> float | Steps:
        """Send a flight the other way."""
        return self._below.send(now, size, not to_server)

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:
        """When the other program wrote last, and how many writes are left."""
        return self._below.wrote(to_server=not to_server)

    def pieces(self, _size: int) -> Iterator[tuple[float, int]]:
        """Only of flights towards the host that connected is it known how they come in."""
        return iter(())

    def end(self, until: float, _words: int = 0) -> tuple[float, Ending | None]:
        """Nobody but the new client's own timer says that a flight does not arrive."""
        return until, None

    def reset(self, now: float, until: float) -> float:
        """The new server's host knows nothing of the connection; when the new client has heard so."""
        return min(at_once(self.send(now, 1, to_server=False)), until)

    def abandon(self, now: float, sent: float, arrives: float, *, to_server: bool = True) -> float | Steps:
        """The other program gives up and closes."""
        return self._below.abandon(now, sent, arrives, to_server=not to_server)

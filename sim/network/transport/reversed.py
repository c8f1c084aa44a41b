"""A connection whose roles were swapped: the host that was its server goes on as the client (TURN, ATRN)."""

from __future__ import annotations

from collections.abc import Generator
from math import inf

from sim.network.tcp.connection import Connection
from sim.network.transport.base import WithoutTcp
from sim.network.transport.circuit import Circuit
from sim.network.transport.propagation import Propagation

__all__ = ["Reversed"]


class Reversed(WithoutTcp):
    """What a connection is to its new client; arguments and attributes as `tcp.Connection`.

    There is no handshake: the new server greets as soon as it knows that it is one.
    """

    __slots__ = ("_connection", "accepted_at")

    def __init__(self, connection: Connection | Propagation | Circuit | Reversed) -> None:
        self._connection = connection
        self.accepted_at = inf

    setup = 0.0
    gave_up_at = refused_at = inf

    @property
    def delayed_ack(self) -> float | None:  # type: ignore[override]
        """As long as the connection's."""
        return self._connection.delayed_ack

    @property
    def mss(self) -> int:
        """The most bytes of payload a segment."""
        return self._connection.mss

    @property
    def rate(self) -> float:
        """The slowest line's rate, in bit/s."""
        return self._connection.rate

    @property
    def wire_bytes(self) -> int:
        """Bytes of all packets of both directions since the connection was made."""
        return self._connection.wire_bytes

    @property
    def retransmissions(self) -> int:
        """How many packets were sent again since then."""
        return self._connection.retransmissions

    def open(self, now: float, _until: float = inf, _pauses: bool = False) -> float:
        """Nothing is to be set up."""
        self.accepted_at = now
        return now

    def send(self, now: float, size: int, to_server: bool) -> float:
        """Send a flight; when it has arrived."""
        return self._connection.send(now, size, not to_server)

    def reset(self, now: float, until: float) -> float:
        """The new server's host knows nothing of the connection; when the new client has heard so."""
        return min(self.send(now, 1, to_server=False), until)

    def send_window(self, now: float, size: int, to_server: bool) -> float | None:
        """Send a flight of several segments, if that is simple."""
        return self._connection.send_window(now, size, not to_server)

    def windows(self, now: float, size: int, to_server: bool) -> Generator[float, float | None, float]:
        """Send a flight that `send_window` did not take, step by step."""
        return self._connection.windows(now, size, not to_server)

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:
        """When a program wrote last, and how many writes are left."""
        return self._connection.wrote(to_server=not to_server)

    def writing(self, size: int) -> float:
        """How long a program is taken to write so many bytes, in s."""
        return self._connection.writing(size)

    def abandon(
        self, now: float, sent: float, arrives: float, *, to_server: bool = True
    ) -> Generator[float, float | None, float]:
        """A program gives up and closes."""
        return self._connection.abandon(now, sent, arrives, to_server=not to_server)

    def close(self, now: float, *, half_closed: bool = False) -> None:
        """Close the connection."""
        self._connection.close(now, half_closed=half_closed)

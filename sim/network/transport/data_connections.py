"""A control connection, and beside it one data connection after another, each for one file (RFC 959 section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf

from sim.network.interface import Ending, Layer, Steps, Transport


class DataConnections(Layer):
    """What carries FTP's octets: replies and most of what the client writes go over the control connection.

    The client connects before it says what is to be stored, and closes the data connection behind the file.

    Args:
        control: the control connection.
        dial: makes a data connection, not yet open.
        lane: what the flight is that the client writes next: for the `control` connection; one that `opens` a data
            connection first; or a `file`, which goes over that.
    """

    def __init__(self, control: Transport, dial: Callable[[], Transport], lane: Callable[[], str]) -> None:
        super().__init__(control)
        self._dial = dial
        self._lane = lane
        self._data: Transport | None = None
        # Whether the flight under way goes over the data connection, and the costs of those that are closed.
        self._over_data = False
        self._closed = (0, 0)

    @property
    def wire_bytes(self) -> int:
        """Bytes of all packets of all connections so far."""
        return self._below.wire_bytes + self._closed[0] + (self._data.wire_bytes if self._data else 0)

    @property
    def retransmissions(self) -> int:
        """How many of them were sent again."""
        return self._below.retransmissions + self._closed[1] + (self._data.retransmissions if self._data else 0)

    def open(self, now: float, _until: float = inf) -> float | Steps:
        """Connect the control connection."""
        opened = self._below.open(now, _until)
        if isinstance(opened, float):
            self.accepted_at = self._below.accepted_at
            return opened
        return self._opening(opened)

    def send(self, now: float, size: int, to_server: bool) -> float | Steps:
        """Send a flight, over the connection that it is for."""
        lane = self._lane() if to_server else "control"
        if not to_server and self._over_data:
            self._hang_up(now)
        self._over_data = lane == "file" and self._data is not None
        if lane == "opens":
            return self._connect_and_send(now, size)
        return self._active.send(now, size, to_server)

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:
        """Of the connection that the flight under way goes over."""
        return self._active.wrote(to_server=to_server)

    def pieces(self, size: int) -> Iterator[tuple[float, int]]:
        """Of the control connection: what the server writes comes over that."""
        return self._below.pieces(size)

    def end(self, until: float, words: int = 0) -> tuple[float, Ending | None]:
        """Of the connection that the flight under way goes over; on that for data nobody says any last words."""
        return self._active.end(until, 0 if self._over_data else words)

    def abandon(self, now: float, sent: float, arrives: float, *, to_server: bool = True) -> float | Steps:
        """Of the connection that the flight under way goes over."""
        return self._active.abandon(now, sent, arrives, to_server=to_server)

    def close(self, now: float, *, half_closed: bool = False) -> None:
        """Close all of them."""
        self._hang_up(now)
        self._below.close(now, half_closed=half_closed)

    @property
    def _active(self) -> Transport:
        return self._data if self._over_data and self._data is not None else self._below

    def _opening(self, steps: Steps) -> Steps:
        connected = yield from steps
        self.accepted_at = self._below.accepted_at
        return connected

    def _connect_and_send(self, now: float, size: int) -> Steps:
        """Connect for data; then the flight goes out over the control connection."""
        self._hang_up(now)
        self._data = data = self._dial()
        # Until somebody hears of it, what does not come is the data connection's.
        self._over_data = True
        opened = data.open(now)
        connected = opened if isinstance(opened, float) else (yield from opened)
        if connected == inf:
            return connected
        yield connected
        self._over_data = False
        sent = self._below.send(connected, size, True)
        return sent if isinstance(sent, float) else (yield from sent)

    def _hang_up(self, now: float) -> None:
        """The data connection is closed."""
        if self._data is not None:
            self._data.close(now)
            sent, again = self._closed
            self._closed = sent + self._data.wire_bytes, again + self._data.retransmissions
            self._data, self._over_data = None, False

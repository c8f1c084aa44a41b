"""One end of a dialogue whose ends say things of one kind, which one table allows: packets, records, PDUs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.events import NEED_DATA, ConnectionClosed, NeedDataType

StateT = TypeVar("StateT")
EventT = TypeVar("EventT")


class Machine(ABC, Generic[StateT, EventT]):
    """What is the same in all of them: what has come, the end of it, and the end of the dialogue.

    Args:
        state: where the dialogue begins.
        closed: where it is over.
    """

    __slots__ = ("_closed", "_octets", "_peer_closed", "_state")

    def __init__(self, state: StateT, closed: StateT) -> None:
        self._state = state
        self._closed = closed
        self._octets = bytearray()
        self._peer_closed = False

    @property
    def state(self) -> StateT:
        """Where the dialogue stands."""
        return self._state

    @property
    def is_over(self) -> bool:
        """Whether nothing that comes counts any more."""
        return self._state is self._closed

    @abstractmethod
    def send(self, *said: Any) -> bytes:  # noqa: ANN401
        """The octets of what this end says.

        Raises:
            LocalProtocolError: it is not legal now, or a value in it cannot be sent.
        """

    def receive_data(self, data: bytes) -> None:
        """Take octets from the peer; none at all (`b""`) say that it closed the connection.

        Raises:
            LocalProtocolError: octets came after the end.
        """
        if not data:
            self._peer_closed = True
        elif self._peer_closed:
            raise LocalProtocolError(f"{len(data)} octets came after the peer had closed the connection")
        elif self._state is not self._closed:
            self._append(data)

    def next_event(self) -> EventT | ConnectionClosed | NeedDataType:
        """What the peer said next.

        Raises:
            RemoteProtocolError: it is malformed or illegal. The dialogue is over then.
        """
        if self._state is not self._closed:
            try:
                event = self._read()
            except RemoteProtocolError:
                self._state = self._closed
                raise
            if event is not None:
                return event
            if not self._peer_closed:
                return NEED_DATA
        self._state = self._closed
        return ConnectionClosed()

    def close(self) -> None:
        """The dialogue ends before its time: nothing that has come, or comes, counts."""
        self._state = self._closed

    def _append(self, data: bytes) -> None:
        self._octets += data

    @abstractmethod
    def _read(self) -> EventT | None:
        """What is there whole of what the peer said, with the state after it; None where more octets are needed."""

"""Both ends of an NJE line: octets from records, octets in, records out."""

from __future__ import annotations

from typing import ClassVar

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.machine import Machine
from sim.protocol.nje.records import Record, read_record, write_record
from sim.protocol.nje.states import Side, State, state_after


class Endpoint(Machine[State, Record]):
    """One end of a line.

    `send` gives the octets of records, `receive_data` and then `next_event` the records that the peer sent, until
    NEED_DATA or ConnectionClosed. What a record is answered is the caller's affair.
    """

    side: ClassVar[Side]

    def __init__(self) -> None:
        super().__init__(State.OPEN, State.CLOSED)
        self._start = 0

    def send(self, *records: Record) -> bytes:
        """The octets of records that go out together.

        Raises:
            LocalProtocolError: one is not legal now, or a value in it cannot be sent.
        """
        state, octets = self._state, []
        for record in records:
            after = state_after(state, record, self.side)
            if after is None:
                name = type(record).__name__
                raise LocalProtocolError(f"{name} is not legal for a {self.side.value} in state {state.name}")
            octets.append(write_record(record))
            state = after
        self._state = state
        return b"".join(octets)

    def _append(self, data: bytes) -> None:
        del self._octets[: self._start]
        self._start = 0
        self._octets += data

    def _read(self) -> Record | None:
        found = read_record(self._octets, self._start)
        if found is None:
            return None
        record, self._start = found
        self._move(record)
        return record

    def _move(self, record: Record) -> None:
        peer = Side.SERVER if self.side is Side.CLIENT else Side.CLIENT
        after = state_after(self._state, record, peer)
        if after is None:
            raise RemoteProtocolError(f"{type(record).__name__} is not legal in state {self._state.name}")
        self._state = after


class Client(Endpoint):
    """The end that has a file to send."""

    side = Side.CLIENT


class Server(Endpoint):
    """The end that takes files."""

    side = Side.SERVER

"""Both ends of a call of PhoneNet: octets from records, octets in, records out."""

from __future__ import annotations

import re
from typing import ClassVar

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.machine import Machine
from sim.protocol.phonenet.packets import PacketReader, write_packets
from sim.protocol.phonenet.records import End, EndOfRecipients, Recipient, Record, Reply, Sender, Submit, Text
from sim.protocol.phonenet.states import Side, State, state_after

_REPLY = re.compile(r"([0-9A-F]{2})(.*)", re.DOTALL)


class Endpoint(Machine[State, Record]):
    """One end of a call.

    `send` gives the octets of records, `receive_data` and then `next_event` the records that the peer sent, until
    NEED_DATA or ConnectionClosed. What a record means hangs on the state in which it comes: most are plain text.
    """

    side: ClassVar[Side]

    def __init__(self) -> None:
        super().__init__(State.CALLED, State.CLOSED)
        self._packets = PacketReader()
        self._sequence = 0

    def send(self, *records: Record) -> bytes:
        """The octets of records that go out together.

        Raises:
            LocalProtocolError: one is not legal now, or cannot be told from another one.
        """
        state, sequence, octets = self._state, self._sequence, []
        for record in records:
            after = state_after(state, record, self.side)
            if after is None:
                name = type(record).__name__
                raise LocalProtocolError(f"{name} is not legal for a {self.side.value} in state {state.name}")
            written = _written(record)
            if self.side is Side.CLIENT and _read_command(written, state) != record:
                raise LocalProtocolError(f"{record} cannot be told from another record in state {state.name}")
            packets, sequence = write_packets(written, sequence)
            octets.append(packets)
            state = after
        self._state, self._sequence = state, sequence
        return b"".join(octets)

    def _append(self, data: bytes) -> None:
        self._packets.feed(data)

    def _read(self) -> Record | None:
        octets = self._packets.next()
        return None if octets is None else self._taken(octets)

    def _taken(self, octets: bytes) -> Record:
        peer = Side.SERVER if self.side is Side.CLIENT else Side.CLIENT
        record = _read_command(octets, self._state) if peer is Side.CLIENT else _read_reply(octets)
        after = None if record is None else state_after(self._state, record, peer)
        if record is None or after is None:
            raise RemoteProtocolError(f"{octets[:40]!r} is not legal in state {self._state.name}")
        self._state = after
        return record


class Client(Endpoint):
    """Who calls."""

    side = Side.CLIENT


class Server(Endpoint):
    """Who answers."""

    side = Side.SERVER


def _written(record: Record) -> bytes:
    match record:
        case Sender():
            return f"{record.options};{record.address}".encode()
        case Recipient():
            return record.address.encode()
        case EndOfRecipients():
            return b""
        case Text():
            return record.content
        case Reply():
            return f"{record.code:02X}{record.text}".encode()
        case _:
            return type(record).__name__.lower().encode()


def _read_command(octets: bytes, state: State) -> Record | None:
    """What a record of the client's is in a state; None where it is nothing."""
    if state is State.TEXT:
        return Text(octets)
    text = octets.decode("utf-8", "replace")
    if state is State.RECIPIENTS:
        return Recipient(text) if text else EndOfRecipients()
    if text == "end":
        return End()
    if state is State.CALLED:
        return Submit() if text == "submit" else None
    options, semicolon, address = text.partition(";")
    return Sender(address, options) if semicolon else None


def _read_reply(octets: bytes) -> Reply | None:
    found = _REPLY.fullmatch(octets.decode("utf-8", "replace"))
    return Reply(int(found[1], 16), found[2]) if found else None

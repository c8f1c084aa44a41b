"""Both ends of an MQTT connection: octets from packets, octets in, packets out (MQTT 3.1.1)."""

from __future__ import annotations

from typing import ClassVar

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.events import ConnectionClosed, NeedDataType
from sim.protocol.machine import Machine
from sim.protocol.mqtt.codec import LONGEST, read_header, read_packet, write_packet
from sim.protocol.mqtt.packets import Connack, Connect, Packet, Puback, Pubcomp, Pubrec, Suback, Unsuback
from sim.protocol.mqtt.states import Side, State, answer_to, state_after

_MOST = 65_535
"""Numbers that packets can have."""


class Endpoint(Machine[State, Packet]):
    """One end of a connection.

    `send` gives the octets of packets, `receive_data` and then `next_event` those that the peer sent, until NEED_DATA
    or ConnectionClosed. What a packet is to be answered is the caller's affair, and that it is answered once.

    Args:
        longest: octets that a packet may have behind its fixed header.

    Attributes:
        in_flight: the numbers of the packets sent that have yet to be answered, and what is to answer each.
    """

    side: ClassVar[Side]

    def __init__(self, *, longest: int = LONGEST) -> None:
        super().__init__(State.OPEN, State.CLOSED)
        self._longest = longest
        self._last_id = 0
        self.in_flight: dict[int, type] = {}

    def next_id(self) -> int:
        """A number for the next packet that needs one.

        Raises:
            LocalProtocolError: all of them are in flight.
        """
        if len(self.in_flight) == _MOST:
            raise LocalProtocolError(f"all {_MOST} numbers of packets are in flight")
        self._last_id = self._last_id % _MOST + 1
        while self._last_id in self.in_flight:
            self._last_id = self._last_id % _MOST + 1
        return self._last_id

    def send(self, *packets: Packet) -> bytes:
        """The octets of packets that go out together.

        Raises:
            LocalProtocolError: one is not legal now, a value in it cannot be sent, or its number is in flight.
        """
        state, octets, flying = self._state, [], dict[int, type]()
        for packet in packets:
            after = state_after(state, packet, self.side)
            if after is None:
                name = type(packet).__name__
                raise LocalProtocolError(f"{name} is not legal for a {self.side.value} in state {state.name}")
            answer, number = answer_to(packet), getattr(packet, "packet_id", 0)
            if answer is not None:
                if number in self.in_flight or number in flying:
                    raise LocalProtocolError(f"packet {number} has yet to be answered: take another number")
                flying[number] = answer
            octets.append(write_packet(packet))
            state = after
        self.in_flight |= flying
        self._state = state
        return b"".join(octets)

    def _read(self) -> Packet | None:
        header = read_header(self._octets, self._longest)
        if header is None or len(self._octets) < sum(header):
            return None
        start, length = header
        packet = read_packet(self._octets[0], bytes(self._octets[start : start + length]))
        del self._octets[: start + length]
        after = state_after(self._state, packet, self._peer)
        if after is None:
            raise RemoteProtocolError(f"{type(packet).__name__} is not legal in state {self._state.name}")
        if isinstance(packet, Puback | Pubrec | Pubcomp | Suback | Unsuback):
            self._take_answer(packet)
        self._state = after
        return packet

    def _take_answer(self, packet: Puback | Pubrec | Pubcomp | Suback | Unsuback) -> None:
        """A number that is not in flight is that of a packet before the connection, or none: nobody minds."""
        number = packet.packet_id
        awaited = self.in_flight.get(number)
        if awaited is not None and awaited is not type(packet):
            raise RemoteProtocolError(f"{type(packet).__name__} answers packet {number}: {awaited.__name__} does")
        self.in_flight.pop(number, None)

    @property
    def _peer(self) -> Side:
        return Side.SERVER if self.side is Side.CLIENT else Side.CLIENT


class Client(Endpoint):
    """A client's end: it sends CONNECT first."""

    side = Side.CLIENT


class Server(Endpoint):
    """A broker's end: its answer to CONNECT comes before anything else is read."""

    side = Side.SERVER

    def next_event(self) -> Packet | ConnectionClosed | NeedDataType:
        """The next packet of the client's.

        Raises:
            LocalProtocolError: CONNECT has yet to be answered.
            RemoteProtocolError: as of any end.
        """
        if self._state is State.CONNECTING:
            raise LocalProtocolError(f"{Connect.__name__} still waits for its {Connack.__name__}: send it first")
        return super().next_event()

"""Both ends of an association: octets from PDUs, octets in, PDUs out (X.224, X.225, RFC 1006)."""

from __future__ import annotations

from typing import ClassVar, Final

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.machine import Machine
from sim.protocol.x400.pdus import ConnectConfirm, ConnectRequest, DisconnectRequest, Pdu
from sim.protocol.x400.spdus import read_session, write_session
from sim.protocol.x400.states import Side, State, state_after
from sim.protocol.x400.transport import SIZES, TpduReader, write_data, write_transport

LONGEST: Final = 1 << 20
"""Octets that a TSDU may have: more than a checkpoint of any size the RTS is used with."""


class Association(Machine[State, Pdu]):
    """One end.

    `send` gives the octets of PDUs, `receive_data` and then `next_event` those that the peer sent, until NEED_DATA or
    ConnectionClosed. Which PDU is due is the caller's affair; the table says which may be sent.

    Attributes:
        size: octets that a TPDU has at most, as the two have agreed.
    """

    side: ClassVar[Side]

    def __init__(self) -> None:
        super().__init__(State.START, State.CLOSED)
        self._reader = TpduReader(LONGEST)
        self.size = SIZES[0]

    def send(self, *pdus: Pdu) -> bytes:
        """The octets of PDUs that go out together.

        Raises:
            LocalProtocolError: one is not legal now, or proposes a size of TPDUs that there is not.
        """
        state, size, octets = self._state, self.size, []
        for pdu in pdus:
            after = state_after(state, pdu, self.side)
            if after is None:
                name = type(pdu).__name__
                raise LocalProtocolError(f"{name} is not legal for the {self.side.value} in state {state.name}")
            if isinstance(pdu, ConnectRequest | ConnectConfirm):
                if pdu.size not in SIZES:
                    raise LocalProtocolError(f"TPDUs of {pdu.size} octets: allowed are {', '.join(map(str, SIZES))}")
                size = pdu.size
            if isinstance(pdu, ConnectRequest | ConnectConfirm | DisconnectRequest):
                octets.append(write_transport(pdu))
            else:
                octets.append(write_data(write_session(pdu), size))
            state = after
        self._state, self.size = state, size
        return b"".join(octets)

    def _append(self, data: bytes) -> None:
        self._reader.append(data)

    def _read(self) -> Pdu | None:
        found = self._reader.next()
        if found is None:
            return None
        pdu = read_session(found) if isinstance(found, bytes) else found
        after = state_after(self._state, pdu, Side.RESPONDER if self.side is Side.INITIATOR else Side.INITIATOR)
        if after is None:
            raise RemoteProtocolError(f"{type(pdu).__name__} is not legal in state {self._state.name}")
        if isinstance(pdu, ConnectRequest | ConnectConfirm):
            if self.side is Side.INITIATOR and pdu.size > self.size:
                raise RemoteProtocolError(f"TPDUs of {pdu.size} octets where {self.size} were proposed")
            self.size = pdu.size
        self._state = after
        return pdu


class Initiator(Association):
    """The end that asks for the association, and sends the messages."""

    side = Side.INITIATOR


class Responder(Association):
    """The end that grants it, and takes them."""

    side = Side.RESPONDER

"""TPDUs of class 0 (X.224 section 13) in TPKTs (RFC 1006 section 6)."""

from __future__ import annotations

from typing import Final

from sim.protocol.errors import RemoteProtocolError
from sim.protocol.x400.pdus import ConnectConfirm, ConnectRequest, DisconnectRequest, TransportPdu

SIZES: Final = tuple(128 << power for power in range(7))
"""Octets that a TPDU may have (X.224 section 13.3.4)."""

_VERSION: Final = 3
_HEADER: Final = 4
_CR, _CC, _DR, _DT = 0xE0, 0xD0, 0x80, 0xF0
_SIZE, _CALLING, _CALLED = 0xC0, 0xC1, 0xC2
_LAST: Final = 0x80
_REFERENCE: Final = b"\0\1"


def write_transport(pdu: TransportPdu) -> bytes:
    """The TPKT of a PDU that is transport's own."""
    match pdu:
        case ConnectRequest():
            selectors = _parameter(_CALLING, pdu.calling) + _parameter(_CALLED, pdu.called)
            return _tpkt(bytes([_CR]) + b"\0\0" + _REFERENCE + b"\0" + _size(pdu.size) + selectors)
        case ConnectConfirm():
            return _tpkt(bytes([_CC]) + _REFERENCE + _REFERENCE + b"\0" + _size(pdu.size))
        case _:
            return _tpkt(bytes([_DR]) + _REFERENCE + _REFERENCE + bytes([pdu.reason]))


def write_data(octets: bytes, size: int) -> bytes:
    """The TPKTs of a TSDU, in TPDUs of at most `size` octets."""
    most = size - 3
    pieces = [octets[at : at + most] for at in range(0, len(octets), most)] or [b""]
    last = len(pieces) - 1
    return b"".join([_tpkt(bytes([_DT, _LAST if number == last else 0]), piece) for number, piece in enumerate(pieces)])


def whole_tpkts(octets: bytes) -> int:
    """How many of the first octets are whole TPKTs.

    Raises:
        RemoteProtocolError: one is none.
    """
    at = 0
    while at + _HEADER <= len(octets):
        length = _length(octets, at)
        if at + length > len(octets):
            break
        at += length
    return at


class TpduReader:
    """Puts TPDUs together again: gives the PDUs that are transport's own, and TSDUs as octets.

    Args:
        longest: octets that a TSDU may have.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._octets = bytearray()
        self._begun = bytearray()

    def append(self, octets: bytes) -> None:
        """Put octets behind the others."""
        self._octets += octets

    def next(self) -> TransportPdu | bytes | None:
        """The next PDU or TSDU; None where it is not there yet.

        Raises:
            RemoteProtocolError: what comes next is none.
        """
        while len(self._octets) >= _HEADER:
            length = _length(self._octets, 0)
            if length > len(self._octets):
                return None
            tpdu = bytes(self._octets[_HEADER:length])
            del self._octets[:length]
            code = tpdu[1] if len(tpdu) > 1 else 0
            if code != _DT:
                return _read(code, tpdu)
            if tpdu[0] != 2 or len(tpdu) < 3:
                raise RemoteProtocolError(f"a DT TPDU has a header of {tpdu[0]} octets: 2 are allowed")
            self._begun += tpdu[3:]
            if len(self._begun) > self._longest:
                raise RemoteProtocolError(f"a TSDU of {len(self._begun)} octets: at most {self._longest} are taken")
            if tpdu[2] & _LAST:
                tsdu = bytes(self._begun)
                self._begun.clear()
                return tsdu
        return None


def _read(code: int, tpdu: bytes) -> TransportPdu:
    if tpdu[:1] != bytes([len(tpdu) - 1]) or len(tpdu) < 7:
        raise RemoteProtocolError(f"a TPDU says that its header has {tpdu[:1].hex() or 'no'} octets: {len(tpdu)} came")
    fields = _parameters(tpdu[7:])
    power = fields.get(_SIZE, b"\7")
    if code in (_CR, _CC) and (tpdu[6] >> 4 or len(power) != 1 or not 7 <= power[0] <= 13):
        raise RemoteProtocolError(f"a TPDU asks for class {tpdu[6] >> 4} and size {power.hex()}: class 0, 07 to 0d")
    if code == _CR:
        return ConnectRequest(fields.get(_CALLING, b""), fields.get(_CALLED, b""), 1 << power[0])
    if code == _CC:
        return ConnectConfirm(1 << power[0])
    if code == _DR:
        return DisconnectRequest(tpdu[6])
    raise RemoteProtocolError(f"a TPDU has the code {code:#04x}: CR, CC, DR and DT are allowed")


def _parameters(octets: bytes) -> dict[int, bytes]:
    fields, at = dict[int, bytes](), 0
    while at < len(octets):
        if at + 2 > len(octets) or at + 2 + octets[at + 1] > len(octets):
            raise RemoteProtocolError("a parameter of a TPDU is longer than the TPDU")
        fields[octets[at]] = octets[at + 2 : at + 2 + octets[at + 1]]
        at += 2 + octets[at + 1]
    return fields


def _length(octets: bytes | bytearray, at: int) -> int:
    length = int.from_bytes(octets[at + 2 : at + 4], "big")
    if octets[at] != _VERSION or length <= _HEADER:
        raise RemoteProtocolError(f"a TPKT of version {octets[at]} and {length} octets: version 3 and 5 or more")
    return length


def _tpkt(header: bytes, data: bytes = b"") -> bytes:
    tpdu = bytes([len(header)]) + header + data
    return bytes([_VERSION, 0]) + (len(tpdu) + _HEADER).to_bytes(2, "big") + tpdu


def _size(octets: int) -> bytes:
    return _parameter(_SIZE, bytes([octets.bit_length() - 1]))


def _parameter(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value if value else b""

"""SPDUs (X.225 section 8.3), as the RTS uses them: each one's syntax stands here once, for reading and for writing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sim.protocol.errors import RemoteProtocolError
from sim.protocol.x400 import pdus
from sim.protocol.x400.pdus import SessionPdu

# Parameters.
_CONNECTION_ID, _ITEM, _LINKING, _USER_DATA = 1, 5, 33, 193
_CALLED_REF, _CALLING_REF, _COMMON_REF = 9, 10, 11
_REASON, _DISCONNECT, _OPTIONS, _REQUIREMENTS, _VERSION = 50, 17, 19, 20, 22
_ACTIVITY, _SERIAL = 41, 42
_DATA: Final = 1

_TOKENS: Final = b"\1\0"
_NEEDS: Final = (0x0249).to_bytes(2, "big")
"""Half-duplex, minor synchronize, activity management, exceptions (X.225 section 8.3.1.16)."""

_INTEGER: Final = 2


def write_session(pdu: SessionPdu) -> bytes:
    """The SPDU, with the token's SPDU before it where the two are one TSDU (X.225 section 6.3.7)."""
    if isinstance(pdu, pdus.Data):
        return _TOKENS + bytes([_DATA, 0]) + pdu.user_data
    syntax = _BEHIND_TOKENS.get(type(pdu))
    if syntax is not None:
        return _TOKENS + _parameter(syntax[0], syntax[1](pdu))
    code, write, _ = _ALONE[type(pdu)]
    return _parameter(code, write(pdu))


def read_session(tsdu: bytes) -> SessionPdu:
    """The PDU that a TSDU is.

    Raises:
        RemoteProtocolError: it is none.
    """
    readers, behind = _FIRST, tsdu[:1] in (b"\1", b"\2") and len(tsdu) > 2
    # GIVE TOKENS and PLEASE TOKENS, of no parameters that matter, stand before an SPDU of the second category.
    if behind:
        tsdu, readers = _cut(tsdu)[1], _SECOND
    code = tsdu[0] if tsdu else 0
    if code == _DATA and behind:
        return pdus.Data(_cut(tsdu)[1])
    reader = readers.get(code)
    if reader is None:
        raise RemoteProtocolError(f"an SPDU has the code {code}, which the RTS does not use")
    (_, content), rest = _cut(tsdu)
    if rest:
        raise RemoteProtocolError(f"{len(rest)} octets behind an SPDU")
    return reader(_fields(content))


_Fields = Mapping[int, bytes]


def _fields(octets: bytes) -> dict[int, bytes]:
    """Parameters by their codes; those of a group are among the others, but that of an old activity keeps to itself."""
    fields = dict[int, bytes]()
    while octets:
        (code, value), octets = _cut(octets)
        if code in (_CONNECTION_ID, _ITEM):
            fields |= _fields(value)
        else:
            fields[code] = value
    return fields


def _cut(octets: bytes) -> tuple[tuple[int, bytes], bytes]:
    """The code and the value of the first parameter, and what is behind it (X.225 section 8.2.5)."""
    start, length = 2, octets[1] if len(octets) > 1 else len(octets)
    if length == 255:
        start, length = 4, int.from_bytes(octets[2:4], "big")
    if start + length > len(octets):
        raise RemoteProtocolError(f"a parameter of an SPDU says that it has {length} octets: it has fewer")
    return (octets[0], octets[start : start + length]), octets[start + length :]


def _parameter(code: int, value: bytes) -> bytes:
    length = bytes([len(value)]) if len(value) < 255 else b"\xff" + len(value).to_bytes(2, "big")
    return bytes([code]) + length + value


def _optional(code: int, value: bytes) -> bytes:
    return _parameter(code, value) if value else b""


def _digits(code: int, number: int) -> bytes:
    return _parameter(code, str(number).encode("ascii"))


def _number(code: int, number: int) -> bytes:
    octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return _parameter(code, bytes([_INTEGER, len(octets)]) + octets)


def _serial(fields: _Fields) -> int:
    digits = fields.get(_SERIAL, b"")
    if not digits.isdigit() or len(digits) > 6:
        raise RemoteProtocolError(f"a serial number is {digits[:20]!r}: 1 to 6 digits are allowed")
    return int(digits)


def _identifier(fields: _Fields) -> int:
    octets = fields.get(_ACTIVITY, b"")
    if len(octets) < 3 or octets[0] != _INTEGER or octets[1] != len(octets) - 2:
        raise RemoteProtocolError(f"an activity's identifier is {octets[:20].hex()!r}: an INTEGER is allowed")
    return int.from_bytes(octets[2:], "big")


def _reason(fields: _Fields) -> int:
    return (fields.get(_REASON) or b"\0")[0]


def _write_connection(own: int, pdu: pdus.Connect | pdus.Accept) -> bytes:
    references = _parameter(_CONNECTION_ID, _optional(own, pdu.reference) + _optional(_COMMON_REF, pdu.common))
    item = _parameter(_ITEM, _parameter(_OPTIONS, b"\0") + _parameter(_VERSION, b"\1"))
    return references + item + _parameter(_REQUIREMENTS, _NEEDS) + _parameter(_USER_DATA, pdu.user_data)


def _read_connect(fields: _Fields) -> pdus.Connect:
    return pdus.Connect(fields.get(_USER_DATA, b""), fields.get(_CALLING_REF, b""), fields.get(_COMMON_REF, b""))


def _read_accept(fields: _Fields) -> pdus.Accept:
    return pdus.Accept(fields.get(_USER_DATA, b""), fields.get(_CALLED_REF, b""), fields.get(_COMMON_REF, b""))


def _write_resume(pdu: pdus.ActivityResume) -> bytes:
    linking = _number(_ACTIVITY, pdu.old) + _digits(_SERIAL, pdu.serial)
    return _parameter(_LINKING, linking) + _number(_ACTIVITY, pdu.identifier)


def _read_resume(fields: _Fields) -> pdus.ActivityResume:
    linking = _fields(fields.get(_LINKING, b""))
    return pdus.ActivityResume(_identifier(fields), _identifier(linking), _serial(linking))


def _write_serial(pdu: Any) -> bytes:  # noqa: ANN401 - one of those that have a serial number
    return _digits(_SERIAL, pdu.serial)


def _with_serial(kind: Callable[[int], SessionPdu]) -> Callable[[_Fields], SessionPdu]:
    return lambda fields: kind(_serial(fields))


def _write_reason(pdu: Any) -> bytes:  # noqa: ANN401 - one of those that have a reason
    return _parameter(_REASON, bytes([pdu.reason]))


def _with_reason(kind: Callable[[int], SessionPdu]) -> Callable[[_Fields], SessionPdu]:
    return lambda fields: kind(_reason(fields))


def _empty(kind: Callable[[], SessionPdu]) -> Callable[[_Fields], SessionPdu]:
    return lambda _: kind()


_Syntax = Mapping[type, tuple[int, Callable[[Any], bytes], Callable[[_Fields], SessionPdu]]]

_ALONE: _Syntax = {
    pdus.Connect: (13, lambda pdu: _write_connection(_CALLING_REF, pdu), _read_connect),
    pdus.Accept: (14, lambda pdu: _write_connection(_CALLED_REF, pdu), _read_accept),
    pdus.Refuse: (
        12,
        lambda pdu: _parameter(_REASON, bytes([pdu.reason]) + pdu.user_data),
        lambda fields: pdus.Refuse(_reason(fields), fields.get(_REASON, b"")[1:]),
    ),
    pdus.Finish: (
        9,
        lambda pdu: _parameter(_DISCONNECT, b"\0") + _optional(_USER_DATA, pdu.user_data),
        lambda fields: pdus.Finish(fields.get(_USER_DATA, b"")),
    ),
    pdus.Disconnect: (
        10,
        lambda pdu: _optional(_USER_DATA, pdu.user_data),
        lambda fields: pdus.Disconnect(fields.get(_USER_DATA, b"")),
    ),
    pdus.Abort: (
        25,
        lambda pdu: _parameter(_DISCONNECT, b"\3") + _optional(_USER_DATA, pdu.user_data),
        lambda fields: pdus.Abort(fields.get(_USER_DATA, b"")),
    ),
}
"""SPDUs of the first category: each is a TSDU (X.225 section 6.3.7)."""

_BEHIND_TOKENS: _Syntax = {
    pdus.ActivityStart: (
        45,
        lambda pdu: _number(_ACTIVITY, pdu.identifier),
        lambda fields: pdus.ActivityStart(_identifier(fields)),
    ),
    pdus.ActivityResume: (29, _write_resume, _read_resume),
    pdus.MinorSync: (49, _write_serial, _with_serial(pdus.MinorSync)),
    pdus.MinorSyncAck: (50, _write_serial, _with_serial(pdus.MinorSyncAck)),
    pdus.ActivityEnd: (41, _write_serial, _with_serial(pdus.ActivityEnd)),
    pdus.ActivityEndAck: (42, _write_serial, _with_serial(pdus.ActivityEndAck)),
    pdus.ActivityInterrupt: (25, _write_reason, _with_reason(pdus.ActivityInterrupt)),
    pdus.ActivityInterruptAck: (26, lambda _: b"", _empty(pdus.ActivityInterruptAck)),
    pdus.ActivityDiscard: (57, _write_reason, _with_reason(pdus.ActivityDiscard)),
    pdus.ActivityDiscardAck: (58, lambda _: b"", _empty(pdus.ActivityDiscardAck)),
    pdus.ExceptionReport: (48, _write_reason, _with_reason(pdus.ExceptionReport)),
}
"""SPDUs of the second: each follows a token's."""

_FIRST = {code: read for code, _, read in _ALONE.values()}
_SECOND = {code: read for code, _, read in _BEHIND_TOKENS.values()}

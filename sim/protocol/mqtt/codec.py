"""MQTT's control packets on the wire: each one's syntax stands here once, for reading and for writing (section 2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sim.protocol.errors import LocalProtocolError, RemoteProtocolError
from sim.protocol.mqtt.packets import (
    SUBACK_FAILURE,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)
from sim.protocol.mqtt.topics import is_filter, is_string, is_topic

LONGEST = 268_435_455
"""Octets behind a fixed header, at most (section 2.2.3)."""

_NAME = "MQTT"
_FAR = 128


def write_packet(packet: Packet) -> bytes:
    """The octets of a packet.

    Raises:
        LocalProtocolError: a value in it cannot be sent.
    """
    number, write = _WRITERS[type(packet)]
    try:
        flags, body = write(packet)
        octets = bytes([number << 4 | flags]) + _length(len(body)) + body
        read = read_packet(octets[0], body)
    except (ValueError, OverflowError, RemoteProtocolError) as error:
        raise LocalProtocolError(f"cannot send {packet!r:.120}: {error}") from None
    if read != packet:
        raise LocalProtocolError(f"cannot send {packet!r:.120}: it would be {read!r:.120} to the peer")
    return octets


def read_header(octets: bytes | bytearray, longest: int) -> tuple[int, int] | None:
    """Where the body of the packet begins that octets begin with, and how long it is; None where that is not there yet.

    Raises:
        RemoteProtocolError: it is longer than the longest that is taken, or its length is no number.
    """
    length = 0
    for index, octet in enumerate(octets[1:5]):
        length += (octet & 127) << (7 * index)
        if octet < _FAR:
            if length > longest:
                raise RemoteProtocolError(f"a packet of {length} octets: at most {longest} are taken")
            return index + 2, length
    if len(octets) < 5:
        return None
    raise RemoteProtocolError("the length of a packet has more than 4 octets")


def read_packet(first: int, body: bytes) -> Packet:
    """The packet of a first octet and a body.

    Raises:
        RemoteProtocolError: it is malformed.
    """
    reader = _READERS.get(first >> 4)
    if reader is None:
        raise RemoteProtocolError(f"there is no packet of type {first >> 4}")
    fields, flags = _Fields(body), first & 15
    if reader is not _read_publish and flags != _FLAGS.get(first >> 4, 0):
        raise RemoteProtocolError(f"flags {flags:04b} in a packet of type {first >> 4}")
    packet = reader(fields, flags)
    fields.end()
    return packet


def _length(number: int) -> bytes:
    if number > LONGEST:
        raise ValueError(f"it has {number} octets, at most {LONGEST} are allowed")
    octets = bytearray()
    while True:
        number, low = divmod(number, _FAR)
        octets.append(low | (_FAR if number else 0))
        if not number:
            return bytes(octets)


class _Fields:
    """Reads the fields of a body one by one."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def octets(self, count: int) -> bytes:
        """So many octets."""
        taken = self._body[self._at : self._at + count]
        if len(taken) < count:
            raise RemoteProtocolError("a packet is too short for its fields")
        self._at += count
        return taken

    def octet(self) -> int:
        """One octet."""
        return self.octets(1)[0]

    def number(self) -> int:
        """Two octets, the high one first."""
        return int.from_bytes(self.octets(2), "big")

    def identifier(self) -> int:
        """A packet's number."""
        number = self.number()
        if not number:
            raise RemoteProtocolError("a packet has the number 0")
        return number

    def data(self) -> bytes:
        """Octets behind their number."""
        return self.octets(self.number())

    def string(self, allowed: Callable[[str], bool] = is_string) -> str:
        """A string, of which something may be asked."""
        octets = self.data()
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            raise RemoteProtocolError(f"{octets[:80]!r} is not UTF-8") from None
        if not allowed(text):
            raise RemoteProtocolError(f"{text[:80]!r} is not allowed here")
        return text

    def rest(self) -> bytes:
        """All octets that are left."""
        return self.octets(len(self._body) - self._at)

    @property
    def left(self) -> bool:
        """Whether there are more."""
        return self._at < len(self._body)

    def end(self) -> None:
        """There are no more."""
        if self.left:
            raise RemoteProtocolError(f"a packet has {len(self._body) - self._at} octets too many")


def _number(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _data(octets: bytes) -> bytes:
    return _number(len(octets)) + octets


def _string(text: str) -> bytes:
    return _data(text.encode("utf-8"))


def _write_connect(packet: Connect) -> tuple[int, bytes]:
    will, flags, fields = packet.will, packet.clean_session << 1, [_string(packet.client_id)]
    if will is not None:
        flags |= 4 | will.qos << 3 | will.retain << 5
        fields += [_string(will.topic), _data(will.payload)]
    if packet.username is not None:
        flags |= 128
        fields.append(_string(packet.username))
    if packet.password is not None:
        flags |= 64
        fields.append(_data(packet.password))
    head = _string(_NAME) + bytes([packet.level, flags]) + _number(packet.keep_alive)
    return 0, head + b"".join(fields)


def _read_connect(fields: _Fields, _: int) -> Connect:
    if fields.string() != _NAME:
        raise RemoteProtocolError("CONNECT names another protocol")
    level, flags, keep_alive, client_id = fields.octet(), fields.octet(), fields.number(), fields.string()
    qos = flags >> 3 & 3
    # Sections 3.1.2.3 to 3.1.2.9.
    if flags & 1 or qos == 3 or (not flags & 4 and flags & 56) or flags & 192 == 64:
        raise RemoteProtocolError(f"CONNECT has the flags {flags:08b}")
    will = Will(fields.string(is_topic), fields.data(), qos, bool(flags & 32)) if flags & 4 else None
    username = fields.string() if flags & 128 else None
    password = fields.data() if flags & 64 else None
    return Connect(client_id, bool(flags & 2), keep_alive, username, password, will, level)


def _write_connack(packet: Connack) -> tuple[int, bytes]:
    return 0, bytes([packet.session_present, packet.code])


def _read_connack(fields: _Fields, _: int) -> Connack:
    present, code = fields.octet(), fields.octet()
    if present > 1 or code > 5 or (present and code):
        raise RemoteProtocolError(f"CONNACK says {present} and {code}")
    return Connack(bool(present), code)


def _write_publish(packet: Publish) -> tuple[int, bytes]:
    number = _number(packet.packet_id) if packet.qos else b""
    return packet.dup << 3 | packet.qos << 1 | packet.retain, _string(packet.topic) + number + packet.payload


def _read_publish(fields: _Fields, flags: int) -> Publish:
    qos, dup = flags >> 1 & 3, bool(flags & 8)
    if qos == 3 or (dup and not qos):
        raise RemoteProtocolError(f"PUBLISH has the flags {flags:04b}")
    topic, number = fields.string(is_topic), fields.identifier() if qos else 0
    return Publish(topic, fields.rest(), qos, number, dup, bool(flags & 1))


def _write_numbered(packet: Any) -> tuple[int, bytes]:  # noqa: ANN401 - one of those that have a number
    return _FLAGS.get(_WRITERS[type(packet)][0], 0), _number(packet.packet_id)


def _numbered(kind: Callable[[int], Packet]) -> Callable[[_Fields, int], Packet]:
    return lambda fields, _: kind(fields.identifier())


def _write_subscribe(packet: Subscribe) -> tuple[int, bytes]:
    filters = b"".join(_string(one) + bytes([qos]) for one, qos in packet.filters)
    return _FLAGS[8], _number(packet.packet_id) + filters


def _read_subscribe(fields: _Fields, _: int) -> Subscribe:
    number, filters = fields.identifier(), [_wish(fields)]
    while fields.left:
        filters.append(_wish(fields))
    return Subscribe(number, tuple(filters))


def _wish(fields: _Fields) -> tuple[str, int]:
    wanted, qos = fields.string(is_filter), fields.octet()
    if qos > 2:
        raise RemoteProtocolError(f"SUBSCRIBE asks for a QoS of {qos}")
    return wanted, qos


def _write_suback(packet: Suback) -> tuple[int, bytes]:
    return 0, _number(packet.packet_id) + bytes(packet.codes)


def _read_suback(fields: _Fields, _: int) -> Suback:
    number, codes = fields.identifier(), tuple(fields.rest())
    if not {*codes} <= {0, 1, 2, SUBACK_FAILURE} or not codes:
        raise RemoteProtocolError(f"SUBACK says {codes}")
    return Suback(number, codes)


def _write_unsubscribe(packet: Unsubscribe) -> tuple[int, bytes]:
    return _FLAGS[10], _number(packet.packet_id) + b"".join(map(_string, packet.filters))


def _read_unsubscribe(fields: _Fields, _: int) -> Unsubscribe:
    number, filters = fields.identifier(), [fields.string(is_filter)]
    while fields.left:
        filters.append(fields.string(is_filter))
    return Unsubscribe(number, tuple(filters))


def _write_empty(_: Packet) -> tuple[int, bytes]:
    return 0, b""


def _empty(kind: Callable[[], Packet]) -> Callable[[_Fields, int], Packet]:
    return lambda _fields, _flags: kind()


_FLAGS = {6: 2, 8: 2, 10: 2}
"""The flags of the packets that have any, beside PUBLISH: PUBREL, SUBSCRIBE, UNSUBSCRIBE (section 2.2.2)."""

_SYNTAX: Mapping[type, tuple[int, Callable[[Any], tuple[int, bytes]], Callable[[_Fields, int], Packet]]] = {
    Connect: (1, _write_connect, _read_connect),
    Connack: (2, _write_connack, _read_connack),
    Publish: (3, _write_publish, _read_publish),
    Puback: (4, _write_numbered, _numbered(Puback)),
    Pubrec: (5, _write_numbered, _numbered(Pubrec)),
    Pubrel: (6, _write_numbered, _numbered(Pubrel)),
    Pubcomp: (7, _write_numbered, _numbered(Pubcomp)),
    Subscribe: (8, _write_subscribe, _read_subscribe),
    Suback: (9, _write_suback, _read_suback),
    Unsubscribe: (10, _write_unsubscribe, _read_unsubscribe),
    Unsuback: (11, _write_numbered, _numbered(Unsuback)),
    Pingreq: (12, _write_empty, _empty(Pingreq)),
    Pingresp: (13, _write_empty, _empty(Pingresp)),
    Disconnect: (14, _write_empty, _empty(Disconnect)),
}
"""The type of each packet on the wire, and how it is written and read (section 2.2.1)."""

_WRITERS = {kind: (number, write) for kind, (number, write, _) in _SYNTAX.items()}
_READERS = {number: read for number, _, read in _SYNTAX.values()}

"""The packets of PhoneNet's link: lines of at most 255 characters of ASCII (MMDF's lib/dial, d_proto.h).

A packet has a checksum of four hexadecimal digits, its type, its flags, and text; an octet that a telephone line might
not carry is an escape character and two hexadecimal digits. The last packet of a record has a flag. That each packet
is acknowledged before the next is sent is the link's business (a carrier's), and costs no octets here.
"""

from __future__ import annotations

import re
from typing import Final

from sim.protocol.errors import RemoteProtocolError
from sim.protocol.octets import OctetQueue

LONGEST: Final = 255
"""Characters of a packet, without the line end."""

RECORD_LIMIT: Final = 64 * 1024 * 1024
"""Octets of a record that are taken."""

_HEADER: Final = 6
_DATA: Final = b"0"
_END: Final = 4
_SEQUENCE: Final = 3
_ESCAPED: Final = re.compile(rb"[^ -\"$-~]")
_WRITTEN: Final = re.compile(rb"#([0-9A-F]{2})|[^#]")


def write_packets(record: bytes, sequence: int) -> tuple[bytes, int]:
    """A record as packets, the first of which has that number (modulo 4); and the number of the next."""
    pieces = [_ESCAPED.sub(lambda found: b"#%02X" % found[0][0], record[at : at + 1]) for at in range(len(record))]
    texts, text = [], bytearray()
    for piece in pieces:
        if len(text) + len(piece) > LONGEST - _HEADER:
            texts.append(bytes(text))
            text.clear()
        text += piece
    texts.append(bytes(text))
    packets = []
    for number, body in enumerate(texts, sequence):
        flags = (number & _SEQUENCE) | (_END if number == sequence + len(texts) - 1 else 0)
        rest = _DATA + b"%X" % flags + body
        packets.append(b"%04X" % checksum(rest) + rest + b"\r\n")
    return b"".join(packets), (sequence + len(texts)) & _SEQUENCE


def checksum(octets: bytes) -> int:
    """16 bits over all of a packet behind its checksum."""
    return sum(octets) & 0xFFFF


class PacketReader:
    """Records out of packets, in whatever pieces these come."""

    def __init__(self) -> None:
        self._octets = OctetQueue()
        self._record = bytearray()
        self._sequence = 0

    def feed(self, data: bytes) -> None:
        """Take octets."""
        self._octets.append(data)

    def next(self) -> bytes | None:
        """The next record; None when its end has yet to come.

        Raises:
            RemoteProtocolError: what came is no packet, or not the next one.
        """
        while (packet := self._octets.line(LONGEST)) is not None:
            flags = self._checked(packet)
            text = packet[_HEADER:]
            if b"".join(found[0] for found in _WRITTEN.finditer(text)) != text:
                raise RemoteProtocolError(f"a packet with a broken escape: {text!r}")
            self._record += _WRITTEN.sub(lambda found: bytes((int(found[1], 16),)) if found[1] else found[0], text)
            if len(self._record) > RECORD_LIMIT:
                raise RemoteProtocolError(f"a record of more than {RECORD_LIMIT} octets")
            if flags & _END:
                record, self._record = bytes(self._record), bytearray()
                return record
        if self._octets.overflows:
            raise RemoteProtocolError(f"a packet of more than {LONGEST} characters")
        return None

    def _checked(self, packet: bytes) -> int:
        """The flags of a packet that is as it should be."""
        if not re.fullmatch(rb"[0-9A-F]{4}0[0-7].*", packet, re.DOTALL) or len(packet) > LONGEST:
            raise RemoteProtocolError(f"no packet: {packet[:40]!r}")
        if int(packet[:4], 16) != checksum(packet[4:]):
            raise RemoteProtocolError(f"a packet whose checksum is wrong: {packet[:40]!r}")
        flags = int(packet[5:6], 16)
        if flags & _SEQUENCE != self._sequence:
            raise RemoteProtocolError(f"packet {flags & _SEQUENCE} where {self._sequence} was to come")
        self._sequence = (self._sequence + 1) & _SEQUENCE
        return flags

"""Tags and lengths of BER (X.209): what the library that knows the syntax is not asked for."""

from __future__ import annotations

from typing import Final

from sim.protocol.errors import RemoteProtocolError

PIECE: Final = 65_535
"""Octets of a string that has more than these go as pieces, each a string of its own."""

_CONSTRUCTED: Final = 0x20
_OCTET_STRING: Final = 0x04
_INDEFINITE: Final = 0x80
_END: Final = b"\0\0"
_DEEPEST: Final = 32


def wrap(tag: int, *contents: bytes) -> bytes:
    """Contents behind a tag of one octet and their length."""
    content = b"".join(contents)
    return bytes([tag]) + length(len(content)) + content


def length(number: int) -> bytes:
    """A length in its shortest form."""
    if number < _INDEFINITE:
        return bytes([number])
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes([_INDEFINITE | len(octets)]) + octets


def octet_string(content: bytes) -> bytes:
    """An OCTET STRING: where it has more than 65,535 octets, pieces in a string of indefinite length."""
    if len(content) <= PIECE:
        return wrap(_OCTET_STRING, content)
    pieces = [wrap(_OCTET_STRING, content[at : at + PIECE]) for at in range(0, len(content), PIECE)]
    return bytes([_OCTET_STRING | _CONSTRUCTED, _INDEFINITE]) + b"".join(pieces) + _END


def element(octets: bytes, at: int = 0) -> tuple[int, int, int]:
    """Where the contents of the element at `at` begin and end, and where the next element begins.

    Raises:
        RemoteProtocolError: there is no whole element, or its length is more than there is.
    """
    start, count = _header(octets, at)
    if count is None:
        end = start
        end = _end_of(octets, end, _DEEPEST)
        return start, end, end + len(_END)
    return start, start + count, start + count


def elements(octets: bytes) -> list[tuple[int, bytes]]:
    """The first octets of the tags of elements that follow one another, and their contents.

    Raises:
        RemoteProtocolError: as `element`.
    """
    found, at = [], 0
    while at < len(octets):
        start, end, after = element(octets, at)
        found.append((octets[at], octets[start:end]))
        at = after
    return found


def string(tag: int, content: bytes) -> bytes:
    """What an OCTET STRING holds, whose tag and content `elements` gave.

    Raises:
        RemoteProtocolError: it is none.
    """
    if tag == _OCTET_STRING:
        return content
    if tag != _OCTET_STRING | _CONSTRUCTED:
        raise RemoteProtocolError(f"an OCTET STRING has the tag {tag:#04x}: allowed are 0x04 and 0x24")
    pieces = elements(content)
    if any(piece != _OCTET_STRING for piece, _ in pieces):
        raise RemoteProtocolError("a piece of an OCTET STRING is no OCTET STRING")
    return b"".join([piece for _, piece in pieces])


def _header(octets: bytes, at: int) -> tuple[int, int | None]:
    """Where contents begin, and how many octets they have; None of an indefinite length."""
    if at + 2 > len(octets):
        raise RemoteProtocolError(f"an element at octet {at} has no tag and length")
    if octets[at] & 31 == 31:
        raise RemoteProtocolError(f"an element at octet {at} has a tag of several octets")
    first, start = octets[at + 1], at + 2
    if first == _INDEFINITE:
        if not octets[at] & _CONSTRUCTED:
            raise RemoteProtocolError(f"an element at octet {at} has an indefinite length, and no elements in it")
        return start, None
    count = first
    if first > _INDEFINITE:
        octets_of_length = first & 127
        count = int.from_bytes(octets[start : start + octets_of_length], "big")
        start += octets_of_length
    if start + count > len(octets):
        raise RemoteProtocolError(f"an element at octet {at} says that it has {count} octets: it has fewer")
    return start, count


def _end_of(octets: bytes, at: int, deepest: int) -> int:
    """Where the end-of-contents octets of an element are whose contents begin at `at`."""
    if not deepest:
        raise RemoteProtocolError(f"elements of indefinite length in one another, more than {_DEEPEST} deep")
    while octets[at : at + 2] != _END:
        start, count = _header(octets, at)
        at = _end_of(octets, start, deepest - 1) + len(_END) if count is None else start + count
    return at

"""A message in pieces, for hosts that take no large ones: message/partial (RFC 2046 section 5.2.2).

The sender's MUA cuts a message at line ends, the reader's puts the pieces together, in whatever order they come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sim.mail.content import split
from sim.mail.mime import parameters_of, read_fields
from sim.mail.seven_bit import to_7bit

_FIELD_START = re.compile(rb"(?m)^(?=[!-9;-~])")
_OF_THE_WHOLE = (b"subject", b"message-id", b"encrypted", b"mime-version")
"""Fields that are those of the message in pieces, as Content-... are; all others stand in front of each piece."""


class PartialError(ValueError):
    """What cannot be cut, with the reason."""


def cut(content: bytes, limit: int, identifier: str) -> Sequence[bytes]:
    """Cut a message into pieces; one that is small enough is its only piece, as it is.

    Args:
        content: the mail data; what needs more than seven bits is encoded first, as pieces have seven.
        limit: octets of a piece, its header included.
        identifier: names the whole, here and everywhere else: an addr-spec, as in a Message-ID.

    Raises:
        PartialError: a header and one line are more than the limit, or it cannot be had in seven bits.
    """
    if len(content) <= limit:
        return [content]
    narrow = to_7bit(content)
    if narrow is None:
        raise PartialError("it cannot be had in seven bits, which is what pieces have (RFC 2046 section 5.2.2)")
    header, body = split(narrow)
    outer = b"".join(each for each in _fields(header) if not _is_of_the_whole(each))
    inner = b"".join(each for each in _fields(header) if _is_of_the_whole(each)) + b"\r\n" + body
    subject = next((each for each in _fields(header) if _name(each) == b"subject"), b"Subject:").rstrip(b"\r\n")
    # The last piece has the longest number; more pieces may need more digits, and these more pieces.
    count = 0
    pieces: list[bytes] = []
    while len(pieces) > count or not pieces:
        count = max(len(pieces), 1)
        room = limit - len(_piece_header(outer, subject, identifier, count, count))
        pieces = list(_lines_of(inner, room))
    return [
        _piece_header(outer, subject, identifier, number, len(pieces)) + piece for number, piece in enumerate(pieces, 1)
    ]


@dataclass(slots=True)
class Pieces:
    """Puts messages together whose pieces come one after the other.

    Attributes:
        waiting: the pieces of messages that are not whole yet: identifier -> number -> mail data.
    """

    waiting: dict[str, dict[int, bytes]] = field(default_factory=dict)
    _totals: dict[str, int] = field(default_factory=dict)

    def add(self, content: bytes) -> bytes | None:
        """Take a message; gives what is whole with it: itself, if it is no piece, and None while a piece is missing.

        A piece that comes twice counts once.
        """
        found = _piece(content)
        if found is None:
            return content
        identifier, number, total = found
        pieces = self.waiting.setdefault(identifier, {})
        pieces.setdefault(number, content)
        if total:
            self._totals[identifier] = total
        count = self._totals.get(identifier, 0)
        if not count or len(pieces) < count or any(each not in pieces for each in range(1, count + 1)):
            return None
        del self.waiting[identifier], self._totals[identifier]
        return join([pieces[each] for each in range(1, count + 1)])


def join(pieces: Sequence[bytes]) -> bytes:
    """The message whose pieces these are, in order.

    Its header has the fields of the first piece, but for those of the whole, and behind them those of the whole.
    """
    first = split(pieces[0])[0]
    inner = b"".join(split(piece)[1] for piece in pieces)
    header, body = split(inner)
    outer = b"".join(each for each in _fields(first) if not _is_of_the_whole(each))
    whole = b"".join(each for each in _fields(header) if _is_of_the_whole(each))
    return outer + whole + b"\r\n" + body


def _piece(content: bytes) -> tuple[str, int, int] | None:
    """The identifier of the whole, the number of the piece and how many there are (0 where that is not said)."""
    value = next((value for name, value in read_fields(split(content)[0]) if name == "content-type"), b"")
    if value.split(b";")[0].strip().lower() != b"message/partial":
        return None
    parameters = {name.lower(): text for name, text in parameters_of(value)}
    number, total = parameters.get("number", ""), parameters.get("total", "0")
    if not ("id" in parameters and _is_count(number) and _is_count(total) and int(number)):
        return None
    return parameters["id"], int(number), int(total)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 7


def _fields(header: bytes) -> Iterator[bytes]:
    """The fields of a header as they are written; a line that is none belongs to what is in front of it."""
    return filter(None, _FIELD_START.split(header))


def _is_of_the_whole(each: bytes) -> bool:
    return _name(each) in _OF_THE_WHOLE or _name(each).startswith(b"content-")


def _name(each: bytes) -> bytes:
    return each.partition(b":")[0].strip().lower()


def _piece_header(outer: bytes, subject: bytes, identifier: str, number: int, total: int) -> bytes:
    mime = (
        f"Message-ID: <{number}.{identifier}>\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: message/partial; id="{identifier}";\r\n\tnumber={number}; total={total}\r\n\r\n'
    )
    return b"%s%s (%d/%d)\r\n%s" % (outer, subject, number, total, mime.encode())


def _lines_of(content: bytes, room: int) -> Iterator[bytes]:
    """The content in pieces of whole lines, each with no more than that many octets."""
    start = 0
    while start < len(content):
        end = len(content) if len(content) - start <= room else content.rfind(b"\r\n", start, start + max(room, 0)) + 2
        if end < start + 2:
            raise PartialError("a header and one line are more than a piece may have")
        yield content[start:end]
        start = end

"""The MIME structure of a message as it is: parts by their octets, nothing decoded (RFC 2045, 2046).

IMAP's FETCH asks for where a part begins and ends to the octet, which the stdlib's `email` does not say. A message
that breaks the rules is read as far as it goes: a multipart without a boundary has no parts, one that is cut off ends
there, and what is nested deeper than `DEPTH_LIMIT` is a leaf.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

DEPTH_LIMIT = 100
"""How deep parts may nest."""

_LINE_END = re.compile(rb"\r?\n")
_BLANK = re.compile(rb"\n\r?\n")
_FIELD_END = re.compile(rb"\n(?![ \t])")
_FIELD = re.compile(rb"([!-9;-~]++)[ \t]*+:(.*)", re.DOTALL)
_DELIMITER_END = re.compile(rb"(--)?[ \t]*(?:\r?\n|\Z)")
_UNFOLD = re.compile(rb"\r?\n(?=[ \t])")
_TYPE = re.compile(rb"([!#-'*+\-.0-9A-Z^-~]+)[ \t]*/[ \t]*([!#-'*+\-.0-9A-Z^-~]+)[ \t]*(?:;|\(|\Z)", re.IGNORECASE)
_PARAMETER = re.compile(r';((?:[^;"]|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))*+)', re.DOTALL)
_ESCAPED = re.compile(r'\\([\\"])')


@dataclass(frozen=True)
class Part:
    """A part of a message, or all of it.

    Attributes:
        header: its fields and the empty line behind them.
        body: what follows, up to the boundary of the part around it.
        parts: of a multipart its parts; of message/rfc822 and message/global the message in it; else none.
    """

    header: bytes
    body: bytes
    depth: int = 0
    default_type: str = "text/plain"
    parts: Sequence[Part] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self._divide()) if self.depth < DEPTH_LIMIT else ())

    @cached_property
    def fields(self) -> Sequence[tuple[str, bytes]]:
        """The header's fields: the name in lower case, and the value unfolded, without spaces around it."""
        return read_fields(self.header)

    def first(self, name: str) -> bytes | None:
        """The value of the first field of that name, in lower case."""
        return next((value for each, value in self.fields if each == name), None)

    @cached_property
    def content_type(self) -> tuple[str, str]:
        """Type and subtype, in lower case; what is not said, or said wrongly, is the default."""
        value = self.first("content-type")
        found = None if value is None else _TYPE.match(value)
        if found is None:
            major, _, minor = self.default_type.partition("/")
            return (major, minor) if value is None else ("text", "plain")
        return found[1].decode("ascii").lower(), found[2].decode("ascii").lower()

    @cached_property
    def parameters(self) -> Sequence[tuple[str, str]]:
        """The parameters of its Content-Type, names in lower case; US-ASCII for a text that names no charset."""
        found = parameters_of(self.first("content-type"))
        if self.content_type[0] == "text" and not any(name == "charset" for name, _ in found):
            return (*found, ("charset", "us-ascii"))
        return found

    @property
    def encoding(self) -> str:
        """Its Content-Transfer-Encoding, in lower case."""
        value = (self.first("content-transfer-encoding") or b"7bit").split(b";")[0].strip().lower()
        return value.decode("ascii", "replace") or "7bit"

    @property
    def is_message(self) -> bool:
        """Whether it is a message in a message."""
        return self.content_type in (("message", "rfc822"), ("message", "global"))

    def lines(self) -> int:
        """How many lines end in its body, as Dovecot, Cyrus and wc count: a last one without its end is none."""
        return self.body.count(b"\n")

    def find(self, numbers: Sequence[int]) -> Part | None:
        """The part of that number, as IMAP counts (RFC 3501 section 6.4.5); None where there is none.

        A message that is no multipart has one part, 1; the parts of a message in a message are counted anew.
        """
        part, whole = self, True
        for number in numbers:
            if not whole and part.is_message and part.parts:
                part, whole = part.parts[0], True
            if part.content_type[0] == "multipart" and number <= len(part.parts):
                part = part.parts[number - 1]
            elif not whole or number != 1 or part.content_type[0] == "multipart":
                return None
            whole = False
        return part

    def _divide(self) -> Sequence[Part]:
        major, minor = self.content_type
        if major == "multipart":
            boundary = _boundary(self.first("content-type"))
            default = "message/rfc822" if minor == "digest" else "text/plain"
            pieces = _split(self.body, boundary.encode("utf-8", "surrogateescape")) if boundary else ()
            return [_part(piece, self.depth + 1, default) for piece in pieces]
        if self.is_message and self.encoding in ("7bit", "8bit", "binary"):
            return [_part(self.body, self.depth + 1)]
        return ()


def read_message(content: bytes) -> Part:
    """The structure of a message."""
    return _part(content, 0)


def split_header(content: bytes) -> tuple[bytes, bytes]:
    """The header with the empty line behind it, and the body. Without an empty line all is header."""
    found = _LINE_END.match(content) or _BLANK.search(content)
    return (content, b"") if found is None else (content[: found.end()], content[found.end() :])


def read_fields(header: bytes) -> Sequence[tuple[str, bytes]]:
    """The fields of a header: the name in lower case, and the value unfolded, without spaces around it."""
    return tuple(
        (found[1].decode("ascii").lower(), _UNFOLD.sub(b"", found[2]).strip(b" \t\r\n"))
        for found in map(_FIELD.match, _FIELD_END.split(header))
        if found is not None
    )


def parameters_of(value: bytes | None) -> Sequence[tuple[str, str]]:
    """The parameters of a Content-Type or Content-Disposition, without the quotes around their values.

    Those of RFC 2231 are as they are written, in their pieces and with their percent signs: IMAP gives them so.
    """
    if value is None:
        return ()
    found = []
    for parameter in _PARAMETER.finditer(value.decode("utf-8", "surrogateescape")):
        name, _, text = parameter[1].partition("=")
        text = text.strip()
        if text.startswith('"'):
            text = _ESCAPED.sub(r"\1", text[1:].removesuffix('"'))
        found.append((name.strip().lower(), text))
    return tuple((name, text) for name, text in found if name)


def _boundary(value: bytes | None) -> str:
    """The boundary that a Content-Type names, in one piece or in several (RFC 2231 section 3)."""
    found = dict(parameters_of(value))
    pieces = [found.get("boundary", "")]
    while not pieces[0] and (piece := found.get(f"boundary*{len(pieces) - 1}")):
        pieces.append(piece)
    return "".join(pieces)


def _part(content: bytes, depth: int, default_type: str = "text/plain") -> Part:
    header, body = split_header(content)
    return Part(header, body, depth, default_type)


def _split(body: bytes, boundary: bytes) -> Sequence[bytes]:
    """What stands between the delimiters of a multipart's body; a line end in front of one belongs to it."""
    delimiter = b"--" + boundary
    pieces: list[bytes] = []
    start, at = -1, body.find(delimiter)
    while at >= 0:
        found = _DELIMITER_END.match(body, at + len(delimiter))
        if found is not None and (at == 0 or body[at - 1 : at] == b"\n"):
            if start >= 0:
                pieces.append(body[start:at].removesuffix(b"\n").removesuffix(b"\r"))
            start = found.end()
            if found[1]:
                return pieces
        at = body.find(delimiter, at + len(delimiter))
    if start >= 0:
        pieces.append(body[start:])
    return pieces

"""Transfer encodings taken off parts, and put on where they cannot go as they are (RFC 2045 section 6, RFC 3516)."""

from __future__ import annotations

import re
from base64 import encodebytes

from sim.mail.mime import Part, read_message
from sim.mailbox.charsets import base64_octets

_FLAT = frozenset({"7bit", "8bit", "binary"})
_PADDING = re.compile(rb"(?<![ \t])[ \t]++(?=\r?\n|\Z)")
_SOFT = re.compile(rb"=\r?\n|=\Z")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")
_ENCODING = re.compile(
    rb"^content-transfer-encoding[ \t]*:.*?(?=\r?\n(?![ \t])|\Z)", re.IGNORECASE | re.DOTALL | re.MULTILINE
)


class UnknownEncodingError(Exception):
    """A part's transfer encoding is none that can be decoded (RFC 3516 section 4.3)."""


def decoded(part: Part) -> bytes:
    """A part's body without its transfer encoding; what stands in the way of decoding is passed over.

    Raises:
        UnknownEncodingError: nobody knows the encoding.
    """
    if part.encoding in _FLAT:
        return part.body
    if part.encoding == "quoted-printable":
        plain = _SOFT.sub(b"", _PADDING.sub(b"", part.body))
        return _QUOTED.sub(lambda found: bytes.fromhex(found[1].decode()), plain)
    if part.encoding == "base64":
        return base64_octets(part.body)
    raise UnknownEncodingError(f"nobody knows the encoding {part.encoding}")


def without_nuls(content: bytes) -> bytes:
    """A message whose binary parts are in base64 where they have a NUL, which no literal but BINARY's may have."""
    return _without_nuls(read_message(content)) if b"\0" in content else content


def _without_nuls(part: Part) -> bytes:
    if not part.parts and part.encoding == "binary" and b"\0" in part.body:
        header = _ENCODING.sub(b"Content-Transfer-Encoding: base64", part.header)
        return header + encodebytes(part.body).replace(b"\n", b"\r\n")
    pieces, at = [part.header], 0
    for inner in part.parts:
        before = inner.header + inner.body
        start = part.body.index(before, at)
        pieces += [part.body[at:start], _without_nuls(inner)]
        at = start + len(before)
    return b"".join([*pieces, part.body[at:]])

"""Mail data for hosts that take seven bits only: what is beyond becomes quoted-printable or base64 (RFC 6152, 3030)."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import base64mime, message_from_bytes, quoprimime
from email.generator import BytesGenerator
from email.message import Message
from email.policy import compat32
from io import BytesIO

from sim.mail.content import is_8bit, split

_POLICY = compat32.clone(linesep="\r\n")
_WIDTH = 76


def to_7bit(content: bytes) -> bytes | None:
    r"""The mail data in US-ASCII lines, by another transfer encoding of the leaf parts that need one.

    Text becomes quoted-printable, all else and all that is marked `binary` base64. A message without MIME fields gets
    them, its character set `unknown-8bit` (RFC 1428 section 3). None where that cannot be done: the header has octets
    beyond US-ASCII, a part that a signature covers would change, or the MIME structure is broken.
    """
    converted = _converted(message_from_bytes(content, policy=_POLICY), _is_wide)
    return None if converted is None or is_8bit(converted) or b"\0" in converted else converted


def is_labelled_8bit(content: bytes) -> bool:
    """Whether a Content-Transfer-Encoding of the message or of a part in it says `8bit` or `binary` (RFC 2045 6.1)."""
    if b"8bit" not in (folded := content.lower()) and b"binary" not in folded:
        return False
    return any(_marks(part) for part in message_from_bytes(content, policy=_POLICY).walk())


def labelled_to_7bit(content: bytes) -> bytes:
    """The mail data with another transfer encoding of the leaf parts that are marked `8bit` or `binary`.

    All else goes as it is, in whatever octets: a header, and what is no MIME (Postfix's mime_state(3), sendmail's
    mime8to7()); so does a message whose conversion would break it.
    """
    message = message_from_bytes(content, policy=_POLICY)
    converted = _converted(message, _is_marked) if any(map(_is_marked, message.walk())) else None
    return content if converted is None else converted


def encoded_header(content: bytes) -> bytes:
    """The mail data with encoded words of an unknown character set where a header has octets beyond US-ASCII.

    In each line of it, and of the headers of parts, all from the first word with such octets to the last is encoded
    (RFC 2047; RFC 1428 section 3 has the name).
    """
    header, body = split(content)
    content = _encode_lines(header) + b"\r\n" + body
    message = message_from_bytes(content, policy=_POLICY)
    wide = [part for part in message.walk() if not all(str(value).isascii() for _, value in part.raw_items())]
    for part in wide:
        fields = [(name, str(value).encode("ascii", "surrogateescape")) for name, value in part.raw_items()]
        for name, _ in fields:
            del part[name]
        for name, value in fields:
            part[name] = _encode_lines(value).decode()
    return _written(message) if wide else content


def _encode_lines(header: bytes) -> bytes:
    return b"\r\n".join([line if line.isascii() else _RAW.sub(_encoded, line) for line in header.split(b"\r\n")])


def _encoded(found: re.Match[bytes]) -> bytes:
    octets = found[0]
    pieces = [octets[at : at + _PIECE] for at in range(0, len(octets), _PIECE)]
    return b"\r\n ".join([quoprimime.header_encode(piece, "unknown-8bit").encode() for piece in pieces])


_RAW = re.compile(rb"(?<![^ \t:])[^ \t:\x80-\xff]*+[\x80-\xff](?:.*[\x80-\xff])?[^ \t]*", re.DOTALL)
"""In a line, the words from the first with octets beyond US-ASCII to the last."""

_PIECE = 16
"""Octets in an encoded word, which has 75 characters at most."""


def _converted(message: Message, needs: Callable[[Message], bool]) -> bytes | None:
    """The mail data with the leaf parts converted that need it; None where that would break it."""
    return _written(message) if _convert(message, needs) else None


def _written(message: Message) -> bytes:
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, maxheaderlen=0, policy=_POLICY).flatten(message)
    return written.getvalue()


def _convert(part: Message, needs: Callable[[Message], bool]) -> bool:
    """Convert a part and all in it; false where that would break it."""
    if not part.is_multipart():
        return not needs(part) or _convert_leaf(part)
    before = str(part.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    if before not in ("7bit", "8bit", "binary"):
        return False
    if part.get_content_type() == "multipart/signed":
        return before == "7bit" and not any(map(needs, part.walk()))
    del part["Content-Transfer-Encoding"]
    return all(_convert(inner, needs) for inner in part.get_payload() if isinstance(inner, Message))


def _is_wide(leaf: Message) -> bool:
    """Whether a leaf part has what seven bits and lines cannot carry."""
    encoding = str(leaf.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    return not leaf.is_multipart() and (encoding == "binary" or not str(leaf.get_payload()).isascii())


def _is_marked(leaf: Message) -> bool:
    """Whether a leaf part has them, and says so."""
    return _marks(leaf) and _is_wide(leaf)


def _marks(part: Message) -> bool:
    return str(part.get("Content-Transfer-Encoding", "7bit")).strip().lower() in ("8bit", "binary")


def _convert_leaf(part: Message) -> bool:
    octets = part.get_payload(decode=True)
    encoding = str(part.get("Content-Transfer-Encoding", "8bit")).strip().lower()
    if not isinstance(octets, bytes) or encoding not in ("7bit", "8bit", "binary"):
        return False
    if "MIME-Version" not in part and "Content-Type" not in part:
        part["MIME-Version"] = "1.0"
        part["Content-Type"] = "text/plain; charset=unknown-8bit"
    del part["Content-Transfer-Encoding"]
    if encoding != "binary" and part.get_content_maintype() == "text":
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(quoprimime.body_encode(octets.decode("latin-1"), _WIDTH, eol="\r\n"))
    else:
        part["Content-Transfer-Encoding"] = "base64"
        part.set_payload(base64mime.body_encode(octets, _WIDTH, eol="\r\n"))
    return True

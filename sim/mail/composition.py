"""Composing MIME messages: texts in any charset, attachments, parts in parts (RFC 2045, 2046, 2183, 2231, 2047).

The stdlib's `email` writes header fields and parameters. Bodies are put together here, so that each octet of one in
`8bit` or `binary` stays as it is: the stdlib ends all lines alike.
"""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256, shake_128

from sim.mail.content import canonical, has_longer_line

LONGEST_LINE = 998
"""Octets in a line of what is in `7bit` or `8bit`, without its CRLF (RFC 2045 section 2.7)."""

_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n")
_BAD_FIELD = re.compile(r"[\r\n]")


class CompositionError(ValueError):
    """What cannot be composed so, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text.

    Attributes:
        text: its characters; CR, LF and CRLF end lines alike.
        charset: what they are written in.
        subtype: e.g. `plain` or `html`.
        encoding: its Content-Transfer-Encoding; empty for `7bit` or `8bit` where that will do, and else for the shorter
            of `quoted-printable` and `base64`.
    """

    text: str
    charset: str = "utf-8"
    subtype: str = "plain"
    encoding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file.

    Attributes:
        octets: what it holds (`filler` makes some).
        content_type: e.g. `image/png`.
        name: its name; empty for none.
        encoding: its Content-Transfer-Encoding.
        disposition: `attachment` or `inline`.
    """

    octets: bytes
    content_type: str = "application/octet-stream"
    name: str = ""
    encoding: str = "base64"
    disposition: str = "attachment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """A message in a message, or what other types of `message` hold: it goes as it is (RFC 2046 section 5.2).

    Attributes:
        content: its mail data.
        subtype: `rfc822` or another one.
    """

    content: bytes
    subtype: str = "rfc822"


@dataclass(frozen=True, slots=True, kw_only=True)
class Multipart:
    """Parts side by side.

    Attributes:
        parts: the parts, in order; one at the least.
        subtype: e.g. `mixed` or `alternative`.
        parameters: of its Content-Type, e.g. report-type.
    """

    parts: Sequence[Part]
    subtype: str = "mixed"
    parameters: Sequence[tuple[str, str]] = ()


Part = Text | Attachment | Enclosed | Multipart


def compose_mime(fields: Sequence[tuple[str, str]], part: Part) -> bytes:
    """The mail data of a message.

    Args:
        fields: its header fields, name and value, but for those of MIME; what is beyond US-ASCII is encoded.
        part: its body.

    Raises:
        CompositionError: a part cannot be in the encoding or charset that is asked for, or a field has a line end.
    """
    return b"".join(_field(name, value) for name, value in (*fields, ("MIME-Version", "1.0"))) + entity(part)


def entity(part: Part) -> bytes:
    """A part with its header fields, as it stands in a multipart.

    Raises:
        CompositionError: it cannot be in the encoding or charset that is asked for.
    """
    if isinstance(part, Text):
        octets = _encoded_text(part)
        encoding = part.encoding or _shortest(octets)
        parameters, body = [("charset", part.charset)], _encode(octets, encoding, text=True)
        return _written(f"text/{part.subtype}", parameters, encoding, body)
    if isinstance(part, Attachment):
        body = _encode(part.octets, part.encoding, text=part.content_type.startswith("text/"))
        disposition = (part.disposition, part.name)
        named = [("name", part.name)] if part.name else []
        return _written(part.content_type, named, part.encoding, body, disposition)
    if isinstance(part, Enclosed):
        return _written(f"message/{part.subtype}", (), _widest([part.content]), part.content)
    pieces = [entity(each) for each in part.parts]
    if not pieces:
        raise CompositionError("a multipart without parts (RFC 2046 section 5.1.1 asks for one)")
    boundary = _boundary(pieces)
    delimiter = f"--{boundary}".encode()
    body = b"".join(b"%s\r\n%s\r\n" % (delimiter, piece) for piece in pieces) + delimiter + b"--\r\n"
    parameters = [*part.parameters, ("boundary", boundary)]
    return _written(f"multipart/{part.subtype}", parameters, _widest(pieces), body)


def filler(content_type: str, size: int) -> bytes:
    """So many octets for a file of that type: lines of text, or what nothing can make shorter; always the same ones."""
    if not content_type.startswith("text/"):
        return shake_128(content_type.encode()).digest(size)
    line = b"These lines say nothing, and say it for as long as they are asked to.\r\n"
    cut = (line * (size // len(line) + 1))[:size]
    return cut[:-1] + b"." if cut.endswith(b"\r") else cut


def _field(name: str, value: str) -> bytes:
    if _BAD_FIELD.search(value):
        raise CompositionError(f"the field {name} has a line end in it")
    message = EmailMessage(policy=SMTP)
    message[name] = value
    if value.isascii() or hasattr(message[name], "addresses"):
        return _header_of(message)
    # What the newer classes make of a long text beyond US-ASCII ends in a line of blanks.
    return f"{name}: {Header(value, 'utf-8', header_name=name).encode(linesep=SMTP.linesep)}\r\n".encode()


def _written(
    content_type: str,
    parameters: Sequence[tuple[str, str]],
    encoding: str,
    body: bytes,
    disposition: tuple[str, str] | None = None,
) -> bytes:
    head = EmailMessage(policy=SMTP)
    head.add_header("Content-Type", content_type, **{name: _parameter(value) for name, value in parameters})
    if encoding != "7bit":
        head["Content-Transfer-Encoding"] = encoding
    if disposition is not None:
        named = {"filename": _parameter(disposition[1])} if disposition[1] else {}
        head.add_header("Content-Disposition", disposition[0], **named)
    return _header_of(head) + b"\r\n" + body


def _parameter(value: str) -> str | tuple[str, None, str]:
    return value if value.isascii() else ("utf-8", None, value)


def _header_of(message: EmailMessage) -> bytes:
    """The fields, without the empty line behind them."""
    return b"".join(SMTP.fold_binary(name, value) for name, value in message.raw_items())


def _encoded_text(part: Text) -> bytes:
    try:
        return canonical(part.text.encode()).decode().encode(part.charset)
    except LookupError as error:
        raise CompositionError(f"nobody knows the charset {part.charset}") from error
    except UnicodeEncodeError as error:
        raise CompositionError(f"the text has {part.text[error.start]!r}, which {part.charset} has not") from error


def _shortest(octets: bytes) -> str:
    """The encoding that suits a text."""
    if not _NOT_TEXT.search(octets) and not has_longer_line(octets, LONGEST_LINE):
        return "7bit" if octets.isascii() else "8bit"
    return min("quoted-printable", "base64", key=lambda encoding: len(_encode(octets, encoding, text=True)))


def _plain(octets: bytes) -> bytes:
    if not octets.isascii():
        raise CompositionError("octets beyond US-ASCII cannot go in 7bit")
    return _lines(octets)


def _lines(octets: bytes) -> bytes:
    if b"\0" in octets or has_longer_line(octets, LONGEST_LINE) or canonical(octets + b"\r\n") != octets + b"\r\n":
        raise CompositionError(f"7bit and 8bit have lines of {LONGEST_LINE} octets that end in CRLF, and no NUL")
    return octets


def _base64(octets: bytes) -> bytes:
    return encodebytes(octets).replace(b"\n", b"\r\n")


_ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "7bit": _plain,
    "8bit": _lines,
    "binary": lambda octets: octets,
    "base64": _base64,
    "quoted-printable": lambda octets: b2a_qp(octets, istext=False).replace(b"\n", b"\r\n"),
}


def _encode(octets: bytes, encoding: str, *, text: bool) -> bytes:
    if encoding not in _ENCODINGS:
        raise CompositionError(f"no transfer encoding {encoding!r}: there are {', '.join(_ENCODINGS)}")
    if text and encoding == "quoted-printable" and not re.search(rb"\r(?!\n)|(?<!\r)\n", octets):
        # Its lines stay lines (RFC 2045 section 6.7, rule 4); b2a_qp knows trailing blanks by the LF behind them.
        return b2a_qp(octets.replace(b"\r\n", b"\n"), istext=True).replace(b"\n", b"\r\n")
    return _ENCODINGS[encoding](octets)


def _widest(pieces: Sequence[bytes]) -> str:
    """The encoding that says of a part what the parts in it have (RFC 2045 section 6.4)."""
    found = b"\r\n".join(pieces)
    if _is_binary(found):
        return "binary"
    return "7bit" if found.isascii() else "8bit"


def _is_binary(octets: bytes) -> bool:
    try:
        _lines(octets)
    except CompositionError:
        return True
    return False


def _boundary(pieces: Sequence[bytes]) -> str:
    """A boundary that no piece has in it, and always the same for the same pieces."""
    digest = sha256(b"\0".join(pieces)).hexdigest()
    # Neither base64 nor quoted-printable has "=_" (RFC 2045 section 6.7); another text may, but not this digest of it.
    return f"=_{digest[:32]}"

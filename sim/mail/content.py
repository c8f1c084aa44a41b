"""Mail data: the header and the body of a message, as bytes whose lines end in CRLF (RFC 5321 section 2.3.7).

Dots are as the author wrote them: doubling them is the protocol's business (RFC 5321 section 4.5.2).
"""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Sequence
from email.header import Header

_CRLF = b"\r\n"

_LINES = (
    b"All mail shall be carried with care from one host to the next, and no\r\n"
    b"message may be lost on the way without somebody being told about that\r\n"
)
_WIDTH = len(_LINES) // 2
_TEXT = _LINES * 512
"""Plain text that bodies are cut from: even lines of `_WIDTH` octets with their CRLF."""

_HEADER_OR_BLANK = re.compile(rb"[!-9;-~]+[ \t]*:|\r?\n")
"""How mail data begins whose header, be it empty, stands in front of its body (RFC 5322 sections 2.2 and 4.5)."""

_SHORTEST_BODY = 3
"""One line of one character."""


def canonical(data: bytes) -> bytes:
    """The data with every line, the last one included, ended by CRLF; a bare CR or LF counts as a line's end.

    Lines longer than RFC 5322 section 2.1.1 allows stay as they are: see `longest_line`.
    """
    ends = data.count(_CRLF)
    if data.count(b"\n") != ends or data.count(b"\r") != ends:
        data = data.replace(_CRLF, b"\n").replace(b"\r", b"\n").replace(b"\n", _CRLF)
    return data if data.endswith(_CRLF) or not data else data + _CRLF


def begins_with_header(content: bytes) -> bool:
    """Whether the header, be it empty, comes first, and not a line that belongs to no field."""
    return not content or _HEADER_OR_BLANK.match(content) is not None


def longest_line(content: bytes) -> int:
    """Octets in the longest line, its CRLF not counted (RFC 5321 section 4.5.3.1.6 allows 998)."""
    return max(map(len, content.split(_CRLF)))


def has_longer_line(content: bytes, limit: int) -> bool:
    """Whether a line has more octets than the limit, its CRLF not counted.

    It looks at an LF in each `limit` octets only, so that ordinary mail data costs next to nothing.
    """
    most = limit + len(_CRLF)
    end, last = -1, len(content) - most - 1
    while end < last:
        end = content.rfind(b"\n", end + 1, end + 1 + most)
        if end < 0:
            return True
    return False


def fold(content: bytes, limit: int, mark: bytes = b"") -> bytes:
    """The mail data with CRLF and a space, and the mark before them, in lines that have more octets than the limit.

    No line has more afterwards, its CRLF not counted; the mark and the space count. Where the limit has no room for an
    octet beside them, each line has one all the same.
    """
    return _CRLF.join([_fold_line(line, limit, mark) if len(line) > limit else line for line in content.split(_CRLF)])


def _fold_line(line: bytes, limit: int, mark: bytes) -> bytes:
    first = max(limit - len(mark), 1)
    rest = max(first - 1, 1)
    pieces = [line[:first], *[line[at : at + rest] for at in range(first, len(line), rest)]]
    return (mark + _CRLF + b" ").join(pieces)


def split(content: bytes) -> tuple[bytes, bytes]:
    """The header, its last CRLF included, and the body; the blank line between them is in neither."""
    if content.startswith(_CRLF):
        return b"", content[2:]
    end = content.find(b"\r\n\r\n")
    return (content[: end + 2], content[end + 4 :]) if end >= 0 else (content, b"")


_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
"""How a header field begins (RFC 5322 section 2.2; the obsolete syntax has blanks before the colon)."""


def has_header(content: bytes) -> bool:
    """Whether the mail data begin with a header field."""
    return _FIELD.match(content) is not None


def is_8bit(content: bytes) -> bool:
    """Whether an octet has its high bit set, so that the content needs 8BITMIME (RFC 6152)."""
    return not content.isascii()


def compose(
    *,
    sender: str,
    recipients: Sequence[str],
    subject: str,
    message_id: str,
    date: str,
    size: int,
    mime: str = "",
    body: bytes | None = None,
) -> bytes:
    """Write a plain text message: of a body, or of exactly `size` octets (the smallest possible where that is larger).

    Args:
        sender: the author's address, as the From field has it.
        recipients: the addresses, as the To field has them.
        subject: the subject, of one line at most; characters beyond printable US-ASCII become RFC 2047 encoded words.
        message_id: the message identifier with its angle brackets.
        date: an RFC 5322 date-time.
        size: octets of the mail data, header and line ends included.
        mime: the MIME fields that the body needs, each with its CRLF.
        body: the body, if it is not to be filler of that size (`body_of` makes one of a text).
    """
    if not (subject.isascii() and subject.isprintable()):
        subject = Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")
    to = ",\r\n ".join(recipients)
    header = (
        f"Date: {date}\r\nFrom: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n{mime}\r\n"
    ).encode()
    return header + (_body(size - len(header)) if body is None else body)


def _body(size: int) -> bytes:
    """Text lines of exactly `size` octets, or one short line where that is less."""
    cut = max(size, _SHORTEST_BODY) - len(_CRLF)
    text = _TEXT if cut <= len(_TEXT) else _TEXT * (cut // len(_TEXT) + 1)
    if cut % _WIDTH == _WIDTH - 1:
        # The cut falls between CR and LF.
        return text[: cut - 1] + b"." + _CRLF
    return text[:cut] + _CRLF


_LONGEST = 990
"""Octets in a line that every product passes on as it is: sendmail's mailers have L=990, and RFC 5321 allows 998."""

_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What is neither printable nor a tab or a line's end: no mail program sends such octets bare."""

_MIME = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset={}\r\nContent-Transfer-Encoding: {}\r\n"


def body_of(text: str) -> tuple[str, bytes]:
    """The MIME fields that a text needs, none for plain US-ASCII, and its body; CR, LF and CRLF end lines alike.

    Other characters go in UTF-8 with eight bits, long lines and control characters in quoted-printable or in base64,
    whichever is shorter. The last line is ended, too; an empty text has no line.

    Raises:
        UnicodeEncodeError: half of a surrogate pair, which is no character.
    """
    body = canonical(text.encode())
    charset = "us-ascii" if body.isascii() else "utf-8"
    if not has_longer_line(body, _LONGEST) and _CONTROLS.search(body) is None:
        return "" if body.isascii() else _MIME.format(charset, "8bit"), body
    # b2a_qp knows trailing blanks by the LF behind them.
    quoted = b2a_qp(body.replace(b"\r\n", b"\n"), istext=True).replace(b"\n", b"\r\n")
    encoded = encodebytes(body).replace(b"\n", b"\r\n")
    if len(quoted) <= len(encoded):
        return _MIME.format(charset, "quoted-printable"), quoted
    return _MIME.format(charset, "base64"), encoded

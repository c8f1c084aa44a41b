"""What somebody writes as the body of a message: plain text, or MIME where that says no more (RFC 2045, RFC 2046)."""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_qp

from sim.mail.content import canonical, has_longer_line

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

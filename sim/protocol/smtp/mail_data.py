"""Mail data on the wire: dots doubled on the way out and undone on the way in (RFC 5321 section 4.5.2).

Only CRLF.CRLF ends mail data (section 4.1.1.4), where the first CRLF may be the one that ended the DATA line. A lone CR
or LF is data like any other, so nothing that one server passes on can be read as the end by the next (SMTP smuggling).
"""

from __future__ import annotations

END = b"\r\n.\r\n"
"""What ends mail data: its last line's end, and the final dot."""

END_OF_NOTHING = b".\r\n"
"""What ends mail data that has no line."""

LINE_WITH_DOT = b"\r\n."
"""Where a line begins with a dot, doubled or final."""


def stuff(content: bytes) -> bytes:
    """Mail data as it is sent: the dot at a line's head doubled, CRLF put where the last line lacks it, final dot."""
    if _has_dots(content):
        content = content.replace(LINE_WITH_DOT, b"\r\n..")
    if content.startswith(b"."):
        content = b"." + content
    return content + (END_OF_NOTHING if content.endswith(b"\r\n") or not content else END)


def unstuff(content: bytes) -> bytes:
    """Mail data as it was before `stuff`: a line's first dot removed. The final dot is not part of `content`."""
    if _has_dots(content):
        content = content.replace(LINE_WITH_DOT, b"\r\n")
    return content[1:] if content.startswith(b".") else content


def _has_dots(content: bytes) -> bool:
    # CPython finds so short a text several times faster from the back, and mostly there is none.
    return content.rfind(LINE_WITH_DOT) >= 0

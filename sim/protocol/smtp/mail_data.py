"""Mail data on the wire: dots doubled on the way out and undone on the way in (RFC 5321 section 4.5.2).

Only CRLF.CRLF ends mail data (section 4.1.1.4), where the first CRLF may be the one that ended the DATA line. A lone CR
or LF is data like any other, so nothing that one server passes on can be read as the end by the next (SMTP smuggling).
"""

from __future__ import annotations

from sim.protocol.smtp.buffer import ReceiveBuffer
from sim.protocol.smtp.events import MailData

__all__ = ["MailDataReader", "stuff", "unstuff", "whole"]

_END = b"\r\n.\r\n"
_END_OF_NOTHING = b".\r\n"
_LINE_WITH_DOT = b"\r\n."


def stuff(content: bytes) -> bytes:
    """Mail data as it is sent: the dot at a line's head doubled, CRLF put where the last line lacks it, final dot."""
    if _has_dots(content):
        content = content.replace(_LINE_WITH_DOT, b"\r\n..")
    if content.startswith(b"."):
        content = b"." + content
    return content + (_END_OF_NOTHING if content.endswith(b"\r\n") or not content else _END)


def unstuff(content: bytes) -> bytes:
    """Mail data as it was before `stuff`: a line's first dot removed. The final dot is not part of `content`."""
    if _has_dots(content):
        content = content.replace(_LINE_WITH_DOT, b"\r\n")
    return _unstuff_first(content)


def _unstuff_first(content: bytes) -> bytes:
    """Mail data of which no line but the first may begin with a doubled dot, as it was before `stuff`."""
    return content[1:] if content.startswith(b".") else content


def whole(octets: bytes) -> tuple[bytes, int] | None:
    """Mail data that stands at the front of octets, as it was before `stuff`, and where it ends.

    None where its end is not there, or a line but the first and the last begins with a dot.
    """
    if octets.startswith(_END_OF_NOTHING):
        return b"", len(_END_OF_NOTHING)
    at = octets.rfind(_LINE_WITH_DOT)
    if at < 0 or not octets.startswith(_END, at) or octets.rfind(_LINE_WITH_DOT, 0, at) >= 0:
        return None
    return _unstuff_first(octets[: at + 2]), at + len(_END)


def _has_dots(content: bytes) -> bool:
    # CPython finds so short a text several times faster from the back, and mostly there is none.
    return content.rfind(_LINE_WITH_DOT) >= 0


class MailDataReader:
    """Reads mail data, message after message, keeping no more than the size limit needs.

    The limit counts octets as RFC 1870 section 5 does: with CRLFs, without doubled dots and the final dot; 0 means
    none.
    """

    __slots__ = ("_bound", "_limit", "_overflowed")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # A line with a doubled dot has four octets or more, so stuffing adds a third at most; beyond that, the data is
        # above the limit for sure and need not be kept.
        self._bound = limit + limit // 3 + len(_END) if limit else 0
        self._overflowed = False

    def read(self, buffer: ReceiveBuffer) -> MailData | None:
        """The mail data, once its end has come; until then None."""
        if not self._overflowed and buffer.startswith(_END_OF_NOTHING):
            buffer.skip(len(_END_OF_NOTHING))
            return MailData(b"")
        lines = buffer.take_until(_END)
        if lines is not None:
            return self._whole(lines)
        if self._bound and len(buffer) > self._bound:
            self._overflowed = True
            buffer.skip(len(buffer) - len(_END) + 1)
        return None

    def _whole(self, lines: bytes) -> MailData:
        if self._overflowed:
            self._overflowed = False
            return MailData(b"", too_big=True)
        content = unstuff(lines + b"\r\n")
        if self._limit and len(content) > self._limit:
            return MailData(b"", too_big=True)
        return MailData(content)

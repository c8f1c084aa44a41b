"""Mailboxes of the mbox family: where a message begins, where it ends, and what quoting made of its lines.

A message begins behind a line `From SENDER DATE` that stands first or behind a blank line. A date is what `asctime`
writes, with a time zone or without, as in RFC 5322 or as in ISO 8601; Thunderbird writes nothing behind `From `. Any
other line that begins with `From ` is text. Where a Content-Length field fits (mboxcl, mboxcl2), so that the next
message or the end of the file follows what it counts, it says where the message ends, whatever is in it.

`>From ` in a body becomes `From ` again, `>>From ` `>From ` (mboxrd; mboxo quotes the first kind alone). Mailboxes
whose framed bodies hold `From ` lines quote nothing (mboxcl2), so nothing of theirs is undone.

Sources: RFC 4155 appendix A, mbox(5) of qmail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sim.mail.content import canonical, has_header, split

_BOM = b"\xef\xbb\xbf"
_END = rb"(?:\r\n|\r|\n|\Z)"
_FROM = re.compile(rb"(?:\A|(?<=[\r\n]))From [^\r\n]*" + _END)
_DATE = re.compile(
    rb"""From[ ](?:|(?:.*[ ])?                                     # whoever wrote it; nothing at all in Thunderbird
    (?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?[ ]+
       (?:[A-Z][a-z]{2}[ ]+\d{1,2}|\d{1,2}[ ]+[A-Z][a-z]{2}),?[ ]+
       (?:\d{1,2}:\d\d(?::\d\d)?(?:[ ]+(?:[A-Z]{1,5}|[+-]\d{4}))?[ ]+\d{4}
         |\d{4}[ ]+\d{1,2}:\d\d(?::\d\d)?)
      |\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?Z?)
    (?:[ ]+(?:[A-Z]{1,5}|[+-]\d\d:?\d\d))?
    (?:[ ]+remote[ ]from[ ]\S+)?)\s*""",
    re.VERBOSE,
)
_BLANK = re.compile(rb"(?:\A|\n|\r(?!\n))" + _END)
_LENGTH = re.compile(rb"(?<=[\r\n])content-length:[ \t]*(\d{1,15})[ \t]*(?=[\r\n])", re.IGNORECASE)
_QUOTED = re.compile(rb"(?m)^>(>*From )")
_LAST_BLANK = re.compile(rb"(?:(?<=[\r\n])|\A)(?:\r\n|\r|\n)\Z")


@dataclass(frozen=True, slots=True)
class MboxMessage:
    """A message of a mailbox: the number of the line `From ` that it stands behind, and its mail data."""

    line: int
    content: bytes


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stands behind a line `From `, as the file has it: that line's number, and where it begins and ends.

    `framed` says that its Content-Length fits, `misframed` that it has one which does not.
    """

    line: int
    start: int
    end: int
    framed: bool
    misframed: bool


class Mbox:
    """A mailbox.

    Args:
        data: All of it, in octets; its lines end in LF, CRLF or CR, and a byte order mark may stand before them.

    Attributes:
        messages: What it holds; a message without a single octet, too.
        text_lines: Numbers of lines that begin with `From ` and are text.
        misframed: Numbers of the `From ` lines of messages whose Content-Length does not fit.
        skipped: How many octets stand before the first message.
    """

    def __init__(self, data: bytes) -> None:
        data = without_bom(data)
        self.text_lines: list[int] = []
        pieces = list(self._pieces(data))
        self.misframed = [piece.line for piece in pieces if piece.misframed]
        self.skipped = len(data[: _start_of(data)].strip())
        unquoted = any(piece.framed and _FROM.search(data, piece.start, piece.end) for piece in pieces)
        self.messages = [
            MboxMessage(piece.line, _content(data[piece.start : piece.end], quoted=not (piece.framed and unquoted)))
            for piece in pieces
        ]

    def _pieces(self, data: bytes) -> Iterator[_Piece]:
        """The pieces, in order; notes what is no beginning of one."""
        line, seen, until = 1, 0, 0
        opened: tuple[int, int, bool] | None = None
        for found in _FROM.finditer(data, _start_of(data)):
            at = found.start()
            if at < until:
                continue
            line, seen = line + _line_ends(data[seen:at]), at
            if opened is not None and not (at == until or _begins(data, found)):
                self.text_lines.append(line)
                continue
            if opened is not None:
                yield _Piece(opened[0], opened[1], at, until > 0, opened[2])
            until, misframed = _frame(data, found.end())
            opened = line, found.end(), misframed
        if opened is not None:
            yield _Piece(opened[0], opened[1], len(data), until > 0, opened[2])


def without_bom(data: bytes) -> bytes:
    """The octets without a byte order mark of UTF-8 before them, which is no part of a message."""
    return data.removeprefix(_BOM)


def _start_of(data: bytes) -> int:
    """Where the first message's `From ` line is; the end where there is none."""
    first = next((found for found in _FROM.finditer(data) if not found.start() or _begins(data, found)), None)
    return len(data) if first is None else first.start()


def _begins(data: bytes, found: re.Match[bytes]) -> bool:
    """Whether a message begins behind this line."""
    before = data[max(found.start() - 4, 0) : found.start()]
    blank = not before.strip(b"\r\n") or before.endswith((b"\n\n", b"\n\r\n", b"\r\r"))
    return blank and _DATE.fullmatch(found[0]) is not None


def _frame(data: bytes, start: int) -> tuple[int, bool]:
    """Where the next message begins by the Content-Length of the one at `start`, 0 where it has none that fits.

    And whether it has one that does not.
    """
    blank = _BLANK.search(data, start - 1)
    length = _LENGTH.search(data, start, blank.start() + 1) if blank else None
    if blank is None or length is None:
        return 0, False
    end = blank.end() + int(length[1])
    while end < len(data) and data[end] in b"\r\n":
        end += 1
    if end == len(data):
        return end, False
    found = _FROM.match(data, end)
    fits = found is not None and _DATE.fullmatch(found[0]) is not None
    return (end, False) if fits else (0, True)


def _content(data: bytes, *, quoted: bool) -> bytes:
    """A message's mail data, without the blank line that ends it in the file."""
    content = canonical(_LAST_BLANK.sub(b"", data))
    body = split(content)[1] if has_header(content) else content
    return content[: len(content) - len(body)] + _QUOTED.sub(rb"\1", body) if quoted else content


def _line_ends(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")

"""Reply lines: how a reply is written and read (RFC 5321 section 4.2, enhanced status codes by RFC 2034)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from sim.protocol.errors import LocalProtocolError
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.replies import Reply

REPLY_LINE_LIMIT = 512
"""Octets in a reply line that we write, CRLF included (RFC 5321 section 4.5.3.1.5)."""

READ_LIMIT = 2048
"""Octets taken in a reply line that we read: some servers put long texts there."""

LINES_LIMIT = 1024
"""Lines taken in a reply: an EXPN of a large list has one a member."""

# A line behind which its reply goes on, without its LF; one that is too long ends it.
_CONTINUED = re.compile(rb"[0-9]{3}-[^\n]{0,2042}\r")

# Reply-line = Reply-code [ SP textstring ] CRLF, with "-" for SP on all but the last; any second digit is taken.
_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:[ -]([^\r]*))?\r")

_WRITABLE = re.compile("[\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]*")

# RFC 3463 section 2: status-code = class "." subject "." detail; RFC 2034 section 4 puts a space behind it.
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![^ ])")


def write_reply(reply: Reply, enhanced: bool, utf8: bool = False) -> bytes:
    """The reply's lines, each with its CRLF.

    Args:
        reply: what to write.
        enhanced: whether each line shows the enhanced status code; where the reply has none, `x.0.0` stands for it,
            which says that no more is known (RFC 3463 section 3.1).
        utf8: whether the client reads UTF-8 here (RFC 6531 section 3.7.4); where not, a letter goes without its accents
            and any other character beyond US-ASCII is a question mark.

    Raises:
        LocalProtocolError: the reply is not one that RFC 5321 allows.
    """
    if not 200 <= reply.code <= 599:
        raise LocalProtocolError(f"reply code {reply.code} is not one of 200 to 599")
    if reply.enhanced and not (_ENHANCED.fullmatch(reply.enhanced) and int(reply.enhanced[0]) == reply.code // 100):
        raise LocalProtocolError(
            f"enhanced status code {reply.enhanced!r} does not fit reply code {reply.code}: write class.subject.detail"
            " with the code's first digit, 2, 4 or 5, as class"
        )
    if not reply.lines:
        raise LocalProtocolError(f"reply {reply.code} has no line: give at least one, which may be empty")
    prefix = f"{reply.enhanced or f'{reply.code // 100}.0.0'} " if enhanced else ""
    last = len(reply.lines) - 1
    return b"".join(
        [
            _write_line(f"{reply.code}{'-' if n < last else ' '}{prefix}{line}", utf8=utf8)
            for n, line in enumerate(reply.lines)
        ]
    )


def _write_line(line: str, *, utf8: bool) -> bytes:
    if _WRITABLE.fullmatch(line) is None:
        raise LocalProtocolError(f"reply line {line!r} has a character that is not printable: leave it out")
    octets = f"{line if utf8 or line.isascii() else _folded(line)}\r\n".encode()
    if len(octets) > REPLY_LINE_LIMIT:
        raise LocalProtocolError(
            f"reply line {line[:40]!r}... has {len(octets)} octets: at most {REPLY_LINE_LIMIT} are allowed"
        )
    return octets


def _folded(text: str) -> str:
    """Text as US-ASCII, a character for a character."""
    bases = [unicodedata.normalize("NFD", character)[0] for character in unicodedata.normalize("NFC", text)]
    return "".join([base if base.isascii() else "?" for base in bases])


@lru_cache(maxsize=4096)
def split_replies(octets: bytes) -> tuple[tuple[tuple[bytes, ...], ...], tuple[bytes, ...], bytes]:
    """The lines (without LF) of each whole reply, those of a reply that has only begun, and what is no whole line."""
    *lines, rest = octets.split(b"\n")
    replies, begun = [], []
    for line in lines:
        begun.append(line)
        if _CONTINUED.fullmatch(line) is None:
            replies.append(tuple(begun))
            begun = []
    return tuple(replies), tuple(begun), rest


def read_reply(lines: tuple[bytes, ...], enhanced: bool) -> Reply:
    """Read a whole reply.

    Args:
        lines: its lines, each with its CR but without LF.
        enhanced: whether an enhanced status code in front of the text is to be split off.

    Raises:
        RemoteProtocolError: it is no reply.
    """
    if len(lines) > LINES_LIMIT:
        raise RemoteProtocolError(f"a reply has more than {LINES_LIMIT} lines")
    codes, texts = [], []
    for line in lines:
        if len(line) >= READ_LIMIT:
            raise RemoteProtocolError(f"a reply line has more than {READ_LIMIT} octets")
        match = _REPLY_LINE.fullmatch(line)
        if match is None and _REPLY_LINE.fullmatch(line + b"\r"):
            raise RemoteProtocolError(
                f"reply line {line!r} ends in LF alone: its CR is missing (RFC 5321 section 2.3.8)"
            )
        if match is None:
            raise RemoteProtocolError(f"reply line {line!r} is not a code from 200 to 599, a space or hyphen, and text")
        codes.append(int(match[1]))
        texts.append(_printable((match[2] or b"").decode("utf-8", "replace")))
    code = codes[0]
    if any(other != code for other in codes):
        raise RemoteProtocolError(f"reply lines {lines!r} do not agree in their code")
    if enhanced:
        found = _ENHANCED.match(texts[0])
        if found and found[0][0] == str(code)[0]:
            return Reply(code, tuple([_without(found[0], text) for text in texts]), found[0])
    return Reply(code, tuple(texts))


def _printable(text: str) -> str:
    """The text with a question mark for what cannot be printed (Postfix's printable(3)): it may be shown anywhere."""
    if text.isascii() and text.isprintable():
        return text
    return "".join([one if one == "\t" or (one.isprintable() and one != "\ufffd") else "?" for one in text])


def _without(enhanced: str, text: str) -> str:
    """The text behind the enhanced status code. A line that does not repeat it keeps its text."""
    head, _, rest = text.partition(" ")
    return rest if head == enhanced else text

"""The addresses of a header field as they are written, for IMAP's ENVELOPE (RFC 5322 section 3.4, RFC 3501 7.4.2).

Nothing is decoded and nothing refused: a broken field gives what can be told of it. The stdlib's parsers decode encoded
words or lose groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""(?P<space>[ \t\r\n]+)|(?P<comment>\()|"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<literal>\[[^\]]*\]?)"""
    rb"""|(?P<special>[<>@,:;])|(?P<atom>[^ \t\r\n()"<>@,:;\[]+)|(?P<other>.)""",
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT = re.compile(rb"(?:[^()\\]|\\.)+|[()]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """An address, or the beginning or end of a group (RFC 3501 section 7.4.2).

    Attributes:
        name: the display name; None where there is none.
        route: the source route; None where there is none.
        mailbox: the local part, or the group's name at its beginning; None at its end.
        host: the domain; None at a group's beginning and end.
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


def read_address_list(value: bytes) -> Sequence[Entry]:
    """The entries of a field's value."""
    return tuple(_Reader(value).entries())


class _Reader:
    def __init__(self, value: bytes) -> None:
        self._tokens = list(_tokens(value))

    def entries(self) -> Iterator[Entry]:
        """One after the other."""
        words: list[tuple[str, bytes]] = []
        comment = b""
        in_group = False
        tokens = self._tokens
        at = 0
        while at < len(tokens):
            kind, text = tokens[at]
            at += 1
            if kind == "comment":
                comment = text
            elif (kind, text) == ("special", b"<"):
                inside, at = self._until(at, b">")
                name = _phrase(words)
                route, local, host = _addr_spec(inside)
                yield Entry(name if words else None, route, local, host)
                words, comment = [("done", b"")], b""
            elif (kind, text) == ("special", b":") and not in_group:
                in_group = True
                yield Entry(None, None, _phrase(words), None)
                words, comment = [], b""
            elif (kind, text) in (("special", b","), ("special", b";")):
                yield from _bare(words, comment)
                words, comment = [], b""
                if text == b";" and in_group:
                    in_group = False
                    yield Entry(None, None, None, None)
            else:
                words.append((kind, text))
        yield from _bare(words, comment)
        if in_group:
            yield Entry(None, None, None, None)

    def _until(self, at: int, end: bytes) -> tuple[list[tuple[str, bytes]], int]:
        inside = []
        while at < len(self._tokens) and self._tokens[at] != ("special", end):
            if self._tokens[at][0] != "comment":
                inside.append(self._tokens[at])
            at += 1
        return inside, at + 1


def _tokens(value: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    # Something stands at every place: the expression has an alternative for any octet.
    while (found := _TOKEN.match(value, at)) is not None:
        at, kind = found.end(), found.lastgroup or "quoted"
        if kind == "comment":
            text, at = _comment(value, at)
            yield kind, text
        elif kind == "quoted":
            yield kind, _ESCAPED.sub(rb"\1", found["quoted"] or b"")
        elif kind != "space":
            yield kind, found[0]


def _comment(value: bytes, start: int) -> tuple[bytes, int]:
    """The text of a comment, and where it ends."""
    depth, at = 1, start
    while (found := _COMMENT.match(value, at)) is not None:
        at = found.end()
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if depth == 0:
            return _ESCAPED.sub(rb"\1", value[start : at - 1]), at
    return _ESCAPED.sub(rb"\1", value[start:]), len(value)


def _phrase(words: Sequence[tuple[str, bytes]]) -> bytes:
    return b" ".join(text for kind, text in words if kind != "done")


def _bare(words: Sequence[tuple[str, bytes]], comment: bytes) -> Iterator[Entry]:
    """An address without angle brackets; a comment behind it is its name, as it was written before there were any."""
    if words and words[0][0] != "done":
        route, local, host = _addr_spec(words)
        yield Entry(comment or None, route, local, host)


def _addr_spec(tokens: Sequence[tuple[str, bytes]]) -> tuple[bytes | None, bytes, bytes]:
    """Route, local part and domain of what stands in angle brackets."""
    route = None
    if tokens and tokens[0] == ("special", b"@") and ("special", b":") in tokens:
        colon = tokens.index(("special", b":"))
        route, tokens = b"".join(text for _, text in tokens[:colon]), tokens[colon + 1 :]
    at = max((n for n, token in enumerate(tokens) if token == ("special", b"@")), default=len(tokens))
    local = b"".join(text for _, text in tokens[:at])
    return route, local, b"".join(text for _, text in tokens[at + 1 :])

"""Mailboxes as people write them, in header fields and elsewhere: RFC 5322's, its obsolete forms included.

Comments, display names, spaces and folds are the writer's; what SMTP carries of them is a `Path`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import NamedTuple

from sim.mail.address import Address, AddressError
from sim.mail.path import Path, parse_path

# The lexical tokens of RFC 5322 section 3.2; comments nest, so they are no regular expression's business.
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<quoted>"(?:[^"\\]|\\.)*")
    |(?P<literal>\[[^\[\]\\]*\])
    |(?P<special>[<>@.,:;])
    |(?P<atom>[^ \t\r\n"\[\]<>@.,:;()\\]+)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_STEP = re.compile(r"[^()\\]+|\\.|[()]", re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_MUST_BE_QUOTED_PAIR = re.compile(r'(["\\])')
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_NUMBERS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")

_Token = tuple[str, str]
"""What kind of token (a group of `_TOKEN`, or `comment`), and its text."""

_OPENS: _Token = ("special", "<")
_CLOSES: _Token = ("special", ">")
_AT: _Token = ("special", "@")
_COMMA: _Token = ("special", ",")
_ENDS_ROUTE: _Token = ("special", ":")


class Mailbox(NamedTuple):
    """A display name, the address, and the path by which SMTP carries it: the address, behind its source route."""

    name: str
    address: Address
    path: Path


@lru_cache(maxsize=65536)
def parse_mailbox(text: str) -> Mailbox:
    """Read one mailbox as header fields write it (RFC 5322 section 3.4).

    Comments may stand anywhere; without a display name their text is the name. Spaces around `@`, `.`, `%`
    and in a source route (RFC 5322 section 4.4) are dropped, words that are quoted in part are one local part, and an
    IPv4 address without brackets becomes the address literal that it means. Encoded words (RFC 2047) are decoded, and
    characters beyond US-ASCII taken (RFC 6532).

    Raises:
        AddressError: the text is not one mailbox, or is longer than RFC 5321 section 4.5.3.1 allows.
    """
    pieces = list(_pieces(text))
    comments = [_comment_text(piece) for kind, piece in pieces if kind == "comment"]
    tokens = _strip([("space", " ") if kind == "comment" else (kind, piece) for kind, piece in pieces])
    phrase: list[_Token] = []
    if _OPENS in tokens:
        start = tokens.index(_OPENS)
        phrase, tokens = tokens[:start], _strip(tokens[start + 1 :])
        if tokens[-1:] != [_CLOSES]:
            raise AddressError(f"mailbox {text!r} does not end with '>': write name <local-part@domain>")
        tokens = tokens[:-1]
    route, tokens = _route(text, tokens)
    spec = _spec(text, tokens)
    written = f"<{','.join(f'@{domain}' for domain in route)}:{spec}>" if route else f"<{spec}>"
    path = parse_path(written, utf8=True)
    if path.mailbox is None:
        raise AddressError(f"mailbox {text!r} holds no address: write name <local-part@domain>")
    return Mailbox(_name(phrase) or " ".join(filter(None, comments)), path.mailbox, path)


@lru_cache(maxsize=65536)
def header_form(text: str) -> str:
    """A mailbox as a header field takes it: as it was written, but that it can be printed in US-ASCII or UTF-8.

    Names and comments beyond US-ASCII become encoded words (RFC 2047), and folds end in CRLF; a source route gets the
    angle brackets without which it is none. An address itself stays in UTF-8 (RFC 6532).
    """
    pieces = list(_pieces(_FOLD.sub("\r\n", text)))
    if _OPENS not in pieces:
        written = "".join(map(_encoded_comment, pieces))
        return f"<{written}>" if _route_end(_strip(_without_comments(pieces))) else written
    start = pieces.index(_OPENS)
    phrase = pieces[:start]
    name = _name(_strip(_without_comments(phrase)))
    if not "".join(piece for kind, piece in phrase if kind != "comment").isascii():
        phrase = [("encoded", f"{_encoded(name)} "), *(piece for piece in phrase if piece[0] == "comment")]
    return "".join(map(_encoded_comment, [*phrase, *pieces[start:]]))


def _encoded(text: str) -> str:
    return " ".join(Header(text, "utf-8").encode().split())


def _encoded_comment(piece: _Token) -> str:
    """The piece as it stands in a header field."""
    kind, text = piece
    return f"({_encoded(_comment_text(text))})" if kind == "comment" and not text.isascii() else text


def _pieces(text: str) -> Iterator[_Token]:
    """The tokens and comments of a header form, as they are written.

    Raises:
        AddressError: something is neither.
    """
    position = 0
    while position < len(text):
        if text[position] == "(":
            end = _comment_end(text, position)
            yield "comment", text[position:end]
            position = end
            continue
        token = _TOKEN.match(text, position)
        if token is None:
            raise AddressError(
                f"mailbox {text!r} has a stray {text[position]!r} at character {position + 1}:"
                " quotes, brackets and parentheses come in pairs"
            )
        yield str(token.lastgroup), token[0]
        position = token.end()


def _comment_end(text: str, start: int) -> int:
    """The position after the comment that begins at `start`; comments nest (RFC 5322 section 3.2.2)."""
    depth = 0
    for step in _COMMENT_STEP.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(step[0], 0)
        if depth == 0:
            return step.end()
    raise AddressError(f"mailbox {text!r} has a comment that does not end: close every '(' with a ')'")


def _comment_text(comment: str) -> str:
    return _decode_words(_QUOTED_PAIR.sub(r"\1", comment[1:-1]).strip())


def _without_comments(pieces: Sequence[_Token]) -> list[_Token]:
    return [piece for piece in pieces if piece[0] != "comment"]


def _strip(tokens: list[_Token]) -> list[_Token]:
    """The tokens without spaces at either end."""
    first = sum(1 for _ in takewhile(_is_space, tokens))
    last = sum(1 for _ in takewhile(_is_space, reversed(tokens[first:])))
    return tokens[first : len(tokens) - last]


def _is_space(token: _Token) -> bool:
    return token[0] == "space"


def _route_end(tokens: Sequence[_Token]) -> int:
    """How many tokens a source route has that stands in front, its colon included; 0 where there is none."""
    return tokens.index(_ENDS_ROUTE) + 1 if tokens[:1] in ([_AT], [_COMMA]) and _ENDS_ROUTE in tokens else 0


def _route(text: str, tokens: list[_Token]) -> tuple[list[str], list[_Token]]:
    """The domains of a source route (obs-route, whose list may have empty places), and the tokens behind it."""
    end = _route_end(tokens)
    if not end:
        return [], tokens
    steps = [step for step in _joined(text, tokens[: end - 1], ".@,").split(",") if step]
    unmarked = [step for step in steps if step[0] != "@"]
    if unmarked:
        raise AddressError(f"source route of mailbox {text!r} has {unmarked[0]!r}: write <@one,@two:local-part@domain>")
    return [_domain(step[1:]) for step in steps], tokens[end:]


def _spec(text: str, tokens: list[_Token]) -> str:
    """The tokens of an addr-spec as one RFC 5321 Mailbox."""
    tokens = _strip(tokens)
    at = len(tokens) - 1 - tokens[::-1].index(_AT) if _AT in tokens else len(tokens)
    words = [token for token in tokens[:at] if not _is_space(token)]
    local = _joined(text, tokens[:at], ".@%")
    if len(words) > 1 and any(kind == "quoted" for kind, _ in words):
        local = _requoted(text, words)
    return f"{local}@{_domain(_joined(text, tokens[at + 1 :], '.@'))}" if at < len(tokens) else local


def _requoted(text: str, words: Sequence[_Token]) -> str:
    """Words of which some are quoted (RFC 5322's obs-local-part) as one quoted string."""
    for (_, before), (_, behind) in pairwise(words):
        if before[-1] not in ".%" and behind[0] not in ".%":
            raise AddressError(f"mailbox {text!r} has two words side by side: join them with a dot, or quote both")
    meaning = "".join(_QUOTED_PAIR.sub(r"\1", word[1:-1]) if kind == "quoted" else word for kind, word in words)
    return '"' + _MUST_BE_QUOTED_PAIR.sub(r"\\\1", meaning) + '"'


def _domain(text: str) -> str:
    return f"[{text}]" if _NUMBERS.fullmatch(text) else text


def _joined(text: str, tokens: Sequence[_Token], joints: str) -> str:
    """The tokens without the spaces between them, of which there may be none but beside a joint."""
    found = ""
    spaced = False
    for token in tokens:
        if _is_space(token):
            spaced = True
            continue
        if spaced and found and found[-1] not in joints and token[1][0] not in joints:
            raise AddressError(f"mailbox {text!r} has a space inside its address: write name <local-part@domain>")
        found += token[1]
        spaced = False
    return found


def _name(phrase: Sequence[_Token]) -> str:
    """The display name that a phrase spells."""
    words = [
        _QUOTED_PAIR.sub(r"\1", text[1:-1]) if kind == "quoted" else " " if kind == "space" else text
        for kind, text in _strip(list(phrase))
    ]
    # RFC 2047 section 5: an encoded word never stands inside a quoted string.
    quoted = any(kind == "quoted" for kind, _ in phrase)
    return "".join(words) if quoted else _decode_words("".join(words))


def _decode_words(text: str) -> str:
    """The text with its RFC 2047 encoded words decoded, or as it is where they are malformed."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeError):
        return text

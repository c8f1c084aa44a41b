"""Mutations of text and octets: what a slip of the hand, another program, or malice makes of a file."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from random import Random

NUMBERS = [
    "0", "-0", "1", "-1", "007", "0.5", ".5", "5.", "1e-9", "1e5", "1e308", "1e309", "1e999999999", "-1e-400", "nan", "NaN", "-nan", "inf",
    "-inf", "Infinity", ".inf", ".nan", "0x10", "0o17", "0b11", "1_000", "1,5", "1 000", "\uff11\uff12", "٣", "½", "2147483648",
    "-9223372036854775809", "18446744073709551616", "9" * 40, "9" * 5000, "1" + "0" * 400, "--1", "+1", "1-", "1.2.3", "1e", "True", "None",
]  # fmt: skip
"""Numbers, and what is nearly one."""

NAMES = [
    "Zürich", "東京", "Ελλάδα", "мск", "القاهرة", "हिन्दी", "🏤", "e\u0301", "\u00e9", "ﬁn", "İ", "ß", "\u017f", "\u200b", "a\u200fb", "\u202egnp", "\ufeff",
    "\x00", "a\tb", "a\nb", "a\rb", "\x1b[2J", "\x7f", "\u0085", "\u2028", "\ud800", "\uffff", "\U0010ffff", "", " ", "  a  ", "a b", "a/b", "../a", "/etc/passwd",
    "/dev/zero", ".", "..", "-", "--", "-a", "a-", "a.b", "a..b", ".a", "a@b", "@", "a@b@c", '"a b"@c', "<a@b>", "{0}", "{0.__class__}", "%s", "%n",
    "$x$", "$\\frac$", "\\", "'", '"', "`", "#", "&a", "*a", "!a", "<<", "?", "|", ">", "~", "null", "yes", "no", "on", "defaults", "none", "true", "1", "01",
    "1.0", "1e5", "2000-01-01", "xn--zrich-kva", "xn--a", "a" * 64, "a" * 256, "x" * 100_000, "con", "n1", "n2", "all", "postmaster", "self",
]  # fmt: skip
"""Names in any script, and what is hardly one."""

_TOKEN = re.compile(r"[+-]?\d[\d.]*(?:[eE][+-]?\d+)?|\w+|\s+|[^\w\s]")
_NUMBER = re.compile(r"[+-]?\d")
_ENCODINGS = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp437", "utf-7", "shift_jis"]
_ENDS = ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x00"]

Tokens = list[str]
"""A text cut into numbers, words, spaces and signs."""


def mangled_text(random: Random, text: str, words: Sequence[str], others: Sequence[str] = ()) -> str:
    """A text with one to five changes of its words or lines; half of them are small enough that it may well be taken.

    Args:
        random: what draws.
        text: the text.
        words: words that its kind knows.
        others: texts of its kind, pieces of which may come in.
    """
    for _ in range(random.choice([1, 1, 1, 1, 2, 3])):
        draw = random.random()
        if draw < 0.5:
            text = _small(random, text)
        elif draw < 0.8:
            text = "".join(_words(random, _TOKEN.findall(text), words))
        else:
            text = _lines(random, text, others)
    return text


def _small(random: Random, text: str) -> str:
    """A number or a word in place of another one of the text, a line twice, or a line less."""
    tokens, lines = _TOKEN.findall(text), text.split("\n")
    at = random.randrange(len(lines))
    if random.random() < 0.3:
        return "\n".join(lines[:at] + lines[at : at + 1] * random.choice([0, 2]) + lines[at + 1 :])
    numbers = random.random() < 0.6
    places = [i for i, token in enumerate(tokens) if bool(_NUMBER.match(token)) == numbers and token.isalnum()]
    if places:
        other = tokens[random.choice(places)]
        tokens[random.choice(places)] = random.choice([other, str(random.randrange(200))]) if numbers else other
    return "".join(tokens)


def _words(random: Random, tokens: Tokens, words: Sequence[str]) -> Tokens:
    """One token changed: a number mostly to another number, a word to another word."""
    if not tokens:
        return [random.choice([*words, *NAMES])]
    solid = [i for i, token in enumerate(tokens) if not token.isspace()] or [0]
    at = random.choice(solid)
    token = tokens[at]
    like = NUMBERS if _NUMBER.match(token) else [*words, *NAMES]
    other = random.choice(tokens)
    change = random.choice(
        [
            lambda: [random.choice(like)],
            lambda: [random.choice(like)],
            lambda: [random.choice([*words, *NAMES, *NUMBERS])],
            list,
            lambda: [token, token],
            lambda: [other],
            lambda: [token, " ", random.choice([*words, *NAMES]), " "],
            lambda: [token[: random.randint(0, len(token))]],
            lambda: [token.swapcase()],
            lambda: [token * random.choice([2, 100, 3000])],
        ]
    )
    return [*tokens[:at], *change(), *tokens[at + 1 :]]


def _lines(random: Random, text: str, others: Sequence[str]) -> str:
    """Lines left out, doubled, moved, joined, or taken from another text."""
    lines = text.split("\n")
    at, to = sorted(random.choices(range(len(lines) + 1), k=2))
    to = min(to, at + random.choice([1, 1, 2, 8]))
    piece = lines[at:to]
    strange = random.choice(others).split("\n") if others else ["#"]
    start = random.randrange(len(strange))
    match random.choice(["cut", "double", "move", "join", "splice", "turn", "empty", "end"]):
        case "cut":
            lines[at:to] = []
        case "double":
            lines[at:to] = piece * random.choice([2, 2, 3, 300])
        case "move":
            lines[at:to] = []
            where = random.randint(0, len(lines))
            lines[where:where] = piece
        case "join":
            lines[at:to] = [random.choice(["", " ", ","]).join(piece)]
        case "splice":
            lines[at:to] = strange[start : start + random.choice([1, 3, 20])]
        case "turn":
            lines[at:to] = piece[::-1]
        case "empty":
            lines[at:to] = [random.choice(["", " ", "\t", "\x0c"])]
        case "end":
            return text[: random.randint(0, len(text))]
    return "\n".join(lines)


def encoded(random: Random, text: str) -> bytes:
    """The text as octets: mostly in UTF-8, now and then in another encoding or with other ends of lines."""
    if random.random() < 0.1:
        text = text.replace("\n", random.choice(_ENDS))
    encoding = random.choice(_ENCODINGS) if random.random() < 0.15 else "utf-8"
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") and encoding != "utf-7" else "replace")


def mangled_octets(random: Random, octets: bytes) -> bytes:
    """Octets with bits turned, a piece left out, doubled or put in, or their end missing."""
    data = bytearray(octets)
    for _ in range(random.choice([1, 1, 2, 5, 20])):
        at = random.randint(0, len(data))
        size = random.choice([1, 2, 4, 16, 100])
        match random.choice(["bit", "bit", "octet", "cut", "double", "put", "end", "number"]):
            case "bit" if at < len(data):
                data[at] ^= 1 << random.randrange(8)
            case "octet" if at < len(data):
                data[at] = random.choice([0, 0x7F, 0x80, 0xFF, random.randrange(256)])
            case "cut":
                del data[at : at + size]
            case "double":
                data[at:at] = data[at : at + size]
            case "put":
                data[at:at] = random.randbytes(size)
            case "end" if random.random() < 0.2:
                del data[at:]
            case "number":
                data[at : at + 4] = random.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]).to_bytes(4, "little")
    return bytes(data)


def packed(random: Random, octets: bytes) -> bytes:
    """The octets in gzip, now and then in several members, folded twice, or damaged."""
    folded = gzip.compress(octets, mtime=0)
    way: Callable[[], bytes] = random.choice(
        [
            lambda: folded,
            lambda: gzip.compress(octets[:20], mtime=0) + gzip.compress(octets[20:], mtime=0),
            lambda: gzip.compress(folded, mtime=0),
            lambda: folded + b"\0" * 10,
            lambda: folded + random.randbytes(10),
            lambda: folded[: random.randint(0, len(folded))],
            lambda: mangled_octets(random, folded),
            lambda: octets,
        ]
    )
    return way()

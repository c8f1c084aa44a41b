"""Octets as the text that they mean, in any charset and whatever is wrong with them (RFC 2047)."""

from __future__ import annotations

import codecs
import re
from base64 import b64decode

_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?\s]*)\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?\s]+\?[BbQq]\?)")
_QUOTED = re.compile(rb"=([0-9A-Fa-f]{2})")
_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape"})
"""Codecs of Python that make text of octets and are none."""


def is_known(charset: str) -> bool:
    """Whether there is a charset of that name."""
    try:
        # Fails where a codec is there that makes octets of octets.
        b"a".decode(charset, "replace")
    except (LookupError, ValueError):
        return False
    return codecs.lookup(charset).name.replace("_", "-") not in _NO_CHARSETS


def as_text(octets: bytes, charset: str) -> str:
    """Octets as text; what is not in the charset is replaced. UTF-8 for a charset that nobody knows, and for ASCII."""
    plain = charset.lower() in ("us-ascii", "ascii") or not is_known(charset)
    return octets.decode("utf-8" if plain else charset, "replace")


def decode_words(value: bytes) -> str:
    """A field's value with its encoded words decoded; those that stand side by side have no space between."""
    text = _BETWEEN.sub(r"\1", value.decode("utf-8", "replace"))
    return _WORD.sub(_decode_word, text) if "=?" in text else text


def _decode_word(found: re.Match[str]) -> str:
    charset, encoding, word = found[1], found[2], found[3].encode("utf-8")
    if encoding in "Qq":
        octets = _QUOTED.sub(lambda digits: bytes.fromhex(digits[1].decode()), word.replace(b"_", b" "))
    else:
        octets = base64_octets(word)
    return as_text(octets, charset)


def base64_octets(text: bytes) -> bytes:
    """What base64 means; what is none is passed over."""
    digits = _NO_BASE64.sub(b"", text)
    # A digit alone at the end says nothing.
    whole = digits[: -1 if len(digits) % 4 == 1 else None]
    return b64decode(whole + b"=" * (-len(whole) % 4))

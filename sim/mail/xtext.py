"""xtext: how ESMTP parameters carry text with characters that a command line gives another meaning (RFC 3461)."""

from __future__ import annotations

import re

__all__ = ["XTEXT", "decode_xtext", "encode_xtext"]

XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*"
"""The grammar as a regular expression: printable US-ASCII but "+" and "=", which are hexchars (section 4)."""

_XTEXT = re.compile(XTEXT)
_HEXCHAR = re.compile(r"\+([0-9A-F]{2})")
_MUST_BE_HEXCHAR = re.compile(r"[^!-*,-<>-~]")


def encode_xtext(text: str) -> str:
    """The text as xtext.

    Raises:
        ValueError: it has a character beyond US-ASCII.
    """
    if not text.isascii():
        raise ValueError(f"text {text!r} has a character beyond US-ASCII: xtext has none (RFC 3461 section 4)")
    return _MUST_BE_HEXCHAR.sub(lambda found: f"+{ord(found[0]):02X}", text)


def decode_xtext(text: str) -> str:
    """The text that xtext means.

    Raises:
        ValueError: it is no xtext.
    """
    if _XTEXT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no xtext: '+' stands before two upper-case hexadecimal digits, and '=' nowhere")
    return _HEXCHAR.sub(lambda found: chr(int(found[1], 16)), text)

"""How ESMTP parameters carry text with characters that a command line gives another meaning.

xtext (RFC 3461) is for US-ASCII, utf-8-addr-unitext (RFC 6533 section 3) for addresses beyond it.
"""

from __future__ import annotations

import re

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


_EMBEDDED = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
_MUST_BE_EMBEDDED = re.compile(r"[\x00- +=\\\x7f]")


def encode_unitext(text: str) -> str:
    r"""An address as utf-8-addr-unitext: what is no QUCHAR is embedded as in `\\x{2B}`."""
    return _MUST_BE_EMBEDDED.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", text)


def decode_unitext(text: str) -> str:
    """The address that utf-8-addr-unitext, or utf-8-addr-xtext, means; what embeds no character stays as it is."""
    return _EMBEDDED.sub(lambda found: chr(int(found[1], 16)) if int(found[1], 16) < 0x110000 else found[0], text)

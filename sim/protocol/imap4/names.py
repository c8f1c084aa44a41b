"""Mailbox names on the wire: modified UTF-7 in IMAP4rev1, UTF-8 in IMAP4rev2 (RFC 3501 section 5.1.3, RFC 9051 5.1)."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from itertools import groupby

from sim.protocol.imap4.errors import SyntaxFault

UNDECODABLE = "\N{REPLACEMENT CHARACTER}"
"""What stands for octets that are no name; no mailbox has it in its own."""

_SHIFTED = re.compile(r"&([^-]*)(-?)")


def decode_name(octets: bytes, *, utf8: bool) -> str:
    """The name that octets mean; INBOX in any case is INBOX.

    Args:
        octets: as on the wire.
        utf8: whether the client has enabled IMAP4rev2 or UTF8=ACCEPT, so that `&` is an ampersand.

    Raises:
        SyntaxFault: they are neither UTF-8 nor modified UTF-7.
    """
    try:
        name = octets.decode("utf-8" if utf8 else "ascii")
    except UnicodeDecodeError as error:
        raise SyntaxFault(f"a mailbox name is no {'UTF-8' if utf8 else 'ASCII'}", "CANNOT") from error
    if not utf8:
        name = _SHIFTED.sub(lambda found: _decode_shifted(found[1], found[2]), name)
        if encode_name(name, utf8=False) != octets:
            raise SyntaxFault("a mailbox name is no modified UTF-7: it has a shorter or plain form", "CANNOT")
    return "INBOX" if name.upper() == "INBOX" else name


def encode_name(name: str, *, utf8: bool) -> bytes:
    """The octets of a name; `utf8` is as in `decode_name`."""
    if utf8:
        return name.encode("utf-8")
    pieces = []
    for plain, characters in groupby(name, lambda character: " " <= character <= "~"):
        text = "".join(characters)
        if plain:
            pieces.append(text.replace("&", "&-"))
        else:
            shifted = b64encode(text.encode("utf-16-be")).decode("ascii").rstrip("=").replace("/", ",")
            pieces.append(f"&{shifted}-")
    return "".join(pieces).encode("ascii")


def _decode_shifted(shifted: str, end: str) -> str:
    if not end:
        raise SyntaxFault("a mailbox name is no modified UTF-7: an & without its -", "CANNOT")
    if not shifted:
        return "&"
    padded = shifted.replace(",", "/") + "=" * (-len(shifted) % 4)
    try:
        return b64decode(padded, validate=True).decode("utf-16-be")
    except (Error, ValueError) as error:
        raise SyntaxFault(f"a mailbox name is no modified UTF-7: &{shifted}-", "CANNOT") from error

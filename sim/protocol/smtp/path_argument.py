"""The path in MAIL and RCPT: by the grammar, or as clients write it that know none (RFC 5321 section 4.1.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

from sim.mail.address import AddressError
from sim.mail.path import Path, parse_liberal_path
from sim.protocol.smtp.errors import refused
from sim.protocol.smtp.replies import Reply

# A path ends at its first ">" outside a Quoted-string (section 4.1.2). Some clients put a space before it.
_PATH = re.compile(r'[ \t]*(<(?:[^">]++|"(?:[^"\\]|\\.)*+")*+>)(?:[ \t]+(.*))?')

# What clients write that know no grammar: a path without its angle brackets, or a comment in front of it.
_LIBERAL_PATH = re.compile(
    r"""[ \t]*(?:\([^()\\]*\))*(<(?:[^"<>]++|"(?:[^"\\]|\\.)*+")*+>|(?:[^"<> \t]++|"(?:[^"\\]|\\.)*+")++)"""
    r"(?:[ \t]+(.*))?"
)


def read_path(argument: str, parse: Callable[..., Path], fault: Reply) -> tuple[Path, str]:
    """Split `<path> parameters` behind MAIL FROM: or RCPT TO:.

    Args:
        argument: what stands there.
        parse: reads the path.
        fault: the reply to one that cannot be read.

    Raises:
        RemoteProtocolError: there is no path, or one that nobody can read; the error carries the reply.
    """
    match = _PATH.fullmatch(argument)
    if match is not None:
        with suppress(AddressError):
            return parse(match[1]) if match[1].isascii() else parse(match[1], utf8=True), match[2] or ""
    return _read_liberal_path(argument, parse, fault)


def _read_liberal_path(argument: str, parse: Callable[..., Path], fault: Reply) -> tuple[Path, str]:
    """Split a path and parameters where the path is not by the grammar, but there is no doubt what is meant."""
    match = _LIBERAL_PATH.fullmatch(argument)
    if match is None:
        raise refused(argument, fault)
    path = match[1].strip("<> \t")
    with suppress(AddressError):
        # By the grammar but for brackets and spaces, a postmaster without a domain and a source route included.
        return parse(f"<{path}>"), match[2] or ""
    try:
        return parse_liberal_path(path), match[2] or ""
    except AddressError as error:
        raise refused(str(error), fault) from error

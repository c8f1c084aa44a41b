"""What a user gives to be sent: addresses, messages, and a login."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sim.live.errors import LiveError, read_bounded, read_regular
from sim.mail.address import DOMAIN_LIMIT, AddressError, is_domain
from sim.mail.content import canonical
from sim.mail.path import Path as MailPath
from sim.mail.path import parse_forward_path, parse_path


def helo(name: str) -> str:
    """What a client calls itself: a domain or an address literal (RFC 5321 section 4.1.4); empty for its own literal.

    Raises:
        LiveError: it is neither.
    """
    if name and not (is_domain(name) and len(name) <= DOMAIN_LIMIT):
        raise LiveError(f"--helo {name!r}: neither a domain nor an address literal: write mx.example or [192.0.2.1]")
    return name


def has_utf8_header(content: bytes) -> bool:
    """Whether the header has characters beyond US-ASCII, in UTF-8: what SMTPUTF8 is for (RFC 6531 section 3.6)."""
    header = content.partition(b"\r\n\r\n")[0]
    try:
        return not header.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def paths(sender: str, recipients: Sequence[str]) -> list[MailPath]:
    """The reverse-path, and the forward-paths without repetition; in letters of any script (RFC 6531).

    Raises:
        LiveError: one is none.
    """
    texts = [text if text[:1] == "<" else f"<{text}>" for text in (sender, *recipients)]
    try:
        forward_paths = [parse_forward_path(text, utf8=True) for text in texts[1:]]
        return [parse_path(texts[0], utf8=True), *dict.fromkeys(forward_paths)]
    except AddressError as error:
        raise LiveError(str(error)) from error


def message(file: str) -> bytes:
    """A message from a file, or from standard input where that is a hyphen; its lines end in CRLF.

    Raises:
        LiveError: it cannot be read, or is too big.
    """
    try:
        return canonical(read_bounded(sys.stdin.buffer, file) if file == "-" else read_regular(Path(file)))
    except OSError as error:
        raise LiveError(f"{file}: cannot be read: {error.strerror}") from error


def login(user: str, file: Path | None) -> tuple[str, str] | None:
    """A name, and the password that is a file's first line, where no list of processes shows it; None for no login.

    Raises:
        LiveError: one is there without the other, or the file holds no password.
    """
    if not user and file is None:
        return None
    if not user or file is None:
        raise LiveError("--user and --password-file go together: give both")
    try:
        lines = read_regular(file).decode().splitlines()
    except OSError as error:
        raise LiveError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LiveError(f"{file}: is no text in UTF-8") from error
    if not lines or not lines[0]:
        raise LiveError(f"{file}: its first line is no password")
    return user, lines[0]

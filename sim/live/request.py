"""What a user gives to be sent: addresses, messages, and a login."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sim.live.errors import LiveError
from sim.mail.address import AddressError
from sim.mail.content import canonical
from sim.mail.path import Path as MailPath
from sim.mail.path import parse_forward_path, parse_path

__all__ = ["login", "message", "paths"]


def paths(sender: str, recipients: Sequence[str]) -> list[MailPath]:
    """The reverse-path, and the forward-paths without repetition.

    Raises:
        LiveError: one is none.
    """
    texts = [text if text[:1] == "<" else f"<{text}>" for text in (sender, *recipients)]
    try:
        return [parse_path(texts[0]), *dict.fromkeys(parse_forward_path(text) for text in texts[1:])]
    except AddressError as error:
        raise LiveError(str(error)) from error


def message(file: str) -> bytes:
    """A message from a file, or from standard input where that is a hyphen; its lines end in CRLF.

    Raises:
        LiveError: it cannot be read.
    """
    try:
        return canonical(sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes())
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
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise LiveError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise LiveError(f"{file}: is no text in UTF-8") from error
    if not lines or not lines[0]:
        raise LiveError(f"{file}: its first line is no password")
    return user, lines[0]

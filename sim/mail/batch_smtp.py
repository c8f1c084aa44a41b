"""Batch SMTP: a session's commands and mail data in one file, answered by nobody (RFC 2442; BITNET's BSMTP)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sim.mail.address import AddressError
from sim.mail.content import canonical
from sim.mail.path import Path, parse_path

MEDIA_TYPE: Final = "application/batch-SMTP"
"""RFC 2442 section 4."""

_CRLF: Final = b"\r\n"
_COMMAND: Final = re.compile(r"(MAIL FROM|RCPT TO): ?(<.*>)", re.IGNORECASE)
_PASSED_OVER: Final = frozenset({"HELO", "EHLO", "LHLO", "NOOP", "RSET", "VERB", "TICK", "VRFY", "HELP"})


class BatchError(ValueError):
    """A file that is no batch, with the line that breaks it."""


class BatchedMail(NamedTuple):
    """One message of a batch: its envelope and its mail data, in lines that end in CRLF."""

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes


def write_batch(mails: Sequence[BatchedMail], domain: str) -> bytes:
    """The batch that a host of this domain writes: HELO, each message with its envelope, QUIT."""
    lines = [f"HELO {domain}".encode("ascii", "replace")]
    for mail in mails:
        lines.append(f"MAIL FROM:{mail.reverse_path}".encode())
        lines += [f"RCPT TO:{path}".encode() for path in mail.forward_paths]
        lines.append(b"DATA")
        data = canonical(mail.content).removesuffix(_CRLF)
        lines += [b"." + line if line[:1] == b"." else line for line in data.split(_CRLF)]
        lines.append(b".")
    return _CRLF.join([*lines, b"QUIT", b""])


def read_batch(octets: bytes) -> tuple[BatchedMail, ...]:
    """The messages of a batch. A line that begins with a space goes on with MAIL or RCPT before it, as cards have it.

    Raises:
        BatchError: a command is none, or comes at a wrong time, or the file ends within a message.
    """
    return tuple(_mails(octets))


def _mails(octets: bytes) -> Iterator[BatchedMail]:
    lines = canonical(octets).split(_CRLF)[:-1]
    sender: Path | None = None
    recipients: list[Path] = []
    at = 0
    while at < len(lines):
        number = at + 1
        command, at = _command(lines, at)
        word = command[:4].upper()
        said = _COMMAND.fullmatch(command)
        if word == "QUIT":
            break
        if said is not None and (word == "MAIL") == (sender is None):
            path = _path(said[2], number)
            sender, recipients = (path, []) if word == "MAIL" else (sender, [*recipients, path])
        elif word == "DATA" and sender is not None and recipients:
            content, at = _data(lines, at)
            yield BatchedMail(sender, tuple(recipients), content)
            sender = None
        elif word not in _PASSED_OVER:
            raise BatchError(
                f"line {number}: {command!r} cannot stand here: a message is MAIL, RCPT and DATA, in order"
            )
        elif word == "RSET":
            sender = None
    if sender is not None:
        raise BatchError(f"line {len(lines)}: the batch ends within a message from {sender}")


def _command(lines: Sequence[bytes], at: int) -> tuple[str, int]:
    """A command with the lines that go on with it, and the place behind it."""
    command = lines[at]
    at += 1
    while command[:4].upper() in (b"MAIL", b"RCPT") and at < len(lines) and lines[at][:1] == b" ":
        command += lines[at][1:]
        at += 1
    return command.decode("utf-8", "replace").rstrip(), at


def _path(text: str, number: int) -> Path:
    try:
        return parse_path(text, utf8=True)
    except AddressError as error:
        raise BatchError(f"line {number}: {error}") from error


def _data(lines: Sequence[bytes], at: int) -> tuple[bytes, int]:
    """Mail data up to the final dot, and the place behind that."""
    try:
        end = lines.index(b".", at)
    except ValueError:
        raise BatchError(f"line {len(lines)}: the batch ends within mail data: the final dot is missing") from None
    data = [line[1:] if line[:1] == b"." else line for line in lines[at:end]]
    return _CRLF.join([*data, b""]), end + 1

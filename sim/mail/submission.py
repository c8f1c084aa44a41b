"""What a submission server adds to a message that its user's program left incomplete (RFC 6409 section 8)."""

from __future__ import annotations

import re

from sim.mail.content import begins_with_header
from sim.mail.mime import split_header

_DATE = re.compile(rb"^date[ \t]*:", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(rb"^message-id[ \t]*:", re.IGNORECASE | re.MULTILINE)


def completed(content: bytes, *, date: str, message_id: str) -> bytes:
    """The message with the Date and the Message-ID that it lacks on top; not an octet of it changes.

    Args:
        content: the message as it was submitted.
        date: an RFC 5322 date-time.
        message_id: one with its angle brackets.
    """
    header = split_header(content)[0] if begins_with_header(content) else b""
    fields = b""
    if _DATE.search(header) is None:
        fields += f"Date: {date}\r\n".encode()
    if _MESSAGE_ID.search(header) is None:
        fields += f"Message-ID: {message_id}\r\n".encode()
    # Where the header has no field, its end may be missing, too.
    return fields + content if begins_with_header(content) else fields + b"\r\n" + content

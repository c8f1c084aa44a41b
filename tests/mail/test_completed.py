"""What a submission server adds to messages (RFC 6409 section 8)."""

from __future__ import annotations

import pytest

from sim.mail.submission import completed

DATE, NAME = b"Date: now\r\n", b"Message-ID: <1@b>\r\n"


@pytest.mark.parametrize(
    ("content", "added"),
    [
        (b"Subject: hi\r\n\r\nhello\r\n", DATE + NAME),
        (b"Subject: hi\r\ndate: then\r\n\r\nhello\r\n", NAME),
        (b"MESSAGE-ID : <2@c>\r\n\r\nhello\r\n", DATE),
        (b"Message-Id: <2@c>\r\nDate:\r\n then\r\n\r\n", b""),
        # Neither a field's name in another's value or in the body, nor another that begins or ends alike.
        (b"X-Date: x\r\nDated: x\r\nSubject: Date:\r\n Date: x\r\n\r\nMessage-ID: x\r\n", DATE + NAME),
        (b"\r\nDate: x\r\n", DATE + NAME),
        (b"", DATE + NAME),
        # What is no header at all becomes the body.
        (b"hello\r\nDate: x\r\n", DATE + NAME + b"\r\n"),
        (b"\xff\xfe\0", DATE + NAME + b"\r\n"),
    ],
)
def test_what_is_missing_is_added(content, added):
    """Date and Message-ID, on top, and not an octet of the rest changes."""
    assert completed(content, date="now", message_id="<1@b>") == added + content

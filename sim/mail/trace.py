"""Trace fields: what each host writes on top of a message it takes (RFC 5321 section 4.4), and simulated dates.

Simulated time is in seconds from `EPOCH`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from sim.mail.path import Path

EPOCH = 946_684_800
"""Simulated time zero, 2000-01-01T00:00:00Z, in seconds of Unix time."""

ORIGIN = datetime.fromtimestamp(EPOCH, UTC)
LAST = int((datetime.max.replace(microsecond=0, tzinfo=UTC) - ORIGIN).total_seconds())
"""The end of the year 9999, which every later date is said to be."""


def date_time(seconds: float) -> str:
    """The RFC 5322 date-time, such as `Sat, 01 Jan 2000 00:00:00 +0000`, `seconds` after `EPOCH`; fractions are cut."""
    return _date_time(int(min(seconds, LAST) // 1))


@lru_cache(maxsize=8192)
def _date_time(second: int) -> str:
    return format_datetime(ORIGIN + timedelta(seconds=second))


def moment(date_time: str) -> float:
    """The seconds after `EPOCH` of an RFC 3339 date-time; a leap second is the beginning of the next minute.

    Raises:
        ValueError: not one, or no day of the calendar.
    """
    leap = date_time[17:19] == "60"
    text = f"{date_time[:17]}59{date_time[19:]}" if leap else date_time
    return datetime.fromisoformat(text.upper()).timestamp() - EPOCH + leap


def received(*, helo: str, by: str, protocol: str, queue_id: str, recipient: str | None, date: str) -> bytes:
    """The Received field of one hop, folded as Postfix folds it (smtpd.c).

    Args:
        helo: what the client said with HELO or EHLO.
        by: the receiving host.
        protocol: SMTP, ESMTP and so on (RFC 3848).
        queue_id: the receiving host's name for the message.
        recipient: the address, when there is only one (RFC 5321 section 7.2); otherwise None.
        date: an RFC 5322 date-time.
    """
    end = f";\r\n\t{date}\r\n" if recipient is None else f"\r\n\tfor <{recipient}>; {date}\r\n"
    field = f"Received: from {helo}\r\n\tby {by} with {protocol} id {queue_id}{end}"
    # Only the mail of RFC 6531 may have characters beyond US-ASCII in its header.
    return field.encode() if protocol.startswith("UTF8") else field.encode("ascii", "replace")


def return_path(path: Path) -> bytes:
    """The Return-Path field, which the host that delivers a message writes on top of it."""
    return f"Return-Path: {path}\r\n".encode()


def delivered_to(recipient: str) -> bytes:
    """The field that a host leaves where it hands a message on in another's name, to know the message again."""
    return f"Delivered-To: {recipient}\r\n".encode()


def hop_count(content: bytes, *, delivered: bool = False) -> int:
    """The number of Received fields in the header, by which loops are found (RFC 5321 section 6.3).

    With `delivered` its Delivered-To fields are counted, too.
    """
    if content.startswith(b"\r\n"):
        return 0
    end = content.find(b"\r\n\r\n")
    header = (content[:end] if end >= 0 else content).lower()
    count = header.count(b"\nreceived:") + header.startswith(b"received:")
    if delivered:
        count += header.count(b"\ndelivered-to:") + header.startswith(b"delivered-to:")
    return count

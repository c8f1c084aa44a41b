"""Trace fields: what each host writes on top of a message it takes (RFC 5321 section 4.4), and simulated dates.

Simulated time is in seconds from `EPOCH`.
"""

from __future__ import annotations

from functools import lru_cache

from sim.mail.path import Path

__all__ = ["EPOCH", "date_time", "delivered_to", "hop_count", "received", "return_path"]

EPOCH = 946_684_800
"""Simulated time zero, 2000-01-01T00:00:00Z, in seconds of Unix time."""

_DAY = 86_400
_WEEKDAYS = ("Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed")
"""From the weekday of 1 January 1970 on."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_time(seconds: float) -> str:
    """The RFC 5322 date-time, such as `Sat, 01 Jan 2000 00:00:00 +0000`, `seconds` after `EPOCH`; fractions are cut."""
    return _date_time(int(seconds // 1))


@lru_cache(maxsize=8192)
def _date_time(second: int) -> str:
    day, second = divmod(EPOCH + second, _DAY)
    hour, second = divmod(second, 3600)
    return f"{_date(day)} {hour:02}:{second // 60:02}:{second % 60:02} +0000"


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    """The date `day` days after 1 January 1970, by the proleptic Gregorian calendar.

    Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days: years begin in March, so that the
    leap day is a year's last, and 400 years (an era) always have 146,097 days.
    """
    era, day_of_era = divmod(day + 719_468, 146_097)
    year = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153
    day_of_month = day_of_year - (153 * month + 2) // 5 + 1
    year += 400 * era + month // 10
    return f"{_WEEKDAYS[day % 7]}, {day_of_month:02} {_MONTHS[(month + 2) % 12]} {year:04}"


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


def hop_count(content: bytes) -> int:
    """The number of Received fields in the header, by which loops are found (RFC 5321 section 6.3)."""
    if content.startswith(b"\r\n"):
        return 0
    end = content.find(b"\r\n\r\n")
    header = (content[:end] if end >= 0 else content).lower()
    return header.count(b"\nreceived:") + header.startswith(b"received:")

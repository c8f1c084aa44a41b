"""Dates and times as IMAP writes them (RFC 3501 section 9: date, date-time)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from sim.protocol.imap4.errors import SyntaxFault

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(r"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
_DATE_TIME = re.compile(
    r"([ 0-9][0-9])-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-5][0-9])"
)


def read_date(text: str) -> date:
    """The day that e.g. `1-Feb-1994` names.

    Raises:
        SyntaxFault: it names none.
    """
    try:
        found = _match(_DATE, text)
        return date(int(found[3]), _month(found[2]), int(found[1]))
    except ValueError as error:
        raise SyntaxFault(f"{text!a} is no date: write e.g. 1-Feb-1994") from error


def read_date_time(text: str) -> float:
    """The seconds since 1970 that e.g. ` 1-Feb-1994 21:52:25 -0800` names.

    Raises:
        SyntaxFault: it names no time.
    """
    try:
        found = _match(_DATE_TIME, text)
        offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
        zone = timezone(-offset if found[7] == "-" else offset)
        # A leap second is the second before it.
        clock = (int(found[4]), int(found[5]), 59 if found[6] == "60" else int(found[6]))
        at = datetime(int(found[3]), _month(found[2]), int(found[1]), *clock, tzinfo=zone)
        return at.astimezone(UTC).timestamp()
    except (ValueError, OverflowError) as error:
        raise SyntaxFault(f"{text!a} is no date-time: write e.g. 01-Feb-1994 21:52:25 -0800") from error


def write_date(day: date) -> str:
    """A day as `1-Feb-1994`."""
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year:04}"


def write_date_time(seconds: float) -> str:
    """Seconds since 1970 as ` 1-Feb-1994 05:52:25 +0000`."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day:2}-{_MONTHS[at.month - 1]}-{at.year:04} {at:%H:%M:%S} +0000"


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found


def _month(name: str) -> int:
    return _MONTHS.index(name.capitalize()) + 1

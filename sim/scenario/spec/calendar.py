"""The calendar of a run: what instant simulated time 0 is, and when windows by the clock are open.

A window by the clock is open at the moments at which a clock on the wall shows a time inside it. Where clocks are put
forward in the middle of a window it is shorter, where they are put back it is longer, or open twice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from sim.scenario.names import shown, suggestion
from sim.scenario.pydantic_seam import Reads
from sim.scenario.quantity import DAY

DEFAULT_START = 946_857_600.0
"""Simulated time 0 where the file does not say it: Monday, 2000-01-03 00:00 UTC, in seconds of Unix time."""

_FIRST = -62_104_060_800
"""0002-01-01: clocks went unchanged before it."""

_LAST = 253_370_764_800
"""9999-01-01: clocks go on unchanged after it."""

_MONDAY = 3
"""The weekday (Monday is 0) of 1 January 1970."""

_START = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]+(\d{1,2}:\d\d(?::\d\d)?))?(?:\s+(\S+))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The instant of simulated time 0, in seconds of Unix time, and the time zone of clocks that name none."""

    at: float = DEFAULT_START
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A recurring stretch: from `start` to `end` seconds within each `period`, counted from simulated time 0."""

    period: float
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWindow:
    """A stretch of each day or hour (`period`) of a clock, from `start` to `end` seconds; end may pass the period.

    `days` are the weekdays (Monday is 0) on which it begins, none where it is every day; `zone` is the clock's, empty
    where it is that of the run's start.
    """

    period: float
    start: float
    end: float
    days: tuple[int, ...] = ()
    zone: str = ""


def read_zone(text: str) -> str:
    """A time zone by its name in the IANA database.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        near = suggestion(text, sorted(available_timezones()))
        raise ValueError(f"unknown time zone ({shown(text)}): allowed are names such as Europe/Paris{near}") from None
    return text


def read_start(value: object) -> Start:
    """A date, a time of day (00:00 where there is none) and a time zone (UTC where there is none).

    Raises:
        ValueError: something else, or a day or zone that does not exist.
    """
    found = _START.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"not a date and time ({shown(value)}): allowed is e.g. 2026-03-02 08:00 Europe/Paris")
    day, time, zone = found.groups()
    zone = read_zone(zone or "UTC")
    return Start(at=instant(f"{day} {(time or '00:00').zfill(5)}", zone), zone=zone)


def instant(text: str, zone: str) -> float:
    """The Unix time of a date and time; where the text names no offset, the zone's clock shows it.

    Raises:
        ValueError: not a date and time.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"not a date and time ({shown(text)}, {error}): allowed is e.g. 2026-03-02 08:00") from None


def format_start(start: Start) -> str:
    """The start as text that `read_start` reads back."""
    local = datetime.fromtimestamp(start.at, ZoneInfo(start.zone))
    return f"{local:%Y-%m-%d} {local.time().isoformat('auto' if local.second else 'minutes')} {start.zone}"


StartText = Annotated[Start, Reads(read_start, {"type": "string", "examples": [format_start(Start())]}, format_start)]


def openings(window: Window | ClockWindow, start: Start, horizon: float) -> Iterator[tuple[float, float]]:
    """Every stretch of simulated time inside a window, in order, from before time 0 to a week after the horizon.

    A stretch that lasts over a change of the clocks comes as two that touch.
    """
    if isinstance(window, Window):
        for period in range(-1, int(horizon / window.period) + 2):
            yield period * window.period + window.start, period * window.period + window.end
        return
    for begins, ends, offset in _stretches(window.zone or start.zone, start.at, horizon):
        shift = start.at + offset
        for number in range(
            math.floor((begins + shift - window.end) / window.period), math.ceil((ends + shift) / window.period)
        ):
            if window.days and (number + _MONDAY) % 7 not in window.days:
                continue
            opens, closes = number * window.period + window.start - shift, number * window.period + window.end - shift
            if max(opens, begins) < min(closes, ends):
                yield max(opens, begins), min(closes, ends)


def opens(windows: Sequence[Window | ClockWindow], start: Start, horizon: float) -> bool:
    """Whether any of the windows opens before the horizon."""
    return any(begins < horizon and ends > 0 for window in windows for begins, ends in openings(window, start, horizon))


@lru_cache(maxsize=64)
def _stretches(zone: str, at: float, horizon: float) -> tuple[tuple[float, float, float], ...]:
    """Stretches of simulated time in which a zone's clock runs evenly, each with its offset from UTC in s."""
    begins, end = -2 * DAY, horizon + 8 * DAY
    if zone == "UTC":
        return ((begins, end, 0.0),)
    clock, found = ZoneInfo(zone), []
    known, offset = begins, _offset(clock, at + begins)
    while known < end and at + known < _LAST:
        following = known + DAY
        if _offset(clock, at + following) != offset:
            changes = _change(clock, at, known, following)
            found.append((begins, changes, offset))
            begins, offset = changes, _offset(clock, at + following)
        known = following
    return (*found, (begins, max(end, begins), offset))


def _offset(clock: ZoneInfo, instant: float) -> float:
    shown = datetime.fromtimestamp(0, UTC) + timedelta(seconds=min(max(instant, _FIRST), _LAST))
    return (shown.astimezone(clock).utcoffset() or timedelta()).total_seconds()


def _change(clock: ZoneInfo, at: float, before: float, after: float) -> float:
    """When the clock changes, to the second: clocks change on whole ones."""
    low, high, offset = math.floor(at + before), math.ceil(at + after), _offset(clock, at + before)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(clock, middle) == offset else (low, middle)
    return high - at

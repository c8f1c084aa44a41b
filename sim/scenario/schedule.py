"""Windows, the schedule of a link's up times, as a scenario file writes them.

Grammar: `daily 02:00-03:00` (time of day; the simulation starts at 00:00), `hourly 00-05` (minutes of the hour),
`every 6 h for 20 min` (from the start of the simulation on). An end that is not after its start is on the next day or
in the next hour.
"""

from __future__ import annotations

import re
from typing import Annotated

from sim.scenario.names import shown
from sim.scenario.products import DAY, HOUR, MINUTE
from sim.scenario.quantity import DURATION, format_duration
from sim.scenario.reading import Collected, JsonSchema, Reads
from sim.scenario.spec import Window

_DAILY = re.compile(r"daily\s+(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)", re.ASCII)
_HOURLY = re.compile(r"hourly\s+(\d{1,2})\s*-\s*(\d{1,2})", re.ASCII)
_EVERY = re.compile(r"every\s+(\S.*?)\s+for\s+(\S.*)", re.ASCII)
_FORMS = "allowed are daily 02:00-03:00, hourly 00-05 (minutes), every 6 h for 20 min"


def read_windows(value: object) -> tuple[Window, ...]:
    """One window, or a list of them.

    Raises:
        ValueError: not text of one of the forms.
    """
    collected = Collected()
    items = value if isinstance(value, list) else [value]
    nothing = Window(period=DAY, start=0, end=DAY)
    windows = tuple(collected.read((index,), read_window, item, nothing) for index, item in enumerate(items))
    collected.done()
    return windows


def read_window(value: object) -> Window:
    """One window.

    Raises:
        ValueError: not text of one of the forms, or times that cannot be.
    """
    text = value.strip() if isinstance(value, str) else ""
    if found := _DAILY.fullmatch(text):
        hours, minutes, to_hours, to_minutes = map(int, found.groups())
        if minutes > 59 or to_minutes > 59:
            raise ValueError(f"not a time of day ({shown(value)}): allowed is 00:00 to 24:00")
        return _recurring(DAY, hours * HOUR + minutes * MINUTE, to_hours * HOUR + to_minutes * MINUTE, text)
    if found := _HOURLY.fullmatch(text):
        start, end = map(int, found.groups())
        return _recurring(HOUR, start * MINUTE, end * MINUTE, text)
    if found := _EVERY.fullmatch(text):
        period, length = map(DURATION.parse, found.groups())
        return _every(period, length, text)
    raise ValueError(f"not a window ({shown(value)}): {_FORMS}")


def _recurring(period: float, start: float, end: float, text: str) -> Window:
    if start >= period or end > period or start == end:
        raise ValueError(f"not a stretch of {'a day' if period == DAY else 'an hour'} ({shown(text)}): {_FORMS}")
    return Window(period=period, start=start, end=end if end > start else end + period)


def _every(period: float, length: float, text: str) -> Window:
    if not 0 < length <= period:
        raise ValueError(f"the window does not fit into its period ({shown(text)}): {_FORMS}")
    return Window(period=period, start=0.0, end=length)


def format_window(window: Window) -> str:
    """The window as text that `read_window` reads back."""
    minutes = [round(time / MINUTE) for time in (window.start, window.end)]
    if window.period == DAY and [m * MINUTE for m in minutes] == [window.start, window.end]:
        start, end = (
            f"{m // 60:02}:{m % 60:02}" for m in (minutes[0], minutes[1] - (24 * 60) * (minutes[1] > 24 * 60))
        )
        return f"daily {start}-{end}"
    if window.period == HOUR and [m * MINUTE for m in minutes] == [window.start, window.end]:
        return f"hourly {minutes[0]:02}-{minutes[1] - 60 * (minutes[1] > 60):02}"
    return f"every {format_duration(window.period)} for {format_duration(window.end)}"


_PATTERN: JsonSchema = {"type": "string", "pattern": r"^\s*(daily|hourly|every)\s", "examples": ["daily 02:00-03:00"]}

Windows = Annotated[
    tuple[Window, ...], Reads(read_windows, {"anyOf": [_PATTERN, {"type": "array", "items": _PATTERN}]})
]

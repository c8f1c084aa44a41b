"""Windows, the schedule of up times, as a scenario file writes them.

By the clock (the scenario's `start` says what it shows at time 0): `daily 02:00-03:00`, `weekdays 18:00-08:00`,
`weekends`, `mon 09:00-17:00`, `hourly 00-05` (minutes of the hour), `hourly for 5 min`; each may end with a time
zone, as in `daily 02:00-03:00 Europe/Paris`. An end that is not after its start is on the next day or in the next hour.
From time 0 on: `every 6 h for 20 min`.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import JsonSchema, Reads, read_each
from sim.scenario.quantity import DAY, DURATION, HOUR, MINUTE, format_duration
from sim.scenario.spec.calendar import ClockWindow, Window, read_zone

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SETS: Final = {"daily": (), "weekdays": (0, 1, 2, 3, 4), "weekends": (5, 6)}

_DAY: Final = f"(?:{'|'.join(_DAYS)})"
_ZONE: Final = r"(?:\s+(?P<zone>[A-Za-z]\S*))?"
_CLOCK = re.compile(
    rf"(?P<days>daily|weekdays|weekends|{_DAY})(?:\s+(\d{{1,2}}):(\d\d)\s*-\s*(\d{{1,2}}):(\d\d))?{_ZONE}",
    re.ASCII,
)
_HOURLY = re.compile(rf"hourly\s+(\d{{1,2}})\s*-\s*(\d{{1,2}}){_ZONE}", re.ASCII)
_HOURLY_FOR = re.compile(rf"hourly\s+for\s+(\d\S*\s*(?:s|ms|min|h)){_ZONE}", re.ASCII)
_EVERY = re.compile(r"every\s+(\S.*?)\s+for\s+(\S.*)", re.ASCII)
_FORMS = (
    "allowed are daily 02:00-03:00, weekdays 18:00-08:00, weekends, mon 09:00-17:00 Europe/Paris, "
    "hourly 00-05 (minutes), hourly for 5 min, every 6 h for 20 min"
)


def read_windows(value: object) -> tuple[Window | ClockWindow, ...]:
    """One window, or a list of them.

    Raises:
        ValueError: not text of one of the forms.
    """
    nothing: Window | ClockWindow = Window(period=DAY, start=0, end=DAY)
    return read_each(read_window, nothing, value if isinstance(value, list) else [value])


def read_window(value: object) -> Window | ClockWindow:
    """One window.

    Raises:
        ValueError: not text of one of the forms, or times that cannot be.
    """
    text = value.strip() if isinstance(value, str) else ""
    if found := _CLOCK.fullmatch(text):
        return _by_days(found, text)
    if found := _HOURLY.fullmatch(text):
        start, end = int(found[1]) * MINUTE, int(found[2]) * MINUTE
        return _recurring(HOUR, start, end, text, zone=found["zone"])
    if found := _HOURLY_FOR.fullmatch(text):
        return ClockWindow(
            period=HOUR, start=0.0, end=_fitting(HOUR, DURATION.parse(found[1]), text), zone=_zone(found["zone"])
        )
    if found := _EVERY.fullmatch(text):
        period, length = map(DURATION.parse, found.groups())
        return Window(period=period, start=0.0, end=_fitting(period, length, text))
    raise ValueError(f"not a window ({shown(value)}): {_FORMS}")


def _by_days(found: re.Match[str], text: str) -> ClockWindow:
    said = found["days"]
    days = _SETS[said] if said in _SETS else (_DAYS.index(said),)
    if found[2] is None:
        return ClockWindow(period=DAY, start=0.0, end=DAY, days=days, zone=_zone(found["zone"]))
    hours, minutes, to_hours, to_minutes = (int(found[group]) for group in range(2, 6))
    if minutes > 59 or to_minutes > 59:
        raise ValueError(f"not a time of day ({shown(text)}): allowed is 00:00 to 24:00")
    start, end = hours * HOUR + minutes * MINUTE, to_hours * HOUR + to_minutes * MINUTE
    return _recurring(DAY, start, end, text, days=days, zone=found["zone"])


def _recurring(
    period: float, start: float, end: float, text: str, *, days: tuple[int, ...] = (), zone: str | None = None
) -> ClockWindow:
    if start >= period or end > period or start == end:
        raise ValueError(f"not a stretch of {'a day' if period == DAY else 'an hour'} ({shown(text)}): {_FORMS}")
    closes = end if end > start else end + period
    return ClockWindow(period=period, start=start, end=closes, days=days, zone=_zone(zone))


def _zone(text: str | None) -> str:
    return read_zone(text) if text else ""


def _fitting(period: float, length: float, text: str) -> float:
    if not 0 < length <= period:
        raise ValueError(f"the window does not fit into its period ({shown(text)}): {_FORMS}")
    return length


def format_window(window: Window | ClockWindow) -> str:
    """The window as text that `read_window` reads back."""
    if isinstance(window, Window):
        return f"every {format_duration(window.period)} for {format_duration(window.end)}"
    zone = f" {window.zone}" if window.zone else ""
    start, end = round(window.start / MINUTE), round(window.end / MINUTE)
    if window.period == DAY:
        names = {days: name for name, days in _SETS.items()} | {(day,): name for day, name in enumerate(_DAYS)}
        end -= 24 * 60 * (end > 24 * 60)
        return f"{names[window.days]} {start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}{zone}"
    if end * MINUTE != window.end:
        return f"hourly for {format_duration(window.end)}{zone}"
    return f"hourly {start:02}-{end - 60 * (end > 60):02}{zone}"


_PATTERN: JsonSchema = {
    "type": "string",
    "pattern": rf"^\s*(daily|weekdays|weekends|hourly|every|{_DAY})\b",
    "examples": ["daily 02:00-03:00"],
}

Windows = Annotated[
    tuple[Window | ClockWindow, ...],
    Reads(
        read_windows,
        {"anyOf": [_PATTERN, {"type": "array", "items": _PATTERN}]},
        lambda windows: [*map(format_window, windows)],
    ),
]

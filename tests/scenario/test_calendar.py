"""The calendar: windows by the clock against a clock on the wall, and the start of a run as text."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.spec.calendar import ClockWindow, Start, Window, format_start, openings, opens, read_start
from sim.scenario.spec.windows import format_window, read_window

DAY = 86400.0
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]


def shows(window, clock):
    """Whether a clock on the wall shows a time inside the window."""
    of_day = clock.hour * 3600 + clock.minute * 60 + clock.second
    since = of_day if window.period == DAY else of_day % 3600
    if window.start <= since < window.end and (not window.days or clock.weekday() in window.days):
        return True
    return since < window.end - window.period and (not window.days or (clock.weekday() - 1) % 7 in window.days)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(["2026-03-27", "2026-10-23", "2026-03-06", "2026-10-30", "2011-12-28", "2000-01-03"]),
    st.sampled_from(
        [
            "daily 02:00-03:00",
            "daily 23:30-02:30",
            "weekdays 18:00-08:00",
            "weekends",
            "sun 01:30-02:30",
            "hourly 50-10",
            "hourly for 5 min",
            "daily 02:15-02:45",
        ]
    ),
)
def test_a_window_is_open_when_the_clock_on_the_wall_says_so(zone, day, text):
    """Every five minutes of six days, over changes of the clocks: openings are what zoneinfo's local times say."""
    window, start = read_window(text), read_start(f"{day} 00:00 {zone}")
    stretches = list(openings(window, start, 6 * DAY))
    for minute in range(0, 6 * 24 * 60, 5):
        t = minute * 60.0
        clock = datetime.fromtimestamp(start.at + t, ZoneInfo(zone))
        assert any(begin <= t < end for begin, end in stretches) == shows(window, clock)


def test_a_zone_of_its_own():
    """18:00 in New York is midnight in Paris, in winter."""
    window = read_window("daily 18:00-19:00 America/New_York")
    begins = [begin for begin, _ in openings(window, read_start("2026-01-05 00:00 Europe/Paris"), DAY)]
    assert begins[1:4] == [-DAY, 0.0, DAY]


def test_where_clocks_go_forward_a_window_may_not_open():
    """Daily 02:00-03:00 in Paris: no such hour on 29 March 2026, two of them on 25 October."""
    window = read_window("daily 02:00-03:00")

    def hours(day):
        inside = openings(window, read_start(f"{day} Europe/Paris"), DAY)
        return sum(min(end, DAY) - max(begin, 0.0) for begin, end in inside if begin < DAY and end > 0) / 3600

    assert [hours(day) for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25")] == [1.0, 0.0, 1.0, 2.0]


def test_every_counts_from_time_0():
    """Whatever the clock shows."""
    window = read_window("every 6 h for 20 min")
    assert list(openings(window, read_start("2026-03-02 08:13"), 1.0))[:2] == [(-21600.0, -20400.0), (0.0, 1200.0)]


def test_no_clock_beyond_its_database():
    """A run of more years than the calendar has goes on with the last offset."""
    assert opens([read_window("weekends 10:00-11:00 Europe/Paris")], Start(at=253_370_700_000.0), 30 * DAY)


@pytest.mark.parametrize(
    ("text", "at", "zone"),
    [
        ("2026-03-02 00:00", datetime(2026, 3, 2, tzinfo=UTC), "UTC"),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC), "UTC"),
        ("2026-07-01 8:30 Europe/Paris", datetime(2026, 7, 1, 6, 30, tzinfo=UTC), "Europe/Paris"),
        ("1972-08-01 12:00:05 America/New_York", datetime(1972, 8, 1, 16, 0, 5, tzinfo=UTC), "America/New_York"),
    ],
)
def test_a_start_is_read_and_shown(text, at, zone):
    """A date, perhaps a time and a zone; what is shown reads back."""
    start = read_start(text)
    assert (start.at, start.zone) == (at.timestamp(), zone)
    assert read_start(format_start(start)) == start


def test_the_usual_start_is_a_monday():
    """So that weekdays are the first five days of a run."""
    assert format_start(Start()) == "2000-01-03 00:00 UTC"
    assert datetime.fromtimestamp(Start().at, UTC).strftime("%A") == "Monday"


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-13-01", "2026-03-02 25:00", "2026-03-02 00:00 Europe/Pariss", 3]
)
def test_no_start(text):
    """What is no date, no time of day or no zone."""
    with pytest.raises(ValueError, match=r"allowed (is|are)"):
        read_start(text)


@pytest.mark.parametrize(
    "text",
    [
        "daily 02:00-03:00",
        "daily 00:00-24:00",
        "daily 22:00-06:00 Asia/Tokyo",
        "weekdays 18:00-08:00 Europe/Paris",
        "weekends 00:00-24:00",
        "sat 10:00-12:30",
        "hourly 00-05",
        "hourly 50-10 Asia/Kolkata",
        "hourly for 90 s",
        "every 7 h for 20 min",
    ],
)
def test_windows_are_shown_as_they_are_written(text):
    """Text to value and back."""
    assert format_window(read_window(text)) == text


def test_windows_since_time_0_and_by_the_clock_differ():
    """`every 24 h` has no clock, `daily` has."""
    assert isinstance(read_window("every 24 h for 1 h"), Window)
    assert read_window("weekends") == ClockWindow(period=DAY, start=0.0, end=DAY, days=(5, 6))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia"])
@pytest.mark.parametrize("day", ["0001-01-01", "0001-12-31", "9998-12-31", "9999-12-31"])
def test_the_ends_of_the_calendar(zone, day):
    """Clocks go on unchanged where Python's calendar has no days: daily windows open once a day."""
    start = read_start(f"{day} 00:00 {zone}")
    found = [
        opened for opened, _ in openings(read_window("daily 12:00-13:00"), start, 5 * DAY) if 0 <= opened < 5 * DAY
    ]
    assert found == [12 * 3600 + n * DAY for n in range(5)]

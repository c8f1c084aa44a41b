"""Quantities with units."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.quantity import (
    BIT_RATE,
    DURATION,
    MESSAGE_RATE,
    PROBABILITY,
    SIZE,
    format_bit_rate,
    format_duration,
    format_message_rate,
    format_size,
    parse_probability,
)

READ = [
    (DURATION, "100ms", 0.1),
    (DURATION, " 100 ms ", 0.1),
    (DURATION, "1.5 min", 90.0),
    (DURATION, "2 h", 7200.0),
    (DURATION, "7 d", 604800.0),
    (DURATION, "1 w", 604800.0),
    (DURATION, ".5 s", 0.5),
    (DURATION, "1e-3 s", 0.001),
    (DURATION, 0, 0.0),
    (DURATION, "0", 0.0),
    (DURATION, "-0 s", 0.0),
    (BIT_RATE, "9600 bit/s", 9600.0),
    (BIT_RATE, "9600 bits/s", 9600.0),
    (BIT_RATE, "50 kbit/s", 50e3),
    (BIT_RATE, "1.544 Mbit/s", 1544e3),
    (BIT_RATE, "1 Gbit/s", 1e9),
    (MESSAGE_RATE, "200 /h", 200 / 3600),
    (MESSAGE_RATE, "3/min", 0.05),
    (MESSAGE_RATE, "3 /s", 3.0),
    (MESSAGE_RATE, "1 /d", 1 / 86400),
    (SIZE, "2 kB", 2000.0),
    (SIZE, "2 KiB", 2048.0),
    (SIZE, "1 MiB", 1048576.0),
    (SIZE, "5 MB", 5e6),
    (SIZE, "1 GB", 1e9),
    (SIZE, "17 bytes", 17.0),
    (PROBABILITY, "0.1 %", 0.001),
    (PROBABILITY, 0.001, 0.001),
    (PROBABILITY, "0.001", 0.001),
]


@pytest.mark.parametrize(("quantity", "text", "expected"), READ)
def test_quantities_are_read_in_base_units(quantity, text, expected):
    """The float nearest to what is written."""
    assert quantity.parse(text) == expected


REFUSED = [
    (DURATION, 5, "a duration needs a unit (5): allowed are s, ms, min, h, d, w, y, as in 30 s"),
    (DURATION, "5", "a duration needs a unit (5): allowed are s, ms, min, h, d, w, y, as in 30 s"),
    (DURATION, "-5 s", "a duration cannot be negative (-5 s): allowed is 0 or more"),
    (
        DURATION,
        "5 m",
        "unknown unit of a duration (5 m): allowed are s, ms, min, h, d, w, y, as in 30 s; did you mean 5 min?",
    ),
    (DURATION, "5 x", "unknown unit of a duration (5 x): allowed are s, ms, min, h, d, w, y, as in 30 s"),
    (DURATION, "soon", "not a duration (soon): allowed are s, ms, min, h, d, w, y, as in 30 s"),
    (DURATION, True, "not a duration (true): allowed are s, ms, min, h, d, w, y, as in 30 s"),
    (DURATION, None, "not a duration (nothing): allowed are s, ms, min, h, d, w, y, as in 30 s"),
    (DURATION, [5], "not a duration (a list): allowed are s, ms, min, h, d, w, y, as in 30 s"),
    (DURATION, float("inf"), "not a duration (inf): allowed are s, ms, min, h, d, w, y, as in 30 s"),
    (DURATION, "1e999 s", "a duration out of range (1e999 s): allowed are 1e-15 to 1e15 s"),
    (DURATION, "1e-99 s", "a duration out of range (1e-99 s): allowed are 1e-15 to 1e15 s"),
    (
        BIT_RATE,
        "5 Mbps",
        "unknown unit of a rate (5 Mbps): allowed are bit/s, kbit/s, Mbit/s, Gbit/s, as in 10 Mbit/s; did you mean Mbit/s?",
    ),
    (SIZE, "5 KB", "unknown unit of a size (5 KB): allowed are B, kB, MB, GB, KiB, MiB, as in 2 kB; did you mean kB?"),
    (
        SIZE,
        "5 ko",
        "unknown unit of a size (5 ko): allowed are B, kB, MB, GB, KiB, MiB, as in 2 kB; did you mean kB or KiB?",
    ),
    (PROBABILITY, "x", "not a probability (x): allowed is a number alone or with %, as in 0.1 %"),
]


@pytest.mark.parametrize(("quantity", "value", "message"), REFUSED)
def test_what_is_no_quantity_is_refused_with_the_units(quantity, value, message):
    """The message names the value and what is allowed."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        quantity.parse(value)


def test_a_probability_is_at_most_one():
    """100 % is the most."""
    assert parse_probability("100 %") == 1.0
    with pytest.raises(ValueError, match="cannot be above 1"):
        parse_probability("101 %")


SHOWN = [
    (format_duration, 0.0, "0 s"),
    (format_duration, 0.1, "100 ms"),
    (format_duration, 300.0, "5 min"),
    (format_duration, 2700.0, "45 min"),
    (format_duration, 4000.0, "4000 s"),
    (format_duration, 432000.0, "5 d"),
    (format_duration, 1 / 3, "0.3333333333333333 s"),
    (format_bit_rate, 9600.0, "9600 bit/s"),
    (format_bit_rate, 10e6, "10 Mbit/s"),
    (format_message_rate, 200 / 3600, "200 /h"),
    (format_size, 1500, "1500 B"),
    (format_size, 2048.0, "2 KiB"),
    (format_size, 1048576.0, "1 MiB"),
    (PROBABILITY.format, 0.0, "0"),
    (PROBABILITY.format, 0.001, "0.1 %"),
    (PROBABILITY.format, 1 / 3, "0.3333333333333333"),
]


@pytest.mark.parametrize(("form", "value", "expected"), SHOWN)
def test_quantities_are_shown_in_a_fitting_unit(form, value, expected):
    """Whole numbers where that can be."""
    assert form(value) == expected


@given(st.sampled_from([DURATION, BIT_RATE, MESSAGE_RATE, SIZE, PROBABILITY]), st.floats(1e-14, 1e14))
def test_what_is_shown_reads_back(quantity, value):
    """Formatting loses nothing."""
    assert quantity.parse(quantity.format(value)) == value

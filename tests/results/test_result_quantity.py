"""Quantities as people read them."""

from __future__ import annotations

import math

import pytest

from sim.results.human_units import human, together


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (192, "s", "3.20 min"),
        (0.0042, "s", "4.20 ms"),
        (0.00001, "s", "0.010 ms"),
        (12.34, "s", "12.3 s"),
        (86400 * 3, "s", "3.00 d"),
        (-7200, "s", "-2.00 h"),
        (0, "s", "0 s"),
        (1234567, "bytes", "1.23 MB"),
        (17, "bytes", "17 B"),
        (0, "bytes", "0 B"),
        (0.98765, "share", "98.77 %"),
        (1234.5, "copies", "1,234.50"),
        (None, "s", "-"),
        (math.nan, "copies", "-"),
    ],
)
def test_human(value, unit, text):
    """A value is shown in a unit of its size, with about three digits."""
    assert human(value, unit) == text


def test_values_shown_together_share_a_unit():
    """The ends of an interval are in the unit of its mean, named once."""
    assert together([120, 30, 210], "s") == ["2.00 min", "0.50", "3.50"]


def test_an_undefined_mean_leaves_the_unit_out():
    """What is not defined is a dash without a unit."""
    assert together([None, 1.0], "s") == ["-", "1.00"]


def test_no_negative_zero():
    """What rounds to zero has no sign."""
    assert human(-0.001, "copies") == "0.00"


def test_decimals_of_plain_numbers_are_the_callers():
    """Units that are not scaled get as many decimals as asked for."""
    assert human(3.14159, "hops", 1) == "3.1"

"""Timelines: lookups against a brute force, draws against their law."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.network.weather import ALWAYS_UP, Timeline, draw
from sim.scenario import spec

moments = st.lists(st.integers(0, 60), unique=True, max_size=12).map(lambda times: sorted(times)[: len(times) // 2 * 2])


def intervals(times):
    """Pairs of ends."""
    return [(float(a), float(b)) for a, b in zip(times[::2], times[1::2], strict=True)]


@given(moments, st.integers(0, 130))
def test_every_question_agrees_with_a_walk_through_the_intervals(times, half):
    """is_up and the next_ questions say what a scan of half-seconds says."""
    down = intervals(times)
    timeline, t = Timeline(down), half / 2

    def up(moment):
        return not any(start <= moment < end for start, end in down)

    scan = [k / 2 for k in range(half, 140)]
    assert timeline.is_up(t) == up(t)
    assert timeline.next_up(t) == next(s for s in scan if up(s))
    assert timeline.next_down(t) == next((s for s in scan if not up(s)), math.inf)
    assert timeline.next_change(t) == next((s for s in scan if up(s) != up(t)), math.inf)


@given(moments)
def test_changes_are_the_ends_of_the_intervals(times):
    """Disjoint intervals change state at each of their ends."""
    assert Timeline(intervals(times)).changes() == [float(t) for t in times]


def test_an_outage_without_end_never_comes_up():
    """An infinite end is no change and no next up."""
    timeline = Timeline([(3.0, math.inf)])
    assert (timeline.next_up(5.0), timeline.changes(), timeline.is_up(1e9)) == (math.inf, [3.0], False)


def test_intervals_that_touch_are_one():
    """Nothing changes where one outage follows another at once."""
    assert Timeline([(1.0, 2.0), (2.0, 3.0)]).changes() == [1.0, 3.0]


@pytest.mark.parametrize("down", [[(2.0, 2.0)], [(1.0, 3.0), (2.0, 4.0)]])
def test_bad_intervals_are_refused(down):
    """Empty or overlapping intervals are an error."""
    with pytest.raises(ValueError, match="down"):
        Timeline(down)


def test_availability_is_the_law_of_renewals():
    """The share of time up is mtbf / (mtbf + mttr) within four standard deviations.

    Over n = horizon / (mtbf + mttr) cycles of exponential times the share's variance is 2 a^2 (1-a)^2 / n (the delta
    method for U / (U + D), with a the share), and the start in an up time shifts it by less than one cycle in n.
    """
    mtbf, mttr, horizon = 90.0, 10.0, 1e6
    timeline = draw(spec.Weather(outages=spec.Outages(mtbf=mtbf, mttr=mttr)), Random(7), horizon)
    times = timeline.changes()
    down = sum(min(end, horizon) - start for start, end in zip(times[::2], times[1::2], strict=True))
    share, cycles = mtbf / (mtbf + mttr), horizon / (mtbf + mttr)
    bound = 4 * math.sqrt(2 / cycles) * share * (1 - share) + 1 / cycles
    assert abs(1 - down / horizon - share) < bound


def test_no_weather_is_always_up():
    """Nothing is drawn where nothing is asked for."""
    random = Random(1)
    before = random.getstate()
    assert draw(spec.Weather(), random, 1e6) is ALWAYS_UP
    assert random.getstate() == before


def test_windows_are_the_only_times_up():
    """Daily 02:00-03:00 is up then, on each day, and down otherwise."""
    weather = spec.Weather(windows=(spec.Window(period=86400, start=7200, end=10800),))
    changes = draw(weather, Random(1), 2 * 86400.0).changes()
    assert changes == [0.0, 7200.0, 10800.0, 93600.0, 97200.0, 180000.0, 183600.0, 266400.0]


def test_a_window_may_pass_midnight():
    """23:00-01:00 is up at 00:30 of the first day too."""
    timeline = draw(spec.Weather(windows=(spec.Window(period=86400, start=82800, end=90000),)), Random(1), 86400.0)
    assert (timeline.is_up(1800.0), timeline.is_up(7200.0), timeline.is_up(86400.0)) == (True, False, True)


def test_explicit_outages_and_windows_are_merged():
    """An explicit outage inside a window cuts it."""
    weather = spec.Weather(
        down=(spec.Interval(start=20, end=30), spec.Interval(start=25, end=35)),
        windows=(spec.Window(period=100, start=10, end=60),),
    )
    assert draw(weather, Random(1), 50.0).changes()[:5] == [0.0, 10.0, 20.0, 35.0, 60.0]


def test_the_same_generator_draws_the_same_weather():
    """A timeline is a function of its stream."""
    weather = spec.Weather(outages=spec.Outages(mtbf=5, mttr=1))
    assert draw(weather, Random(3), 1000.0).changes() == draw(weather, Random(3), 1000.0).changes()

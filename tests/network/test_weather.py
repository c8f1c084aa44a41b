"""Timelines: lookups against a brute force, draws against their law."""

from __future__ import annotations

import itertools
import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.network.links.outages import AvailabilityModel, draw
from sim.network.links.timeline import ALWAYS_UP, Timeline, all_down, any_down
from sim.scenario import spec
from sim.scenario.distribution import Constant, Lognormal, Uniform, Weibull
from sim.scenario.spec.calendar import ClockWindow, read_start

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


LIVES = [
    spec.Outages.exponential(mtbf=90.0, mttr=10.0),
    spec.Outages(up=Weibull(0.7, 90.0), down=Lognormal(4.0, 30.0)),
    spec.Outages(up=Uniform(20.0, 100.0), down=Constant(15.0)),
]


def share_down(timeline, horizon):
    """The share of the time up to the horizon that it is down."""
    return sum(min(end, horizon) - start for start, end in timeline.outages()) / horizon


def test_availability_is_the_law_of_renewals():
    """The share of time up is mtbf / (mtbf + mttr) within four standard deviations.

    Over n = horizon / (mtbf + mttr) cycles of exponential times the share's variance is 2 a^2 (1-a)^2 / n (the delta
    method for U / (U + D), with a the share).
    """
    outages, horizon = LIVES[0], 1e6
    timeline = draw(spec.Weather(outages=outages), Random(7), horizon)
    share, cycles = outages.availability, horizon / 100.0
    assert share == 0.9
    assert abs(1 - share_down(timeline, horizon) - share) < 4 * math.sqrt(2 / cycles) * share * (1 - share)


@pytest.mark.parametrize("outages", LIVES)
@pytest.mark.parametrize("horizon", [10.0, 60.0, 500.0])
def test_short_runs_have_the_availability_of_long_ones(outages, horizon):
    """In equilibrium the mean share of time up is mtbf / (mtbf + mttr) over any horizon: 4000 draws, 4 standard errors."""
    n, weather = 4000, spec.Weather(outages=outages)
    shares = [1 - share_down(draw(weather, Random(f"{k}"), horizon), horizon) for k in range(n)]
    mean = sum(shares) / n
    error = math.sqrt(sum((share - mean) ** 2 for share in shares)) / n
    assert abs(mean - outages.availability) < 4 * error


def test_a_fresh_start_is_up():
    """`up`: the first thing is a whole time up."""
    weather = spec.Weather(outages=spec.Outages(up=Constant(5.0), down=Constant(1.0), start="up"))
    assert draw(weather, Random(1), 15.0).changes() == [5.0, 6.0, 11.0, 12.0]


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
    weather = spec.Weather(outages=spec.Outages.exponential(mtbf=5, mttr=1))
    assert draw(weather, Random(3), 1000.0).changes() == draw(weather, Random(3), 1000.0).changes()


def test_windows_by_the_clock_are_open_when_the_clock_says_so():
    """A run from Friday 20:00 in Paris: weekdays 18:00-08:00 is open till Saturday 08:00, then from Monday 18:00."""
    weather = spec.Weather(windows=(ClockWindow(period=86400, start=64800, end=115200, days=(0, 1, 2, 3, 4)),))
    timeline = draw(weather, Random(1), 3 * 86400.0, read_start("2026-03-06 20:00 Europe/Paris"))
    assert timeline.changes()[:3] == [43200.0, 252000.0, 302400.0]


def test_what_has_closed_for_good_stays_down():
    """No opening before the horizon any more: down for ever."""
    weather = spec.Weather(windows=(spec.Window(period=1e9, start=0, end=60),))
    assert draw(weather, Random(1), 100.0).next_up(70.0) == 1e9
    over = spec.Weather(windows=(ClockWindow(period=86400, start=0, end=3600),))
    assert draw(over, Random(1), 1e6, read_start("9999-12-30")).next_change(900_000.0) < math.inf


@given(moments, moments, moments, st.integers(0, 130))
def test_things_together_are_down_when_any_or_all_are(one, two, three, half):
    """Against each timeline's own answer."""
    skies, t = [Timeline(intervals(times)) for times in (one, two, three)], half / 2
    assert any_down(skies).is_up(t) == all(sky.is_up(t) for sky in skies)
    assert all_down(skies).is_up(t) == any(sky.is_up(t) for sky in skies)


def test_nothing_together_is_up():
    """No timelines, no outage."""
    assert (any_down([]), all_down([]), any_down([ALWAYS_UP])) == (ALWAYS_UP,) * 3


@given(moments, st.integers(1, 10), st.integers(0, 130))
def test_an_observer_settles_after_a_while(times, hold, half):
    """He believes the last state that lasted longer than `hold` and began at least that long ago."""
    timeline, t = Timeline(intervals(times)), half / 2
    ends = [-math.inf, *timeline.changes(), math.inf]
    lasting = [
        start
        for start, end in itertools.pairwise(ends)
        if (start == 0 and t >= 0) or (end - start > hold and start + hold <= t)
    ]
    assert timeline.settled(hold).is_up(t) == timeline.is_up(max(lasting[-1], -1.0))


def test_who_does_not_wait_believes_at_once():
    """Without a hold the timeline is what it is."""
    timeline = Timeline([(1.0, 2.0)])
    assert timeline.settled(0.0) is timeline


def network(dns=None, **groups):
    """A network that has nothing but what all things share."""
    return spec.Network(nodes={}, links=(), groups=groups, dns=dns or spec.NameService())


def test_a_group_fails_together_and_its_members_alone():
    """A link is down when the group is or it is itself; the group's draws are its own stream's."""
    cable = spec.Group(members=("a-b", "c"), outages=LIVES[0])
    model = AvailabilityModel(network(cable=cable), 1000.0, Random)
    own = spec.Weather(down=(spec.Interval(start=3, end=4),))
    alone = draw(cable, Random("group/cable/weather"), 1000.0)
    assert model.of("host/c", spec.Weather()).changes() == alone.changes()
    assert model.of("link/a-b", own).changes() == any_down([alone, Timeline([(3.0, 4.0)])]).changes()
    assert model.of("link/a-c", spec.Weather()) is ALWAYS_UP


def test_names_can_be_looked_up_while_the_dns_a_server_and_the_resolver_are_up():
    """The DNS's own outage, one of both its servers at a time and both, and a host's resolver."""

    def down(start, end):
        return spec.Weather(down=(spec.Interval(start=start, end=end),))

    dns = spec.NameService(servers=("x", "y"), down=down(10, 20).down)
    hosts = {"x": spec.Host(name="x"), "y": spec.Host(name="y", resolver=down(15, 25))}
    up = {"x": Timeline([(30.0, 40.0)]), "y": Timeline([(35.0, 50.0)])}
    found = AvailabilityModel(network(), 100.0, Random).name_service(dns, hosts, up)
    assert [found[name].outages() for name in "xy"] == [[(10.0, 20.0), (35.0, 40.0)], [(10.0, 25.0), (35.0, 40.0)]]


def test_hosts_that_can_always_look_names_up_are_left_out():
    """So that nothing is asked where nothing can fail."""
    assert (
        AvailabilityModel(network(), 100.0, Random).name_service(spec.NameService(), {"x": spec.Host(name="x")}, {})
        == {}
    )

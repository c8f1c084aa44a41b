"""A disk and content filters that all of a host's work shares, held to the theory of queues."""

from __future__ import annotations

import math
from random import Random
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.distribution import Constant, Exponential
from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.products import PRODUCTS
from sim.scenario.products.postfix import Postfix
from sim.scenario.show import show
from sim.scenario.spec import Interval, Weather
from sim.scenario.spec.capacity import Capacity, Filters
from sim.world.engine.capacity import Resource
from tests.world.worlds import message, run, scenario


def waits(servers: int, load: float, *, exponential: bool) -> float:
    """The mean wait in line of 200,000 who come at random, in mean times of service."""
    random, line, now, total, count = Random(7), Resource(servers), 0.0, 0.0, 200_000
    for _ in range(count):
        now += random.expovariate(load * servers)
        time = random.expovariate(1.0) if exponential else 1.0
        total += line.serve(now, time) - time - now
    return total / count


def erlang_c(servers: int, load: float) -> float:
    """The mean wait of M/M/c in mean times of service (Erlang 1917)."""
    offered = load * servers
    last = offered**servers / math.factorial(servers) / (1 - load)
    busy = last / (sum(offered**k / math.factorial(k) for k in range(servers)) + last)
    return busy / (servers * (1 - load))


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_a_disk_makes_its_clients_wait_as_m_d_1(load: float):
    """Pollaczek-Khinchin: half of load / (1 - load)."""
    assert waits(1, load, exponential=False) == pytest.approx(load / (1 - load) / 2, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "load"), [(1, 0.5), (3, 0.7), (20, 0.8)])
def test_filters_make_their_clients_wait_as_m_m_c(workers: int, load: float):
    """Erlang C."""
    assert waits(workers, load, exponential=True) == pytest.approx(erlang_c(workers, load), rel=0.06)


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), max_size=40),
)
def test_nobody_is_overtaken_in_line_and_no_server_rests_while_one_waits(servers, jobs):
    """Work starts in order of arrival; as many are served at a time as there are servers, where so many are there."""
    line, now, starts, ends = Resource(servers), 0.0, [], []
    for gap, time in jobs:
        now += gap
        over = line.serve(now, time)
        start = over - time
        busy = sum(1 for a, b in zip(starts, ends, strict=True) if a <= now < b or now < a)
        assert start >= now - 1e-9
        assert start == pytest.approx(now) or busy >= servers
        starts.append(start)
        ends.append(over)
    assert starts == pytest.approx(sorted(starts))


def herd(capacity: Capacity, at: list[float], **more):
    """The facts of messages that come to the host z, each from a host of its own, at given times."""
    names = [f"c{number}" for number in range(len(at))]
    hosts = {"z": {"capacity": capacity, **more}}
    mail = [message(time, f"u1@{name}", "u1@z") for time, name in zip(at, names, strict=True)]
    links = " ".join(f"{name}-z" for name in names)
    return run(scenario(links, *mail, hosts=hosts, rate=1e9, delay=1e-4, duration=max(at) + 1))


@pytest.mark.parametrize("product", [kind() for kind in PRODUCTS.values()])
def test_a_herd_of_clients_waits_for_the_filters(product):
    """Forty messages at once, two workers of half a second each: the last one has its 250 after ten seconds."""
    capacity = Capacity(filters=Filters(workers=2, time=Constant(0.5)))
    facts = herd(capacity, [0.0] * 40, mta=product, sessions=100)
    assert max(attempt.ended_s for attempt in facts.attempts) == pytest.approx(10.0, abs=0.5)
    assert [attempt.outcome for attempt in facts.attempts] == ["accepted"] * 40
    taken = sorted(copy.service_s for copy in facts.copies)
    assert taken == pytest.approx([0.5 * (1 + n // 2) for n in range(40)], abs=0.01)


def test_a_disk_commits_one_queue_file_at_a_time():
    """Thirty messages at once, ten commits a second."""
    facts = herd(Capacity(disk=10.0), [0.0] * 30)
    assert max(attempt.ended_s for attempt in facts.attempts) == pytest.approx(3.0, abs=0.1)


@pytest.mark.long
@pytest.mark.parametrize(
    ("capacity", "rate", "wait"),
    [
        (Capacity(disk=10.0), 7.0, 0.1 * 0.7 / 0.3 / 2),
        (Capacity(filters=Filters(workers=3, time=Exponential(0.5))), 4.2, 0.5 * erlang_c(3, 0.7)),
    ],
)
def test_the_wait_in_a_run_is_that_of_theory(capacity: Capacity, rate: float, wait: float):
    """Mail that comes at random; what it takes beside its own service, in s."""
    random, at, now = Random(3), [], 0.0
    for _ in range(3000):
        now += random.expovariate(rate)
        at.append(now)
    own = 1 / capacity.disk if capacity.disk else 0.5
    assert fmean(copy.service_s for copy in herd(capacity, at).copies) - own == pytest.approx(wait, rel=0.2)


def test_the_queue_shares_the_disk_with_those_who_come():
    """A message that is passed on costs the relay two commits: when it comes in, and when it has left."""
    hosts = {"b": {"capacity": Capacity(disk=1.0)}}
    mail = [message(0.0, "u1@a", "u1@c"), message(2.5, "u1@a", "u1@c"), message(4.0, "u1@d", "u1@b")]
    facts = run(scenario("a-b b-c d-b", *mail, hosts=hosts, transfer="store-and-forward"))
    ended = {copy.message_id: copy.service_s for copy in facts.copies}
    # It finds the second message's last commit under way: that began at about 3.8 s, and it comes at 4.2 s.
    assert (ended[1], ended[3]) == (pytest.approx(1.0), pytest.approx(1.6, abs=0.1))


@settings(max_examples=10, deadline=None)
@given(st.floats(1.0, 30.0))
def test_a_crash_empties_the_line(down: float):
    """Who stood in it is told nothing; all mail arrives in the end, and once or twice."""
    capacity = Capacity(disk=1.0, filters=Filters(workers=1, time=Constant(1.0)))
    weather = Weather(down=(Interval(start=down, end=down + 60.0),))
    facts = herd(capacity, [0.0] * 20, weather=weather)
    assert {copy.outcome for copy in facts.copies} == {"delivered"}


def test_a_client_that_waits_for_too_long_sends_again():
    """Its time for the final dot is over while its message stands in line, and the host takes it all the same."""
    capacity = Capacity(filters=Filters(workers=1, time=Constant(100.0)))
    names = [f"c{number}" for number in range(3)]
    hosts = {name: {"mta": Postfix(smtp_data_done_timeout=150.0)} for name in names} | {"z": {"capacity": capacity}}
    mail = [message(0.0, f"u1@{name}", "u1@z") for name in names]
    facts = run(scenario(" ".join(f"{name}-z" for name in names), *mail, hosts=hosts, drain=3600.0))
    assert sorted(attempt.outcome for attempt in facts.attempts)[-2:] == ["timeout", "timeout"]
    assert sum(copy.duplicates for copy in facts.copies) == 2


FILE = "network: {{nodes: [a]}}\nhosts: {{a: {{capacity: {capacity}}}}}\n"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("none", Capacity()),
        ("{disk: 100 /s}", Capacity(disk=100.0)),
        ("{filters: {time: 0.5 s}}", Capacity(filters=Filters(workers=1, time=Constant(0.5)))),
        (
            "{disk: 50 /s, filters: {workers: 20, time: {exponential: {mean: 2 s}}}}",
            Capacity(disk=50.0, filters=Filters(workers=20, time=Exponential(2.0))),
        ),
    ],
)
def test_a_file_says_what_a_host_can_do(said: str, meant: Capacity):
    """And `show` says the same."""
    spec = loads(FILE.format(capacity=said))
    assert spec.architectures["end-to-end"].hosts["a"].capacity == meant
    assert loads(show(spec)).architectures == spec.architectures


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("{disk: 100}", "100"),
        ("{disk: 0 /s}", "0 /s"),
        ("{filters: {workers: 0, time: 1 s}}", "too small (0): allowed is a whole number of at least 1"),
        ("{filters: {workers: 3}}", "time is missing"),
        ("{ssd: yes}", "unknown key (ssd): allowed are disk, filters"),
    ],
)
def test_other_capacities_are_errors(said: str, fault: str):
    """With what is allowed instead."""
    with pytest.raises(ScenarioError) as caught:
        loads(FILE.format(capacity=said))
    assert fault in str(caught.value)

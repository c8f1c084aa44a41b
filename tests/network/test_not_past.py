"""Whatever the link and whoever talks: a connection never gives a time that is past for its caller."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.network.interface import at_once
from sim.network.links.chain import ReroutedLine, RouteEpoch
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.transport.connect import connect
from sim.network.transport.propagation import Propagation
from sim.network.transport.reversed import Reversed
from sim.scenario.distribution import Constant, Lognormal
from sim.scenario.spec import Loss, Tcp
from sim.scenario.spec.carriers import X25, Bsc, DialUp, UucpG

STACKS = {
    "linux": Tcp(),
    "linux-3": Tcp(stack="linux-3"),
    "bsd-1988": Tcp(stack="bsd-1988", congestion="tahoe", initial_window=1, min_rto=1.0, sack=False, timestamps=False),
    "reno": Tcp(congestion="reno", sack=False),
    "large": Tcp(send_buffer=0),
    "no timestamps": Tcp(timestamps=False),
}
CARRIERS = (None, Bsc(), DialUp(busy=0.2), UucpG(), X25())
RATES = st.floats(math.log(110), math.log(1e10)).map(math.exp)
LINKS = st.lists(
    st.tuples(st.sampled_from(CARRIERS), RATES, st.sampled_from([0.0, 0.0001, 0.01, 0.3, 3.0, 30.0])),
    min_size=1,
    max_size=3,
)
FLIGHTS = st.lists(
    st.tuples(st.floats(0, math.log(3e5)).map(lambda x: int(math.exp(x))), st.booleans(), st.sampled_from([0.0, 3.0])),
    min_size=1,
    max_size=6,
)


BIG = st.lists(
    st.tuples(st.floats(0, math.log(2e7)).map(lambda x: int(math.exp(x))), st.booleans(), st.sampled_from([0.0, 60.0])),
    min_size=1,
    max_size=3,
)


def line(carrier, rate, delay, loss, seed, timeline, *, spread=1.0, queue=math.inf):
    """A line under a carrier's procedure, or a plain one; its 95th percentile of delays is `spread` times the median."""
    return Line(
        rate=rate,
        delay=Lognormal(delay, delay * spread) if spread > 1 and delay else Constant(delay),
        loss=loss,
        random=Random(seed),
        timeline=timeline,
        mtu=1500,
        queue=queue,
        carrier=carrier,
    )


def steps(flow):
    """The times at which a generator of them goes on, and the one that it returns."""
    if isinstance(flow, float):
        yield flow
        return
    while True:
        try:
            yield next(flow)
        except StopIteration as stop:
            yield stop.value
            return


def moments(connection, flights, patience):
    """The time of each step of a session, as `Session` takes them; it ends where a flight does not arrive."""
    if at_once(connection.open(0.0, 1e5)) == math.inf:
        return [0.0, connection.end(1e5)[0]]
    return dialogue(connection, [0.0, connection.accepted_at], flights, patience)


def dialogue(connection, times, flights, patience):
    """Go on after those times."""
    for size, to_server, pause in flights:
        sent = now = times[-1] + pause
        if now == math.inf:
            return times[:-1]
        arrives = connection.send(now, size, to_server)
        if not isinstance(arrives, float):
            try:
                while True:
                    times.append(next(arrives))
                    if times[-1] > sent + patience:
                        why = connection.end(times[-1], 60)[1]
                        held = () if why else steps(connection.abandon(times[-1], sent, math.inf))
                        return [*times, *held]
            except StopIteration as stop:
                arrives = stop.value
        if arrives == math.inf:
            return [*times, max(connection.end(times[-1] + patience, 60)[0], times[-1])]
        times.append(arrives)
    return [*times, connection.reset(times[-1], times[-1] + patience)]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    links=LINKS,
    flights=FLIGHTS,
    loss=st.sampled_from([0.0, 0.0, 0.01, 0.3]),
    seed=st.integers(0, 1000),
    stacks=st.tuples(st.sampled_from(sorted(STACKS)), st.sampled_from(sorted(STACKS))),
    outage=st.none() | st.tuples(st.floats(0, 1000), st.floats(1, 5000)),
    patience=st.sampled_from([20.0, 600.0, 1e5]),
)
def test_no_connection_gives_a_time_that_is_past(links, flights, loss, seed, stacks, outage, patience):
    """Each step of a dialogue is at the time of the one before, or later, over any mixture of carriers."""
    weather = Timeline([(outage[0], outage[0] + outage[1])]) if outage else ALWAYS_UP
    out = [line(*link, loss, f"{seed} out {i}", weather) for i, link in enumerate(links)]
    back = [line(*link, loss, f"{seed} back {i}", weather) for i, link in enumerate(links)]
    connection = connect(out, back[::-1], client_tcp=STACKS[stacks[0]], server_tcp=STACKS[stacks[1]], patience=300.0)
    times = moments(connection, flights, patience)
    assert times == sorted(times)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(links=LINKS, flights=FLIGHTS, outage=st.tuples(st.floats(0, 1000), st.floats(1, 5000)))
def test_neither_does_one_without_tcp(links, flights, outage):
    """Each step of a dialogue is at the time of the one before, or later."""
    weather = Timeline([(outage[0], outage[0] + outage[1])])
    out = [line(None, *link[1:], 0.0, "", weather) for link in links]
    times = moments(Propagation(out, out, server=weather), flights, 600.0)
    assert times == sorted(times)


LOSSES = st.sampled_from([0.0, 0.01, 0.3]) | st.sampled_from(
    [Loss(share=0.05, burst=3.0), Loss(share=0.2, burst_time=0.5)]
)
QUEUES = st.sampled_from([5e3, 64e3, math.inf])


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    links=st.lists(st.tuples(st.just(None), RATES, st.sampled_from([0.0, 0.01, 3.0, 30.0])), min_size=2, max_size=3),
    flights=FLIGHTS,
    loss=LOSSES,
    queue=QUEUES,
    spread=st.sampled_from([1.0, 1.5, 10.0]),
    changes=st.lists(st.floats(0, 500), max_size=4).map(sorted),
    stacks=st.tuples(st.sampled_from(sorted(STACKS)), st.sampled_from(sorted(STACKS))),
    turned=st.booleans(),
)
def test_neither_does_one_whose_way_delays_and_roles_change(
    links, flights, loss, queue, spread, changes, stacks, turned
):
    """The way is another line of several from some moments on; after the first flights the roles may be swapped."""
    out, back = (
        [line(*link, loss, f"{way} {i}", ALWAYS_UP, spread=spread, queue=queue) for i, link in enumerate(links)]
        for way in ("out", "back")
    )

    def found(lines, at):
        """Which line is the way."""
        since = [0.0, *changes]
        index = max(i for i, start in enumerate(since) if start <= max(at, 0.0))
        return RouteEpoch([lines[index % len(lines)]], since[index], [*since, math.inf][index + 1])

    ways = [ReroutedLine([lines[0]], lambda at, lines=lines: found(lines, at)) for lines in (out, back)]
    connection = connect([ways[0]], [ways[1]], client_tcp=STACKS[stacks[0]], server_tcp=STACKS[stacks[1]])
    times = moments(connection, flights, 600.0)
    if turned and times[-1] < math.inf:
        swapped = Reversed(connection)
        swapped.open(times[-1])
        times = dialogue(swapped, times, flights, 600.0)
    assert times == sorted(times)


def test_a_line_that_had_nothing_to_wait_for_waits_anew():
    """Packets come slowly over the line before it: its timers begin with each that comes to an idle line."""
    links = [(DialUp(), 400.0, 0.0), (DialUp(), 150.0, 30.0)]
    out, back = (
        [line(*link, 0.01, f"{way} {i}", ALWAYS_UP) for i, link in enumerate(links)] for way in ("out", "back")
    )
    times = moments(connect(out, back[::-1]), [(1, False, 0.0), (1096, False, 0.0)], 1e6)
    assert times == sorted(times)


@pytest.mark.long
@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    links=LINKS,
    flights=BIG,
    loss=LOSSES,
    queue=QUEUES,
    stacks=st.tuples(st.sampled_from(sorted(STACKS)), st.sampled_from(sorted(STACKS))),
)
def test_neither_does_one_that_carries_20_mb(links, flights, loss, queue, stacks):
    """Flights of up to 20 MB."""
    out = [line(*link, 0.01 if link[0] else loss, f"out {i}", ALWAYS_UP, queue=queue) for i, link in enumerate(links)]
    back = [line(*link, 0.01 if link[0] else loss, f"back {i}", ALWAYS_UP) for i, link in enumerate(links)]
    connection = connect(out, back[::-1], client_tcp=STACKS[stacks[0]], server_tcp=STACKS[stacks[1]], patience=300.0)
    times = moments(connection, flights, 1e6)
    assert times == sorted(times)

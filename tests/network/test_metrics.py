"""What a host's TCP remembers of others, and what a new connection makes of it."""

from __future__ import annotations

import pytest
from alone import connect
from hypothesis import given
from hypothesis import strategies as st
from picky import line

from sim.network.links.timeline import Timeline
from sim.network.tcp.metrics import Metrics, MetricsCache
from sim.network.tcp.rtt import RttEstimator
from sim.network.tcp.timers import timer_wheel_expiry
from sim.scenario.spec import Tcp
from sim.scenario.spec.tcp import PRESETS

PLAIN = Tcp(sack=False)
"""Without tail loss probes, so that the first timer is that of the retransmission."""
TICK = 0.004


def session(start, out, back, metrics, tcp=PLAIN):
    """How long the greeting and a command of 100 bytes take after a connection at that time; it is closed then."""
    connection = connect([out], [back], client_tcp=tcp, server_tcp=tcp, metrics=metrics)
    connection.open(start)
    accepted = connection.accepted_at
    greeted = connection.send(accepted, 50, to_server=False)
    there = connection.send(greeted, 100, to_server=True)
    connection.close(connection.send(there, 50, to_server=False))
    return greeted - accepted, there - greeted


def memory():
    """What two hosts remember of each other: nothing yet."""
    return Metrics(), Metrics()


@given(shaken=st.floats(0.001, 5.0), known=st.floats(0.001, 5.0), least=st.floats(0.05, 1.0))
def test_a_longer_round_trip_that_is_remembered_makes_the_first_timeout(shaken, known, least):
    """It and twice as much again, or the least timeout; a shorter one changes nothing."""
    estimator, other = RttEstimator(Tcp(min_rto=least)), RttEstimator(Tcp(min_rto=least))
    for one in (estimator, other):
        one.on_handshake(shaken, 0)
    estimator.on_metrics(known)
    expected = known + max(2 * known, least) if known > shaken else other.rto
    assert estimator.rto == pytest.approx(expected, abs=4 * TICK)


@given(shaken=st.floats(0.001, 5.0), known=st.floats(0.001, 5.0), sampled=st.floats(0.001, 5.0))
def test_the_first_sample_of_data_ends_it(shaken, known, sampled):
    """The estimate itself never knew of what was remembered."""
    estimator, other = RttEstimator(), RttEstimator()
    for one in (estimator, other):
        one.on_handshake(shaken, 0)
    estimator.on_metrics(known)
    for one in (estimator, other):
        one.sample(sampled)
    assert (estimator.rto, estimator.srtt) == (other.rto, other.srtt)


def test_where_the_handshake_has_told_nothing_what_is_remembered_counts():
    """Else the timeout is 3 s (RFC 6298 5.7)."""
    estimator = RttEstimator()
    estimator.on_handshake(-1.0, 1)
    assert estimator.rto == 3.0
    estimator.on_metrics(0.1)
    assert estimator.rto == pytest.approx(0.3, abs=TICK)


@given(first=st.floats(0.001, 10.0), then=st.floats(0.001, 10.0))
def test_a_longer_one_replaces_and_a_shorter_one_moves_by_an_eighth(first, then):
    """To overestimate is better than to underestimate."""
    metrics = Metrics()
    metrics.save(0.0, first)
    metrics.save(1.0, then)
    assert metrics.recall(2.0) == pytest.approx(then if then > first else first + (then - first) / 8)


@pytest.mark.parametrize(("now", "known"), [(3600.0, 0.5), (3601.0, 0.0)])
def test_what_is_not_saved_anew_is_forgotten_after_an_hour(now, known):
    """TCP_METRICS_TIMEOUT."""
    metrics = Metrics()
    metrics.save(0.0, 0.5)
    assert metrics.recall(now) == known


@pytest.mark.parametrize(("now", "known"), [(99.0, 0.5), (100.0, 0.0), (300.0, 0.0)])
def test_a_host_that_goes_down_forgets(now, known):
    """It is in memory only; down from 100 to 200 s."""
    metrics = Metrics(Timeline([(100.0, 200.0)]))
    metrics.save(10.0, 0.5)
    assert metrics.recall(now) == known


def test_a_connection_without_an_estimate_clears_it():
    """So does one that ends while its timer is backed off."""
    metrics = Metrics()
    metrics.save(0.0, 0.5)
    metrics.save(1.0, 0.0)
    assert metrics.recall(2.0) == 0.0


def test_a_host_remembers_by_both_addresses():
    """Another address of either is another way; a host without metrics remembers none."""
    cache = MetricsCache(Tcp())
    ours = cache.of("10.0.0.1", "10.0.0.2")
    assert cache.of("10.0.0.1", "10.0.0.2") is ours
    assert cache.of("10.0.0.3", "10.0.0.2") is not ours
    assert {MetricsCache(PRESETS[name]).of("a", "b") for name in ("bsd-1988", "rtt-only")} == {None}


@given(rtt=st.floats(0.005, 0.3))
def test_a_lost_syn_ack_makes_the_next_first_timers_longer(rtt):
    """The client's handshake seemed to take a second more; the next connection's lost command waits for that."""
    metrics = memory()
    session(0.25, line(rtt), line(rtt, 1), metrics)
    known = metrics[0].rtt
    assert known > rtt + 0.5
    _, command = session(10.25, line(rtt, 3), line(rtt), metrics)
    _, fresh = session(10.25, line(rtt, 3), line(rtt), memory())
    assert command == pytest.approx(timer_wheel_expiry(0.0, 3 * known) + rtt / 2, abs=0.3)
    assert command > fresh + 1.0


@given(rtt=st.floats(0.005, 0.3))
def test_a_server_remembers_clients(rtt):
    """Its lost greeting waits for what the last connection from there taught."""
    metrics = memory()
    metrics[1].save(0.0, 1.0)
    greeting, _ = session(10.25, line(rtt), line(rtt, 2), metrics)
    assert greeting == pytest.approx(timer_wheel_expiry(0.0, 3.0) + rtt / 2, abs=0.3)


@given(rtt=st.floats(0.005, 3.0), tcp=st.sampled_from([PLAIN, Tcp(), PRESETS["linux-3"]]))
def test_without_a_loss_it_is_all_the_same(rtt, tcp):
    """Sessions take as long, and send as many packets, whether or not hosts remember."""
    metrics = memory()
    kept = [session(20.0 * k + 0.25, line(rtt), line(rtt), metrics, tcp) for k in range(3)]
    fresh = [session(20.0 * k + 0.25, line(rtt), line(rtt), (None, None), tcp) for k in range(3)]
    assert kept == fresh


def test_sessions_without_a_loss_bring_what_is_remembered_back():
    """Each by an eighth of the way; where nothing is remembered they teach nothing."""
    metrics = memory()
    session(0.25, line(0.1), line(0.1), metrics)
    assert metrics[0].rtt == 0.0
    metrics[0].save(1.0, 1.0)
    session(2.0, line(0.1), line(0.1), metrics)
    assert metrics[0].rtt == pytest.approx(1.0 - 0.9 / 8, abs=0.01)

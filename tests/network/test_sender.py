"""Timers, estimates and windows of a sending end."""

from __future__ import annotations

import pytest

from sim.network.tcp.congestion import CongestionControl
from sim.network.tcp.rtt import RttEstimator
from sim.network.tcp.timers import timer_wheel_expiry
from sim.scenario.spec import Tcp


def sampled(*rtts):
    """What these round trips have taught."""
    estimator = RttEstimator()
    for rtt in rtts:
        estimator.sample(rtt)
    return estimator


@pytest.mark.parametrize(("delay", "grain"), [(0.1, 0.004), (0.3, 0.032), (5.0, 0.256), (30.0, 2.048), (200.0, 16.384)])
def test_a_timer_fires_late_by_at_most_its_grain(delay, grain):
    """Rounded up to the wheel's level, never early."""
    for k in range(50):
        late = timer_wheel_expiry(k * 0.0317, delay) - k * 0.0317 - delay
        assert 0 < late <= grain + 0.004


@pytest.mark.parametrize(("rtt", "timeout"), [(0.02, 0.22), (0.1, 0.3), (0.3, 0.9)])
def test_the_first_timeout_is_three_round_trips_or_200_ms_more_than_one(rtt, timeout):
    """RFC 6298 2.2 with Linux's minimum on the variance term."""
    assert sampled(rtt).rto == pytest.approx(timeout)


def test_the_timeout_doubles_up_to_two_minutes():
    """Back-off ends at 120 s."""
    estimator, timeouts = sampled(0.1), []
    for _ in range(10):
        estimator.back_off()
        timeouts.append(estimator.rto)
    assert timeouts[:2] + timeouts[-1:] == pytest.approx([0.6, 1.2, 120.0])


def test_steady_round_trips_bring_the_timeout_down():
    """The variance term decays to 200 ms; the timeout is a whole number of ticks of 4 ms."""
    assert sampled(*[0.3] * 50).rto == pytest.approx(0.504)


def test_a_late_sample_stretches_the_timeout_at_once():
    """One sample of 1 s after many of 20 ms raises the timeout by about the difference."""
    assert sampled(*[0.02] * 20, 1.0).rto > 1.0


def test_a_lone_segment_is_given_a_delayed_acknowledgement():
    """Probe after 2 RTT + 200 ms alone, 2 RTT + 8 ms among others, never after the timeout."""
    estimator = sampled(0.3)
    assert (estimator.probe_timeout(lone=True), estimator.probe_timeout(lone=False)) == pytest.approx((0.8, 0.608))


def test_silence_halves_the_window_down_to_the_initial_one():
    """One halving a timeout."""
    window = CongestionControl(rtt=sampled(0.1))
    window.cwnd, window.last_sent = 64, 0.0
    window.restart_after_idle(0.7)
    assert window.cwnd == 16
    window.restart_after_idle(100.0)
    assert window.cwnd == 10


def test_slow_start_grows_by_what_is_acknowledged_if_the_window_is_used():
    """A small flight leaves the window alone."""
    window = CongestionControl(rtt=sampled(0.1))
    window.max_packets_out = 1
    window.grow(1, 0.0, limited=False)
    assert window.cwnd == 10
    window.max_packets_out = 10
    window.grow(10, 0.0, limited=True)
    assert window.cwnd == 20


def test_slow_start_ends_at_the_threshold():
    """What is acknowledged beyond it counts for congestion avoidance."""
    window = CongestionControl(Tcp(congestion="reno"))
    window.ssthresh, window.max_packets_out = 12, 10
    window.grow(10, 0.0, limited=True)
    assert window.cwnd == 12
    window.grow(4, 0.0, limited=True)
    assert window.cwnd == 13


def test_a_window_that_is_not_used_does_not_grow_beyond_the_threshold():
    """Congestion avoidance needs a window that has kept segments from being sent."""
    window = CongestionControl(rtt=sampled(0.1))
    window.ssthresh = 5
    window.grow(100, 0.0, limited=False)
    assert window.cwnd == 10

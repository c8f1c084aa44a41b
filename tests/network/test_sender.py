"""Timers, estimates and windows of a sending end."""

from __future__ import annotations

import math

import pytest

from sim.network.sender import Sender, fires


def sampled(*rtts):
    """A sender that has seen these round trips."""
    sender = Sender()
    for rtt in rtts:
        sender.sample(rtt)
    return sender


@pytest.mark.parametrize(("delay", "grain"), [(0.1, 0.004), (0.3, 0.032), (5.0, 0.256), (30.0, 2.048), (200.0, 16.384)])
def test_a_timer_fires_late_by_at_most_its_grain(delay, grain):
    """Rounded up to the wheel's level, never early."""
    for k in range(50):
        late = fires(k * 0.0317, delay) - k * 0.0317 - delay
        assert 0 < late <= grain + 0.004


@pytest.mark.parametrize(("rtt", "timeout"), [(0.02, 0.22), (0.1, 0.3), (0.3, 0.9)])
def test_the_first_timeout_is_three_round_trips_or_200_ms_more_than_one(rtt, timeout):
    """RFC 6298 2.2 with Linux's minimum on the variance term."""
    assert sampled(rtt).timeout() == pytest.approx(timeout)


def test_the_timeout_doubles_up_to_two_minutes():
    """Back-off ends at 120 s."""
    assert [sampled(0.1).timeout(k) for k in (1, 2, 20)] == pytest.approx([0.6, 1.2, 120.0])


def test_steady_round_trips_bring_the_timeout_down():
    """The variance term decays to 200 ms."""
    assert sampled(*[0.3] * 50).timeout() == pytest.approx(0.5, abs=1e-3)


def test_a_late_sample_stretches_the_timeout_at_once():
    """One sample of 1 s after many of 20 ms raises the timeout by about the difference."""
    assert sampled(*[0.02] * 20, 1.0).timeout() > 1.0


def test_a_lone_segment_is_given_a_delayed_acknowledgement():
    """Probe after 2 RTT + 200 ms alone, 2 RTT + 8 ms among others, never after the timeout."""
    sender = sampled(0.3)
    assert (sender.probe_timeout(lone=True), sender.probe_timeout(lone=False)) == pytest.approx((0.8, 0.608))


def test_silence_halves_the_window_down_to_the_initial_one():
    """One halving a timeout."""
    sender = sampled(0.1)
    sender.cwnd, sender.last_sent = 64.0, 0.0
    sender.rest(0.7)
    assert sender.cwnd == 16.0
    sender.rest(100.0)
    assert sender.cwnd == 10.0


def test_slow_start_grows_by_what_is_acknowledged_if_the_window_is_used():
    """A small flight leaves the window alone."""
    sender = sampled(0.1)
    sender.grow(1, 0.0, 1)
    assert sender.cwnd == 10.0
    sender.grow(10, 0.0, 10)
    assert sender.cwnd == 20.0


def test_cubic_comes_back_to_its_plateau():
    """After a loss at 100 segments the window is 70, and 100 again after K = cbrt(30 / 0.4) s (RFC 9438 4.2)."""
    sender = sampled(0.1)
    sender.cwnd = 100.0
    sender.reduce()
    sender.cwnd = sender.ssthresh
    assert sender.cwnd == pytest.approx(70.0)
    now = 0.0
    while now < 75 ** (1 / 3):
        for _ in range(35):
            sender.grow(2, now, 1000)
        now += 0.1
    assert sender.cwnd == pytest.approx(100.0, rel=0.02)


def test_a_queue_ends_slow_start():
    """HyStart: from 16 segments on, when round trips have grown by an eighth."""
    sender = sampled(0.1)
    sender.delayed(0.2)
    assert sender.ssthresh == math.inf
    sender.cwnd = 20.0
    sender.delayed(0.111)
    assert sender.ssthresh == math.inf
    sender.delayed(0.113)
    assert sender.ssthresh == 20.0

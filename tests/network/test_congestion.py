"""Congestion avoidance: CUBIC, Reno, and HyStart."""

from __future__ import annotations

import math

import pytest

from sim.network.tcp.congestion import CongestionControl, Cubic, Reno


def test_reno_adds_one_segment_a_window():
    """RFC 5681 3.1."""
    reno, cwnd = Reno(), 10
    for _ in range(5):
        cwnd = reno.avoid(cwnd, 2, 0.0, 0.1)
    assert cwnd == 11


@pytest.mark.parametrize(("control", "threshold"), [(Reno(), 50), (Cubic(), 70)])
def test_how_far_the_window_falls(control, threshold):
    """Reno to a half, CUBIC to 717/1024."""
    assert control.ssthresh(100) == threshold
    assert control.ssthresh(2) == 2


@pytest.mark.parametrize("control", [Reno(), Cubic()])
def test_a_loss_voids_what_was_counted_towards_the_next_segment(control):
    """Half a window acknowledged before it, half a window after it: none is added (tcp_init_cwnd_reduction)."""
    assert control.avoid(10, 9, 0.0, 0.1) == 10
    assert control.avoid(control.ssthresh(10), 1, 0.1, 0.1) == control.ssthresh(10)


def test_cubic_counts_in_whole_segments():
    """Its curve is rounded towards the plateau (bictcp_update): from 5 of 8 a segment costs 5 acknowledgements at first."""
    cubic = Cubic()
    cwnd = cubic.ssthresh(8)
    assert (cwnd, [cubic.avoid(cwnd, 1, 0.0, 0.1) for _ in range(5)]) == (5, [5, 5, 5, 5, 6])


def test_cubic_comes_back_to_its_plateau():
    """After a loss at 100 segments the window is 70, and 100 again after K = cbrt(30 / 0.4) s (RFC 9438 4.2)."""
    cubic = Cubic()
    cwnd, now = cubic.ssthresh(100), 0.0
    while now < 75 ** (1 / 3):
        for step in range(35):
            cwnd = cubic.avoid(cwnd, 2, now + step * 0.002, 0.1)
        now += 0.1
    assert cwnd == pytest.approx(100, abs=2)


def test_cubic_lowers_its_plateau_when_it_had_not_come_back_to_it():
    """Fast convergence (RFC 9438 4.7): the next plateau is 0.85 of the window, in whole segments."""
    cubic = Cubic()
    cubic.ssthresh(100)
    cubic.ssthresh(80)
    assert cubic._plateau == 68


def test_cubic_is_not_slower_than_reno_on_short_round_trips():
    """The friendly region (RFC 9438 4.3): at 10 ms CUBIC's own curve would hardly move."""
    cubic = Cubic()
    cwnd, now = cubic.ssthresh(20), 0.0
    for _ in range(100):
        now += 0.01
        for step in range(cwnd // 2):
            cwnd = cubic.avoid(cwnd, 2, now + step * 1e-4, 0.01)
    assert cwnd > 35


def leaves(cubic, cwnd, now, rtt, acknowledged=1):
    """Whether slow start ends, at a least round trip of 100 ms."""
    return cubic.leaves_slow_start(cwnd, now, rtt, 0.1, acknowledged=acknowledged, following=50)


def test_a_queue_ends_slow_start():
    """HyStart: from 16 segments on, when the least of eight round trips has grown by an eighth."""
    for rtt, over in ((0.112, False), (0.113, True)):
        cubic = Cubic()
        told = [leaves(cubic, 20, 0.01 * k, rtt) for k in range(9)]
        assert told == [False] * 8 + [over]


def test_small_windows_stay_in_slow_start():
    """Below 16 segments HyStart does not look."""
    cubic = Cubic()
    assert not any(leaves(cubic, 15, 0.01 * k, 0.5) for k in range(20))


def test_a_train_of_acknowledgements_ends_slow_start():
    """Acknowledgements at most 2 ms apart for half a round trip."""
    cubic = Cubic()
    told = [leaves(cubic, 20, 0.0015 * k, 0.1) for k in range(40)]
    assert told.index(True) * 0.0015 == pytest.approx(0.05, abs=0.003)


def test_a_new_round_starts_afresh():
    """The samples of a round say nothing about the next."""
    cubic = Cubic()
    assert not any(leaves(cubic, 20, 0.01 * k, 0.2, acknowledged=1) for k in range(8))
    assert not leaves(cubic, 20, 0.09, 0.2, acknowledged=51)


def test_the_first_acknowledgement_of_a_run_begins_a_round():
    """Segments are counted anew then: the round does not last until as many are acknowledged as in the run before."""
    congestion = CongestionControl()
    congestion.cwnd = 20
    for run in range(2):
        congestion.begin()
        for k in range(9):
            assert congestion.ssthresh == math.inf
            congestion.on_rtt(100.0 * run + 0.01 * k, 0.2 if k < 8 else 0.1, acknowledged=k + 1, following=500)
        assert (congestion.algorithm._round_start, congestion.algorithm._samples) == (100.0 * run, 8)


def test_tahoe_starts_anew_from_one_segment_whatever_was_delivered():
    """Proportional rate reduction is fast recovery's, also where a loss is found by RACK's second look."""
    congestion = CongestionControl()
    congestion.begin()
    congestion.enter_recovery()
    congestion.start_anew(10)
    congestion.reduce(0, 5, clean=True)
    assert congestion.cwnd == 1


def test_reno_never_leaves_slow_start_by_itself():
    """It knows no HyStart."""
    reno = Reno()
    assert not any(leaves(reno, 20, 0.001 * k, 0.5) for k in range(99))


def test_a_timeout_makes_cubic_forget():
    """As bictcp_reset."""
    cubic = Cubic()
    cubic.ssthresh(100)
    cubic = cubic.restarted()
    assert cubic._plateau == 0

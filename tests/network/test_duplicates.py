"""What duplicates tell Linux's TCP: of a handshake's answer, of a tail loss probe, of a segment sent for nothing."""

from __future__ import annotations

import math
from collections import deque
from random import Random

import pytest

from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP
from sim.network.tcp.congestion import LOSS
from sim.network.tcp.endpoint import Endpoint
from sim.network.tcp.handshake import Handshake
from sim.network.tcp.linux_3 import Linux3Endpoint
from sim.network.tcp.path import Packet, Path
from sim.network.tcp.timers import timer_wheel_expiry
from sim.scenario.distribution import Constant
from sim.scenario.spec import Tcp


class Picky(Line):
    """A line of 100 Mbit/s and 50 ms that loses the packets of the given numbers, and notes when each was sent."""

    __slots__ = ("drops", "seen")

    def carry(self, at, wire):
        """Note, and drop."""
        self.seen.append(at)
        end = super().carry(at, wire)
        return math.inf if len(self.seen) in self.drops else end


def picky(*drops):
    """A line that loses exactly those packets, counted from its first."""
    line = Picky(delay=Constant(0.05), rate=1e8, random=Random(1))
    line.seen, line.drops = [], drops
    return line


def sender(end=None):
    """One end with a round trip of 100 ms that has just sent one segment, at time 0."""
    end = end or Endpoint()
    end.begin(Path(picky(), picky(), ALWAYS_UP, ALWAYS_UP, 1448), deque(), deque())
    end.rtt.sample(0.1)
    end.queue.write([100])
    end.output.push(0.0)
    return end


def answer(now, ack, *, repeat, echo):
    """An acknowledgement alone that arrives now."""
    return Packet(now, 0, 0, ack, (), now - 0.05, echo, repeat)


def run_out(end):
    """Let the timer that is set run out; when that was."""
    end.timer.round_up()
    now = end.timer.at
    end.on_timer(now)
    return now


@pytest.mark.parametrize("start", [0.0, 0.02, 0.0315])
def test_the_servers_own_timer_repeats_a_lost_answer_though_a_repeated_syn_is_under_way(start):
    """Both timers are of 1 s, the server's set 50 ms later; it fires before the repeated SYN is there, 50 ms after its own.

    Measured (Linux 6.18): SYN-ACKs at 50, 1050 and 1068 ms where the first was lost. A SYN that comes has it repeated
    at once, and the timer set anew (net/ipv4/tcp_minisocks.c, tcp_check_req).
    """
    out, back = picky(), picky(1)
    shake = Handshake(Path(out, back, ALWAYS_UP, ALWAYS_UP, 1448))
    shake.play(start, math.inf)
    timer, repeated = timer_wheel_expiry(back.seen[0], 1.0), timer_wheel_expiry(start, 1.0) + 0.05
    assert out.seen[1] == pytest.approx(timer_wheel_expiry(start, 1.0))
    if timer < repeated:
        assert back.seen[1:] == pytest.approx([timer, repeated], abs=1e-4)
    else:
        assert back.seen[1:] == pytest.approx([repeated], abs=1e-4)


def test_one_of_both_answers_to_a_repeated_syn_is_enough():
    """Where the server's timer is first, losing its repeat costs 18 ms, not a second more."""
    start = next(
        s / 1000
        for s in range(64)
        if timer_wheel_expiry(s / 1000 + 0.05, 1.0) < timer_wheel_expiry(s / 1000, 1.0) + 0.05
    )
    shake = Handshake(Path(picky(), picky(1, 2), ALWAYS_UP, ALWAYS_UP, 1448))
    shake.play(start, math.inf)
    assert shake.connected == pytest.approx(timer_wheel_expiry(start, 1.0) + 0.1, abs=1e-4)


def test_a_duplicate_after_a_probe_and_a_timeout_undoes_nothing():
    """It may be the probe's: both must come back (tcp_init_undo since Linux 6.10, "fix incorrect undo caused by DSACK")."""
    end = sender()
    run_out(end)
    now = run_out(end)
    assert (end.congestion.state, end.congestion.cwnd) == (LOSS, 1)
    end.take(now + 0.1, answer(now + 0.1, 1, repeat=True, echo=now))
    assert end.congestion.cwnd < 10


def test_in_linux_3_a_duplicate_after_a_probe_undoes_the_timeout():
    """There a probe was not counted (tcp_enter_loss of 3.10)."""
    end = sender(Linux3Endpoint(Tcp(stack="linux-3")))
    run_out(end)
    now = run_out(end)
    end.take(now + 0.1, answer(now + 0.1, 1, repeat=True, echo=now))
    assert end.congestion.cwnd == 10


def test_a_segment_sent_for_nothing_opens_the_window_as_one_that_was_needed():
    """In slow start from 1 to 3 with one acknowledgement: it was delivered twice (tcp_dsack_seen, tcp_count_delivered)."""
    end = sender()
    run_out(end)
    now = run_out(end)
    end.take(now + 0.1, answer(now + 0.1, 1, repeat=True, echo=now))
    assert end.congestion.cwnd == 3


def test_what_may_be_late_is_given_a_quarter_of_the_least_round_trip():
    """25 ms of 100: RACK's bound is the smoothed round trip (tcp_rack_reo_wnd; srtt_us counts eighths)."""
    end = sender()
    end.queue.write([1448] * 3)
    end.output.push(0.0)
    end.take(0.1, Packet(0.1, 0, 0, 0, ((1, 2),), 0.05, 0.0, False))
    assert end.timer.at == pytest.approx(0.1 + 0.025 + 0.002, abs=1e-4)

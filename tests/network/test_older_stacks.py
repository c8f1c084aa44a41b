"""TCP before its present form: when Linux 3 and 4.3BSD-Tahoe send what, by their sources."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

import pytest
from alone import connect

from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.scenario.distribution import Constant
from sim.scenario.spec.tcp import PRESETS

DEAD = Timeline([(0.0, math.inf)])
LINUX_3 = [0, 1, 3, 7, 15, 31, 63]
TAHOE = [0, 6, 18, 42]


class Tap(Line):
    """A line that notes when each packet entered it, and loses those of the given numbers."""

    __slots__ = ("drops", "entered")

    def carry(self, at, wire):
        """Note and carry."""
        self.entered.append(at)
        end = super().carry(at, wire)
        return math.inf if len(self.entered) in self.drops else end

    def clear(self, at, packets, wire):
        """Not clear while a drop is due."""
        due = len(self.entered) < max(self.drops, default=0)
        return math.inf if due else super().clear(at, packets, wire)


def tap(timeline=ALWAYS_UP, rtt=0.1, drops=()):
    """One direction of a line of 10 Mbit/s."""
    line = Tap(rate=1e7, delay=Constant(rtt / 2), loss=0.0, random=Random(1), timeline=timeline, mtu=1500)
    line.entered, line.drops = [], drops
    return line


def talking(name, out, back):
    """A connection with a dialogue behind it: greeting, EHLO and its reply; and when that reply was there."""
    tcp = PRESETS[name]
    connection = connect([out], [back], client_tcp=tcp, server_tcp=tcp)
    connection.open(0.25)
    now = connection.send(connection.accepted_at, 40, to_server=False)
    now = connection.send(now, 25, to_server=True)
    return connection, connection.send(now, 100, to_server=False)


def since(line, start, first=0):
    """When packets entered the line, from the given one on, in s since `start`."""
    return [at - start for at in line.entered[first:]]


@pytest.mark.parametrize(("name", "times", "early"), [("linux-3", LINUX_3, 0.0), ("bsd-1988", TAHOE, 0.5)])
def test_a_syn_into_a_black_hole(name, times, early):
    """Linux 3.10 repeats six times from 1 s on, 4.3BSD-Tahoe three times from 6 s on, by a clock of 500 ms."""
    out = tap(DEAD)
    assert connect([out], [tap()], client_tcp=PRESETS[name]).open(0.25) == math.inf
    assert since(out, 0.25) == pytest.approx([time - early / 2 if time else 0 for time in times], abs=0.004)


def test_a_syn_ack_of_bsd_is_repeated_as_its_syn():
    """A Linux client hears nothing, and stays silent once its SYNs are over: 6, 12 and 24 s after the last of them."""
    out, back = tap(Timeline([(1.0, math.inf)])), tap(DEAD)
    connect([out], [back], server_tcp=PRESETS["bsd-1988"]).open(0.25)
    assert since(back, 0.0) == pytest.approx([0.3, 6.0, 18.0, 42.0], abs=0.001)


def test_a_repeated_syn_leaves_bsd_a_long_timer():
    """Without timestamps a repeated SYN gives no sample: 12 s, the first timeout doubled, by Karn's rule."""
    out, back = tap(drops={1}), tap()
    connection, now = talking("bsd-1988", out, back)
    assert now == pytest.approx(6.3, abs=0.01)
    out.drops, sent = {len(out.entered) + 1}, len(out.entered)
    connection.send(now, 40, to_server=True)
    assert 0.5 <= since(out, now, sent)[1] <= 1.0


def test_bsd_repeats_data_twelve_times():
    """1 s, the least that it waits, doubled up to 64 s; then it gives up."""
    out, back = tap(Timeline([(10.0, math.inf)])), tap()
    connection, _ = talking("bsd-1988", out, back)
    sent = len(out.entered)
    assert connection.send(10.1, 40, to_server=True) == math.inf
    repeats = since(out, 10.0, sent)
    gaps = [after - before for before, after in pairwise(repeats)]
    assert gaps == pytest.approx([0.9, 2, 4, 8, 16, 32, 64, 64, 64, 64, 64, 64])


def test_bsd_sends_small_segments_through_a_window_that_the_dialogue_has_opened():
    """512 bytes to another network; three segments after two answers, never more than 4 kB under way."""
    out, back = tap(rtt=1.0), tap(rtt=1.0)
    connection, now = talking("bsd-1988", out, back)
    sent = len(out.entered)
    connection.send(now, 512 * 30, to_server=True)
    data = since(out, now, sent)
    assert connection.mss == 512
    assert sum(at < 0.9 for at in data) == 2
    assert len(data) == 30
    assert max(sum(start <= at < start + 1.0 for at in data) for start in data) == 8


def test_bsd_does_not_close_its_window_in_a_rest():
    """Slow start after idle time came with 4.3BSD-Reno."""
    out, back = tap(), tap()
    connection, now = talking("bsd-1988", out, back)
    connection.send(now, 8192, to_server=True)
    arrives = connection.send(now + 60, 8 * 512, to_server=True)
    assert arrives - (now + 60) == pytest.approx(0.05 + 8 * 552 * 8e-7)


def test_a_receiver_of_bsd_waits_for_the_clock():
    """A lone segment is acknowledged at the next tick of 200 ms, two at once."""
    out, back = tap(), tap()
    connection, now = talking("bsd-1988", out, back)
    sent = len(back.entered)
    connection.send(now, 512 * 30, to_server=True)
    ticks = [at / 0.2 for at in back.entered[sent:]]
    assert any(tick == pytest.approx(round(tick)) for tick in ticks)
    assert any(tick != pytest.approx(round(tick), abs=0.01) for tick in ticks)


def test_linux_3_finds_a_lost_repeat_by_its_timer_only():
    """RACK sees that what was sent after the repeat has arrived; that came with 4.4."""
    ends = {}
    for name in ("linux", "linux-3"):
        out, back = tap(), tap()
        connection, now = talking(name, out, back)
        first = len(out.entered)
        out.drops = {first + 1, first + 13}
        ends[name] = connection.send(now, 1448 * 40, to_server=True) - now
    assert ends["linux-3"] > ends["linux"] + 0.09


def test_linux_3_retransmits_early_when_few_are_under_way():
    """Of three segments the first is lost: two duplicate acknowledgements and a quarter of a round trip will do."""
    out, back = tap(), tap()
    connection, now = talking("linux-3", out, back)
    sent = len(out.entered)
    out.drops = {sent + 1}
    connection.send(now, 1448 * 3, to_server=True)
    assert since(out, now, sent)[3] == pytest.approx(0.1 + 0.025, abs=0.01)


def test_linux_3_counts_what_arrived_behind_a_gap():
    """Forward acknowledgement: a segment that three later ones have overtaken is lost, at once."""
    out, back = tap(), tap()
    connection, now = talking("linux-3", out, back)
    sent = len(out.entered)
    out.drops = {sent + 1}
    connection.send(now, 1448 * 10, to_server=True)
    assert since(out, now, sent)[10] == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("name", ["linux-3", "bsd-1988"])
def test_everything_arrives(name):
    """A tenth of all packets lost: whatever is sent is there in the end."""
    tcp = PRESETS[name]
    for seed in range(40):
        out, back = (
            Line(rate=1e6, delay=Constant(0.02), loss=0.1, random=Random(f"{seed} {way}"), mtu=1500) for way in "ab"
        )
        connection = connect([out], [back], client_tcp=tcp, server_tcp=tcp)
        connection.open(0.0)
        assert connection.send(connection.accepted_at, 30_000, to_server=True) < 600

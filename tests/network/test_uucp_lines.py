"""UUCP's g and i over serial lines: what a real uucico takes without errors, and its rules where bytes are damaged."""

from __future__ import annotations

import math
from collections import deque
from random import Random

import pytest
from alone import connect
from hypothesis import given
from hypothesis import strategies as st

from sim.network.interface import Ending, at_once
from sim.network.links.line import Line
from sim.network.links.timeline import Timeline
from sim.network.transport.circuit import CarrierHop, relay
from sim.network.transport.uucp_g import MISSED, checksum
from sim.scenario.distribution import Constant
from sim.scenario.spec.carriers import PACKETS, DialUp, UucpG

T = 10 / 9600
"""The time of a byte at 9600 bit/s, in s."""


class DamagedLine(Line):
    """A line that damages the bytes at these places of what crosses it."""

    def __init__(self, places=(), *, timeline=None, delay=0.01):
        super().__init__(rate=9600.0, delay=Constant(delay), random=Random(1), timeline=timeline or Timeline([]))
        self.places = deque(places)
        self.crossed = 0
        self._clean = 0

    def _strike(self, size):
        found = []
        while self.places and self.places[0] < self.crossed + size:
            found.append(self.places.popleft() - self.crossed)
        self.crossed += size
        self._clean = 0
        return tuple(found)


def made(carrier=None, there=(), back=(), **more):
    """A circuit of one line, open, that damages these bytes each way once the protocol has started."""
    carrier = carrier or UucpG(window=3)
    out, home = DamagedLine(**more), DamagedLine(**more)
    out.carrier = home.carrier = carrier
    found = connect([out], [home])
    found.open(0.0)
    for line, places in ((out, there), (home, back)):
        line.places, line.crossed = deque(places), 0
    return found


def sent(circuit, *sizes, now=100.0, to_server=True):
    """What a flight of messages of these sizes takes."""
    circuit.carry_messages(lambda _: (0, sizes))
    circuit._started = True
    return at_once(circuit.send(now, sum(sizes), to_server)) - now


def test_a_file_takes_what_it_takes_a_real_one():
    """10,000 bytes at 9600 bit/s and 10 ms: (70 (n + 4) + 18) T + 4 d, as measured 11.798 s; i 10.65 s."""
    line, now = made(), 0.0
    for sizes, to_server in (((50,), True), ((20,), False), ((10_000, 0), True), ((3,), False)):
        now += sent(line, *sizes, now=100 + now, to_server=to_server)
    assert now == pytest.approx((70 * (157 + 4) + 18) * T + 4 * 0.01)
    line, now = made(UucpG(protocol="i")), 0.0
    for sizes, to_server in (((50, 4, 10_000, 0), True), ((20, 3), False)):
        now += sent(line, *sizes, now=100 + now, to_server=to_server)
    assert now == pytest.approx(10.65, rel=0.003)


@pytest.mark.parametrize(
    ("packet", "size", "wire"), [(64, 0, 70), (1024, 0, 38), (1024, 33, 70), (32, 5, 38), (4096, 4000, 4102)]
)
def test_a_short_packet_of_g_is_the_smallest_that_will_do(packet, size, wire):
    """Where packets are longer than 64; else all are of one length."""
    line = made(UucpG(packet=packet))
    assert sent(line, size) == pytest.approx(wire * T + 0.01)


def test_a_bad_packet_is_rejected_at_once():
    """Data of the first of three: it is sent again behind the two that were written, and these with its answer."""
    line = made(there=[10])
    assert sent(line, 192) == pytest.approx(426 * T + 0.03)
    assert line.retransmissions == 3


def test_a_damaged_header_is_met_with_silence():
    """The timer of 10 s repairs it: from the last byte heard, which is that of the packet behind."""
    line = made(there=[2])
    assert 10 < sent(line, 192) < 10.6
    assert line.retransmissions == 3


def test_damage_out_of_order_is_met_with_silence():
    """Only the first of two bad packets is rejected; the second goes again with the answer to the first."""
    line = made(there=[10, 80])
    assert sent(line, 192) < 1
    assert line.retransmissions == 3


def test_a_lost_answer_costs_the_timer_where_the_window_is_one():
    """The receiver says what it has, 10 s after the last byte that it heard; in a window of three nobody notices."""
    assert sent(made(UucpG(window=1), back=[2]), 128) == pytest.approx(10 + 146 * T + 0.03, abs=0.02)
    assert sent(made(back=[2]), 192) == pytest.approx(210 * T + 0.01)


def test_a_side_gives_up_at_the_seventh_time_out():
    """70 s after the last byte heard; who waits for the flight is told."""
    line = made(timeline=Timeline([(100.5, math.inf)]))
    assert sent(line, 10_000) == math.inf
    at, why = line.end(math.inf)
    assert (170 < at < 171, why) == (True, Ending.CLEARED)
    assert line.end(120.0) == (120.0, None)


def test_a_side_gives_up_after_a_hundred_errors():
    """A line that damages every seventieth byte or so lets nothing through."""
    line = made(there=range(30, 10**6, 60))
    assert sent(line, 10_000) == math.inf


def test_i_asks_for_a_bad_packet_alone():
    """Good ones behind it are kept; it goes again behind what was written."""
    line = made(UucpG(protocol="i", packet=128), there=[20])
    assert sent(line, 1280) == pytest.approx(11 * 138 * T + 0.01)
    assert line.retransmissions == 1


def test_i_misses_a_packet_when_the_next_one_comes():
    """A damaged header is seen by the gap, and the last one's by the timer."""
    assert sent(made(UucpG(protocol="i", packet=128), there=[2]), 1280) == pytest.approx(11 * 138 * T + 0.01)
    last = sent(made(UucpG(protocol="i", packet=128), there=[9 * 138 + 2]), 1280)
    assert 11 < last < 22.2


def test_i_repeats_without_errors_where_its_window_is_too_much_for_the_timer():
    """16 packets of 1024 at 1200 bit/s: no byte is heard for 10 s, and the oldest goes again."""
    out, back = (
        Line(rate=1200.0, delay=Constant(0.1), random=Random(1), carrier=UucpG(protocol="i")) for _ in range(2)
    )
    line = connect([out], [back])
    assert line.open(0.0) < 1
    assert at_once(line.send(1.0, 20_000, True)) > 1 + 20_200 / 120
    assert line.retransmissions >= 3


def test_i_answers_who_has_waited():
    """Acknowledgements are lost: the sender asks for what is next after 10 s, and hears what is there."""
    line = made(UucpG(protocol="i", packet=32, window=2), back=range(0, 24, 6))
    assert 20 < sent(line, 640) < 60
    assert line.retransmissions >= 1


def test_i_keeps_what_came_behind_two_that_did_not():
    """Two headers are damaged, and the first of the two again: it is asked for once more."""
    line = made(UucpG(protocol="i", packet=128), there=[140, 280, 11 * 138 - 100])
    assert sent(line, 1280) < 13
    assert line.retransmissions in {3, 4}


def test_text_before_the_protocol_is_not_protected():
    """It takes its bytes; damage in it ends the call, and so does silence."""
    line = made()
    line.carry_messages(lambda _: (9, ()))
    assert at_once(line.send(100.0, 9, True)) == pytest.approx(100.01 + 9 * T)
    line = made(there=[3])
    line.carry_messages(lambda _: (9, ()))
    assert (at_once(line.send(100.0, 9, True)), line.end(200.0)[1]) == (math.inf, Ending.CLEARED)
    dead = made(timeline=Timeline([(99.0, math.inf)]))
    dead.carry_messages(lambda _: (9, ()))
    assert (at_once(dead.send(100.0, 9, True)), dead.end(200.0)) == (math.inf, (110.0, Ending.CLEARED))


def test_the_protocol_starts_with_the_first_message():
    """Three exchanges of six bytes each, before the first packet."""
    out, back = DamagedLine(), DamagedLine()
    out.carrier = back.carrier = DialUp(modem=9600.0, setup=5.0)
    line, said = connect([out], [back]), [(9, ()), (0, (10,))]
    line.carry_messages(lambda _: said.pop(0))
    assert line.open(0.0) == pytest.approx(5.0)
    assert at_once(line.send(10.0, 9, True)) == pytest.approx(10.01 + 9 * T)
    assert at_once(line.send(20.0, 10, True)) == pytest.approx(20 + 3 * (12 * T + 0.02) + 70 * T + 0.01)


def test_the_checksum_does_not_see_the_first_byte_well():
    """A changed first byte of text is missed as often as `MISSED` says, within 0.1; i's CRC misses nothing."""
    draw = Random(5)
    words = [
        b"the ",
        b"of ",
        b"and ",
        b"message ",
        b"network ",
        b"was ",
        b"a ",
        b"path ",
        b"line\n",
        b"from ",
        b"host ",
    ]
    for size in PACKETS[:5]:
        missed = 0
        for _ in range(100):
            text = bytearray(b"".join(draw.choice(words) for _ in range(size))[:size])
            before = checksum(text)
            text[0] ^= draw.randrange(1, 256)
            missed += checksum(text) == before
        assert missed / 100 == pytest.approx(MISSED[size], abs=0.15)


def test_what_the_checksum_misses_is_taken_and_counted():
    """The first byte of a packet's data."""
    line = made(there=[6])
    assert (sent(line, 192) < 1, line.damaged, line.retransmissions) == (True, 1, 0)
    assert (made(UucpG(protocol="i"), there=[6]).damaged, line.mss) == (0, 64)


@given(
    st.sampled_from(["g", "i"]),
    st.integers(1, 7),
    st.sampled_from(PACKETS[:6]),
    st.floats(0, 0.003),
    st.integers(0, 2**32),
    st.lists(st.integers(0, 3000), min_size=1, max_size=4),
)
def test_all_arrives_or_a_side_gives_up(protocol, window, packet, errors, seed, sizes):
    """Whatever is damaged: each octet once and in order of time, or the line is given up; without errors never."""
    carrier = DialUp(protocol=protocol, window=window, packet=packet, modem=19_200.0, setup=0.0)
    out, back = (
        Line(rate=19_200.0, delay=Constant(0.05), random=Random(f"{seed}{way}"), carrier=carrier, byte_errors=errors)
        for way in "ab"
    )
    hop = CarrierHop(carrier, out, back, Timeline([]), Timeline([]))
    flight = hop.flight(sum(sizes), to_server=True, messages=sizes)
    arrives = at_once(relay([flight], 1.0, sum(sizes)))
    assert (arrives == math.inf) == flight.gave_up
    if arrives < math.inf:
        assert sum(chunk.size for chunk in flight.arrived) == sum(sizes)
        assert [chunk.at for chunk in flight.arrived] == sorted(chunk.at for chunk in flight.arrived)
    assert errors or not flight.gave_up

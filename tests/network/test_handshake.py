"""What a handshake whose packets go out again leaves behind: the window that each end starts with."""

from __future__ import annotations

import math

import pytest
from alone import connect
from hypothesis import given
from hypothesis import strategies as st
from picky import line

from sim.network.links.timeline import ALWAYS_UP
from sim.network.tcp.handshake import Handshake
from sim.network.tcp.path import Path
from sim.scenario.spec import Tcp
from sim.scenario.spec.tcp import PRESETS

TEN = 10 * 1448


def connected(out, back, stack="linux"):
    """A connection of two such hosts, and when its server may speak."""
    connection = connect([out], [back], client_tcp=PRESETS[stack], server_tcp=PRESETS[stack])
    connection.open(0.25)
    return connection, connection.accepted_at


@given(rtt=st.floats(1.1, 60.0), to_server=st.booleans())
def test_syns_that_were_repeated_for_nothing_leave_the_window_as_it_is(rtt, to_server):
    """Ten segments cross at once at any round trip, and none goes out again (measured: 0.8 to 40 s)."""
    connection, now = connected(line(rtt), line(rtt))
    again = connection.retransmissions
    arrives = connection.send(now, TEN, to_server=to_server)
    assert (arrives - now, connection.retransmissions - again) == (pytest.approx(rtt / 2, abs=0.01), 0)


def bare(rtt):
    """A connection whose client has no timestamps, and when its server may speak."""
    connection = connect([line(rtt)], [line(rtt)], client_tcp=Tcp(timestamps=False))
    connection.open(0.25)
    return connection, connection.accepted_at


@given(rtt=st.floats(2.1, 60.0))
def test_without_timestamps_a_syn_repeated_for_nothing_costs_the_window(rtt):
    """Nobody knows which copy was answered: one segment, another one as probe, then four (highrtt.csv)."""
    connection, now = bare(rtt)
    assert connection.send(now, TEN, to_server=True) - now > 2.4 * rtt


@given(rtt=st.floats(2.2, 60.0), to_server=st.booleans())
def test_without_timestamps_no_round_trip_is_known_then_and_a_probe_goes_out_after_a_second(rtt, to_server):
    """The greeting, or a command, is sent again (highrtt.csv; RFC 6298 3)."""
    connection, now = bare(rtt)
    again = connection.retransmissions
    connection.send(now, 40, to_server=to_server)
    assert connection.retransmissions > again


@given(rtt=st.floats(0.001, 0.9), client=st.booleans(), server=st.booleans())
def test_timestamps_that_both_have_take_twelve_bytes_of_each_segment(rtt, client, server):
    """1,448 or 1,460 bytes; the SYNs and the third packet are shorter without, too."""
    connection = connect([line(rtt)], [line(rtt)], client_tcp=Tcp(timestamps=client), server_tcp=Tcp(timestamps=server))
    connection.open(0.25)
    both = client and server
    assert (connection.mss, connection.wire_bytes) == ((1448, 172) if both else (1460, 144))


@pytest.mark.parametrize("stack", ["linux", "linux-3"])
def test_a_client_whose_syn_was_lost_twice_starts_with_one_segment(stack):
    """Ten segments take more than three round trips then: 1, 2, 4, 3."""
    connection, now = connected(line(0.1, 1, 2), line(0.1), stack)
    assert connection.send(now, TEN, to_server=True) - now > 0.35


def test_before_5_2_linux_narrowed_the_window_for_a_syn_repeated_for_nothing_too():
    """tcp_init_metrics of 3.10 looks at how often the SYN went out, no more."""
    connection, now = connected(line(4.0), line(4.0), "linux-3")
    assert connection.send(now, TEN, to_server=True) - now > 4.0


@pytest.mark.parametrize(("drops", "anew"), [((), False), ((1, 2, 3), True)])
def test_a_server_starts_with_one_segment_if_its_answers_were_lost(drops, anew):
    """SYN-ACKs lost one after the other; a client that has the first of its SYNs answered keeps its window."""
    shake = Handshake(Path(line(0.1), line(0.1, *drops), ALWAYS_UP, ALWAYS_UP, 1448))
    shake.play(0.25, math.inf)
    assert (shake.client_anew, shake.server_anew) == (False, anew)


@given(rtt=st.floats(0.1, 40.0), patience=st.floats(1.0, 40.0))
def test_a_client_that_has_given_up_is_not_connected_by_what_comes_later(rtt, patience):
    """The SYN-ACK finds a closed socket (measured: Postfix, 30 s, at a round trip of 31 s)."""
    out, back = line(rtt), line(rtt)
    connection = connect([out], [back])
    opened = connection.open(0.0, patience)
    late = rtt + 2 * 60 * 8 / 1e8 > patience
    assert (opened == math.inf, connection.accepted_at == math.inf) == (late, late)

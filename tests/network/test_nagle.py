"""Nagle's algorithm where programs write little at once, and how it meets delayed acknowledgements (RFC 896, 1122)."""

from __future__ import annotations

from random import Random

import pytest
from alone import connect

from sim.network.links.line import Line
from sim.scenario.distribution import Constant
from sim.scenario.spec import Loss
from sim.scenario.spec.tcp import PRESETS
from sim.study.session_times import Case, run


def talking(writes, tcp=PRESETS["linux"]):
    """A connection whose client writes so much at once, with greeting and EHLO behind it; and the time."""
    out, back = (Line(rate=1e9, delay=Constant(0.05), loss=0.0, random=Random(way), mtu=1500) for way in "ab")
    connection = connect([out], [back], client_tcp=tcp, server_tcp=tcp, writes=writes)
    connection.open(0.0)
    now = connection.send(connection.accepted_at, 40, to_server=False)
    now = connection.send(now, 25, to_server=True)
    return connection, connection.send(now, 100, to_server=False)


@pytest.mark.parametrize(
    ("size", "takes"),
    [(1024, 0.05), (1025, 0.19), (2000, 0.19), (3000, 0.15), (12_000, 0.15)],
)
def test_the_end_waits_for_the_first_write(size, takes):
    """1 kB alone meets the delayed acknowledgement (40 ms); with a whole segment behind it, it is acknowledged at once."""
    connection, now = talking(1024)
    assert connection.send(now, size, to_server=True) - now == pytest.approx(takes, abs=0.002)


def test_a_whole_write_holds_nothing_back():
    """A flight that is written at once goes out at once."""
    connection, now = talking(0)
    assert connection.send(now, 2000, to_server=True) - now == pytest.approx(0.05, abs=0.001)


def test_a_write_of_whole_segments_holds_nothing_back():
    """Only a small segment makes another wait (Minshall's variant)."""
    connection, now = talking(2 * 1448)
    assert connection.send(now, 5000, to_server=True) - now == pytest.approx(0.05, abs=0.001)


def test_replies_are_written_at_once():
    """The server's program does its own buffering."""
    connection, now = talking(1024)
    assert connection.send(now, 2000, to_server=False) - now == pytest.approx(0.05, abs=0.001)


def test_the_end_is_held_back_on_lossy_lines_too():
    """qmail-remote's 2 kB take a round trip longer than smtp-source's, on average, whatever is lost."""
    qmail, source = (
        run(Case(client=client, size=2000, loss=Loss(share=0.01)), 300).summary()["mean_s"]
        for client in ("qmail", "smtp-source")
    )
    assert qmail > source + 0.1


def test_bsd_holds_a_small_end_back_until_all_is_acknowledged():
    """The last of six segments goes as the window lets it if it is whole, else when the one before is acknowledged."""
    takes = []
    for size in (512 * 6, 512 * 6 - 100):
        connection, now = talking(0, PRESETS["bsd-1988"])
        takes.append(connection.send(now, size, to_server=True) - now)
    assert takes[0] == pytest.approx(0.25, abs=0.001)
    assert takes[0] + 0.05 < takes[1] <= takes[0] + 0.1 + 0.2

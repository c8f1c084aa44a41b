"""FTP's connections as one: replies over the control connection, each file over a data connection of its own."""

from __future__ import annotations

from math import inf
from random import Random

import pytest

from sim.network.interface import at_once
from sim.network.links.line import Line
from sim.network.links.timeline import Timeline
from sim.network.tcp.connection import Connection
from sim.network.transport.data_connections import DataConnections
from sim.network.transport.propagation import Propagation
from sim.scenario.distribution import Constant


class Lanes:
    """Connections over 10 Mbit/s and 50 ms each way, and what the client writes next."""

    def __init__(self, kind=Propagation, timeline=None):
        more = {} if timeline is None else {"timeline": timeline}
        lines = [Line(rate=10e6, delay=Constant(0.05), random=Random(1), **more) for _ in range(2)]
        self.made, self.lane = [], "control"
        self.connection = DataConnections(self.dial(kind, lines), lambda: self.dial(kind, lines), lambda: self.lane)

    def dial(self, kind, lines):
        """Another connection."""
        self.made.append(kind(lines[:1], lines[1:]))
        return self.made[-1]

    def send(self, now, size, lane="control", *, to_server=True):
        """When a flight is there."""
        self.lane = lane
        return round(at_once(self.connection.send(now, size, to_server)), 3)


@pytest.mark.parametrize("kind", [Propagation, Connection])
def test_a_file_goes_over_a_connection_of_its_own(kind):
    """A command that opens one waits for its handshake; the reply to the file closes it."""
    lanes = Lanes(kind)
    connected = at_once(lanes.connection.open(0.0))
    assert (round(connected, 3), round(lanes.connection.accepted_at, 3) <= 0.151) == (0.1, True)
    assert lanes.send(0.2, 10) == 0.25
    assert lanes.send(0.3, 10, "opens") == 0.45
    assert len(lanes.made) == 2
    alone = lanes.made[0].wire_bytes
    assert lanes.send(0.5, 1000, "file") == 0.551
    assert (lanes.made[0].wire_bytes, lanes.made[1].wire_bytes >= 1000) == (alone, True)
    assert lanes.send(0.56, 10, to_server=False) == 0.61
    before = lanes.connection.wire_bytes
    assert before == lanes.made[0].wire_bytes + lanes.made[1].wire_bytes
    assert lanes.send(0.7, 10, "opens") == 0.85
    assert len(lanes.made) == 3
    lanes.connection.close(1.0)
    assert lanes.connection.wire_bytes == sum(each.wire_bytes for each in lanes.made)
    assert lanes.connection.retransmissions == 0


def test_what_is_asked_of_the_connection_in_use():
    """What was written, and what comes of it if it does not arrive, is that of the connection that the flight is on."""
    lanes = Lanes(Connection)
    at_once(lanes.connection.open(0.0))
    lanes.send(0.2, 10, "opens")
    lanes.send(0.4, 100_000, "file")
    data = lanes.made[1]
    assert lanes.connection.wrote() == data.wrote()
    assert lanes.connection.end(9.0, 20) == data.end(9.0)
    assert at_once(lanes.connection.abandon(0.4, 0.4, 0.6)) == at_once(data.abandon(0.4, 0.4, 0.6))
    assert [*lanes.connection.pieces(10)] == [*lanes.made[0].pieces(10)]
    lanes.send(2.0, 10, to_server=False)
    assert lanes.connection.wrote() == lanes.made[0].wrote()


def test_a_data_connection_that_is_never_made():
    """The command does not go out, and the client hears what it hears of that connection."""
    lanes = Lanes(Connection, Timeline([(0.3, inf)]))
    at_once(lanes.connection.open(0.0))
    assert lanes.send(0.4, 10, "opens") == inf
    assert lanes.connection.end(1000.0) == lanes.made[1].end(1000.0)

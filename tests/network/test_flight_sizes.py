"""How many packets a round trip a body goes out in, as real senders were seen to do it."""

from __future__ import annotations

import csv
from collections import Counter
from random import Random

from alone import Connection

from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP
from sim.scenario.distribution import Constant


class Logged(Line):
    """A line that writes down when each packet with data was sent."""

    def __init__(self, log, **form):
        super().__init__(**form)
        self.log = log

    def carry(self, at, size):
        """As the line does."""
        if size > 100:
            self.log.append(at)
        return super().carry(at, size)


def test_a_body_goes_out_in_doubling_flights(shared):
    """200 kB at 10 Mbit/s and 100 ms: the window of 10 packets doubles; measured on Linux 6.18 (session.csv)."""
    with (shared / "truth" / "session.csv").open() as file:
        cells = [row for row in csv.DictReader(file) if (row["rtt_ms"], row["size"]) == ("100", "200000")]
    measured = Counter(row["flights"] for row in cells).most_common(1)[0][0]
    log = []
    lines = [
        Logged(log, rate=1e7, delay=Constant(0.05), loss=0.0, random=Random(0), timeline=ALWAYS_UP) for _ in range(2)
    ]
    connection = Connection(lines[:1], lines[1:])
    connection.open(0.0)
    connection.send(1.0, 200_000, to_server=True)
    flights = Counter(int((at - log[0]) / 0.1) for at in log)
    assert "-".join(str(flights[number]) for number in sorted(flights)) == measured

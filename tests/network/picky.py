"""Lines that lose the packets that a test names."""

from __future__ import annotations

import math
from random import Random

from sim.network.links.line import Line
from sim.scenario.distribution import Constant


class Picky(Line):
    """A line of 100 Mbit/s that loses the packets of the given numbers, and counts all."""

    __slots__ = ("drops", "seen")

    def carry(self, at, wire):
        """Count, and drop."""
        self.seen += 1
        end = super().carry(at, wire)
        return math.inf if self.seen in self.drops else end


def line(rtt, *drops):
    """One direction, and which of its first packets are lost."""
    found = Picky(delay=Constant(rtt / 2), rate=1e8, random=Random(1))
    found.seen, found.drops = 0, drops
    return found

"""Connections that have their lines to themselves: what would be stepped through is computed at once."""

from __future__ import annotations

from sim.network.interface import at_once
from sim.network.tcp import connection as tcp
from sim.network.transport.circuit import Circuit
from sim.network.transport.connect import connect as connect_stepwise


def steps(sent):
    """A flight as what steps through it, whether or not there is anything to step through."""
    return sent if isinstance(sent, float) else (yield from sent)


class Connection(tcp.Connection):
    """TCP's."""

    __slots__ = ()

    def open(self, now, until=float("inf")):
        """Connect."""
        return at_once(super().open(now, until))

    def send(self, now, size, to_server):
        """Send a flight."""
        return at_once(super().send(now, size, to_server))


def connect(lines_out, lines_back, **options):
    """As `transport.connect`."""
    made = connect_stepwise(lines_out, lines_back, **options)
    if isinstance(made, Circuit):
        made.send = lambda *flight, **way: at_once(Circuit.send(made, *flight, **way))
    elif isinstance(made, tcp.Connection):
        made.__class__ = Connection
    return made

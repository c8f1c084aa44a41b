"""The connection that two hosts make, whatever kind of TCP they have (`spec.Tcp.stack`)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sim.network.links.availability import ALWAYS_UP, Timeline
from sim.network.links.line import Line
from sim.network.tcp.connection import Connection
from sim.network.tcp.metrics import Metrics
from sim.network.tcp.packet_level import Program
from sim.network.tcp.rtt import LINUX
from sim.network.transport.propagation import Propagation
from sim.scenario.spec import Tcp

__all__ = ["connect"]


def connect(
    lines_out: Sequence[Line],
    lines_back: Sequence[Line],
    *,
    server: Timeline = ALWAYS_UP,
    client: Timeline = ALWAYS_UP,
    client_tcp: Tcp = LINUX,
    server_tcp: Tcp = LINUX,
    program: Program | None = None,
    patience: float = math.inf,
    writes: int = 0,
    listens: Timeline = ALWAYS_UP,
    metrics: tuple[Metrics | None, Metrics | None] = (None, None),
) -> Connection | Propagation:
    """A connection, without TCP if one of the hosts has none (`rtt-only`); arguments as of `tcp.Connection`."""
    if "rtt-only" in {client_tcp.stack, server_tcp.stack}:
        return Propagation(lines_out, lines_back, server=server, client=client, listens=listens)
    return Connection(
        lines_out,
        lines_back,
        server=server,
        client=client,
        client_tcp=client_tcp,
        server_tcp=server_tcp,
        program=program,
        patience=patience,
        writes=writes,
        listens=listens,
        metrics=metrics,
    )

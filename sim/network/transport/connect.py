"""The connection that two hosts make, whatever is between them and whatever TCP they have (`spec.Tcp.stack`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypedDict, Unpack

from sim.network.interface import Transport
from sim.network.links.chain import Chain
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.tcp.connection import Connection
from sim.network.tcp.metrics import Metrics
from sim.network.tcp.packet_level import Program
from sim.network.tcp.rtt import LINUX
from sim.network.transport.circuit import CarrierHop, Circuit, GatewayHop
from sim.network.transport.propagation import Propagation
from sim.scenario.spec import Tcp


class Options(TypedDict, total=False):
    """What the two hosts have of a connection; as the arguments of `tcp.Connection`."""

    server: Timeline
    client: Timeline
    client_tcp: Tcp
    server_tcp: Tcp
    program: Program | None
    patience: float
    writes: int
    listens: Timeline
    quick_acks: bool
    metrics: tuple[Metrics | None, Metrics | None]


def connect(lines_out: Sequence[Line], lines_back: Sequence[Line], **options: Unpack[Options]) -> Transport:
    """A connection over whatever the lines are: TCP's, unless a host has none (`rtt-only`) or older carriers are there.

    Args:
        lines_out: the lines from the client to the server, in order.
        lines_back: those back.
        options: as of `tcp.Connection`; a connection without TCP leaves out what is TCP's.
    """
    for line in lines_out:
        if line.carrier is not None:
            hops = _hops(_plain(lines_out), _plain(lines_back), **options)
            return Circuit([*hops], options.get("listens", ALWAYS_UP))
    stacks = options.get("client_tcp", LINUX).stack, options.get("server_tcp", LINUX).stack
    return (Propagation if "rtt-only" in stacks else Connection)(lines_out, lines_back, **options)


def _plain(lines: Sequence[Line]) -> list[Line]:
    return [plain for line in lines for plain in (line.lines if isinstance(line, Chain) else (line,))]


def _hops(
    lines_out: Sequence[Line],
    lines_back: Sequence[Line],
    *,
    server: Timeline = ALWAYS_UP,
    client: Timeline = ALWAYS_UP,
    client_tcp: Tcp = LINUX,
    server_tcp: Tcp = LINUX,
    **_tcp: object,
) -> Iterator[CarrierHop | GatewayHop]:
    """The links one after the other: each of a carrier is a hop of its own, all of the Internet in a row are one."""
    pairs = list(zip(lines_out, reversed(lines_back), strict=True))
    for _, group in groupby(enumerate(pairs), lambda item: item[0] if item[1][0].carrier else -1):
        out, back = zip(*[pair for _, pair in group], strict=True)
        starts, ends = client if out[0] is pairs[0][0] else ALWAYS_UP, server if out[-1] is pairs[-1][0] else ALWAYS_UP
        if out[0].carrier:
            yield CarrierHop(out[0].carrier, out[0], back[0], starts, ends)
        else:
            link = connect(out, back[::-1], server=ends, client=starts, client_tcp=client_tcp, server_tcp=server_tcp)
            yield GatewayHop(link, min(line.rate for line in out))

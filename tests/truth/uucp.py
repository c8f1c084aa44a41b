"""Calls of Taylor UUCP over lines of known rate, delay and errors beside the carriers: rows of `table`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from random import Random

import numpy as np
from cells import Row, cells, compared, line

from sim.network.interface import at_once
from sim.network.links.line import Line
from sim.network.links.timeline import ALWAYS_UP
from sim.network.transport.circuit import CarrierHop, relay
from sim.scenario.distribution import Constant
from sim.scenario.spec.carriers import UucpG

COMMAND, YES, COPIED = 50, 4, 3
"""Octets of S or E, of the answer, and of what confirms a file; each fits in a packet."""

POSITION = 4
"""What `i` says of a file's position."""


def transfers(
    carrier: UucpG, *, rate: float, delay: float, errors: float, sizes: Sequence[int], seed: int = 0
) -> tuple[float, int]:
    """What files take in a call from the first S to the last CY, s; infinity where it is given up. And packets again."""
    out, back = (
        Line(rate=rate, delay=Constant(delay), random=Random(f"{seed}{way}"), byte_errors=errors, carrier=carrier)
        for way in "ab"
    )
    hop = CarrierHop(carrier, out, back, ALWAYS_UP, ALWAYS_UP)
    now = 0.0
    for messages, to_server in _flights(carrier, sizes):
        flight = hop.flight(sum(messages), to_server=to_server, messages=messages)
        now = at_once(relay([flight], now, sum(messages)))
        if now == inf:
            break
    return now, hop.retransmissions


def _flights(carrier: UucpG, sizes: Sequence[int]) -> Iterator[tuple[list[int], bool]]:
    """What goes in one go, and which way: with `i` all files are under way at once."""
    if carrier.protocol == "i":
        yield [part for size in sizes for part in (COMMAND, POSITION, size, 0)], True
        yield [part for _ in sizes for part in (YES, COPIED)], False
        return
    for size in sizes:
        yield from (([COMMAND], True), ([YES], False), ([size, 0], True), ([COPIED], False))


def simulated(row: Row, seed: int = 0) -> tuple[float, int]:
    """A measured call's transfers as they are simulated."""
    how = row["protocol"]
    carrier = UucpG(
        protocol="i" if how == "i" else "g",
        window=int(row["window"] or (16 if how == "i" else 7)),
        packet=int(row["packet"] or (1024 if how == "i" else 64)),
    )
    return transfers(
        carrier,
        rate=float(row["rate_bps"]),
        delay=float(row["delay_ms"]) / 1000,
        errors=float(row["byte_error"]),
        sizes=[int(row["size"])] * int(row["files"]),
        seed=seed,
    )


def uucp(folder: Path, n: int = 200) -> Iterator[str]:
    """Every cell in which the caller sends files: without errors within 3%, means with errors within 10%."""
    for rows in cells(folder, "uucp.csv", "cell").values():
        row, done = rows[0], [each for each in rows if each["complete"] == "1"]
        if row["kind"] != "send" or not done:
            continue
        name = " ".join(("uucp", row["protocol"], row["window"], "x", row["packet"], row["rate_bps"], "bit/s"))
        name += f", {row['delay_ms']} ms, {row['byte_error']}, {row['files']} x {row['size']} B"
        took = [float(each["transfer_s"]) for each in done]
        if not float(row["byte_error"]):
            theirs, ours = float(np.median(took)), simulated(row)[0]
            yield line(name, "median", theirs, ours, holds=abs(ours - theirs) <= 0.03 * theirs, unit=" s")
            continue
        ours_all = [now for seed in range(n) if (now := simulated(row, seed)[0]) < inf]
        yield from compared(name, took, ours_all, mean=0.1, unit=" s")

"""Sessions that share a line: started together, beside a bulk transfer, and as they come."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random

from cells import Row, case, cells, compared

from sim.network.links.line import Line
from sim.scenario.distribution import Constant
from sim.study.session_times import OneSession
from sim.world.engine.streams import Streams

__all__ = ["shared", "stepped", "together"]

_PHASES = 6
"""How many phases of the timer wheel sessions that start together are simulated at."""
_BULK = 2_000_000
"""What a bulk session carries, in bytes."""


class _Shared:
    """The clock of sessions that others run beside: nobody leaps."""

    def advance_if_idle(self, _time: float) -> bool:
        """Somebody may have something to do."""
        return False

    def peek(self) -> float:
        """Whenever that is."""
        return -math.inf


def stepped(
    lines: tuple[Line, Line], start: float, size: int, done: Callable[[float], None], pair: str = "source-sink"
) -> Iterator[float]:
    """One session over lines that others use, too: yields when it goes on, and tells its length in ms."""
    one = OneSession(case(pair, size), lines, Streams(0, 0))
    yield start
    waits = one.steps(start, _Shared())
    at = next(waits, None)
    while at is not None:
        yield at
        try:
            at = waits.send(at)
        except StopIteration:
            at = None
    done(one.run.duration * 1e3)
    one.close()


def together(flows: Iterable[Iterator[float]]) -> None:
    """Step through sessions in the order of time."""
    heap = [(next(flow), index, flow) for index, flow in enumerate(flows)]
    heapq.heapify(heap)
    while heap:
        at, index, flow = heapq.heappop(heap)
        for later in flow:
            if later > at and heap and later > heap[0][0]:
                heapq.heappush(heap, (later, index, flow))
                break


def shared(folder: Path) -> Iterator[str]:
    """Every cell of `share.csv` and `share_b.csv`; their parts are: a together, b beside bulk transfers, c Poisson."""
    keys = ("part", "bw_kbps", "rtt_ms", "queue", "size", "sessions", "background", "load")
    found = cells(folder, "share.csv", *keys) | cells(folder, "share_b.csv", *keys)
    for (part, rate, rtt, queue, size, count, beside, load), rows in found.items():

        def lines(rate: str = rate, rtt: str = rtt, queue: str = queue) -> tuple[Line, Line]:
            out, back = (
                Line(rate=float(rate) * 1e3, delay=Constant(float(rtt) / 2e3), queue=float(queue), random=Random(way))
                for way in ("out", "back")
            )
            return out, back

        measured = [float(row["t_250"]) for row in rows if row["status"] == "ok"]
        link = f"{rate} kbit/s, {rtt} ms, queue {float(queue) / 1e3:g} kB"
        if part == "a":
            yield from compared(
                f"{count} sessions of {size} B, {link}",
                measured,
                _at_once(lines, int(size), int(count)),
                mean=0.15,
                p95=0.25,
            )
        elif part == "b":
            yield from compared(
                f"{size} B {'beside bulk' if beside == '1' else 'alone'}, {link}",
                measured,
                _as_measured(lines, int(size), rows, "smtplib-sink", bulk=beside == "1"),
                mean=0.1,
                p95=0.25,
            )
        elif part == "c":
            yield from compared(
                f"Poisson, load {load}, {size} B, {link}",
                measured,
                _as_measured(lines, int(size), rows),
                mean=0.15,
                p95=0.25,
            )


def _at_once(lines: Callable[[], tuple[Line, Line]], size: int, count: int) -> list[float]:
    ours: list[float] = []
    for phase in range(_PHASES):
        both = lines()
        together([stepped(both, phase * 0.37 + k * 1e-4, size, ours.append) for k in range(count)])
    return ours


def _as_measured(
    lines: Callable[[], tuple[Line, Line]], size: int, rows: list[Row], pair: str = "source-sink", *, bulk: bool = False
) -> list[float]:
    """Sessions that start when the measured ones did."""
    ours: list[float] = []
    runs: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        runs.setdefault((row["lane"], row["rep"]), []).append(float(row["t_start_ms"]) / 1e3)
    for starts in runs.values():
        both = lines()
        flows = [stepped(both, start, size, ours.append, pair) for start in sorted(starts)]
        together([_one_by_one(both, max(starts), pair), *flows] if bulk else flows)
    return ours


def _one_by_one(lines: tuple[Line, Line], until: float, pair: str) -> Iterator[float]:
    """Bulk sessions that follow each other without pause."""
    now = 0.0
    while now <= until:
        for at in stepped(lines, now, _BULK, lambda _: None, pair):
            yield (now := at)

"""What was measured beside what is simulated: a Markdown table of every cell of the measurements.

    python tests/truth/table.py FOLDER [SESSIONS]

A lossless median holds within 3% + 2 ms; the mean and median of a lossy cell within 10% and its 95th percentile within
20%, or within the measurement's own 95% interval; sessions that share a line by their means within 15% and 95th
percentiles within 25%; the end after an outage within 30%; means over several links within 10%.
"""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

import numpy as np
from scipy import stats

from sim.network.line import Line
from sim.network.tcp import Connection
from sim.network.weather import ALWAYS_UP, Timeline
from sim.scenario.distribution import Constant
from sim.scenario.spec import Loss, Tcp
from sim.study.programs import CLIENTS, SERVERS, turns
from sim.study.session import Case, run

PAIRS = {
    "source-sink": ("smtp-source", "smtp-sink"),
    "postfix": ("postfix", "postfix"),
    "postfix-nopipe": ("postfix-nopipe", "postfix"),
    "smtplib-postfix": ("smtplib", "postfix"),
}
HEAD = "| cell | what | measured | simulated | off | holds |\n|---|---|---|---|---|---|"

Row = dict[str, str]
Cells = dict[tuple[str, ...], list[Row]]


def cells(folder: Path, name: str, *keys: str) -> Cells:
    """The rows of a table by what its cells differ in."""
    found: Cells = {}
    with (folder / name).open() as file:
        for row in csv.DictReader(file):
            found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def interval(values: Sequence[float], level: float) -> tuple[float, float]:
    """The 95% interval of a quantile, by order statistics."""
    ordered, n = sorted(values), len(values)
    low, high = stats.binom.ppf([0.025, 0.975], n, level)
    return ordered[max(int(low) - 1, 0)], ordered[min(int(high), n - 1)]


def line(cell: str, what: str, measured: float, simulated: float, *, holds: bool, unit: str = " ms") -> str:
    """A row of the table."""
    off = (simulated / measured - 1) * 100 if measured else 0.0
    return f"| {cell} | {what} | {measured:.1f}{unit} | {simulated:.1f}{unit} | {off:+.1f}% | {'yes' if holds else '**no**'} |"


def compared(
    cell: str, measured: Sequence[float], simulated: Sequence[float], *, mean: float, p95: float
) -> Iterator[str]:
    """Mean, median and 95th percentile of a cell, with what each may be off."""
    ours, theirs = float(np.mean(simulated)), float(np.mean(measured))
    error = 1.96 * float(np.std(measured, ddof=1)) / math.sqrt(len(measured))
    yield line(cell, "mean", theirs, ours, holds=abs(ours - theirs) <= max(mean * theirs, error))
    for level, share in ((0.5, mean), (0.95, p95)):
        ours, theirs = float(np.quantile(simulated, level)), float(np.quantile(measured, level))
        low, high = interval(measured, level)
        holds = abs(ours - theirs) <= share * theirs or low <= ours <= high
        yield line(cell, "median" if level == 0.5 else "95%", theirs, ours, holds=holds)


def sessions(folder: Path, n: int) -> Iterator[str]:
    """Sessions without and with loss."""
    keys = ("kind", "cc", "rtt_ms", "bw_kbps", "size")
    for (kind, cc, rtt, rate, size), rows in cells(folder, "session.csv", *keys).items():
        client, server = PAIRS[kind]
        case = Case(
            rtt=float(rtt) / 1e3,
            rate=float(rate) * 1e3,
            size=int(size),
            client=client,
            server=server,
            tcp=Tcp(congestion="reno" if cc == "reno" else "cubic"),
        )
        ours = float(run(case, 5).durations.mean()) * 1e3
        theirs = float(np.median([float(row["t_250"]) for row in rows]))
        holds = abs(ours - theirs) <= 0.03 * theirs + 2
        yield line(f"{kind}, {rtt} ms, {size} B, {rate} kbit/s", "median", theirs, ours, holds=holds)
    for (cc, rtt, loss, size), rows in cells(folder, "loss.csv", "cc", "rtt_ms", "loss_pct", "size").items():
        tcp = Tcp(congestion="reno" if cc == "reno" else "cubic")
        case = Case(
            rtt=float(rtt) / 1e3,
            loss=Loss(share=float(loss) / 100),
            size=int(size),
            client="smtp-source",
            server="smtp-sink",
            tcp=tcp,
        )
        measured = [float(row["t_250"]) for row in rows if row["status"] == "ok"]
        cell = f"{cc}, {rtt} ms, {loss}% loss, {size} B"
        yield from compared(cell, measured, [1e3 * x for x in run(case, n).durations], mean=0.1, p95=0.2)


Steps = Iterator[float]


def stepped(
    lines: tuple[Line, Line], start: float, size: int, pair: str, done: Callable[[float], None], phase: float = 0.0
) -> Iterator[float]:
    """One session over lines that others use, too: yields when it goes on."""
    client, server = CLIENTS[PAIRS[pair][0]], SERVERS[PAIRS[pair][1]]
    connection = Connection([lines[0]], [lines[1]])
    start += phase
    yield start
    connection.open(start)
    now = yield_at = connection.accepted_at + server.greets
    yield yield_at
    now = yield from connection.sending(now, server.greeting, to_server=False)
    for part, said, answered in turns(client, server, size):
        yield now + client.thinks
        now = yield from connection.sending(now + client.thinks, said, to_server=True)
        think = server.thinks + (server.commits if part == "data" else 0.0)
        yield now + think
        now = yield from connection.sending(now + think, answered, to_server=False)
    done((now - start) * 1e3)


def together(flows: Iterable[Iterator[float]]) -> None:
    """Step through sessions in the order of time."""
    import heapq  # noqa: PLC0415

    heap = [(next(flow), index, flow) for index, flow in enumerate(flows)]
    heapq.heapify(heap)
    while heap:
        at, index, flow = heapq.heappop(heap)
        for later in flow:
            if later > at and heap and later > heap[0][0]:
                heapq.heappush(heap, (later, index, flow))
                break


def shared(folder: Path) -> Iterator[str]:
    """Sessions that share a line: together, and Poisson."""
    keys = ("part", "bw_kbps", "rtt_ms", "queue", "size", "sessions", "load")
    for (part, rate, rtt, queue, size, count, load), rows in cells(folder, "share.csv", *keys).items():

        def lines(rate: str = rate, rtt: str = rtt, queue: str = queue) -> tuple[Line, Line]:
            out, back = (
                Line(rate=float(rate) * 1e3, delay=Constant(float(rtt) / 2e3), queue=float(queue), random=Random(way))
                for way in ("out", "back")
            )
            return out, back

        measured = [float(row["t_250"]) for row in rows]
        ours: list[float] = []
        if part == "a":
            for phase in range(6):
                both = lines()
                flows = [
                    stepped(both, k * 1e-4, int(size), "source-sink", ours.append, phase * 0.37)
                    for k in range(int(count))
                ]
                together(flows)
            cell = f"{count} sessions of {size} B, {rate} kbit/s, {rtt} ms"
        else:
            runs: dict[tuple[str, str], list[float]] = {}
            for row in rows:
                runs.setdefault((row["lane"], row["rep"]), []).append(float(row["t_start_ms"]) / 1e3)
            for starts in runs.values():
                both = lines()
                together([stepped(both, start, int(size), "source-sink", ours.append) for start in sorted(starts)])
            cell = f"Poisson, load {load}, {size} B, {rate} kbit/s, {rtt} ms"
        yield from compared(cell, measured, ours, mean=0.15, p95=0.25)


def outages(folder: Path) -> Iterator[str]:
    """A link that goes down in the middle of a session: the end of the first connection."""
    client, server = CLIENTS["postfix"], SERVERS["postfix"]
    for (phase, down, length), rows in cells(folder, "outage.csv", "phase", "down_at_ms", "down_s").items():
        ours = []
        for start in range(8):
            begin = 3 + start * 0.777
            storm = Timeline([(begin + float(down) / 1e3, begin + float(down) / 1e3 + float(length))])
            out, back = (Line(rate=1e6, delay=Constant(0.05), random=Random(1), timeline=storm) for _ in "ab")
            connection = Connection([out], [back], server=ALWAYS_UP)
            connection.open(begin)
            now = connection.send(connection.accepted_at + server.greets, server.greeting, to_server=False)
            for part, said, answered in turns(client, server, 200_000):
                now = connection.send(now + client.thinks, said, to_server=True)
                now = connection.send(now + server.thinks, answered, to_server=False)
                del part
            ours.append(now - begin)
        theirs = float(rows[0]["first_conn_250_ms"]) / 1e3
        typical = float(np.median(ours))
        holds = min(ours) / 1.3 <= theirs <= max(ours) * 1.3
        cell = f"{phase}, down at {down} ms for {length} s"
        if rows[0]["connections"] == "1":
            yield line(cell, "end", theirs, typical, holds=holds, unit=" s")


def relays(folder: Path) -> Iterator[str]:
    """Over IP hops: one session of smtplib to a sink over all links."""
    for (kind, links, loss), rows in cells(folder, "hops.csv", "kind", "links", "loss_total_pct").items():
        if kind != "ip":
            continue
        client, server = CLIENTS["smtplib"], SERVERS["smtp-sink"]
        ours = []
        for k in range(2000):
            count = int(links)
            chains = [
                [
                    Line(
                        rate=10e6,
                        delay=Constant(0.06 / count),
                        loss=float(loss) / 100 / count,
                        random=Random(f"{k}/{i}/{way}"),
                    )
                    for i in range(count)
                ]
                for way in "ab"
            ]
            connection = Connection(*chains)
            connection.open(k * 0.0137)
            now = connection.send(connection.accepted_at + server.greets, server.greeting, to_server=False)
            for _, said, answered in turns(client, server, 20_000):
                now = connection.send(now + client.thinks, said, to_server=True)
                now = connection.send(now + server.thinks, answered, to_server=False)
            ours.append((now - k * 0.0137) * 1e3)
        measured = [float(row["t_final_250_ms"]) for row in rows if row["t_final_250_ms"]]
        yield from compared(f"{links} IP links in a row, {loss}% loss", measured, ours, mean=0.1, p95=0.25)


def main(folder: Path, n: int) -> None:
    """Print the table."""
    print(HEAD)
    for part in (sessions(folder, n), shared(folder), outages(folder), relays(folder)):
        for row in part:
            print(row, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2000)

"""One session alone on its line: without loss, with loss, and with a round trip of seconds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from cells import case, cells, compared, line, lossless, scattered

from sim.scenario.spec import Loss, Tcp
from sim.study.session_times import run

__all__ = ["sessions"]


def sessions(folder: Path, n: int) -> Iterator[str]:
    """Sessions without and with loss, n of each lossy cell; and those of long round trips."""
    keys = ("kind", "cc", "rtt_ms", "bw_kbps", "size")
    for (kind, cc, rtt, rate, size), rows in cells(folder, "session.csv", *keys).items():
        tcp = Tcp(congestion="reno" if cc == "reno" else "cubic")
        ours = (
            float(run(case(kind, size, rtt=float(rtt) / 1e3, rate=float(rate) * 1e3, tcp=tcp), 5).durations.mean())
            * 1e3
        )
        theirs = float(np.median([float(row["t_250"]) for row in rows]))
        yield lossless(f"{kind}, {rtt} ms, {size} B, {rate} kbit/s", theirs, ours)
    for (cc, rtt, loss, size), rows in cells(folder, "loss.csv", "cc", "rtt_ms", "loss_pct", "size").items():
        tcp = Tcp(congestion="reno" if cc == "reno" else "cubic")
        lossy = case("source-sink", size, rtt=float(rtt) / 1e3, loss=Loss(share=float(loss) / 100), tcp=tcp)
        measured = [float(row["t_250"]) for row in rows if row["status"] == "ok"]
        ours = [1e3 * x for x in run(lossy, n).durations]
        yield from compared(f"{cc}, {rtt} ms, {loss}% loss, {size} B", measured, ours, mean=0.1, p95=0.2)
    yield from _repeats(folder, n)
    yield from _bursts(folder, n)
    yield from _far(folder)


def _repeats(folder: Path, n: int) -> Iterator[str]:
    """Sessions of Postfix with loss: how long they take, and how many segments with data each end sends again."""
    for (name, rtt, loss, size), rows in cells(folder, "loss2.csv", "variant", "rtt_ms", "loss_pct", "size").items():
        found = run(case(name, size, rtt=float(rtt) / 1e3, loss=Loss(share=float(loss) / 100)), 3 * n)
        cell = f"{name}, {rtt} ms, {loss}% loss, {size} B"
        measured = [float(row["t_250"]) for row in rows if row["status"] == "ok"]
        yield from compared(cell, measured, [1e3 * x for x in found.durations], mean=0.1, p95=0.2)
        again = [float(row["c_retx"]) + float(row["s_retx"]) for row in rows]
        ours = [float(one.retransmissions - one.handshake) for one in found.runs]
        yield from compared(f"{cell}, data sent again", again, ours, mean=0.1, unit="")


def _bursts(folder: Path, n: int) -> Iterator[str]:
    """Losses in bursts counted in packets; the sessions of a link follow each other."""
    for (loss, burst, size), rows in cells(folder, "burst.csv", "mean_loss_pct", "burst", "size").items():
        bursts = case("source-sink", size, loss=Loss(share=float(loss) / 100, burst=float(burst)))
        ours = [1e3 * one.duration for one in run(bursts, max(n // 50, 10) * len(rows)).runs]
        batches = [ours[k : k + len(rows)] for k in range(0, len(ours), len(rows))]
        measured = [float(row["t_250"]) if row["status"] == "ok" else math.inf for row in rows]
        yield from scattered(f"{loss}% loss in bursts of {burst} packets, {size} B", measured, batches)


def _far(folder: Path) -> Iterator[str]:
    """Round trips of seconds, with and without timestamps: how long a session takes, how many packets go out again."""
    for (kind, stamps, rtt, size), rows in cells(folder, "highrtt.csv", "kind", "timestamps", "rtt_s", "size").items():
        done = [row for row in rows if row["t_250"]]
        if not done:
            continue
        found = run(case(kind, size, rtt=float(rtt), tcp=Tcp(timestamps=stamps == "1")), 15)
        cell = f"{kind}, {rtt} s, {size} B" + (", no timestamps" if stamps == "0" else "")
        times = [float(row["t_250"]) for row in done]
        ours = float(np.median(found.durations)) * 1e3
        holds = min(times) - 0.003 * ours <= ours <= max(times) + 0.003 * ours
        yield line(cell, "median", float(np.median(times)), ours, holds=holds)
        names = ("syns", "synacks", "c_retx", "s_retx")
        again = [sum(int(row[name]) for name in names) - 2 for row in done]
        repeats = float(np.median([one.retransmissions for one in found.runs]))
        # Without timestamps the clock's phase decides what a timer sends again for nothing.
        spare = 1 if stamps == "0" else 0
        holds = min(again) - spare <= repeats <= max(again) + spare
        yield line(cell, "sent again", float(np.median(again)), repeats, holds=holds, unit="")

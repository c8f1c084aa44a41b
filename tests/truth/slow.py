"""Messages over slow lines, two Postfix between them: whose timers run out, what arrives how often, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cells import Row, cells, line
from outages import fates, judged

from sim.scenario.load import loads
from sim.world.simulation import simulate

__all__ = ["Tries", "ambiguous", "buffers", "slow", "trials", "tries"]

_SCENARIO = """
duration: 5 min
drain: {drain} s
network:
  nodes: [a, b]
  links: [{{between: [a, b], rate: {rate} bit/s, delay: 10 ms, queue: {queue} B}}]
hosts:
  defaults:
    tcp: {{metrics: no}}
    service_time: 0.25 ms
    commit_time: 0.9 ms
    mta: {{postfix: {{smtp_data_done_timeout: {done} s, smtp_data_xfer_timeout: {xfer} s}}}}
domains: {{a.example: {{mx: [a], users: [ann]}}, b.example: {{mx: [b], users: [bob]}}}}
workload: {{messages_at: [{messages}]}}
architectures: {{direct: {{transfer: end-to-end, routing: static}}}}
"""
_MEASURED_FOR = 1980
"""How long after the first SYN a measurement was cut, in s."""
_HANDED_OVER = ((0.0, 0.012), (41.13, 0.02), (83.29, 0.008), (127.41, 0.03), (173.57, 0.016), (229.83, 0.024))
"""When the first message is handed over, and how long after each the next one, in s: timers tick at any phase."""


class Tries(NamedTuple):
    """What became of some messages.

    How each one's first try ended (`sent` or `timeout`, in order), how often they arrived in all, when the last of them
    was there first, and when the first try that timed out was given up; in s since the first message (infinity: never).
    """

    first: tuple[str, ...]
    copies: int
    last: float
    gave_up: float


def tries(
    rate: float,
    queue: float,
    count: int,
    size: int,
    done: float,
    xfer: float,
    *,
    start: float = 0.0,
    apart: float = 0.012,
) -> Tries:
    """Hand messages to a Postfix.

    Args:
        rate: the line's, in bit/s.
        queue: what the line's queue holds, in bytes.
        count: how many messages.
        size: of each, in bytes.
        done: smtp_data_done_timeout in s.
        xfer: smtp_data_xfer_timeout in s.
        start: when the first one is handed over, in s.
        apart: how long after each the next one is, in s.
    """
    letter = f"from: ann@a.example, to: bob@b.example, size: {size} B"
    messages = ", ".join(f"{{at: {start + k * apart} s, {letter}}}" for k in range(count))
    drain = _MEASURED_FOR + start - 300
    facts = simulate(
        loads(
            _SCENARIO.format(drain=drain, rate=rate, queue=queue, done=done, xfer=xfer, messages=messages),
        ),
        "direct",
        0,
    )
    copies = [copy for copy in facts.copies if copy.recipient == "bob@b.example"]
    first = {attempt.message_id: attempt for attempt in reversed(facts.attempts)}.values()
    return Tries(
        tuple(sorted("sent" if attempt.outcome == "accepted" else str(attempt.outcome) for attempt in first)),
        sum(copy.duplicates + (copy.outcome == "delivered") for copy in copies),
        max([copy.ended_s if copy.outcome == "delivered" else float("inf") for copy in copies]) - start,
        min([attempt.ended_s for attempt in first if attempt.outcome == "timeout"], default=float("inf")) - start,
    )


def trials(rate: float, queue: float, count: int, size: int, done: float, xfer: float) -> list[Tries]:
    """As `tries`, in several phases."""
    return [tries(rate, queue, count, size, done, xfer, start=start, apart=apart) for start, apart in _HANDED_OVER]


def slow(folder: Path) -> Iterator[str]:
    """Every cell of `slow.csv`: first tries and copies where the repetitions agree in them, and the last 250."""
    keys = ("rate_bps", "queue", "n", "size", "done_s", "xfer_s")
    for (rate, queue, count, size, done, xfer), rows in cells(folder, "slow.csv", *keys).items():
        cell = f"{count} x {size} B, {rate} bit/s, queue {float(queue) / 1e3:g} kB, timers {done} and {xfer} s"
        ours = trials(float(rate), float(queue), int(count), int(size), float(done), float(xfer))
        measured = [_measured([row for row in rows if row["rep"] == rep]) for rep in sorted({r["rep"] for r in rows})]
        if len({(first, copies) for first, copies, _ in measured}) > 1:
            continue
        first, copies, _ = measured[0]
        found = sorted({(one.first, one.copies) for one in ours})
        same = "yes" if (first, copies) in found else "**no**"
        words = "; ".join(f"{_words(those)}, {came}" for those, came in found)
        yield f"| {cell} | first tries, copies | {_words(first)}, {copies} | {words} | | {same} |"
        alike = [one.last for one in ours if one.first == first]
        if alike:
            theirs = sum(last for _, _, last in measured) / len(measured)
            nearest = min(alike, key=lambda last: abs(last - theirs))
            yield line(cell, "last 250", theirs, nearest, holds=abs(nearest - theirs) <= 0.03 * theirs, unit=" s")


def buffers(folder: Path) -> Iterator[str]:
    """Every cell of `buffer.csv`: when the client gave up, a second after the last write or its last wait for room."""
    keys = ("rate_bps", "queue", "size", "done_s", "xfer_s")
    arrived = {key: rows[0]["deliveries"] for key, rows in cells(folder, "buffer.csv", *keys).items()}
    for key, rows in cells(folder, "buffer-connections.csv", *keys).items():
        gave_up = float(rows[0]["t_gave_up"] or 0) / 1e3
        if not gave_up:
            continue
        rate, queue, size, done, xfer = key
        one = tries(float(rate), float(queue), 1, int(size), float(done), float(xfer))
        cell = f"{size} B, {rate} bit/s, queue {float(queue) / 1e3:g} kB, timer {done} s"
        yield line(cell, "gave up", gave_up, one.gave_up, holds=abs(one.gave_up - gave_up) <= 0.05 * gave_up, unit=" s")
        # Messages that did not arrive were tried again; so were those that did.
        there = one.last < 2 * one.gave_up + 400
        same = "yes" if there == (arrived[key] != "0") else "**no**"
        yield f"| {cell} | first try arrived | {arrived[key] != '0'} | {there} | | {same} |"


def ambiguous(folder: Path) -> Iterator[str]:
    """Every row of `ambiguity.csv`: an outage of 30 s that begins in a session whose client waits 20 s for the reply."""
    for (size, down, length), rows in cells(folder, "ambiguity.csv", "size", "down_at_ms", "down_s").items():
        for row in rows:
            ours = fates(float(down), float(length), int(size), "smtp_data_done_timeout: 20 s")
            yield from judged(f"{size} B, timer 20 s, down at {down} ms for {length} s", row, ours)


def _measured(rows: list[Row]) -> tuple[tuple[str, ...], int, float]:
    """First tries, copies, and the last message's first 250 in s, of a repetition."""
    first = tuple(sorted("timeout" if "timed out" in row["attempts_say"].split("|")[0] else "sent" for row in rows))
    times = [float(row["t_250_ms"]) / 1e3 if row["t_250_ms"] else float("inf") for row in rows]
    return first, sum(int(row["deliveries"]) for row in rows), max(times)


def _words(first: tuple[str, ...]) -> str:
    return ", ".join(f"{first.count(how)} {how}" for how in dict.fromkeys(first))

"""A link that goes down in the middle of a session, until it is back: what becomes of the message, in a whole run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cells import cells, line

from sim.scenario.load import loads
from sim.world.simulation import simulate

__all__ = ["Fate", "fate", "outages"]

_SCENARIO = """
duration: 1 s
drain: 2 h
network:
  nodes: [a, b]
  links:
    - {{between: [a, b], rate: 1 Mbit/s, delay: 50 ms, queue: 1 MB, down: [{{from: {down} ms, to: {up} ms}}]}}
hosts:
  defaults:
    tcp: {{metrics: no}}
    service_time: 0.25 ms
    commit_time: 0.9 ms
    mta: {{postfix: {{queue_run_delay: 5 s, minimal_backoff_time: 5 s, maximal_backoff_time: 40 s, {timers}}}}}
domains:
  a.example: {{mx: [a], users: [ann]}}
  b.example: {{mx: [b], users: [bob]}}
workload:
  messages_at: [{{at: {at} ms, from: ann@a.example, to: bob@b.example, size: {size} B}}]
architectures: {{direct: {{transfer: end-to-end, routing: static}}}}
"""
"""The measurements' two Postfix, with their timers of the queue."""

_PHASES = 8


class Fate(NamedTuple):
    """What became of a message.

    How often its client connected, how often it arrived, its first 250 after the data (s since the first SYN; infinity
    if none came), and the outcomes of its attempts.
    """

    connections: int
    deliveries: int
    end: float
    outcomes: tuple[str, ...]


def fate(down: float, length: float, *, size: int = 200_000, timers: str = "", phase: float = 0.0) -> Fate:
    """Let one message be sent over a link that is down from `down` ms after the first SYN for `length` s.

    Args:
        down: in ms.
        length: in s.
        size: of the mail data, in bytes.
        timers: parameters of Postfix.
        phase: when the session begins, in s.
    """
    at = 1e3 * phase
    text = _SCENARIO.format(
        down=at + down, up=at + down + 1e3 * length, size=size, at=at, timers=timers or "smtp_quit_timeout: 300 s"
    )
    facts = simulate(loads(text), "direct", 0)
    copy = next(copy for copy in facts.copies if copy.recipient == "bob@b.example")
    taken = [attempt.ended_s for attempt in facts.attempts if attempt.outcome == "accepted"]
    connections = len({attempt.session_id for attempt in facts.attempts})
    return Fate(
        connections,
        copy.duplicates + (copy.outcome == "delivered"),
        min(taken, default=float("inf")) - phase,
        tuple(attempt.outcome for attempt in facts.attempts),
    )


def fates(down: float, length: float, size: int = 200_000, timers: str = "", phases: int = _PHASES) -> list[Fate]:
    """As `fate`, in several phases of the timers."""
    return [fate(down, length, size=size, timers=timers, phase=k * 0.0977) for k in range(phases)]


def outages(folder: Path) -> Iterator[str]:
    """Every row of `outage.csv`: connections and deliveries (measured beside simulated), and the end."""
    for (phase, down, length), rows in cells(folder, "outage.csv", "phase", "down_at_ms", "down_s").items():
        for row in rows:
            ours = fates(float(down), float(length))
            yield from judged(f"{phase}, down at {down} ms for {length} s", row, ours)


def judged(cell: str, row: dict[str, str], ours: Sequence[Fate]) -> Iterator[str]:
    """Hold a measured outage against the simulated ones, one of which it has to be like."""
    measured = int(row["connections"]), int(row["deliveries"])
    found = {(one.connections, one.deliveries) for one in ours}
    alike = [one.end for one in ours if (one.connections, one.deliveries) == measured]
    words = ", ".join(f"{made} and {came}" for made, came in sorted(found))
    same = "yes" if measured in found else "**no**"
    yield f"| {cell} | connections, deliveries | {measured[0]} and {measured[1]} | {words} | | {same} |"
    end = float(row["t_250_ms"]) / 1e3
    ends = alike or [one.end for one in ours]
    holds = min(ends) / 1.3 <= end <= max(ends) * 1.3
    yield line(cell, "end", end, float(np.median(ends)), holds=holds, unit=" s")

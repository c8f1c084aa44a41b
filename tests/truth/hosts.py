"""Whole hosts in a scenario: Exim with many messages for one connection, Postfix against a server that takes few."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from cells import cells, line, lossless

from sim.results.facts import Facts
from sim.scenario.load import loads
from sim.world.simulation import simulate

__all__ = ["deferred", "hosts", "kept"]

_KEPT = """
duration: 1 min
drain: 4 h
network:
  nodes: [client, server]
  links: [{{between: [client, server], rate: 10 Mbit/s, delay: {delay} ms, queue: 1 MB}}]
hosts:
  defaults: {{tcp: {{metrics: no}}}}
  client: {{mta: exim}}
  server:
    service_time: 0.2 ms
    commit_time: {{lognormal: {{median: 1.1 ms, p95: 2.1 ms}}}}
    policies: {{refuse: [{{at: connect, code: 421, during: [{{from: 0 s, to: 2 min}}]}}]}}
domains:
  client.example: {{mx: [client], users: [ann]}}
  server.example: {{mx: [server], users: [bob]}}
workload: {{messages_at: [{messages}]}}
architectures: {{way: {{transfer: end-to-end, routing: static}}}}
"""
"""What is refused first waits for the host, and goes in one session; the server's times are Postfix's as measured."""

_FEEDBACK = """
duration: 10 min
drain: 10 min
network:
  nodes: [client, server]
  links: [{{between: [client, server], rate: 10 Mbit/s, delay: {delay} ms, queue: 1 MB}}]
hosts:
  defaults: {{tcp: {{metrics: no}}}}
  client:
    reuse: {reuse}
    mta:
      postfix:
        default_destination_recipient_limit: 2
        default_destination_concurrency_positive_feedback: {style}
        default_destination_concurrency_negative_feedback: {style}
  server:
    commit_time: {{lognormal: {{median: 2 s, p95: 2.5 s}}}}
    policies: {{sessions_at_once: 5}}
domains:
  client.example: {{mx: [client], users: [ann]}}
  server.example: {{mx: [server], users: 2000}}
workload: {{messages_at: [{{at: 1 s, from: ann@client.example, to: [{users}]}}]}}
architectures: {{way: {{transfer: end-to-end, routing: static}}}}
"""
"""Two recipients a session, and a second for each. Without any noise all sessions keep step for ever."""

_SHARES = {"1": 0.376, "0.25": 0.2, "1/concurrency": 0.165}
"""Style -> the share that is deferred: measured; about 20 % measured; SCHEDULER_README."""


def kept(rtt: float, size: int, count: int = 21) -> list[float]:
    """The times of the replies to so many messages of one Exim session, in ms since its SYN; the RTT in ms."""
    mail = [
        f"{{at: {n / 100} s, from: ann@client.example, to: bob@server.example, size: {size} B}}" for n in range(count)
    ]
    facts = simulate(loads(_KEPT.format(delay=rtt / 2, messages=", ".join(mail))), "way", 0)
    taken = [attempt for attempt in facts.attempts if attempt.outcome == "accepted"]
    last = [attempt for attempt in taken if attempt.session_id == taken[-1].session_id]
    return [1e3 * (attempt.ended_s - last[0].started_s) for attempt in last]


def deferred(style: str, *, rtt: float = 100.0, reuse: str = "never", replication: int = 0) -> float:
    """The share of attempts that the server refuses, of the first at 2,000 recipients."""
    users = ", ".join([f"u{n}@server.example" for n in range(1, 2001)])
    text = _FEEDBACK.format(style=style, delay=rtt / 2, reuse=reuse, users=users)
    facts: Facts = simulate(loads(text), "way", replication)
    first = [attempt for attempt in facts.attempts if attempt.started_s < 290]
    return sum(attempt.outcome == "deferred" for attempt in first) / len(first)


def hosts(folder: Path) -> Iterator[str]:
    """Every cell of `exim.csv` and `feedback.csv`."""
    for (variant, size), rows in cells(folder, "exim.csv", "variant", "size").items():
        ours = kept(100.0, int(size), len(rows))
        cell = f"exim, {variant}, 100 ms, {size} B"
        yield lossless(f"{cell}, first message", float(rows[0]["since_last_250"]), ours[0])
        theirs = float(np.median([float(row["since_last_250"]) for row in rows[1:]]))
        yield lossless(f"{cell}, further ones", theirs, float(np.median([b - a for a, b in pairwise(ours)])))
    if (folder / "feedback.csv").exists():
        for style, share in _SHARES.items():
            ours_now = float(np.mean([deferred(style, replication=n) for n in range(2)]))
            cell = f"concurrency feedback of {style}, 100 ms"
            yield line(cell, "deferred", 100 * share, 100 * ours_now, holds=abs(ours_now - share) < 0.025, unit=" %")

"""Mail over several links in a row: end to end over routers, and from relay to relay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from cells import Row, cells, compared

from sim.scenario.load import loads
from sim.scenario.spec import Scenario
from sim.world.simulation import simulate

__all__ = ["paths"]

_SCENARIO = """
duration: {messages} s
drain: 2 h
network:
  nodes: [{nodes}]
  link_defaults: {{rate: 10 Mbit/s, queue: 1 MB}}
  links:
{links}
hosts:
  defaults: {{tcp: {{metrics: no}}, service_time: 0.25 ms, commit_time: 4.5 ms}}
  client:
    mta: {{postfix: {{initial_destination_concurrency: 100, default_destination_concurrency_limit: 100}}}}
    extensions: {{PIPELINING: offered}}
    reuse: never
  sink: {{service_time: 0.1 ms, commit_time: 0 s}}
domains:
  client.example: {{mx: [client], users: [ann]}}
  sink.example: {{mx: [sink], users: [bob]}}
workload:
  poisson: {{rate: 1 /s, size: 20 kB}}
architectures: {{way: {{transfer: {transfer}, routing: static}}}}
dialogues: yes
"""
"""A client that says one command at a time and keeps no session, as Python's smtplib; relays that need 4 to 5 ms."""

_MEASURED = ("t_submit_ms", "t_final_arrival_ms", "t_final_250_ms")
_NAMES = ("submission", "arrival", "last 250")
_RTT = 120.0


def scenario(kind: str, links: int, loss: float, *, messages: int = 100) -> Scenario:
    """A message a second from a client to a sink over `links` equal links, with relays between them or routers.

    Args:
        kind: `relay`; `ip` for routers; `edge` for a relay beside the client, and one link.
        links: how many there are.
        loss: over all of them, in percent, each way.
        messages: how many on average.
    """
    names = ["client", *[f"relay{k}" for k in range(1, links + (kind == "edge"))], "sink"]
    each = f"delay: {_RTT / 2 / links} ms, loss: {loss / links} %"
    settings = ["delay: 0 ms, loss: 0 %", each] if kind == "edge" else [each] * links
    lines = [f"    - {{between: [{a}, {b}], {how}}}" for a, b, how in zip(names, names[1:], settings, strict=False)]
    transfer = "end-to-end" if kind == "ip" else "store-and-forward"
    return loads(_SCENARIO.format(nodes=", ".join(names), links="\n".join(lines), messages=messages, transfer=transfer))


@cache
def times(kind: str, links: int, loss: float, runs: int = 20) -> Sequence[Sequence[float]]:
    """Of each message the length of its submission, its arrival at the sink, and the last relay's 250; in ms."""
    chain = scenario(kind, links, loss)
    found: list[list[float]] = [[], [], []]
    for run in range(runs):
        facts = simulate(chain, "way", run)
        ours = {message.message_id: message for message in facts.messages if message.sender == "ann@client.example"}
        arrived = {copy.message_id: copy.ended_s for copy in facts.copies if copy.outcome == "delivered"}
        heard: dict[int, list[float]] = {}
        for said in facts.dialogues:
            if said.direction == "<":
                heard.setdefault(said.session_id, []).append(said.time_s)
        for attempt in facts.attempts:
            message = ours.get(attempt.message_id)
            if message is None or attempt.outcome != "accepted":
                continue
            if attempt.from_host == "client":
                found[0].append(1e3 * (attempt.ended_s - message.created_s))
            if attempt.to_host == "sink":
                at = arrived[message.message_id]
                found[1].append(1e3 * (at - message.created_s))
                found[2].append(1e3 * (min(t for t in heard[attempt.session_id] if t > at) - message.created_s))
    return found


def paths(folder: Path) -> Iterator[str]:
    """Every cell of `relay.csv` and `hops.csv`."""
    for (relays, loss), rows in cells(folder, "relay.csv", "relays", "loss_total_pct").items():
        words = {"direct": ("ip", 1), "edge": ("edge", 1)}
        kind, links = words[relays] if relays in words else ("relay", int(relays) + 1)
        name = {"direct": "no relay", "edge": "a relay at the client"}.get(relays, f"{relays} relays")
        # One link is quick to run, and its lossy means vary by 2 % over 20 runs.
        runs = 80 if links == 1 and float(loss) else 20
        yield from _held(f"{name}, {loss}% loss", rows, times(kind, links, float(loss), runs))
    for (kind, links, loss), rows in cells(folder, "hops.csv", "kind", "links", "loss_total_pct").items():
        name = f"{links} links in a row, {'relays' if kind == 'relay' else 'routers'} between, {loss}% loss"
        yield from _held(name, rows, times(kind, int(links), float(loss)))


def _held(cell: str, rows: Sequence[Row], ours: Sequence[Sequence[float]]) -> Iterator[str]:
    for column, name, simulated in zip(_MEASURED, _NAMES, ours, strict=True):
        measured = [float(row[column]) for row in rows if row[column]]
        for row in compared(cell, measured, simulated, mean=0.1):
            yield row.replace("| mean |", f"| mean of the {name} |")

"""How long one session takes over one link, without a scenario: many sessions of two programs, each by itself.

The duration is measured as a client's packets show it: from its first SYN to the 250 that follows the mail data. It
depends on nothing but the link, both hosts' TCP and the two programs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Any, Final, NamedTuple

import numpy as np

from sim.network.line import Line
from sim.network.sender import LINUX
from sim.network.tcp import connect
from sim.scenario.distribution import Constant
from sim.scenario.spec import Loss, Tcp
from sim.study.programs import CLIENTS, SERVERS, turns

__all__ = ["PARTS", "Case", "Run", "Sessions", "run"]

PARTS: Final = ("connect_s", "greeting_s", "dialogue_s", "data_s")
"""SYN to SYN-ACK; to the greeting; to the 354; to the 250 after the data."""

_NO_LOSS: Final = Loss()
_CLEAN: Final = 100
_PHASES: Final = 16.0
"""Sessions start at any moment of this many s, since the kernel's timers tick with its clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A link and what speaks over it: times in s, rate in bit/s, sizes in bytes (queue: infinity means no limit)."""

    rtt: float = 0.1
    rate: float = 10e6
    loss: Loss = _NO_LOSS
    size: int = 20_000
    client: str = "postfix"
    server: str = "postfix"
    tcp: Tcp = LINUX
    queue: float = math.inf
    mtu: int = 1500


class Run(NamedTuple):
    """One session: its parts in s (infinite from where it failed), and packets that were sent again."""

    parts: tuple[float, ...]
    retransmissions: int

    @property
    def duration(self) -> float:
        """From the first SYN to the 250 after the data; infinity if it never came."""
        return math.fsum(self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Many sessions of one case; `clean` are some at the same moments on the same link where nothing is lost."""

    case: Case
    runs: Sequence[Run]
    clean: Sequence[Run]
    durations: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        found = sorted(run.duration for run in self.runs if run.duration < math.inf)
        object.__setattr__(self, "durations", np.array(found))

    def summary(self) -> dict[str, Any]:
        """The distribution as plain data: null where no session came to its end."""
        done, some = self.durations, bool(self.durations.size)
        levels = dict(zip(("p05_s", "median_s", "p95_s", "p99_s"), (5, 50, 95, 99), strict=True))
        finished = [run for run in self.runs if run.duration < math.inf]
        mean = float(done.mean()) if some else None
        again = sum(run.retransmissions for run in self.runs)
        waited = mean - math.fsum(run.duration for run in self.clean) / len(self.clean) if mean and again else 0.0
        means = {
            name: math.fsum(run.parts[index] for run in finished) / len(finished) if some else None
            for index, name in enumerate(PARTS)
        }
        return {
            "n": len(self.runs),
            "failed": len(self.runs) - int(done.size),
            "mean_s": mean,
            **{name: float(np.percentile(done, level)) if some else None for name, level in levels.items()},
            "parts": {
                **means,
                "of_which_retransmission_s": None if mean is None else max(waited, 0.0),
            },
            "retransmissions": again / len(self.runs),
        }


def run(case: Case, n: int, seed: int = 1) -> Sessions:
    """Run n sessions, each on a line of its own with draws of its own."""
    runs, clean = (
        [_one(one, f"{seed}/{k}") for k in range(count)]
        for one, count in ((case, n), (replace(case, loss=Loss(), queue=math.inf), min(n, _CLEAN)))
    )
    return Sessions(case=case, runs=runs, clean=clean)


def _one(case: Case, name: str) -> Run:
    start = Random(f"{name}/start").random() * _PHASES
    out, back = (
        Line(
            rate=case.rate,
            delay=Constant(case.rtt / 2),
            loss=case.loss,
            mtu=case.mtu,
            queue=case.queue,
            random=Random(f"{name}/{way}"),
        )
        for way in ("out", "back")
    )
    client, server = CLIENTS[case.client], SERVERS[case.server]
    connection = connect([out], [back], client_tcp=case.tcp, server_tcp=case.tcp, writes=client.writes)
    times = {"connect": connection.open(start, start + client.gives_up_connecting)}
    now = connection.accepted_at if times["connect"] < math.inf else math.inf
    times["greeting"] = now = connection.send(now + server.greets, server.greeting, to_server=False)
    for turn in turns(client, server, case.size):
        now = connection.send(now + turn.prepares, turn.said, to_server=True)
        times[turn.phase] = now = connection.send(now + turn.works, turn.answered, to_server=False)
    ends = [start, *times.values()]
    parts = tuple(after - before if after < math.inf else math.inf for before, after in pairwise(ends))
    return Run(parts, connection.retransmissions)

"""How long one session takes over one link, without a scenario: many sessions of two programs, each by itself.

The duration is measured as a client's packets show it: from its first SYN to the 250 that follows the mail data. It
depends on nothing but the link, both hosts' TCP and the two programs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Any, Final, NamedTuple

import numpy as np

from sim.network.interface import at_once
from sim.network.links.line import Line
from sim.network.tcp.rtt import LINUX
from sim.network.transport.connect import connect
from sim.scenario.distribution import Constant
from sim.scenario.spec import Loss, Tcp
from sim.study.programs import CLIENTS, SERVERS, turns

PARTS: Final = ("connect_s", "greeting_s", "dialogue_s", "data_s")
"""SYN to SYN-ACK; to the greeting; to the 354; to the 250 after the data."""


class _Program:
    """The server's program, for its kernel: whether it closes behind what it writes next."""

    is_over = False


_NO_LOSS: Final = Loss()
_CLEAN: Final = 100
_CHAIN: Final = 20
_PAUSE: Final = 0.1
_HOPELESS: Final = 134.0
"""How long after its last sign of life a connection is given up, so that the next one may begin, in s."""
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
    """One session: its parts in s (infinite from where it failed), and packets that were sent again.

    `handshake` is how many of these were SYNs and SYN-ACKs.
    """

    parts: tuple[float, ...]
    retransmissions: int
    handshake: int

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
            "handshake_retransmissions": sum(run.handshake for run in self.runs) / len(self.runs),
        }


def run(case: Case, n: int, seed: int = 1) -> Sessions:
    """Run n sessions, each on a line of its own with draws of its own.

    Where losses come in bursts, 20 sessions follow each other on the same line, each soon after the one before, as the
    sessions of a mail server do: one that has just ended has found the line clear, so that few begin within a burst.
    """
    follow = _CHAIN if case.loss.burst or case.loss.burst_time else 1
    runs = [one for k in range(0, n, follow) for one in _chain(case, f"{seed}/{k}", min(follow, n - k))]
    calm = replace(case, loss=Loss(), queue=math.inf)
    clean = [one for k in range(min(n, _CLEAN)) for one in _chain(calm, f"{seed}/{k}", 1)]
    return Sessions(case=case, runs=runs, clean=clean)


def _chain(case: Case, name: str, count: int) -> Iterator[Run]:
    """Sessions that follow each other on one line."""
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
    phases = Random(f"{name}/start")
    start = phases.random() * _PHASES
    for left in range(count, 0, -1):
        one, end = _one(case, out, back, start, closes=left > 1)
        yield one
        start = end + phases.random() * _PAUSE


def _one(case: Case, out: Line, back: Line, start: float, *, closes: bool) -> tuple[Run, float]:
    """One session, and when it has come to its end; the connection is closed only if somebody `closes` it.

    Neither TCP remembers anything of the sessions before, as with `metrics: no`.
    """
    client, server = CLIENTS[case.client], SERVERS[case.server]
    program = _Program()
    connection = connect(
        [out],
        [back],
        client_tcp=case.tcp,
        server_tcp=case.tcp,
        program=program,
        patience=server.patience,
        writes=client.writes,
    )
    times = {"connect": at_once(connection.open(start, start + client.gives_up_connecting))}
    now = connection.accepted_at if times["connect"] < math.inf else math.inf
    handshake = connection.retransmissions
    spoke = now + server.greets
    times["greeting"] = now = at_once(connection.send(spoke, server.greeting, to_server=False))
    for turn in turns(client, server, case.size):
        now = at_once(connection.send(now + turn.prepares, turn.said, to_server=True))
        if turn.said <= connection.mss and now - spoke > server.patience:
            # It has waited since it spoke, also while its answer was lost on the way.
            now = math.inf
        spoke = now + turn.works
        program.is_over = client.quits_with_dot and turn.phase == "data"
        times[turn.phase] = now = at_once(connection.send(spoke, turn.answered, to_server=False))
    ends = [start, *times.values()]
    parts = tuple(after - before if after < math.inf else math.inf for before, after in pairwise(ends))
    one = Run(parts, connection.retransmissions, handshake)
    if closes and now < math.inf and program.is_over:
        connection.close(now)
    elif closes and now < math.inf:
        # QUIT, its answer, and both FINs, which use the line as small segments do.
        for said, answered in ((client.quit, server.bye), (1, 1)):
            heard = at_once(connection.send(now + client.thinks, said, to_server=True))
            now = at_once(connection.send(heard + server.thinks, answered, to_server=False))
    return one, now if now < math.inf else max(end for end in ends if end < math.inf) + _HOPELESS

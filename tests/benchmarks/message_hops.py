"""What a message-hop costs: full SMTP dialogues over a mesh, measured against bare simpy in the same run.

5,000 messages of 10 kB, store-and-forward over a 20-node mesh with 1% packet loss, on one core, no dialogue recorded,
hosts that take no time.
Prints message-hops per second, simpy events per message-hop, and the cost of a message-hop in bare simpy timeouts: the ratio
is what to compare between machines and commits.

    python tests/benchmarks/message_hops.py [MESSAGES]
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from statistics import median
from time import process_time

import simpy

from sim.scenario.load import loads
from sim.world.engine.clock import Clock
from sim.world.simulation import Simulation

SCENARIO = """
title: a 20-node mesh
seed: 20
duration: {seconds} s
drain: 5 d
network:
  generate: {{random_regular: {{nodes: 20, degree: 3}}}}
  link_defaults: {{rate: 10 Mbit/s, delay: 10 ms, loss: 1 %}}
hosts: {{defaults: {{timing: none}}}}
workload:
  constant: {{rate: 1 /s, size: 10 kB}}
architectures:
  store-and-forward: {{transfer: store-and-forward}}
"""
TIMEOUTS = 200_000
ROUNDS = 5


class Counted(Clock):
    """An environment that counts the events it processes."""

    events = 0

    def step(self) -> None:
        """Process the next event."""
        self.events += 1
        super().step()


def seconds(work: Callable[[], object]) -> float:
    """Processor time of some work, with no garbage left from before."""
    gc.collect()
    started = process_time()
    work()
    return process_time() - started


def bare_timeouts() -> None:
    """Twenty processes that do nothing but wait."""
    env = simpy.Environment()

    def wait() -> Iterator[simpy.Event]:
        for _ in range(TIMEOUTS // 20):
            yield env.timeout(1)

    for _ in range(20):
        env.process(wait())
    env.run()


def main(messages: int) -> None:
    """Measure and print."""
    scenario = loads(SCENARIO.format(seconds=messages))
    architecture = scenario.architectures["store-and-forward"]

    counted = Simulation(scenario, architecture, 0, scenario.seed)
    counted.clock.__class__ = Counted
    copies = counted.run().copies
    hops = sum(copy.hops for copy in copies)

    runs, bare, ratios = [], [seconds(bare_timeouts) / TIMEOUTS], []
    for _ in range(ROUNDS):
        simulation = Simulation(scenario, architecture, 0, scenario.seed)
        runs.append(seconds(simulation.run) / hops)
        bare.append(seconds(bare_timeouts) / TIMEOUTS)
        # The machine's speed drifts: a run is held against the bare timeouts just before and after it.
        ratios.append(runs[-1] / ((bare[-2] + bare[-1]) / 2))
    figures = {
        "messages": len(copies),
        "delivered": sum(copy.outcome == "delivered" for copy in copies),
        "message_hops": hops,
        "message_hops_per_s": round(1 / median(runs)),
        "events_per_message_hop": round(counted.clock.events / hops, 2),
        "bare_timeout_us": round(median(bare) * 1e6, 3),
        "message_hop_us": round(median(runs) * 1e6, 1),
        "message_hop_in_bare_timeouts": round(median(ratios), 1),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)

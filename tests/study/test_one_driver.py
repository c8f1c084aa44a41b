"""A session by itself and one in a scenario are the same session, whoever sends and whoever receives."""

from __future__ import annotations

import pytest

from sim.scenario.load import loads
from sim.scenario.products import PRODUCTS
from sim.scenario.spec import Loss
from sim.study.session_times import RECIPIENT, SENDER, Case, run
from sim.world.engine.streams import Streams
from sim.world.simulation import simulate

SCENARIO = """
duration: 1 min
network:
  nodes: [client, server]
  links: [{{between: [client, server], rate: 2 Mbit/s, delay: 35 ms, loss: {loss}}}]
hosts: {{client: {{mta: {client}}}, server: {{mta: {server}}}}}
domains: {{client.example: {{mx: [client], users: [ann]}}, server.example: {{mx: [server], users: [bob]}}}}
workload: {{messages_at: [{{at: {at!r} s, from: {sender}, to: {recipient}, size: {size} B}}]}}
architectures: {{direct: {{transfer: end-to-end}}}}
dialogues: yes
"""

NAMES = list(PRODUCTS)
EACH = [(name, NAMES[(NAMES.index(name) + 3) % len(NAMES)]) for name in NAMES]
ALL = [(client, server) for client in NAMES for server in NAMES]


def in_a_scenario(client, server, size, loss=0.0, replication=0):
    """From the first SYN of a scenario's only session to the reply to its mail data, in s."""
    at = 16 * Streams(1, replication)("start").random()
    text = SCENARIO.format(
        client=client, server=server, size=size, loss=loss, at=at, sender=SENDER, recipient=RECIPIENT
    )
    facts = simulate(loads(text), "direct", replication)
    [copy] = facts.copies
    return min(said.time_s for said in facts.dialogues if said.direction == "<" and said.time_s > copy.ended_s) - at


def alone(client, server, size, loss=0.0, replication=0):
    """The same of a session that is in no scenario."""
    case = Case(client=client, server=server, rtt=0.07, rate=2e6, size=size, loss=Loss(share=loss))
    return run(case, replication + 1).runs[replication].duration


@pytest.mark.parametrize(("client", "server"), EACH)
def test_each_product_takes_as_long_by_itself_as_in_a_scenario(client, server):
    """To the microsecond: what is said, what is thought, what is drawn is the same."""
    assert alone(client, server, 20_000) == pytest.approx(in_a_scenario(client, server, 20_000), abs=1e-6)


@pytest.mark.long
@pytest.mark.parametrize(("client", "server"), ALL)
def test_every_client_takes_as_long_with_every_server(client, server):
    """A message that fits a chunk, and one of many windows."""
    for size in (2_000, 100_000):
        assert alone(client, server, size) == pytest.approx(in_a_scenario(client, server, size), abs=1e-6)


@pytest.mark.parametrize("replication", range(8))
def test_the_same_packets_are_lost(replication):
    """Session number k of a seed is replication k."""
    lossy = ("postfix", "exim", 20_000, 0.1, replication)
    assert alone(*lossy) == pytest.approx(in_a_scenario(*lossy), abs=1e-6)

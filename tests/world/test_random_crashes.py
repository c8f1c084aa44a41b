"""A thousand crashes at random moments in a chain of three hops."""

from __future__ import annotations

from random import Random
from typing import NamedTuple
from unittest.mock import patch

import pytest
from worlds import Counting, message, scenario

from sim.results.facts import CopyFact
from sim.scenario.spec import Interval, Weather
from sim.world.host.host import HostAtWork
from sim.world.simulation import Simulation

TIMES = 1000
MESSAGES = 3


class Crash(NamedTuple):
    """A run with one crash: its copies, whose crash it was, and the ledger's instances of what it held then."""

    copies: list[CopyFact]
    host: str
    held: dict[tuple[int, str], int]


def crash(number: int, spool: str) -> Crash:
    """Messages from a to d, half a flight apart, and one crash of one of the hosts while they are on their way."""
    random = Random(number)
    host, at = random.choice("abcd"), 1.0 + random.uniform(0.0, 0.4)
    hosts = {name: {"spool": spool, "commit_time": 0.005} for name in "abcd"}
    hosts[host]["weather"] = Weather(down=(Interval(start=at, end=at + random.uniform(1.0, 600.0)),))
    mail = [message(1.0 + 0.03 * turn, "u1@a", "u1@d") for turn in range(MESSAGES)]
    spec = scenario("a-b b-c c-d", *mail, transfer="store-and-forward", hosts=hosts)
    held: dict[tuple[int, str], int] = {}
    fall = HostAtWork._crash

    def watched(host: HostAtWork, now: float) -> None:
        for copy, _ in host.deferred.copies(now):
            held[copy.message_id, copy.recipient] = 1
        fall(host, now)

    with patch("sim.world.host.world.Ledger", Counting), patch.object(HostAtWork, "_crash", watched):
        world = Simulation(spec, spec.architectures["store-and-forward"], 0, 1)
        facts = world.run()
    # What another host had, too, or took after all from a client that was gone, lives on.
    return Crash(facts.copies, host, {key: world.ledger.instances[key] for key in held})


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_durable_spools_lose_nothing():
    """Whoever crashes whenever: delivered, by name and number."""
    for number in range(TIMES):
        assert [copy.outcome for copy in crash(number, "durable").copies] == ["delivered"] * MESSAGES, number


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_volatile_spools_lose_what_the_ledger_says_the_host_held():
    """Lost, for this reason and at this host, is what it alone held when it crashed: every copy of that, and no other."""
    lost = 0
    for number in range(TIMES):
        copies, host, held = crash(number, "volatile")
        alone = {key for key, instances in held.items() if instances == 1}
        reasons = {(copy.message_id, copy.recipient): (copy.outcome, copy.reason) for copy in copies}
        assert reasons == {
            key: ("lost", f"volatile spool of {host}") if key in alone else ("delivered", "") for key in reasons
        }, number
        lost += len(alone)
    assert lost > TIMES / 5

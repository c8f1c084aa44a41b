"""A thousand crashes at random moments in a chain of three hops."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from worlds import message, run, scenario

from sim.scenario.spec import Interval, Weather

TIMES = 1000


def crash(number: int, spool: str):
    """One message from a to d, and one crash of one of the hosts while it is on its way; the facts, and who and when."""
    random = Random(number)
    host, at = random.choice("abcd"), 1.0 + random.uniform(0.0, 0.4)
    hosts = {name: {"spool": spool, "commit_time": 0.005} for name in "abcd"}
    hosts[host]["weather"] = Weather(down=(Interval(start=at, end=at + random.uniform(1.0, 600.0)),))
    mail = message(1.0, "u1@a", "u1@d")
    return run(scenario("a-b b-c c-d", mail, transfer="store-and-forward", hosts=hosts)), host, at


def ends(facts) -> tuple[str, str]:
    """How the user's copy ended, and why."""
    return next((copy.outcome, copy.reason) for copy in facts.copies if copy.recipient == "u1@d.example")


@pytest.mark.slow
def test_durable_spools_lose_nothing():
    """Whoever crashes whenever: delivered."""
    assert Counter(ends(crash(number, "durable")[0])[0] for number in range(TIMES)) == {"delivered": TIMES}


@pytest.mark.slow
def test_volatile_spools_lose_what_the_host_held():
    """Lost is what lay in the queue of the host that crashed, unless another host had it, too; nothing else."""
    seen = Counter()
    for number in range(TIMES):
        facts, host, at = crash(number, "volatile")
        outcome, reason = ends(facts)
        held = next((fact.messages for fact in reversed(facts.queues) if fact.host == host and fact.time_s < at), 0)
        if outcome == "lost":
            assert (held, reason) == (1, f"volatile spool of {host}"), number
        else:
            assert outcome == "delivered", number
        seen[held, outcome] += 1
    assert seen[0, "lost"] == 0
    assert seen[1, "lost"] > 200
    assert seen[1, "delivered"] < 0.2 * seen[1, "lost"]

"""One message over two hops, and every fault at every moment: what is lost, and what arrives twice (RFC 1047)."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import pytest
from worlds import message, scenario

from sim.scenario.spec import DAY, Interval, Weather
from sim.world.simulation import Simulation
from sim.world.station import Station

CRASH = 50.0
"""How long a host is down, in s: less than any timer of its peers."""

CUT = 1500.0
"""How long a line is down, in s: more than any timer but those of the queue."""

COMMIT = 0.005
"""What a host needs to put a message on disk, in s: there is a moment between the final dot and the 250."""

Fault = tuple[str, float]
"""What goes down (a host, or a line), and when."""


def simulate(faults: tuple[Fault, ...], *, spool: str = "durable", dialogues: bool = False):
    """The facts of a run with these faults, and how often a host took custody of mail from another."""
    down: dict[str, list[Interval]] = {}
    for what, at in faults:
        stretch = Interval(start=at, end=at + (CUT if "-" in what else CRASH))
        down.setdefault(what, []).append(stretch)
    weather = {what: Weather(down=tuple(times)) for what, times in down.items()}
    hosts = {host: {"commit_time": COMMIT, "spool": spool} for host in "abc"}
    for host in "abc":
        hosts[host]["weather"] = weather.pop(host, Weather())
    spec = scenario(
        "a-b b-c", message(1.0, "u1@a", "u1@c"), transfer="store-and-forward", routing="static", hosts=hosts,
        weather=weather, dialogues=dialogues, drain=2 * DAY,
    )  # fmt: skip
    world = Simulation(spec, spec.architectures["store-and-forward"], 0, 1)
    taken = Counter()
    receive = Station.receive

    def counting(station: Station, *arguments) -> None:
        taken[station.host.name] += 1
        receive(station, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Station, "receive", counting)
        return world.run(), taken


def moments() -> list[float]:
    """The middle of each flight of a run without faults, and of each wait for the disk."""
    facts, _ = simulate((), dialogues=True)
    times = {line.time_s for line in facts.dialogues} | {attempt.started_s for attempt in facts.attempts}
    times |= {copy.ended_s for copy in facts.copies}
    return [(before + after) / 2 for before, after in pairwise(sorted(times))]


def every_fault() -> list[Fault]:
    """Each host and each line, at each moment."""
    return [(what, at) for what in ("a", "b", "c", "a-b", "b-c") for at in moments()]


def outcome(faults: tuple[Fault, ...], spool: str = "durable") -> tuple[str, int, int]:
    """How the message ended, how often too much it arrived, and how many 250s its clients have not heard."""
    facts, taken = simulate(faults, spool=spool)
    [copy] = [copy for copy in facts.copies if copy.recipient == "u1@c.example"]
    heard = sum(attempt.outcome == "accepted" for attempt in facts.attempts)
    return copy.outcome, copy.duplicates, taken.total() - heard


def test_no_single_fault_loses_mail_or_doubles_it_without_a_lost_250():
    """Durable spools: always delivered, and once more for each message whose 250 its client has not heard."""
    seen = Counter()
    for fault in every_fault():
        ended, duplicates, unheard = outcome((fault,))
        assert (ended, duplicates) == ("delivered", unheard), fault
        seen[fault[0], unheard] += 1
    # The table of tests/README.md.
    both_ends = {(what, unheard): cases for what in ("a", "b", "a-b", "b-c") for unheard, cases in ((0, 14), (1, 2))}
    assert seen == both_ends | {("c", 0): 16}


@pytest.mark.slow
def test_volatile_spools_lose_what_they_hold():
    """A crash loses what the host held, and nothing else: delivered, or lost at the host that crashed."""
    seen = Counter()
    for fault in every_fault():
        ended, duplicates, unheard = outcome((fault,), "volatile")
        assert ended == "delivered" or (ended == "lost" and fault[0] in "ab"), fault
        assert duplicates <= unheard, fault
        seen[ended, fault[0]] += 1
    assert seen["lost", "a"] > 0
    assert seen["lost", "b"] > 0


@pytest.mark.long
def test_no_pair_of_faults_loses_mail_or_doubles_it_without_a_lost_250():
    """All pairs of single faults: the same holds; two 250s may be lost, and then it arrives three times."""
    seen = Counter()
    for pair in combinations(every_fault(), 2):
        if pair[0][0] == pair[1][0]:
            # The second one would begin while the first one lasts.
            continue
        ended, duplicates, unheard = outcome(pair)
        assert (ended, duplicates) == ("delivered", unheard), pair
        seen[unheard] += 1
    assert seen == {0: 2280, 1: 264, 2: 16}

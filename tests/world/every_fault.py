"""One message over two hops, and every fault at every moment: the walk, and its table for tests/README.md.

python tests/world/every_fault.py tests/README.md
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby, pairwise
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

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

THINGS = ("a", "b", "c", "a-b", "b-c")
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"


class Fault(NamedTuple):
    """What goes down (a host, or a line), and when."""

    what: str
    at: float


class Outcome(NamedTuple):
    """How the message ended, how often too much it arrived, and how many 250s its clients have not heard."""

    ended: str
    duplicates: int
    unheard: int


def simulate(faults: Sequence[Fault], *, spool: str = "durable", dialogues: bool = False):
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

    def counting(station: Station, *arguments, **times) -> None:
        taken[station.host.name] += 1
        receive(station, *arguments, **times)

    with patch.object(Station, "receive", counting):
        return world.run(), taken


def events() -> dict[float, str]:
    """What is heard when in a run without faults, in order: a connection begins, a flight arrives, it is over."""
    facts, _ = simulate((), dialogues=True)
    found = {copy.ended_s: "c has it on disk" for copy in facts.copies}
    found |= {attempt.started_s: f"{attempt.from_host} connects to {attempt.to_host}" for attempt in facts.attempts}
    names = {attempt.session_id: (attempt.from_host, attempt.to_host) for attempt in facts.attempts}
    flights = groupby(facts.dialogues, lambda line: (line.time_s, line.session_id, line.direction))
    for (time, session, direction), lines in flights:
        reader = names[session][direction == ">"]
        found[time] = f"{reader} reads {_words([line.line for line in lines])}"
    return dict(sorted(found.items()))


def _words(lines: Sequence[str]) -> str:
    """A flight in short: its verbs, or its codes; the mail data as what it is."""
    if "." in lines:
        return "the mail data"
    if lines[0][:3].isdigit():
        codes = [line[:3] for line in lines if line[3:4] != "-"]
        return "the " + " ".join(codes)
    return " ".join(line.split()[0] for line in lines)


def moments() -> list[float]:
    """The middle of each flight of a run without faults, and of each wait for the disk."""
    return [(before + after) / 2 for before, after in pairwise(events())]


def every_fault() -> list[Fault]:
    """Each host and each line, at each moment."""
    return [Fault(what, at) for what in THINGS for at in moments()]


def every_pair() -> list[tuple[Fault, Fault]]:
    """All pairs but those of one thing, whose second fault would begin while the first one lasts."""
    return [(one, other) for one, other in combinations(every_fault(), 2) if one.what != other.what]


def outcome(faults: Sequence[Fault], spool: str = "durable") -> Outcome:
    """What comes of the message."""
    facts, taken = simulate(faults, spool=spool)
    [copy] = [copy for copy in facts.copies if copy.recipient == "u1@c.example"]
    heard = sum(attempt.outcome == "accepted" for attempt in facts.attempts)
    return Outcome(copy.outcome, copy.duplicates, taken.total() - heard)


def singles(spool: str = "durable") -> dict[Fault, Outcome]:
    """What comes of each single fault."""
    return {fault: outcome((fault,), spool) for fault in every_fault()}


def table(durable: dict[Fault, Outcome], volatile: dict[Fault, Outcome]) -> Iterator[str]:
    """The cases in Markdown: how often the message arrives, by moment and by what goes down."""
    yield f"| after | {' | '.join(THINGS)} |"
    yield "|---" * (len(THINGS) + 1) + "|"
    for at, heard in zip(moments(), events().values(), strict=False):
        cells = [_cell(durable[Fault(what, at)], volatile[Fault(what, at)]) for what in THINGS]
        yield f"| {heard} | {' | '.join(cells)} |"


def _cell(durable: Outcome, volatile: Outcome) -> str:
    said = [str(one.duplicates + 1) if one.ended == "delivered" else one.ended for one in (durable, volatile)]
    return said[0] if said[0] == said[1] else ", ".join(said)


def summary(seen: Counter[int]) -> str:
    """What came of all pairs with durable spools, in a sentence."""
    one, two, three = (f"{seen[unheard]:,}" for unheard in range(3))
    return f"Of {seen.total():,} pairs of faults, {one} end in one delivery, {two} in two and {three} in three."


def main(readme: Path) -> None:
    """Write the table anew."""
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    pairs = Counter(outcome(pair).unheard for pair in every_pair())
    lines = [BEGIN, *table(singles(), singles("volatile")), "", summary(pairs), END]
    readme.write_text(before + "\n".join(lines) + after, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Every fault at every moment, and every cut between two replies: two walks, and their tables for tests/FAULTS.md.

python tests/world/every_fault.py tests/FAULTS.md
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, groupby, pairwise
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from worlds import message, scenario

from sim.network.tcp.path import HEADERS
from sim.scenario.spec import DAY, Interval, Scenario, Weather
from sim.scenario.spec.sources import MessageAt
from sim.world.host.server import Server
from sim.world.simulation import Simulation

CRASH = 50.0
"""How long a host is down, in s: less than any timer of its peers."""

CUT = 1500.0
"""How long a line is down, in s: more than any timer but those of the queue."""

COMMIT = 0.005
"""What a host needs to put a message on disk, in s: there is a moment between the final dot and the 250."""

THINGS = ("a", "b", "c", "a-b", "b-c")
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
CUTS_BEGIN, CUTS_END = "<!-- cuts: begin -->", "<!-- cuts: end -->"


class Fault(NamedTuple):
    """What goes down (a host, or a line), and when."""

    what: str
    at: float


class Outcome(NamedTuple):
    """How the message ended, how often too much it arrived, and how many 250s its clients have not heard."""

    ended: str
    duplicates: int
    unheard: int


def weather_of(faults: Sequence[Fault]) -> dict[str, Weather]:
    """When each thing is down."""
    down: dict[str, list[Interval]] = {}
    for what, at in faults:
        stretch = Interval(start=at, end=at + (CUT if "-" in what else CRASH))
        down.setdefault(what, []).append(stretch)
    return {what: Weather(down=tuple(times)) for what, times in down.items()}


def simulate(faults: Sequence[Fault], *, spool: str = "durable", dialogues: bool = False):
    """The facts of a run with these faults, and how often a host took custody of mail from another."""
    weather = weather_of(faults)
    hosts = {host: {"commit_time": COMMIT, "spool": spool} for host in "abc"}
    for host in "abc":
        hosts[host]["weather"] = weather.pop(host, Weather())
    spec = scenario(
        "a-b b-c", message(1.0, "u1@a", "u1@c"), transfer="store-and-forward", routing="static", hosts=hosts,
        weather=weather, dialogues=dialogues, drain=2 * DAY,
    )  # fmt: skip
    return counted(spec)


def counted(spec: Scenario):
    """The facts of a scenario with one architecture, and how often each host took custody of mail from another."""
    [architecture] = spec.architectures.values()
    world = Simulation(spec, architecture, 0, 1)
    taken = Counter()
    receive = Server.receive

    def counting(server: Server, *arguments, **times) -> None:
        taken[server.host.name] += 1
        receive(server, *arguments, **times)

    with patch.object(Server, "receive", counting):
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


PIECE = 14
"""Octets of a segment in the walk of cuts: as many as the shortest reply has, so that each is there for itself."""

SLOW = 1e5
"""The rate of the line there, in bit/s: a segment takes 6 ms, and the line has no other delay."""

CUTS = ("a", "b", "a-b")
WITH_NOBODY = (message(1.0, "u1@a", "u1@b", "nobody@b", "u2@b"),)
THREE = tuple(message(1.0, "u1@a", "u1@b", "u2@b") for _ in range(3))
"""Messages that follow each other in one session where that is kept."""


class Cut(NamedTuple):
    """A moment between two replies of one flight: `heard` are the codes that the client has by then."""

    at: float
    heard: str


class Fate(NamedTuple):
    """What became of a message for two users and nobody: how often it came too often, and how it should have."""

    taken: tuple[tuple[str, int], ...]
    refused: tuple[str, int]
    reports: int
    unheard: int


def parted(
    faults: Sequence[Fault], *, dialogues: bool = False, mail: Sequence[MessageAt] = WITH_NOBODY, **sender: object
):
    """As `simulate`: a message for two users and one who does not exist, over a line that parts replies.

    `mail` is other mail, `sender` how the sender's host is.
    """
    weather = weather_of(faults)
    hosts = {host: {"weather": weather.pop(host, Weather())} for host in "ab"}
    hosts["a"] |= sender
    spec = scenario(
        "a-b", *mail, routing="static", hosts=hosts, weather=weather,
        rate=SLOW, delay=0.0, dialogues=dialogues, drain=2 * DAY,
    )  # fmt: skip
    [link] = spec.network.links
    return counted(replace(spec, network=replace(spec.network, links=(replace(link, mtu=PIECE + HEADERS),))))


def cuts(faults: Sequence[Fault] = (), **how: object) -> list[Cut]:
    """Every moment between two replies of one flight in a run with these faults, after the last of them."""
    facts, _ = parted(faults, dialogues=True, **how)
    flights = groupby(facts.dialogues, lambda line: (line.time_s, line.session_id, line.direction))
    found = {}
    for (time, _, direction), lines in flights:
        said = [line.line for line in lines] if direction == "<" else []
        segments = -(-sum(len(line) + 2 for line in said) // PIECE)
        octets, heard = 0, []
        for line in said[:-1]:
            octets += len(line) + 2
            if line[3:4] == "-":
                continue
            heard.append(line[:3])
            if behind := segments + -octets // PIECE:
                at = time - (behind - 0.5) * 8 * (PIECE + HEADERS) / SLOW
                found[at] = Cut(at, " ".join(heard))
    return [cut for at, cut in sorted(found.items()) if all(at > fault.at for fault in faults)]


def fate(faults: Sequence[Fault]) -> Fate:
    """What comes of the message."""
    facts, taken = parted(faults)
    ends = {copy.recipient: copy for copy in facts.copies if copy.message_id == 1}
    nobody = ends.pop("nobody@b.example")
    heard = sum(attempt.reply_code == 250 and attempt.message_id == 1 for attempt in facts.attempts)
    return Fate(
        tuple((copy.outcome, copy.duplicates) for copy in ends.values()),
        (nobody.outcome, nobody.duplicates),
        sum(copy.outcome == "delivered" for copy in facts.copies if copy.message_id > 1),
        taken["b"] - heard,
    )


def single_cuts() -> dict[tuple[str, Cut], Fate]:
    """What comes of each fault between two replies."""
    return {(what, cut): fate([Fault(what, cut.at)]) for cut in cuts() for what in CUTS}


def paired_cuts() -> Iterator[tuple[tuple[Fault, Fault], Fate]]:
    """A second fault between two replies of what follows each of these, be it of the same thing."""
    for first in [Fault(what, cut.at) for cut in cuts() for what in CUTS]:
        for cut in cuts([first]):
            for what in CUTS:
                down = CUT if "-" in what else CRASH
                if what != first.what or cut.at > first.at + down:
                    pair = first, Fault(what, cut.at)
                    yield pair, fate(pair)


def cut_table(found: Mapping[tuple[str, Cut], Fate]) -> Iterator[str]:
    """The single cuts in Markdown: how often the message arrives, by what the client has heard and what goes down."""
    yield f"| a has heard | {' | '.join(CUTS)} |"
    yield "|---" * (len(CUTS) + 1) + "|"
    for cut in dict.fromkeys(cut for _, cut in found):
        cells = [str(found[what, cut].taken[0][1] + 1) for what in CUTS]
        yield f"| {cut.heard} | {' | '.join(cells)} |"


def main(readme: Path) -> None:
    """Write the table anew."""
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    pairs = Counter(outcome(pair).unheard for pair in every_pair())
    lines = [BEGIN, *table(singles(), singles("volatile")), "", summary(pairs), END]
    text = before + "\n".join(lines) + after
    before, rest = text.split(CUTS_BEGIN)
    after = rest.split(CUTS_END)[1]
    lines = [CUTS_BEGIN, *cut_table(single_cuts()), CUTS_END]
    readme.write_text(before + "\n".join(lines) + after, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

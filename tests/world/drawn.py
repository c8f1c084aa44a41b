"""Scenarios drawn from the form itself: whatever key it has is drawn, and what does not fit the rest is left out.

A drawn scenario is small. It is made in three steps: parts are drawn from the JSON schema of the form; a network and
mail are put in, so that there is something to run; then what the loader refuses is taken out, place by place, until it
loads. So a new key needs nobody who thinks of it, and what is left is a scenario that `check` accepts. Where the form
wants a file, each of a few in the folder `files` may stand.

Run as a program, it draws so many scenarios, runs each, and prints those that break a rule, made smaller:
`python tests/world/drawn.py 2000`, or `python tests/world/drawn.py 1 17` for number 17 alone.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from sim.results.store import Result
from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.resolve.transfers import APPOINTED
from sim.scenario.schema import schema
from sim.scenario.show import show
from sim.study.comparison import run

FOLDER = Path(__file__).with_name("files")
"""Where the files are that scenarios name: graphs, a trace of outages, one of mail, messages."""

FILES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.iterdir())
GRAPHS = [name for name in FILES if name.endswith(("gml", "graphml", "gexf", "net", "gz"))]
NODES = ["a", "b", "c", "d"]
DOMAINS = [f"{node}.example" for node in NODES]
USERS = ["u1", "u2"]
PEOPLE = [f"{user}@{domain}" for user in (*USERS, "all", "nobody") for domain in (*DOMAINS, "elsewhere.example")]
WORK = 20.0
"""How much of a processor, s, a run of such a small scenario may take: far more than any that ends."""

ROUNDING = 1e-6
"""What sums of times may be off, s."""

LONG = ["2 s", "30 s", "90 s", "5 min", "20 min", "1 h", "3 h"]
SHORT = [0, "1 us", "1 ms", "10 ms", "300 ms", "2 s", "30 s"]
QUANTITIES = {
    "s": [0, *LONG],
    "/s": ["1 /h", "20 /h", "1 /min"],
    "%": [0, "0.1 %", "3 %", "30 %", "100 %", 0.5],
    "B": [0, "1 B", "100 B", "576 B", "1500 B", "2 kB", "30 kB", "500 kB", "8 MB", "9000 B"],
    "bit/s": ["300 bit/s", "2400 bit/s", "56 kbit/s", "2 Mbit/s", "100 Mbit/s", "10 Gbit/s"],
}
"""Quantities of each kind, by the base unit."""

BRIEF = ("delay", "service_time", "commit_time", "turnaround", "lookup", "convergence", "setup", "min_rto", "hold_for")
"""Keys whose durations may be a moment; as a pause between tries one would be nothing but work."""

SCRIPTS = [
    "keep;",
    "discard;",
    'require "fileinto"; if header :contains "subject" "1" { fileinto "Projects"; stop; }',
    'redirect "u2@b.example";',
    'require "copy"; redirect :copy "nobody@elsewhere.example"; keep;',
    'require "reject"; if size :over 2K { reject "too big"; }',
    'require "vacation"; vacation :days 1 "away";',
    'require ["fileinto", "envelope"]; if envelope "from" "u1@a.example" { fileinto "A/B"; fileinto "A"; }',
]

WORDS = {
    "between": NODES,
    "members": [*NODES, "a-b", "b-c"],
    "sides": NODES,
    "mx": [*NODES, "nowhere.example.", "removed"],
    "a": NODES,
    "mailboxes": NODES,
    "routes": [*NODES, *NODES, *DOMAINS, "*"],
    "hosts": ["defaults", *NODES],
    "domains": DOMAINS,
    "cname": DOMAINS,
    "domain": DOMAINS,
    "users": [*USERS, "all"],
    "lists": ["all", "some"],
    "forwards": [*USERS, "on"],
    "moved": [*USERS, "gone"],
    "accounts": NODES,
    "name": NODES,
    "host": [*NODES, "all"],
    "of": DOMAINS,
    "password": ["secret"],
    "ip": ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"],
    "to": PEOPLE,
    "from": [*PEOPLE, *NODES],
    "architectures": ["x", "y"],
    "broker": NODES,
    "expect": ["x.delivery_prob >= 0", "x.latency_avg <= y.latency_avg"],
    "start": ["2000-01-03 00:00 UTC", "2024-03-31 00:30 Europe/Paris", "1985-06-01"],
    "text": ["", "Hello.", ".\r\n..\r\n", "K\u00e4se"],
    "groups": ["g"],
    "devices": ["phone", "desk"],
    "at": NODES,
    "via": NODES,
    "files": ["INBOX", "Projects", "Archive/2026"],
    "sieve": SCRIPTS,
}
"""Names and texts by the key that they stand at, or below."""

TEXTS = [*NODES, *DOMAINS, *PEOPLE, "1/concurrency", "0.5", "1m,5m*2", "F,1h,5m; G,1d,10m,2", "bounce, 2bounce, delay"]
"""What stands where text does, at a key that nobody has said anything about."""

WINDOWS = ["hourly 05-20", "daily 00:10-00:40", "every 20 min for 5 min", "weekends", "hourly for 10 min"]

Tree = Any
"""A scenario, or a part of one, in plain data."""


class Drawer:
    """Draws parts of a scenario from the schema of their form."""

    def __init__(self, random: Random, forms: dict[str, Tree]) -> None:
        self._random = random
        self._forms = forms

    def draw(self, form: Tree, key: str) -> Tree:
        """Something that the form allows; `key` is what it stands at."""
        if "$ref" in form:
            return self.draw(self._forms[form["$ref"].rpartition("/")[2]], key)
        if "anyOf" in form:
            return self.draw(self._random.choice([kind for kind in form["anyOf"] if kind != {"type": "null"}]), key)
        for fixed in ("const", "enum"):
            if fixed in form:
                return self._random.choice(form[fixed]) if fixed == "enum" else form[fixed]
        kinds = form.get("type", "string")
        kind = kinds if isinstance(kinds, str) else kinds[0]
        return getattr(self, f"_{kind}")(form, key)

    def _object(self, form: Tree, key: str) -> Tree:
        own, others = form.get("properties", {}), form.get("additionalProperties")
        if "patternProperties" in form:
            (others,) = form["patternProperties"].values()
            return {self._random.choice([0, 10, 20]): self.draw(others, key) for _ in range(self._random.randint(1, 2))}
        if isinstance(others, dict):
            names = [self._random.choice(WORDS.get(key, TEXTS)) for _ in range(self._random.randint(1, 2))]
            return {name: self.draw(others, key) for name in names}
        needed = list(form.get("required", ()))
        if form.get("maxProperties") == 1:
            needed = [self._random.choice(list(own))]
        else:
            free = [name for name in own if name not in needed]
            needed += self._random.sample(free, min(len(free), self._random.randint(0, 5)))
        return {name: self.draw(own[name], name) for name in needed}

    def _array(self, form: Tree, key: str) -> Tree:
        least = form.get("minItems", 0)
        most = min(form.get("maxItems", least + 2), least + 2)
        items = [self.draw(form["items"], key) for _ in range(self._random.randint(least, most))]
        return [item for number, item in enumerate(items) if item not in items[:number]]

    def _string(self, form: Tree, key: str) -> Tree:
        units = re.search(r"\\s\*\((.*?)\)\??\\s\*\$$", form.get("pattern", ""))
        base = units[1].split("|")[0] if units else ""
        if base == "s" and key in BRIEF:
            return self._random.choice(SHORT)
        if base in QUANTITIES:
            return self._random.choice(QUANTITIES[base])
        if "daily" in form.get("pattern", ""):
            return self._random.choice(WINDOWS)
        if form.get("format") == "path":
            return self._random.choice(FILES)
        return self._random.choice([*form.get("examples", ()), *WORDS.get(key, TEXTS)])

    def _integer(self, form: Tree, _: str) -> int:
        least = form.get("minimum", 0)
        return self._random.randint(least, min(form.get("maximum", least + 9), least + 9))

    def _number(self, form: Tree, _: str) -> float:
        least = form.get("minimum", 0)
        return round(self._random.uniform(least, min(form.get("maximum", 4), least + 4)), 3)

    def _boolean(self, _: Tree, __: str) -> bool:
        return self._random.random() < 0.5


@cache
def form() -> tuple[dict[str, Tree], dict[str, Tree]]:
    """The forms by name, and that of the whole scenario by key."""
    whole = schema()
    return whole["$defs"], whole["properties"]


@cache
def text(number: int) -> str:
    """The scenario of this number, as YAML that loads."""
    random = Random(number)
    while True:
        # What a limit refuses may be all that the network is made of.
        with suppress(ScenarioError):
            return mended(_whole(random) | {"seed": number})


def _whole(random: Random) -> Tree:
    """A scenario as it is drawn."""
    forms, top = form()
    drawer = Drawer(random, forms)
    network = _network(random, drawer, forms)
    tree = {name: drawer.draw(its_form, name) for name, its_form in top.items() if random.random() < 0.5}
    tree["architectures"] = drawer.draw(top["architectures"], "architectures")
    bare = loads(mended({"network": network}), FOLDER)
    nodes, homes = list(bare.network.nodes), list(bare.domains)
    for architecture in tree["architectures"].values():
        if architecture["transfer"] in APPOINTED:
            architecture["via"] = random.choice(nodes)
    kind = {**forms["HostSettings"], "required": ["mta"]}
    tree["hosts"] = {name: drawer.draw(kind, name) for name in ("defaults", *random.sample(nodes, min(len(nodes), 2)))}
    if "domains" in tree:
        tree["domains"] = {
            home: {"mx": node, **drawer.draw(forms["DomainSettings"], "")}
            for home, node in zip(homes, nodes, strict=True)
        }
        for home in random.sample(homes, min(len(homes), random.randint(0, 2))):
            tree["domains"][home]["user_defaults"] = drawer.draw(forms["UserSettings"], "")
    known = [f"{user}@{home}" for user in USERS for home in homes]
    mail = [drawer.draw(forms["MessageAt"], "messages_at") for _ in range(random.randint(2, 8))]
    for message in mail[random.randint(0, 2) :]:
        at = random.choice([0, "30 s", "301 s", "15 min"])
        message |= {
            "at": at,
            "from": random.choice(known),
            "to": random.sample(known, min(random.randint(1, 3), len(known))),
        }
    more = [drawer.draw(forms["WorkloadForm"], "workload") for _ in range(random.randint(0, 2))]
    return tree | {
        "network": network,
        "workload": [{"messages_at": mail}, *more],
        "replications": random.randint(1, 2),
        "duration": random.choice(["20 min", "1 h", "3 h"]),
        "drain": random.choice(["10 min", "3 h", "1 d"]),
    }


def _network(random: Random, drawer: Drawer, forms: dict[str, Tree]) -> Tree:
    """Nodes and links of our own, which most have; or a graph, or one made by rule."""
    network = drawer.draw(forms["NetworkForm"], "network") | {"link_defaults": drawer.draw(forms["LinkSettings"], "")}
    for shape in ("graph", "generate", "nodes"):
        network.pop(shape, None)
    links = [drawer.draw(forms["LinkForm"], "links") for _ in range(3)]
    shape = random.choice(["nodes", "nodes", "nodes", "graph", "generate"])
    if shape == "graph":
        kind = forms["GraphForm"]
        file = {"file": random.choice(GRAPHS)}
        return network | _fitting(lambda: {"graph": drawer.draw(kind, "graph") | file}) | {"links": links}
    if shape == "generate":
        rules = kinds(forms["NetworkForm"]["properties"]["generate"])
        return network | _fitting(
            lambda: {"generate": {(rule := random.choice([*rules])): drawer.draw(rules[rule], rule)}}
        )
    # A node has both coordinates or none.
    places = {**forms["Node"], "required": ["lat", "lon"]}
    nodes = {
        name: drawer.draw(places, name) if random.random() < 0.3 else {}
        for name in NODES[: random.randint(2, len(NODES))]
    }
    pairs = [{"between": list(pair)} for pair in pairwise(nodes)]
    return network | {"nodes": nodes, "links": [link | pair for link, pair in zip(links, pairs, strict=False)]}


def kinds(form: Tree) -> dict[str, Tree]:
    """The kinds of which a form asks for one, each with its own form."""
    found = (kinds(one) for one in form.get("anyOf", ()))
    return form["properties"] if "properties" in form else next(filter(None, found), {})


def _fitting(drawn: Callable[[], Tree]) -> Tree:
    """A network of which something is left when what the loader refuses is taken out, of no more than `_MOST_NODES`.

    Each mistake of a scenario is found by loading it once more, which takes seconds where there are 10,000 hosts.
    """
    while True:
        with suppress(ScenarioError):
            found = mended({"network": drawn()})
            if len(loads(found, FOLDER).network.nodes) <= _MOST_NODES:
                return json.loads(found)["network"]


_MOST_NODES = 1000


def mended(tree: Tree) -> str:
    """The scenario without what the loader refuses, as YAML.

    Raises:
        ScenarioError: what is refused is what is missing.
    """
    while True:
        written = json.dumps(tree, indent=1)
        try:
            loads(written, FOLDER)
        except ScenarioError as error:
            lines = {problem.line for problem in error.problems}
            refused = [path for path, line in numbered(tree) if line in lines]
            if not refused:
                raise
            # The innermost of those that stand on the line: nothing else of it is refused.
            tree = without(tree, {refused[-1]} if len(lines) == 1 else deepest(refused))
        else:
            return written


def deepest(refused: list[tuple]) -> set[tuple]:
    """The paths that no other of them goes on from."""
    return {path for path in refused if not any(other != path and other[: len(path)] == path for other in refused)}


def numbered(tree: Tree, above: tuple = (), line: int = 1) -> Generator[tuple[tuple, int], None, int]:
    """The paths of all parts, the outer ones first, and the line of each as `mended` writes them; gives the last one."""
    for step, part in tree.items() if isinstance(tree, dict) else enumerate(tree):
        line += 1
        yield (*above, step), line
        if part and isinstance(part, dict | list):
            line = yield from numbered(part, (*above, step), line)
    return line + 1


def paths(tree: Tree, above: tuple = ()) -> Iterator[tuple]:
    """The paths of all parts, the outer ones first."""
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, part in steps:
        yield (*above, step)
        yield from paths(part, (*above, step))


def without(tree: Tree, gone: set[tuple], above: tuple = ()) -> Tree:
    """The tree without the parts at these paths."""
    if isinstance(tree, dict):
        return {k: without(v, gone, (*above, k)) for k, v in tree.items() if (*above, k) not in gone}
    if isinstance(tree, list):
        return [without(v, gone, (*above, i)) for i, v in enumerate(tree) if (*above, i) not in gone]
    return tree


def faults(written: str, jobs: int = 1) -> list[str]:
    """What is wrong with a run of this scenario; nothing, as it should be."""
    scenario = loads(written, FOLDER)
    signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, WORK)
    try:
        result = run(scenario)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        again = run(scenario, jobs=jobs)
    except Exception as error:  # noqa: BLE001 - whatever it is, no scenario may bring it about
        where = traceback.extract_tb(error.__traceback__)[-1]
        return [f"{type(error).__name__} in {where.name}, line {where.lineno}: {error}"]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    found = [rule for rule, broken in _broken(result).items() if broken]
    found += ["what is shown loads back"] * (loads(show(scenario), scenario.folder) != scenario)
    return found + ["the same rows again"] * (result.manifest["fingerprint"] != again.manifest["fingerprint"])


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {WORK:g} s of work")


def _broken(result: Result) -> dict[str, bool]:
    """The rules that every result keeps, and whether this one breaks them."""
    copies, attempts = result.copies, result.attempts
    parts = copies[["queue_s", "retry_s", "contact_s", "transfer_s", "service_s"]]
    sessions = attempts[attempts["session_id"] > 0]
    # TURN and ATRN bring mail the other way through the session that asked for it.
    ends = [frozenset(pair) for pair in zip(sessions["from_host"], sessions["to_host"], strict=True)]
    sessions = sessions.assign(ends=["-".join(sorted(pair)) for pair in ends])
    far = sessions.groupby(["architecture", "replication", "session_id"], observed=True)["ends"].nunique()
    tables = [result.messages, copies, attempts, result.queues]
    # What is delivered without having been relayed makes the overhead negative, as its meaning says.
    measures = result.measures.select_dtypes("number").drop(columns="overhead_ratio", errors="ignore")
    return {
        "a session has two ends": bool((far > 1).any()),
        "the parts of a delay add up to it": bool(
            ((parts.sum(axis=1) - (copies["ended_s"] - copies["created_s"])).abs() > ROUNDING).any()
        ),
        "nothing is negative": any((table.select_dtypes("number") < -ROUNDING).any(axis=None) for table in tables),
        "no measure is negative": bool((measures < -ROUNDING).any(axis=None)),
        "nothing ends before it begins": bool((attempts["ended_s"] < attempts["started_s"]).any()),
    }


def smaller(written: str, jobs: int = 1) -> str:
    """The scenario with as little in it as breaks the same rule."""
    wanted = _kind(faults(written, jobs))
    tree = json.loads(written)
    begun = True
    while begun:
        begun = False
        for path in list(paths(tree)):
            less = without(tree, {path})
            shorter = json.dumps(less, indent=1)
            if less != tree and _loads(shorter) and _kind(faults(shorter, jobs)) == wanted:
                tree, begun = less, True
                break
    return json.dumps(tree)


def _kind(found: list[str]) -> str:
    return re.sub(r"[\d.e-]+", "", found[0]) if found else ""


def _loads(written: str) -> bool:
    try:
        loads(written, FOLDER)
    except ScenarioError:
        return False
    return True


def tried(number: int) -> tuple[int, str, list[str]]:
    """Run the scenario of this number: its YAML, and what is wrong with it."""
    written = text(number)
    return number, written, faults(written, jobs=2 if number % 50 == 0 else 1)


def main(count: int, first: int = 0) -> int:
    """Draw and run so many scenarios, and print what breaks a rule; how many do."""
    bad = 0
    with ProcessPoolExecutor(2) as pool:
        for number, written, found in pool.map(tried, range(first, first + count)):
            if found:
                bad += 1
                print(f"scenario {number}: {'; '.join(found)}\n{json.dumps(json.loads(written))}\n", flush=True)
    print(f"{count} scenarios, {bad} of them break a rule")
    return bad


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)

"""What is tried: files that a command reads, mutated, and the commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from random import Random

from mangle import NAMES, NUMBERS, encoded, mangled_octets, mangled_text, packed
from trees import Tree, document, mangled_tree

from sim.scenario.errors import ScenarioError
from sim.scenario.schema import schema
from sim.scenario.source import read

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "world"))

import drawn

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"

DRAWN = 100_000
"""The first of the numbers whose drawn scenarios are mutated: others are run as they are elsewhere."""

NET = "network: {nodes: [a, b, c], links: [{between: [a, b]}, {between: [b, c]}]}\n"
MAIL = "workload: {messages_at: [{at: 0 s, from: u1@a.example, to: u1@c.example}]}\n"
SHORT = "duration: 1 h\ndrain: 1 h\n"


_SMALL = {"duration": "1 h", "limits": {"nodes": 100, "links": 300}}
"""What keeps a scenario that is loaded again and again from being a big one."""


@dataclass(frozen=True)
class Case:
    """Files by name, the scenario among them (empty: there is none), and commands that are to end in order."""

    files: Mapping[str, bytes]
    scenario: str = ""
    commands: tuple[tuple[str, ...], ...] = ()


@cache
def keys() -> list[str]:
    """The keys of all forms."""
    return sorted(set(_keys(schema()["$defs"])))


def _keys(form: object) -> Iterator[str]:
    """The keys of a form and of all that is in it."""
    parts = form if isinstance(form, list) else form.values() if isinstance(form, dict) else ()
    for part in parts:
        yield from _keys(part)
    if isinstance(form, dict) and isinstance(form.get("properties"), dict):
        yield from form["properties"]


@cache
def shipped() -> dict[str, str]:
    """The scenarios that come with the program, by folder."""
    return {file.parent.name: file.read_text(encoding="utf-8") for file in sorted(SCENARIOS.glob("*/scenario.yaml"))}


@cache
def beside() -> dict[str, bytes]:
    """The files that the shipped and the drawn scenarios name, each by its name from its scenario's folder."""
    folders = [drawn.FOLDER, *sorted(file.parent for file in SCENARIOS.glob("*/scenario.yaml"))]
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix not in {".md", ".yaml"}
    }


def _tree(random: Random) -> Tree:
    """A shipped scenario, or a drawn one."""
    if random.random() < 0.5:
        return json.loads(drawn.text(DRAWN + random.randrange(10_000)))
    return read(random.choice(list(shipped().values())), "s").data


def scenario(random: Random) -> Case:
    """A scenario whose tree is mutated; of every second one the loader takes what is left of it."""
    tree, other = _tree(random), _tree(random)
    tree = mangled_tree(random, tree, keys(), other)
    text = document(tree)
    if random.random() < 0.5:
        for _ in range(4):
            tree = mangled_tree(random, tree, keys(), other)
        # A scenario of which nothing is left stays as it was.
        with suppress(ScenarioError, TypeError, ValueError):
            text = drawn.mended(read(document(tree), "s").data | _SMALL)
    return Case({**beside(), "s.yaml": text.encode("utf-8", "surrogatepass")}, "s.yaml")


def text(random: Random) -> Case:
    """A scenario whose text or octets are mutated."""
    written = random.choice([*shipped().values(), document(_tree(random))])
    words = [
        *keys(),
        "&x",
        "*x",
        "<<:",
        "!!str",
        "|",
        ">",
        "- ",
        "  ",
        "---",
        "...",
        "%YAML 1.1",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "\t",
        "null",
    ]
    octets = encoded(random, mangled_text(random, written, words, list(shipped().values())))
    if random.random() < 0.1:
        octets = mangled_octets(random, octets)
    return Case({**beside(), "s.yaml": octets}, "s.yaml")


def _file(random: Random, name: str, octets: bytes, words: list[str], others: list[bytes]) -> tuple[str, bytes]:
    """A mutated file, with its name: text, octets, or folded by gzip."""
    if random.random() < 0.85:
        texts = [other.decode("utf-8", "replace") for other in others]
        octets = encoded(random, mangled_text(random, octets.decode("utf-8", "replace"), words, texts))
    else:
        octets = mangled_octets(random, octets)
    if random.random() < 0.2:
        return random.choice([name, f"{name}.gz"]), packed(random, octets)
    return name, octets


def _named(*endings: str) -> dict[str, bytes]:
    return {name: octets for name, octets in beside().items() if name.endswith(endings)}


def trace(random: Random) -> Case:
    """A trace of mail."""
    known = _named("trace.txt", "mail.txt", "strangers.txt") | {
        "own.txt": b"u1@a.example u1@c.example 0\nu2@a.example all@b.example 60.5\n"
    }
    words = [
        "u1@a.example",
        "U1@B.example",
        "nobody@a.example",
        "all@b.example",
        "a.example",
        "#",
        "\t",
        '"u 1"@a.example',
        "<>",
        "1",
        "2",
    ]
    name, octets = _file(random, "t.txt", random.choice(list(known.values())), words, list(known.values()))
    deal = random.choice(["", ", deal: yes", ", deal: yes", ", deal: yes, start: 1 h", ", start: -1 s", ", size: 1 B"])
    return _about(random, {name: octets}, f"workload: {{trace: {{file: {name}{deal}}}}}\n")


def skies(random: Random) -> Case:
    """A trace of outages or contacts."""
    known = _named("outages.csv", "contacts.csv", "contacts.txt")
    words = ["a", "b", "c", "n1", "from", "to", "start", "end", "rate", "link", "down", "up", "CONN", "MSG", "1 h", "90 min", "2000-01-03 00:10", "2000-01-03T00:10:00Z", "1 Mbit/s", ",", '"', "a-b", "#"]  # fmt: skip
    name, octets = _file(random, "w.csv", random.choice(list(known.values())), words, list(known.values()))
    nodes = random.choice(
        ["nodes: [a, b, c], links: [{between: [a, b]}, {between: [b, c]}], ", "nodes: [a, b, c], ", ""]
    )
    mail = "workload: {poisson: {rate: 6 /h}}\n"
    return Case({name: octets, "s.yaml": f"{SHORT}network: {{{nodes}trace: {name}}}\n{mail}".encode()}, "s.yaml")


def mailbox(random: Random) -> Case:
    """A mailbox, or a folder of messages."""
    known = _named(".mbox", ".eml") | {"own": _MBOX}
    words = ["From ", ">From ", ">>From ", "From x Mon Jan  3 00:00:00 2000", "Content-Length: 5", "Content-Length: 99999999999", "Content-Type: text/plain; charset=x", "Subject:", "\r", "\0", ".", "..", "--", ":", "\n\n"]  # fmt: skip
    name, octets = _file(
        random,
        random.choice(["m.mbox", "m.eml", "m/1.eml", "m"]),
        random.choice(list(known.values())),
        words,
        list(known.values()),
    )
    files = {name: octets}
    if name.startswith("m/"):
        files["m/2.eml"] = known["letters/long.eml"]
    path = "m" if name.startswith("m/") else name
    how = random.choice(["", ", rate: 6 /h", ", pairs: uniform"])
    return _about(random, files, f"workload: {{messages: {{path: {path}{how}}}}}\n")


_MBOX = b"""From a Mon Jan  3 00:00:00 2000
From: A <a@a.example>
Subject: =?utf-8?q?K=C3=A4se?=
Content-Length: 20

>From here
From there
.

From MAILER-DAEMON Tue Jan  4 00:00:00 2000
Subject: two
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="x"

--x
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

\xc3\xa4\xc3\xb6
--x--
"""


def graph(random: Random) -> Case:
    """A file of a graph."""
    known = _named(".gml", ".graphml", ".net") | _GRAPHS
    name = random.choice(list(known))
    ending = Path(name).suffix
    alike = [octets for other, octets in known.items() if other.endswith(ending)]
    words = ["node", "edge", "graph", "[", "]", "id", "source", "target", "label", '"x"', "key", "directed 1", "multigraph 1", "delay", "latency", "delay_ms", "rate", "bandwidth", "capacity", "loss", "packet_loss", "Latitude", "lon", "<", "/>", '<data key="d1">1</data>', "attr.type", "<!DOCTYPE x>", "&amp;", "&x;", "*Vertices", "*Arcs", "*Edges", "10 ms", "1 Mbit/s", "5 %", "Mbps"]  # fmt: skip
    name, octets = _file(random, f"g{ending}", known[name], words, alike)
    units = random.choice(["", "", ", units: {delay: ms, rate: Mbit/s, latency: ms, bandwidth: bit/s, loss: '%'}"])
    defaults = random.choice(["", ", link_defaults: {delay: from-coordinates}", ", link_defaults: {delay: 1 ms}"])
    mail = "workload: {poisson: {rate: 6 /h}}\n"
    return Case(
        {name: octets, "s.yaml": f"{SHORT}network: {{graph: {{file: {name}{units}}}{defaults}}}\n{mail}".encode()},
        "s.yaml",
    )


_GRAPHS = {
    "own.gml": b'graph [\n directed 1\n node [ id 0 label "a" Latitude 48.1 Longitude 11.5 ]\n node [ id 1 label "b" ]\n edge [ source 0 target 1 key 0 delay "10 ms" bandwidth "1 Mbit/s" ]\n edge [ source 1 target 0 packet_loss 0.1 ]\n]\n',
    "own.gexf": b'<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n<graph defaultedgetype="undirected">\n<attributes class="edge"><attribute id="0" title="delay" type="string"/></attributes>\n<nodes><node id="a" label="a"/><node id="b" label="b"/></nodes>\n<edges><edge id="0" source="a" target="b"><attvalues><attvalue for="0" value="10 ms"/></attvalues></edge></edges>\n</graph>\n</gexf>\n',
    "own.edges": b"a b\nb c\n",
}


def _about(random: Random, files: Mapping[str, bytes], workload: str) -> Case:
    domains = random.choice(["", "domains: {a.example: {mx: a, users: 3}, b.example: {mx: b, users: [u1], lists: {all: [u1@a.example]}}, c.example: {mx: c}}\n"])  # fmt: skip
    return Case({**files, "s.yaml": f"{SHORT}{NET}{domains}{workload}".encode()}, "s.yaml")


_SESSION = {
    "rtt": ["0", "1 ms", "3 s"],
    "rate": ["300 bit/s", "10 Gbit/s"],
    "loss": ["0", "30 %", "0.99"],
    "burst": ["3", "40 ms"],
    "size": ["1 B", "100 kB"],
    "client": ["exim", "qmail"],
    "server": ["smtp-sink"],
    "congestion": ["reno", "tahoe"],
    "tcp": ["bsd-1988", "rtt-only"],
    "queue": ["1 B", "30 kB"],
    "mtu": ["68", "65535"],
    "seed": ["0", "7"],
}
_SETTINGS = {
    "duration": ["1 min", "30 d"],
    "network.links.0.delay": ["3 ms", "from-coordinates"],
    "network.nodes": ["[a, b, c]", "{a: {lat: 1, lon: 2}}"],
    "hosts.a.mta": ["exim", "{postfix: {}}"],
    "hosts.a.sessions": ["3"],
    "workload": ["{poisson: {rate: 3 /h}}", "[]"],
    "seed": ["3"],
    "title": ["x"],
}


def options(random: Random) -> Case:
    """Values of options: of `session`, and settings that `--set` puts into a scenario."""
    about = random.choice([_SESSION, _SETTINGS])
    said = []
    for name in random.sample(list(about), random.randint(1, 3)):
        good = [*about[name], *about[name], random.choice([*about.values()])[0]]
        value = random.choice(
            [*good, *good, random.choice([*NAMES, *NUMBERS, "{a: 1}", "[1", "[]", "{}", "*x", "&x 1", "!!str 1"])]
        )
        said.append((name, value))
    if about is _SESSION:
        return Case({}, "", (("session", "--sessions", "2", *(f"--{name}={value}" for name, value in said)),))
    key = random.choice([said[0][0], said[0][0], *random.sample(keys(), 1), random.choice(NAMES)])
    settings = [("--set", f"{name}={value}") for name, value in [(key, said[0][1]), *said[1:]]]
    return Case({"s.yaml": f"{SHORT}{NET}{MAIL}".encode()}, "", (("check", "{}/s.yaml", *chain(*settings)),))


KINDS: Mapping[str, Callable[[Random], Case]] = {
    "scenario": scenario,
    "text": text,
    "trace": trace,
    "skies": skies,
    "mailbox": mailbox,
    "graph": graph,
    "options": options,
}

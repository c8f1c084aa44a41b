"""Graphs from files and from networkx's generators, as plans.

A UUCP map or a nodelist of FidoNet is a file of lines (`uucp_map`, `fidonet_nodelist`); of all others:
a node is called by its label, its name or its identifier, and has a place by latitude and longitude (Latitude, lat;
Longitude, lon, lng, long) in degrees. What is read of an edge is a measure's (`measures`). An edge without a rate has
what its ends send and receive at, where these say so (Shadow). What else a file has is said to be ignored.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from sim.scenario.distribution import Constant
from sim.scenario.inputs import read_input
from sim.scenario.names import shown, some, unique
from sim.scenario.resolve.fidonet_nodelist import is_nodelist, read_nodelist
from sim.scenario.resolve.graph_files import OWN_KEY, is_text, read_graph_file
from sim.scenario.resolve.plan import Edge, Plan
from sim.scenario.resolve.uucp_map import read_uucp_map
from sim.scenario.spec import Loss, Node
from sim.scenario.spec.directions import Both, alike
from sim.scenario.syntax.graph_measures import DELAY, DOWN, LOSS, RATE, UP, Found, Measure, Units, plain

_LABELS = ("label", "name", "id")
_NO_LABELS = {"", "None", "defaults"}
_LATITUDE = {"latitude", "lat"}
_LONGITUDE = {"longitude", "lon", "lng", "long"}
_SHARE = 'loss is taken for a share of 1; if it is one of 100, say `graph: {file: ..., units: {loss: "%"}}`'


def read_graph(folder: Path, name: str | nx.Graph[Any], units: Units, most: int, note: Callable[[str], None]) -> Plan:
    """The plan that a graph file of at most so many octets holds, or a graph of networkx.

    Args:
        folder: Where the file is found.
        name: Its name as the scenario gives it, or the graph.
        units: Of numbers without one, by attribute.
        most: The most octets.
        note: Takes what is no mistake but worth knowing.

    Raises:
        ValueError: no such file, no file of a known kind, no graph in it, or an attribute that cannot be read.
    """
    if isinstance(name, str) and is_text(name):
        return _read_text(folder, name, most, note)
    graph = read_graph_file(folder, name, most, note) if isinstance(name, str) else name
    try:
        return _Reader(graph, units, note).plan()
    except ValueError as error:
        raise ValueError(f"no graph can be read from this file ({shown(name)}): {error}") from None


def _read_text(folder: Path, name: str, most: int, note: Callable[[str], None]) -> Plan:
    """The plan of a file of lines: FidoNet's nodelist, or a UUCP map."""
    text = read_input(folder, name, most).decode("latin-1")
    return (read_nodelist if is_nodelist(text) else read_uucp_map)(text, Path(name).name, note)


class _Rates(NamedTuple):
    """What a node sends and receives at in bit/s, infinite where it does not say, and the attributes that do."""

    up: float
    down: float
    keys: tuple[str, ...]


class _Reader:
    """Makes a plan of a graph, and keeps in mind which of its attributes are read."""

    def __init__(self, graph: nx.Graph[Any], units: Units, note: Callable[[str], None]) -> None:
        self._graph = graph
        self._units = units
        self._note = note
        self._ignored: dict[str, None] = {}
        self._nowhere: dict[str, None] = {}
        self._bounding: dict[str, None] = {}
        self._faults: dict[str, list[str]] = {}

    def plan(self) -> Plan:
        """The plan.

        Raises:
            ValueError: an attribute cannot be read.
        """
        graph, note = self._graph, self._note
        labels = [_label(node, data) for node, data in graph.nodes(data=True)]
        names = dict(zip(graph, unique(labels), strict=True))
        nodes = {names[node]: self._node(names[node], data) for node, data in graph.nodes(data=True)}
        rates = {names[node]: self._rates(names[node], data) for node, data in graph.nodes(data=True)}
        edges = [
            self._edge((names[a], names[b]), data, rates[names[a]], rates[names[b]])
            for a, b, data in graph.edges(data=True)
            if a != b
        ]
        if self._faults:
            raise ValueError("; ".join(_first(faults) for faults in self._faults.values()))
        self._ignore(key for one in rates.values() for key in one.keys if key not in self._bounding)
        if graph.is_directed():
            arrows = Counter(edge.between for edge in edges)
            alone = [f"{a} -> {b}" for a, b in arrows if arrows[a, b] > arrows[b, a]]
            more = f"; an arrow without an opposite one counts both ways: {some(alone)}" if alone else ""
            note(f"the graph is directed: opposite arrows are one link with two directions{more}")
            edges = _joined(edges)
        repeated = [label for label, count in Counter(labels).items() if count > 1]
        loops = [names[node] for node in nx.nodes_with_selfloops(graph)]
        for names_of, text in (
            (repeated, "nodes with the same label are told apart by a number ({})"),
            (self._bounding, "links without a rate have what their ends send and receive at: {}"),
            (self._ignored, "attributes of the graph that are ignored: {}"),
            (self._nowhere, "nodes whose place is not in degrees, so that they have none: {}"),
            (loops, "a line from {} to itself is left out"),
        ):
            if names_of:
                note(text.format(some(names_of)))
        return Plan(nodes, edges)

    def _node(self, name: str, data: Mapping[str, object]) -> Node:
        place = []
        for among, most in ((_LATITUDE, 90), (_LONGITUDE, 180)):
            value = next((value for key, value in data.items() if plain(key) in among), None)
            place.append(_degrees(value, most))
            if value is not None and place[-1] is None:
                self._nowhere[name] = None
        lat, lon = place
        return Node() if lat is None or lon is None else Node(lat=lat, lon=lon)

    def _rates(self, name: str, data: Mapping[str, object]) -> _Rates:
        """What a node sends and receives at."""
        up, down = (self._find(f"of {name}", measure, data) for measure in (UP, DOWN))
        read = {*up.keys, *down.keys}
        self._ignore(key for key in data if key not in read and plain(key) not in {*_LABELS, *_LATITUDE, *_LONGITUDE})
        return _Rates(up.value or math.inf, down.value or math.inf, (*up.keys, *down.keys))

    def _edge(self, between: tuple[str, str], data: Mapping[str, object], here: _Rates, there: _Rates) -> Edge:
        where = f"between {between[0]} and {between[1]}"
        found = [self._find(where, measure, data) for measure in (RATE, DELAY, LOSS)]
        rate, delay, loss = (one.value for one in found)
        read = {key for one in found for key in one.keys}
        if loss is not None and loss >= 1:
            words = f"not a loss ({loss:g}): allowed is less than 1; shares of a hundred need a unit, as in 5 %"
            self._wrong(where, words)
        if loss and found[2].bare and plain(found[2].keys[0]) == "loss":
            self._note(_SHARE)
        self._ignore(key for key in data if key not in read and plain(key) not in _LABELS)
        said = {
            "rate": alike(rate) if rate else self._between(here, there),
            "delay": None if delay is None else alike(Constant(delay)),
            "loss": None if loss is None else alike(Loss(share=loss)),
        }
        return Edge(between, {key: value for key, value in said.items() if value is not None})

    def _find(self, where: str, measure: Measure, data: Mapping[str, object]) -> Found:
        """What a node or an edge says; nothing, where that cannot be read."""
        try:
            return measure.find(data, self._graph.graph, self._units)
        except ValueError as error:
            self._wrong(where, str(error))
            return Found()

    def _wrong(self, where: str, words: str) -> None:
        """Keep a mistake, with others that differ in place and value alone."""
        self._faults.setdefault(words.partition(" (")[0], []).append(f"{where}: {words}")

    def _between(self, here: _Rates, there: _Rates) -> Both[float] | None:
        """The rate of a link that has none of its own: what its ends can send and receive."""
        to, back = min(here.up, there.down), min(there.up, here.down)
        if min(to, back) == math.inf:
            return None
        self._bounding |= dict.fromkeys((*here.keys, *there.keys))
        return Both(back if to == math.inf else to, to if back == math.inf else back)

    def _ignore(self, keys: Iterable[str]) -> None:
        self._ignored |= dict.fromkeys(shown(key) for key in keys if key != OWN_KEY)


def _first(faults: list[str]) -> str:
    """The first of a kind of mistakes, and how many there are."""
    return faults[0] + (f" (so it is {len(faults)} times)" if len(faults) > 1 else "")


def _joined(edges: Iterable[Edge]) -> list[Edge]:
    """The arrows with each opposite pair as one edge, which is called after the first of them."""
    joined: list[Edge] = []
    waiting: dict[tuple[str, str], list[int]] = {}
    for edge in edges:
        opposite = waiting.get(edge.between[::-1])
        if opposite:
            number = opposite.pop(0)
            joined[number] = _two_ways(joined[number], edge)
        else:
            waiting.setdefault(edge.between, []).append(len(joined))
            joined.append(edge)
    return joined


def _two_ways(there: Edge, back: Edge) -> Edge:
    """Two opposite arrows as one edge; what only one of them says holds for both."""
    both = {key: Both(there.said[key].there, said.there) for key, said in back.said.items() if key in there.said}
    return Edge(there.between, {**back.said, **there.said, **both})


def _label(node: object, data: Mapping[str, object]) -> str:
    """The node's label or name, else its identifier; the Zoo writes `None` where there is none."""
    said = [value for wanted in _LABELS[:2] for key, value in data.items() if plain(key) == wanted]
    for value in (*said, node):
        label = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
        if label not in _NO_LABELS and not (value is node and label.isdecimal()):
            return label
    return f"node-{shown(node)}"


def _degrees(value: object, most: float) -> float | None:
    try:
        degrees = float(str(value))
    except ValueError:
        return None
    return degrees if abs(degrees) <= most else None

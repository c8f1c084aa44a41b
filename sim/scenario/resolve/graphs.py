"""Graphs from files and from networkx's generators, as plans.

A node is called by its label, its name or its identifier, and has a place by latitude and longitude (Latitude, lat;
Longitude, lon, lng, long) in degrees. What is read of an edge is a measure's (`measures`). An edge without a rate has
what its ends send and receive at, where these say so (Shadow). What else a file has is said to be ignored.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx

from sim.scenario.distribution import Constant
from sim.scenario.distribution_text import Delay
from sim.scenario.names import shown, some, unique
from sim.scenario.resolve.graph_files import OWN_KEY, read_graph_file
from sim.scenario.resolve.plan import Edge, Plan
from sim.scenario.spec import Loss, Node
from sim.scenario.spec.directions import Both, alike
from sim.scenario.syntax.generate import (
    BarabasiAlbert,
    Complete,
    ErdosRenyi,
    Generator,
    Grid,
    Line,
    RandomRegular,
    Ring,
    Star,
    Tree,
    Waxman,
)
from sim.scenario.syntax.graph_measures import DELAY, DOWN, LOSS, RATE, UP, Found, Measure, Units, plain

_LABELS = ("label", "name", "id")
_NO_LABELS = {"", "None", "defaults"}
_LATITUDE = {"latitude", "lat"}
_LONGITUDE = {"longitude", "lon", "lng", "long"}
_SHARE = 'loss is taken for a share of 1; if it is one of 100, say `graph: {file: ..., units: {loss: "%"}}`'


def read_graph(folder: Path, name: str | nx.Graph[Any], units: Units, most: int) -> Plan:
    """The plan that a graph file of at most so many octets holds, or a graph of networkx.

    Args:
        folder: Where the file is found.
        name: Its name as the scenario gives it, or the graph.
        units: Of numbers without one, by attribute.
        most: The most octets.

    Raises:
        ValueError: no such file, no file of a known kind, no graph in it, or an attribute that cannot be read.
    """
    graph, notes = read_graph_file(folder, name, most) if isinstance(name, str) else (name, ())
    try:
        plan = _Reader(graph, units).plan()
    except ValueError as error:
        raise ValueError(f"no graph can be read from this file ({shown(name)}): {error}") from None
    return replace(plan, notes=(*notes, *plan.notes))


def make_graph(form: Generator, seed: int) -> Plan:
    """The plan that a generator makes; its nodes are called n1, n2, ... The seed is used where the form has none."""
    own = getattr(form, "seed", None)
    graph = _MAKERS[type(form)](form, seed if own is None else own)
    names = {node: f"n{number}" for number, node in enumerate(graph, 1)}
    edges = tuple(Edge(between=(names[a], names[b])) for a, b in graph.edges())
    return Plan(nodes={name: Node(name=name) for name in names.values()}, edges=edges)


_MAKERS: Mapping[type, Callable[[Any, int], nx.Graph[Any]]] = {
    Waxman: lambda form, seed: nx.waxman_graph(form.nodes, beta=form.beta, alpha=form.alpha, seed=seed),
    ErdosRenyi: lambda form, seed: nx.gnp_random_graph(form.nodes, form.probability, seed=seed),
    BarabasiAlbert: lambda form, seed: nx.barabasi_albert_graph(form.nodes, form.links, seed=seed),
    RandomRegular: lambda form, seed: nx.random_regular_graph(form.degree, form.nodes, seed=seed),
    Grid: lambda form, _seed: nx.grid_2d_graph(form.rows, form.columns),
    Tree: lambda form, _seed: nx.balanced_tree(form.branching, form.height),
    Ring: lambda form, _seed: nx.cycle_graph(form.nodes),
    Star: lambda form, _seed: nx.star_graph(form.nodes - 1),
    Line: lambda form, _seed: nx.path_graph(form.nodes),
    Complete: lambda form, _seed: nx.complete_graph(form.nodes),
}


class _Rates(NamedTuple):
    """What a node sends and receives at in bit/s, infinite where it does not say, and the attributes that do."""

    up: float
    down: float
    keys: tuple[str, ...]


class _Reader:
    """Makes a plan of a graph, and keeps in mind which of its attributes are read."""

    def __init__(self, graph: nx.Graph[Any], units: Units) -> None:
        self._graph = graph
        self._units = units
        self._notes: list[str] = []
        self._ignored: dict[str, None] = {}
        self._nowhere: dict[str, None] = {}
        self._bounding: dict[str, None] = {}
        self._faults: dict[str, list[str]] = {}

    def plan(self) -> Plan:
        """The plan.

        Raises:
            ValueError: an attribute cannot be read.
        """
        graph = self._graph
        labels = [_label(node, data) for node, data in graph.nodes(data=True)]
        names = dict(zip(graph, unique(labels), strict=True))
        repeated = [label for label, count in Counter(labels).items() if count > 1]
        nodes = {names[node]: self._node(names[node], data) for node, data in graph.nodes(data=True)}
        rates = {names[node]: self._rates(names[node], data) for node, data in graph.nodes(data=True)}
        edges = self._edges(names, rates)
        if self._faults:
            raise ValueError("; ".join(_first(faults) for faults in self._faults.values()))
        self._ignore(key for one in rates.values() for key in one.keys if key not in self._bounding)
        notes = [self._directions(edges)] if graph.is_directed() else []
        if repeated:
            notes.append(f"nodes with the same label are told apart by a number ({some(repeated)})")
        if self._bounding:
            notes.append(f"links without a rate have what their ends send and receive at: {some(self._bounding)}")
        if self._ignored:
            notes.append(f"attributes of the graph that are ignored: {some(self._ignored)}")
        if self._nowhere:
            notes.append(f"nodes whose place is not in degrees, so that they have none: {some(self._nowhere)}")
        joined = _joined(edges) if graph.is_directed() else edges
        return Plan(nodes=nodes, edges=tuple(joined), notes=tuple(note for note in (*notes, *self._notes) if note))

    def _node(self, name: str, data: Mapping[str, object]) -> Node:
        place = []
        for among, most in ((_LATITUDE, 90), (_LONGITUDE, 180)):
            value = next((value for key, value in data.items() if plain(key) in among), None)
            place.append(_degrees(value, most))
            if value is not None and place[-1] is None:
                self._nowhere[name] = None
        lat, lon = place
        return Node(name=name) if lat is None or lon is None else Node(name=name, lat=lat, lon=lon)

    def _rates(self, name: str, data: Mapping[str, object]) -> _Rates:
        """What a node sends and receives at."""
        up, down = (self._find(f"of {name}", measure, data) for measure in (UP, DOWN))
        read = {*up.keys, *down.keys}
        self._ignore(key for key in data if key not in read and plain(key) not in {*_LABELS, *_LATITUDE, *_LONGITUDE})
        return _Rates(up.value or math.inf, down.value or math.inf, (*up.keys, *down.keys))

    def _edges(self, names: Mapping[object, str], rates: Mapping[str, _Rates]) -> list[Edge]:
        edges, loops = list[Edge](), dict[str, None]()
        for a, b, data in self._graph.edges(data=True):
            if a == b:
                loops[names[a]] = None
            else:
                edges.append(self._edge((names[a], names[b]), data, rates[names[a]], rates[names[b]]))
        if loops:
            self._notes.append(f"a line from {some(loops)} to itself is left out")
        return edges

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
        constant: Delay | None = None if delay is None else Constant(delay)
        return Edge(
            between=between,
            rate=alike(rate) if rate else self._between(here, there),
            delay=None if constant is None else alike(constant),
            loss=None if loss is None else alike(Loss(share=loss)),
        )

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

    def _note(self, text: str) -> None:
        """Say something once."""
        if text not in self._notes:
            self._notes.append(text)

    def _ignore(self, keys: Iterable[str]) -> None:
        self._ignored |= dict.fromkeys(shown(key) for key in keys if key != OWN_KEY)

    @staticmethod
    def _directions(edges: list[Edge]) -> str:
        """What becomes of arrows."""
        arrows = Counter(edge.between for edge in edges)
        alone = [f"{a} -> {b}" for a, b in arrows if arrows[a, b] > arrows[b, a]]
        words = "the graph is directed: opposite arrows are one link with two directions"
        if alone:
            words += f"; an arrow without an opposite one counts both ways: {some(alone)}"
        return words


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
    said: dict[str, Both[Any] | None] = {}
    for setting in ("rate", "delay", "loss"):
        one, other = getattr(there, setting), getattr(back, setting)
        said[setting] = one or other if one is None or other is None else Both(one.there, other.there)
    return replace(there, **said)  # type: ignore[arg-type]


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

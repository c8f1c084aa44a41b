"""Graphs from files (GraphML, GML) and from networkx's generators, as plans.

The attributes that are read are those of the Internet Topology Zoo (label, Latitude, Longitude, LinkSpeedRaw) and,
on edges, `rate` and `delay` or `latency`: a quantity with its unit, or a number of bit/s and of seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx

from sim.scenario.distribution import Constant, Distribution
from sim.scenario.generate import (
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
from sim.scenario.names import listing, shown, unique
from sim.scenario.plan import Edge, Plan
from sim.scenario.quantity import BIT_RATE, DURATION, Quantity
from sim.scenario.spec import Node

_GRAPHML = (".graphml", ".xml")
_GML = (".gml",)

_BROKEN = (nx.NetworkXException, KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError)
"""What networkx's readers raise at files that are not what their name says."""


def read_graph(path: Path, name: str) -> Plan:
    """The plan that a graph file holds; `name` is the file's name as the scenario gives it.

    Raises:
        ValueError: no such file, no file of a known kind, or no graph in it.
    """
    kind = path.suffix.lower()
    if kind not in _GRAPHML + _GML:
        raise ValueError(f"unknown kind of graph file ({shown(name)}): allowed are {listing(_GRAPHML + _GML)}")
    try:
        with path.open("rb"):
            pass
        return _plan(nx.read_gml(path, label="id") if kind in _GML else nx.read_graphml(path))
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"no such graph file ({shown(name)}): allowed is a file, found from {path.parent}") from None
    except OSError as error:
        raise ValueError(f"unreadable graph file ({shown(name)}, {error.strerror}): allowed is a file") from None
    except ParseError as error:
        raise ValueError(f"this graph file is not XML ({shown(name)}, {error}): allowed is GraphML") from None
    except _BROKEN as error:
        what = "GML" if kind in _GML else "GraphML"
        raise ValueError(
            f"no graph can be read from this file ({shown(name)}, {shown(error)}): allowed is {what}"
        ) from None


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


def _plan(graph: nx.Graph[Any]) -> Plan:
    notes = []
    if graph.is_directed():
        notes.append("the graph is directed: each of its lines is a link in both directions")
        graph = graph.to_undirected()
    labels = [_label(node, data) for node, data in graph.nodes(data=True)]
    names = dict(zip(graph, unique(labels), strict=True))
    repeated = [label for label, count in Counter(labels).items() if count > 1]
    if repeated:
        notes.append(f"nodes with the same label are told apart by a number ({listing(repeated)})")
    nodes = {names[node]: _node(names[node], data) for node, data in graph.nodes(data=True)}
    edges = []
    for a, b, data in graph.edges(data=True):
        if a == b:
            notes.append(f"a line from {names[a]} to itself is left out")
        else:
            edges.append(_edge((names[a], names[b]), data))
    return Plan(nodes=nodes, edges=tuple(edges), notes=tuple(notes))


def _label(node: object, data: Mapping[str, object]) -> str:
    """The node's label; the Zoo writes `None` where there is none."""
    label = " ".join(str(data.get("label", "")).split())
    clean = "".join(c for c in label if c.isprintable())
    if clean in {"", "None", "defaults"}:
        return f"node-{shown(node)}"
    return clean


def _node(name: str, data: Mapping[str, object]) -> Node:
    lat, lon = (_first(data, *keys) for keys in (("Latitude", "latitude", "lat"), ("Longitude", "longitude", "lon")))
    if isinstance(lat, int | float) and isinstance(lon, int | float) and abs(lat) <= 90 and abs(lon) <= 180:
        return Node(name=name, lat=float(lat), lon=float(lon))
    return Node(name=name)


def _edge(between: tuple[str, str], data: Mapping[str, object]) -> Edge:
    rate = _quantity(BIT_RATE, _first(data, "LinkSpeedRaw", "rate"), between)
    delay = _quantity(DURATION, _first(data, "delay", "latency"), between)
    constant: Distribution | None = None if delay is None else Constant(delay)
    return Edge(between=between, rate=rate or None, delay=constant)


def _first(data: Mapping[str, object], *keys: str) -> object:
    return next((data[key] for key in keys if key in data), None)


def _quantity(quantity: Quantity, value: object, between: tuple[str, str]) -> float | None:
    if value is None:
        return None
    try:
        return quantity.parse(f"{value} {next(iter(quantity.units))}" if isinstance(value, int | float) else value)
    except ValueError as error:
        raise ValueError(f"between {between[0]} and {between[1]}: {error}") from None

"""What does the network look like, and where does the mail go?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import networkx as nx
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from sim.report.figure import axes, legend, literal, nothing
from sim.report.labels import CROWD, label
from sim.results.human_units import human
from sim.scenario.spec import Network

Pair = tuple[str, str]
_Place = tuple[float, float]

_SEED = 1
_ARCS = 40
_PLAIN = "#b5bbc2"
_NODE = "#0072b2"
_ARC = "#8c6bb1"


def link_load(attempts: pd.DataFrame, column: str = "bytes_on_wire") -> dict[Pair, float]:
    """What went between each two hosts, both directions together, a replication: the load that `topology` shows.

    Args:
        attempts: the attempts table, of one architecture.
        column: what to add up, such as `bytes_on_wire` or `retransmissions`.
    """
    runs = max(attempts["replication"].nunique(), 1)
    sums = attempts.groupby(["from_host", "to_host"], sort=False)[column].sum()
    load: dict[Pair, float] = {}
    for ends, value in sums.items():
        pair = _pair(*cast("Pair", ends))
        load[pair] = load.get(pair, 0.0) + float(value) / runs
    return load


def topology(
    network: Network | Mapping[str, Any],
    load: Mapping[Pair, float] | None = None,
    ax: Axes | None = None,
    *,
    unit: str = "bytes",
    title: str = "The network",
) -> Axes:
    """What does the network look like? Nodes where they are on the map, links by their load.

    Nodes without coordinates are placed by springs, always in the same way. Load between hosts that no link joins (a
    session over several links) is drawn as thin arcs, the forty heaviest.

    Args:
        network: a scenario's network, or the same in plain data (`nodes`: name -> lat, lon; `links`: [{between}]).
        load: pair of host names -> load, as `link_load` gives it.
        ax: where to draw; a new figure when not given.
        unit: of the load, for the legend.
        title: what the picture shows.
    """
    known, links = _read(network)
    if not known:
        return nothing(axes(ax, literal(title)), "no nodes")
    places = _places(known, links)
    view = _view(places, on_map=all(place is not None for place in known.values()))
    ax = axes(ax, literal(title), height=min(max(7.0 * view.height / view.width * view.aspect, 2.4), 6.5) + 0.7)
    loads = {_pair(*pair): value for pair, value in (load or {}).items() if value > 0 and pair[0] != pair[1]}
    ax.set_xlim(view.x - view.width / 2, view.x + view.width / 2)
    ax.set_ylim(view.y - view.height / 2, view.y + view.height / 2)
    ax.set_aspect(view.aspect)
    ax.set_axis_off()
    _arcs(ax, {pair: value for pair, value in loads.items() if pair not in set(links)}, places)
    _lines(ax, links, loads, places, unit)
    ax.plot(
        *zip(*places.values(), strict=True),
        "o",
        color=_NODE,
        markersize=5 if len(places) <= CROWD else 3,
        linestyle="none",
        zorder=3,
    )
    label(ax, places, links)
    return ax


def _pair(a: str, b: str) -> Pair:
    return (a, b) if a <= b else (b, a)


def _read(network: Network | Mapping[str, Any]) -> tuple[dict[str, _Place | None], list[Pair]]:
    """Name -> (lon, lat) or None, and the links as pairs."""
    if isinstance(network, Network):
        nodes = {name: (node.lon, node.lat) for name, node in network.nodes.items()}
        links = [link.between for link in network.links]
    else:
        nodes = {
            str(n): ((node or {}).get("lon"), (node or {}).get("lat")) for n, node in network.get("nodes", {}).items()
        }
        links = [tuple(link["between"]) for link in network.get("links", ())]
    known = {name: (x, y) if x is not None and y is not None else None for name, (x, y) in nodes.items()}
    return known, list(dict.fromkeys(_pair(str(a), str(b)) for a, b in links))


def _places(known: Mapping[str, _Place | None], links: list[Pair]) -> dict[str, _Place]:
    fixed = {name: place for name, place in known.items() if place is not None}
    if len(fixed) == len(known):
        return fixed
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(known)
    graph.add_edges_from(links)
    if len(fixed) < 2:
        found = nx.kamada_kawai_layout(graph) if _small(graph) else nx.spring_layout(graph, seed=_SEED)
    else:
        middle = tuple(sum(axis) / len(fixed) for axis in zip(*fixed.values(), strict=True))
        start = {name: fixed.get(name, (middle[0] + i * 1e-3, middle[1])) for i, name in enumerate(known)}
        found = nx.spring_layout(graph, pos=start, fixed=list(fixed), seed=_SEED)
    return {name: (float(found[name][0]), float(found[name][1])) for name in known}


def _small(graph: nx.Graph[str]) -> bool:
    """Whether the layout that shows rings and chains best is quick enough."""
    return 2 < len(graph) <= 60 and nx.is_connected(graph)


class _View(NamedTuple):
    """The part of the plane that is shown, and how much longer its units of y are drawn than those of x."""

    x: float
    y: float
    width: float
    height: float
    aspect: float


def _view(places: Mapping[str, _Place], *, on_map: bool) -> _View:
    xs, ys = zip(*places.values(), strict=True)
    x, y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    aspect = 1 / max(math.cos(math.radians(y)), 0.2) if on_map else 0.7
    wide, tall = max(xs) - min(xs), max(ys) - min(ys)
    wide, tall = wide or tall or 1.0, tall or wide or 1.0
    # a net that lies almost on a line keeps some height, and names need room at the edges
    return _View(x, y, 1.36 * max(wide, tall / 4), 1.16 * max(tall, wide / 4), aspect)


def _lines(ax: Axes, links: list[Pair], loads: Mapping[Pair, float], places: Mapping[str, _Place], unit: str) -> None:
    most = max(loads.values(), default=0.0)
    for pair in links:
        (x0, y0), (x1, y1) = places[pair[0]], places[pair[1]]
        ax.plot([x0, x1], [y0, y1], zorder=2, solid_capstyle="round", **_look(loads.get(pair, 0.0), most))
    carried = [loads[pair] for pair in links if pair in loads]
    if loads.keys() - set(links):
        ax.plot([], [], color=_ARC, alpha=0.6, linewidth=2, label="over several links")
    if carried:
        for value in sorted({max(carried), max(carried) / 4, max(carried) / 25}, reverse=True):
            ax.plot([], [], label=human(value, unit, 0), **_look(value, most))
    if loads:
        legend(ax, columns=4, below=True, title="between two hosts, a replication")


def _look(value: float, most: float) -> dict[str, Any]:
    """Colour and width of a load; both by its root, so that small loads are told apart too."""
    if not value:
        return {"color": _PLAIN, "linewidth": 0.9}
    part = math.sqrt(value / most)
    return {"color": colormaps["plasma"](0.85 - 0.75 * part), "linewidth": 1.2 + 3.8 * part}


def _arcs(ax: Axes, loads: Mapping[Pair, float], places: Mapping[str, _Place]) -> None:
    heaviest = sorted(loads, key=lambda pair: (-loads[pair], pair))[:_ARCS]
    for a, b in (pair for pair in heaviest if pair[0] in places and pair[1] in places):
        width = 0.5 + 2 * math.sqrt(loads[a, b] / loads[heaviest[0]])
        look: dict[str, Any] = {"arrowstyle": "-", "connectionstyle": "arc3,rad=0.18", "color": _ARC, "alpha": 0.45}
        ax.add_patch(FancyArrowPatch(places[a], places[b], linewidth=width, **look))

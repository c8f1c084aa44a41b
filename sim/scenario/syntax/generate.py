"""Networks made by rule, as a scenario file asks for them: `generate: {KIND: {parameters}}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from sim.scenario.pydantic_seam import OneOf
from sim.scenario.scalars import number, whole
from sim.scenario.sections import Section

if TYPE_CHECKING:
    from networkx import Graph

Count = Annotated[int, whole(1, 10_000)]
DenseCount = Annotated[int, whole(1, 2_000)]
"""Kinds that look at every pair of nodes get fewer of them."""
Seed = Annotated[int, whole(0)]
Chance = Annotated[float, number(0.0, 1.0)]
Scale = Annotated[float, number(0.001, 1000.0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waxman(Section):
    """Nodes at random places of a square; the nearer two are, the likelier is a link (Waxman 1988)."""

    nodes: Annotated[int, whole(2, 2_000)]
    """How many nodes."""
    alpha: Scale = 0.1
    """How far links reach, relative to the square's diameter."""
    beta: Chance = 0.4
    """How likely links are at all."""
    seed: Seed | None = None
    """Seed of its own; the scenario's where absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErdosRenyi(Section):
    """Each pair of nodes is linked with the same probability."""

    nodes: DenseCount
    """How many nodes."""
    probability: Chance
    """How likely each link is."""
    seed: Seed | None = None
    """Seed of its own; the scenario's where absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BarabasiAlbert(Section):
    """Nodes come one by one and link to those that have many links already."""

    nodes: Count
    """How many nodes."""
    links: Annotated[int, whole(1, 100)] = 2
    """How many links each new node brings."""
    seed: Seed | None = None
    """Seed of its own; the scenario's where absent."""

    def __post_init__(self) -> None:
        if self.links >= self.nodes:
            raise ValueError(
                f"too many links for each node ({self.links}): allowed are fewer than the {self.nodes} nodes"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomRegular(Section):
    """Every node has the same number of links, at random."""

    nodes: Count
    """How many nodes."""
    degree: Annotated[int, whole(0, 100)] = 3
    """How many links every node has; nodes times degree must be even."""
    seed: Seed | None = None
    """Seed of its own; the scenario's where absent."""

    def __post_init__(self) -> None:
        if self.degree >= self.nodes or self.degree * self.nodes % 2:
            raise ValueError(
                f"no graph has these nodes and this degree ({self.nodes}, {self.degree}): "
                "allowed is a degree below nodes, and nodes x degree even"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(Section):
    """Rows and columns, each node linked with its four neighbours."""

    rows: Annotated[int, whole(1, 100)]
    """How many rows."""
    columns: Annotated[int, whole(1, 100)]
    """How many columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree(Section):
    """A balanced tree."""

    branching: Annotated[int, whole(1, 100)] = 2
    """How many children each node has."""
    height: Annotated[int, whole(0, 100)] = 3
    """How many links the leaves are away from the root."""

    def __post_init__(self) -> None:
        nodes = sum(self.branching**level for level in range(self.height + 1))
        if nodes > 10_000:
            sizes = f"branching ({self.branching}) or height ({self.height})"
            raise ValueError(f"too many nodes (above 10000): allowed is a smaller {sizes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring(Section):
    """Each node is linked with the next, the last with the first."""

    nodes: Annotated[int, whole(3, 10_000)]
    """How many nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Star(Section):
    """The first node is linked with all others."""

    nodes: Count
    """How many nodes, the middle one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Section):
    """Each node is linked with the next."""

    nodes: Count
    """How many nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete(Section):
    """Every pair of nodes is linked."""

    nodes: Annotated[int, whole(1, 1_000)]
    """How many nodes."""


Generator = Waxman | ErdosRenyi | BarabasiAlbert | RandomRegular | Grid | Tree | Ring | Star | Line | Complete

Generate = Annotated[
    Generator,
    OneOf(
        "kind of network",
        {
            "waxman": Waxman,
            "erdos_renyi": ErdosRenyi,
            "barabasi_albert": BarabasiAlbert,
            "random_regular": RandomRegular,
            "grid": Grid,
            "tree": Tree,
            "ring": Ring,
            "star": Star,
            "line": Line,
            "complete": Complete,
        },
    ),
]


_MAKERS: Mapping[type, Callable[[Any, Any, int], Graph[Any]]] = {
    Waxman: lambda nx, form, seed: nx.waxman_graph(form.nodes, beta=form.beta, alpha=form.alpha, seed=seed),
    ErdosRenyi: lambda nx, form, seed: nx.gnp_random_graph(form.nodes, form.probability, seed=seed),
    BarabasiAlbert: lambda nx, form, seed: nx.barabasi_albert_graph(form.nodes, form.links, seed=seed),
    RandomRegular: lambda nx, form, seed: nx.random_regular_graph(form.degree, form.nodes, seed=seed),
    Grid: lambda nx, form, _seed: nx.grid_2d_graph(form.rows, form.columns),
    Tree: lambda nx, form, _seed: nx.balanced_tree(form.branching, form.height),
    Ring: lambda nx, form, _seed: nx.cycle_graph(form.nodes),
    Star: lambda nx, form, _seed: nx.star_graph(form.nodes - 1),
    Line: lambda nx, form, _seed: nx.path_graph(form.nodes),
    Complete: lambda nx, form, _seed: nx.complete_graph(form.nodes),
}


def make_graph(form: Generator, seed: int) -> Graph[Any]:
    """The graph that a generator makes; the seed is used where the form has none."""
    import networkx as nx  # noqa: PLC0415  loads only for scenarios that need it

    own = getattr(form, "seed", None)
    return _MAKERS[type(form)](nx, form, seed if own is None else own)

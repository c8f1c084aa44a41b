"""Loops of mail that can be seen before a run: warnings, since hosts stop what goes round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from sim.scenario.findings import Findings
from sim.scenario.source import Path
from sim.scenario.spec import Domain

__all__ = ["warn_of_loops"]

_TOLD = 10
"""More loops than these are not told."""

Graph = Mapping[str, Sequence[str]]
"""Where mail goes from each address or host."""


def warn_of_loops(domains: Mapping[str, Domain], findings: Findings) -> None:
    """Warn of lists and forwards that lead back, with the place of one of them, and the way."""
    places: dict[str, Path] = {}
    graph: dict[str, Sequence[str]] = {}
    for name, domain in domains.items():
        for key, addresses in (("lists", domain.lists), ("forwards", {k: (v,) for k, v in domain.forwards.items()})):
            for local, further in addresses.items():
                address = f"{local}@{name}".lower()
                places[address] = ("domains", name, key, local)
                graph[address] = [one.lower() for one in further]
    for way in _loops(graph):
        findings.warn(places[way[0]], f"a mail loop: {' -> '.join(way)}")


def _loops(graph: Graph) -> Iterator[list[str]]:
    """Ways that lead back to where they begin, each by another of the graph's nodes than those before."""
    left = {node: [one for one in further if one in graph] for node, further in graph.items()}
    for _ in range(_TOLD):
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            *way, _ = reversed(error.args[1])
            first = min(way, key=[*left].index)
            start = way.index(first)
            yield [*way[start:], *way[:start], first]
            del left[first]
        else:
            return

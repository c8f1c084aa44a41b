"""The text of a scenario written in Python: dicts, lists, text and numbers, with the path of each for its place.

A graph of networkx may stand where the name of a graph file does (`network: {"graph": graph}`), or for the whole
network.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from os import PathLike
from typing import Annotated, Any, Final, TypeGuard

from sim.scenario.errors import Problem
from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Reads, Step
from sim.scenario.scalars import read_name
from sim.scenario.source import Document, Place

_MOST_DEEP: Final = 30
"""Deeper than any scenario; what holds itself is deeper."""


def is_graph(value: object) -> TypeGuard[Any]:
    """Whether this is a graph of networkx; where that was never imported, nothing is."""
    networkx = sys.modules.get("networkx")
    return networkx is not None and isinstance(value, networkx.Graph)


def read_graph_name(value: object) -> object:
    """The name of a graph file, or the graph."""
    return value if is_graph(value) else read_name(value)


GraphFile = Annotated[Any, Reads(read_graph_name, {"type": "string", "format": "path"})]
"""The name of a graph file, found from the scenario's folder, or a graph of networkx."""


def document(data: object, name: str) -> Document:
    """The values and places of Python data; `name` is what errors call the whole."""
    reader = _Reader(name)
    value, place = reader.value(data, "", 0)
    if isinstance(value, dict) and is_graph(value.get("network")):
        value["network"] = {"graph": value["network"]}
    return Document(value, place, tuple(reader.problems))


class _Reader:
    """Makes plain values and places of Python data; keeps the problems that it meets."""

    def __init__(self, name: str) -> None:
        self.problems: list[Problem] = []
        self._name = name

    def value(self, data: object, path: str, depth: int) -> tuple[object, Place]:
        """The value and its place."""
        place = Place(f"{self._name}: {path}" if path else self._name)
        if isinstance(data, str | bool | int | float) or data is None or is_graph(data):
            return _exact(data), place
        if isinstance(data, PathLike):
            return str(data), place
        if isinstance(data, Mapping | list | tuple) and depth < _MOST_DEEP:
            return self._parts(data, place, path, depth + 1), place
        if getattr(data, "ndim", None) == 0 and hasattr(data, "item") and depth < _MOST_DEEP:
            return self.value(data.item(), path, _MOST_DEEP)
        allowed = "text, numbers, True, False, None, dicts and lists of these"
        deep = isinstance(data, Mapping | list | tuple)
        what = "deeper than any scenario" if deep else f"of type {type(data).__name__}"
        self.problems.append(place.problem(f"not a plain value ({what}): allowed are {allowed}"))
        return None, place

    def _parts(
        self, data: Mapping[Any, object] | list[Any] | tuple[Any, ...], place: Place, path: str, depth: int
    ) -> object:
        values: dict[Step, object] = {}
        named = isinstance(data, Mapping)
        for key, item in data.items() if isinstance(data, Mapping) else enumerate(data):
            if not isinstance(key, str | int) or isinstance(key, bool):
                self.problems.append(place.problem(f"not a key ({shown(key)}): allowed is text, or a whole number"))
                continue
            below = f"{path}.{key}".lstrip(".") if named else f"{path}[{key}]"
            values[key], place.parts[key] = self.value(item, below, depth)
            place.keys[key] = place.parts[key]
        return values if named else list(values.values())


def _exact(data: object) -> object:
    """Text and numbers as themselves, whatever class of its own they have (enumerations, numpy's float64)."""
    for kind in (bool, str, int, float):
        if isinstance(data, kind):
            return kind.__str__(data) if kind is str else kind(data)
    return data

"""The sites that are reached and not yet settled: a binary heap by cost, where nets and domains tend to come first."""

from __future__ import annotations

from sim.mail.pathalias.vertex import Vertex


class Heap:
    """A binary heap whose entries know their places, so that one whose cost has changed can move."""

    def __init__(self) -> None:
        self._entries: list[Vertex] = []

    def __bool__(self) -> bool:
        return bool(self._entries)

    def push(self, vertex: Vertex) -> None:
        """Take an entry in."""
        vertex.place = len(self._entries)
        self._entries.append(vertex)
        self.rise(vertex)

    def pop(self) -> Vertex:
        """The cheapest entry, taken out."""
        entries = self._entries
        first, last = entries[0], entries.pop()
        if entries:
            entries[0], last.place = last, 0
            self.sink(last)
        return first

    def rise(self, vertex: Vertex) -> None:
        """Move an entry up whose cost has become less: nets pass domains of the same cost."""
        entries, cost, place = self._entries, vertex.cost, vertex.place
        while place:
            above = entries[(place - 1) // 2]
            if cost > above.cost:
                break
            if cost == above.cost and not (vertex.is_net and above.is_domain and not vertex.is_domain):
                break
            entries[place], above.place, place = above, place, above.place
        entries[place], vertex.place = vertex, place

    def sink(self, vertex: Vertex) -> None:
        """Move an entry down whose cost has become more: nets and domains of the same cost pass it."""
        entries, cost, place = self._entries, vertex.cost, vertex.place
        count = len(entries)
        while (below := 2 * place + 1) < count:
            child = entries[below]
            if below + 1 < count:
                right = entries[below + 1]
                if child.cost > right.cost or (child.cost == right.cost and right.is_net):
                    child = right
            if cost < child.cost:
                break
            if cost == child.cost and (not child.is_net or (vertex.is_net and child.is_domain)):
                break
            entries[place], child.place, place = child, place, child.place
        entries[place], vertex.place = vertex, place

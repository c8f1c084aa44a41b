"""How many deliveries a host has under way, in all and to one next hop, and which of those that wait goes next.

The limits are its product's: Postfix's default_process_limit and default_destination_concurrency_limit. A delivery
counts for the next hop that it tries first, as Postfix counts it for its destination, whichever host it ends up talking
to. Those that wait stand in a line for each next hop; the lines take turns, so that none starves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

from sim.scenario.products import Product

T = TypeVar("T")


class Places(Generic[T]):
    """The places of a host's outbound deliveries; `lines` are those who wait for one, by next hop."""

    __slots__ = ("_limit", "_limit_each", "_ranked", "_taken", "_taken_by", "lines")

    def __init__(self, policy: Product) -> None:
        self._limit = policy.process_limit
        self._limit_each = policy.destination_concurrency_limit
        self._taken = 0
        self._taken_by: dict[str, int] = {}
        self.lines: dict[str, deque[tuple[int, T]]] = {}
        # Whether anybody in line has had a priority other than 0.
        self._ranked = False

    def take(self, hop: str) -> bool:
        """Take a place for a delivery to `hop`, if there is one."""
        taken = self._taken_by.get(hop, 0)
        if self._taken >= self._limit or taken >= self._limit_each:
            return False
        self._taken += 1
        self._taken_by[hop] = taken + 1
        return True

    def leave(self, hop: str) -> None:
        """Give a place back."""
        self._taken -= 1
        self._taken_by[hop] -= 1

    def line_up(self, hop: str, waiting: T, priority: int = 0) -> None:
        """Wait for a place, behind those of the same and of higher priority (RFC 6710)."""
        line = self.lines.setdefault(hop, deque())
        if priority:
            self._ranked = True
        if not line or line[-1][0] >= priority:
            line.append((priority, waiting))
        else:
            line.insert(sum(rank >= priority for rank, _ in line), (priority, waiting))

    def next_in_line(self, only: str | None = None) -> T | None:
        """Who may go next: the first of the line whose turn it is among those with a place free. He leaves the line.

        With `only`, nobody goes where that line leads elsewhere.
        """
        if self._taken >= self._limit:
            return None
        lines = self.lines.items()
        for hop, line in sorted(lines, key=lambda one: -one[1][0][0]) if self._ranked else lines:
            if self._taken_by.get(hop, 0) < self._limit_each:
                if only is not None and hop != only:
                    return None
                del self.lines[hop]
                _, first = line.popleft()
                if line:
                    self.lines[hop] = line
                return first
        return None

    def successor(self, hop: str) -> T | None:
        """Who takes over from a delivery to `hop` that is about to leave: the next in line, if he goes there too.

        He leaves the line; the place stays taken.
        """
        self.leave(hop)
        first = self.next_in_line(only=hop)
        self._taken += 1
        self._taken_by[hop] += 1
        return first

    def clear(self) -> Iterator[T]:
        """Send everybody in line away."""
        lines, self.lines = self.lines, {}
        for line in lines.values():
            yield from [waiting for _, waiting in line]

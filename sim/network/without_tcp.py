"""What a connection without a TCP of its own has none of: pauses, writers that are blocked, timers that give up."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from sim.network.ending import Ending

__all__ = ["WithoutTcp"]


class WithoutTcp:
    """The part of `tcp.Connection` that is empty without TCP; attributes and methods as there."""

    __slots__ = ()

    opening = False

    @staticmethod
    def accept() -> None:
        """Nothing is paused."""

    @staticmethod
    def blocked_since() -> float:
        """Nothing is known to keep a program from writing."""
        return inf

    def pieces(self, _size: int) -> Iterator[tuple[float, int]]:
        """A flight is there whole or not at all."""
        return iter(())

    def end(self, until: float, _words: int = 0) -> tuple[float, Ending | None]:
        """Nobody but the client's own timer says that a flight does not arrive."""
        return until, None

    def abandon(self, _now: float, _sent: float, arrives: float) -> float:
        """What is on its way when the client gives up arrives, if that was known."""
        return arrives

"""What a connection without a TCP of its own has none of: pauses, writers that are blocked, timers that give up."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from math import inf
from typing import Protocol

from sim.network.ending import Ending
from sim.network.tcp.handshake import SYN_GAPS

__all__ = ["WithoutTcp"]


class Paced(Protocol):
    """What a rate is known of."""

    @property
    def rate(self) -> float:
        """The slowest line's rate, in bit/s."""


class WithoutTcp:
    """The part of `tcp.Connection` that is empty without TCP; attributes and methods as there."""

    __slots__ = ()

    opening = False
    delayed_ack: float | None = None
    syn_gaps = SYN_GAPS["linux"]

    @staticmethod
    def sends_in_vain(_now: float) -> None:
        """Asking costs nothing."""

    @staticmethod
    def accept() -> None:
        """Nothing is paused."""

    def wrote(self, *, to_server: bool = True) -> tuple[float, int]:
        """Nothing is known to keep a program from writing."""
        del to_server
        return -inf, 0

    def pieces(self, _size: int) -> Iterator[tuple[float, int]]:
        """A flight is there whole or not at all."""
        return iter(())

    def end(self, until: float, _words: int = 0) -> tuple[float, Ending | None]:
        """Nobody but the client's own timer says that a flight does not arrive."""
        return until, None

    def writing(self: Paced, size: int) -> float:
        """How long a program is taken to write so many bytes, in s: as long as the slowest line takes."""
        return 8 * size / self.rate

    def abandon(
        self, _now: float, _sent: float, arrives: float, *, to_server: bool = True
    ) -> Generator[float, float | None, float]:
        """What is on its way when the client gives up arrives, if that was known."""
        del to_server
        yield from ()
        return arrives

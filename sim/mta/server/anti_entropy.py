"""A host that meets another tells it what it has, and hears what the other has: who answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sim.protocol.dialogue import UsualServer
from sim.protocol.summary_vector import VectorError, VectorReader, write_vector


class AntiEntropyReception(UsualServer):
    """Takes a summary vector, answers with its own, and hangs up.

    Args:
        digests: tells what it has.
    """

    def __init__(self, digests: Callable[[], Iterable[bytes]]) -> None:
        self._digests = digests
        self._reader = VectorReader()
        self.commands = 0
        self.is_over = False

    @property
    def vector(self) -> frozenset[bytes] | None:
        """What the client has; None until all of that has come."""
        return self._reader.vector

    def greet(self, *, busy: bool) -> bytes:
        """The client speaks first."""
        self.is_over = busy
        return b""

    def read(self, octets: bytes) -> bytes:
        """Its own vector, behind a whole one; nothing to what is none."""
        if self.is_over:
            return b""
        try:
            self._reader.read(octets)
        except VectorError:
            self.is_over = True
            return b""
        if self.vector is None:
            return b""
        self.commands += 1
        self.is_over = True
        return write_vector(self._digests())

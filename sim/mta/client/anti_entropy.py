"""A host that meets another tells it what it has, and hears what the other has: who begins."""

from __future__ import annotations

from collections.abc import Iterable

from sim.mta.queue.failure import Failure
from sim.protocol.dialogue import UsualClient
from sim.protocol.summary_vector import VectorError, VectorReader, write_vector

NOT_A_VECTOR = Failure(0, "5.5.0", "what came back is no summary vector")


class AntiEntropyClient(UsualClient):
    """Sends its summary vector, and takes the other's.

    Args:
        digests: what it has.

    Attributes:
        vector: what the other has; None until that is known.
        failure: why it is not.
    """

    awaits = "summary vector"

    def __init__(self, digests: Iterable[bytes]) -> None:
        super().__init__(patience=30.0)
        self._mine = write_vector(digests)
        self._reader = VectorReader()
        self.done = False
        # There is no greeting to wait for.
        self.round_trips = -1
        self.failure: Failure | None = None

    @property
    def vector(self) -> frozenset[bytes] | None:
        """What the other has."""
        return self._reader.vector

    def write(self) -> bytes:
        """Its own vector."""
        self.round_trips += 1
        return self._mine

    def read(self, octets: bytes) -> None:
        """Take the other's, or that there is none."""
        try:
            self._reader.read(octets)
        except VectorError:
            self.failure = NOT_A_VECTOR
        if not octets and self.vector is None:
            self.failure = NOT_A_VECTOR
        self.done = self.vector is not None or self.failure is not None

    def complete(self, octets: bytes) -> int:
        """All of it is one answer."""
        return len(octets)

    def end(self, failure: Failure) -> None:
        """The other has not answered."""
        self.failure, self.done = failure, True

"""Random streams, one for each entity, so that what one draws shifts nobody else's draws."""

from __future__ import annotations

import hashlib
from random import Random


class Streams:
    """Generators named (seed, replication, entity): the same name gives the same draws in every architecture."""

    __slots__ = ("_replication", "_seed")

    def __init__(self, seed: int, replication: int) -> None:
        self._seed = seed
        self._replication = replication

    def __call__(self, entity: str) -> Random:
        """A new generator at the start of the entity's stream."""
        name = f"{self._seed}/{self._replication}/{entity}".encode()
        return Random(int.from_bytes(hashlib.sha256(name).digest()[:16], "big"))

"""Summary vectors: what two hosts that meet tell each other of the messages that they have (Vahdat and Becker, 2000).

A vector is one octet of version, four that say how many digests follow, and these, in order. A digest is the first
eight octets of the SHA-256 of what names a copy, so that two of a million copies share one with a probability of 3e-8.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Final

from sim.protocol.errors import RemoteProtocolError

VERSION: Final = 1
HEAD: Final = 5
"""Octets before the digests."""
DIGEST: Final = 8
"""Octets of a digest."""
MOST: Final = 1_000_000
"""The most digests that a reader takes."""


class VectorError(RemoteProtocolError):
    """Not a summary vector."""


@lru_cache(maxsize=100_000)
def digest(message_id: str, recipient: str) -> bytes:
    """What stands for a copy of a message in a vector."""
    return sha256(f"{message_id} {recipient}".encode()).digest()[:DIGEST]


def write_vector(digests: Iterable[bytes]) -> bytes:
    """A vector of these."""
    found = sorted(set(digests))
    return bytes([VERSION]) + len(found).to_bytes(HEAD - 1) + b"".join(found)


class VectorReader:
    """Takes the octets of one vector, however they are cut.

    Attributes:
        vector: the digests; None until all of them are there.
    """

    def __init__(self) -> None:
        self._octets = bytearray()
        self.vector: frozenset[bytes] | None = None

    def read(self, octets: bytes) -> None:
        """Take what has come.

        Raises:
            VectorError: the version is another, there are too many digests, or more than was announced.
        """
        held = self._octets
        held += octets
        if held and held[0] != VERSION:
            raise VectorError(f"not a summary vector (version {held[0]}): allowed is {VERSION}")
        if len(held) < HEAD:
            return
        number = int.from_bytes(held[1:HEAD])
        if number > MOST:
            raise VectorError(f"too many digests ({number}): allowed are {MOST}")
        end = HEAD + number * DIGEST
        if len(held) > end:
            raise VectorError(f"octets behind a summary vector ({len(held) - end}): allowed are none")
        if len(held) == end:
            self.vector = frozenset(bytes(held[at : at + DIGEST]) for at in range(HEAD, end, DIGEST))

"""Mail data as the links of a way give it on: damaged by chance, where a scenario says so."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

from sim.network.links.corruption import Corruption
from sim.scenario.spec import Network

UNSEEN, FOUND = "unseen", "found"
"""A copy's damage: nobody knows of it, or its reader does."""

_SEGMENT = 1448
"""Octets of a packet, where the connection has none of its own."""


class ResidualCorruption:
    """The links that damage what they carry.

    Args:
        network: the links as the scenario has them; of several between two nodes the one that damages most counts.
        streams: gives an entity's own generator by name: `link/NAME/A>B/corruption`.
    """

    def __init__(self, network: Network, streams: Callable[[str], Random]) -> None:
        self._links: dict[tuple[str, str], Corruption] = {}
        for link in sorted(network.links, key=lambda link: link.corruption):
            for here, there in (link.between, link.between[::-1]) if link.corruption else ():
                random = streams(f"link/{link.name}/{here}>{there}/corruption")
                self._links[here, there] = Corruption(link.corruption, random)

    def carry(self, content: bytes, way: tuple[str, ...], segment: int) -> bytes:
        """Mail data at the end of a way; the same object where it came through whole."""
        packets = -(-len(content) // min(segment, _SEGMENT))
        for step in pairwise(way):
            link = self._links.get(step)
            if link is not None:
                content = link.pass_on(content, packets)
        return content

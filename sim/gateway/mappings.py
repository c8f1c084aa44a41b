"""What gateways do with a message between two networks: a table by the pair of their protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sim.gateway.losses import Loss
from sim.gateway.passing import Mapped, Maps, Passing, Seam
from sim.mail.path import NULL_PATH, Path


def to_files(passing: Passing, _: Seam) -> Mapped:
    """A message becomes a file in the recipient's directory, which has no envelope: nobody can be told about it."""
    losses = [] if passing.reverse_path.is_null else [Loss("service", "reverse-path")]
    every = (passing.parameters, *passing.recipient_parameters)
    losses += dict.fromkeys(Loss("service", keyword) for asked in every for keyword, _ in asked)
    return Mapped(Passing(NULL_PATH, passing.forward_paths, passing.content), losses)


GATEWAYS: Final[Mapping[tuple[str, str], Maps]] = {
    ("smtp", "ftp"): to_files,
}
"""By the protocol that a message came by and the one that it goes on by. Other pairs have the same messages."""

SPELLINGS: Final[Mapping[str, Callable[[Path], str]]] = {}
"""How a forward-path is written in the networks where it is not written as SMTP's is, by protocol."""


def gateway(passing: Passing, seam: Seam, came_by: str, goes_by: str) -> Mapped:
    """What a message from one network is in another."""
    maps = GATEWAYS.get((came_by, goes_by))
    return Mapped(passing) if maps is None else maps(passing, seam)


def spell(path: Path, protocol: str) -> str:
    """A forward-path as it is written where this protocol is spoken, without angle brackets."""
    spelling = SPELLINGS.get(protocol)
    return str(path)[1:-1] if spelling is None else spelling(path)

"""What a user asked of the network or the disk, and cannot have."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from sim.scenario.inputs import irregular

_LARGEST = 200_000_000
"""Octets taken of one file: more than any server takes of a message."""


class LiveError(Exception):
    """One line that says what cannot be done, and the cure."""


def read_regular(file: Path) -> bytes:
    """What a regular file holds; nothing else is opened, since a FIFO or a device may have no end.

    Raises:
        OSError: it cannot be read.
        LiveError: it is something else, or too big.
    """
    if kind := irregular(file):
        raise LiveError(f"{file}: cannot be read: {kind}: name a regular file")
    with file.open("rb") as opened:
        return read_bounded(opened, str(file))


def read_bounded(file: BinaryIO, name: str) -> bytes:
    """What an open file holds up to its end, which may never come where it is a pipe.

    Raises:
        OSError: it cannot be read.
        LiveError: it holds too much.
    """
    octets = file.read(_LARGEST + 1)
    if len(octets) > _LARGEST:
        raise LiveError(f"{name}: too big: allowed are {_LARGEST // 1_000_000} MB")
    return octets

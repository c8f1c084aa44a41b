"""What a user asked of the network or the disk, and cannot have."""

from __future__ import annotations

from pathlib import Path

from sim.scenario.inputs import irregular

__all__ = ["LiveError"]


class LiveError(Exception):
    """One line that says what cannot be done, and the cure."""


def read_regular(file: Path) -> bytes:
    """What a regular file holds; nothing else is opened, since a FIFO or a device may have no end.

    Raises:
        OSError: it cannot be read.
        LiveError: it is something else.
    """
    if kind := irregular(file):
        raise LiveError(f"{file}: cannot be read: {kind}: name a regular file")
    return file.read_bytes()

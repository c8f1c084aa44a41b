"""What a user asked of the network or the disk, and cannot have."""

from __future__ import annotations

__all__ = ["LiveError"]


class LiveError(Exception):
    """One line that says what cannot be done, and the cure."""

"""How a connection can end for the client's program before its own patience does."""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["Ending"]


class Ending(Enum):
    """What the client's program hears of a connection that does not go on."""

    HUNG_UP = auto()
    """The server's last words, with which its program has closed the connection."""
    TIMED_OUT = auto()
    """TCP has repeated a segment in vain and given up (ETIMEDOUT)."""
    RESET = auto()
    """The server's host has answered with a reset (ECONNRESET)."""
    CLEARED = auto()
    """A link of an older carrier has tried often enough, and cleared the call."""

"""What is usual of the two sides of a session, whatever they speak: a dialogue says what is otherwise with it.

What the sides are asked is in `sim.world.engine.interfaces`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any


class UsualClient:
    """A client that has come for what it says first, leaves no session open, and knows one time for all its waiting.

    Args:
        patience: how long it waits for the connection, for each answer, and for room to write, s.
    """

    session_timeout = flight_timeout = inf
    reads = write_size = 0
    half_closes = False
    contacted = True

    def __init__(self, patience: float = 300.0) -> None:
        self.connect_timeout = self.write_timeout = patience

    @property
    def kept(self) -> bool:
        """Whether it has left the session open: never."""
        return False

    def timeout(self) -> float:
        """How long it waits for the answer to what it wrote last, s."""
        return self.connect_timeout

    def secured(self) -> None:
        """TLS protects the connection from here on."""

    def resume(self) -> None:
        """It has nothing more to say."""


class UsualServer:
    """A server that takes nothing into its care, speaks when it is spoken to, and hangs up without a word."""

    accepted: Sequence[Any] = ()
    in_transaction = False
    patience = 300.0
    linger = 0.0
    sleep = 0.0
    last_words = 0

    def notify(self) -> bytes:
        """It says nothing that it was not asked for."""
        return b""

    def secured(self) -> None:
        """TLS protects the connection from here on."""

    def disconnected(self) -> None:
        """The connection is gone: nothing is to be given back."""

    def time_out(self) -> bytes:
        """The client was silent for too long."""
        return b""

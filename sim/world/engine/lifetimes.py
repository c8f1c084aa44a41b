"""When the two programs of a session end, and what that makes of it."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import NamedTuple

from sim.network.interface import Ending
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.world.engine.session_ends import ENDS, Cause, End


class Lifetimes(NamedTuple):
    """When the two programs end, s; without a word, never.

    A program ends with its host, or is stopped before: then the host's kernel closes its connections. `hangs_up` says
    when the client hears that the server's program ends at a time, infinity where its host goes down with it.
    """

    client: float = inf
    client_host: float = inf
    server: Timeline = ALWAYS_UP
    hangs_up: Callable[[float], float] | None = None


FOREVER = Lifetimes()
"""Programs that nothing ends."""


class BrokenOffError(Exception):
    """A session ends before its time: when, and why."""

    def __init__(self, at: float, why: Cause | Ending) -> None:
        super().__init__(at, why)
        self.at = at
        self.why = why


class Deadlines:
    """What a session knows of the ends of its programs, as it goes on.

    Attributes:
        until: until when the client goes on at all.
        server_down: when the server's program ends.
        server_closes: when the client hears that it does.
    """

    def __init__(self, lifetimes: Lifetimes) -> None:
        self._lifetimes = lifetimes
        self.until = self.client = lifetimes.client
        self.client_host = lifetimes.client_host
        self.server_down = self.server_closes = inf

    def open(self, until: float) -> None:
        """The session begins, and lasts no longer than until a time."""
        self.until = min(self.until, until)

    def accept(self, at: float) -> None:
        """The server's program has the connection."""
        _, _, server, hangs_up = self._lifetimes
        self.server_down = inf if server is ALWAYS_UP else server.next_down(at)
        if hangs_up is not None and self.server_down < inf:
            self.server_closes = hangs_up(self.server_down)
            self.until = min(self.until, self.server_closes)

    def end(self, at: float, why: Cause | Ending) -> End:
        """What it means that the session ends then, for this reason; a program's end comes before all others."""
        if at == self.client:
            return ENDS[Cause.CLIENT_STOPPED if at < self.client_host else Cause.CLIENT_DOWN]
        return ENDS[Cause.SERVER_STOPPED if at >= self.server_closes else why]

"""Going step by step through what a transport plays, by a clock that may be let forward where nobody else is due."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import Any

from sim.network.interface import Steps

Waits = Generator[Any, float, None]
"""Yields the time at which it goes on (s), or a `Place`, whose time nobody knows; is sent the time when it has come."""


class IdleClock:
    """A clock that can be let forward while nobody else has anything to do.

    This one is that of a session that has the world to itself: nothing has to be waited for.
    """

    def advance_if_idle(self, time: float, /) -> bool:  # noqa: ARG002
        """Let the time come to a moment at once, if nothing is due until then; whether it did: there is no wait."""
        return True

    def peek(self) -> float:
        """When the next thing is due."""
        return inf


def follow(
    sent: float | Steps, now: float, clock: IdleClock, patience: Callable[[float], float]
) -> Generator[Any, float, tuple[float, float]]:
    """Wait through what is played, as long as somebody waits for the end of it.

    Args:
        sent: what a transport gave.
        now: the time, s.
        clock: lets time pass.
        patience: until when that somebody waits, where the next step is due at a time.

    Returns:
        When the end is there, infinity if nobody waits for it any more; and the time now.
    """
    if isinstance(sent, float):
        return sent, now
    try:
        at = next(sent)
        while at <= patience(at):
            if at > now:
                now = at if clock.advance_if_idle(at) else (yield at)
            at = sent.send(clock.peek())
    except StopIteration as end:
        return max(end.value, now), now
    return inf, now


def play(waits: Waits) -> None:
    """Run a session that has the world to itself."""
    try:
        now = next(waits)
        while True:
            now = waits.send(now)
    except StopIteration:
        return

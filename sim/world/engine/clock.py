"""The simulated clock: simpy's, with moments instead of delays, which may leap where nobody else has anything to do.

simpy adds a delay to now, which would round, and lets no time pass without an event. So this reaches for what simpy
keeps to itself: an environment's `_queue`, `_eid` and `_now`, and an event's `_ok` and `_value`.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from math import inf
from operator import attrgetter

import simpy
from simpy.events import NORMAL

from sim.world.engine.stepping import IdleClock, Waits


class Moment(simpy.Event):
    """An event at a given time: a `simpy.Timeout` that does not add a delay to now."""

    def __init__(self, clock: Clock, time: float) -> None:
        # As simpy's Timeout does it: an event that has its value, on the heap.
        self.env = clock
        self.callbacks = []
        self._ok = True
        self._value = None
        clock.enter(self, time)


class Task:
    """Work that goes on at its times: simpy's process, for work that nobody waits for or interrupts."""

    __slots__ = ("_begun", "_clock", "_waits")

    def __init__(self, clock: Clock, waits: Waits) -> None:
        self._clock = clock
        self._waits = waits
        self._begun = False

    def go_on(self, _: simpy.Event | None = None) -> None:
        """Take the next step."""
        clock, waits, begun = self._clock, self._waits, self._begun
        self._begun = True
        try:
            then = waits.send(clock.now) if begun else next(waits)
        except StopIteration:
            return
        event = then if isinstance(then, simpy.Event) else Moment(clock, then)
        event.callbacks.append(self.go_on)


class Clock(simpy.Environment, IdleClock):
    """simpy's environment, with a way to let time pass without an event.

    A process that waits until a time before which no event is due would be the next to go on anyway. Letting the time
    pass at once saves the event and changes no order: at equal times the other event goes first, so that is no leap.

    Args:
        horizon: the end of time, s: nothing is done then or later.
    """

    # simpy's own is a Python call, and everybody asks.
    now = property(attrgetter("_now"), doc="The time, s.")

    def __init__(self, horizon: float = inf) -> None:
        super().__init__()
        self.horizon = horizon

    def at(self, time: float) -> Moment:
        """The event that time has come to `time`, which is not in the past."""
        return Moment(self, time)

    def call_at(self, time: float, act: Callable[[], None]) -> None:
        """Do something at a given time, if that ever comes."""
        if time < self.horizon:
            Moment(self, time).callbacks.append(lambda _: act())

    def start(self, waits: Waits) -> None:
        """Begin work at once."""
        Task(self, waits).go_on()

    def start_soon(self, waits: Waits) -> None:
        """Begin work at the present moment, behind what is due then already."""
        Moment(self, self._now).callbacks.append(Task(self, waits).go_on)

    def enter(self, event: simpy.Event, time: float) -> None:
        """Put an event where it belongs.

        Raises:
            ValueError: the time is past.
        """
        if time < self._now:
            raise ValueError(f"an event at {time} s, which is past: it is {self._now} s")
        heappush(self._queue, (time, NORMAL, next(self._eid), event))

    def advance_if_idle(self, time: float) -> bool:
        """Let the time come to `time` at once, unless something is due until then; whether it did."""
        queue = self._queue
        if time < self._now or (queue and time >= queue[0][0]):
            return False
        self._now = time
        return True

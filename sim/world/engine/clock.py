"""The simulated clock: simpy's, with moments instead of delays, which may leap where nobody else has anything to do."""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappush
from operator import attrgetter

import simpy
from simpy.events import NORMAL


class Moment(simpy.Event):
    """An event at a given time: a `simpy.Timeout` that does not add a delay to now, which would round."""

    def __init__(self, clock: Clock, time: float) -> None:
        # As simpy's Timeout does it: an event that has its value, on the heap.
        self.env = clock
        self.callbacks = []
        self._ok = True
        self._value = None
        clock.enter(self, time)


class Task:
    """A generator of events, gone on with after each: simpy's process, for work that nobody waits for or interrupts.

    It begins with an event at the present moment, behind those that are there, and leaves none behind when it ends.
    """

    __slots__ = ("_steps",)

    def __init__(self, clock: Clock, steps: Generator[simpy.Event, None, None]) -> None:
        self._steps = steps
        clock.at(clock.now).callbacks.append(self._go_on)

    def _go_on(self, _: simpy.Event) -> None:
        event = next(self._steps, None)
        if event is not None:
            event.callbacks.append(self._go_on)


class Clock(simpy.Environment):
    """simpy's environment, with a way to let time pass without an event.

    A process that waits until a time before which no event is due would be the next to go on anyway. Letting the time
    pass at once saves the event and changes no order: at equal times the other event goes first, so that is no leap.
    """

    # simpy's own is a Python call, and everybody asks.
    now = property(attrgetter("_now"), doc="The time, s.")

    def at(self, time: float) -> Moment:
        """The event that time has come to `time`, which is not in the past."""
        return Moment(self, time)

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


def played(env: Clock, waits: Generator[float | simpy.Event, float, None]) -> Generator[simpy.Event, None, None]:
    """A session's waits as events of the clock: moments, or events whose time nobody knows yet."""
    try:
        then = next(waits)
        while True:
            yield then if isinstance(then, simpy.Event) else env.at(then)
            then = waits.send(env.now)
    except StopIteration:
        pass

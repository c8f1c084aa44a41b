"""Both ends of a connection played through, packet by packet and timer by timer, between themselves.

No event of the simulation is spent on a packet: the exchange is stepped as far as a flight needs it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator

from sim.network.tcp.endpoint import End
from sim.network.tcp.path import Way
from sim.network.tcp.rtt_and_window import CLOCKS
from sim.network.tcp.send_queue import Packet

__all__ = ["Exchange"]


class Exchange:
    """The packets and timers of a connection.

    Args:
        ends: Both ends; their books begin anew.
        ways: What each end's packets travel over.

    Attributes:
        now: The time of the latest event.
    """

    __slots__ = ("_ends", "now")

    def __init__(self, ends: tuple[End, End], ways: tuple[Way, Way]) -> None:
        boxes: tuple[deque[Packet], deque[Packet]] = deque(), deque()
        self._ends = ends
        self.now = 0.0
        for index, end in enumerate(ends):
            end.begin(ways[index], boxes[index], boxes[1 - index])

    def play(self, until: float) -> None:
        """Let everything happen that happens up to a time."""
        while (at := self._next()) <= until:
            self._step(at)

    def deliver(
        self,
        sender: End,
        receiver: End,
        grain: float,
        patience: float = math.inf,
        arrivals: list[tuple[float, int]] | None = None,
    ) -> Generator[float, float | None, None]:
        """Play until the receiver has all that the sender's program has written, or one of them has given up.

        Args:
            sender: the end that has written.
            receiver: the other one.
            grain: it never goes on by itself for longer, in s.
            patience: how long the receiver's program waits for something to read; its end is an orphan then, and `now`
                when it closed.
            arrivals: where it is noted when the receiver has so many segments in order, if that is wanted.

        Yields:
            The time of the next event, before it happens: what it sends queues behind all that others sent until then.
            Is sent until when nobody else is due, and goes on by itself until then; nothing if that is not known.
        """
        pause, limit = self.now, self.now + patience
        target, had = sender.whole, receiver.received
        while receiver.received < target and not (sender.dead or receiver.dead):
            at = self._next()
            if at > limit:
                limit = max(limit, receiver.heard_at + patience)
                if at > limit:
                    self.now, receiver.orphan = limit, True
                    return
            if at == math.inf:
                return
            if at >= pause:
                quiet = yield at
                pause = at if quiet is None else min(quiet, at + grain)
            self._step(at)
            if arrivals is not None and receiver.received > had:
                had = receiver.received
                arrivals.append((self.now, had))

    def watch(self, end: End, until: float) -> None:
        """Play until the program of an end hears that the connection is gone, until a time, or until nothing is due."""
        while not end.dead and (at := self._next()) <= until and at < math.inf:
            self._step(at)

    @property
    def at_rest(self) -> bool:
        """Whether no packet is under way."""
        return not self._ends[0].inbox and not self._ends[1].inbox

    def _next(self) -> float:
        """When the next event is due, or a little earlier (the timer wheel rounds up)."""
        one, other = self._ends
        at = min(one.timer, other.timer, one.ack_due, other.ack_due)
        if one.inbox and one.inbox[0].at < at:
            at = one.inbox[0].at
        if other.inbox and other.inbox[0].at < at:
            at = other.inbox[0].at
        return at

    def _step(self, at: float) -> None:
        """Let the next event, due at that time, happen; a timer is rounded up first, when its turn has come."""
        for end in self._ends:
            if end.inbox and end.inbox[0].at == at:
                self.now = at
                end.take(at, end.inbox.popleft())
                return
        for end in self._ends:
            if end.ack_due == at:
                self.now = at
                end.acknowledge_late(at)
                return
            if end.timer == at:
                if at >= end.gone_from:
                    end.die(at)
                    return
                if end.timer_set >= 0:
                    end.timer = CLOCKS[end.tcp.stack](end.timer_set, at - end.timer_set)
                    end.timer_set = -1.0
                else:
                    self.now = at
                    end.expired(at)
                return

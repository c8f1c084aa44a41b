"""A host's listening socket: the sessions that it serves at a time, and those who wait for one of them to end.

What a full host does is its product's word (`Product.when_full`). Where the program no longer accepts, the kernel goes
on: a client is connected by TCP and waits in the listen queue for its greeting. Beyond `listen_backlog` Linux drops
SYNs, of which it holds one more (sk_acceptq_is_full in include/net/sock.h). A program that closes its listening socket
instead has the kernel refuse who connects, and reset who waits.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import simpy

from sim.network.links.timeline import Timeline, any_down
from sim.scenario.products.base import Refuses
from sim.scenario.spec import Host
from sim.world.engine.clock import Clock


class Peer(Protocol):
    """Who connects: a session, by its number."""

    @property
    def session_id(self) -> int:
        """The number."""

    def is_there(self, now: float, /) -> bool:
        """Whether the session goes on."""


class Place(simpy.Event):
    """A place in a listen queue: the event that its client's greeting can be written, or that it is too late for it.

    `admitted` says which. A client that has given up keeps its place: the program accepts its connection, and finds it
    closed.
    """

    def __init__(self, clock: Clock, peer: Peer) -> None:
        super().__init__(clock)
        self.peer = peer
        self.admitted = False

    def end(self, *, admitted: bool) -> None:
        """There is a process for it, or its client waits no longer."""
        if not self.triggered:
            self.admitted = admitted
            self.succeed()


class Listener:
    """Who is served by a host, and who waits for that.

    `inbound` holds the sessions that are served, by number.

    Args:
        clock: tells the time.
        host: whose.
        listens: when there is a listening socket at all.
    """

    def __init__(self, clock: Clock, host: Host, listens: Timeline) -> None:
        self._clock = clock
        self._host = host
        self._listens = listens
        self._closed_until = 0.0
        self._queue: deque[Place] = deque()
        self.inbound: dict[int, Peer] = {}

    def listens(self, address: Timeline | None = None) -> Timeline:
        """When somebody listens at the host, or at an address of it, as far as is known now."""
        listens, now = self._listens if address is None else address, self._clock.now
        return listens if now >= self._closed_until else any_down((listens, Timeline([(now, self._closed_until)])))

    @property
    def drops(self) -> bool:
        """Whether a SYN is dropped, since the listen queue is full."""
        return len(self._queue) > self._host.mta.listen_backlog

    def admit(self, peer: Peer) -> bool:
        """A client connects; whether it is served at once. Those who wait go first."""
        if self._queue or len(self.inbound) >= self._host.sessions:
            return False
        self.inbound[peer.session_id] = peer
        if self._host.mta.looks_again:
            self._look()
        return True

    def _look(self) -> None:
        """Where all sessions are taken the program closes its listening socket, and looks again later."""
        if len(self.inbound) >= self._host.sessions and self._clock.now >= self._closed_until:
            self._closed_until = self._clock.now + self._host.mta.looks_again
            self._clock.call_at(self._closed_until, self._look)

    def join_queue(self, peer: Peer, until: float) -> Place | Refuses:
        """A place in the listen queue, for a client that waits until then, or what the product does instead."""
        when_full = self._host.mta.when_full
        if when_full != "wait":
            return when_full
        place = Place(self._clock, peer)
        self._clock.at(until).callbacks.append(lambda _: place.end(admitted=False))
        self._queue.append(place)
        self._accept()
        return place

    def dismiss(self, peer: Peer) -> bool:
        """A client's session is over; whether it was served still: a crash ends all of them."""
        if self.inbound.pop(peer.session_id, None) is None:
            return False
        if self._queue:
            self._accept()
        return True

    def crash(self) -> None:
        """All that the kernel knew is forgotten; who waits is told nothing."""
        self.inbound.clear()
        self._queue.clear()
        self._closed_until = 0.0

    def _accept(self) -> None:
        queue, inbound = self._queue, self.inbound
        while queue and len(inbound) < self._host.sessions:
            place = queue.popleft()
            if not place.triggered:
                inbound[place.peer.session_id] = place.peer
                place.end(admitted=True)

"""A host's deliveries: when each gets its place, the attempts that it makes, and which goes on in its session."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from random import Random

import simpy

from sim.mta.queue.destination import naming_of
from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.mta.queue.queue_manager import ActiveQueue
from sim.mta.queue.queue_runs import QueueRuns
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.stepping import Waits
from sim.world.host.attempt import NO_ANSWER, Attempt
from sim.world.host.client import Client
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.gateway import Gateway, Group
from sim.world.host.next_hops import NextHops, next_hop_domain
from sim.world.host.routes import Delivery
from sim.world.host.session_cache import SessionCache

_SIZES = 1 << 40
"""More octets than any message has."""


@dataclass
class Deliveries:
    """The deliveries of a host that are under way, and those that wait for a place with its queue manager.

    Where its product's queue runs are processes, what they find goes message by message.

    Attributes:
        lookup: how long the name service takes, s.
        random: draws in which order a queue run takes what it has found.
        gateway: makes messages those of the network that they go into, where there are several.
    """

    client: Client
    deferred: DeferredQueue
    next_hops: NextHops
    cache: SessionCache
    capacity: SharedCapacity | None
    lookup: float
    random: Random
    gateway: Gateway | None = None

    def __post_init__(self) -> None:
        """Nothing is under way."""
        host = self.client.host
        self._clock, self._uptime, self._queue = self.client.clock, self.client.uptime, self.client.queue
        self._manager = self.client.manager
        self._active: ActiveQueue[Entry] = ActiveQueue(host.mta.active_limit)
        self._looking_up: list[Entry] = []
        self._runs: QueueRuns | None = QueueRuns(host.mta, self.random.random) if host.mta.queue_run_limit else None
        self._in_run: set[str] = set()
        self._next_run = -1.0
        self._naming = naming_of(host.mta, relays=self.client.paths.relays, routes=host.routes)

    def begin(self, entry: Entry, now: float, new: bool) -> None:
        """Begin a round of an entry's deliveries, as soon as the active queue, or a queue run, has room for it."""
        if self._runs is not None and not new:
            self._runs.find(entry)
            self._run(self._runs, now)
        elif self._active.admit(entry, new=new):
            self._activate(entry, now)
        elif entry.state == "active":
            self.deferred.move(entry, "incoming", now)

    def stop(self) -> None:
        """What stands in line goes back to the queue; what is under way ends by itself."""
        for delivery in self._manager.clear():
            delivery.entry.in_delivery -= 1
        for entry in self._looking_up:
            entry.in_delivery = 0
        self._looking_up.clear()
        self._in_run.clear()
        if self._runs is not None:
            self._runs.clear()
        self._active.clear()
        self.cache.close_all()

    def _activate(self, entry: Entry, now: float) -> None:
        self.deferred.move(entry, "active", now)
        if not self.lookup or self.next_hops.known(entry.copies, now):
            self._schedule(entry, now)
            return
        at, boots = now + self.lookup, self._uptime.boots
        entry.in_delivery = 1
        self._looking_up.append(entry)

        def answered() -> None:
            if self._uptime.boots == boots:
                self._looking_up.remove(entry)
                entry.looking_up = at - entry.active_at
                self._schedule(entry, at)

        self._clock.call_at(at, answered)

    def _run(self, runs: QueueRuns, now: float) -> None:
        """Begin a queue run when all that wakes now has been found."""
        if self._next_run != now:
            self._next_run = now
            self._clock.call_at(now, lambda: self._begin_run(runs, now))

    def _begin_run(self, runs: QueueRuns, now: float) -> None:
        """Begin a queue run; where it leaves some waiting the next one goes on beside it."""
        if not self._uptime.running:
            return
        if runs.begin():
            self._run_on(runs, now)
        again = self.deferred.next_run(now)
        if runs.found:
            self._clock.call_at(again, lambda: self._run(runs, again))

    def _run_on(self, runs: QueueRuns, now: float) -> None:
        """Let a queue run take its next entries, up to the first that takes time."""
        while self._uptime.running and (entry := runs.next()) is not None:
            goes = self._queue.holds(entry) and not (entry.in_delivery or entry.suspended)
            if goes and self._takes_time(entry, now):
                self._in_run.add(entry.queue_id)
                return

    def _takes_time(self, entry: Entry, now: float) -> bool:
        """Begin a round; whether it is not over at once."""
        self._active.admit(entry, new=True)
        self._activate(entry, now)
        return entry.in_delivery > 0

    def _schedule(self, entry: Entry, now: float) -> None:
        """Start, or line up, the deliveries of an entry's copies: those that go the same way together."""
        most = self.client.host.mta.recipient_limit
        deliveries = [
            Delivery(entry, members[first : first + most] if len(members) > most else members, routes, now)
            for routes, members in self._routes(entry, entry.copies, now)
            for first in range(0, len(members), most)
        ]
        entry.in_delivery = len(deliveries)
        if len(deliveries) == 1:
            self._dispatch(deliveries[0], now)
        elif deliveries:
            self._enqueue(deliveries, now)
            self.admit(now)
        else:
            self._end_round(entry, now)

    def _routes(self, entry: Entry, copies: Sequence[Copy], now: float) -> Iterable[Group]:
        """The copies by the routes that they go, with a message of the network there."""
        groups = self.next_hops.of(entry, copies, now)
        return groups if self.gateway is None else self.gateway.into(entry, groups, now)

    def _dispatch(self, delivery: Delivery, now: float) -> None:
        """Launch a delivery, if there is a place for it at once."""
        hop = self._naming(delivery.routes[0].nodes[-1], delivery.copies)
        if self._manager.take(hop, now):
            self._launch(delivery, hop)
        else:
            self._enqueue([delivery], now)

    def _launch(self, delivery: Delivery, hop: str) -> None:
        """Start a delivery that has just got its place, on a session that was left open if it may take one."""
        may, previous = self._manager.started, None
        if self.cache.idle and may.uses_connections:
            domain = next_hop_domain(self.client.host, delivery.copies[0].next_domain)
            previous = self.cache.take(delivery.routes, domain if self.next_hops.by_domain else None)
        keeps, uses = may.keeps_connections, may.uses_connections
        self._clock.start_soon(self._deliver(delivery, hop, previous, keeps=keeps, uses=uses))

    def _enqueue(self, deliveries: Sequence[Delivery], now: float) -> None:
        """Let an entry's deliveries wait for their places; those whose next hop is dead are put off instead."""
        waiting = []
        for delivery in deliveries:
            hop = self._naming(delivery.routes[0].nodes[-1], delivery.copies)
            reason = self._manager.suspended(hop, now)
            if reason is None:
                waiting.append((hop, delivery))
            else:
                self._defer(delivery, reason, now)
        if waiting:
            self._manager.enter(waiting, now, self._place(deliveries[0].entry))
            for hop, _ in waiting if self._manager.paces else ():
                self._pause(hop, now)

    def _place(self, entry: Entry) -> int:
        """What goes ahead of what: the higher number; of one priority the smallest, where the product has it so."""
        if not self.client.host.mta.smallest_first:
            return entry.priority
        return entry.priority * _SIZES - len(entry.content)

    def _pause(self, hop: str, now: float) -> None:
        """Go on with a destination when the time between two of its deliveries is over."""
        until = self._manager.resumes_at(hop)
        if until is not None and now < until:
            self._clock.call_at(until, lambda: self.admit(until))

    def _defer(self, delivery: Delivery, reason: Failure, now: float) -> None:
        """End a delivery without having tried it."""
        delivery.entry.put_off(delivery.copies, reason, now)
        self._finish(delivery.entry, now)

    def _finish(self, entry: Entry, now: float) -> None:
        """One of an entry's deliveries is over."""
        entry.in_delivery -= 1
        if not entry.in_delivery and self._queue.holds(entry):
            self._end_round(entry, now)

    def _end_round(self, entry: Entry, now: float) -> None:
        if self._uptime.running:
            if self.capacity is not None:
                self.capacity.commits(now)
            self._active.leave()
            self.deferred.settle(entry, now)
            if self._runs is not None and entry.queue_id in self._in_run:
                self._in_run.remove(entry.queue_id)
                self._run_on(self._runs, now)

    def admit(self, now: float) -> None:
        """A place is free: those that wait go, as far as there is room."""
        scheduler = self._manager.scheduler
        while scheduler.by_number and self._uptime.running and (waiting := self._manager.next(now)) is not None:
            hop, delivery = waiting
            self._launch_waiting(delivery, hop, now)
        for entry in self._active.imports() if self._active.waiting else ():
            # Some may have been returned or suspended meanwhile.
            if self._queue.holds(entry) and not (entry.in_delivery or entry.suspended):
                self._activate(entry, now)
            else:
                self._active.leave()

    def _launch_waiting(self, delivery: Delivery, hop: str, now: float) -> None:
        """Start a delivery that has its place now, by the routes that there are now."""
        entry = delivery.entry
        groups: Sequence[Group] = ()
        if entry.suspended:
            pass
        elif delivery.looked_up_at == now:
            groups = [(delivery.routes, delivery.copies)]
        elif not entry.is_overdue(now):
            groups = list(self._routes(entry, delivery.copies, now))
        if not groups:
            self._manager.give_back(hop)
            self._finish(entry, now)
            return
        (routes, copies), *others = groups
        self._launch(Delivery(entry, copies, routes, now), hop)
        for routes, copies in others:
            entry.in_delivery += 1
            self._dispatch(Delivery(entry, copies, routes, now), now)

    def _deliver(self, delivery: Delivery, hop: str, previous: Attempt | None, *, keeps: bool, uses: bool) -> Waits:
        """Deliveries in one place, one after the other as long as another follows in the session."""
        manager = self._manager
        following: Delivery | None = delivery
        while following is not None:
            delivery, following, failure, boots = following, None, None, self._uptime.boots
            if self._uptime.running:
                attempt, left = yield from self._try(delivery, hop, previous, keeps=keeps, uses=uses)
                following = attempt.following
                previous = attempt if following and attempt.opened is not None else None
                failure = _host_failure(delivery.entry, left) if left else None
            elif previous is not None:
                previous.close()
            now = self._clock.now
            self._finish(delivery.entry, now)
            failure = failure if boots == self._uptime.boots else None
            for other in manager.leave(hop, now, failure, replaced=following is not None):
                self._defer(other, manager.suspended(hop, now) or NO_ANSWER, now)
            if manager.paces:
                self._pause(hop, now)
            self.admit(now)
            if self.cache.idle:
                self.cache.tidy()

    def _try(
        self, delivery: Delivery, hop: str, previous: Attempt | None, *, keeps: bool, uses: bool
    ) -> Generator[float | simpy.Event, float, tuple[Attempt, Sequence[Copy]]]:
        """The routes in turn, until each copy is taken or refused for good; gives the last attempt and what it left.

        The first attempt may take over a session; one whose session another delivery goes on with is the last.
        """
        entry, routes, left, talks = delivery.entry, delivery.routes, delivery.copies, 0
        client, clock, next_hops = self.client, self._clock, self.next_hops
        handed_over = clock.now
        if previous is not None and routes[0].place != (place := previous.place):
            # What the session is with comes first (smtp_connect.c: smtp_reuse_session).
            routes = tuple(sorted(routes, key=lambda route: route.place != place))
        for route in routes:
            # Who counts by host knows of mail for that host only.
            may_keep = keeps and (route.host == hop or self._naming(route.host, left) == hop)
            # A backup's session is looked up when its turn comes (smtp_connect.c: smtp_connect_inet).
            previous = previous or (self.cache.at(route) if uses and route.backup and next_hops.by_domain else None)
            part = delivery if left is delivery.copies else Delivery(entry, left, routes, handed_over)
            began = clock.now
            attempt = Attempt(client, part, route, handed_over, hop, may_keep, previous)
            left = yield from attempt.run()
            if previous is not None and left and not attempt.contacted and self._uptime.running:
                # A session that had died meanwhile says nothing about the host.
                attempt = Attempt(client, Delivery(entry, left, routes, handed_over), route, handed_over, hop, may_keep)
                left = yield from attempt.run()
            previous = None
            if attempt.opened is not None and attempt.following is None:
                self.cache.keep(attempt, clock.now)
            talks += attempt.contacted
            if next_hops.remembers and self._uptime.running:
                next_hops.note_attempt(entry, route, left, began, clock.now)
                if not left and hop in self.cache.idle:
                    self._release_next(entry, hop, clock.now)
            if not left or attempt.following or talks == client.host.mta.mx_session_limit or not self._uptime.running:
                break
            going = [copy for copy in left if entry.failures[copy.recipient].tries_next_mx]
            if not going:
                break
            left = going
        if left and next_hops.remembers and self._uptime.running:
            next_hops.note_exhausted(entry, left, clock.now)
        return attempt, left

    def _release_next(self, entry: Entry, hop: str, now: float) -> None:
        """The session that brought an entry to a next hop is open: let the next one go that waits for it.

        A queue run that took the one waits for the other, too.
        """
        waiting = self.client.retry.next_waiting(hop, entry.queue_id)
        if waiting is not None and self.deferred.release_at_once(waiting, now) and entry.queue_id in self._in_run:
            self._in_run.remove(entry.queue_id)
            self._in_run.add(waiting)


def _host_failure(entry: Entry, left: Sequence[Copy]) -> Failure | None:
    """Why the last host tried could not be talked to, if it could not, and the mail waits (smtp_trouble.c)."""
    failure = entry.failures.get(left[0].recipient)
    return failure if failure is not None and failure.host_error and not failure.permanent else None

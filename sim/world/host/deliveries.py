"""A host's deliveries: when each gets its place, the attempts that it makes, and who follows it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import simpy

from sim.mta.queue.active_queue import ActiveQueue
from sim.mta.queue.destination import naming_of
from sim.mta.queue.queue import Copy, Entry, Failure
from sim.mta.queue.queue_manager import QueueManager, queue_manager_of
from sim.mta.queue.queue_runs import QueueRuns, queue_runs_of
from sim.world.engine.stepping import Waits
from sim.world.host.attempt import NO_ANSWER, Attempt
from sim.world.host.next_hops import Route
from sim.world.host.session_cache import Connections

if TYPE_CHECKING:
    from sim.world.host.host import Station

Delivery = tuple[Entry, Sequence[Copy], tuple[Route, ...], float]
"""Copies of an entry, the routes that they go, best first, and when these were looked up."""


class Deliveries:
    """The deliveries of a host that are under way, and those that wait for a place with its queue manager.

    Where its product's queue runs are processes, what they find goes message by message. `connections` holds the
    sessions that those before have left open.
    """

    __slots__ = (
        "_active",
        "_asking",
        "_in_run",
        "_lookup",
        "_naming",
        "_next_run",
        "_runs",
        "_station",
        "_world",
        "connections",
        "manager",
    )

    def __init__(self, station: Station) -> None:
        self._station = station
        self._world = station.world
        self._active: ActiveQueue[Entry] = ActiveQueue(station.host.mta.active_limit)
        self._asking: list[Entry] = []
        self._runs = queue_runs_of(station.host.mta, station.draws.random)
        self._in_run: set[str] = set()
        self._next_run = -1.0
        self._lookup = station.world.scenario.network.dns.lookup
        self._naming = naming_of(station.host.mta, relays=station.world.relays, routes=station.host.routes)
        self.manager: QueueManager[Delivery] = queue_manager_of(station.host.mta, keeps=station.host.reuse != "never")
        self.connections = Connections(station.world, station.host.mta.connection_idle_limit)
        self.manager.idle = self.connections.idle

    def begin(self, entry: Entry, now: float, *, new: bool) -> None:
        """Begin a round of an entry's deliveries, as soon as the active queue, or a queue run, has room for it."""
        if self._runs is not None and not new:
            self._find(self._runs, entry, now)
        elif self._active.admit(entry, new=new):
            self._admitted(entry, now)
        elif entry.state == "active":
            self._station.backlog.move(entry, "incoming", now)

    def _admitted(self, entry: Entry, now: float) -> None:
        self._station.backlog.move(entry, "active", now)
        if self._lookup and not self._station.ways.known(entry.copies, now):
            self._look_up(entry, now + self._lookup)
        else:
            self._release(entry, now)

    def _find(self, runs: QueueRuns[Entry], entry: Entry, now: float) -> None:
        """A queue run will find an entry; it begins when it has found all that there is."""
        runs.find(entry)
        self._run(runs, now)

    def _run(self, runs: QueueRuns[Entry], now: float) -> None:
        """Begin a queue run when all that wakes now has been found."""
        if self._next_run != now:
            self._next_run = now
            self._world.env.call_at(now, lambda: self._begin_run(runs, now))

    def _begin_run(self, runs: QueueRuns[Entry], now: float) -> None:
        """Begin a queue run; where it leaves some waiting the next one goes on beside it."""
        if not self._station.running:
            return
        if runs.begin():
            self._run_on(runs, now)
        again = self._station.backlog.next_run(now)
        if runs.found:
            self._world.env.call_at(again, lambda: self._run(runs, again))

    def _run_on(self, runs: QueueRuns[Entry], now: float) -> None:
        """Let a queue run take its next entries, up to the first that takes time."""
        while self._station.running and (entry := runs.next()) is not None:
            goes = self._station.queue.holds(entry) and not (entry.in_delivery or entry.suspended)
            if goes and self._takes_time(entry, now):
                self._in_run.add(entry.queue_id)
                return

    def _takes_time(self, entry: Entry, now: float) -> bool:
        """Begin a round; whether it is not over at once."""
        self._active.admit(entry, new=True)
        self._admitted(entry, now)
        return entry.in_delivery > 0

    def _go_on(self, entry: Entry, follower: str | None) -> None:
        """A queue run waits for those, too, who follow the message that it took in the same session."""
        if follower is not None and entry.queue_id in self._in_run:
            self._in_run.remove(entry.queue_id)
            self._in_run.add(follower)

    def successor(self, hop: str, host: str) -> Delivery | None:
        """The delivery that goes on in the place of one to `hop` that is about to end, in its session with a host."""
        if not self._station.running:
            return None
        return self.manager.successor(hop, self._world.env.now, lambda it: any(route.host == host for route in it[2]))

    def boot(self, now: float) -> None:
        """Let those go that were lined up at the very moment when the host came up."""
        self._let_in(now)

    def crash(self) -> None:
        """What stands in line goes back to the queue; what is under way ends by itself."""
        for entry, *_ in self.manager.clear():
            entry.in_delivery -= 1
        for entry in self._asking:
            entry.in_delivery = 0
        self._asking.clear()
        self._in_run.clear()
        if self._runs is not None:
            self._runs.clear()
        self._active.clear()
        self.connections.close_all()

    def _look_up(self, entry: Entry, at: float) -> None:
        """Let an entry wait for the name service, which answers at a given time."""
        station, boots = self._station, self._station.boots
        entry.in_delivery = 1
        self._asking.append(entry)

        def answered() -> None:
            if station.boots == boots:
                self._asking.remove(entry)
                entry.looking_up = at - entry.active_at
                self._release(entry, at)

        self._world.env.call_at(at, answered)

    def _release(self, entry: Entry, now: float) -> None:
        """Start, or line up, the deliveries of an entry's copies: those that go the same way together."""
        most = self._station.host.mta.recipient_limit
        groups = self._station.ways.of(entry, entry.copies, now)
        deliveries: list[Delivery]
        if len(entry.copies) <= most:
            deliveries = [(entry, members, ways, now) for ways, members in groups]
        else:
            deliveries = [
                (entry, members[first : first + most], ways, now)
                for ways, members in groups
                for first in range(0, len(members), most)
            ]
        entry.in_delivery = len(deliveries)
        if len(deliveries) == 1:
            self._start(deliveries[0], now)
        elif deliveries:
            self._line_up(deliveries, now)
            self._let_in(now)
        else:
            self._end_round(entry, now)

    def _start(self, delivery: Delivery, now: float) -> None:
        hop = self._naming(delivery[2][0].host, delivery[1])
        if self.manager.take(hop, now):
            self._set_off(delivery, hop)
        else:
            self._line_up([delivery], now)

    def _set_off(self, delivery: Delivery, hop: str) -> None:
        """Start a delivery that has just got its place, on a session that was left open if it may take one."""
        may = self.manager.started
        before = self._left_open(delivery) if self.connections.idle and may.uses_connections else None
        keeps, uses = may.keeps_connections, may.uses_connections
        self._world.env.start_soon(self._deliver(delivery, hop, before, keeps=keeps, uses=uses))

    def _left_open(self, delivery: Delivery) -> Attempt | None:
        """The session that was left open, and may take a delivery."""
        _, copies, routes, _ = delivery
        ways = self._station.ways
        domain = ways.next_hop(copies[0].next_domain) if ways.by_domain else None
        return self.connections.take(routes, domain)

    def _backup_left_open(self, route: Route, *, uses: bool) -> Attempt | None:
        """The session with a backup: it is looked up when its turn comes (smtp_connect.c: smtp_connect_inet)."""
        return self.connections.at(route) if uses and route.backup and self._station.ways.by_domain else None

    def _line_up(self, deliveries: Sequence[Delivery], now: float) -> None:
        """Let an entry's deliveries wait for their places; those whose next hop is dead are put off instead."""
        entry, open_ = deliveries[0][0], []
        for delivery in deliveries:
            hop = self._naming(delivery[2][0].host, delivery[1])
            reason = self.manager.suspended(hop, now)
            if reason is None:
                open_.append((hop, delivery))
            else:
                self._put_off(delivery, reason, now)
        if open_:
            self.manager.enter(open_, now, entry.priority)
            for hop, _ in open_ if self.manager.paces else ():
                self._pause(hop, now)

    def _pause(self, hop: str, now: float) -> None:
        """Go on with a destination when the time between two of its deliveries is over."""
        until = self.manager.resumes_at(hop)
        if until is not None and now < until:
            self._world.env.call_at(until, lambda: self._let_in(until))

    def _put_off(self, delivery: Delivery, reason: Failure, now: float) -> None:
        """End a delivery without having tried it."""
        entry, copies, _, _ = delivery
        for copy in copies:
            copy.waited(entry.due, now)
            entry.failures[copy.recipient] = reason
        self._over(entry, now)

    def _over(self, entry: Entry, now: float) -> None:
        """One of an entry's deliveries is over."""
        entry.in_delivery -= 1
        if not entry.in_delivery and self._station.queue.holds(entry):
            self._end_round(entry, now)

    def _end_round(self, entry: Entry, now: float) -> None:
        if self._station.running:
            if self._station.capacity is not None:
                self._station.capacity.commits(now)
            self._active.leave()
            self._station.backlog.settle(entry, now)
            if self._runs is not None and entry.queue_id in self._in_run:
                self._in_run.remove(entry.queue_id)
                self._run_on(self._runs, now)

    def _let_in(self, now: float) -> None:
        """A place is free: those that wait go, as far as there is room."""
        jobs = self.manager.jobs
        while jobs.by_number and self._station.running and (waiting := self.manager.next(now)) is not None:
            hop, delivery = waiting
            self._set_out(delivery, hop, now)
        if self._active.waiting:
            self._import(now)

    def _import(self, now: float) -> None:
        """Let those in that wait for the active queue; some may have been returned or suspended meanwhile."""
        for entry in self._active.imports():
            if self._station.queue.holds(entry) and not (entry.in_delivery or entry.suspended):
                self._admitted(entry, now)
            else:
                self._active.leave()

    def _set_out(self, delivery: Delivery, hop: str, now: float) -> None:
        """Start a delivery that has its place now, by the routes that there are now."""
        entry, copies, routes, since = delivery
        groups: Sequence[tuple[tuple[Route, ...], Sequence[Copy]]] = ()
        if entry.suspended:
            pass
        elif since == now:
            groups = [(routes, copies)]
        elif not entry.is_overdue(now):
            groups = list(self._station.ways.of(entry, copies, now))
        if not groups:
            self.manager.give_back(hop)
            self._over(entry, now)
            return
        (first, its_copies), *others = groups
        self._set_off((entry, its_copies, first, now), hop)
        for others_routes, members in others:
            entry.in_delivery += 1
            self._start((entry, members, others_routes, now), now)

    def _deliver(self, delivery: Delivery, hop: str, before: Attempt | None, *, keeps: bool, uses: bool) -> Waits:
        """Deliveries in one place, one after the other as long as each has an heir."""
        station, env, manager = self._station, self._world.env, self.manager
        heir: Delivery | None = delivery
        while heir is not None:
            (entry, copies, routes, _), heir, failure, boots = heir, None, None, station.boots
            if station.running:
                attempt, left = yield from self._try(entry, copies, routes, hop, before, keeps=keeps, uses=uses)
                heir = attempt.heir
                before = attempt if heir and attempt.session is not None else None
                failure = _site_failure(entry, left) if left else None
            elif before is not None:
                before.close()
            now = env.now
            self._over(entry, now)
            failure = failure if boots == station.boots else None
            gone = manager.leave(hop, now, failure, replaced=heir is not None)
            for other in gone:
                self._put_off(other, manager.suspended(hop, now) or NO_ANSWER, now)
            if manager.paces:
                self._pause(hop, now)
            self._let_in(now)
            if self.connections.idle:
                self.connections.tidy()

    def _try(
        self,
        entry: Entry,
        copies: Sequence[Copy],
        routes: tuple[Route, ...],
        hop: str,
        before: Attempt | None,
        *,
        keeps: bool,
        uses: bool,
    ) -> Generator[float | simpy.Event, float, tuple[Attempt, Sequence[Copy]]]:
        """The routes in turn, until each copy is taken or refused for good; gives the last attempt and what it left.

        The first attempt may take over a session; one whose session goes to an heir is the last.
        """
        station, env, left, talks = self._station, self._world.env, copies, 0
        handed_over = env.now
        records = station.ways.records
        if before is not None and routes[0].place != (place := before.place):
            # What the session is with comes first (smtp_connect.c: smtp_reuse_session).
            routes = tuple(sorted(routes, key=lambda route: route.place != place))
        for route in routes:
            # Who counts by host knows of mail for that host only.
            may_keep = keeps and (route.host == hop or self._naming(route.host, left) == hop)
            before = before or self._backup_left_open(route, uses=uses)
            attempt = Attempt(station, entry, left, route, handed_over, hop=hop, keeps=may_keep, before=before)
            began = env.now
            left = yield from attempt.run()
            if before is not None and left and not attempt.contacted and station.running:
                # A session that had died meanwhile says nothing about the host.
                attempt = Attempt(station, entry, left, route, handed_over, hop=hop, keeps=may_keep)
                left = yield from attempt.run()
            before = None
            if attempt.session is not None and attempt.heir is None:
                self.connections.keep(attempt, env.now)
            talks += attempt.contacted
            if records is not None and station.running:
                records.note_attempt(entry, route, left, began, env.now)
                if not left and hop in self.connections.idle:
                    self._go_on(entry, records.go_on(entry, hop, env.now))
            if not left or attempt.heir or talks == station.host.mta.mx_session_limit or not station.running:
                break
            going = [copy for copy in left if entry.failures[copy.recipient].tries_next_mx]
            if not going:
                break
            left = going
        if left and records is not None and station.running:
            records.note_exhausted(entry, left, env.now)
        return attempt, left


def _site_failure(entry: Entry, left: Sequence[Copy]) -> Failure | None:
    """Why the last host tried could not be talked to, if it could not, and the mail waits (smtp_trouble.c)."""
    failure = entry.failures.get(left[0].recipient)
    return failure if failure is not None and failure.host_error and not failure.permanent else None

"""A host at work: it takes mail in, passes it on, tries again, gives up, crashes and comes back."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import simpy

from sim.mail.address import Address, parse_address
from sim.mail.content import split
from sim.mail.path import NULL_PATH, Path
from sim.mail.trace import date_time, delivered_to, received
from sim.mta import bounce, postfix
from sim.mta.directory import OWNER, Directory
from sim.mta.mailbox import Mailboxes
from sim.mta.mx import candidates
from sim.mta.queue import Copy, Entry, Failure, HopTime, Queue
from sim.mta.reception import AcceptedMail, Reception
from sim.mta.transmission import Transmission
from sim.network.tcp import Connection
from sim.network.weather import Timeline
from sim.protocol.smtp.replies import Reply
from sim.results.facts import AttemptFact, QueueFact
from sim.scenario.spec import Host
from sim.world.session import Session

if TYPE_CHECKING:
    from sim.world.simulation import Simulation

NO_ROUTE = Failure(0, "4.4.3", "no route to host")
NO_ANSWER = Failure(0, "4.4.2", "the session ended without an answer")
LIST_LOOP = Failure(554, "5.4.6", "mailing list loop")
UNKNOWN_USER = Failure(550, "5.1.1", "User unknown")

Way = tuple[str, ...]
"""The nodes that a session's bytes pass, from this host to the next that takes custody."""


class Station:
    """One host in the world: its queue, its sessions and its weather."""

    def __init__(self, world: Simulation, host: Host, weather: Timeline) -> None:
        self.world = world
        self.host = host
        self.weather = weather
        self.queue = Queue()
        self.directory = Directory(host.name, world.scenario.domains, world.dns.mx)
        self.mailboxes = Mailboxes(keep=world.scenario.dialogues)
        self.inbound = 0
        self._random = world.streams(f"host/{host.name}/mta")
        self._runs_since = -self._random.uniform(0.0, host.mta.queue_run_delay)
        self._serial = 0
        self._outbound = 0
        self._outbound_to: dict[str, int] = {}
        self._waiting: dict[str, deque[tuple[Entry, list[Copy]]]] = {}
        if weather.next_down(0.0) < world.horizon:
            world.env.process(self._live_through(weather))

    def submit(self, reverse_path: Path, copies: list[Copy], content: bytes) -> None:
        """Take a new message from a user of this host, or from the host itself."""
        now = self.world.env.now
        for copy in copies:
            copy.path = (self.host.name,)
            copy.contact_s += now - copy.counted_to
            copy.counted_to = now
        self._take_custody(reverse_path, copies, content, now)

    def receive(self, copies: dict[Path, Copy], mail: AcceptedMail, spent: HopTime, now: float) -> None:
        """Take custody of what a client has handed over: its copies came by an attempt that took `spent`."""
        queue_id = self._next_id()
        name = self.host.name
        field = received(
            helo=mail.helo,
            by=name,
            protocol=mail.protocol,
            queue_id=queue_id,
            recipient=str(mail.forward_paths[0].mailbox) if len(mail.forward_paths) == 1 else None,
            date=date_time(now),
        )
        there = [copies[path].at(name, spent, now) for path in mail.forward_paths]
        for copy in there:
            self.world.ledger.take(copy)
        self._take_custody(mail.reverse_path, there, field + mail.content, now, queue_id)

    def held(self) -> Iterator[tuple[Copy, str]]:
        """Every copy that this host holds, and whether it lies in the queue or is in transfer."""
        now = self.world.env.now
        for entry in self.queue.entries.values():
            for copy in entry.copies:
                copy.waited(entry.due, now)
                yield copy, "in-transfer" if entry.in_delivery else "queued"

    def _next_id(self) -> str:
        self._serial += 1
        return f"{self._serial:X}"

    def _take_custody(
        self, reverse_path: Path, copies: list[Copy], content: bytes, now: float, queue_id: str = ""
    ) -> None:
        directory, remote = self.directory, []
        unknown: list[tuple[Copy, Failure]] = []
        for copy in copies:
            address = copy.forward_path.mailbox
            if address is None or not directory.is_local(address):
                remote.append(copy)
            elif (members := directory.members(address)) is not None:
                unknown += self._expand(copy, members, content, now)
            elif directory.has_user(address):
                self.mailboxes.deliver(copy.recipient, reverse_path, content)
                self.world.ledger.end(copy, "delivered", "", now)
            else:
                unknown.append((copy, UNKNOWN_USER))
        if not remote and not unknown:
            return
        entry = Entry(queue_id or self._next_id(), reverse_path, content, now, remote, now)
        if unknown:
            self._give_up(entry, unknown, now)
        if remote:
            self.queue.add(entry)
            self._note_queue(now)
            self._release(entry, list(remote), now)

    def _expand(self, copy: Copy, members: Sequence[str], content: bytes, now: float) -> list[tuple[Copy, Failure]]:
        """Pass a message on to a list's members, in the name of the list's owner (RFC 5321 section 3.9.2).

        The copy to the list has arrived then; what goes to the members is a message of its own. Gives the copy back if
        the message has been through this list before.
        """
        mark = delivered_to(copy.recipient)
        if mark in split(content)[0] + b"\r\n":
            return [(copy, LIST_LOOP)]
        world, address = self.world, parse_address(copy.recipient)
        owner = Path(Address(OWNER + address.local, address.domain))
        again = mark + content
        paths = [Path(parse_address(member)) for member in members]
        self.submit(owner, world.write(world.new_message_id(), owner, paths, len(again)), again)
        world.ledger.end(copy, "delivered", f"expanded to {len(members)} members", now)
        return []

    def _release(self, entry: Entry, copies: list[Copy], now: float) -> None:
        """Start, or line up, the deliveries of an entry's copies: one for all that go the same way."""
        ways: dict[tuple[Way, ...], list[Copy]] = {}
        for copy in copies:
            found = self._ways(copy, now)
            if isinstance(found, Failure):
                copy.waited(entry.due, now)
                self._tried_in_vain(entry, copy, found, now)
            else:
                ways.setdefault(found, []).append(copy)
        entry.in_delivery += len(ways)
        for group, members in ways.items():
            hop = group[0][-1]
            if self._has_room(hop):
                self._start(entry, members, group, hop)
            else:
                self._waiting.setdefault(hop, deque()).append((entry, members))
        if not entry.in_delivery:
            self._settle(entry, now)

    def _ways(self, copy: Copy, now: float) -> tuple[Way, ...] | Failure:
        """The ways to try for a copy, best first: to each MX host of its domain as far as the architecture reaches."""
        world, name = self.world, self.host.name
        address = copy.forward_path.mailbox
        records = world.dns.mx(address.domain) if address else None
        targets = candidates(records, name, self._random.shuffle)
        if isinstance(targets, Failure):
            return targets
        ways: dict[str, Way] = {}
        for target in targets:
            way = world.way(name, target, now)
            if way is not None:
                ways.setdefault(way[-1], way)
        return tuple(ways.values())[: self.host.mta.smtp_mx_address_limit] or NO_ROUTE

    def _has_room(self, hop: str) -> bool:
        limits = self.host.mta
        return (
            self._outbound < limits.default_process_limit
            and self._outbound_to.get(hop, 0) < limits.default_destination_concurrency_limit
        )

    def _start(self, entry: Entry, copies: list[Copy], ways: tuple[Way, ...], hop: str) -> None:
        self._outbound += 1
        self._outbound_to[hop] = self._outbound_to.get(hop, 0) + 1
        self.world.env.process(self._deliver(entry, copies, ways, hop))

    def _deliver(
        self, entry: Entry, copies: list[Copy], ways: tuple[Way, ...], hop: str
    ) -> Generator[simpy.Event, None, None]:
        """One delivery: the ways in turn, until each copy is taken or refused for good."""
        env, left = self.world.env, copies
        due, talks = entry.due, 0
        for way in ways:
            for copy in left:
                copy.waited(due, env.now)
            left, talked = yield from self._attempt(entry, left, way)
            talks += talked
            if not left or talks == self.host.mta.smtp_mx_session_limit or not self.weather.is_up(env.now):
                break
        self._outbound -= 1
        self._outbound_to[hop] -= 1
        self._finished(entry, env.now)
        self._let_in(hop, env.now)

    def _attempt(
        self, entry: Entry, copies: list[Copy], way: Way
    ) -> Generator[simpy.Event, None, tuple[list[Copy], bool]]:
        """One session with one next hop; gives the copies left for another try, and whether mail could be offered."""
        world, env = self.world, self.world.env
        started = env.now
        lines = world.lines(way, started)
        if lines is None:
            for copy in copies:
                self._tried_in_vain(entry, copy, NO_ROUTE, started)
            return copies, False
        out, back = lines
        session_id = world.next_session_id()
        peer = world.stations[way[-1]]
        by_path = {copy.forward_path: copy for copy in copies}
        client = Transmission(self.host, entry.reverse_path, tuple(by_path), entry.content)

        connection = Connection(out, back, server=peer.weather)
        session = Session(
            client,
            Reception(peer.host, peer.directory),
            connection,
            policy=self.host.mta,
            client_up_until=self.weather.next_down(started),
            server=peer.host,
            server_weather=peer.weather,
            take=partial(peer.receive, by_path),
            hears=world.listener(session_id),
        )
        busy = peer.inbound >= peer.host.sessions
        peer.inbound += 1
        steps = session.waits(started, busy=busy)
        try:
            wait = next(steps)
            while True:
                now = env.leap(wait)
                if now is None:
                    yield env.timeout(wait)
                    now = env.now
                wait = steps.send(now)
        except StopIteration:
            peer.inbound -= 1
        connection.close()
        return self._conclude(entry, copies, session, way, session_id), client.contacted

    def _conclude(
        self,
        entry: Entry,
        copies: list[Copy],
        session: Session,
        way: Way,
        session_id: int,
    ) -> list[Copy]:
        """Write down what the session brought, copy by copy; give those that are left for another try."""
        client, connection = session.transmission, session.connection
        now, ledger, peer = self.world.env.now, self.world.ledger, way[-1]
        cut = client.failure or session.failure
        left: list[Copy] = []
        deciding: Reply | Failure | None = None
        outcomes: dict[str, None] = {}
        spent = session.spent(now)
        held = self.queue.entries.get(entry.queue_id) is entry
        for copy in copies:
            reply = client.replies.get(copy.forward_path)
            if reply is not None and reply.positive:
                outcomes["accepted"] = None
                deciding = deciding or reply
                if held:
                    entry.copies.remove(copy)
                    ledger.hand_over(copy)
                continue
            copy.tried(spent, now)
            failure = Failure(reply.code, reply.enhanced, reply.text, peer) if reply is not None else cut or NO_ANSWER
            deciding = deciding or failure
            entry.failures[copy.recipient] = failure
            outcomes[_outcome(failure, session.outcome if reply is None else "")] = None
            if not failure.permanent:
                left.append(copy)
        self.world.recorder.attempts.append(
            AttemptFact(
                copies[0].message_id,
                self.host.name,
                peer,
                session.started_at,
                now,
                next(iter(outcomes)) if len(outcomes) == 1 else "partial",
                deciding.code if deciding else 0,
                deciding.enhanced if deciding else "",
                client.turns + 2 if session.connected else 1,
                connection.wire_bytes * (len(way) - 1),
                connection.retransmissions,
                session_id,
                len(copies),
            )
        )
        return left

    def _tried_in_vain(self, entry: Entry, copy: Copy, failure: Failure, now: float) -> None:
        """An attempt that found nowhere to connect to."""
        copy.tried((0.0, 0.0, 0.0), now)
        entry.failures[copy.recipient] = failure
        if failure is NO_ROUTE:
            domain = copy.forward_path.mailbox.domain if copy.forward_path.mailbox else ""
            self.world.recorder.attempts.append(
                AttemptFact(
                    copy.message_id, self.host.name, domain, now, now, "no-route", 0, failure.enhanced, 0, 0, 0, 0, 1
                )
            )

    def _finished(self, entry: Entry, now: float) -> None:
        entry.in_delivery -= 1
        if not entry.in_delivery and self.queue.entries.get(entry.queue_id) is entry:
            self._settle(entry, now)

    def _let_in(self, hop: str, now: float) -> None:
        """A place is free: the next delivery that waits for this hop, or for any."""
        for name in (hop, *self._waiting):
            line = self._waiting.get(name)
            while line and self._has_room(name):
                entry, copies = line.popleft()
                entry.in_delivery -= 1
                self._release(entry, copies, now)
            if name in self._waiting and not self._waiting[name]:
                del self._waiting[name]
            if self._outbound >= self.host.mta.default_process_limit:
                return

    def _settle(self, entry: Entry, now: float) -> None:
        """All deliveries of an entry are over: what is left is given up, or tried again later."""
        if not self.weather.is_up(now):
            self._defer(entry, self.weather.next_up(now))
            return
        policy, null = self.host.mta, entry.reverse_path.is_null
        over = postfix.gives_up(policy, entry.arrival, now, null_reverse_path=null)
        failures = entry.failures
        given_up = [
            (copy, failure)
            for copy in entry.copies
            if (failure := failures.get(copy.recipient)) and (over or failure.permanent)
        ]
        if given_up:
            gone = {copy.recipient for copy, _ in given_up}
            entry.copies = [copy for copy in entry.copies if copy.recipient not in gone]
            self._give_up(entry, given_up, now)
        if entry.copies:
            self._defer(entry, postfix.next_attempt(policy, entry.arrival, now, self._runs_since))
        else:
            self.queue.remove(entry)
            self._note_queue(now)

    def _defer(self, entry: Entry, due: float) -> None:
        entry.due = due
        if due < self.world.horizon:
            self.world.at(due, lambda: self._retry(entry, due))

    def _retry(self, entry: Entry, due: float) -> None:
        if self.queue.entries.get(entry.queue_id) is not entry or entry.in_delivery or entry.due != due:
            return
        now = self.world.env.now
        if self.weather.is_up(now):
            self._release(entry, list(entry.copies), now)
        else:
            self._defer(entry, self.weather.next_up(now))

    def _give_up(self, entry: Entry, given_up: list[tuple[Copy, Failure]], now: float) -> None:
        world = self.world
        if not entry.reverse_path.is_null:
            message_id = world.new_message_id()
            content = bounce.report(
                self.host.name, entry, given_up, message_id=f"<{message_id}@{self.host.name}>", now=now
            )
            self.submit(NULL_PATH, world.write(message_id, NULL_PATH, [entry.reverse_path], len(content)), content)
        for copy, failure in given_up:
            why = failure.diagnostic if failure.permanent else f"expired: {failure.diagnostic}"
            world.ledger.end(copy, "expired" if entry.reverse_path.is_null else "bounced", why, now)

    def _live_through(self, weather: Timeline) -> Generator[simpy.Event, None, None]:
        env = self.world.env
        while (down := weather.next_down(env.now)) < self.world.horizon:
            yield env.timeout(down - env.now)
            self._crash(env.now)
            up = weather.next_up(env.now)
            if up >= self.world.horizon:
                return
            yield env.timeout(up - env.now)
            self._runs_since = env.now

    def _crash(self, now: float) -> None:
        """Sessions end by themselves (their waits know the weather); what waits for a turn goes back to the queue."""
        waiting, self._waiting = self._waiting, {}
        if self.host.spool == "volatile":
            for entry in self.queue.empty():
                for copy in entry.copies:
                    copy.waited(entry.due, now)
                    self.world.ledger.end(copy, "lost", f"volatile spool of {self.host.name}", now)
            self._note_queue(now)
            return
        for line in waiting.values():
            for entry, _ in line:
                self._finished(entry, now)

    def _note_queue(self, now: float) -> None:
        self.world.recorder.queues.append(QueueFact(self.host.name, now, len(self.queue.entries), self.queue.bytes))


def _outcome(failure: Failure, cut: str) -> str:
    if failure.permanent:
        return "refused"
    return cut or "deferred"

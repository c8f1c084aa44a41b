"""A host at work: it takes mail in, passes it on, tries again, gives up, crashes and comes back."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import simpy

from sim.mail.address import Address, parse_address
from sim.mail.content import split
from sim.mail.path import Path
from sim.mail.trace import date_time, delivered_to, received
from sim.mta import bounce
from sim.mta.active import ActiveQueue
from sim.mta.directory import OWNER, Directory
from sim.mta.gate import Gate, Guard
from sim.mta.mailbox import Mailboxes
from sim.mta.mx import candidates
from sim.mta.queue import Copy, Entry, Failure, Queue
from sim.mta.queue_manager import QueueManager, queue_manager_of
from sim.mta.reception import AcceptedMail
from sim.mta.retry.base import Outcome, Round
from sim.mta.retry.exim import TOO_LONG
from sim.mta.retry.of import retry_of
from sim.mta.source_route import passed
from sim.mta.wishes import Wishes, wishes_of
from sim.network.weather import Timeline
from sim.protocol.smtp.events import Parameters
from sim.results.facts import DeferralFact, QueueFact
from sim.scenario.policies import NO_POLICIES
from sim.scenario.spec import Domain, Host
from sim.world.attempt import NO_ANSWER, NO_NAMES, NO_ROUTE, Attempt, nowhere
from sim.world.clock import Task
from sim.world.collection import collect
from sim.world.tidings import tell

if TYPE_CHECKING:
    from sim.world.simulation import Simulation

LIST_LOOP = Failure(554, "5.4.6", "mailing list loop")
FORWARD_LOOP = Failure(554, "5.4.6", "mail forwarding loop")
UNKNOWN_USER = Failure(550, "5.1.1", "User unknown")
TOO_LATE = Failure(554, "5.4.7", "delivery time expired")
"""RFC 2852 section 4.1.4, for by-mode R."""

Way = tuple[str, ...]
"""The nodes that a session's bytes pass, from this host to the next that takes custody."""

Delivery = tuple[Entry, Sequence[Copy], tuple[Way, ...], float]
"""Copies of an entry, the ways that they go, best first, and when these were looked up."""


class Station:
    """One host in the world: its queue, its sessions and its weather.

    `boots` counts its restarts, `inbound` the sessions that clients have with it, `attempts` holds those under way
    from it.
    """

    def __init__(self, world: Simulation, host: Host, weather: Timeline, domains: Sequence[Domain]) -> None:
        self.world = world
        self.host = host
        self.weather = weather
        self.queue = Queue()
        self.directory = Directory(
            host.name, domains, world.dns.mx, source_routes=host.source_routes, percent_hack=host.percent_hack
        )
        self.mailboxes = Mailboxes(keep=world.scenario.dialogues)
        self.attempts: dict[int, Attempt] = {}
        self.boots = 0
        self.inbound = 0
        self._random = world.streams(f"host/{host.name}/mta")
        self._retry = retry_of(host.mta, self._random.random)
        self._runs_since = -self._random.uniform(0.0, self._retry.period)
        self._running = weather.is_up(0.0)
        self._serial = 0
        self.manager: QueueManager[Delivery] = queue_manager_of(host.mta)
        self._active: ActiveQueue[Entry] = ActiveQueue(host.mta.active_limit)
        self._plain_paths = not host.percent_hack
        self._guard: Guard | None = None
        if host.policies != NO_POLICIES:
            draws = world.streams(f"host/{host.name}/policies")
            self._guard = Guard(host.policies, draws.random, lambda: self.queue.bytes)
        if weather.next_down(0.0) < world.horizon:
            world.env.process(self._live_through(weather))
        if host.collects is not None and domains:
            world.env.process(collect(self, host.collects, [domain.name for domain in domains]))

    def submit(
        self, reverse_path: Path, copies: list[Copy], content: bytes, parameters: Parameters | None = None
    ) -> None:
        """Take a new message from a user of this host, or from the host itself.

        The parameters are as MAIL's; None says that none of the copies asks for anything either.
        """
        now = self.world.env.now
        for copy in copies:
            copy.path = (self.host.name,)
            copy.waited(copy.created, now)
        wishes = None if parameters is None else wishes_of(parameters, now, self.world.clock)
        self._take_custody(reverse_path, copies, content, now, wishes=wishes)

    def receive(self, mail: AcceptedMail, copies: list[Copy], now: float, offered: float) -> None:
        """Take custody of what a client has handed over, and had begun to offer at `offered`."""
        queue_id = self._next_id()
        field = received(
            helo=mail.helo,
            by=self.host.domain,
            protocol=mail.protocol,
            queue_id=queue_id,
            recipient=str(mail.forward_paths[0].mailbox) if len(mail.forward_paths) == 1 else None,
            date=date_time(now + self.world.clock),
        )
        for copy in copies:
            self.world.ledger.take(copy)
        wishes = None
        asked = mail.parameters
        # SIZE alone is no wish: each hop finds it anew.
        if mail.recipient_parameters or len(asked) > 1 or (asked and asked[0][0] != "SIZE"):
            wishes = wishes_of(asked, offered, self.world.clock)
            for copy, parameters in zip(copies, mail.recipient_parameters, strict=False):
                copy.parameters = parameters
        self._take_custody(mail.reverse_path, copies, field + mail.content, now, queue_id=queue_id, wishes=wishes)

    def gate(self, client: str) -> Gate | None:
        """The policies that a client meets, if there are any."""
        return None if self._guard is None else Gate(self._guard, client, lambda: self.world.env.now)

    def flush(self, entries: Iterable[Entry]) -> None:
        """Try messages at once, and forget which destinations are dead (Postfix: postqueue -s)."""
        if self._running:
            self.manager.flush()
            self._release_all(entries, self.world.env.now)

    def held(self) -> Iterator[tuple[Copy, str]]:
        """Every copy that this host holds, and whether it lies in the queue or is in transfer."""
        now = self.world.env.now
        for entry in self.queue.entries.values():
            for copy in entry.copies:
                copy.waited(entry.due, now)
                yield copy, "in-transfer" if copy.in_transfer else "queued"

    def _next_id(self) -> str:
        self._serial += 1
        return f"{self._serial:X}"

    def _take_custody(
        self,
        reverse_path: Path,
        copies: list[Copy],
        content: bytes,
        now: float,
        *,
        queue_id: str = "",
        wishes: Wishes | None = None,
    ) -> None:
        if wishes is not None and wishes.held_until > now and "FUTURERELEASE" in self.host.extensions:
            self._hold(Entry(queue_id or self._next_id(), reverse_path, content, now, copies, now, now, wishes=wishes))
            return
        remote: list[Copy] = []
        refused: list[tuple[Copy, Failure]] = []
        arrived: list[tuple[Copy, Failure]] = []
        for copy in copies:
            if (copy.forward_path.route or not self._plain_paths) and (back := self._reroute(copy, reverse_path)):
                self._queue_up(Entry(self._next_id(), back, content, now, [copy], now, now, wishes=wishes), now)
                continue
            address = copy.forward_path.mailbox
            if address is None or not self.directory.is_local(address):
                remote.append(copy)
                continue
            fate = self._arrive(copy, address, reverse_path, content)
            if fate.code:
                refused.append((copy, fate))
            elif wishes is None:
                self.world.ledger.end(copy, "delivered", fate.text, now)
            else:
                arrived.append((copy, fate))
        if not (remote or refused or arrived):
            return
        entry = Entry(queue_id or self._next_id(), reverse_path, content, now, remote, now, now, wishes=wishes)
        if arrived or refused:
            self._end_of_way(entry, arrived, refused, now)
        if remote:
            self._queue_up(entry, now)

    def _end_of_way(
        self,
        entry: Entry,
        arrived: list[tuple[Copy, Failure]],
        refused: list[tuple[Copy, Failure]],
        now: float,
    ) -> None:
        """Tell of the copies that end here, and then end them: the last one's end may be the run's."""
        tell(self, entry, [one for one in arrived if one[0].parameters], now, "delivered")
        for copy, fate in arrived:
            self.world.ledger.end(copy, "delivered", fate.text, now)
        self._give_up(entry, refused, now)

    def _arrive(self, copy: Copy, address: Address, reverse_path: Path, content: bytes) -> Failure:
        """Put a copy where it is for: into a mailbox, or to a list. Gives its fate, whose code is 0 if all is well."""
        if (members := self.directory.members(address)) is not None:
            return self._expand(address, members, content)
        if (to := self.directory.forward(address)) is not None:
            return self._forward(address, to, reverse_path, content)
        if (word := self.directory.elsewhere(address)) is not None:
            return Failure(word.code, word.enhanced, word.text)
        if not self.directory.has_user(address):
            return UNKNOWN_USER
        self.mailboxes.deliver(copy.recipient if self._plain_paths else str(address), reverse_path, content)
        return bounce.DELIVERED

    def _queue_up(self, entry: Entry, now: float) -> None:
        if self._retry.whole_queue:
            self._retry.arrives()
            self._release_all(list(self.queue.entries.values()), now)
        self.queue.add(entry)
        self._note_queue(now)
        wishes = entry.wishes
        if wishes is not None and now < wishes.deadline < self.world.horizon:
            self.world.at(wishes.deadline, lambda: self._strike(entry, wishes.deadline))
        self._activate(entry, now, new=True)

    def _hold(self, entry: Entry) -> None:
        """Keep a message back that is not to begin its way yet (RFC 4865)."""
        entry.held = True
        self.queue.add(entry)
        self._note_queue(entry.arrival)
        until = entry.ready = entry.due = entry.wishes.held_until if entry.wishes else entry.arrival
        if until < self.world.horizon:
            self.world.at(until, lambda: self._wake(entry, until))

    def _let_go(self, entry: Entry, now: float) -> None:
        """The time of a message that was held has come."""
        self.queue.remove(entry)
        self._note_queue(now)
        for copy in entry.copies:
            copy.waited(copy.counted_to, now)
        self._take_custody(
            entry.reverse_path, entry.copies, entry.content, now, queue_id=entry.queue_id, wishes=entry.wishes
        )

    def _reroute(self, copy: Copy, reverse_path: Path) -> Path | None:
        """Make the forward-path what it means here; gives the reverse-path if the copy goes on by a new path."""
        before = copy.forward_path
        path, back = self.directory.rewritten(before), reverse_path
        if self.host.source_routes == "honour":
            path, back = passed(path, back, self.host.domain, self._is_own)
        elif path.route:
            path = Path(path.mailbox)
        copy.forward_path = path
        local = not path.route and path.mailbox is not None and self.directory.is_local(path.mailbox)
        return None if path == before or local else back

    def _is_own(self, domain: str) -> bool:
        return domain.lower() == self.host.domain.lower() or self.directory.is_local(Address("", domain))

    def _expand(self, address: Address, members: Sequence[str], content: bytes) -> Failure:
        """Pass a message on to a list's members, in the name of the list's owner (RFC 5321 section 3.9.2).

        The copy to the list has arrived then; what goes to the members is a message of its own, for which the writer's
        wishes do not hold (RFC 3461 section 5.2.7.3). It fails if the message has been through this list before.
        """
        mark = delivered_to(str(address))
        if mark in split(content)[0] + b"\r\n":
            return LIST_LOOP
        world = self.world
        owner = Path(Address(OWNER + address.local, address.domain))
        again = mark + content
        paths = [Path(parse_address(member)) for member in members]
        self.submit(owner, world.write(world.new_message_id(), owner, paths, len(again)), again)
        return Failure(0, bounce.DELIVERED.enhanced, f"expanded to {len(members)} members")

    def _forward(self, address: Address, to: Address, reverse_path: Path, content: bytes) -> Failure:
        """Pass a user's mail on to his other address, in its sender's name (RFC 5321 section 3.4).

        Otherwise as `_expand`.
        """
        mark = delivered_to(str(address))
        if mark in split(content)[0] + b"\r\n":
            return FORWARD_LOOP
        world, again, path = self.world, mark + content, Path(to)
        self.submit(reverse_path, world.write(world.new_message_id(), reverse_path, [path], len(again)), again)
        return Failure(0, bounce.DELIVERED.enhanced, f"forwarded to {to}")

    def _activate(self, entry: Entry, now: float, *, new: bool = False) -> None:
        """Begin a round of an entry's deliveries, as soon as the active queue has room for it."""
        if entry.held:
            self._let_go(entry, now)
        elif entry.wishes is not None and self._is_overdue(entry, now):
            self._return_late(entry, now)
        elif self._active.admit(entry, new=new):
            self._release(entry, now)

    def _release(self, entry: Entry, now: float) -> None:
        """Start, or line up, the deliveries of an entry's copies: those that go the same way together."""
        most = self.host.mta.recipient_limit
        groups = self._together(entry, entry.copies, now)
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
            self._settle(entry, now)

    def _together(
        self, entry: Entry, copies: Sequence[Copy], now: float
    ) -> Iterable[tuple[tuple[Way, ...], Sequence[Copy]]]:
        """The copies by the ways that they go; those that have none are tried in vain."""
        by_domain: dict[str, list[Copy]] = {}
        for copy in copies:
            by_domain.setdefault(_domain(copy), []).append(copy)
        ways: dict[tuple[Way, ...], list[Copy]] = {}
        for domain, members in by_domain.items():
            found = self._ways(domain, members[0].path, now)
            if self._retry.keeps_hosts:
                found = self._open_ways(found, domain, entry, members, now)
            if not found:
                continue
            if isinstance(found, Failure):
                self._tried_in_vain(entry, members, domain, found, now)
            elif len(by_domain) == 1:
                return ((found, members),)
            else:
                ways.setdefault(found, []).extend(members)
        return ways.items()

    def _ways(self, domain: str, been_at: Sequence[str], now: float) -> tuple[Way, ...] | Failure:
        """The ways to try for a domain's mail, best first: to each of its MX hosts, as far as the architecture reaches.

        An MX host that has had the mail already is left out: a backup that could not pass it on is not asked again.
        """
        world, name = self.world, self.host.name
        if name in world.resolvers and not world.resolvers[name].is_up(now):
            return NO_NAMES
        targets = candidates(world.dns.mx(domain), name, self._random.shuffle)
        if isinstance(targets, Failure):
            return targets
        ways: dict[str, Way] = {}
        for target in targets:
            way = world.way(name, target, now) if target not in been_at else None
            if way is not None:
                ways.setdefault(way[-1], way)
        return tuple(ways.values())[: self.host.mta.mx_address_limit] or NO_ROUTE

    def _open_ways(
        self, found: tuple[Way, ...] | Failure, domain: str, entry: Entry, copies: Sequence[Copy], now: float
    ) -> tuple[Way, ...] | Failure:
        """Those of the ways whose hosts may be tried now; none where the copies have to wait, or are not to wait."""
        if isinstance(found, Failure) and found.permanent:
            return found
        if found is not NO_NAMES:
            self._wake_those(self._tried(f"@{domain}", entry, now, now, "taken"), now)
        hops = self._blamed(domain, copies[0].path, found) if isinstance(found, Failure) else [way[-1] for way in found]
        barred = [self._retry.bars(hop, entry.queue_id, entry.arrival, now) for hop in hops]
        if not all(barred):
            if isinstance(found, Failure):
                return found
            return tuple(way for way, bar in zip(found, barred, strict=True) if bar is None)
        too_long = all(bar is TOO_LONG for bar in barred)
        for copy in copies:
            if too_long:
                entry.failures[copy.recipient] = TOO_LONG
                copy.waited(entry.due, now)
        return ()

    def _blamed(self, domain: str, been_at: Sequence[str], failure: Failure) -> list[str]:
        """Whom a failure to find a way is kept for: the hosts that mail would go to, as if they had not answered.

        Without an answer from the name service it is the domain, marked so that it is not taken for a host.
        """
        world, name = self.world, self.host.name
        targets = candidates(world.dns.mx(domain), name, lambda _: None) if failure is NO_ROUTE else failure
        if isinstance(targets, Failure):
            return [f"@{domain}"]
        hops = dict.fromkeys(world.hop(name, target) for target in targets if target not in been_at)
        return list(hops)[: self.host.mta.mx_address_limit] or [f"@{domain}"]

    def _start(self, delivery: Delivery, now: float) -> None:
        hop = delivery[2][0][-1]
        if self.manager.take(hop, now):
            Task(self.world.env, self._deliver(delivery, hop))
        else:
            self._line_up([delivery], now)

    def _line_up(self, deliveries: Sequence[Delivery], now: float) -> None:
        """Let an entry's deliveries wait for their places; those whose next hop is dead are put off instead."""
        entry, open_ = deliveries[0][0], []
        for delivery in deliveries:
            hop = delivery[2][0][-1]
            reason = self.manager.suspended(hop, now)
            if reason is None:
                open_.append((hop, delivery))
            else:
                self._put_off(delivery, reason, now)
        if open_:
            self.manager.enter(open_, now, entry.wishes.priority if entry.wishes else 0)
            for hop, _ in open_ if self.manager.paces else ():
                self._pause(hop, now)

    def _pause(self, hop: str, now: float) -> None:
        """Go on with a destination when the time between two of its deliveries is over."""
        until = self.manager.resumes_at(hop)
        if until is not None and now < until < self.world.horizon:
            self.world.at(until, lambda: self._let_in(until))

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
        if not entry.in_delivery and self.holds(entry):
            self._settle(entry, now)

    def successor(self, hop: str) -> Delivery | None:
        """The delivery that is to go on in the place, and the session, of one to `hop` that is about to end."""
        return self.manager.successor(hop, self.world.env.now) if self._running else None

    def _deliver(self, delivery: Delivery, hop: str) -> Generator[simpy.Event, None, None]:
        """Deliveries in one place, one after the other as long as each has an heir."""
        env, manager = self.world.env, self.manager
        attempt: Attempt | None = None
        heir: Delivery | None = delivery
        while heir is not None:
            (entry, copies, ways, _), heir, failure, boots = heir, None, None, self.boots
            if self._running:
                before = attempt if attempt is not None and attempt.session is not None else None
                attempt, left = yield from self._try(entry, copies, ways, hop, before)
                heir = attempt.heir
                failure = self._site_failure(entry, left) if left else None
            now = env.now
            self._over(entry, now)
            gone = (manager.note if heir else manager.leave)(hop, now, failure if boots == self.boots else None)
            for other in gone:
                self._put_off(other, manager.suspended(hop, now) or NO_ANSWER, now)
            if manager.paces:
                self._pause(hop, now)
            self._let_in(now)

    @staticmethod
    def _site_failure(entry: Entry, left: Sequence[Copy]) -> Failure | None:
        """Why the last host tried could not be talked to, if it could not (smtp_trouble.c: not a reply to the mail)."""
        failure = entry.failures.get(left[0].recipient)
        return failure if failure is not None and not failure.host else None

    def _try(
        self, entry: Entry, copies: Sequence[Copy], ways: tuple[Way, ...], hop: str, before: Attempt | None
    ) -> Generator[simpy.Event, None, tuple[Attempt, Sequence[Copy]]]:
        """The ways in turn, until each copy is taken or refused for good; gives the last attempt and what it left.

        The first attempt may take over a session; one that leaves its session to an heir is the last.
        """
        env, left, talks = self.world.env, copies, 0
        for way in ways:
            attempt = Attempt(self, entry, left, way, hop=hop, before=before)
            began = env.now
            left = yield from attempt.run()
            if before is not None and left and not attempt.contacted and self._running:
                # A session that had died meanwhile says nothing about the host.
                attempt = Attempt(self, entry, left, way, hop=hop)
                left = yield from attempt.run()
            before = None
            talks += attempt.contacted
            if self._retry.keeps_hosts:
                self._remember(entry, way[-1], left, began, env.now)
            if not left or attempt.heir or talks == self.host.mta.mx_session_limit or not self._running:
                break
        if left and self._retry.keeps_hosts:
            self._note_exhausted(entry, left)
        return attempt, left

    def _note_exhausted(self, entry: Entry, left: Sequence[Copy]) -> None:
        """What is left is not to be tried again where every host has been failing for too long, passed over or not."""
        now = self.world.env.now
        entry.over |= {
            copy.recipient
            for copy in left
            if self._retry.exhausted(self._blamed(_domain(copy), copy.path, NO_ROUTE), entry.queue_id, now)
        }

    def _remember(self, entry: Entry, hop: str, left: Sequence[Copy], began: float, now: float) -> None:
        """Keep what an attempt says about its next hop; wake those that it need no longer keep waiting."""
        outcome: Outcome = "taken"
        if left:
            outcome = "message" if entry.failures[left[0].recipient].host else "site"
        self._wake_those(self._tried(hop, entry, began, now, outcome), now)

    def _tried(self, hop: str, entry: Entry, began: float, now: float, outcome: Outcome) -> Sequence[str]:
        return self._retry.tried(hop, entry.queue_id, entry.arrival, began=began, now=now, outcome=outcome)

    def _wake_those(self, queue_ids: Sequence[str], now: float) -> None:
        """Let those go that need not wait for a host any longer, each when its product next looks."""
        for queue_id in queue_ids:
            other = self.queue.entries.get(queue_id)
            if other is not None and not other.in_delivery:
                other.ready = now
                self._sleep(other, now)

    def holds(self, entry: Entry) -> bool:
        """Whether the entry is still in the queue: a crash may have taken it."""
        return self.queue.entries.get(entry.queue_id) is entry

    def _tried_in_vain(self, entry: Entry, copies: list[Copy], domain: str, failure: Failure, now: float) -> None:
        """An attempt that found nowhere to connect to."""
        for copy in copies:
            copy.waited(entry.due, now)
            copy.tried((0.0, 0.0, 0.0), now)
            entry.failures[copy.recipient] = failure
        if self._retry.keeps_hosts and not failure.permanent:
            hops = self._blamed(domain, copies[0].path, failure)
            for hop in hops:
                self._tried(hop, entry, now, now, "site")
            if self._retry.exhausted(hops, entry.queue_id, now):
                entry.over |= {copy.recipient for copy in copies}
        if not failure.permanent:
            records = self.world.dns.mx(domain)
            towards = records[0][1] if records else domain
            self.world.recorder.attempts.append(nowhere(failure, self.host.name, towards, copies, now))

    def _let_in(self, now: float) -> None:
        """A place is free: those that wait go, as far as there is room."""
        while self._running and (waiting := self.manager.next(now)) is not None:
            hop, delivery = waiting
            self._set_out(delivery, hop, now)
        if self._active.waiting:
            self._import(now)

    def _import(self, now: float) -> None:
        """Let those in that wait for the active queue; some may have been returned meanwhile."""
        for entry in self._active.imports():
            if self.holds(entry):
                self._release(entry, now)
            else:
                self._active.leave()

    def _set_out(self, delivery: Delivery, hop: str, now: float) -> None:
        """Start a delivery that has its place now, by the ways that there are now."""
        entry, copies, ways, since = delivery
        groups: Sequence[tuple[tuple[Way, ...], Sequence[Copy]]] = ()
        if since == now:
            groups = [(ways, copies)]
        elif not self._is_overdue(entry, now):
            groups = list(self._together(entry, copies, now))
        if not groups:
            self.manager.give_back(hop)
            self._over(entry, now)
            return
        (first, its_copies), *others = groups
        Task(self.world.env, self._deliver((entry, its_copies, first, now), hop))
        for way, members in others:
            entry.in_delivery += 1
            self._start((entry, members, way, now), now)

    def _settle(self, entry: Entry, now: float) -> None:
        """All deliveries of an entry are over: what is left is given up, or tried again later."""
        if not self._running:
            return
        self._active.leave()
        if entry.wishes is not None and self._is_overdue(entry, now):
            self._return_late(entry, now)
            return
        if entry.copies:
            entry.rounds += 1
            last = self._last_round(entry, now)
            self._return_refused(entry, now, over=self._retry.gives_up(last))
            if entry.copies:
                entry.ready = self._retry.sleeps_until(last)
                self._sleep(entry, now)
                return
        self._remove(entry, now)

    def _last_round(self, entry: Entry, now: float) -> Round:
        last = next(reversed(entry.failures.values()), None)
        site = last is None or not last.host
        return Round(entry.queue_id, entry.arrival, entry.due, now, entry.rounds, site, entry.reverse_path.is_null)

    def _remove(self, entry: Entry, now: float) -> None:
        self.queue.remove(entry)
        if self._retry.keeps_hosts:
            self._retry.forget(entry.queue_id)
        self._note_queue(now)

    def _return_refused(self, entry: Entry, now: float, *, over: bool) -> None:
        """Give up the copies that were refused for good, and all that were tried if the entry's time is over."""
        failures = entry.failures
        given_up = [
            (copy, failure)
            for copy in entry.copies
            if (failure := failures.get(copy.recipient)) and (over or failure.permanent or copy.recipient in entry.over)
        ]
        if given_up:
            gone = {copy.recipient for copy, _ in given_up}
            entry.copies = [copy for copy in entry.copies if copy.recipient not in gone]
            self._give_up(entry, given_up, now)

    def _sleep(self, entry: Entry, now: float) -> None:
        """Let an entry wait for its time, or the queue run that finds it come."""
        due = entry.due = self._retry.next_run(entry.ready, now, self._runs_since)
        self._note_deferral(entry, now)
        if due < self.world.horizon:
            self.world.at(due, lambda: self._wake(entry, due))

    def _note_deferral(self, entry: Entry, now: float) -> None:
        recipients = [copy.recipient for copy in entry.copies]
        failure = entry.failures.get(recipients[0])
        why = failure.diagnostic if failure else ""
        fact = DeferralFact(
            self.host.name, entry.queue_id, entry.message_id, entry.arrival, now, entry.due, " ".join(recipients), why
        )
        self.world.recorder.deferrals.append(fact)

    def _wake(self, entry: Entry, due: float) -> None:
        if self._running and entry.due == due and not entry.in_delivery and self.holds(entry):
            self._try_again(entry, due)

    def _try_again(self, entry: Entry, now: float) -> None:
        if self._retry.lapses(entry.arrival) > now:
            self._activate(entry, now)
            return
        for copy in entry.copies:
            copy.waited(entry.due, now)
        self._return_refused(entry, now, over=True)
        self._remove(entry, now)

    def _release_all(self, entries: Iterable[Entry], now: float) -> None:
        """Try those of the messages that sleep."""
        for entry in entries:
            if not entry.in_delivery and not entry.held and entry.due > now and self.holds(entry):
                entry.ready = entry.due = now
                self._try_again(entry, now)

    @staticmethod
    def _is_overdue(entry: Entry, now: float) -> bool:
        wishes = entry.wishes
        return wishes is not None and wishes.returns and now >= wishes.deadline

    def _strike(self, entry: Entry, now: float) -> None:
        """The time to deliver by is over: return the message, or tell its sender that it is late (RFC 2852)."""
        if not self._running or not self.holds(entry):
            return
        if not self._is_overdue(entry, now):
            tell(self, entry, [(copy, bounce.LATE) for copy in entry.copies], now, "delayed")
        elif not entry.in_delivery:
            self._return_late(entry, now)

    def _return_late(self, entry: Entry, now: float) -> None:
        """Give up what is left of a message whose time is over; what was refused before is told as it was."""
        for copy in entry.copies:
            copy.waited(entry.due, now)
            failure = entry.failures.get(copy.recipient)
            if failure is None or not failure.permanent:
                entry.failures[copy.recipient] = TOO_LATE
        self._return_refused(entry, now, over=True)
        self._remove(entry, now)

    def _give_up(self, entry: Entry, given_up: list[tuple[Copy, Failure]], now: float) -> None:
        told = tell(self, entry, given_up, now)
        for copy, failure in given_up:
            why = failure.diagnostic if failure.permanent else f"expired: {failure.diagnostic}"
            self.world.ledger.end(copy, "bounced" if copy.recipient in told else "expired", why, now)

    def _live_through(self, weather: Timeline) -> Generator[simpy.Event, None, None]:
        env = self.world.env
        while (down := weather.next_down(env.now)) < self.world.horizon:
            yield env.at(down)
            self._crash(down)
            up = weather.next_up(down)
            if up >= self.world.horizon:
                return
            yield env.at(up)
            self._boot(up)

    def _crash(self, now: float) -> None:
        """Sessions end by themselves (their waits know the weather); what stands in line goes back to the queue."""
        self._running = False
        self.boots += 1
        self.inbound = 0
        if self._guard is not None:
            self._guard.restart()
        for entry, *_ in self.manager.clear():
            entry.in_delivery -= 1
        self._active.clear()
        if self.host.spool == "volatile":
            for entry in self.queue.empty():
                for copy in entry.copies:
                    copy.waited(entry.due, now)
                    self.world.ledger.end(copy, "lost", f"volatile spool of {self.host.name}", now)
            self._note_queue(now)

    def _boot(self, now: float) -> None:
        """The queue manager starts with a queue run, and takes up what was under way when the host went down."""
        self._running = True
        self._runs_since = now
        self._retry.starts()
        for entry in list(self.queue.entries.values()):
            if entry.in_delivery or not self.holds(entry):
                continue
            self._return_refused(entry, now, over=False)
            if not entry.copies:
                self._remove(entry, now)
            elif entry.ready <= now or (self._retry.whole_queue and not entry.held):
                entry.due = now
                self._try_again(entry, now)
            else:
                self._sleep(entry, now)

    def _note_queue(self, now: float) -> None:
        self.world.recorder.queues.append(QueueFact(self.host.name, now, len(self.queue.entries), self.queue.bytes))


def _domain(copy: Copy) -> str:
    """Whose hosts a copy goes to next."""
    path = copy.forward_path
    return path.route[0] if path.route else path.mailbox.domain if path.mailbox else ""

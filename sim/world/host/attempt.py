"""One attempt: a session with one next hop about one message, and what is written down of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import simpy

from sim.gateway.mappings import spell
from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.dsn import RELAYED
from sim.mta.queue.entry import Copy
from sim.mta.queue.failure import Failure
from sim.mta.queue.message_options import notifies
from sim.protocol.smtp.replies import Reply
from sim.results.facts import AddressFact
from sim.results.outcomes import AttemptOutcome
from sim.world.engine.session import Session
from sim.world.host.client import Client, Courier, Peer
from sim.world.host.next_hops import NO_ROUTE, next_hop_domain, nowhere
from sim.world.host.routes import Delivery, Route
from sim.world.host.services import OPENERS

NO_ANSWER = Failure(0, "4.4.2", "the session ended without an answer")

MailSession = Session[Courier, Any]


class Turned(Protocol):
    """A session for certain mail, such as one whose roles are swapped: what `waiting` gives is to follow in it."""

    @property
    def waiting(self) -> Iterator[Delivery]:
        """What is to follow."""

    def open(
        self, mailing: Mailing, stays: Callable[[], Mailing | bool] | None, route: Route, now: float, /
    ) -> tuple[MailSession, Peer] | None:
        """The session, and the host that it is with; None where the way to it has broken."""


@dataclass(slots=True, eq=False)
class Attempt:
    """Passes a delivery's copies on to the host at the end of a route, or to the one that an open session is with.

    Attributes:
        handed_over: when the delivery that it belongs to got its place, s.
        hop: the destination that the delivery counts for: mail for it may follow in the session.
        keeps: whether the session may be left open.
        previous: the attempt whose session this one goes on with, to the host that the session is with.
        reversal: the session to go on in with swapped roles, in which whatever waits follows.
        contacted: whether mail could be offered.
        opened: the session and the host that it is with, while it is open.
        following: the delivery whose message has gone out in the session already, which is to go on in this one's
            place.
    """

    client: Client
    delivery: Delivery
    route: Route
    handed_over: float
    hop: str
    keeps: bool = False
    previous: Attempt | None = None
    reversal: Turned | None = None
    contacted: bool = field(default=False, init=False)
    opened: tuple[MailSession, Peer] | None = field(default=None, init=False)
    following: Delivery | None = field(default=None, init=False)

    def run(self) -> Generator[float | simpy.Event, float, list[Copy]]:
        """Try; gives the copies that are left for another try."""
        client, entry, copies = self.client, self.delivery.entry, self.delivery.copies
        clock, started = client.clock, client.clock.now
        for copy in copies:
            copy.waited(entry.due, started)
        self.opened = self._open(started) if self.previous is None else self._take_over(self.previous)
        if self.opened is None:
            until = started + client.host.mta.connect_timeout
            heard = client.paths.no_route_at(self.route.nodes, started, until)
            if heard > started:
                yield heard
            return self._find_no_route(started, clock.now)
        session, peer = self.opened
        peer.is_offered({copy.forward_path: copy for copy in copies})
        client.sessions[peer.session_id] = self.record_unfinished
        for copy in copies:
            copy.in_transfer = True
        if self.previous is None:
            yield from session.run(started)
        else:
            yield from session.resume(started, client.times.next_message())
        client.sessions[peer.session_id] = None
        self.contacted = session.client.contacted
        if session.outcome or not session.client.kept:
            self.close()
        return self._conclude(session, peer, clock.now)

    @property
    def domain(self) -> str:
        """The next-hop domain of its mail."""
        return next_hop_domain(self.client.host, self.delivery.copies[0].next_domain)

    @property
    def place(self) -> tuple[str, str]:
        """The host that its session is with, and the address."""
        return self.route.place if self.opened is None else (self.opened[1].name, self.opened[1].ip)

    def close(self) -> None:
        """End the session."""
        if self.opened is not None:
            (session, peer), self.opened, client = self.opened, None, self.client
            peer.leave(session.server, session.server_leaves_at)
            if session.connected:
                session.connection.close(client.clock.now, half_closed=session.client.half_closes)
            del client.sessions[peer.session_id]

    def record_unfinished(self, now: float) -> None:
        """Record it where the end of the run finds it under way."""
        if self.opened is not None:
            self._record(*self.opened, now, AttemptOutcome.UNFINISHED, None)

    def _open(self, now: float) -> tuple[MailSession, Peer] | None:
        """A session of its own; None where the way to it has broken."""
        client, route, turned, stays = self.client, self.route, self.reversal, self._stays if self.keeps else None
        if turned is not None:
            return turned.open(self.delivery.mailing(now), stays, route, now)
        return OPENERS[route.protocol or client.protocol](client, self.delivery, route, stays, now)

    def _take_over(self, previous: Attempt) -> tuple[MailSession, Peer] | None:
        """The session of an attempt that has left it."""
        # The one before lets go of it, or the two would hold each other and never be freed.
        opened, previous.opened = previous.opened, None
        if opened is not None:
            mailing = self.delivery.mailing(self.client.clock.now)
            opened[0].client.follow(mailing, self._stays if self.keeps else None)
        return opened

    def _stays(self) -> Mailing | bool:
        """Whether the session is left open for another message, which may have to go out at once.

        One with swapped roles is, as long as there is another: there is no other session.
        """
        client, policy, manager, now = self.client, self.client.host.mta, self.client.manager, self.client.clock.now
        if self.reversal is not None:
            self.following = next(self.reversal.waiting, None)
            return False if self.following is None else self.following.mailing(now)
        if self.opened is None:
            return False
        session, peer = self.opened
        if peer.messages == policy.connection_count_limit or now - session.opened_at > policy.connection_time_limit:
            return False
        if client.host.reuse == "pipeline" and manager.scheduler.by_number and client.uptime.running:
            host = peer.name
            self.following = manager.successor(self.hop, now, lambda it: any(way.host == host for way in it.routes))
            if self.following is not None:
                return self.following.mailing(now)
        if policy.connection_idle_limit > 0 or manager.scheduler.waits_for(self.hop):
            return True
        return client.retry.next_waiting(self.hop, self.delivery.entry.queue_id) is not None

    def _find_no_route(self, started: float, now: float) -> list[Copy]:
        entry, copies = self.delivery.entry, self.delivery.copies
        for copy in copies:
            copy.tried((now - started, 0.0, 0.0), now)
            entry.failures[copy.recipient] = NO_ROUTE
        here, there = self.client.host.name, self.route.host
        fact = nowhere(NO_ROUTE, here, there, entry, copies, handed_over=self.handed_over, now=now)
        self.client.recorder.attempted(fact._replace(started_s=started, to_address=self.route.ip))
        return list(copies)

    def _conclude(self, session: MailSession, peer: Peer, now: float) -> list[Copy]:
        """Write down what the session brought, copy by copy; give those that are left for another try."""
        client, entry, caller = self.client, self.delivery.entry, session.client
        cut = caller.failure
        # A refusal of the session outlives its connection.
        broken = session.outcome if cut is session.failure else None
        left: list[Copy] = []
        gone: list[Copy] = []
        outcomes: dict[AttemptOutcome, Reply | Failure] = {}
        held = client.queue.holds(entry)
        silent = session.outcome is not None and session.outcome.silent
        if held and entry.options is not None and not caller.reports:
            self._tell_relayed(caller.replies, now)
        for copy in self.delivery.copies:
            copy.in_transfer = False
            reply = caller.replies.get(copy.forward_path)
            if reply is not None and reply.positive:
                outcomes.setdefault(AttemptOutcome.ACCEPTED, reply)
                gone.append(copy)
                if held:
                    client.ledger.hand_over(copy)
                continue
            copy.tried(session.spent(now), now)
            failure = caller.refusal(copy.forward_path, peer.name) if reply is not None else cut or NO_ANSWER
            failure = failure.with_scope(client.host.mta.failure_table, silent=silent)
            entry.failures[copy.recipient] = failure
            deferred = (broken if reply is None else None) or AttemptOutcome.DEFERRED
            outcomes.setdefault(AttemptOutcome.REFUSED if failure.permanent else deferred, failure)
            if failure.tries_next_mx or not failure.permanent:
                left.append(copy)
        if held and gone:
            entry.drop(gone)
        if client.paths.mixed:
            self._note_addresses(peer, gone, now)
        outcome, deciding = next(iter(outcomes.items()))
        if len(outcomes) > 1:
            outcome = AttemptOutcome.PARTIAL
        self._record(session, peer, now, outcome, deciding)
        return left

    def _note_addresses(self, peer: Peer, gone: Iterable[Copy], now: float) -> None:
        """Write down how these copies' addresses were written on this hop."""
        back, protocol = spell(self.delivery.entry.reverse_path, peer.protocol) or "<>", peer.protocol
        for copy in gone:
            ends, written = (peer.nodes[0], peer.name), spell(copy.forward_path, protocol)
            fact = AddressFact(copy.message_id, copy.recipient, *ends, now, protocol, written, back)
            self.client.recorder.addresses.append(fact)

    def _tell_relayed(self, replies: Mapping[Path, Reply], now: float) -> None:
        """The peer that took these will not report, so their sender may want to know (RFC 3461 section 5.2.2)."""
        relayed = [
            (copy, RELAYED)
            for copy in self.delivery.copies
            if notifies(copy.parameters, "SUCCESS") and (reply := replies.get(copy.forward_path)) and reply.positive
        ]
        self.client.notifications.send_dsn(self.delivery.entry, relayed, now, "relayed")

    def _record(
        self, session: MailSession, peer: Peer, now: float, outcome: AttemptOutcome, deciding: Reply | Failure | None
    ) -> None:
        copies = self.delivery.copies
        self.client.recorder.attempt(
            peer,
            session,
            now,
            outcome,
            deciding,
            message_id=copies[0].message_id,
            recipients=len(copies),
            delays=self.delivery.entry.delays(self.handed_over, session.contacted_at, now),
            protocol=peer.protocol,
        )

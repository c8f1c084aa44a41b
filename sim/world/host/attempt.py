"""One attempt: a session with one next hop about one message, and what is written down of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import simpy

from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.transmission import Transmission
from sim.mta.dsn import RELAYED
from sim.mta.queue.entry import Copy
from sim.mta.queue.failure import Failure
from sim.mta.queue.message_options import notifies
from sim.mta.server.reception import Reception
from sim.protocol.smtp.client import Client as Machine
from sim.protocol.smtp.replies import Reply
from sim.results.facts import AttemptFact
from sim.results.outcomes import AttemptOutcome
from sim.world.engine.session import Session
from sim.world.host.client import Client, Peer
from sim.world.host.delivery import Delivery, Route
from sim.world.host.host_records import NO_ROUTE
from sim.world.host.next_hops import next_hop_domain, nowhere

NO_ANSWER = Failure(0, "4.4.2", "the session ended without an answer")

MailSession = Session[Transmission, Reception]


@dataclass(slots=True, eq=False)
class Attempt:
    """Passes a delivery's copies on to the host at the end of a route, or to the one that an open session is with.

    Attributes:
        handed_over: when the delivery that it belongs to got its place, s.
        hop: the destination that the delivery counts for: mail for it may follow in the session.
        keeps: whether the session may be left open.
        previous: the attempt whose session this one goes on with, to the host that the session is with.
        contacted: whether mail could be offered.
        session: the session, where it is left open.
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
    contacted: bool = field(default=False, init=False)
    session: MailSession | None = field(default=None, init=False)
    following: Delivery | None = field(default=None, init=False)
    peer: Peer | None = field(default=None, init=False)
    _running: MailSession | None = field(default=None, init=False)
    _by_path: Mapping[Path, Copy] = field(init=False)
    # What the session has cost before.
    _wire_bytes: int = field(default=0, init=False)
    _retransmissions: int = field(default=0, init=False)

    _OPENING: ClassVar[int] = 2
    """Round trips until the greeting is there: the handshake's, and its own."""

    def run(self) -> Generator[float | simpy.Event, float, list[Copy]]:
        """Try; gives the copies that are left for another try."""
        client, entry, copies = self.client, self.delivery.entry, self.delivery.copies
        clock, started = client.clock, client.clock.now
        for copy in copies:
            copy.waited(entry.due, started)
        self._by_path = {copy.forward_path: copy for copy in copies}
        session = self._open(started) if self.previous is None else self._take_over(self.previous)
        peer = self.peer
        if session is None or peer is None:
            until = started + client.host.mta.connect_timeout
            heard = client.paths.no_route_at(self.route.nodes, started, until)
            if heard > started:
                yield heard
            return self._find_no_route(started, clock.now)
        self._running = session
        peer.is_offered(self._by_path)
        client.sessions[peer.session_id] = self
        for copy in copies:
            copy.in_transfer = True
        if self.previous is None:
            yield from session.run(started)
        else:
            yield from session.resume(started, client.times.next_message())
        self._running = None
        self.contacted = session.client.contacted
        self.session = session
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
        return self.route.place if self.peer is None else (self.peer.name, self.peer.ip)

    def close(self) -> None:
        """End the session."""
        session, self.session, peer, client = self.session, None, self.peer, self.client
        if session is not None and peer is not None:
            peer.leave(session.server, session.server_leaves_at)
            if session.connected:
                session.connection.close(client.clock.now, half_closed=client.host.mta.half_closes)
            del client.sessions[peer.session_id]

    def unfinished(self, now: float) -> AttemptFact | None:
        """The record of an attempt that the end of the run finds under way."""
        session, peer = self._running, self.peer
        if session is None or peer is None:
            return None
        return self._fact(session, peer, now, AttemptOutcome.UNFINISHED, None)

    def _open(self, now: float) -> MailSession | None:
        """A session of its own; None where the way to it has broken."""
        client = self.client
        secure = client.host.tls.implicit and "STARTTLS" in client.servers[self.route.host].host.extensions
        opened = client.open(self._transmission(now, secure=secure), self.route, now, secure=secure)
        if opened is None:
            return None
        session, self.peer = opened
        return session

    def _transmission(self, now: float, *, secure: bool = False, machine: Machine | None = None) -> Transmission:
        return Transmission(
            self.client.host,
            self.delivery.mailing(now),
            stays=self._stays if self.keeps else None,
            machine=machine,
            secure=secure,
        )

    def _take_over(self, previous: Attempt) -> MailSession | None:
        """The session of an attempt that has left it."""
        # The one before lets go of it, or the two would hold each other and never be freed.
        session, previous.session = previous.session, None
        if session is not None:
            self.peer = previous.peer
            self._wire_bytes = session.connection.wire_bytes
            self._retransmissions = session.connection.retransmissions
            session.client.follow(self.delivery.mailing(self.client.clock.now), self._stays if self.keeps else None)
        return session

    def _stays(self) -> Mailing | bool:
        """Whether the session is left open for another message, which may have to go out at once."""
        client, session, peer = self.client, self._running, self.peer
        policy, manager, now = client.host.mta, client.manager, client.clock.now
        if session is None or peer is None or peer.messages == policy.connection_count_limit:
            return False
        if now - session.opened_at > policy.connection_time_limit:
            return False
        if client.host.reuse == "ride" and manager.scheduler.by_number and client.uptime.running:
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
        here, there = self.client.host.name, self.place[0]
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
        outcome, deciding = next(iter(outcomes.items()))
        if len(outcomes) > 1:
            outcome = AttemptOutcome.PARTIAL
        client.recorder.attempted(self._fact(session, peer, now, outcome, deciding))
        return left

    def _tell_relayed(self, replies: Mapping[Path, Reply], now: float) -> None:
        """The peer that took these will not report, so their sender may want to know (RFC 3461 section 5.2.2)."""
        relayed = [
            (copy, RELAYED)
            for copy in self.delivery.copies
            if notifies(copy.parameters, "SUCCESS") and (reply := replies.get(copy.forward_path)) and reply.positive
        ]
        self.client.notifications.send_dsn(self.delivery.entry, relayed, now, "relayed")

    def _fact(
        self, session: MailSession, peer: Peer, now: float, outcome: AttemptOutcome, deciding: Reply | Failure | None
    ) -> AttemptFact:
        connection, round_trips, copies = session.connection, session.round_trips, self.delivery.copies
        if self.previous is None:
            round_trips = round_trips + self._OPENING if session.connected else 1
        return AttemptFact(
            copies[0].message_id,
            self.client.host.name,
            peer.name,
            session.started_at,
            now,
            outcome,
            deciding.code if deciding else 0,
            deciding.enhanced if deciding else "",
            round_trips,
            (connection.wire_bytes - self._wire_bytes) * (len(peer.nodes) - 1),
            connection.retransmissions - self._retransmissions,
            peer.session_id,
            len(copies),
            *self.delivery.entry.delays(self.handed_over, session.contacted_at, now),
            peer.source,
            peer.ip,
        )

"""One attempt: a session with one next hop about one message, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

import simpy

from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.transmission import Transmission
from sim.mta.queue.message_options import notifies
from sim.mta.queue.queue import Copy, Entry, Failure
from sim.mta.reports.dsn import RELAYED
from sim.mta.server.reception import Reception
from sim.protocol.smtp.replies import Reply
from sim.results.facts import AttemptFact
from sim.results.outcomes import AttemptOutcome
from sim.world.engine.session import Session
from sim.world.host.notifications import send_dsn
from sim.world.host.peer import Peer

if TYPE_CHECKING:
    from sim.world.host.deliveries import Delivery
    from sim.world.host.host import Station
    from sim.world.host.next_hops import Route

NO_ANSWER = Failure(0, "4.4.2", "the session ended without an answer")
NO_ROUTE = Failure(0, AttemptOutcome.NO_ROUTE.status, AttemptOutcome.NO_ROUTE.reason)
NO_NAMES = Failure(0, AttemptOutcome.DNS_FAILURE.status, AttemptOutcome.DNS_FAILURE.reason)


class Attempt:
    """Passes copies of an entry on to the host at the end of a way, or to the one that an open session is with.

    `contacted` says afterwards whether mail could be offered, `session` is the session where that is left open, and
    `heir` the delivery whose message has gone out in it already, which is to go on in this one's place.

    Args:
        station: the host that sends.
        entry: the message.
        copies: those of its copies that go this way.
        route: what the bytes of a session of its own pass, and where it ends.
        handed_over: when the delivery that it belongs to got its place, s.
        hop: the destination that the delivery counts for: mail for it may follow in the session.
        keeps: whether the session may be left open.
        before: the attempt whose session this one goes on with, to the host that the session is with.
    """

    __slots__ = (
        "_before",
        "_by_path",
        "_copies",
        "_entry",
        "_handed_over",
        "_hop",
        "_keeps",
        "_peer",
        "_retransmissions",
        "_route",
        "_session",
        "_station",
        "_wire_bytes",
        "contacted",
        "heir",
        "session",
    )

    _OPENING = 2
    """Round trips until the greeting is there: the handshake's, and its own."""

    def __init__(
        self,
        station: Station,
        entry: Entry,
        copies: Sequence[Copy],
        route: Route,
        handed_over: float,
        *,
        hop: str,
        keeps: bool = False,
        before: Attempt | None = None,
    ) -> None:
        self._station = station
        self._entry = entry
        self._copies = copies
        self._route = route
        self._handed_over = handed_over
        self._by_path = {copy.forward_path: copy for copy in copies}
        self._hop = hop
        self._keeps = keeps
        self._before = before
        self._peer: Peer | None = None
        self._wire_bytes = self._retransmissions = 0
        self._session: Session[Transmission, Reception] | None = None
        self.session: Session[Transmission, Reception] | None = None
        self.contacted = False
        self.heir: Delivery | None = None

    def run(self) -> Generator[float | simpy.Event, float, list[Copy]]:
        """Try; gives the copies that are left for another try."""
        station, env = self._station, self._station.world.env
        started = env.now
        for copy in self._copies:
            copy.waited(self._entry.due, started)
        session = self._open(started) if self._before is None else self._take_over(self._before)
        peer = self._peer
        if session is None or peer is None:
            heard = station.world.no_route_at(self._route.way, started, started + station.host.mta.connect_timeout)
            if heard > started:
                yield heard
            return self._find_no_way(started, env.now)
        self._session = session
        peer.is_offered(self._by_path)
        station.attempts[peer.session_id] = self
        for copy in self._copies:
            copy.in_transfer = True
        if self._before is None:
            yield from session.run(started)
        else:
            yield from session.resume(started, station.times.next_message())
        self._session = None
        self.contacted = session.client.contacted
        self.session = session
        if session.outcome or not session.client.kept:
            self.close()
        return self._conclude(session, peer, env.now)

    @property
    def domain(self) -> str:
        """The next-hop domain of its mail."""
        return self._station.ways.next_hop(self._copies[0].next_domain)

    @property
    def peer(self) -> str:
        """The host that its session is with."""
        return self._route.host if self._peer is None else self._peer.station.host.name

    @property
    def place(self) -> tuple[str, str]:
        """The host that its session is with, and the address."""
        return self._route.place if self._peer is None else (self._peer.station.host.name, self._peer.ip)

    def close(self) -> None:
        """End the session."""
        session, self.session, peer = self.session, None, self._peer
        if session is not None and peer is not None:
            peer.leave(session.server, session.server_leaves_at)
            if session.connected:
                session.connection.close(self._station.world.env.now, half_closed=self._station.host.mta.half_closes)
            session.client.close()
            del self._station.attempts[peer.session_id]

    def _open(self, now: float) -> Session[Transmission, Reception] | None:
        """A session of its own; None where the way to it has broken."""
        station, entry = self._station, self._entry
        world, host = station.world, station.host
        route, peer = self._route, world.stations[self._route.host]
        there = station.ways.line_up(route, now)
        if there is None:
            return None
        lines, listens = there
        source = station.sources.to(route.ip)
        session_id = world.next_session_id()
        asks = entry.options is not None
        secure = host.tls.implicit and "STARTTLS" in peer.host.extensions
        client = Transmission(
            host,
            entry.reverse_path,
            tuple(self._by_path),
            entry.content,
            parameters=entry.options.at(now) if entry.options is not None else (),
            recipient_parameters=tuple([copy.parameters for copy in self._copies]) if asks else (),
            stays=self._stays if self._keeps else None,
            secure=secure,
        )
        reception = Reception(peer.host, peer.directory, policy=peer.client_policy(source or host.name), secure=secure)
        connection = world.connect(
            *lines,
            server=peer.weather,
            client_tcp=host.tcp,
            server_tcp=peer.host.tcp,
            program=reception,
            patience=peer.host.mta.idle_timeout,
            writes=host.mta.write_size,
            listens=listens,
            metrics=station.tcp_metrics_with(peer, source, route.ip),
        )
        self._peer = Peer(station, peer, route.way, session_id, connection, source=source, ip=route.ip)
        return Session(
            client,
            reception,
            connection,
            self._peer,
            client_times=station.times,
            server_times=peer.at_work() if peer.queue.incoming else peer.times,
            lifetimes=station.lifetimes(peer, lines[1], now),
            implicit_tls=secure,
            trace=world.trace(session_id),
            clock=world.env,
        )

    def _take_over(self, before: Attempt) -> Session[Transmission, Reception] | None:
        """The session of an attempt that has left it."""
        # The one before lets go of it, or the two would hold each other and never be freed.
        session, before.session = before.session, None
        if session is not None:
            self._peer = before._peer
            self._wire_bytes = session.connection.wire_bytes
            self._retransmissions = session.connection.retransmissions
            session.client.next = mailing_of(self._entry, self._copies, self._station.world.env.now)
            session.client.stays = self._stays if self._keeps else None
        return session

    def _stays(self) -> bool:
        """Whether the session is left open for another message, which may have to go out at once."""
        station, session = self._station, self._session
        policy, manager, peer = station.host.mta, station.deliveries.manager, self._peer
        if session is None or peer is None or peer.messages == policy.connection_count_limit:
            return False
        now = station.world.env.now
        if now - session.opened_at > policy.connection_time_limit:
            return False
        if station.host.reuse == "ride" and manager.jobs.by_number:
            self.heir = station.deliveries.successor(self._hop, self.peer)
            if self.heir is not None:
                entry, copies, *_ = self.heir
                session.client.next = mailing_of(entry, copies, now)
                return True
        if policy.connection_idle_limit > 0 or manager.jobs.waits_for(self._hop):
            return True
        return station.retry.next_waiting(self._hop, self._entry.queue_id) is not None

    def unfinished(self, now: float) -> AttemptFact | None:
        """The record of an attempt that the end of the run finds under way."""
        session, peer = self._session, self._peer
        if session is None or peer is None:
            return None
        return self._fact(session, peer, now, AttemptOutcome.UNFINISHED, None)

    def _find_no_way(self, started: float, now: float) -> list[Copy]:
        for copy in self._copies:
            copy.tried((now - started, 0.0, 0.0), now)
            self._entry.failures[copy.recipient] = NO_ROUTE
        fact = nowhere(
            NO_ROUTE,
            self._station.host.name,
            self.peer,
            self._entry,
            self._copies,
            handed_over=self._handed_over,
            now=now,
        )._replace(started_s=started, to_address=self._route.ip)
        self._station.world.recorder.attempted(fact)
        return list(self._copies)

    def _conclude(self, session: Session[Transmission, Reception], peer: Peer, now: float) -> list[Copy]:
        """Write down what the session brought, copy by copy; give those that are left for another try."""
        entry, ledger, replies = self._entry, self._station.world.ledger, session.client.replies
        cut = session.client.failure
        # A refusal of the session outlives its connection.
        broken = session.outcome if cut is session.failure else None
        left: list[Copy] = []
        gone: list[Copy] = []
        outcomes: dict[AttemptOutcome, Reply | Failure] = {}
        held, name = self._station.queue.holds(entry), peer.station.host.name
        silent = session.outcome is not None and session.outcome.silent
        if held and entry.options is not None and not session.client.reports:
            self._tell_relayed(replies, now)
        for copy in self._copies:
            copy.in_transfer = False
            reply = replies.get(copy.forward_path)
            if reply is not None and reply.positive:
                outcomes.setdefault(AttemptOutcome.ACCEPTED, reply)
                gone.append(copy)
                if held:
                    ledger.hand_over(copy)
                continue
            copy.tried(session.spent(now), now)
            failure = session.client.refusal(copy.forward_path, name) if reply is not None else cut or NO_ANSWER
            failure = self._station.failure_scopes.applied(failure, silent=silent)
            entry.failures[copy.recipient] = failure
            outcomes.setdefault(_outcome(failure, broken if reply is None else None), failure)
            if failure.tries_next_mx or not failure.permanent:
                left.append(copy)
        if held and gone:
            entry.drop(gone)
        outcome, deciding = next(iter(outcomes.items()))
        if len(outcomes) > 1:
            outcome = AttemptOutcome.PARTIAL
        self._station.world.recorder.attempted(self._fact(session, peer, now, outcome, deciding))
        return left

    def _tell_relayed(self, replies: Mapping[Path, Reply], now: float) -> None:
        """The peer that took these will not report, so their sender may want to know (RFC 3461 section 5.2.2)."""
        relayed = [
            (copy, RELAYED)
            for copy in self._copies
            if notifies(copy.parameters, "SUCCESS") and (reply := replies.get(copy.forward_path)) and reply.positive
        ]
        send_dsn(self._station, self._entry, relayed, now, "relayed")

    def _fact(
        self,
        session: Session[Transmission, Reception],
        peer: Peer,
        now: float,
        outcome: AttemptOutcome,
        deciding: Reply | Failure | None,
    ) -> AttemptFact:
        connection, turns = session.connection, session.round_trips
        if self._before is None:
            turns = turns + self._OPENING if session.connected else 1
        return AttemptFact(
            self._copies[0].message_id,
            self._station.host.name,
            peer.station.host.name,
            session.started_at,
            now,
            outcome,
            deciding.code if deciding else 0,
            deciding.enhanced if deciding else "",
            turns,
            (connection.wire_bytes - self._wire_bytes) * (len(peer.way) - 1),
            connection.retransmissions - self._retransmissions,
            peer.session_id,
            len(self._copies),
            *self._entry.delays(self._handed_over, session.contacted_at, now),
            peer.source,
            peer.ip,
        )


def mailing_of(entry: Entry, copies: Sequence[Copy], now: float) -> Mailing:
    """The message as an open session is given it."""
    paths, options = tuple([copy.forward_path for copy in copies]), entry.options
    if options is None:
        return Mailing(entry.reverse_path, paths, entry.content)
    asked = tuple([copy.parameters for copy in copies])
    return Mailing(entry.reverse_path, paths, entry.content, options.at(now), asked)


def nowhere(
    failure: Failure, host: str, towards: str, entry: Entry, copies: Sequence[Copy], *, handed_over: float, now: float
) -> AttemptFact:
    """The record of an attempt that found no way to its next hop, or could not look up which that is."""
    outcome = AttemptOutcome.DNS_FAILURE if failure is NO_NAMES else AttemptOutcome.NO_ROUTE
    message_id, status, delays = copies[0].message_id, failure.enhanced, entry.delays(handed_over, inf, now)
    return AttemptFact(message_id, host, towards, now, now, outcome, 0, status, 0, 0, 0, 0, len(copies), *delays)


def _outcome(failure: Failure, cut: AttemptOutcome | None) -> AttemptOutcome:
    if failure.permanent:
        return AttemptOutcome.REFUSED
    return cut or AttemptOutcome.DEFERRED

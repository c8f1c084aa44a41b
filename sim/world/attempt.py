"""One attempt: a session with one next hop about one message, and what is written down of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import simpy

from sim.mta.queue import Copy, Entry, Failure, HopTime
from sim.mta.reception import AcceptedMail, Reception
from sim.mta.transmission import Transmission
from sim.network.tcp import Connection
from sim.protocol.smtp.replies import Reply
from sim.results.facts import AttemptFact
from sim.world.session import Session

if TYPE_CHECKING:
    from sim.world.station import Station, Way

NO_ANSWER = Failure(0, "4.4.2", "the session ended without an answer")
NO_ROUTE = Failure(0, "4.4.3", "no route to host")


class Attempt:
    """Passes copies of an entry on to the host at the end of a way; the far end of its session is that host.

    `contacted` says afterwards whether mail could be offered.
    """

    __slots__ = ("_boots", "_by_path", "_copies", "_entry", "_peer", "_session", "_station", "_way", "contacted")

    def __init__(self, station: Station, entry: Entry, copies: Sequence[Copy], way: Way) -> None:
        self._station = station
        self._entry = entry
        self._copies = copies
        self._way = way
        self._peer = station.world.stations[way[-1]]
        self._by_path = {copy.forward_path: copy for copy in copies}
        self._boots = -1
        self._session: Session | None = None
        self.contacted = False

    def run(self) -> Generator[simpy.Event, None, list[Copy]]:
        """Try; gives the copies that are left for another try."""
        station, entry, peer = self._station, self._entry, self._peer
        world, env, started = station.world, station.world.env, station.world.env.now
        for copy in self._copies:
            copy.waited(entry.due, started)
        lines = world.lines(self._way, started)
        if lines is None:
            return self._find_no_way(started)
        session_id = world.next_session_id()
        client = Transmission(station.host, entry.reverse_path, tuple(self._by_path), entry.content)
        session = self._session = Session(
            client,
            Reception(peer.host, peer.directory),
            Connection(*lines, server=peer.weather),
            policy=station.host.mta,
            client_up_until=station.weather.next_down(started),
            server=peer.host,
            server_weather=peer.weather,
            far_end=self,
            hears=world.listener(session_id),
        )
        station.attempts[session_id] = self
        for copy in self._copies:
            copy.in_transfer = True
        steps = session.waits(started)
        try:
            then = next(steps)
            while True:
                if not env.leap(then):
                    yield env.at(then)
                then = steps.send(then)
        except StopIteration:
            pass
        self._session = None
        self.contacted = client.contacted
        if self._boots == peer.boots:
            peer.inbound -= 1
        if session.connected:
            session.connection.close()
        client.close()
        del station.attempts[session_id]
        return self._conclude(session, session_id, env.now)

    def admit(self) -> bool:
        """A connection is made; whether the peer has too many of them."""
        self._boots = self._peer.boots
        self._peer.inbound += 1
        return self._peer.inbound > self._peer.host.sessions

    def take(self, mail: AcceptedMail, spent: HopTime, now: float) -> None:
        """The peer has custody."""
        self._peer.receive(mail, self._there(mail, spent, now), now)

    def take_later(self, mail: AcceptedMail, spent: HopTime, at: float) -> None:
        """The peer will have custody at `at`, and nobody will know."""
        peer, copies = self._peer, self._there(mail, spent, at)
        self._station.world.later(at, lambda: peer.receive(mail, copies, at))

    def _there(self, mail: AcceptedMail, spent: HopTime, at: float) -> list[Copy]:
        """The copies as the peer has them."""
        return [self._by_path[path].at(self._peer.host.name, spent, at) for path in mail.forward_paths]

    def unfinished(self, session_id: int, now: float) -> AttemptFact | None:
        """The record of an attempt that the end of the run finds under way."""
        session = self._session
        return None if session is None else self._fact(session, session_id, now, "unfinished", None)

    def _find_no_way(self, now: float) -> list[Copy]:
        for copy in self._copies:
            copy.tried((0.0, 0.0, 0.0), now)
            self._entry.failures[copy.recipient] = NO_ROUTE
        fact = no_route(self._station.host.name, self._way[-1], self._copies, now)
        self._station.world.recorder.attempts.append(fact)
        return list(self._copies)

    def _conclude(self, session: Session, session_id: int, now: float) -> list[Copy]:
        """Write down what the session brought, copy by copy; give those that are left for another try."""
        entry, ledger, replies = self._entry, self._station.world.ledger, session.transmission.replies
        cut = session.transmission.failure or session.failure
        left: list[Copy] = []
        gone: set[str] = set()
        outcomes: dict[str, Reply | Failure] = {}
        spent = session.spent(now)
        held = self._station.holds(entry)
        for copy in self._copies:
            copy.in_transfer = False
            reply = replies.get(copy.forward_path)
            if reply is not None and reply.positive:
                outcomes.setdefault("accepted", reply)
                gone.add(copy.recipient)
                if held:
                    ledger.hand_over(copy)
                continue
            copy.tried(spent, now)
            failure = _failure(reply, self._peer.host.name) if reply is not None else cut or NO_ANSWER
            entry.failures[copy.recipient] = failure
            outcomes.setdefault(_outcome(failure, session.outcome if reply is None else ""), failure)
            if not failure.permanent:
                left.append(copy)
        if held and gone:
            entry.copies = [copy for copy in entry.copies if copy.recipient not in gone]
        outcome, deciding = next(iter(outcomes.items()))
        if len(outcomes) > 1:
            outcome = "partial"
        self._station.world.recorder.attempts.append(self._fact(session, session_id, now, outcome, deciding))
        return left

    def _fact(
        self, session: Session, session_id: int, now: float, outcome: str, deciding: Reply | Failure | None
    ) -> AttemptFact:
        connection = session.connection
        return AttemptFact(
            self._copies[0].message_id,
            self._station.host.name,
            self._peer.host.name,
            session.started_at,
            now,
            outcome,
            deciding.code if deciding else 0,
            deciding.enhanced if deciding else "",
            session.transmission.turns + 2 if session.connected else 1,
            connection.wire_bytes * (len(self._way) - 1),
            connection.retransmissions,
            session_id,
            len(self._copies),
        )


def no_route(host: str, towards: str, copies: Sequence[Copy], now: float) -> AttemptFact:
    """The record of an attempt that found no way to its next hop."""
    message_id, status = copies[0].message_id, NO_ROUTE.enhanced
    return AttemptFact(message_id, host, towards, now, now, "no-route", 0, status, 0, 0, 0, 0, len(copies))


def _failure(reply: Reply, host: str) -> Failure:
    return Failure(reply.code, reply.enhanced, reply.text, host)


def _outcome(failure: Failure, cut: str) -> str:
    if failure.permanent:
        return "refused"
    return cut or "deferred"

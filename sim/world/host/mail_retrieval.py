"""How a host that is not always there asks for the mail that another holds for it: ETRN, TURN or ATRN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import merge
from itertools import count, takewhile
from typing import TYPE_CHECKING

from sim.mta.client.retrieval import Collector
from sim.mta.queue.queue import Failure
from sim.mta.server.reception import Reception
from sim.protocol.smtp.replies import Reply
from sim.results.facts import AttemptFact
from sim.results.outcomes import AttemptOutcome
from sim.scenario.spec import Collects, Host
from sim.world.engine.session import Session
from sim.world.engine.stepping import Waits
from sim.world.host.held_mail import Held
from sim.world.host.peer import Peer
from sim.world.host.turned_delivery import Goodbye, Turn, hand_over

if TYPE_CHECKING:
    from sim.world.host.host import Station

_LONGEST = 400
"""Octets of the domains that one ATRN names, so that its line has no more than RFC 5321 lets a command line have."""


def collect(station: Station, how: Collects, domains: Sequence[str]) -> Waits:
    """Ask again and again."""
    env = station.world.env
    for at in moments(station, how):
        # One that passed while the host was still asking is not made up for.
        if at >= env.now:
            yield at
            if station.weather.is_up(at):
                for some in _lines(domains) if how.by == "atrn" else (domains,):
                    yield from Ask(station, how, some).run()


def moments(station: Station, how: Collects) -> Iterator[float]:
    """When a host asks: at its intervals, when it has come up, and when a line of its own has, as routing sees it."""
    world = station.world
    boots = [up for _, up in station.weather.outages()]
    around = world.mesh.neighbours[station.host.name].values()
    lines = [link.timeline.outages() for parallel in around for link in parallel]
    ups = [sorted(up + world.convergence for _, up in outages) for outages in lines]
    turns = (number * how.every for number in count(1)) if how.every else ()
    before = -1.0
    for at in takewhile(lambda at: at < world.horizon, merge(turns, boots, *ups)):
        if at > before:
            yield at
        before = at


def _lines(domains: Sequence[str]) -> Iterator[Sequence[str]]:
    """The domains in as many parts as fit a command line each."""
    part: list[str] = []
    for domain in domains:
        if part and sum(map(len, part)) + len(part) + len(domain) > _LONGEST:
            yield part
            part = []
        part.append(domain)
    yield part


class Ask:
    """One session in which a host asks for its mail. It is given up where it is cut; the next one comes in time."""

    def __init__(self, station: Station, how: Collects, domains: Sequence[str]) -> None:
        self._station = station
        self._how = how
        self._source = station.world.stations[how.source]
        self._client = Collector(station.host, how.by, domains)
        self._peer: Peer | None = None
        self._session: Session[Collector, Reception] | None = None

    def run(self) -> Waits:
        """Ask, and take what is handed over on the same connection where that is the way."""
        station, source, world = self._station, self._source, self._station.world
        env, now = world.env, world.env.now
        way = world.way(station.host.name, self._how.source, now)
        routes = station.ways.ending(way) if way and way[-1] == self._how.source else ()
        route = () if isinstance(routes, Failure) or not routes else routes[0]
        there = station.ways.line_up(route, now) if route else None
        if not route or there is None:
            return
        lines, listens = there
        session_id = world.next_session_id()
        host, server = station.host, _offering(source.host, self._how.by)
        sends_from = station.sources.to(route.ip)
        connection = world.connect(
            *lines,
            server=source.weather,
            client=station.weather,
            client_tcp=host.tcp,
            server_tcp=server.tcp,
            listens=listens,
            metrics=station.tcp_metrics_with(source, sends_from, route.ip),
        )
        self._peer = peer = Peer(station, source, route.way, session_id, connection, source=sends_from, ip=route.ip)
        self._session = session = Session(
            self._client,
            Reception(
                server, source.directory, policy=source.client_policy(sends_from or host.name), held_mail=Held(source)
            ),
            connection,
            peer,
            client_times=station.times,
            server_times=source.times,
            lifetimes=station.lifetimes(source, lines[1], now),
            trace=world.trace(session_id),
            clock=env,
        )
        station.attempts[session_id] = self
        yield from session.run(now)
        turn = first = None
        if self._client.turned and session.server.turn_nodes is not None:
            turn = Turn(source, station, session, session_id, Held(source).lined_up(session.server.turn_nodes))
            first = next(turn.waiting, None)
            if first is None:
                yield from Goodbye(turn).run()
        elif session.connected:
            session.connection.close(env.now)
        del station.attempts[session_id]
        world.recorder.attempted(self._fact(session, peer, env.now))
        self._client.close()
        peer.leave(session.server, env.now)
        if turn is not None and first is not None:
            # What is handed over outlives the asking: the host may crash, and ask again when it is back.
            env.start_soon(hand_over(turn, first, tuple(reversed(route.way))))

    def unfinished(self, now: float) -> AttemptFact | None:
        """The record of a session that the end of the run finds under way."""
        session, peer = self._session, self._peer
        return None if session is None or peer is None else self._fact(session, peer, now, AttemptOutcome.UNFINISHED)

    def _fact(
        self, session: Session[Collector, Reception], peer: Peer, now: float, outcome: AttemptOutcome | None = None
    ) -> AttemptFact:
        """What asking cost, and the reply that decided it. It belongs to no message: their number is 0."""
        client, connection, contacted = self._client, session.connection, min(session.contacted_at, now)
        word = client.reply or client.failure
        code, enhanced = (word.code, word.enhanced) if word else (0, "")
        return AttemptFact(
            0,
            self._station.host.name,
            peer.station.host.name,
            session.opened_at,
            now,
            outcome or session.outcome or _outcome(word),
            code,
            enhanced,
            session.round_trips + 2 if session.connected else 1,
            connection.wire_bytes * (len(peer.way) - 1),
            connection.retransmissions,
            peer.session_id,
            0,
            0.0,
            0.0,
            contacted - session.opened_at,
            now - contacted,
            peer.source,
            peer.ip,
        )


def _outcome(word: Reply | Failure | None) -> AttemptOutcome:
    if isinstance(word, Reply) and word.positive:
        return AttemptOutcome.ACCEPTED
    return AttemptOutcome.REFUSED if word is not None and word.code >= 500 else AttemptOutcome.DEFERRED


def _offering(host: Host, by: str) -> Host:
    """A host that holds mail for others lets them ask for it; ODMR has a port of its own for that (RFC 2645)."""
    keyword = by.upper()
    return host if keyword in host.extensions else replace(host, extensions=(*host.extensions, keyword))

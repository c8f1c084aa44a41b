"""How a host that is not always there asks for the mail that another holds for it: ETRN, TURN or ATRN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import count, takewhile
from typing import Literal

from sim.mta.client.retrieval import RetrievalClient
from sim.mta.queue.failure import Failure
from sim.mta.server.reception import Reception
from sim.protocol.smtp.replies import Reply
from sim.results.facts import AttemptFact
from sim.results.outcomes import AttemptOutcome
from sim.scenario.spec import Collects, Host
from sim.world.engine.session import Session
from sim.world.engine.stepping import Waits
from sim.world.host.client import Peer
from sim.world.host.delivery import Route
from sim.world.host.host import HostAtWork
from sim.world.host.turned_delivery import RoleReversal

_LONGEST = 400
"""Octets of the domains that one ATRN names, so that its line has no more than RFC 5321 lets a command line have."""


def collect(host: HostAtWork, how: Collects, source: HostAtWork) -> Waits:
    """Ask a source again and again."""
    domains = host.domains
    for at in moments(host, how):
        # One that passed while the host was still asking is not made up for.
        if at >= host.clock.now:
            yield at
            if host.uptime.host.is_up(at):
                for some in _lines(domains) if how.by == "atrn" else (domains,):
                    yield from Retrieval(host, source, how.by, some).run()


def moments(host: HostAtWork, how: Collects) -> Iterator[float]:
    """When a host asks: at its intervals, when it has come up, and when a line of its own has, as routing sees it."""
    boots = [up for _, up in host.uptime.host.outages()]
    lines = host.client.paths.lines_up(host.spec.name)
    turns = (number * how.every for number in count(1)) if how.every else ()
    before = -1.0
    for at in takewhile(lambda at: at < host.clock.horizon, merge(turns, boots, *lines)):
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


@dataclass(eq=False)
class Retrieval:
    """One session in which a host asks for its mail. It is given up where it is cut; the next one comes in time."""

    host: HostAtWork
    source: HostAtWork
    by: Literal["etrn", "turn", "atrn"]
    domains: Sequence[str]
    _opened: tuple[Session[RetrievalClient, Reception], Peer] | None = field(default=None, init=False)

    def run(self) -> Waits:
        """Ask, and take what is handed over on the same connection where that is the way."""
        client, clock, source = self.host.client, self.host.clock, self.source
        name, now = source.spec.name, clock.now
        nodes = client.paths.nodes(self.host.spec.name, name, now)
        routes = self.host.next_hops.ending(nodes) if nodes and nodes[-1] == name else ()
        if isinstance(routes, Failure) or not routes:
            return
        route = routes[0]
        collector = RetrievalClient(self.host.spec, self.by, self.domains)
        self._opened = client.open(collector, route, now, offering=_offering(source.spec, self.by))
        if self._opened is None:
            return
        session, peer = self._opened
        client.sessions[peer.session_id] = self
        yield from session.run(now)
        turned = first = None
        if collector.turned and session.server.turn_nodes is not None:
            waiting = source.server.held_mail.deliveries(session.server.turn_nodes)
            turned = RoleReversal(source.client, self.host.server, session, peer.session_id, waiting)
            first = next(waiting, None)
            if first is None:
                yield from turned.quit()
        elif session.connected:
            session.connection.close(clock.now)
        del client.sessions[peer.session_id]
        client.recorder.attempted(self._fact(session, peer, clock.now))
        peer.leave(session.server, clock.now)
        if turned is not None and first is not None:
            # What is handed over outlives the asking: the host may crash, and ask again when it is back.
            back = Route(tuple(reversed(route.nodes)))
            clock.start_soon(turned.deliver(first, back, source.deferred))

    def unfinished(self, now: float) -> AttemptFact | None:
        """The record of a session that the end of the run finds under way."""
        return None if self._opened is None else self._fact(*self._opened, now, AttemptOutcome.UNFINISHED)

    def _fact(
        self,
        session: Session[RetrievalClient, Reception],
        peer: Peer,
        now: float,
        outcome: AttemptOutcome | None = None,
    ) -> AttemptFact:
        """What asking cost, and the reply that decided it. It belongs to no message: their number is 0."""
        client, connection, contacted = session.client, session.connection, min(session.contacted_at, now)
        word = client.reply or client.failure
        code, enhanced = (word.code, word.enhanced) if word else (0, "")
        return AttemptFact(
            0,
            self.host.spec.name,
            peer.name,
            session.opened_at,
            now,
            outcome or session.outcome or _outcome(word),
            code,
            enhanced,
            session.round_trips + 2 if session.connected else 1,
            connection.wire_bytes * (len(peer.nodes) - 1),
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

"""How a host that is not always there asks for the mail that another holds for it: ETRN, TURN or ATRN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from heapq import merge
from itertools import count, takewhile
from typing import Literal

from sim.mta.client.dialogue import QuitOnly
from sim.mta.client.retrieval import RetrievalClient
from sim.mta.queue.failure import Failure
from sim.protocol.smtp.replies import Reply
from sim.results.outcomes import AttemptOutcome
from sim.scenario.spec import Collects, Host
from sim.world.engine.interfaces import ServerHost
from sim.world.engine.stepping import Waits
from sim.world.host.attempt import Attempt
from sim.world.host.client import RoleReversal
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.host import HostAtWork
from sim.world.host.routes import Delivery, Route

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
                    yield from retrieve(host, source, how.by, some)


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


def retrieve(
    host: HostAtWork, source: HostAtWork, by: Literal["etrn", "turn", "atrn"], domains: Sequence[str]
) -> Waits:
    """One session in which a host asks, and takes what is handed over on the same connection where that is the way.

    It is given up where it is cut; the next one comes in time.
    """
    client, clock, name = host.client, host.clock, source.spec.name
    now = clock.now
    nodes = client.paths.nodes(host.spec.name, name, now)
    routes = host.next_hops.ending(nodes) if nodes and nodes[-1] == name else ()
    if isinstance(routes, Failure) or not routes:
        return
    dialogue = RetrievalClient(host.spec, by, domains)
    opened = client.open(dialogue, routes[0], now, source.server.offering(_offering(source.spec, by)))
    if opened is None:
        return
    session, peer = opened

    def record(now: float, outcome: AttemptOutcome | None = AttemptOutcome.UNFINISHED) -> None:
        word, contacted = dialogue.reply or dialogue.failure, min(session.contacted_at, now)
        delays = 0.0, 0.0, contacted - session.opened_at, now - contacted
        client.recorder.attempt(peer, session, now, outcome or _outcome(word), word, delays=delays)

    client.sessions[peer.session_id] = record
    yield from session.run(now)
    turned = first = None
    if dialogue.turned and session.server.turn_nodes is not None:
        waiting = source.server.held_mail.deliveries(session.server.turn_nodes)
        turned = RoleReversal(source.client, host.server, session, peer.session_id, waiting)
        first = next(waiting, None)
        if first is None:
            yield from _quit(turned)
    elif session.connected:
        session.connection.close(clock.now)
    del client.sessions[peer.session_id]
    record(clock.now, session.outcome)
    peer.leave(session.server, clock.now)
    if turned is not None and first is not None:
        # What is handed over outlives the asking: the host may crash, and ask again when it is back.
        clock.start_soon(_hand_over(turned, first, Route(tuple(reversed(peer.nodes))), source.deferred))


def _hand_over(turned: RoleReversal, delivery: Delivery, back: Route, deferred: DeferredQueue) -> Waits:
    """Hand over what waits in the holder's queue, message by message, as long as the session lasts."""
    following: Delivery | None = delivery
    attempt: Attempt | None = None
    while following is not None:
        holder, entry = turned.holder, following.entry
        attempt = Attempt(holder, following, back, holder.clock.now, back.host, True, attempt, turned)
        yield from attempt.run()
        following = attempt.following
        deferred.resume(entry, holder.clock.now)


def _quit(turned: RoleReversal) -> Waits:
    """No mail waits: the greeting, QUIT, and the reply to it."""
    holder = turned.holder
    farewell = QuitOnly(holder.host, turned.session.server.reverse_roles())
    session = turned.reverse(farewell, ServerHost(), holder.clock.now)
    yield from session.run(holder.clock.now)
    session.connection.close(holder.clock.now)


def _outcome(word: Reply | Failure | None) -> AttemptOutcome:
    if isinstance(word, Reply) and word.positive:
        return AttemptOutcome.ACCEPTED
    return AttemptOutcome.REFUSED if word is not None and word.code >= 500 else AttemptOutcome.DEFERRED


def _offering(host: Host, by: str) -> Host:
    """A host that holds mail for others lets them ask for it; ODMR has a port of its own for that (RFC 2645)."""
    keyword = by.upper()
    return host if keyword in host.extensions else replace(host, extensions=(*host.extensions, keyword))

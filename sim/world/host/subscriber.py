"""How a host gets its messages by MQTT: it stays connected to the broker, which passes on what comes (MQTT 3.1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sim.mta.client.envelope import Mailing
from sim.mta.client.message_queue import KEEP_ALIVE, Push, Subscriber
from sim.mta.queue.failure import Failure
from sim.mta.server.message_queue import BrokerReception, MessageReception
from sim.network.transport.reversed import Reversed
from sim.results.facts import AttemptFact
from sim.results.outcomes import AttemptOutcome
from sim.world.engine.lifetimes import Lifetimes
from sim.world.engine.session import Session
from sim.world.engine.stepping import Waits
from sim.world.host.attempt import Attempt
from sim.world.host.client import Client, Courier, Peer
from sim.world.host.host import HostAtWork
from sim.world.host.routes import Delivery, Route
from sim.world.host.server import Server

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 120.0
"""How long a client waits before it connects again, s: at first, and after each vain try twice as long, up to the
longest (paho's `reconnect_delay_set`)."""

_Session = Session[Subscriber, BrokerReception]


@dataclass(frozen=True)
class Subscription:
    """A subscriber's session, in which the broker passes messages on: what an `Attempt` goes on in with swapped roles.

    Attributes:
        broker: the broker's client, which passes on.
        subscriber: who gets it.
        session: the session that the subscriber has opened.
        session_id: its number.
    """

    broker: Client
    subscriber: Server
    session: _Session
    session_id: int

    @property
    def waiting(self) -> Iterator[Delivery]:
        """Nothing is known to follow: the session stays open for what comes."""
        return iter(())

    def open(self, mailing: Mailing, _: object, route: Route, now: float) -> tuple[Session[Courier, Any], Peer]:
        """The session with swapped roles, in which the broker speaks first."""
        broker, subscriber, opened = self.broker, self.subscriber, self.session
        until = broker.uptime.product.next_down(now)
        peer = Peer(broker, subscriber, route.nodes, self.session_id, opened.connection, protocol="mqtt")
        session: Session[Courier, Any] = Session(
            Push(broker.host, opened.server.machine, mailing),
            MessageReception(opened.client.machine),
            Reversed(opened.connection),
            peer,
            client_times=broker.times,
            server_times=subscriber.host_times,
            lifetimes=Lifetimes(until, until, subscriber.uptime.product),
            reversed_roles=True,
            trace=broker.recorder.trace(self.session_id),
            clock=broker.clock,
        )
        return session, peer


def subscribe(host: HostAtWork, broker: HostAtWork, domains: Sequence[str]) -> Waits:
    """Stay connected to a broker for the messages of these domains; connect again where that ends."""
    clock, delay = host.clock, FIRST_DELAY
    while True:
        up = host.uptime.product.next_up(clock.now)
        if up >= clock.horizon:
            return
        if up > clock.now:
            yield up
        connection = _Connected(host, broker, domains)
        yield from connection.run()
        delay = FIRST_DELAY if connection.subscribed else min(2 * delay, LONGEST_DELAY)
        yield clock.now + delay


class _Connected:
    """One connection of a subscriber's, and what it has cost beside the messages that it brought."""

    def __init__(self, host: HostAtWork, broker: HostAtWork, domains: Sequence[str]) -> None:
        self._host = host
        self._broker = broker
        self._dialogue = Subscriber(host.spec, [f"{domain}/#" for domain in domains])
        self._session: _Session | None = None
        self._costs = [0, 0, 0]

    @property
    def subscribed(self) -> bool:
        """Whether the broker has answered SUBSCRIBE."""
        return self._dialogue.subscribed

    def run(self) -> Waits:
        """Connect, subscribe, and take what comes until the connection ends."""
        host, client, clock, name = self._host, self._host.client, self._host.clock, self._broker.spec.name
        now = clock.now
        nodes = client.paths.nodes(host.spec.name, name, now)
        routes = host.next_hops.ending(nodes) if nodes and nodes[-1] == name else ()
        if isinstance(routes, Failure) or not routes:
            return
        opened = client.open(self._dialogue, routes[0], now, self._broker.server.topics)
        if opened is None:
            return
        session, peer = opened

        def record(at: float, outcome: AttemptOutcome = AttemptOutcome.UNFINISHED) -> None:
            self._record(session, peer, now, at, outcome)

        client.sessions[peer.session_id] = record
        yield from self._pay(session, session.run(now))
        if session.outcome is None and self.subscribed:
            yield from self._listen(session, peer)
        if session.connected:
            session.connection.close(clock.now)
        del client.sessions[peer.session_id]
        record(clock.now, session.outcome or self._end(clock.now))
        peer.leave(session.server, max(clock.now, session.server_leaves_at))

    def _end(self, now: float) -> AttemptOutcome:
        """How a connection has ended that was not cut while the subscriber asked something."""
        if not self.subscribed:
            return AttemptOutcome.DEFERRED
        up = self._host.uptime.product.is_up(now)
        return AttemptOutcome.CONNECTION_LOST if up else AttemptOutcome.HOST_CRASH

    def _listen(self, session: _Session, peer: Peer) -> Waits:
        """Take what the broker passes on, and ask now and then whether it is there."""
        host, broker, clock = self._host, self._broker, self._host.clock
        held, name, back = broker.server.held_mail, host.spec.domain, Route(tuple(reversed(peer.nodes)))
        turned = Subscription(broker.client, host.server, session, peer.session_id)
        boots, attempt, asks_at = broker.uptime.boots, None, clock.now + KEEP_ALIVE
        while clock.now < session.until:
            for delivery in held.deliveries((name,)) if broker.uptime.boots == boots else ():
                attempt = Attempt(broker.client, delivery, back, clock.now, back.host, True, attempt, turned)
                yield from attempt.run()
                broker.deferred.resume(delivery.entry, clock.now)
                if attempt.opened is None:
                    return
                asks_at = clock.now + KEEP_ALIVE
            yield clock.any_of([held.news(name), clock.at(min(asks_at, session.until))])
            if asks_at <= clock.now < session.until:
                yield from self._pay(session, session.resume(clock.now, 0.0))
                if session.outcome is not None:
                    return
                asks_at = clock.now + KEEP_ALIVE

    def _pay(self, session: _Session, waits: Waits) -> Waits:
        """Count what a part of the session costs: round trips, bytes, and packets sent again."""
        connection = session.connection
        before = connection.wire_bytes, connection.retransmissions
        yield from waits
        after = connection.wire_bytes, connection.retransmissions
        for index, cost in enumerate((session.round_trips, after[0] - before[0], after[1] - before[1])):
            self._costs[index] += cost

    def _record(self, session: _Session, peer: Peer, began: float, at: float, outcome: AttemptOutcome) -> None:
        """The record of a connection, as of an attempt at no message."""
        trips, octets, again = self._costs
        contacted = min(session.connected_at, at)
        status = outcome.status if self._dialogue.failure or session.failure else ""
        self._host.client.recorder.attempted(
            AttemptFact(
                *(0, peer.nodes[0], peer.nodes[-1], began, at, outcome, 0, status, trips),
                *(octets * (len(peer.nodes) - 1), again, peer.session_id, 0),
                *(0.0, 0.0, contacted - began, at - contacted),
                *(peer.source, peer.ip, "mqtt"),
            )
        )

"""What two hosts do as long as they meet: they tell each other what they have, and pass on what the other has not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import cached_property
from typing import Any, Final, NamedTuple

from sim.mta.client.anti_entropy import AntiEntropyClient
from sim.mta.client.envelope import Mailing
from sim.mta.client.transmission import Transmission
from sim.mta.queue.entry import Entry
from sim.mta.queue.failure import Failure
from sim.mta.server.anti_entropy import AntiEntropyReception
from sim.network.links.timeline import Timeline
from sim.results.outcomes import AttemptOutcome
from sim.world.engine.session import Session
from sim.world.engine.stepping import Waits
from sim.world.host.attempt import Attempt
from sim.world.host.buffer import Buffer, named
from sim.world.host.client import Courier, Peer
from sim.world.host.host import HostAtWork
from sim.world.host.routes import Delivery, Route
from sim.world.host.server import Service

PROTOCOL: Final = "summary-vector"
"""What attempts have where the two tell each other what they have."""

FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 120.0
"""How long they wait before they try again, s, where they could not tell: at first, and twice as long each time."""


class Party(NamedTuple):
    """One of two who meet: a host, and its buffer."""

    host: HostAtWork
    buffer: Buffer


def meet(one: Party, other: Party, link: Timeline) -> Waits:
    """All contacts of two hosts, between which a link is up at these times: each begins when all three are up.

    Who stands first in the network begins, and then each passes on what the other has not, both at a time. Whenever
    either has more for the other, they begin anew. A contact does not end a session: what is under way when a link
    goes down is TCP's, and then SMTP's, to give up.
    """
    clock = one.host.clock
    timelines = link, one.host.uptime.product, other.host.uptime.product
    while True:
        begins = clock.now
        while (later := max(timeline.next_up(begins) for timeline in timelines)) > begins:
            begins = later
        if begins >= clock.horizon:
            return
        if begins > clock.now:
            yield begins
        until = min(clock.horizon, *(timeline.next_down(clock.now) for timeline in timelines))
        yield from _contact(one, other, until)
        if clock.now < until:
            yield until


def _contact(one: Party, other: Party, until: float) -> Waits:
    clock, delay = one.host.clock, FIRST_DELAY
    there, back = Handover(one, other, until), Handover(other, one, until)
    while clock.now < until:
        fine = yield from _tell(there, back)
        if fine:
            over = clock.event()
            clock.start_soon(_then(back.run(), over.succeed))
            yield from there.run()
            if not over.processed:
                yield over
            fine = there.fine and back.fine
        if fine:
            delay = FIRST_DELAY
            while clock.now < until and not (there.has_more or back.has_more):
                yield clock.any_of([one.buffer.news, other.buffer.news, clock.at(until)])
        elif clock.now < until:
            yield min(clock.now + delay, until)
            delay = min(2 * delay, LONGEST_DELAY)


def _then(waits: Waits, act: Callable[[], object]) -> Waits:
    yield from waits
    act()


def _tell(there: Handover, back: Handover) -> Generator[Any, float, bool]:
    """One session in which the two tell each other what they have; whether both know it then."""
    here, clock = there.here.host, there.here.host.clock
    now, client, buffer = clock.now, here.client, there.there.buffer
    dialogue = AntiEntropyClient(there.here.buffer.vector(now))
    server = there.there.host.server
    service = Service(
        server, server.listener, lambda _, __: AntiEntropyReception(lambda: buffer.vector(clock.now)), server.times
    )
    opened = there.route and client.open(dialogue, there.route, now, service)
    if opened is None:
        return False
    session, peer = opened

    def record(at: float, outcome: AttemptOutcome | None = AttemptOutcome.UNFINISHED) -> None:
        contacted = min(session.contacted_at, at)
        delays = 0.0, 0.0, contacted - session.opened_at, at - contacted
        done = AttemptOutcome.DEFERRED if dialogue.failure else AttemptOutcome.ACCEPTED
        client.recorder.attempt(peer, session, at, outcome or done, dialogue.failure, delays=delays, protocol=PROTOCOL)

    client.sessions[peer.session_id] = record
    yield from session.run(now)
    if session.connected:
        session.connection.close(clock.now)
    del client.sessions[peer.session_id]
    record(clock.now, session.outcome)
    peer.leave(session.server, max(clock.now, session.server_leaves_at))
    if dialogue.vector is None or session.server.vector is None:
        return False
    there.learn(dialogue.vector)
    back.learn(session.server.vector)
    return True


class Handover:
    """What one host passes on to another during a contact: sessions of its own. It is a `Turned` session for `Attempt`.

    Args:
        here: who passes on.
        there: who gets it.
        until: when the contact is over, s.

    Attributes:
        fine: whether all that was offered last has been taken, or refused for good.
    """

    def __init__(self, here: Party, there: Party, until: float) -> None:
        self.here = here
        self.there = there
        self.fine = True
        self._until = until
        self._known: set[bytes] = set()
        self._refused: set[bytes] = set()
        self._lent = deque[Entry]()
        self._offered: Iterator[Delivery] = iter(())

    @cached_property
    def route(self) -> Route | None:
        """The way, which is one link; None where the other has no address that can be reached."""
        ends = self.here.host.next_hops.ending((self.here.host.spec.name, self.there.host.spec.name))
        return None if isinstance(ends, Failure) else ends[0]

    @property
    def has_more(self) -> bool:
        """Whether there is something that the other is not known to have, and has not refused."""
        return next(self.here.buffer.offers(self.there.buffer, self._known), None) is not None

    def learn(self, vector: frozenset[bytes]) -> None:
        """The other has told what it has."""
        self._known = self._refused | vector
        self.here.buffer.remove_delivered(self.there.buffer, vector, self.here.host.clock.now)

    @property
    def waiting(self) -> Iterator[Delivery]:
        """What follows in the session."""
        return self._offered

    def open(
        self, mailing: Mailing, stays: Callable[[], Mailing | bool] | None, route: Route, now: float
    ) -> tuple[Session[Courier, Any], Peer] | None:
        """A session of SMTP."""
        client = self.here.host.client
        secure = client.host.tls.implicit and "STARTTLS" in self.there.host.spec.extensions
        caller: Courier = Transmission(client.host, mailing, stays=stays, secure=secure)
        return client.open(caller, route, now, client.takes_mail(route.host), secure=secure)

    def run(self) -> Waits:
        """Pass on what there is, message by message in one session."""
        host, route = self.here.host, self.route
        self.fine = True
        if route is None:
            return
        self._offered = self._lend()
        following, attempt = next(self._offered, None), None
        while following is not None:
            delivery = following
            attempt = Attempt(host.client, delivery, route, host.clock.now, route.host, True, attempt, self)
            yield from attempt.run()
            following = attempt.following
            self._conclude(delivery)
        self.here.buffer.remove_delivered(self.there.buffer, self._known, host.clock.now)

    def _lend(self) -> Iterator[Delivery]:
        """Replicas of what there is, one message after the other, as they are asked for."""
        buffer, clock = self.here.buffer, self.here.host.clock
        for entry, copies in buffer.offers(self.there.buffer, self._known):
            if clock.now >= self._until:
                return
            delivery = buffer.lend(entry, copies, clock.now)
            self._lent.append(entry)
            self._known |= set(map(named, copies))
            buffer.ledger.expect()
            yield delivery

    def _conclude(self, delivery: Delivery) -> None:
        """A message has been passed on, or has not."""
        buffer, failures = self.here.buffer, delivery.entry.failures
        for copy in delivery.copies:
            failure = failures.get(copy.recipient)
            if failure is not None and failure.permanent:
                self._refused.add(named(copy))
            elif failure is not None:
                self._known.discard(named(copy))
                self.fine = False
        buffer.conclude(self._lent.popleft(), delivery, self.there.buffer, self.here.host.clock.now)
        buffer.ledger.came()

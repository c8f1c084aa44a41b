"""Mail that a host hands over as the client, on a connection whose roles TURN or ATRN has swapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from sim.mta.client.dialogue import QuitOnly, SmtpDialogue
from sim.mta.client.envelope import Mailing
from sim.mta.client.retrieval import RetrievalClient
from sim.mta.server.reception import Reception
from sim.network.transport.reversed import Reversed
from sim.world.engine.interfaces import NullSink, ServerHost
from sim.world.engine.lifetimes import Lifetimes
from sim.world.engine.session import Session
from sim.world.engine.stepping import Waits
from sim.world.host.attempt import Attempt, MailSession
from sim.world.host.client import Client, Peer
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.delivery import Delivery, Route
from sim.world.host.server import Server

DialogueT = TypeVar("DialogueT", bound=SmtpDialogue)


@dataclass(frozen=True)
class RoleReversal:
    """A session whose roles are to be swapped.

    `holder` hands over to `asker`, whose client sent TURN or ATRN in `session`; `waiting` gives what is to be handed
    over.
    """

    holder: Client
    asker: Server
    session: Session[RetrievalClient, Reception]
    session_id: int
    waiting: Iterator[Delivery]

    def reverse(self, caller: DialogueT, sink: ServerHost, now: float) -> Session[DialogueT, Reception]:
        """The session with roles swapped."""
        holder, asker, machine = self.holder, self.asker, self.session.client.machine
        until = holder.uptime.product.next_down(now)
        return Session(
            caller,
            Reception(asker.host, asker.directory, policy=asker.policy(holder.host.name), after=machine),
            Reversed(self.session.connection),
            sink,
            client_times=holder.times,
            server_times=asker.host_times,
            lifetimes=Lifetimes(until, until, asker.uptime.product),
            trace=holder.recorder.trace(self.session_id),
            clock=holder.clock,
        )

    def deliver(self, delivery: Delivery, route: Route, deferred: DeferredQueue) -> Waits:
        """Hand over what waits in the holder's queue, message by message, as long as the session lasts."""
        following: Delivery | None = delivery
        attempt: TurnedAttempt | None = None
        while following is not None:
            now = self.holder.clock.now
            attempt = TurnedAttempt(self.holder, following, route, now, route.host, True, attempt, turned=self)
            yield from attempt.run()
            entry, following = following.entry, attempt.following
            deferred.resume(entry, self.holder.clock.now)

    def quit(self) -> Waits:
        """No mail waits: the greeting, QUIT, and the reply to it."""
        clock = self.holder.clock
        farewell = QuitOnly(self.holder.host, self.session.server.reverse_roles())
        session = self.reverse(farewell, NullSink(), clock.now)
        yield from session.run(clock.now)
        session.connection.close(clock.now)


@dataclass(slots=True, eq=False)
class TurnedAttempt(Attempt):
    """An attempt on a connection that is there already; another one follows it, whatever became of it."""

    turned: RoleReversal = field(kw_only=True)
    _OPENING: ClassVar[int] = 1

    def _open(self, now: float) -> MailSession | None:
        turned = self.turned
        connection = turned.session.connection
        self.peer = Peer(turned.holder, turned.asker, self.route.nodes, turned.session_id, connection)
        self._wire_bytes, self._retransmissions = connection.wire_bytes, connection.retransmissions
        return turned.reverse(self._transmission(now, machine=turned.session.server.reverse_roles()), self.peer, now)

    def _stays(self) -> Mailing | bool:
        """As long as there is another message: there is no other session."""
        self.following = next(self.turned.waiting, None)
        if self.following is None or self._running is None:
            return False
        return self.following.mailing(self.client.clock.now)

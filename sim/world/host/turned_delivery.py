"""Mail that a host hands over as the client, on a connection whose roles TURN or ATRN has swapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sim.mta.client.dialogue import Caller, Farewell
from sim.mta.client.retrieval import Collector
from sim.mta.client.transmission import Transmission
from sim.mta.server.reception import Reception
from sim.network.transport.reversed import Reversed
from sim.protocol.smtp.client import Client
from sim.world.engine.interfaces import NullSink, ServerHost
from sim.world.engine.lifetimes import Lifetimes
from sim.world.engine.session import Session
from sim.world.engine.stepping import Waits
from sim.world.host.attempt import Attempt, mailing_of
from sim.world.host.next_hops import Route, Way
from sim.world.host.peer import Peer

if TYPE_CHECKING:
    from sim.world.host.deliveries import Delivery
    from sim.world.host.host import Station


C = TypeVar("C", bound=Caller)


class Turn(NamedTuple):
    """A session whose roles are to be swapped.

    `holder` hands over to `asker`, whose client sent TURN or ATRN in `session`; `waiting` gives what is to be handed
    over.
    """

    holder: Station
    asker: Station
    session: Session[Collector, Reception]
    session_id: int
    waiting: Iterator[Delivery]

    def go_on(self, caller: C, sink: ServerHost, now: float) -> Session[C, Reception]:
        """The session with roles swapped."""
        holder, asker, machine = self.holder, self.asker, self.session.client.machine
        until = holder.runs.next_down(now)
        return Session(
            caller,
            Reception(asker.host, asker.directory, policy=asker.client_policy(holder.host.name), after=machine),
            Reversed(self.session.connection),
            sink,
            client_times=holder.times,
            server_times=asker.times,
            lifetimes=Lifetimes(until, until, asker.runs),
            trace=holder.world.trace(self.session_id),
            clock=holder.world.env,
        )

    def caller(self) -> Client:
        """The holder's machine as the client."""
        return self.session.server.reverse_roles()


class HandOver(Attempt):
    """An attempt on a connection that is there already; another one follows it, whatever became of it."""

    __slots__ = ("_turn",)

    _turn: Turn
    _OPENING = 1

    def _open(self, now: float) -> Session[Transmission, Reception]:
        turn, options = self._turn, self._entry.options
        connection = turn.session.connection
        self._peer = Peer(turn.holder, turn.asker, self._route.way, turn.session_id, connection)
        self._wire_bytes, self._retransmissions = connection.wire_bytes, connection.retransmissions
        client = Transmission(
            turn.holder.host,
            self._entry.reverse_path,
            tuple(self._by_path),
            self._entry.content,
            parameters=options.at(now) if options is not None else (),
            recipient_parameters=tuple([copy.parameters for copy in self._copies]) if options is not None else (),
            stays=self._stays,
            machine=turn.caller(),
        )
        return turn.go_on(client, self._peer, now)

    def _stays(self) -> bool:
        """As long as there is another message: there is no other session."""
        self.heir = next(self._turn.waiting, None)
        if self.heir is None or self._session is None:
            return False
        entry, copies, *_ = self.heir
        self._session.client.next = mailing_of(entry, copies, self._station.world.env.now)
        return True


def hand_over(turn: Turn, delivery: Delivery | None, way: Way) -> Waits:
    """Hand over what waits, message by message, as long as the session lasts."""
    attempt: HandOver | None = None
    while delivery is not None:
        entry, copies, *_ = delivery
        attempt = HandOver(
            turn.holder, entry, copies, Route(way), turn.holder.world.env.now, hop=way[-1], keeps=True, before=attempt
        )
        attempt._turn = turn  # noqa: SLF001 - it is this module's
        yield from attempt.run()
        delivery = attempt.heir
        turn.holder.backlog.resume(entry, turn.holder.world.env.now)


class Goodbye(NullSink):
    """The end of a session that was turned although no mail waits: the greeting, QUIT, and the reply to it."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def run(self) -> Waits:
        """Say it."""
        turn, env = self._turn, self._turn.holder.world.env
        session = turn.go_on(Farewell(turn.holder.host, turn.caller()), self, env.now)
        yield from session.run(env.now)
        session.connection.close(env.now)

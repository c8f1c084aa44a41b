"""The sending side of a host: the sessions that it opens, and what all its attempts share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Protocol, TypeVar

from sim.mail.path import Path
from sim.mta.client.envelope import Mailing
from sim.mta.client.retrieval import RetrievalClient
from sim.mta.client.transmission import Transmission
from sim.mta.client.x400_transfer import Activities
from sim.mta.queue.entry import Copy, HopTime
from sim.mta.queue.failure import Failure
from sim.mta.queue.queue_manager import QueueManager
from sim.mta.server.reception import Reception
from sim.mta.server.transactions import AcceptedMail
from sim.network.interface import Transport
from sim.network.links.timeline import ALWAYS_UP, Timeline
from sim.network.tcp.metrics import MetricsCache
from sim.network.transport.connect import connect
from sim.network.transport.reversed import Reversed
from sim.network.transport.tls import TlsSessions
from sim.protocol.smtp.replies import Reply
from sim.results.outcomes import Step
from sim.scenario.products.base import Refuses
from sim.scenario.products.retry import Retry
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.corruption import UNSEEN, ResidualCorruption
from sim.world.engine.host_times import HostTimes
from sim.world.engine.interfaces import ClientDialogue, ServerDialogue, ServerHost
from sim.world.engine.lifetimes import FOREVER, Lifetimes
from sim.world.engine.paths import LinesBothWays, Nodes, Paths
from sim.world.engine.session import Session
from sim.world.engine.stepping import Waits
from sim.world.host.addresses import Address, Sources
from sim.world.host.listener import Listener, Place
from sim.world.host.notifications import Notifications
from sim.world.host.routes import Delivery, Route
from sim.world.host.server import Server, ServerT, Service
from sim.world.host.uptime import Part

DialogueT = TypeVar("DialogueT", bound=ClientDialogue)


class Courier(ClientDialogue, Protocol):
    """A client's dialogue that brings a message to a host.

    Attributes:
        replies: the reply that decided each forward-path, for those that have one.
        failure: what kept the others from getting one.
        reports: whether the host has taken upon itself what was asked about delivery reports.
    """

    replies: dict[Path, Reply]
    failure: Failure | None
    reports: bool

    def follow(self, mailing: Mailing, stays: Callable[[], Mailing | bool] | None, /) -> None:
        """A session that was kept is to `resume` with this message."""

    def refusal(self, path: Path, host: str, /) -> Failure:
        """The reply that refused a forward-path, as the failure that it is; `host` gave it."""


@dataclass
class Client(Part):
    """What a host's client program and its kernel share among its sessions.

    Attributes:
        servers, addresses: the receiving sides of all hosts, and the addresses of those that have several.
        sources: the addresses that it connects from.
        submits: whether it is a user's mail program.
        protocol: what it speaks where a route does not say it: a key of `services.OPENERS`.
        epoch: the date of time 0, in s after mail's epoch.
        activities: what it remembers of its transfers by X.400.
        sessions: its sessions by number, each with what records the attempt in it that the end of the run cuts short;
            None where it is idle.
    """

    retry: Retry
    notifications: Notifications
    manager: QueueManager[Delivery]
    paths: Paths
    servers: Mapping[str, Server]
    addresses: Mapping[str, Mapping[str, Address]]
    sources: Sources
    times: HostTimes
    tcp_metrics: MetricsCache
    corruption: ResidualCorruption | None
    next_session_id: Callable[[], int]
    submits: bool = False
    protocol: str = "smtp"
    epoch: float = 0.0
    activities: Activities = field(default_factory=Activities)
    tls_sessions: TlsSessions = field(default_factory=TlsSessions)
    sessions: dict[int, Callable[[float], None] | None] = field(default_factory=dict)

    def takes_mail(self, host: str) -> Service[Reception]:
        """What a host serves to one like this that has mail for it."""
        server = self.servers[host]
        return server.submissions if self.submits else server.transfer

    def open(
        self,
        caller: DialogueT,
        route: Route,
        now: float,
        service: Service[ServerT],
        *,
        secure: bool = False,
        times: HostTimes | None = None,
        over: Callable[[Transport, Callable[[], Transport]], Transport] | None = None,
        speaks: Callable[[Transport, DialogueT, ServerT], None] | None = None,
    ) -> tuple[Session[DialogueT, ServerT], Peer] | None:
        """A session of its own with a service of the host at a route's end; None where there is no route.

        Args:
            caller: the client's dialogue.
            route: the way there.
            now: the time, s.
            service: what is served there.
            secure: whether the connection begins with TLS.
            times: what things take the client's program; as they take the host's MTA, where absent.
            over: makes of its connection, and of what makes another one, what the session goes over.
            speaks: is told the connection and the two dialogues.
        """
        host, server = self.host, service.server
        there = self._line_up(route, service, now)
        if there is None:
            return None
        lines, listens = there
        source, session_id = self.sources.to(route.ip), self.next_session_id()
        dialogue = service.answer(source or host.name, secure)
        mine, theirs = source or host.name, route.ip or server.host.name
        more: dict[str, Any] = {"client": self.uptime.host}
        if not service.turns:
            more = {"program": dialogue, "patience": dialogue.patience, "writes": caller.write_size}

        def dial() -> Transport:
            return connect(
                *lines,
                server=server.uptime.host,
                client_tcp=host.tcp,
                server_tcp=server.host.tcp,
                listens=listens,
                quick_acks=service.quick_acks,
                metrics=(self.tcp_metrics.of(mine, theirs), server.tcp_metrics.of(theirs, mine)),
                **more,
            )

        connection = dial()
        if over is not None:
            # Those that are made later carry no commands.
            more = {"client": self.uptime.host}
            connection = over(connection, dial)
        if speaks is not None:
            speaks(connection, caller, dialogue)
        by = route.protocol or self.protocol
        peer = Peer(self, server, route.nodes, session_id, connection, source, route.ip, service.listener, by)
        here, beyond, lifetimes = self.uptime, server.uptime, FOREVER
        if not here.product is beyond.product is ALWAYS_UP:
            ends = here.product.next_down(now), here.host.next_down(now)
            lifetimes = Lifetimes(*ends, beyond.product, beyond.hangs_up(lines[1]))
        session = Session(
            caller,
            dialogue,
            connection,
            peer,
            client_times=times or self.times,
            server_times=service.times(),
            lifetimes=lifetimes,
            implicit_tls=secure,
            trace=self.recorder.trace(session_id),
            clock=self.clock,
        )
        return session, peer

    def _line_up(self, route: Route, service: Service[ServerT], now: float) -> tuple[LinesBothWays, Timeline] | None:
        """The lines of a route, and when somebody listens at its end; None where there is no route."""
        address = self.addresses[route.host][route.ip] if route.ip else None
        if address is not None and not self.sources.reach(address.version):
            return None
        lines, listener = self.paths.lines(route.nodes, now, route.protocol), service.listener
        if lines is None or address is None:
            return lines and (lines, listener.listens())
        if not (self.paths.silent or address.reachable.is_up(now)):
            return None
        return address.behind(lines), listener.listens(address.listens)


@dataclass(slots=True, eq=False)
class Peer(ServerHost):
    """The server's host, as long as a session with it lasts: what is handed over in the session is handed to it.

    Attributes:
        nodes: those that the session's bytes pass, from the client's host to the server's.
        source, ip: the addresses of the two, where they have more than one of any family.
        listener: the listening socket of the service; that for mail, where absent.
        protocol: what the two speak.
        messages: how many have been offered.
    """

    client: Client
    server: Server
    nodes: Nodes
    session_id: int
    connection: Transport
    source: str = ""
    ip: str = ""
    listener: Listener | None = None
    protocol: str = "smtp"
    messages: int = 0
    _damaged: int = 0
    _copies: Mapping[Path, Copy] = field(default_factory=dict)
    _until: float = -inf

    @property
    def name(self) -> str:
        """The host's."""
        return self.nodes[-1]

    @property
    def capacity(self) -> SharedCapacity | None:
        """What its disk and filters can do, where there is a limit."""
        return self.server.capacity

    @property
    def _listener(self) -> Listener:
        return self.listener or self.server.listener

    def is_offered(self, copies: Mapping[Path, Copy]) -> None:
        """The next message's turn has come: its copies by their forward-paths."""
        self._copies = copies
        if self.protocol != "smtp":
            # Not every protocol has source routes.
            self._copies = {Path(to.mailbox): it for to, it in copies.items()} | dict(copies)
        self.messages += 1

    def drops(self) -> bool:
        """Whether a SYN would go unanswered."""
        return self._listener.drops

    def admit(self) -> bool:
        """A connection is made; whether the host serves it at once."""
        return self._listener.admit(self)

    def join_queue(self, until: float) -> Place | Refuses:
        """A place in the host's listen queue, for a client that waits until then, or what it does instead."""
        return self._listener.join_queue(self, until)

    def resumes_tls(self, now: float) -> bool:
        """A handshake of TLS begins; whether it resumes a session that the two hosts have had."""
        client, boots = self.client, self.server.uptime.boots
        return client.host.tls.session_cache and client.tls_sessions.resumes(self.name, boots, now)

    def take(self, mail: AcceptedMail, spent: HopTime, now: float, offered: float, began: float) -> None:
        """The host has custody of what was offered first at `offered`, and began to come in at `began`."""
        mail, copies = self._there(mail, spent, now)
        for copy in copies if self.client.submits else ():
            self.client.ledger.reach((copy.message_id, copy.recipient), Step.SUBMITTED, now)
        self.server.receive(mail, copies, now, offered=offered, began=began, nth=self.messages, by=self.protocol)

    def take_later(self, mail: AcceptedMail, spent: HopTime, at: float, offered: float, began: float) -> None:
        """The host will have custody at `at`, and nobody will know."""
        server, ledger, (mail, copies) = self.server, self.client.ledger, self._there(mail, spent, at)

        def due() -> None:
            server.receive(mail, copies, at, offered=offered, began=began, by=self.protocol)
            ledger.came()

        ledger.expect()
        self.client.clock.call_at(at, due)

    def outlive(self, waits: Waits) -> None:
        """Go on with what outlives the session: it brings the copies as they are now, whatever comes of them here."""
        self._copies = {path: replace(copy) for path, copy in self._copies.items()}
        ledger = self.client.ledger

        def steps() -> Waits:
            yield from waits
            ledger.came()

        ledger.expect()
        self.client.clock.start_soon(steps())

    def leave(self, dialogue: ServerDialogue, at: float) -> None:
        """The server's program ends, now or at `at`, unless its host has gone down since."""
        if at > self.client.clock.now:
            self._until = at
            self.client.clock.call_at(at, lambda: self._end(dialogue))
        else:
            self._end(dialogue)

    def is_there(self, now: float) -> bool:
        """Whether the session goes on, or the server does not know yet that it is over."""
        return self.session_id in self.client.sessions or self._until >= now

    def _end(self, dialogue: ServerDialogue) -> None:
        if self._listener.dismiss(self):
            dialogue.disconnected()

    def _there(self, mail: AcceptedMail, spent: HopTime, at: float) -> tuple[AcceptedMail, list[Copy]]:
        """The mail as the links gave it on, and its copies as the host has them: marked where they are damaged."""
        name, corruption, offered = self.nodes[-1], self.client.corruption, self._copies
        copies = [offered[path].at(name, spent, at) for path in mail.forward_paths]
        if (damaged := self.connection.damaged) > self._damaged:
            # The line's own checksum did not see it.
            self._damaged = damaged
            for copy in copies:
                copy.damage = UNSEEN
        if corruption is None:
            return mail, copies
        content = corruption.carry(mail.content, self.nodes, self.connection.mss)
        for copy, path in zip(copies, mail.forward_paths, strict=True):
            copy.damage = UNSEEN if content is not mail.content else copy.damage or offered[path].damage
        return mail._replace(content=content), copies


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

    def open(
        self, mailing: Mailing, stays: Callable[[], Mailing | bool] | None, route: Route, now: float
    ) -> tuple[Session[Courier, Any], Peer]:
        """The session with swapped roles, in which the holder hands over a message, and the host that it is with."""
        machine = self.session.server.reverse_roles()
        caller = Transmission(self.holder.host, mailing, stays=stays, machine=machine)
        peer = Peer(self.holder, self.asker, route.nodes, self.session_id, self.session.connection)
        return self.reverse(caller, peer, now), peer

    def reverse(self, caller: DialogueT, sink: ServerHost, now: float) -> Session[DialogueT, Any]:
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
            reversed_roles=True,
            trace=holder.recorder.trace(self.session_id),
            clock=holder.clock,
        )

"""A host at work: its parts, what its users and its peers bring it, and what crashes do to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from sim.mail.address import literal_of
from sim.mail.path import Path
from sim.mail.trace import date_time, received
from sim.mta.client.envelope import needs_smtputf8
from sim.mta.queue.message_options import message_options, with_smtputf8
from sim.mta.queue.queue import Copy, Entry, Queue
from sim.mta.retry.failure_scope import FailureScopes
from sim.mta.retry.registry import retry_of
from sim.mta.server.accepted_mail import AcceptedMail
from sim.mta.server.directory import Directory
from sim.mta.server.mailbox import Mailboxes
from sim.mta.server.policy import AccessPolicy, ClientPolicy
from sim.network.links.availability import ALWAYS_UP, Timeline, any_down
from sim.network.links.line import Line
from sim.network.tcp.metrics import Metrics, MetricsCache
from sim.network.tcp.path import HEADERS, gets_through
from sim.network.transport.tls import TlsSessions
from sim.protocol.smtp.events import Parameters
from sim.results.facts import QueueFact
from sim.results.outcomes import CopyOutcome
from sim.scenario.spec import Domain, Host
from sim.scenario.spec.capacity import NO_CAPACITY
from sim.scenario.spec.policies import NO_POLICIES
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.host_times import HostTimes
from sim.world.engine.ledger import LedgerError
from sim.world.engine.lifetimes import Lifetimes
from sim.world.engine.stepping import Waits
from sim.world.host.addresses import Sources
from sim.world.host.attempt import Attempt
from sim.world.host.custody import Custody
from sim.world.host.deliveries import Deliveries
from sim.world.host.listener import Listener
from sim.world.host.mail_retrieval import Ask, collect
from sim.world.host.next_hops import Ways
from sim.world.host.retry_queue import Backlog

if TYPE_CHECKING:
    from sim.world.simulation import Simulation


class Station:
    """One host in the world: its queue, its sessions and its weather.

    What it takes goes through `custody`, which ends copies here or puts them into the `backlog`; that says when they
    are tried, `ways` where they go, and `deliveries` carries them there. Each of them reaches the others through the
    station. `times` are what things take it, `draws` is the host's own stream of random numbers, `retry` its product's
    way to try again, `failure_scopes` what its product makes of failures, `resolver` what it looks names up with,
    `sources` the addresses that it connects from; `running` says whether it and its product are up, `runs` when they
    are, `boots` counts the times that they went down, `capacity` is what its disk and filters can do, where there is a
    limit, `listener` holds the sessions that clients have with it, `tls_sessions` those that its client may resume,
    `tcp_metrics` what its TCP remembers of others, `attempts` those under way from it.
    """

    def __init__(
        self,
        world: Simulation,
        host: Host,
        weather: Timeline,
        domains: Sequence[Domain],
        *,
        listening: Timeline = ALWAYS_UP,
        stops: Timeline = ALWAYS_UP,
    ) -> None:
        self.world = world
        self.host = host
        self.weather = weather
        self.runs = any_down((weather, stops))
        self.queue = Queue()
        self.resolver = world.resolvers[host.name]
        self.directory = Directory(
            host.name,
            domains,
            world.dns.exchangers,
            source_routes=host.source_routes,
            percent_hack=host.percent_hack,
            routes=host.routes,
            mailboxes=world.mailboxes,
        )
        for address in host.addresses:
            self.directory.add_literal(literal_of(address.ip))
        self.mailboxes = Mailboxes(keep=world.scenario.dialogues)
        self.attempts: dict[int, Attempt | Ask] = {}
        self.boots = 0
        draws = world.streams(f"host/{host.name}/source")
        self.sources = Sources(world.addresses.get(host.name, {}), host.sends_from, draws)
        draws = world.streams(f"host/{host.name}/filters")
        self.capacity = None if host.capacity == NO_CAPACITY else SharedCapacity(host.capacity, draws)
        self.listener = Listener(world.env, host, listening)
        self.running = self.runs.is_up(0.0)
        self.tls_sessions = TlsSessions()
        self.tcp_metrics = MetricsCache(host.tcp, weather)
        self.times = HostTimes(host, world.streams(f"host/{host.name}/times"))
        self.draws = world.streams(f"host/{host.name}/mta")
        self.retry = retry_of(host.mta, self.draws.random)
        self.failure_scopes = FailureScopes(host.mta)
        self.custody = Custody(self)
        self.backlog = Backlog(self)
        self.ways = Ways(self)
        self.deliveries = Deliveries(self)
        self._serial = 0
        self._access: AccessPolicy | None = None
        policies = host.policies
        if not policies.sessions_at_once and host.mta.client_session_limit:
            policies = replace(policies, sessions_at_once=host.mta.client_session_limit)
        if policies != NO_POLICIES:
            draws = world.streams(f"host/{host.name}/policies")
            windows, mx = host.mta.rate_windows, world.dns.mx
            self._access = AccessPolicy(policies, draws.random, lambda: self.queue.bytes, windows, mx)
        self._domains = [domain.name for domain in domains]

    def start(self) -> None:
        """Begin to live through the host's weather, and to ask for its mail."""
        clock = self.world.env
        clock.start(self._live_through())
        if self.host.collects is not None and self._domains:
            clock.start(collect(self, self.host.collects, self._domains))

    def tcp_metrics_with(self, peer: Station, source: str, ip: str) -> tuple[Metrics | None, Metrics | None]:
        """What its TCP and that of a peer remember of each other; the addresses are as of `Peer`."""
        here, there = source or self.host.name, ip or peer.host.name
        return self.tcp_metrics.of(here, there), peer.tcp_metrics.of(there, here)

    def submit(
        self, reverse_path: Path, copies: list[Copy], content: bytes, parameters: Parameters | None = None
    ) -> None:
        """Take a new message from a user of this host, or from the host itself.

        The parameters are as MAIL's; None says that none of the copies asks for anything either. That an address needs
        SMTPUTF8 goes without saying.
        """
        now = self.world.env.now
        for copy in copies:
            copy.path = (self.host.name,)
            copy.waited(copy.created, now)
        if self.capacity is not None:
            self.capacity.commits(now)
        if needs_smtputf8(reverse_path, [copy.forward_path for copy in copies]):
            parameters = with_smtputf8(parameters)
        options = None if parameters is None else message_options(parameters, now, self.world.clock)
        self.custody.take(reverse_path, copies, content, now, options=options)

    def receive(
        self, mail: AcceptedMail, copies: list[Copy], now: float, *, offered: float, began: float, nth: int = 1
    ) -> None:
        """Take custody of what a client has handed over, the nth message of its session.

        It was first offered at `offered`, and began to come in at `began`.

        Raises:
            LedgerError: the host is down; a defect of the simulator.
        """
        if not self.running:
            raise LedgerError(f"{self.host.name} is down at {now} s, and takes mail")
        queue_id = self.next_queue_id()
        field = received(
            helo=mail.helo,
            by=self.host.domain,
            protocol=mail.protocol,
            queue_id=queue_id,
            recipient=str(mail.forward_paths[0].mailbox) if len(mail.forward_paths) == 1 else None,
            date=date_time(now + self.world.clock),
        )
        for copy in copies:
            self.world.ledger.take(copy)
        options = None
        asked = mail.parameters
        # SIZE alone is no wish: each hop finds it anew.
        if mail.recipient_parameters or len(asked) > 1 or (asked and asked[0][0] != "SIZE"):
            options = message_options(asked, offered, self.world.clock)
            for copy, parameters in zip(copies, mail.recipient_parameters, strict=False):
                copy.parameters = parameters
        waits = nth > self.host.mta.queues_after > 0
        content = field + mail.content
        if self.custody.is_to_return(mail.content):
            self.custody.turn_back(
                Entry(queue_id, mail.reverse_path, content, now, copies, now, now, options=options), now
            )
            return
        self.custody.take(
            mail.reverse_path,
            copies,
            content,
            now,
            queue_id=queue_id,
            options=options,
            waits=waits,
            receiving=now - began,
        )

    def client_policy(self, client: str) -> ClientPolicy | None:
        """The policies that a client meets, if there are any."""
        return None if self._access is None else ClientPolicy(self._access, client, lambda: self.world.env.now)

    def hangs_up(self, back: Sequence[Line]) -> Callable[[float], float]:
        """When a client hears over these lines that this host's product stops at a time; infinity if the host does."""
        return lambda at: gets_through(back, at, HEADERS) if self.weather.is_up(at) else inf

    def lifetimes(self, server: Station, back: Sequence[Line], now: float) -> Lifetimes:
        """When the programs of a session with a server end that begins now, over these lines back."""
        hangs_up = None if server.runs is server.weather else server.hangs_up(back)
        return Lifetimes(self.runs.next_down(now), self.weather.next_down(now), server.runs, hangs_up)

    def at_work(self) -> HostTimes:
        """How long it takes now: longer where mail comes faster than it is taken up (Postfix's in_flow_delay)."""
        mta = self.host.mta
        if self.queue.incoming < mta.process_limit or not mta.in_flow_delay:
            return self.times
        return self.times.slower(mta.in_flow_delay)

    def flush(self, entries: Iterable[Entry]) -> None:
        """Try messages at once, and forget which destinations are dead.

        All of them, whatever was asked for: flush(8) unthrottles every destination before it moves the mail of one to
        the incoming queue (flush.c: UNTHROTTLE_BEFORE; qmgr.c: QMGR_REQ_FLUSH_DEAD).
        """
        if self.running:
            self.deliveries.manager.flush()
            self.backlog.release(entries, self.world.env.now)

    def held(self) -> Iterator[tuple[Copy, CopyOutcome]]:
        """Every copy that this host holds, and whether it lies in the queue or is in transfer."""
        now = self.world.env.now
        for entry in self.queue.entries.values():
            for copy in entry.copies:
                copy.waited(entry.due, now)
                yield copy, CopyOutcome.IN_TRANSFER if copy.in_transfer else CopyOutcome.QUEUED

    def next_queue_id(self) -> str:
        """A name for a new entry in the queue."""
        self._serial += 1
        return f"{self._serial:X}"

    def note_queue(self, now: float) -> None:
        """Record how much is in the queue."""
        queue = self.queue
        self.world.recorder.queues.append(
            QueueFact(self.host.name, now, len(queue.entries), queue.bytes, queue.incoming, queue.deferred, queue.hold)
        )

    def _live_through(self) -> Waits:
        env, horizon = self.world.env, self.world.horizon
        while (stops := self.runs.next_down(env.now)) < horizon:
            yield stops
            self._stop()
            starts = self.runs.next_up(stops)
            # The host itself may go down while its product is being restarted.
            falls = self.weather.next_down(stops)
            if falls < min(starts, horizon):
                if falls > stops:
                    yield falls
                self._crash(falls)
            if starts >= horizon:
                return
            yield starts
            self._boot(starts)

    def _stop(self) -> None:
        """Sessions end by themselves (their waits know when); what stands in line goes back to the queue."""
        self.running = False
        self.boots += 1
        self.listener.crash()
        if self.capacity is not None:
            self.capacity.restart()
        if self._access is not None:
            self._access.restart()
        self.deliveries.crash()

    def _crash(self, now: float) -> None:
        """What the host has beside its product: a cache of names, and a spool that may be in memory."""
        self.resolver.forget()
        if self.host.spool == "volatile":
            for entry in self.queue.empty():
                for copy in entry.copies:
                    copy.waited(entry.due, now)
                    self.world.ledger.end(copy, CopyOutcome.LOST, f"volatile spool of {self.host.name}", now)
            self.note_queue(now)

    def _boot(self, now: float) -> None:
        self.running = True
        self.retry.starts()
        self.backlog.boot(now)
        self.deliveries.boot(now)

"""A host at work: what it is composed of, and what crashes do to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

from sim.mail.path import Path
from sim.mta.queue.entry import Copy, Entry, Queue
from sim.mta.queue.queue_manager import QueueManager
from sim.mta.server.policy import AccessPolicy
from sim.mta.server.recipients import Directory
from sim.network.dns import Resolver
from sim.network.links.timeline import ALWAYS_UP
from sim.network.tcp.metrics import MetricsCache
from sim.protocol.smtp.events import Parameters
from sim.results.outcomes import CopyOutcome
from sim.scenario.products.retry import retry_of
from sim.scenario.spec import Host
from sim.scenario.spec.capacity import NO_CAPACITY
from sim.scenario.spec.policies import NO_POLICIES
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.host_times import HostTimes
from sim.world.engine.stepping import Waits
from sim.world.host.addresses import Sources
from sim.world.host.buffer import Buffer
from sim.world.host.client import Client
from sim.world.host.custody import Custody, every_copy
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.deliveries import Deliveries
from sim.world.host.device_hosts import submission_service
from sim.world.host.gateway import Gateway
from sim.world.host.held_mail import HeldMail
from sim.world.host.listener import Listener
from sim.world.host.next_hops import NextHops
from sim.world.host.notifications import Notifications, OnScreen
from sim.world.host.routes import Delivery
from sim.world.host.server import Server
from sim.world.host.services import subscriptions
from sim.world.host.session_cache import SessionCache
from sim.world.host.uptime import Uptime
from sim.world.host.world import World
from sim.world.mailbox.local_delivery import LocalDelivery

_OFFLINE = "the device is offline"


class HostAtWork:
    """One host in the world: its queue, its sessions and its weather.

    What it takes goes through `custody`, which ends copies here or puts them into the `deferred` queue; that says when
    they are tried, `next_hops` where they go, and `deliveries` carries them there in sessions of the `client`; those of
    other hosts are with the `server`.

    Args:
        host: its settings.
        world: what it finds.

    Attributes:
        device: the user's device that it is; None of an MTA's host.
        online: when a device is online.
        buffer: what it keeps for those whom it meets, where hosts do not send mail by their own.
    """

    def __init__(self, host: Host, world: World) -> None:
        def stream(of: str) -> Random:
            return world.streams(f"host/{host.name}/{of}")

        clock, name, domains = world.clock, host.name, world.local.get(host.name, ())
        self.spec = host
        self.device = device = world.devices.get(name)
        self.online = ALWAYS_UP if device is None else world.online(device)
        paths = world.paths if device is None else world.device_paths
        self.clock = clock
        self.uptime = uptime = Uptime(world.up[name], world.stops[name])
        self.domains = [domain.name for domain in domains]
        self.queue = Queue()
        mailboxes: dict[str, list[bytes]] | None = {} if world.keeps_mail else None
        self._ledger = world.ledger
        self._resolver = resolver = Resolver(world.dns, world.answers.get(name, ALWAYS_UP), forgets=world.lookup > 0)
        part = host, clock, uptime, world.ledger, world.recorder, self.queue
        is_broker, expands = name == world.broker, world.expanded_by(name)
        directory = Directory(host, domains, world.dns.exchangers, mailboxes=world.mailboxes, expands=expands)
        capacity = None if host.capacity == NO_CAPACITY else SharedCapacity(host.capacity, stream("filters"))
        tcp_metrics, times = MetricsCache(host.tcp, uptime.host), HostTimes(host, stream("times"))
        draws = stream("mta")
        retry = self.retry = retry_of(host.mta, draws.random)
        cache = SessionCache(clock, host.mta.connection_idle_limit)
        manager: QueueManager[Delivery] = QueueManager(host.mta, keeps=host.reuse != "never", idle=cache.idle)
        reports = Notifications if device is None else OnScreen
        notifications = reports(host, world.specs, directory, world.messages, world.ledger, self.submit)
        phase = -draws.uniform(0.0, retry.period)
        begin = self._begin if device is None else self._begin_online
        self.deferred = DeferredQueue(*part, retry, notifications, phase, begin, self._take_held)
        local = None
        if world.user_mailboxes.are_any and domains:
            local = LocalDelivery(world.user_mailboxes, directory, world.ledger, world.messages.epoch)
        keeps = None if device else world.replicas
        self.buffer = None if keeps is None else Buffer(*part, keeps, directory, self.deferred)
        self.custody = Custody(
            *part,
            world.messages,
            directory,
            mailboxes,
            local,
            self.deferred,
            notifications,
            capacity,
            is_broker,
            every_copy if self.buffer is None else self.buffer.admit,
        )
        subscribed = subscriptions(world.subscribed, world.specs) if is_broker else None
        held_mail = HeldMail(directory, self.deferred, self.flush, world.called, subscribed)
        listener, access = Listener(clock, host, world.listening[name]), self._access_policy(world, stream)
        submitters = world.submitters.get(name)
        submission = None
        if submitters:
            # A service of its own has sessions of its own (Postfix's master.cf: submission).
            submission = submission_service(host, submitters), Listener(clock, host, world.listening[name])
        self.server = world.servers[name] = Server(
            *part, directory, self.custody, held_mail, listener, capacity, access, times, tcp_metrics, submission
        )
        if submission is not None:
            self.server.others.append(self.server.submissions)
        sources = Sources(world.addresses.get(name, {}), host.sends_from, stream("source"))
        self.client = Client(
            *part,
            retry,
            notifications,
            manager,
            paths,
            world.servers,
            world.addresses,
            sources,
            times,
            tcp_metrics,
            world.corruption,
            world.next_session_id,
            device is not None,
            paths.usual if device is None else "smtp",
            world.messages.epoch,
        )
        self.next_hops = NextHops(
            *part,
            world.dns,
            resolver,
            paths,
            world.addresses,
            world.literals,
            world.held_domains.get(name, frozenset()),
            held_mail.tell if is_broker else lambda _: None,
            retry,
            self.deferred,
            draws.shuffle if host.mta.randomizes else lambda _: None,
        )
        gateway = None
        if paths.mixed:
            gateway = Gateway(*part, self.deferred, notifications, world.messages.epoch, *world.called_by)
        self.deliveries = Deliveries(
            self.client, self.deferred, self.next_hops, cache, capacity, world.lookup, draws, gateway
        )

    def _access_policy(self, world: World, stream: Callable[[str], Random]) -> AccessPolicy | None:
        policies, mta = self.spec.policies, self.spec.mta
        if not policies.sessions_at_once and mta.client_session_limit:
            policies = replace(policies, sessions_at_once=mta.client_session_limit)
        if policies == NO_POLICIES:
            return None
        random = stream("policies").random
        return AccessPolicy(policies, random, lambda: self.queue.bytes, mta.rate_windows, world.dns.mx)

    def _begin(self, entry: Entry, now: float, new: bool) -> None:
        (self.deliveries.begin if self.buffer is None else self.buffer.keep)(entry, now, new)

    def _begin_online(self, entry: Entry, now: float, new: bool) -> None:
        """What a device has to send waits for it to be online."""
        until = self.online.next_up(now)
        if until > now:
            self.deferred.put_off(entry, until, now, _OFFLINE)
        else:
            self._begin(entry, now, new)

    def send_when_online(self) -> Waits:
        """What is left in a device's outbox is tried whenever it comes online."""
        for _, up in self.online.outages():
            if up >= self.clock.horizon:
                return
            yield up
            self.flush(list(self.queue.entries.values()))

    def _take_held(self, entry: Entry, now: float) -> None:
        back, queue_id, options = entry.reverse_path, entry.queue_id, entry.options
        self.custody.take(back, entry.copies, entry.content, now, queue_id=queue_id, options=options, by=entry.protocol)

    def live(self) -> Waits:
        """Live through the host's weather."""
        return self.uptime.live(self.clock, self._stop, self._crash, self._boot)

    def submit(
        self, reverse_path: Path, copies: list[Copy], content: bytes, parameters: Parameters | None = None
    ) -> None:
        """Take a new message from a user of this host, or from the host itself; as `Custody.submit`."""
        self.custody.submit(reverse_path, copies, content, parameters)

    def flush(self, entries: Iterable[Entry]) -> None:
        """Try messages at once, and forget which destinations are dead.

        All of them, whatever was asked for: flush(8) unthrottles every destination before it moves the mail of one to
        the incoming queue (flush.c: UNTHROTTLE_BEFORE; qmgr.c: QMGR_REQ_FLUSH_DEAD).
        """
        if self.uptime.running:
            self.client.manager.flush()
            self.deferred.release(entries, self.clock.now)

    def _stop(self) -> None:
        """Sessions end by themselves (their waits know when)."""
        self.server.stop()
        self.deliveries.stop()

    def _crash(self, now: float) -> None:
        """What the host has beside its product: a cache of names, and a spool that may be in memory."""
        self._resolver.forget()
        if self.spec.spool == "volatile":
            for copy in self.deferred.lose(now):
                self._ledger.end(copy, CopyOutcome.LOST, f"volatile spool of {self.spec.name}", now)

    def _boot(self, now: float) -> None:
        self.retry.starts()
        self.deferred.boot(now)
        # Those were lined up at the very moment when the host came up.
        self.deliveries.admit(now)

"""One run: a scenario under one architecture, in one replication."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf

from sim.mail.address import domain_key, literal_of
from sim.mail.content import compose
from sim.mail.digest import seal
from sim.mail.mailbox import header_form, parse_mailbox
from sim.mail.path import Path
from sim.mail.text import body_of
from sim.mail.trace import EPOCH, date_time
from sim.mta.queue.queue import Copy
from sim.mta.server.directory import local_domains, mailbox_hosts, stated_mailbox_hosts
from sim.network import topology
from sim.network.dns import Dns, Resolver
from sim.network.links.availability import ALWAYS_UP, AvailabilityModel, any_down
from sim.network.links.line import Line
from sim.network.routing import Routing
from sim.network.tcp.handshake import SYN
from sim.network.transport.connect import connect
from sim.results.facts import Facts, MessageFact
from sim.results.outcomes import CopyOutcome
from sim.scenario.spec import Architecture, Domain, Host, Scenario
from sim.workload.generate import Submission, submissions
from sim.world.engine.clock import Clock
from sim.world.engine.corruption import ResidualCorruption
from sim.world.engine.interfaces import WireTrace
from sim.world.engine.ledger import Ledger, LedgerError
from sim.world.engine.recorder import Recorder
from sim.world.engine.stepping import Waits
from sim.world.engine.streams import Streams
from sim.world.host.addresses import addresses_of
from sim.world.host.host import Station
from sim.world.host.next_hops import Way
from sim.world.operators import restarts, schedule

_ICMP = 20 + 8 + SYN
"""Bytes of a Destination Unreachable, which holds the packet that it is about (RFC 1812 section 4.3.2.3)."""

REACH = {"end-to-end": inf, "store-and-forward": 1}
"""How many links one session spans, at most: to the MX host itself, or to the next host on the way to it."""


class Simulation:
    """A world and everything in it. Nothing outlives it and nothing outside it changes.

    Mail is written from 0 to `scenario.duration`; the run ends when every copy has met its end, or at `horizon`.
    `relays` says whether mail goes from neighbour to neighbour; `mailboxes` are the hosts that keep those of domains
    which say so, `forged` holds the authors of messages whose reverse-path is not theirs. `addresses` are those of the
    hosts that have more than one of any family, `literals` the hosts and addresses that address literals mean, `silent`
    says that nobody tells where no way leads.
    """

    def __init__(self, scenario: Scenario, architecture: Architecture, replication: int, seed: int) -> None:
        self.scenario = scenario
        self.streams = Streams(seed, replication)
        self.horizon = scenario.duration + scenario.drain
        self.env = Clock(self.horizon)
        self.clock = scenario.start.at - EPOCH
        self.recorder = Recorder(scenario.limits, traces=scenario.dialogues)
        self.ledger = Ledger(self._all_ended)
        availability = AvailabilityModel(scenario.network, self.horizon, self.streams, scenario.start)
        self.mesh = topology.build(scenario.network, availability, self.streams)
        self.routing = Routing(
            self.mesh,
            follow_outages=architecture.routing == "shortest-delay",
            convergence=architecture.convergence,
        )
        self.silent = architecture.unreachable == "silent"
        self._map = Routing(self.mesh, follow_outages=False)
        links = scenario.network.links
        self.corruption = (
            ResidualCorruption(scenario.network, self.streams) if any(link.corruption for link in links) else None
        )
        self.connect = connect
        domains = {**scenario.domains, **architecture.domains}
        service = scenario.network.dns
        self.dns = Dns(domains, architecture.hosts, service)
        self.relays = architecture.transfer == "store-and-forward"
        self._reach = REACH[architecture.transfer]
        self.convergence = architecture.convergence
        self._submissions = submissions(scenario, self.streams)
        self._to_come = len(self._submissions)
        self._message_ids = len(self._submissions)
        self._unsent: dict[int, list[Copy]] = {}
        self.forged: dict[int, str] = {}
        self._origins: dict[int, int] = {}
        self._sessions = 0
        self._pending = 0
        self._over = self.env.event()
        kept = local_domains(domains.values(), self.dns.mx_ever)
        self.mailboxes = stated_mailbox_hosts(domains.values())
        up = {name: availability.of(f"host/{name}", host.weather) for name, host in architecture.hosts.items()}
        answers = availability.name_service(service, architecture.hosts, up)
        self.resolvers = {
            name: Resolver(self.dns, answers.get(name, ALWAYS_UP), forgets=service.lookup > 0)
            for name in architecture.hosts
        }
        self.kept_until_asked = _kept_until_asked(architecture.hosts.values(), kept)
        stops = {name: restarts(scenario.acts, name) for name in architecture.hosts}
        listening = {
            name: any_down((availability.availability(f"listening/{name}", host.listening), stops[name]))
            for name, host in architecture.hosts.items()
        }
        self.addresses = {
            name: addresses_of(host, listening[name], availability, self.streams)
            for name, host in architecture.hosts.items()
            if host.addresses
        }
        self.literals = {
            domain_key(literal_of(ip)): (name, ip) for name, found in self.addresses.items() for ip in found
        }
        self.stations = {
            name: Station(self, host, up[name], kept.get(name, ()), listening=listening[name], stops=stops[name])
            for name, host in architecture.hosts.items()
        }

    def run(self) -> Facts:
        """Run to the end.

        Raises:
            LedgerError: the copies or the sessions do not add up; a defect of the simulator.
        """
        env = self.env
        if self._submissions:
            schedule(self, self.scenario.acts)
            end = env.any_of([self._over, env.at(self.horizon)])
            for station in self.stations.values():
                station.start()
            env.start(self._submit_all())
            with _no_cycles():
                env.run(until=end)
        for station in self.stations.values():
            station.deliveries.connections.close_all()
            for attempt in station.attempts.values():
                unfinished = attempt.unfinished(env.now)
                if unfinished is not None:
                    self.recorder.attempted(unfinished)
        self._check_sessions()
        return self.recorder.facts(self.ledger.close(self._held(), env.now))

    def way(self, source: str, target: str, now: float) -> Way | None:
        """The nodes that a session from `source` towards `target` passes, as far as the architecture reaches.

        Where no whole path is up, the way leads along the map's. It is one if the links within reach are up, or if
        nobody says that they are not.
        """
        whole = self.routing.path(source, target, now)
        path = self._map.path(source, target, now) if whole is None else whole
        if path is None:
            return None
        way = path if len(path) - 1 <= self._reach else path[: int(self._reach) + 1]
        return way if whole is not None or self.silent or (way is not path and self.lines(way, now)) else None

    def hop(self, source: str, target: str) -> str:
        """Where a session from `source` towards `target` would lead, were every line up."""
        path = self._map.path(source, target, 0.0) or (target,)
        return path[: int(min(self._reach, len(path))) + 1][-1]

    def lines(self, way: Way, now: float) -> tuple[Sequence[Line], Sequence[Line]] | None:
        """The lines that a session's bytes take, there and back; None where there is no way and routers say so."""
        routing = self.routing
        try:
            if routing.changes:
                return routing.following(way, now, self._reach)
            return routing.lines(way, now) if self.silent or routing.up_to(way, now) is None else None
        except LookupError:
            pass
        try:
            first = self._map.lines(way, now) if self.silent else None
        except LookupError:
            first = None
        return first and routing.following(way, now, self._reach, first)

    def no_route_at(self, way: Way, now: float, until: float) -> float:
        """When a host hears that there is no route: at once, or when a router on the way has said so (RFC 792).

        It listens no longer than `until`.
        """
        routing = self.routing
        passed = 0 if routing.changes else routing.up_to(way, now)
        if not passed:
            return now
        out, back = routing.lines(way, now)
        at = inf
        while at == inf and now < until:
            at = now
            for line, size in (*((line, SYN) for line in out[:passed]), *((line, _ICMP) for line in back[-passed:])):
                at = line.carry(at, size)
            now += 1.0
        return min(at, until)

    def later(self, time: float, act: Callable[[], None]) -> None:
        """Do something at a given time, and let the run not end before."""
        self._pending += 1

        def due() -> None:
            self._pending -= 1
            act()
            self._all_ended()

        self.env.call_at(time, due)

    def outlive(self, waits: Waits) -> None:
        """Go on with what outlives its session, and let the run not end before."""
        self._pending += 1

        def steps() -> Waits:
            yield from waits
            self._pending -= 1
            self._all_ended()

        self.env.start_soon(steps())

    def trace(self, session_id: int) -> WireTrace | None:
        """Who is told the session's bytes, if anybody is."""
        if not self.recorder.traces:
            return None
        return lambda now, direction, data: self.recorder.heard(session_id, now, direction, data)

    def next_session_id(self) -> int:
        """A number for a new session."""
        self._sessions += 1
        return self._sessions

    def new_message_id(self) -> int:
        """A number for a message that the network itself writes; the users' messages have the first ones."""
        self._message_ids += 1
        return self._message_ids

    def write(
        self,
        message_id: int,
        reverse_path: Path,
        forward_paths: Sequence[Path],
        size: int,
        *,
        author: str | None = None,
        about: int = 0,
        origin: int = 0,
    ) -> list[Copy]:
        """A message comes into being: its copies, on record and in the ledger.

        `author` is who writes it, where that is not the sender; a report is `about` another message, what a list or a
        forward passes on is that of its `origin`.
        """
        now = self.env.now
        unique = forward_paths if len(forward_paths) == 1 else _once(forward_paths)
        copies = [Copy(message_id, path, str(path.mailbox), now, now, ()) for path in unique]
        sender = "<>" if reverse_path.mailbox is None else str(reverse_path.mailbox)
        if author is None:
            author = "" if reverse_path.mailbox is None else sender
        elif author != sender:
            self.forged[message_id] = author
        if origin:
            self._origins[message_id] = self.origin(origin)
        self.recorder.messages.append(MessageFact(message_id, now, size, sender, len(copies), author, about))
        for copy in copies:
            self.ledger.submit(copy)
        return copies

    def origin(self, message_id: int) -> int:
        """The message that somebody wrote of which lists and forwards have made this one."""
        return self._origins.get(message_id, message_id)

    def _submit_all(self) -> Waits:
        for message_id, submission in enumerate(self._submissions, 1):
            if submission.at > self.env.now:
                yield submission.at
            self._submit(message_id, submission)

    def _submit(self, message_id: int, submission: Submission) -> None:
        """A user writes a message and hands it to his host, which may first have to come back."""
        sender, recipients = parse_mailbox(submission.sender), [*map(parse_mailbox, submission.recipients)]
        author = parse_mailbox(submission.author) if submission.author else sender
        reverse_path, forward_paths = sender.path, [recipient.path for recipient in recipients]
        content = submission.content
        if content is None:
            mime, body = ("", None) if submission.text is None else body_of(submission.text)
            content = compose(
                sender=header_form(submission.sender),
                recipients=[*map(header_form, submission.recipients)],
                subject=f"message {message_id}",
                message_id=f"<{message_id}@{sender.address.domain}>",
                date=date_time(self.env.now + self.clock),
                size=submission.size,
                mime=mime,
                body=body,
            )
        station = self.stations[self._submission_host(author.address.domain)]
        if station.host.digests:
            content = seal(content)
        copies = self.write(message_id, reverse_path, forward_paths, len(content), author=str(author.address))
        if submission.recipient_parameters:
            for copy in copies:
                copy.parameters = submission.recipient_parameters
        self._to_come -= 1
        up = station.runs.next_up(self.env.now)
        if up == self.env.now:
            station.submit(reverse_path, copies, content, submission.parameters)
        else:
            self._unsent[message_id] = copies
            asked = submission.parameters
            self.env.call_at(up, lambda: station.submit(reverse_path, self._unsent.pop(message_id), content, asked))

    def mailbox_hosts(self, domain: str, now: float = 0.0) -> Sequence[str]:
        """The hosts that keep a domain's mailboxes."""
        return mailbox_hosts(domain, self.mailboxes, self.dns.exchangers(domain, now))

    def _submission_host(self, domain: str) -> str:
        """The host that the domain's users hand their mail to now: the first, where the domain has none."""
        its_own = self.scenario.domains.get(domain_key(domain))
        if its_own is not None and its_own.submission:
            return its_own.submission
        place = self.literals.get(domain_key(domain))
        if place is not None:
            return place[0]
        return next(iter(self.mailbox_hosts(domain, self.env.now) or self.stations))

    def _held(self) -> Iterator[tuple[Copy, CopyOutcome]]:
        for station in self.stations.values():
            yield from station.held()
        for copies in self._unsent.values():
            for copy in copies:
                yield copy, CopyOutcome.SUBMITTED

    def _check_sessions(self) -> None:
        """Every session that a host counts is one that goes on."""
        for name, station in self.stations.items():
            for peer in station.listener.inbound.values():
                if peer.station is not station or not peer.is_there(self.env.now):
                    raise LedgerError(f"{name} counts session {peer.session_id}, which is over")

    def _all_ended(self) -> None:
        if not (self._to_come or self._pending or self.ledger.live or self._over.triggered):
            self._over.succeed()


def _kept_until_asked(hosts: Iterable[Host], homes: Mapping[str, Sequence[Domain]]) -> dict[str, frozenset[str]]:
    """By host, the domains whose mail it does not try to pass on before it is asked for."""
    found: dict[str, frozenset[str]] = {}
    for host in hosts:
        if host.collects is not None and host.collects.hold:
            source = host.collects.source
            names = [domain.name.lower() for domain in homes.get(host.name, ())]
            found[source] = found.get(source, frozenset()).union(names)
    return found


def _once(paths: Sequence[Path]) -> list[Path]:
    """Each mailbox once, in its first spelling."""
    found: dict[str, Path] = {}
    for path in paths:
        found.setdefault(path.mailbox.key if path.mailbox else "", path)
    return list(found.values())


@contextmanager
def _no_cycles() -> Iterator[None]:
    """Nothing in a run refers to itself when it is done with, so looking for such garbage would only cost time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def simulate(scenario: Scenario, architecture: str, replication: int, *, seed: int | None = None) -> Facts:
    """All facts of one run.

    Args:
        scenario: the full scenario.
        architecture: the name of one of its architectures.
        replication: which replication, from 0; equal numbers mean equal mail and equal weather in every architecture.
        seed: instead of the scenario's own.
    """
    chosen = scenario.architectures[architecture]
    return Simulation(scenario, chosen, replication, scenario.seed if seed is None else seed).run()

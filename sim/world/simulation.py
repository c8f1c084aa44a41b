"""One run: a scenario under one architecture, in one replication."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from sim.mail.address import domain_key, literal_of
from sim.mail.content import compose
from sim.mail.digest import seal
from sim.mail.mailbox import header_form, parse_mailbox
from sim.mail.text import body_of
from sim.mail.trace import EPOCH, date_time
from sim.mta.queue.entry import Copy
from sim.mta.queue.mx import local_domains, mailbox_hosts, stated_mailbox_hosts
from sim.network import topology
from sim.network.dns import Dns, Resolver
from sim.network.links.outages import AvailabilityModel
from sim.network.links.timeline import ALWAYS_UP, any_down
from sim.results.facts import Facts
from sim.results.outcomes import CopyOutcome
from sim.scenario.spec import Architecture, Domain, Host, Scenario
from sim.workload.generate import Submission, submissions
from sim.world.engine.clock import Clock
from sim.world.engine.corruption import ResidualCorruption
from sim.world.engine.ledger import Ledger, LedgerError
from sim.world.engine.messages import Messages
from sim.world.engine.paths import Paths
from sim.world.engine.recorder import Recorder
from sim.world.engine.stepping import Waits
from sim.world.engine.streams import Streams
from sim.world.host.addresses import addresses_of
from sim.world.host.host import HostAtWork, Surroundings
from sim.world.host.listener import Listener
from sim.world.host.mail_retrieval import collect
from sim.world.host.uptime import Uptime
from sim.world.operators import operate, restarts


class Simulation:
    """A world and everything in it. Nothing outlives it and nothing outside it changes.

    Mail is written from 0 to `scenario.duration`; the run ends when every copy has met its end, or at the horizon.
    """

    def __init__(self, scenario: Scenario, architecture: Architecture, replication: int, seed: int) -> None:
        self._scenario = scenario
        streams = Streams(seed, replication)
        self.clock = clock = Clock(scenario.duration + scenario.drain)
        self._recorder = Recorder(scenario.limits, traces=scenario.dialogues)
        self.ledger = Ledger(self._all_ended)
        network, hosts = scenario.network, architecture.hosts
        availability = AvailabilityModel(network, clock.horizon, streams, scenario.start)
        self.mesh = topology.build(network, availability, streams)
        domains = {**scenario.domains, **architecture.domains}
        self._dns = Dns(domains, hosts, network.dns)
        self._submissions = submissions(scenario, streams)
        self.ledger.expect(len(self._submissions))
        epoch = scenario.start.at - EPOCH
        self.messages = Messages(clock, self.ledger, self._recorder, submissions=len(self._submissions), epoch=epoch)
        self._unsent: dict[int, list[Copy]] = {}
        self._over = clock.event()
        self._mailboxes = stated_mailbox_hosts(domains.values())
        stops = {name: restarts(scenario.acts, name) for name in hosts}
        up = {name: availability.of(f"host/{name}", host.weather) for name, host in hosts.items()}
        listening = {
            name: any_down((availability.availability(f"listening/{name}", host.listening), stops[name]))
            for name, host in hosts.items()
        }
        addresses = {
            name: addresses_of(host, listening[name], availability, streams)
            for name, host in hosts.items()
            if host.addresses
        }
        self._literals = {domain_key(literal_of(ip)): (name, ip) for name, found in addresses.items() for ip in found}
        corrupted = any(link.corruption for link in network.links)
        around = Surroundings(
            clock,
            streams,
            self.ledger,
            self._recorder,
            self.messages,
            Paths(self.mesh, architecture),
            ResidualCorruption(network, streams) if corrupted else None,
            self._dns,
            hosts,
            self._mailboxes,
            addresses,
            self._literals,
            lookup=network.dns.lookup,
            keeps_mail=scenario.dialogues,
            mailbox_hosts=lambda domain: [hosts[name].domain for name in self._mailbox_hosts(domain)],
        )
        local = local_domains(domains.values(), self._dns.mx_ever)
        held_domains = _held_domains(hosts.values(), local)
        answers = availability.name_service(network.dns, hosts, up)
        self.hosts = {
            name: HostAtWork(
                host,
                around,
                uptime=Uptime(up[name], stops[name]),
                listener=Listener(clock, host, listening[name]),
                resolver=Resolver(self._dns, answers.get(name, ALWAYS_UP), forgets=network.dns.lookup > 0),
                domains=local.get(name, ()),
                held_domains=held_domains.get(name, frozenset()),
            )
            for name, host in hosts.items()
        }

    def run(self) -> Facts:
        """Run to the end.

        Raises:
            LedgerError: the copies or the sessions do not add up; a defect of the simulator.
        """
        clock = self.clock
        if self._submissions:
            for act in self._scenario.acts:
                clock.call_at(act.at, partial(operate, act, self.hosts, self._recorder))
            end = clock.any_of([self._over, clock.at(clock.horizon)])
            for host in self.hosts.values():
                clock.start(host.live())
                collects = host.spec.collects
                if collects is not None and host.domains:
                    clock.start(collect(host, collects, self.hosts[collects.source]))
            clock.start(self._submit_all())
            with _no_cycles():
                clock.run(until=end)
        for host in self.hosts.values():
            host.deliveries.cache.close_all()
            for record_unfinished in host.client.sessions.values():
                if record_unfinished is not None:
                    record_unfinished(clock.now)
        self._check_sessions()
        return self._recorder.facts(self.ledger.close(self._held(), clock.now))

    def _submit_all(self) -> Waits:
        for message_id, submission in enumerate(self._submissions, 1):
            if submission.at > self.clock.now:
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
                date=date_time(self.clock.now + self.messages.epoch),
                size=submission.size,
                mime=mime,
                body=body,
            )
        host = self.hosts[self._submission_host(author.address.domain)]
        if host.spec.digests:
            content = seal(content)
        copies = self.messages.write(message_id, reverse_path, forward_paths, len(content), author=str(author.address))
        if submission.recipient_parameters:
            for copy in copies:
                copy.parameters = submission.recipient_parameters
        self.ledger.came()
        up = host.uptime.product.next_up(self.clock.now)
        if up == self.clock.now:
            host.submit(reverse_path, copies, content, submission.parameters)
        else:
            self._unsent[message_id] = copies
            asked = submission.parameters
            self.clock.call_at(up, lambda: host.submit(reverse_path, self._unsent.pop(message_id), content, asked))

    def _mailbox_hosts(self, domain: str, now: float = 0.0) -> Sequence[str]:
        return mailbox_hosts(domain, self._mailboxes, self._dns.exchangers(domain, now))

    def _submission_host(self, domain: str) -> str:
        """The host that the domain's users hand their mail to now: the first, where the domain has none."""
        its_own = self._scenario.domains.get(domain_key(domain))
        if its_own is not None and its_own.submission:
            return its_own.submission
        place = self._literals.get(domain_key(domain))
        if place is not None:
            return place[0]
        return next(iter(self._mailbox_hosts(domain, self.clock.now) or self.hosts))

    def _held(self) -> Iterator[tuple[Copy, CopyOutcome]]:
        for host in self.hosts.values():
            yield from host.deferred.copies(self.clock.now)
        for copies in self._unsent.values():
            for copy in copies:
                yield copy, CopyOutcome.SUBMITTED

    def _check_sessions(self) -> None:
        """Every session that a host counts is one that goes on."""
        for name, host in self.hosts.items():
            for peer in host.server.listener.inbound.values():
                if not peer.is_there(self.clock.now):
                    raise LedgerError(f"{name} counts session {peer.session_id}, which is over")

    def _all_ended(self) -> None:
        if not self._over.triggered:
            self._over.succeed()


def _held_domains(hosts: Iterable[Host], homes: Mapping[str, Sequence[Domain]]) -> dict[str, frozenset[str]]:
    """By host, the domains whose mail it does not try to pass on before it is asked for."""
    found: dict[str, frozenset[str]] = {}
    for host in hosts:
        if host.collects is not None and host.collects.hold:
            source = host.collects.source
            names = [domain.name.lower() for domain in homes.get(host.name, ())]
            found[source] = found.get(source, frozenset()).union(names)
    return found


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

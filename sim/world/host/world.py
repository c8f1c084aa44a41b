"""The world of a run, as its hosts find it: its clock, its records, its network, its weather, and who is where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import count

from sim.mail.address import Address, domain_key, literal_of, mailbox_key
from sim.mail.trace import EPOCH
from sim.mta.queue.mx import local_domains, mailbox_hosts, stated_mailbox_hosts
from sim.network import topology
from sim.network.dns import Dns
from sim.network.links.outages import AvailabilityModel
from sim.network.links.timeline import Timeline, any_down
from sim.scenario.spec import Architecture, Host, Scenario
from sim.world.engine.clock import Clock
from sim.world.engine.corruption import ResidualCorruption
from sim.world.engine.ledger import Ledger
from sim.world.engine.messages import Messages
from sim.world.engine.paths import Paths
from sim.world.engine.recorder import Recorder
from sim.world.engine.streams import Streams
from sim.world.host.addresses import addresses_of
from sim.world.host.device_hosts import PASSWORD, DeviceHost, devices_of, with_devices
from sim.world.host.server import Server
from sim.world.host.services import expands, hosts_of, subscribers
from sim.world.host.uptime import restarts
from sim.world.mailbox.user_mailboxes import AllMailboxes


class World:
    """What all hosts of a run share.

    Attributes:
        specs: the settings of the hosts, by name, users' devices among them.
        devices: these, by the name that each has as a host.
        paths, device_paths: those of sessions between MTAs, and of devices' sessions, which are end to end always.
        weather: gives the times when something is there.
        over: the event that no copy is left, and none to come.
        stops, up, listening, answers: by host: when its operators have stopped its product, when it is up, when
            somebody listens there, and when the name service answers it, where that is not always.
        addresses: those of the hosts that have more than one of any family, by host.
        literals: the hosts and addresses that address literals mean.
        mailboxes: the hosts that keep the mailboxes of domains which say so.
        local: the domains whose mailboxes each host keeps.
        held_domains: those whose mail a host does not try to pass on before their host asks for it.
        broker, replicas: as of the architecture.
        subscribed: the domains whose messages a host stays connected to the broker for, by host.
        expanded_by: gives the domains whose lists a host expands though it does not keep them.
        lookup: how long the name service takes, s.
        keeps_mail: whether mailboxes keep what they get.
        submitters: the logins of the users whose devices hand their mail to a host, by host: name -> password.
        user_mailboxes: the mailboxes of users who do more with their mail than have it.
        servers: the receiving sides of the hosts that are there already.

    Args:
        scenario, architecture: what it is made of.
        streams: what happens by chance is drawn from them.
        submissions: how many messages users write; theirs are the first numbers.
    """

    def __init__(self, scenario: Scenario, architecture: Architecture, streams: Streams, submissions: int) -> None:
        self.streams = streams
        domains = {**scenario.domains, **architecture.domains}
        self.dns = Dns(domains, architecture.hosts, scenario.network.dns)
        self.mailboxes = stated_mailbox_hosts(domains.values())
        devices = list(devices_of(domains, architecture.hosts, self.mailbox_hosts))
        self.devices: Mapping[str, DeviceHost] = {device.host.name: device for device in devices}
        homes = {name: found[0] for name in domains if (found := self.mailbox_hosts(name))}
        self.broker, self.replicas = architecture.broker, architecture.replicas
        self.expanded_by = partial(expands, architecture, domains=domains)
        hosts = hosts_of(architecture, homes)
        hosts |= {name: device.host for name, device in self.devices.items()}
        self.specs: Mapping[str, Host] = hosts
        network = with_devices(scenario.network, devices)
        self.clock = Clock(scenario.duration + scenario.drain)
        self.over = self.clock.event()
        self.ledger = Ledger(self._end, submissions)
        self.recorder = Recorder(scenario.limits, traces=scenario.dialogues)
        epoch = scenario.start.at - EPOCH
        self.messages = Messages(self.clock, self.ledger, self.recorder, submissions=submissions, epoch=epoch)
        weather = self.weather = AvailabilityModel(network, self.clock.horizon, streams, scenario.start)
        self.mesh = topology.build(network, weather, streams)
        usual = architecture.protocol
        self.paths = self.device_paths = Paths(self.mesh, architecture, scenario.network.protocols(usual))
        if devices and self.paths.relays:
            self.device_paths = Paths(self.mesh, replace(architecture, transfer="end-to-end"))
        corrupted = any(link.corruption for link in network.links)
        self.corruption = ResidualCorruption(network, streams) if corrupted else None
        self.lookup = network.dns.lookup
        self.keeps_mail = scenario.dialogues
        self.stops = {name: restarts(scenario.acts, name) for name in hosts}
        self.up = {name: weather.of(f"host/{name}", host.weather) for name, host in hosts.items()}
        self.listening = {
            name: any_down((weather.availability(f"listening/{name}", host.listening), self.stops[name]))
            for name, host in hosts.items()
        }
        self.answers = weather.name_service(network.dns, hosts, self.up)
        self.addresses = {
            name: addresses_of(host, self.listening[name], weather, streams)
            for name, host in hosts.items()
            if host.addresses
        }
        self.literals = {
            domain_key(literal_of(ip)): (name, ip) for name, found in self.addresses.items() for ip in found
        }
        self.local = local_domains(domains.values(), self.dns.mx_ever)
        self.held_domains: dict[str, frozenset[str]] = {}
        for name, host in hosts.items():
            if host.collects is not None and host.collects.hold:
                held, mine = self.held_domains.get(host.collects.source, frozenset()), self.local.get(name, ())
                self.held_domains[host.collects.source] = held.union([domain.name.lower() for domain in mine])
        self.subscribed = subscribers(architecture, homes)
        if self.subscribed:
            self.held_domains[self.broker] = frozenset(name for names in self.subscribed.values() for name in names)
        self.next_session_id = count(1).__next__
        self.servers: dict[str, Server] = {}
        self.user_mailboxes = AllMailboxes(domains, self.ledger)
        self._devices_of: dict[str, list[DeviceHost]] = {}
        self.submitters: dict[str, dict[str, str]] = {}
        for device in devices:
            self._devices_of.setdefault(mailbox_key(device.user), []).append(device)
            self.submitters.setdefault(device.submits_to, {})[str(device.user)] = PASSWORD

    @cached_property
    def called_by(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The domain by which each host is called, by its name, and the host that each of these domains calls."""
        domains = {name: host.domain for name, host in self.specs.items()}
        return domains, {domain.lower(): name for name, domain in domains.items()}

    def device_of(self, user: Address, now: float) -> DeviceHost | None:
        """The device that a user writes at: his first that is online, else his first; None where he has none."""
        devices = self._devices_of.get(mailbox_key(user), ())
        return next((device for device in devices if self.online(device).is_up(now)), devices[0] if devices else None)

    def online(self, device: DeviceHost) -> Timeline:
        """When a device is online."""
        return self.mesh.links[device.link.name].timeline

    def mailbox_hosts(self, domain: str, now: float = 0.0) -> Sequence[str]:
        """The hosts that keep a domain's mailboxes."""
        return mailbox_hosts(domain, self.mailboxes, self.dns.exchangers(domain, now))

    def called(self, domain: str) -> Sequence[str]:
        """The hosts that keep a domain's mailboxes at the start, as they call themselves."""
        return [self.specs[name].domain for name in self.mailbox_hosts(domain)]

    def _end(self) -> None:
        if not self.over.triggered:
            self.over.succeed()

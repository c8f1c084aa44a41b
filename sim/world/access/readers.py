"""Who reads his mail in a run: the devices that fetch it, the services that they ask, and the users before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from sim.mail.address import Address, domain_key, mailbox_key
from sim.network.links.timeline import Timeline
from sim.scenario.spec import Domain, Weather
from sim.scenario.spec.windows import Windows
from sim.world.access.access_service import AccessService
from sim.world.access.device import DeviceAtWork
from sim.world.access.reader import Post, Reader
from sim.world.engine.stepping import Waits
from sim.world.host.device_hosts import DeviceHost
from sim.world.host.host import HostAtWork
from sim.world.host.world import World


class Readers:
    """All users of a run who read with devices of their own.

    Args:
        world: the run's.
        hosts: all its hosts, by name.
        domains: all domains, by name.
        until: when users write no more, s.
        post: hands in what they write.
    """

    def __init__(
        self, world: World, hosts: Mapping[str, HostAtWork], domains: Mapping[str, Domain], until: float, post: Post
    ) -> None:
        self._world, self._hosts, self._domains, self._until, self._post = world, hosts, domains, until, post
        self._services: dict[tuple[str, str], AccessService] = {}
        self._readers: dict[str, Reader] = {}
        self._devices: dict[str, list[DeviceAtWork]] = {}
        self._at = cache(self._when)
        for name, device in world.devices.items():
            self._set_up(hosts[name], device)

    def tasks(self) -> Iterator[Waits]:
        """What they do: the devices look for mail, and users search in theirs."""
        for key, devices in self._devices.items():
            for device in devices:
                yield device.live()
            yield self._readers[key].search(devices, self._world.streams(f"user/{key}/searches"))

    def _set_up(self, host: HostAtWork, device: DeviceHost) -> None:
        mailboxes = self._world.user_mailboxes.of(device.user)
        if mailboxes is None or not device.mailbox_host:
            return
        key, account = mailbox_key(device.user), mailboxes.account
        if key not in self._readers:
            self._readers[key] = self._reader(device.user, device)
        service = self._service(device.mailbox_host, device)
        at_work = DeviceAtWork(host, device, service, account, self._world, has=self._readers[key].has)
        self._devices.setdefault(key, []).append(at_work)

    def _service(self, name: str, device: DeviceHost) -> AccessService:
        protocol = device.device.access
        if (name, protocol) not in self._services:
            server = self._hosts[name].server
            service = self._services[name, protocol] = AccessService(protocol, server, self._world)
            server.others.append(service)
        return self._services[name, protocol]

    def _reader(self, user: Address, device: DeviceHost) -> Reader:
        mailboxes, settings = self._world.user_mailboxes.of(user), device.settings
        if mailboxes is None:
            raise LookupError(f"{user} has no mailboxes")
        domain = self._domains[domain_key(user.domain)]
        at = self._at(() if settings.reads is None else settings.reads.at)
        return Reader(
            user,
            settings,
            mailboxes.account,
            self._world,
            users=domain.users,
            at=at,
            until=self._until,
            post=self._post,
        )

    def _when(self, windows: Windows) -> Timeline:
        """When those are at it who read in these windows."""
        return self._world.weather.availability("users/reading", Weather(windows=windows))

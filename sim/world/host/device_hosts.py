"""Users' devices as hosts of a run: each on a node of its own, with a link of its own, and with an outbox for a queue.

A device hands its mail to its user's own MTA by submission (RFC 6409), whatever the DNS says. It takes no mail, relays
for nobody and is nobody's next hop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from sim.mail.address import Address
from sim.scenario.products.delays import Delays
from sim.scenario.quantity import HOUR, MINUTE
from sim.scenario.spec import Device, Domain, Host, Link, Network, Node, User

PASSWORD = "secret"  # noqa: S105 - nobody is kept out by it
"""Every user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox(Delays):
    """How a mail program submits what its user writes: a command at a time, message after message, never giving up.

    What could not go stays there. It is tried again after ten minutes, then at longer and longer intervals, and
    whenever the device comes online.
    """

    retry_delays = (10 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR)
    lifetime = inf
    process_limit = 1
    nodelay = True
    reports = False
    think_time = 0.3e-3


@dataclass(frozen=True, slots=True)
class DeviceHost:
    """A device as a host.

    Attributes:
        user: whose it is.
        settings: his.
        device: its own.
        host: the host that it is; its name is the user's address, a slash and the device's name.
        link: its link, from it to the network.
        submits_to: the host that it hands its mail to.
        mailbox_host: the host that keeps the user's mailbox; empty where none does.
    """

    user: Address
    settings: User
    device: Device
    host: Host
    link: Link
    submits_to: str
    mailbox_host: str


def devices_of(
    domains: Mapping[str, Domain],
    hosts: Mapping[str, Host],
    mailbox_hosts: Callable[[str], Sequence[str]],
) -> Iterator[DeviceHost]:
    """The devices of all users, in the order of the scenario.

    Args:
        domains: all there are, by name.
        hosts: the MTAs, by name.
        mailbox_hosts: gives the hosts that keep a domain's mailboxes, the one to ask first.
    """
    for domain in domains.values():
        if domain.cname or not any(user.devices for user in domain.people.values()):
            continue
        keeps = next(iter(mailbox_hosts(domain.name)), "")
        submits_to = domain.submission or keeps or next(iter(hosts))
        for name, settings in domain.people.items():
            user = Address(name, domain.name)
            for called, device in settings.devices.items():
                host = _host(user, called, device, submits_to)
                weather = replace(device.link.weather, windows=device.online)
                at = device.at or submits_to
                link = replace(device.link, name=f"{host.name}-{at}", between=(host.name, at), weather=weather)
                yield DeviceHost(user, settings, device, host, link, submits_to, keeps)


def with_devices(network: Network, devices: Sequence[DeviceHost]) -> Network:
    """The network with the devices' nodes and links."""
    if not devices:
        return network
    nodes = {**network.nodes, **{device.host.name: Node() for device in devices}}
    return replace(network, nodes=nodes, links=(*network.links, *[device.link for device in devices]))


def submission_service(host: Host, accounts: Mapping[str, str]) -> Host:
    """A host as it is on the port for submission (RFC 6409): it takes mail from who has logged in alone.

    Args:
        host: the host.
        accounts: logins of its users, beside those that it has: name -> password.
    """
    more = [word for word in ("AUTH", "STARTTLS") if word not in host.extensions]
    return replace(host, extensions=(*host.extensions, *more), accounts={**host.accounts, **accounts}, esmtp=True)


def _host(user: Address, called: str, device: Device, submits_to: str) -> Host:
    uses = ("SIZE", "8BITMIME", "SMTPUTF8", "AUTH", *(["STARTTLS"] if device.tls else []))
    return Host(
        name=f"{user}/{called}",
        called="[127.0.0.1]",
        mta=Outbox(),
        extensions=(),
        uses=uses,
        login=(str(user), PASSWORD),
        routes={"*": submits_to},
        reuse="rset",
    )

"""What hosts speak with each other, by an architecture's `protocol`: how each opens a session that brings a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from zlib import crc32

from sim.mta.client.envelope import Mailing
from sim.mta.client.file_transfer import FileTransfer
from sim.mta.client.message_queue import Publication
from sim.mta.client.phone_submission import PhoneSubmission
from sim.mta.client.spool_file import SpoolFile
from sim.mta.client.transmission import Transmission
from sim.mta.client.uux import UuxCall
from sim.mta.client.x400_transfer import Transfer
from sim.mta.server.message_queue import Subscriptions
from sim.mta.server.rmail import RmailReception
from sim.network.interface import Transport
from sim.network.transport.circuit import Circuit
from sim.network.transport.data_connections import DataConnections
from sim.scenario.spec import Architecture, Domain, Host
from sim.scenario.spec.protocols import ENDS
from sim.world.engine.session import Session
from sim.world.host.client import Client, Courier, Peer
from sim.world.host.routes import Delivery, Route

Opened = tuple[Session[Courier, Any], Peer] | None
"""A session and the host that it is with; None where there is no route."""

Stays = Callable[[], Mailing | bool] | None


def _by_smtp(client: Client, delivery: Delivery, route: Route, stays: Stays, now: float) -> Opened:
    secure = client.host.tls.implicit and "STARTTLS" in client.servers[route.host].host.extensions
    caller = Transmission(client.host, delivery.mailing(now), stays=stays, secure=secure)
    return client.open(caller, route, now, client.takes_mail(route.host), secure=secure)


def _by_ftp(client: Client, delivery: Delivery, route: Route, _: Stays, now: float) -> Opened:
    caller = FileTransfer(client.host, delivery.mailing(now), _name(client, delivery))

    def over(control: Transport, dial: Callable[[], Transport]) -> Transport:
        return DataConnections(control, dial, lambda: caller.lane)

    return client.open(caller, route, now, client.servers[route.host].files, over=over)


def _by_mqtt(client: Client, delivery: Delivery, route: Route, _: Stays, now: float) -> Opened:
    caller = Publication(client.host, delivery.mailing(now), _name(client, delivery))
    return client.open(caller, route, now, client.servers[route.host].topics)


def _by_nje(client: Client, delivery: Delivery, route: Route, _: Stays, now: float) -> Opened:
    # RSCS numbers the files of a spool from 1 to 9900.
    number = crc32(delivery.entry.queue_id.encode()) % 9900 + 1
    caller = SpoolFile(client.host, delivery.mailing(now), number)
    return client.open(caller, route, now, client.servers[route.host].spool)


def _by_x400(client: Client, delivery: Delivery, route: Route, stays: Stays, now: float) -> Opened:
    caller = Transfer(
        client.host,
        delivery.mailing(now),
        epoch=client.epoch,
        to=route.host,
        activities=client.activities,
        stays=stays,
    )
    return client.open(caller, route, now, client.servers[route.host].associations)


def _by_phonenet(client: Client, delivery: Delivery, route: Route, _: Stays, now: float) -> Opened:
    caller = PhoneSubmission(client.host, delivery.mailing(now))
    return client.open(caller, route, now, client.servers[route.host].calls)


def _by_uucp(client: Client, delivery: Delivery, route: Route, stays: Stays, now: float) -> Opened:
    at = now + client.notifications.messages.epoch
    number = crc32(delivery.entry.queue_id.encode())
    caller = UuxCall(client.host, delivery.mailing(now), number=number, at=at, stays=stays)

    def speaks(connection: Transport, _: Courier, called: RmailReception) -> None:
        """A line carries what the two say as messages of a protocol that it has."""
        if isinstance(connection, Circuit):
            caller.protocol = connection.protocol
            connection.carry_messages(lambda to_server: (caller if to_server else called).parts)

    return client.open(caller, route, now, client.servers[route.host].uucico, speaks=speaks)


def _name(client: Client, delivery: Delivery) -> str:
    """What nobody else calls a file or a client."""
    return f"{client.host.name}-{delivery.entry.queue_id}"


OPENERS: Final[Mapping[str, Callable[[Client, Delivery, Route, Stays, float], Opened]]] = {
    "smtp": _by_smtp,
    "ftp": _by_ftp,
    "mqtt": _by_mqtt,
    "nje": _by_nje,
    "x400": _by_x400,
    "phonenet": _by_phonenet,
    "uucp": _by_uucp,
}
"""By protocol: opens a session that brings a delivery's message to the host at the end of a route."""


def hosts_of(architecture: Architecture, homes: Mapping[str, str]) -> dict[str, Host]:
    """An architecture's hosts as its protocol has them.

    By FTP a host names the host that keeps the recipient's directory, by MQTT its broker; nobody asks for mail that is
    held.

    Args:
        architecture: the hosts, as they send mail.
        homes: the host that keeps each domain's mailboxes.
    """
    if architecture.protocol not in ENDS:
        return dict(architecture.hosts)
    names = dict(homes) if architecture.protocol == "ftp" else {"*": architecture.broker}
    return {
        name: replace(host, routes={} if name == architecture.broker else names, collects=None)
        for name, host in architecture.hosts.items()
    }


def subscribers(architecture: Architecture, homes: Mapping[str, str]) -> dict[str, list[str]]:
    """The domains whose messages each host gets from the broker, by host; none but by MQTT."""
    found: dict[str, list[str]] = {}
    for domain, home in homes.items() if architecture.protocol == "mqtt" else ():
        if home != architecture.broker:
            found.setdefault(home, []).append(domain)
    return found


def subscriptions(subscribed: Mapping[str, Sequence[str]], hosts: Mapping[str, Host]) -> Subscriptions:
    """What they have subscribed to with the broker before time 0: all below each of these domains."""
    found = Subscriptions()
    for host, domains in subscribed.items():
        found.add(hosts[host].domain, [(f"{domain}/#", 1) for domain in domains])
    return found


def expands(architecture: Architecture, host: str, domains: Mapping[str, Domain]) -> Iterable[Domain]:
    """The domains whose lists a host expands: by FTP every sender's, by MQTT the broker; by SMTP who keeps them."""
    everybodys = architecture.protocol == "ftp" or (architecture.protocol == "mqtt" and host == architecture.broker)
    return domains.values() if everybodys else ()

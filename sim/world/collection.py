"""Mail that a backup holds, and how its host asks for it: ETRN, by one that is not always there (RFC 1985)."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import simpy

from sim.mta.queue import Entry
from sim.mta.reception import Reception
from sim.network.tcp import Connection
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Collects, Host

if TYPE_CHECKING:
    from sim.world.station import Station

Waits = Generator[simpy.Event, None, None]


class Held:
    """The mail in a host's queue that waits for the hosts of some domains."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def count(self, nodes: Sequence[str]) -> int:
        """How many messages wait for these domains; for none, how many wait at all."""
        return sum(1 for node in nodes for _ in self.of(node)) if nodes else len(self._station.queue.entries)

    def start(self, node: str) -> bool:
        """Send what waits for a domain, now, on new connections."""
        self._station.flush(list(self.of(node)))
        return True

    def of(self, node: str) -> Iterator[Entry]:
        """The messages that wait for a domain; with @ in front, for those below it, too."""
        name = node.lower()
        for entry in self._station.queue.entries.values():
            if any(_is_for(copy.recipient.rpartition("@")[2].lower(), name) for copy in entry.copies):
                yield entry


def _is_for(domain: str, node: str) -> bool:
    return domain == node.removeprefix("@") or (node.startswith("@") and domain.endswith(f".{node[1:]}"))


def collect(station: Station, how: Collects, domains: Sequence[str]) -> Waits:
    """Ask again and again, from the first interval on."""
    env, at = station.world.env, how.every
    while at < station.world.horizon:
        yield env.at(max(at, env.now))
        if station.weather.is_up(env.now):
            yield from _ask(station, how.source, domains)
        at += how.every


def _ask(station: Station, source: str, domains: Sequence[str]) -> Waits:
    """One session: EHLO, ETRN for each domain, QUIT. It is given up where it is cut; the next one comes in time."""
    world, host, peer = station.world, station.host, station.world.stations[source]
    now = world.env.now
    way = world.way(host.name, source, now)
    lines = world.lines(way, now) if way and way[-1] == source else None
    if lines is None:
        return
    connection = Connection(*lines, server=peer.weather)
    end = min(now + host.mta.connect_timeout, station.weather.next_down(now))
    if connection.open(now, end) > end:
        yield world.env.at(end)
        return
    reception = Reception(_offering(peer.host), peer.directory, gate=peer.gate(host.name), waiting=Held(peer))
    yield from _converse(station, peer, connection, reception, domains)
    reception.leave()
    connection.close()


def _converse(
    station: Station, peer: Station, connection: Connection, reception: Reception, domains: Sequence[str]
) -> Waits:
    world, client = station.world, Client()
    hears, ready = world.listener(world.next_session_id()), connection.accepted_at
    until = min(station.weather.next_down(ready), peer.weather.next_down(ready))
    script: Iterator[events.Command] = iter([*map(events.Etrn, domains), events.Quit()])
    patience = station.host.mta.helo_timeout
    written = reception.greet(busy=False)
    command: events.Command | None = events.Ehlo(station.host.domain)
    while command is not None:
        for to_server in (False, True):
            if to_server:
                written = client.send(command)
            arrives = connection.send(ready, len(written), to_server)
            if arrives > min(until, ready + patience):
                return
            yield world.env.at(arrives)
            ready = arrives
            if hears is not None:
                hears(ready, "<>"[to_server], written)
            if not to_server and not _goes_on(client, written):
                return
        written, command = reception.read(written), next(script, None)


def _goes_on(client: Client, written: bytes) -> bool:
    """Take a reply; whether the session goes on after it."""
    client.receive_data(written)
    reply = client.next_event()
    return isinstance(reply, Reply) and reply.code != 421


def _offering(host: Host) -> Host:
    """A host that holds mail for others lets them ask for it."""
    return host if "ETRN" in host.extensions else replace(host, extensions=(*host.extensions, "ETRN"))

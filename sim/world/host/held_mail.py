"""The mail in a host's queue that waits for the hosts of some domains (RFC 1985, RFC 2645)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sim.mta.queue.queue import Copy, Entry
from sim.mta.server.retrieval import is_for

if TYPE_CHECKING:
    from sim.world.host.deliveries import Delivery
    from sim.world.host.host import Station


class Held:
    """What a host holds for others. It is `sim.mta.server.retrieval.Waiting`."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._wanted: dict[tuple[str, tuple[str, ...]], bool] = {}

    def count(self, nodes: Sequence[str]) -> int:
        """How many messages wait for these nodes; for none, how many wait at all."""
        return sum(1 for entry in self._station.queue.entries.values() if self._of(entry, tuple(nodes)))

    def start(self, node: str) -> bool:
        """Send what waits for a node, now, on new connections."""
        found = []
        for entry in self._station.queue.entries.values():
            if copies := self._of(entry, (node,)):
                entry.requested_by = frozenset(copy.next_domain for copy in copies)
                found.append(entry)
        self._station.retry.requested([entry.queue_id for entry in found])
        self._station.flush(found)
        return True

    def lined_up(self, nodes: Sequence[str]) -> Iterator[Delivery]:
        """The messages that wait for these nodes, one by one as they are asked for."""
        station = self._station
        for entry in list(station.queue.entries.values()):
            stays = entry.in_delivery or entry.awaits_release or entry.frozen or entry.suspended
            if stays or not station.queue.holds(entry):
                continue
            if copies := self._of(entry, tuple(nodes)):
                entry.in_delivery += 1
                station.backlog.move(entry, "active", station.world.env.now)
                yield entry, copies, (), station.world.env.now

    def _of(self, entry: Entry, nodes: tuple[str, ...]) -> list[Copy]:
        """The copies in an entry that wait for a node."""
        return [copy for copy in entry.copies if self._is_wanted(copy.next_domain, nodes)]

    def _is_wanted(self, domain: str, nodes: tuple[str, ...]) -> bool:
        # One session asks for a few nodes, and the queue may be long.
        wanted = self._wanted.get((domain, nodes))
        if wanted is None:
            world = self._station.world
            keepers = [world.stations[host].host.domain for host in world.mailbox_hosts(domain)]
            wanted = self._station.directory.is_backup_mx(domain) and is_for(domain, nodes, keepers)
            self._wanted[domain, nodes] = wanted
        return wanted

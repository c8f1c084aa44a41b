"""The mail in a host's queue that waits for the hosts of some domains (RFC 1985, RFC 2645)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import simpy

from sim.mta.queue.entry import Copy, Entry
from sim.mta.server.etrn import is_for
from sim.mta.server.message_queue import Subscriptions
from sim.mta.server.recipients import Directory
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.routes import Delivery


@dataclass
class HeldMail:
    """What a host holds for others. It is `sim.mta.server.etrn.HeldMail`.

    Attributes:
        flush: tries messages at once.
        mailbox_hosts: the hosts that keep a domain's mailboxes, as they call themselves.
        subscriptions: who has subscribed to what; None where mail is held for those who ask for it.
    """

    directory: Directory
    deferred: DeferredQueue
    flush: Callable[[Iterable[Entry]], None]
    mailbox_hosts: Callable[[str], Sequence[str]]
    subscriptions: Subscriptions | None = None
    _wanted: dict[tuple[str, tuple[str, ...]], bool] = field(default_factory=dict)
    _news: dict[str, simpy.Event] = field(default_factory=dict)

    def count(self, nodes: Sequence[str]) -> int:
        """How many messages wait for these nodes; for none, how many wait at all."""
        return sum(1 for entry in self.deferred.queue.entries.values() if self._of(entry, tuple(nodes)))

    def start(self, node: str) -> bool:
        """Send what waits for a node, now, on new connections."""
        found = []
        for entry in self.deferred.queue.entries.values():
            if copies := self._of(entry, (node,)):
                entry.requested_by = frozenset(copy.next_domain for copy in copies)
                found.append(entry)
        self.deferred.retry.requested([entry.queue_id for entry in found])
        self.flush(found)
        return True

    def deliveries(self, nodes: Sequence[str]) -> Iterator[Delivery]:
        """The messages that wait for these nodes, one by one as they are asked for."""
        queue, clock = self.deferred.queue, self.deferred.clock
        for entry in list(queue.entries.values()):
            if entry.can_be_tried and queue.holds(entry) and (copies := self._of(entry, tuple(nodes))):
                entry.in_delivery += 1
                self.deferred.move(entry, "active", clock.now)
                yield Delivery(entry, copies, (), clock.now)

    def news(self, node: str) -> simpy.Event:
        """The event that something comes for a node which waits for it now."""
        event = self._news[node] = self.deferred.clock.event()
        return event

    def tell(self, domain: str) -> None:
        """Something for a domain is held now: tell who waits for it."""
        for node in list(self._news):
            if self._is_wanted(domain, (node,)):
                self._news.pop(node).succeed()

    def _of(self, entry: Entry, nodes: tuple[str, ...]) -> list[Copy]:
        """The copies in an entry that wait for a node."""
        return [copy for copy in entry.copies if self._is_wanted(copy.next_domain, nodes)]

    def _is_wanted(self, domain: str, nodes: tuple[str, ...]) -> bool:
        # One session asks for a few nodes, and the queue may be long.
        wanted = self._wanted.get((domain, nodes))
        if wanted is None:
            if self.subscriptions is None:
                wanted = self.directory.is_backup_mx(domain) and is_for(domain, nodes, self.mailbox_hosts(domain))
            else:
                wanted = not {*nodes}.isdisjoint(self.subscriptions.of(f"{domain}/"))
            self._wanted[domain, nodes] = wanted
        return wanted

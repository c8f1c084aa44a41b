"""The messages that a host keeps to give them to every host that it meets, where an architecture has `replicas`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import simpy

from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.mta.server.recipients import Directory
from sim.protocol.summary_vector import digest
from sim.results.outcomes import CopyOutcome
from sim.scenario.spec.replicas import Replicas
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.routes import Delivery
from sim.world.host.uptime import Part

OLD = "its time to live is over"
NO_ROOM = "dropped for younger mail: no room in the buffer"


def named(copy: Copy) -> bytes:
    """What stands for a copy in a summary vector."""
    return digest(str(copy.message_id), copy.recipient)


@dataclass
class Buffer(Part):
    """A host's queue as a buffer of replicas: what is in it is tried at each contact, and leaves it by age.

    What is dropped is told to nobody, since others may still deliver it. Messages that are being sent are not dropped
    for others, and what is written here is taken whatever its size (The ONE's `makeRoomForNewMessage`).

    Attributes:
        how: the architecture's rules.
        directory: which mailboxes are here.
        deferred: the queue that has the messages.
    """

    how: Replicas
    directory: Directory
    deferred: DeferredQueue

    def __post_init__(self) -> None:
        """Nothing has come."""
        self._delivered: dict[bytes, float] = {}
        self._sending: Counter[str] = Counter()
        self.news: simpy.Event = self.clock.event()

    def vector(self, now: float) -> frozenset[bytes]:
        """What it has: what it keeps, and what has been delivered here and may still come from others."""
        kept = [named(copy) for entry in self.queue.entries.values() for copy in entry.copies]
        return frozenset(kept + [name for name, until in self._delivered.items() if now < until])

    def is_for(self, copy: Copy) -> bool:
        """Whether a copy's way ends here, or its route leads here."""
        path = copy.forward_path
        if path.route:
            return self.directory.is_own(path.route[0])
        return path.mailbox is not None and self.directory.keeps(path.mailbox)

    def admit(self, copies: Sequence[Copy], now: float) -> list[Copy]:
        """Of copies that have come, those that this host has not had; the others end here."""
        kept = {named(copy) for entry in self.queue.entries.values() for copy in entry.copies}
        new: list[Copy] = []
        for copy in copies:
            name, ends_here = named(copy), self.is_for(copy)
            if name in self._delivered or (name in kept and not ends_here):
                self.ledger.hand_over(copy)
            elif not ends_here and now >= copy.created + self.how.ttl:
                self.ledger.end(copy, CopyOutcome.EXPIRED, OLD, now)
            else:
                copy.replicas = copy.replicas or self.how.copies
                new.append(copy)
                if ends_here and not copy.forward_path.route:
                    self._delivered[name] = copy.created + self.how.ttl
        return new

    def keep(self, entry: Entry, now: float, new: bool) -> None:
        """Let an entry wait for whom the host meets, as long as it is young."""
        self.deferred.move(entry, "deferred", now)
        until = min(copy.created for copy in entry.copies) + self.how.ttl
        self.clock.call_at(max(until, now), lambda: self.drop(entry, entry.copies, OLD, self.clock.now))
        if new and self.how.buffer:
            self._make_room(entry, now)
        news, self.news = self.news, self.clock.event()
        news.succeed()

    def _make_room(self, come: Entry, now: float) -> None:
        oldest = sorted(self.queue.entries.values(), key=lambda entry: entry.arrival)
        idle = [entry for entry in oldest if entry is not come and not self._sending[entry.queue_id]]
        if len(come.content) <= self.how.buffer:
            while self.queue.bytes > self.how.buffer and idle:
                entry = idle.pop(0)
                self.drop(entry, entry.copies, NO_ROOM, now)
        if self.queue.bytes > self.how.buffer and len(come.copies[0].path) > 1:
            self.drop(come, come.copies, NO_ROOM, now)

    def drop(self, entry: Entry, copies: Sequence[Copy], why: str, now: float) -> None:
        """Let copies of an entry end here, undelivered; nobody is told."""
        if self.queue.holds(entry):
            self.deferred.drop(entry, copies, now)
            for copy in copies:
                self.ledger.end(copy, CopyOutcome.EXPIRED, why, now)

    def remove_delivered(self, there: Buffer, known: Collection[bytes], now: float) -> None:
        """Remove what the host of its recipient is known to have, if that is the rule."""
        for entry in list(self.queue.entries.values()) if self.how.delete_delivered else ():
            gone = [copy for copy in entry.copies if there.is_for(copy) and named(copy) in known]
            if gone and not self._sending[entry.queue_id]:
                self.deferred.drop(entry, gone, now)
                for copy in gone:
                    self.ledger.hand_over(copy)

    def offers(self, there: Buffer, known: Collection[bytes]) -> Iterator[tuple[Entry, list[Copy]]]:
        """What there is for a host that is known to have these, by entry: first those of which something is for itself.

        A copy of which one instance is left is for the recipient's host alone.
        """
        for_it = {named(copy) for entry in self.queue.entries.values() for copy in entry.copies if there.is_for(copy)}
        entries = [entry for entry in self.queue.entries.values() if entry.can_be_tried]
        for entry in sorted(entries, key=lambda entry: for_it.isdisjoint(map(named, entry.copies))):
            copies = [
                copy
                for copy in entry.copies
                if named(copy) not in known and (not self.how.copies or copy.replicas > 1 or named(copy) in for_it)
            ]
            if copies and self.queue.holds(entry):
                yield entry, copies

    def lend(self, entry: Entry, copies: Sequence[Copy], now: float) -> Delivery:
        """Replicas of copies, to be passed on: each takes half of the instances that are left along, rounded up."""
        self._sending[entry.queue_id] += 1
        given = [replace(copy, replicas=-(-copy.replicas // 2)) for copy in copies]
        for copy in copies:
            copy.replicas //= 2
        return Delivery(replace(entry, copies=given, failures={}), given, (), now)

    def conclude(self, entry: Entry, sent: Delivery, there: Buffer, now: float) -> None:
        """What was lent has been passed on, or has not: then it comes back, unless its own host refuses it for good."""
        self._sending[entry.queue_id] -= 1
        here = {copy.recipient: copy for copy in entry.copies} if self.queue.holds(entry) else {}
        for gone in sent.copies:
            failure, copy = sent.entry.failures.get(gone.recipient), here.get(gone.recipient)
            if failure is None or copy is None:
                continue
            copy.replicas += gone.replicas
            if failure.permanent and there.is_for(copy):
                self._refused(entry, copy, failure, now)

    def _refused(self, entry: Entry, copy: Copy, failure: Failure, now: float) -> None:
        self.drop(entry, [copy], failure.diagnostic, now)

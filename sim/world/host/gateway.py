"""A host between networks: what it has taken by one protocol goes on by another, as a message of that network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

from sim.gateway.mappings import gateway
from sim.gateway.passing import Passing, Seam
from sim.mail.path import Path
from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.mta.queue.message_options import message_options
from sim.results.facts import LossFact
from sim.results.outcomes import CopyOutcome
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.notifications import Notifications
from sim.world.host.routes import Route
from sim.world.host.uptime import Part

Group = tuple[tuple[Route, ...], Sequence[Copy]]
"""Copies of an entry that go the same way."""


@dataclass
class Gateway(Part):
    """Makes messages those of the network that they go on into, once each, before they are tried there.

    What was written here is of any network. A copy stays the same copy, whatever its address becomes.

    Attributes:
        epoch: what to add to the simulated time for the clock on the wall, s since `mail.trace.EPOCH`.
        domains, hosts: as of `Seam`.
    """

    deferred: DeferredQueue
    notifications: Notifications
    epoch: float
    domains: Mapping[str, str]
    hosts: Mapping[str, str]

    def into(self, entry: Entry, groups: Iterable[Group], now: float) -> Iterator[Group]:
        """The groups whose message is of the network that they go into.

        Where another group of the entry's stays as it was, or its message becomes another one, this one goes on as an
        entry of its own.
        """
        for routes, copies in list(groups):
            protocol = routes[0].protocol
            if entry.protocol in ("", protocol):
                yield routes, copies
            elif left := self._map(entry, copies, protocol, now):
                yield routes, left

    def _map(self, entry: Entry, copies: Sequence[Copy], protocol: str, now: float) -> Sequence[Copy]:
        """Make the message of these copies one of another network; gives those of them that the entry still has."""
        host, came_by, message_id = self.host.name, entry.protocol, copies[0].message_id
        asked = () if entry.options is None else entry.options.at(now)
        each = tuple(copy.parameters for copy in copies) if any(copy.parameters for copy in copies) else ()
        passing = Passing(entry.reverse_path, tuple(copy.forward_path for copy in copies), entry.content, asked, each)
        seam = Seam(self.host.domain, now + self.epoch, self.domains, self.hosts)
        mapped = gateway(passing, seam, came_by, protocol)
        for what in mapped.losses:
            self.recorder.losses.append(LossFact(message_id, host, now, came_by, protocol, str(what)))
        if mapped.passing is None:
            entry.drop(copies)
            for copy in copies:
                copy.waited(entry.due, now)
                self.ledger.end(copy, CopyOutcome.LOST, f"gateway {host}: {protocol} has no such message", now)
            return ()
        refused = dict(mapped.refused)
        left = [copy.forward_path not in refused for copy in copies]
        self._refuse(entry, [copy for copy in copies if copy.forward_path in refused], refused, now)
        kept = list(compress(copies, left))
        return self._go_on(entry, kept, mapped.passing.shared(left), protocol, now) if kept else ()

    def _go_on(self, entry: Entry, kept: Sequence[Copy], passing: Passing, protocol: str, now: float) -> Sequence[Copy]:
        """Give those of the copies that the entry has another message, or an entry with that message of their own."""
        each = passing.recipient_parameters or ((),) * len(kept)
        for copy, path, parameters in zip(kept, passing.forward_paths, each, strict=True):
            copy.forward_path, copy.parameters = path, parameters
        asked = passing.parameters or any(each)
        options = message_options(passing.parameters, now, self.epoch) if asked else None
        # Two of the copies may have come to have one address: each goes by itself then.
        together = dict.fromkeys({copy.forward_path: copy for copy in kept}.values())
        groups = [list(together), *([copy] for copy in kept if copy not in together)]
        if len(kept) == len(entry.copies):
            entry.copies = groups.pop(0)
            self.queue.rewrite(entry, passing.content)
            entry.reverse_path, entry.options, entry.protocol = passing.reverse_path, options, protocol
            here: Sequence[Copy] = entry.copies
        else:
            entry.drop(kept)
            here = ()
        for its_own in groups:
            there = replace(entry, queue_id=self.deferred.next_id(), reverse_path=passing.reverse_path, failures={})
            there.content, there.copies, there.options = passing.content, its_own, options
            there.protocol, there.in_delivery = protocol, 0
            self.deferred.add(there, now)
        return here

    def _refuse(self, entry: Entry, copies: Sequence[Copy], refused: Mapping[Path, str], now: float) -> None:
        """Give up copies whose address cannot be written in the other network; they may be none."""
        if copies:
            entry.drop(copies)
            for copy in copies:
                copy.waited(entry.due, now)
            fates = [(copy, Failure(554, "5.6.3", refused[copy.forward_path])) for copy in copies]
            self.notifications.give_up(entry, fates, now)

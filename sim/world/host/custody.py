"""What becomes of mail that a host has taken: a mailbox, a list or a forward here, or the queue for another host."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sim.mail.address import Address, is_literal, mailbox_key, parse_address
from sim.mail.digest import seal_holds
from sim.mail.path import Path
from sim.mail.trace import date_time, delivered_to, received, return_path
from sim.mailbox.delivery import Outgoing
from sim.mta import dsn
from sim.mta.client.envelope import needs_smtputf8
from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.mta.queue.message_options import MessageOptions, message_options, with_smtputf8
from sim.mta.server.loops import LIST_LOOP, has_passed, is_looping
from sim.mta.server.recipients import E550_SOURCE_ROUTE, OWNER, Directory
from sim.mta.server.transactions import AcceptedMail
from sim.protocol.smtp.events import Parameters
from sim.results.outcomes import CopyOutcome
from sim.world.engine.capacity import SharedCapacity
from sim.world.engine.corruption import FOUND
from sim.world.engine.messages import Messages
from sim.world.host.deferred_queue import DeferredQueue
from sim.world.host.notifications import Notifications
from sim.world.host.uptime import Part
from sim.world.mailbox.local_delivery import LocalDelivery
from sim.world.mailbox.user_mailboxes import UserMailboxes

ROUTED = Failure(E550_SOURCE_ROUTE.code, E550_SOURCE_ROUTE.enhanced, E550_SOURCE_ROUTE.text)
"""What a user hears of his own host where it takes no routes."""
UNKNOWN_USER = Failure(550, "5.1.1", "User unknown")


def every_copy(copies: list[Copy], now: float) -> list[Copy]:  # noqa: ARG001
    """What a host takes of the copies that have come: all."""
    return copies


class Arrival(NamedTuple):
    """A copy that is for an address here; `utf8` says that it is a message of RFC 6531, wherever it goes from here."""

    copy: Copy
    address: Address
    reverse_path: Path
    content: bytes
    utf8: bool


@dataclass
class Custody(Part):
    """A host's duty to deliver what it has taken, to pass it on, or to report.

    `mailboxes` has what is delivered, by mailbox, where somebody wants to read it; `local` delivers to users who have
    mailboxes of their own; `queues_apart` says that each recipient has a queue of his own; `admits` gives those of the
    copies that the host has not had, where others may come.
    """

    messages: Messages
    directory: Directory
    mailboxes: dict[str, list[bytes]] | None
    local: LocalDelivery | None
    deferred: DeferredQueue
    notifications: Notifications
    capacity: SharedCapacity | None
    queues_apart: bool = False
    admits: Callable[[list[Copy], float], list[Copy]] = every_copy

    def __post_init__(self) -> None:
        """Nothing has been taken."""
        self._plain_paths = not (self.host.percent_hack or self.host.bang_paths)
        self._takes_routes = self.host.source_routes != "reject"
        self._loops = self.host.mta.loop_detection
        self._expanded: dict[tuple[int, str], int] = {}
        self._written = deque[tuple[Path, list[Copy], bytes, Parameters | None]]()
        self._passes_on = False

    def submit(
        self, reverse_path: Path, copies: list[Copy], content: bytes, parameters: Parameters | None = None
    ) -> None:
        """Take a new message from a user of this host, or from the host itself.

        The parameters are as MAIL's; None says that none of the copies asks for anything either. That an address needs
        SMTPUTF8 goes without saying.
        """
        now = self.clock.now
        for copy in copies:
            copy.path = (self.host.name,)
            copy.waited(copy.created, now)
        if self.capacity is not None:
            self.capacity.commits(now)
        if needs_smtputf8(reverse_path, [copy.forward_path for copy in copies]):
            parameters = with_smtputf8(parameters)
        options = None if parameters is None else message_options(parameters, now, self.messages.epoch)
        self.take(reverse_path, copies, content, now, options=options)

    def receive(
        self,
        mail: AcceptedMail,
        copies: list[Copy],
        now: float,
        *,
        offered: float,
        began: float,
        nth: int = 1,
        by: str = "smtp",
    ) -> None:
        """Take what a client has handed over by a protocol, the nth message of its session.

        It was first offered at `offered`, and began to come in at `began`.
        """
        queue_id = self.deferred.next_id()
        field = b""
        if mail.protocol:
            field = received(
                helo=mail.helo,
                by=self.host.domain,
                protocol=mail.protocol,
                queue_id=queue_id,
                recipient=str(mail.forward_paths[0].mailbox) if len(mail.forward_paths) == 1 else None,
                date=date_time(now + self.messages.epoch),
            )
        for copy in copies:
            self.ledger.take(copy)
        options = None
        asked = mail.parameters
        # SIZE alone is no wish: each hop finds it anew.
        if mail.recipient_parameters or len(asked) > 1 or (asked and asked[0][0] != "SIZE"):
            options = message_options(asked, offered, self.messages.epoch)
            for copy, parameters in zip(copies, mail.recipient_parameters, strict=False):
                copy.parameters = parameters
        back, content = mail.reverse_path, field + mail.content
        if mail.looping or (self._loops.returns and is_looping(mail.content, self.host.mta)):
            said = self._loops.too_many
            entry = Entry(queue_id, back, content, now, copies, now, now, options=options)
            failure = Failure(said.code, said.enhanced, said.text)
            self.notifications.give_up(entry, [(copy, failure) for copy in copies], now)
            return
        waits = nth > self.host.mta.queues_after > 0
        took = now - began
        self.take(back, copies, content, now, queue_id=queue_id, options=options, waits=waits, receiving=took, by=by)

    def take(
        self,
        reverse_path: Path,
        copies: list[Copy],
        content: bytes,
        now: float,
        *,
        queue_id: str = "",
        options: MessageOptions | None = None,
        waits: bool = False,
        receiving: float = 0.0,
        by: str = "",
    ) -> None:
        """Deal with copies of a message: each ends here, goes into the queue, or is held until its time comes.

        One that `waits` is not tried before a queue run finds it; `receiving` it took so many s, `by` a protocol.
        """
        host, deferred = self.host, self.deferred
        more: dict[str, Any] = {"options": options, "receiving": receiving, "protocol": by}
        if options is not None and options.release_time > now and "FUTURERELEASE" in host.extensions:
            queue_id = queue_id or deferred.next_id()
            deferred.hold(Entry(queue_id, reverse_path, content, now, copies, now, now, options=options, protocol=by))
            return
        copies = self.admits(copies, now)
        # A report loses its route instead.
        free = self._takes_routes or reverse_path.is_null
        refused = [] if free else [(copy, ROUTED) for copy in copies if copy.forward_path.route]
        copies = copies if free else [copy for copy in copies if not copy.forward_path.route]
        remote: list[Copy] = []
        arrived: list[tuple[Copy, Failure]] = []
        for copy in copies:
            if (copy.forward_path.route or not self._plain_paths) and (back := self._reroute(copy, reverse_path)):
                deferred.add(Entry(deferred.next_id(), back, content, now, [copy], now, now, **more), now)
                continue
            address = copy.forward_path.mailbox
            if address is None or copy.forward_path.route or not self.directory.keeps(address):
                remote.append(copy)
                continue
            utf8 = options is not None and options.utf8
            fate = self._arrive(Arrival(copy, address, reverse_path, content, utf8))
            if fate.code:
                refused.append((copy, fate))
            elif options is None:
                self.ledger.end(copy, CopyOutcome.DELIVERED, fate.text, now)
            else:
                arrived.append((copy, fate))
        self._pass_on()
        if not (remote or refused or arrived):
            return
        queue_id = queue_id or deferred.next_id()
        entry = Entry(queue_id, reverse_path, content, now, remote, now, now, **more)
        if arrived or refused:
            self._end(entry, arrived, refused, now)
        if remote:
            self._queue(entry, now, waits=waits)

    def _queue(self, entry: Entry, now: float, *, waits: bool) -> None:
        """Put an entry into the queue, or each of its copies in one of its own."""
        first, *others = entry.copies
        if self.queues_apart:
            entry.copies = [first]
        self.deferred.add(entry, now, waits=waits)
        for copy in others if self.queues_apart else ():
            its_own = replace(entry, queue_id=self.deferred.next_id(), copies=[copy], failures={})
            self.deferred.add(its_own, now, waits=waits)

    def _end(
        self,
        entry: Entry,
        arrived: Sequence[tuple[Copy, Failure]],
        refused: Sequence[tuple[Copy, Failure]],
        now: float,
    ) -> None:
        """Tell of the copies that end here, and then end them: the last one's end may be the run's."""
        self.notifications.send_dsn(entry, [one for one in arrived if one[0].parameters], now, "delivered")
        for copy, fate in arrived:
            self.ledger.end(copy, CopyOutcome.DELIVERED, fate.text, now)
        self.notifications.give_up(entry, refused, now)

    def _arrive(self, come: Arrival) -> Failure:
        """Put a copy where it is for: into a mailbox, or to a list. Gives its fate, whose code is 0 if all is well."""
        directory, copy = self.directory, come.copy
        if is_literal(come.address.domain) or not come.address.domain.isascii():
            come = come._replace(address=directory.canonical(come.address))
        address = come.address
        if (members := directory.members(address)) is not None:
            return self._expand(come, members)
        if (to := directory.forward(address)) is not None:
            return self._forward(come, to)
        if (word := directory.forwarding_reply(address)) is not None:
            return Failure(word.code, word.enhanced, word.text)
        if not directory.has_user(address):
            return UNKNOWN_USER
        if copy.damage and self.host.digests and not seal_holds(come.content):
            copy.damage = FOUND
        if self.local is not None and (own := self.local.of(address)) is not None:
            return self._deliver(self.local, own, come)
        mailbox = copy.recipient if self._plain_paths else str(address)
        if self.mailboxes is not None:
            self.mailboxes.setdefault(mailbox, []).append(return_path(come.reverse_path) + come.content)
        return dsn.DELIVERED

    def _deliver(self, local: LocalDelivery, to: UserMailboxes, come: Arrival) -> Failure:
        """Put a copy into a user's own mailboxes, or wherever his rules will have it; likewise.

        Mail that they have sent on before is kept.
        """
        by_rules = to.agent is None or not has_passed(come.content, come.address, here=False)
        found = local.deliver(come.copy, to, come.reverse_path, come.content, self.clock.now, by_rules=by_rules)
        author = self.messages.forged.get(come.copy.message_id)
        for redirect in found.redirects:
            self._write(come, come.reverse_path, [Path(redirect)], author)
        for answer in found.answers:
            self._answer(come, answer)
        return found.fate

    def _answer(self, come: Arrival, answer: Outgoing) -> None:
        """Send what a user's rules tell the sender of a message."""
        message_id, path, content = self.messages.next_id(), Path(answer.recipient), answer.content
        about = come.copy.message_id
        copies = self.messages.write(message_id, answer.reverse_path, [path], len(content), about=about)
        self._written.append((answer.reverse_path, copies, content, None))

    def _reroute(self, copy: Copy, reverse_path: Path) -> Path | None:
        """Make the forward-path what it means here; gives the reverse-path if the copy goes on by a new path."""
        before, directory = copy.forward_path, self.directory
        path, back = directory.onward_paths(before, reverse_path)
        copy.forward_path = path
        local = not path.route and path.mailbox is not None and directory.is_local(path.mailbox)
        return None if path == before or local else back

    def _expand(self, come: Arrival, members: Sequence[str]) -> Failure:
        """Pass a message on to a list's members, in the name of the list's owner (RFC 5321 section 3.9.2).

        A null reverse-path stays null (section 4.5.5): what comes back of a report comes back to nobody.
        The copy to the list has arrived then; what goes to the members is a message of its own, for which the writer's
        options do not hold (RFC 3461 section 5.2.7.3). It fails if the message has been through this list before. By
        whichever lists a message comes to this one, its members have it once; a duplicate of what was passed on is
        passed on as one.
        """
        address, message_id = come.address, come.copy.message_id
        if has_passed(come.content, address, here=False):
            return Failure.of(LIST_LOOP)
        origin = self.messages.origin(message_id)
        if self._expanded.setdefault((origin, mailbox_key(address)), message_id) != message_id:
            return Failure(0, dsn.DELIVERED.enhanced, "expanded before")
        owner = come.reverse_path
        if not owner.is_null:
            owner = Path(Address(OWNER + address.local, address.domain))
        self._write(come, owner, [Path(parse_address(member, utf8=True)) for member in members])
        return Failure(0, dsn.DELIVERED.enhanced, f"expanded to {len(members)} members")

    def _forward(self, come: Arrival, to: Address) -> Failure:
        """Pass a user's mail on to his other address, in its sender's name (RFC 5321 section 3.4).

        It fails if the product finds that the message has been through this forward before. Otherwise as `_expand`.
        """
        if has_passed(come.content, come.address, here=not self._loops.reads_delivered_to):
            return Failure.of(self._loops.forwarding, address=str(come.address))
        self._write(come, come.reverse_path, [Path(to)], self.messages.forged.get(come.copy.message_id))
        return Failure(0, dsn.DELIVERED.enhanced, f"forwarded to {to}")

    def _write(self, come: Arrival, back: Path, forward_paths: Sequence[Path], author: str | None = None) -> None:
        """Write what the list or the forward of an address makes of the copy that came to it."""
        content, origin = delivered_to(str(come.address)) + come.content, come.copy.message_id
        message_id = self.messages.next_id()
        copies = self.messages.write(message_id, back, forward_paths, len(content), author=author, origin=origin)
        for copy in copies if come.copy.damage else ():
            copy.damage = come.copy.damage
        self._written.append((back, copies, content, with_smtputf8(None) if come.utf8 else None))

    def _pass_on(self) -> None:
        """Take what lists and forwards have written, one after the other, for chains of them may be long."""
        if self._written and not self._passes_on:
            self._passes_on = True
            while self._written:
                self.submit(*self._written.popleft())
            self._passes_on = False

"""What becomes of mail that a host has taken: a mailbox, a list or a forward here, or the queue for another host."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.mail.address import Address, is_literal, mailbox_key, parse_address
from sim.mail.digest import seal_holds
from sim.mail.path import Path
from sim.mail.trace import delivered_to
from sim.mta.queue.message_options import MessageOptions, with_smtputf8
from sim.mta.queue.queue import Copy, Entry, Failure
from sim.mta.reports import dsn
from sim.mta.server.directory import E550_SOURCE_ROUTE, OWNER
from sim.mta.server.loops import LIST_LOOP, has_passed, is_looping
from sim.mta.server.source_route import rewrite_route
from sim.protocol.smtp.events import Parameters
from sim.results.outcomes import CopyOutcome
from sim.world.engine.corruption import FOUND
from sim.world.host.notifications import send_double_bounce, send_dsn

if TYPE_CHECKING:
    from sim.world.host.host import Station

ROUTED = Failure(E550_SOURCE_ROUTE.code, E550_SOURCE_ROUTE.enhanced, E550_SOURCE_ROUTE.text)
"""What a user hears of his own host where it takes no routes."""
UNKNOWN_USER = Failure(550, "5.1.1", "User unknown")


class Custody:
    """A host's duty to deliver what it has taken, to pass it on, or to report."""

    __slots__ = ("_expanded", "_loops", "_passes_on", "_plain_paths", "_station", "_takes_routes", "_written")

    def __init__(self, station: Station) -> None:
        self._station = station
        host = station.host
        self._plain_paths = not host.percent_hack
        self._takes_routes = host.source_routes != "reject"
        self._loops = host.mta.loop_detection
        self._expanded: dict[tuple[int, str], int] = {}
        self._written = deque[tuple[Path, list[Copy], bytes, Parameters | None]]()
        self._passes_on = False

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
    ) -> None:
        """Deal with copies of a message: each ends here, goes into the queue, or is held until its time comes.

        One that `waits` is not tried before a queue run finds it; `receiving` it took so many s.
        """
        station = self._station
        if options is not None and options.release_time > now and "FUTURERELEASE" in station.host.extensions:
            queue_id = queue_id or station.next_queue_id()
            station.backlog.hold(Entry(queue_id, reverse_path, content, now, copies, now, now, options=options))
            return
        copies, refused = self._admit(copies, reverse_path)
        remote: list[Copy] = []
        arrived: list[tuple[Copy, Failure]] = []
        for copy in copies:
            if (copy.forward_path.route or not self._plain_paths) and (back := self._reroute(copy, reverse_path)):
                its_own = Entry(
                    station.next_queue_id(), back, content, now, [copy], now, now, options=options, receiving=receiving
                )
                station.backlog.add(its_own, now)
                continue
            address = copy.forward_path.mailbox
            if address is None or copy.forward_path.route or not station.directory.is_local(address):
                remote.append(copy)
                continue
            fate = self._arrive(copy, address, reverse_path, content, utf8=options is not None and options.utf8)
            if fate.code:
                refused.append((copy, fate))
            elif options is None:
                station.world.ledger.end(copy, CopyOutcome.DELIVERED, fate.text, now)
            else:
                arrived.append((copy, fate))
        self._pass_on()
        if not (remote or refused or arrived):
            return
        queue_id = queue_id or station.next_queue_id()
        entry = Entry(queue_id, reverse_path, content, now, remote, now, now, options=options, receiving=receiving)
        if arrived or refused:
            self._end_of_way(entry, arrived, refused, now)
        if remote:
            station.backlog.add(entry, now, waits=waits)

    def is_to_return(self, content: bytes) -> bool:
        """Whether mail that came with this content goes round, and the product has taken it to return it."""
        return self._loops.returns and is_looping(content, self._station.host.mta)

    def turn_back(self, entry: Entry, now: float) -> None:
        """Return a message that goes round."""
        said = self._loops.too_many
        failure = Failure(said.code, said.enhanced, said.text)
        self.give_up(entry, [(copy, failure) for copy in entry.copies], now)

    def give_up(self, entry: Entry, given_up: Sequence[tuple[Copy, Failure]], now: float) -> None:
        """End copies of an entry that were not delivered, and report on them where that is wanted."""
        told = send_dsn(self._station, entry, given_up, now)
        again = entry.reverse_path.is_null and send_double_bounce(self._station, entry, given_up, now)
        for copy, failure in given_up:
            why = failure.diagnostic if failure.permanent else f"expired: {failure.diagnostic}"
            why = f"{why}; the postmaster was told" if again else why
            outcome = CopyOutcome.BOUNCED if copy.recipient in told else CopyOutcome.EXPIRED
            self._station.world.ledger.end(copy, outcome, why, now)

    def _end_of_way(
        self,
        entry: Entry,
        arrived: Sequence[tuple[Copy, Failure]],
        refused: Sequence[tuple[Copy, Failure]],
        now: float,
    ) -> None:
        """Tell of the copies that end here, and then end them: the last one's end may be the run's."""
        send_dsn(self._station, entry, [one for one in arrived if one[0].parameters], now, "delivered")
        for copy, fate in arrived:
            self._station.world.ledger.end(copy, CopyOutcome.DELIVERED, fate.text, now)
        self.give_up(entry, refused, now)

    def _arrive(self, copy: Copy, address: Address, reverse_path: Path, content: bytes, *, utf8: bool) -> Failure:
        """Put a copy where it is for: into a mailbox, or to a list. Gives its fate, whose code is 0 if all is well.

        `utf8` says that the message is one of RFC 6531, whose header may be in UTF-8 wherever it goes.
        """
        directory = self._station.directory
        if is_literal(address.domain) or not address.domain.isascii():
            address = directory.canonical(address)
        if (members := directory.members(address)) is not None:
            return self._expand(copy, address, members, reverse_path, content, utf8=utf8)
        if (to := directory.forward(address)) is not None:
            return self._forward(copy, address, to, reverse_path, content, utf8=utf8)
        if (word := directory.forwarding_reply(address)) is not None:
            return Failure(word.code, word.enhanced, word.text)
        if not directory.has_user(address):
            return UNKNOWN_USER
        if copy.damage and self._station.host.digests and not seal_holds(content):
            copy.damage = FOUND
        self._station.mailboxes.deliver(copy.recipient if self._plain_paths else str(address), reverse_path, content)
        return dsn.DELIVERED

    def _admit(self, copies: list[Copy], reverse_path: Path) -> tuple[list[Copy], list[tuple[Copy, Failure]]]:
        """The copies without those whose route the host does not take, and these; a report loses its route instead."""
        if self._takes_routes or reverse_path.is_null:
            return copies, []
        return (
            [copy for copy in copies if not copy.forward_path.route],
            [(copy, ROUTED) for copy in copies if copy.forward_path.route],
        )

    def _reroute(self, copy: Copy, reverse_path: Path) -> Path | None:
        """Make the forward-path what it means here; gives the reverse-path if the copy goes on by a new path."""
        host, directory = self._station.host, self._station.directory
        before = copy.forward_path
        path, back = directory.canonical_path(before), reverse_path
        if host.source_routes == "honour":
            path, back = rewrite_route(path, back, host.domain, directory.is_own)
        elif path.route:
            path = Path(path.mailbox)
        copy.forward_path = path
        local = not path.route and path.mailbox is not None and directory.is_local(path.mailbox)
        return None if path == before or local else back

    def _expand(
        self,
        copy: Copy,
        address: Address,
        members: Sequence[str],
        reverse_path: Path,
        content: bytes,
        *,
        utf8: bool,
    ) -> Failure:
        """Pass a message on to a list's members, in the name of the list's owner (RFC 5321 section 3.9.2).

        A null reverse-path stays null (section 4.5.5): what comes back of a report comes back to nobody.
        The copy to the list has arrived then; what goes to the members is a message of its own, for which the writer's
        wishes do not hold (RFC 3461 section 5.2.7.3). It fails if the message has been through this list before. By
        whichever lists a message comes to this one, its members have it once; a duplicate of what was passed on is
        passed on as one.
        """
        if has_passed(content, address, here=False):
            return Failure.of(LIST_LOOP)
        first = self._expanded.setdefault(
            (self._station.world.origin(copy.message_id), mailbox_key(address)), copy.message_id
        )
        if first != copy.message_id:
            return Failure(0, dsn.DELIVERED.enhanced, "expanded before")
        owner = reverse_path if reverse_path.is_null else Path(Address(OWNER + address.local, address.domain))
        to = [Path(parse_address(member, utf8=True)) for member in members]
        self._write(owner, to, content, copy, address, utf8=utf8)
        return Failure(0, dsn.DELIVERED.enhanced, f"expanded to {len(members)} members")

    def _forward(
        self, copy: Copy, address: Address, to: Address, reverse_path: Path, content: bytes, *, utf8: bool
    ) -> Failure:
        """Pass a user's mail on to his other address, in its sender's name (RFC 5321 section 3.4).

        It fails if the product finds that the message has been through this forward before. Otherwise as `_expand`.
        """
        if has_passed(content, address, here=not self._loops.reads_delivered_to):
            return Failure.of(self._loops.forwarding, address=str(address))
        author = self._station.world.forged.get(copy.message_id)
        self._write(reverse_path, [Path(to)], content, copy, address, author=author, utf8=utf8)
        return Failure(0, dsn.DELIVERED.enhanced, f"forwarded to {to}")

    def _write(
        self,
        reverse_path: Path,
        forward_paths: Sequence[Path],
        content: bytes,
        came: Copy,
        address: Address,
        *,
        author: str | None = None,
        utf8: bool,
    ) -> None:
        """Write what the list or the forward of an address makes of the copy that came to it."""
        world = self._station.world
        content = delivered_to(str(address)) + content
        copies = world.write(
            world.new_message_id(), reverse_path, forward_paths, len(content), author=author, origin=came.message_id
        )
        for copy in copies if came.damage else ():
            copy.damage = came.damage
        self._written.append((reverse_path, copies, content, with_smtputf8(None) if utf8 else None))

    def _pass_on(self) -> None:
        """Take what lists and forwards have written, one after the other, for chains of them may be long."""
        if self._written and not self._passes_on:
            self._passes_on = True
            while self._written:
                self._station.submit(*self._written.popleft())
            self._passes_on = False

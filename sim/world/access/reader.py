"""A user as he reads: when he looks at what his devices have, how long he reads, and what he does with it then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from sim.agent.acts import Act, Answered, Delete, Forwarded, MoveTo, Search, Seen
from sim.mail.address import Address, AddressError
from sim.mail.content import compose
from sim.mail.mailbox import Mailbox, header_form, parse_mailbox
from sim.mail.mime import read_fields, split_header
from sim.mail.trace import date_time
from sim.mailbox.interface import INBOX
from sim.network.links.timeline import Timeline
from sim.results.outcomes import Step
from sim.scenario.distribution import Distribution
from sim.scenario.spec import User
from sim.world.engine.stepping import Waits
from sim.world.host.world import World
from sim.world.mailbox.account import RunAccount, StoredContent

if TYPE_CHECKING:
    from sim.world.access.device import DeviceAtWork, Had

ARCHIVE = "Archive"
"""Where messages go that a user archives, unless he says otherwise."""

Post = Callable[[int, Mailbox, Mailbox, bytes], None]
"""Hands a message in: its number, its author, its recipient and its content."""

Writes = Generator[float, float, bool]
"""The times at which he goes on writing, s; gives whether he did."""


class _Message(NamedTuple):
    """A message to be read, the device that has had it first, and what is drawn about it."""

    device: DeviceAtWork
    had: Had
    random: Random


class Reader:
    """A user who reads one message after the other.

    Args:
        address: his.
        settings: how he reads.
        users: those of his domain, to whom he passes mail on.
        account: his mailboxes.
        at: when he is at it.
        until: when he writes no more, s.
        world: gives the clock, the ledger and the streams.
        post: hands in what he writes.
    """

    def __init__(
        self,
        address: Address,
        settings: User,
        account: RunAccount,
        world: World,
        *,
        users: Sequence[str],
        at: Timeline,
        until: float,
        post: Post,
    ) -> None:
        self._address, self._account, self._world, self._post = address, account, world, post
        self._reads = settings.reads
        self._archive = ARCHIVE if settings.archive is None else settings.archive.to
        self._users, self._at, self._until = users, at, until
        self._had: set[int] = set()
        self._ready: deque[_Message] = deque()
        self._reading = False

    def has(self, device: DeviceAtWork, had: Had) -> None:
        """A device has got a message: he looks at it some time later, unless another one has had it before."""
        message_id = had.content.message_id if isinstance(had.content, StoredContent) else 0
        if self._reads is None or not message_id or message_id in self._had:
            return
        self._had.add(message_id)
        random = self._world.streams(f"user/{self._address}/{message_id}")
        clock, message = self._world.clock, _Message(device, had, random)
        self._world.ledger.expect()
        clock.call_at(clock.now + _draw(self._reads.after, random), lambda: self._look(message))

    def _look(self, message: _Message) -> None:
        self._ready.append(message)
        if not self._reading:
            self._reading = True
            self._world.clock.start(self._read_all())

    def _read_all(self) -> Waits:
        """Read what is to be read, one message after the other."""
        clock = self._world.clock
        while self._ready:
            message = self._ready.popleft()
            yield from self._come()
            yield from message.device.open(message.had)
            yield clock.now + _draw(self._reads.takes if self._reads else 0.0, message.random)
            yield from self._deal_with(message)
            self._world.ledger.came()
        self._reading = False

    def _come(self) -> Waits:
        """Wait until he is at it."""
        at = self._at.next_up(self._world.clock.now)
        if at > self._world.clock.now:
            yield at

    def _deal_with(self, message: _Message) -> Waits:
        """He has read a message: note it, and do with it what he does with some."""
        device, had, random = message
        reads, now, world = self._reads, self._world.clock.now, self._world
        if reads is None:
            return
        for key in had.copies:
            world.ledger.reach(key, Step.READ, now)
        chance, replies, forwards = random.random(), random.random(), random.random()
        self._account.was_read(had.content)
        acts: list[Act] = []
        # A program that knows messages by their numbers only cannot say later which one it was.
        if had.uid:
            device.do(Seen(had.mailbox, had.uid))
        if replies < reads.replies and (yield from self._reply(had, random)):
            acts.append(Answered(had.mailbox, had.uid))
        if forwards < reads.forwards and len(self._users) > 1 and (yield from self._forward(had, random)):
            acts.append(Forwarded(had.mailbox, had.uid))
        fates: list[tuple[float, Act]] = [
            (reads.deletes, Delete(had.mailbox, had.uid)),
            (reads.archives, MoveTo(had.mailbox, had.uid, self._archive, content=had.content)),
            *[
                (share, MoveTo(had.mailbox, had.uid, folder, content=had.content))
                for folder, share in reads.files.items()
            ],
        ]
        for share, act in fates:
            if chance < share:
                acts.append(act)
                break
            chance -= share
        if had.uid and acts:
            device.do(*acts)

    def _reply(self, had: Had, random: Random) -> Writes:
        """Write an answer to a message; gives whether he did: nobody answers what was written by a program."""
        fields = _fields(had.content)
        to = _mailbox(fields.get("reply-to") or fields.get("from", ""))
        automatic = fields.get("auto-submitted", "no").lower() != "no" or fields.get("return-path", "") == "<>"
        if to is None or automatic:
            return False
        return (yield from self._write(to, "Re", fields, random))

    def _forward(self, had: Had, random: Random) -> Writes:
        """Pass a message on to another user of his domain."""
        own = self._users.index(self._address.local)
        other = self._users[(own + random.randrange(1, len(self._users))) % len(self._users)]
        to = parse_mailbox(str(Address(other, self._address.domain)))
        return (yield from self._write(to, "Fwd", _fields(had.content), random, encloses=len(had.content)))

    def _write(self, to: Mailbox, what: str, fields: dict[str, str], random: Random, *, encloses: int = 0) -> Writes:
        """Write a message about another one, and hand it in; gives whether he did."""
        reads, clock, messages = self._reads, self._world.clock, self._world.messages
        if reads is None:
            return False
        writes_for, size = _draw(reads.writes_for, random), reads.size.sample(random)
        yield from self._come()
        yield clock.now + writes_for
        if clock.now >= self._until:
            return False
        message_id, subject = messages.next_id(), fields.get("subject", "")
        about = fields.get("message-id", "")
        mime = f"In-Reply-To: {about}\r\nReferences: {about}\r\n" if what == "Re" and about else ""
        author = parse_mailbox(str(self._address))
        content = compose(
            sender=header_form(str(self._address)),
            recipients=[header_form(str(to.address))],
            subject=subject if subject.startswith(f"{what}: ") else f"{what}: {subject}",
            message_id=f"<{message_id}@{self._address.domain}>",
            date=date_time(clock.now + messages.epoch),
            size=round(size) + encloses,
            mime=mime,
        )
        self._post(message_id, author, to, content)
        return True

    def search(self, devices: Sequence[DeviceAtWork], random: Random) -> Waits:
        """Look for something in his mailbox again and again, at the first of his devices, while he is at it."""
        rate = 0.0 if self._reads is None else self._reads.searches
        clock = self._world.clock
        while rate and (at := self._at.next_up(clock.now + random.expovariate(rate))) < clock.horizon:
            yield at
            devices[0].do(Search(INBOX, f"word {random.randrange(1000)}"))


def _draw(time: float | Distribution, random: Random) -> float:
    return time if isinstance(time, float | int) else time.sample(random)


def _fields(content: bytes) -> dict[str, str]:
    """The fields of a header by name, each the first of its kind."""
    found: dict[str, str] = {}
    for name, value in read_fields(split_header(content)[0]):
        found.setdefault(name, value.decode("utf-8", "replace"))
    return found


def _mailbox(text: str) -> Mailbox | None:
    try:
        return parse_mailbox(text)
    except AddressError:
        return None

"""A mailbox store in memory. Content is shared with whoever else has it; nothing is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count, takewhile

from sim.mailbox.interface import (
    DELIMITER,
    INBOX,
    BadNameError,
    ExpungedError,
    Mailbox,
    MailboxExistsError,
    MessageInfo,
    NoMailboxError,
    OverQuotaError,
    Quota,
    checked_name,
)


class Changes:
    """Which messages have changed since when: UIDs in the order of their last change."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def note(self, uid: int, mod_seq: int) -> None:
        """A message has changed, or come."""
        self._last.pop(uid, None)
        self._last[uid] = mod_seq

    def forget(self, uid: int) -> None:
        """A message is gone."""
        self._last.pop(uid, None)

    def since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of what has changed since, in ascending order."""
        return sorted(takewhile(lambda uid: self._last[uid] > mod_seq, reversed(self._last)))


class MemoryMailbox:
    """A mailbox in memory; see `interface.Mailbox`.

    Args:
        uid_validity: its UIDVALIDITY.
        account: whose it is: asked for room, and told of changes.
    """

    def __init__(self, uid_validity: int, account: MemoryAccount) -> None:
        self.uid_validity = uid_validity
        self.uid_next = 1
        self.highest_mod_seq = 1
        self.first_recent = 1
        self._account = account
        self._messages: dict[int, MessageInfo] = {}
        self._contents: dict[int, bytes] = {}
        # What has gone: (mod-sequence, UID), in the order of the first.
        self._expunged: list[tuple[int, int]] = []
        self._changes = Changes()

    @property
    def messages(self) -> Mapping[int, MessageInfo]:
        """UID -> what is known of it."""
        return self._messages

    def content(self, uid: int) -> bytes:
        """A message's content."""
        if uid not in self._contents:
            raise ExpungedError("the message is gone")
        return self._contents[uid]

    def append(self, content: bytes, flags: Iterable[str], internal_date: float) -> int:
        """Put a message in; gives its UID."""
        self._account.claim_room(len(content))
        uid, self.uid_next = self.uid_next, self.uid_next + 1
        self.highest_mod_seq += 1
        self._contents[uid] = content
        self._messages[uid] = MessageInfo(uid, len(content), internal_date, frozenset(flags), self.highest_mod_seq)
        self._changes.note(uid, self.highest_mod_seq)
        self._account.changed()
        return uid

    def change_flags(self, uid: int, flags: frozenset[str]) -> None:
        """A message has these flags from here on."""
        if uid not in self._messages:
            raise ExpungedError("the message is gone")
        if self._messages[uid].flags != flags:
            self.highest_mod_seq += 1
            self._messages[uid] = replace(self._messages[uid], flags=flags, mod_seq=self.highest_mod_seq)
            self._changes.note(uid, self.highest_mod_seq)
            self._account.changed()

    def expunge(self, uids: Iterable[int]) -> None:
        """Messages go."""
        going = [uid for uid in uids if uid in self._messages]
        if not going:
            return
        self.highest_mod_seq += 1
        for uid in going:
            self._expunged.append((self.highest_mod_seq, uid))
            self._account.give_room(self._messages.pop(uid).size)
            self._changes.forget(uid)
            del self._contents[uid]
        self._account.changed()

    def adopt_copies(self, source: Mailbox, uids: Sequence[int]) -> Sequence[int]:
        """Put copies of another mailbox's messages in; gives their UIDs."""
        found = [(source.content(uid), source.messages[uid]) for uid in uids]
        self._account.check_room(sum(len(content) for content, _ in found), len(found))
        return [self.append(content, info.flags, info.internal_date) for content, info in found]

    def changed_since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of messages that have come or whose flags have changed since then."""
        return self._changes.since(mod_seq)

    def expunged_since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of what has gone since."""
        found = []
        for at, uid in reversed(self._expunged):
            if at <= mod_seq:
                break
            found.append(uid)
        return sorted(found)

    def claim_recent(self) -> int:
        """The first UID that no session has been told of as recent."""
        first, self.first_recent = self.first_recent, self.uid_next
        return first


class MemoryAccount:
    """A user's mailboxes in memory; see `interface.Account`.

    Args:
        octets_limit, messages_limit: its quota; 0 is none.
    """

    def __init__(self, *, octets_limit: int = 0, messages_limit: int = 0) -> None:
        self._octets_limit, self._messages_limit = octets_limit, messages_limit
        self._octets = self._count = 0
        self._validity = count(1)
        self._mailboxes = {INBOX: MemoryMailbox(next(self._validity), self)}
        self._uses: dict[str, str] = {}
        self._subscribed: dict[str, None] = {}
        self._locked = False
        self._watchers: dict[int, Callable[[], None]] = {}
        self._watcher = count()

    def names(self) -> Sequence[str]:
        """The names of the mailboxes."""
        return sorted(self._mailboxes)

    def mailbox(self, name: str) -> MemoryMailbox:
        """A mailbox."""
        if name not in self._mailboxes:
            raise NoMailboxError(f"there is no mailbox {name}")
        return self._mailboxes[name]

    def create(self, name: str, use: str = "") -> None:
        """Make a mailbox."""
        name = checked_name(name)
        if name in self._mailboxes:
            raise MailboxExistsError(f"there is a mailbox {name}")
        self._mailboxes[name] = MemoryMailbox(next(self._validity), self)
        if use:
            self._uses[name] = use
        self.changed()

    def delete(self, name: str) -> None:
        """Delete a mailbox."""
        if name == INBOX:
            raise BadNameError("INBOX cannot be deleted")
        mailbox = self.mailbox(name)
        mailbox.expunge(tuple(mailbox.messages))
        del self._mailboxes[name]
        self._uses.pop(name, None)
        self.changed()

    def rename(self, name: str, new: str) -> None:
        """Give a mailbox, and those below it, another name."""
        new = checked_name(new)
        below = [each for each in self._mailboxes if each.startswith(name + DELIMITER)]
        if name not in self._mailboxes and not below:
            raise NoMailboxError(f"there is no mailbox {name}")
        if new in self._mailboxes or new.startswith(name + DELIMITER):
            raise MailboxExistsError(f"{name} cannot become {new}")
        if name == INBOX:
            self.create(new)
            inbox, to = self._mailboxes[INBOX], self._mailboxes[new]
            for uid, info in tuple(inbox.messages.items()):
                to.append(inbox.content(uid), info.flags, info.internal_date)
                inbox.expunge([uid])
            return
        for old in [*([name] if name in self._mailboxes else []), *below]:
            renamed = new + old[len(name) :]
            self._mailboxes[renamed] = self._mailboxes.pop(old)
            if old in self._uses:
                self._uses[renamed] = self._uses.pop(old)
        self.changed()

    def special_use(self, name: str) -> str:
        """The special use of a mailbox."""
        return self._uses.get(name, "")

    def subscriptions(self) -> Sequence[str]:
        """The names on the user's list."""
        return sorted(self._subscribed)

    def subscribe(self, name: str, *, on: bool) -> None:
        """Put a name onto the list, or take it away."""
        if on:
            self._subscribed[checked_name(name)] = None
        else:
            self._subscribed.pop(name.removesuffix(DELIMITER), None)

    def quota(self) -> Quota:
        """Use and limits."""
        return Quota(self._octets, self._octets_limit, self._count, self._messages_limit)

    def lock(self) -> bool:
        """Take the lock of the maildrop."""
        if self._locked:
            return False
        self._locked = True
        return True

    def unlock(self) -> None:
        """Give it back."""
        self._locked = False

    def watch(self, told: Callable[[], None]) -> Callable[[], None]:
        """Be told after each change in any mailbox."""
        key = next(self._watcher)
        self._watchers[key] = told
        return lambda: self._watchers.pop(key, None) and None

    def check_room(self, octets: int, messages: int = 1) -> None:
        """Hold that there is room.

        Raises:
            OverQuotaError: there is none.
        """
        if 0 < self._octets_limit < self._octets + octets or 0 < self._messages_limit < self._count + messages:
            raise OverQuotaError("the mailbox is full")

    def claim_room(self, octets: int) -> None:
        """A message is to come.

        Raises:
            OverQuotaError: there is no room for it.
        """
        self.check_room(octets)
        self._octets += octets
        self._count += 1

    def give_room(self, octets: int) -> None:
        """A message is gone."""
        self._octets -= octets
        self._count -= 1

    def changed(self) -> None:
        """Tell those who watch."""
        for told in tuple(self._watchers.values()):
            told()

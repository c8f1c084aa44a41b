"""A mailbox store in memory. Content is shared with whoever else has it; nothing is copied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count, takewhile

from sim.mailbox.account import BaseAccount
from sim.mailbox.interface import INBOX, ExpungedError, Mailbox, MessageInfo


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
        self._account.room.check(len(content))
        return self._take(content, flags, internal_date)

    def deliver(self, content: bytes, internal_date: float) -> int:
        """Put a message in that has come for the user, where mail may have room beyond the limit; gives its UID."""
        self._account.room.check(len(content), delivered=True)
        return self._take(content, (), internal_date)

    def _take(self, content: bytes, flags: Iterable[str], internal_date: float) -> int:
        self._account.room.take(len(content))
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
        going = [uid for uid in dict.fromkeys(uids) if uid in self._messages]
        if not going:
            return
        self.highest_mod_seq += 1
        for uid in going:
            self._expunged.append((self.highest_mod_seq, uid))
            self._account.room.give(self._messages.pop(uid).size)
            self._changes.forget(uid)
            del self._contents[uid]
        self._account.changed()

    def adopt_copies(self, source: Mailbox, uids: Sequence[int]) -> Sequence[int]:
        """Put copies of another mailbox's messages in; gives their UIDs."""
        found = [(source.content(uid), source.messages[uid]) for uid in uids]
        self._account.room.check(sum(len(content) for content, _ in found), len(found))
        return [self._take(content, info.flags, info.internal_date) for content, info in found]

    def adopt_moved(self, source: Mailbox, uids: Sequence[int]) -> Sequence[int]:
        """Take messages out of another mailbox, or out of this one, and put them in; gives their UIDs."""
        found = [(source.content(uid), source.messages[uid]) for uid in uids]
        after = [self._take(content, info.flags, info.internal_date) for content, info in found]
        source.expunge(uids)
        return after

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


class MemoryAccount(BaseAccount[MemoryMailbox]):
    """A user's mailboxes in memory; see `interface.Account`.

    Args:
        octets_limit, messages_limit, grace: its quota, as of `Room`.
        validity: the first mailbox's UIDVALIDITY; each further one has a greater one.
    """

    def __init__(self, *, octets_limit: int = 0, messages_limit: int = 0, grace: int = 0, validity: int = 1) -> None:
        super().__init__(octets_limit=octets_limit, messages_limit=messages_limit, grace=grace)
        self._validity = count(validity)
        self._mailboxes[INBOX] = self._made(INBOX)

    def _made(self, name: str) -> MemoryMailbox:  # noqa: ARG002 - only on disk a name is a place
        return MemoryMailbox(next(self._validity), self)

    def _removed(self, mailbox: MemoryMailbox) -> None:
        """Nothing is left of it."""

    def _moved(self, mailbox: MemoryMailbox, name: str) -> None:
        """It is where it was."""

    def _keep_uses(self) -> None:
        """They are in memory."""

    def _keep_subscriptions(self) -> None:
        """They are in memory."""

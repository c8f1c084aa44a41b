"""A user's mailboxes in a run: in memory, with content shared, and with the copies of the ledger that lie in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Self

from sim.mail.address import Address
from sim.mailbox.dovecot import VALIDITY
from sim.mailbox.interface import INBOX
from sim.mailbox.memory import MemoryAccount, MemoryMailbox
from sim.scenario.spec.quota import MailboxQuota
from sim.world.engine.ledger import Key, Ledger


class StoredContent(bytes):
    """The mail data of a message of the run, wherever in an account they lie; all its recipients at a host share them.

    Attributes:
        message_id: the message's number; 0 where the content is none of the network's, as what a user's program puts
            into his mailbox.
    """

    message_id: int = 0

    @classmethod
    def of(cls, content: bytes, message_id: int) -> Self:
        """The content of that message."""
        stored = cls(content)
        stored.message_id = message_id
        return stored


class RunMailbox(MemoryMailbox):
    """A mailbox that tells its account what comes into it and what goes."""

    def __init__(self, uid_validity: int, account: RunAccount) -> None:
        super().__init__(uid_validity, account)
        self._owner = account

    def _take(self, content: bytes, flags: Iterable[str], internal_date: float) -> int:
        self._owner.came(self, self.uid_next, content, internal_date)
        return super()._take(content, flags, internal_date)

    def expunge(self, uids: Iterable[int]) -> None:
        """Messages go."""
        gone = [uid for uid in uids if uid in self.messages]
        contents = [self.content(uid) for uid in gone]
        super().expunge(gone)
        for content in contents:
            self._owner.went(content)


class RunAccount(MemoryAccount):
    """A user's mailboxes at his host.

    Args:
        address: whose they are.
        quota: what they may hold.
        ledger: waits for the copies that somebody will read.
        is_read: whether somebody does: else nobody waits for it.
        expires, archives: whether messages go by their age, from all mailboxes or from INBOX alone, so that the dates
            of those that lie there are to be kept in order.
    """

    def __init__(
        self,
        address: Address,
        quota: MailboxQuota,
        ledger: Ledger,
        *,
        is_read: bool,
        expires: bool = False,
        archives: bool = False,
    ) -> None:
        self._ledger = ledger
        self._is_read = is_read
        self._expires, self._archives = expires, archives
        self._serial = count()
        self._dates: list[tuple[float, int, MemoryMailbox, int]] = []
        self._in_inbox: list[tuple[float, int, MemoryMailbox, int]] = []
        # Of each message: the recipients whose mail it was, how often it lies here, and whether it has yet to be read.
        self._recipients: dict[int, list[str]] = {}
        self._lie: Counter[int] = Counter()
        self._unread: dict[int, None] = {}
        self.address = address
        super().__init__(octets_limit=quota.size, messages_limit=quota.messages, grace=quota.grace, validity=VALIDITY)

    def _made(self, name: str) -> RunMailbox:  # noqa: ARG002 - only on disk a name is a place
        return RunMailbox(next(self._validity), self)

    def deliver(self, content: StoredContent, recipient: str, folders: Sequence[str], internal_date: float) -> None:
        """Put a copy into mailboxes that there are: into all of them or none.

        Raises:
            OverQuotaError: there is no room for it.
        """
        self.room.check(len(content) * len(folders), len(folders), delivered=True)
        message_id = content.message_id
        names = self._recipients.setdefault(message_id, [])
        if recipient not in names:
            names.append(recipient)
        if self._is_read and not self._lie[message_id]:
            self._ledger.expect()
            self._unread[message_id] = None
        for folder in folders:
            self.mailbox(folder).deliver(content, internal_date)

    def copies(self, content: bytes) -> Sequence[Key]:
        """The copies of the ledger that a content of these mailboxes is: one, or more that came by several names."""
        message_id = content.message_id if isinstance(content, StoredContent) else 0
        return [(message_id, recipient) for recipient in self._recipients.get(message_id, ())]

    def was_read(self, content: bytes) -> None:
        """The user has read a message; nobody waits for that any more."""
        if isinstance(content, StoredContent):
            self._await_no_more(content.message_id)

    def came(self, mailbox: MemoryMailbox, uid: int, content: bytes, date: float) -> None:
        """A message comes into a mailbox: it is delivered, copied, moved, or put there by a program."""
        if isinstance(content, StoredContent):
            self._lie[content.message_id] += 1
        item = date, next(self._serial), mailbox, uid
        if self._expires:
            heappush(self._dates, item)
        if self._archives and mailbox is self._mailboxes.get(INBOX):
            heappush(self._in_inbox, item)

    def went(self, content: bytes) -> None:
        """A message has gone from a mailbox; it may lie in another one still."""
        if not isinstance(content, StoredContent):
            return
        self._lie[content.message_id] -= 1
        if not self._lie[content.message_id]:
            del self._lie[content.message_id], self._recipients[content.message_id]
            self._await_no_more(content.message_id)

    def older_than(self, date: float, *, in_inbox: bool = False) -> dict[MemoryMailbox, list[int]]:
        """The messages that came before a date, or those of them that lie in INBOX: UIDs by mailbox, the oldest first.

        They are told once.
        """
        dates, found = self._in_inbox if in_inbox else self._dates, dict[MemoryMailbox, list[int]]()
        while dates and dates[0][0] < date:
            _, _, mailbox, uid = heappop(dates)
            if uid in mailbox.messages:
                found.setdefault(mailbox, []).append(uid)
        return found

    def _await_no_more(self, message_id: int) -> None:
        if message_id in self._unread:
            del self._unread[message_id]
            self._ledger.came()

"""What accounts have in common, wherever their mailboxes are: names, room, the maildrop's lock, and who watches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import count
from typing import Generic, TypeVar

from sim.mailbox.interface import (
    DELIMITER,
    INBOX,
    BadNameError,
    Mailbox,
    MailboxExistsError,
    NoMailboxError,
    OverQuotaError,
    Quota,
    checked_name,
)

Kind = TypeVar("Kind", bound=Mailbox)


class Room:
    """What an account's messages take, and how much they may.

    Args:
        octets_limit, messages_limit: the quota; 0 is none.
        grace: octets that mail which is delivered may take beyond the limit.
    """

    def __init__(self, octets_limit: int = 0, messages_limit: int = 0, grace: int = 0) -> None:
        self._octets_limit, self._messages_limit, self._grace = octets_limit, messages_limit, grace
        self._octets = self._messages = 0

    def quota(self) -> Quota:
        """Use and limits."""
        return Quota(self._octets, self._octets_limit, self._messages, self._messages_limit)

    def check(self, octets: int, messages: int = 1, *, delivered: bool = False) -> None:
        """Hold that there is room; for what is delivered there is the grace, too.

        Raises:
            OverQuotaError: there is none.
        """
        limit = self._octets_limit + self._grace if delivered and self._octets_limit else self._octets_limit
        if 0 < limit < self._octets + octets or 0 < self._messages_limit < self._messages + messages:
            raise OverQuotaError("the mailbox is full", never=0 < limit < octets)

    def take(self, octets: int) -> None:
        """A message is there, whether there is room for it or not."""
        self._octets += octets
        self._messages += 1

    def give(self, octets: int) -> None:
        """A message is gone."""
        self._octets -= octets
        self._messages -= 1


class BaseAccount(ABC, Generic[Kind]):
    """The account of a user; see `interface.Account`. Where its mailboxes are is a matter of the classes below it.

    Args:
        octets_limit, messages_limit, grace: its quota, as of `Room`.

    Attributes:
        room: what its messages take.
    """

    def __init__(self, *, octets_limit: int = 0, messages_limit: int = 0, grace: int = 0) -> None:
        self.room = Room(octets_limit, messages_limit, grace)
        self._mailboxes: dict[str, Kind] = {}
        self._uses: dict[str, str] = {}
        self._subscribed: dict[str, None] = {}
        self._locked = False
        self._watchers: dict[int, Callable[[], None]] = {}
        self._watcher = count()

    @abstractmethod
    def _made(self, name: str) -> Kind:
        """A new mailbox of that name."""

    @abstractmethod
    def _removed(self, mailbox: Kind) -> None:
        """A mailbox that has no name any more, and no message."""

    @abstractmethod
    def _moved(self, mailbox: Kind, name: str) -> None:
        """A mailbox has another name."""

    @abstractmethod
    def _keep_uses(self) -> None:
        """The special uses are others."""

    @abstractmethod
    def _keep_subscriptions(self) -> None:
        """The user's list is another."""

    def names(self) -> Sequence[str]:
        """The names of the mailboxes."""
        return sorted(self._mailboxes)

    def mailbox(self, name: str) -> Kind:
        """A mailbox."""
        if name not in self._mailboxes:
            raise NoMailboxError(f"there is no mailbox {name}")
        return self._mailboxes[name]

    def create(self, name: str, use: str = "") -> None:
        """Make a mailbox."""
        name = checked_name(name)
        if name in self._mailboxes:
            raise MailboxExistsError(f"there is a mailbox {name}")
        self._mailboxes[name] = self._made(name)
        if use:
            self._uses[name] = use
            self._keep_uses()
        self.changed()

    def delete(self, name: str) -> None:
        """Delete a mailbox."""
        if name == INBOX:
            raise BadNameError("INBOX cannot be deleted")
        mailbox = self.mailbox(name)
        mailbox.expunge(tuple(mailbox.messages))
        self._removed(self._mailboxes.pop(name))
        if self._uses.pop(name, None):
            self._keep_uses()
        self.changed()

    def rename(self, name: str, new: str) -> None:
        """Give a mailbox, and those below it, another name."""
        new = checked_name(new)
        below = [each for each in self._mailboxes if each.startswith(name + DELIMITER)]
        if name not in self._mailboxes and not below:
            raise NoMailboxError(f"there is no mailbox {name}")
        if new in self._mailboxes:
            raise MailboxExistsError(f"there is a mailbox {new}")
        if name != INBOX and new.startswith(name + DELIMITER):
            raise BadNameError(f"{name} cannot be below itself")
        if name == INBOX:
            self.create(new)
            self._mailboxes[new].adopt_moved(self._mailboxes[INBOX], tuple(self._mailboxes[INBOX].messages))
            return
        renamed = {old: new + old[len(name) :] for old in [*([name] if name in self._mailboxes else []), *below]}
        for after in renamed.values():
            checked_name(after)
            if after in self._mailboxes:
                raise MailboxExistsError(f"there is a mailbox {after}")
        for old, after in renamed.items():
            self._mailboxes[after] = self._mailboxes.pop(old)
            self._moved(self._mailboxes[after], after)
            if old in self._uses:
                self._uses[after] = self._uses.pop(old)
        self._keep_uses()
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
        self._keep_subscriptions()

    def quota(self) -> Quota:
        """Use and limits."""
        return self.room.quota()

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

    def changed(self) -> None:
        """Tell those who watch."""
        for told in tuple(self._watchers.values()):
            told()

"""What a mailbox store is asked: a user's account, its mailboxes and their messages.

The simulation keeps them in memory (`memory`), a served host in Maildir++ (`sim.live.maildir_store`). A name of a
mailbox is a path with `/` between its levels; INBOX is always there. Message content has CRLFs, as on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sim.protocol.imap4.names import UNDECODABLE

DELIMITER: Final = "/"
"""What separates the levels of a mailbox name."""

INBOX: Final = "INBOX"

SYSTEM_FLAGS: Final = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
"""The flags that every mailbox knows (RFC 3501 section 2.3.2)."""


class MailboxError(Exception):
    """A mailbox store refuses; its text says why, in words for the user."""


class NoMailboxError(MailboxError):
    """There is no mailbox of that name."""


class MailboxExistsError(MailboxError):
    """There is one already."""


class BadNameError(MailboxError):
    """No mailbox can have that name."""


class OverQuotaError(MailboxError):
    """There is no room for it; `never` says that there would be none in an empty mailbox either."""

    def __init__(self, text: str, *, never: bool = False) -> None:
        super().__init__(text)
        self.never = never


class ExpungedError(MailboxError):
    """The message is gone."""


@dataclass(frozen=True, slots=True)
class MessageInfo:
    r"""What is known of a message without its content.

    Attributes:
        uid: its unique identifier in its mailbox.
        size: octets of its content, with CRLFs.
        internal_date: when it came, in seconds since 1970.
        flags: system flags and keywords; \Recent is a session's business.
        mod_seq: grows with each change of the flags (RFC 7162).
    """

    uid: int
    size: int
    internal_date: float
    flags: frozenset[str]
    mod_seq: int


class Mailbox(Protocol):
    """A mailbox: messages in the order of their UIDs."""

    @property
    def uid_validity(self) -> int:
        """Says, where it is another than before, that UIDs known from before mean nothing."""

    @property
    def uid_next(self) -> int:
        """What no message has as its UID yet; the next one gets it or a greater one."""

    @property
    def highest_mod_seq(self) -> int:
        """The mod-sequence of the last change."""

    @property
    def messages(self) -> Mapping[int, MessageInfo]:
        """UID -> what is known of it, in the order of UIDs."""

    def content(self, uid: int) -> bytes:
        """A message's content.

        Raises:
            ExpungedError: it is gone.
        """

    def append(self, content: bytes, flags: Iterable[str], internal_date: float) -> int:
        """Put a message in, for good; gives its UID.

        Raises:
            OverQuotaError: there is no room for it.
        """

    def change_flags(self, uid: int, flags: frozenset[str]) -> None:
        """A message has these flags from here on.

        Raises:
            ExpungedError: it is gone.
        """

    def expunge(self, uids: Iterable[int]) -> None:
        """Messages go; those that are gone already do not count."""

    def adopt_copies(self, source: Mailbox, uids: Sequence[int]) -> Sequence[int]:
        """Put copies of another mailbox's messages in, for good, with their flags and dates; gives their UIDs.

        Raises:
            ExpungedError: one is gone; then none is copied.
            OverQuotaError: there is no room for all; then none is copied.
        """

    def adopt_moved(self, source: Mailbox, uids: Sequence[int]) -> Sequence[int]:
        """Take messages out of another mailbox of the account, or out of this one, and put them in; gives their UIDs.

        They keep their flags and dates, and need no room; each is in the one mailbox or in the other at any time.

        Raises:
            ExpungedError: one is gone; then none is moved.
        """

    def changed_since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of messages that have come or whose flags have changed since then, in ascending order."""

    def expunged_since(self, mod_seq: int) -> Sequence[int]:
        """The UIDs of what has gone since the mailbox had that highest mod-sequence."""

    def claim_recent(self) -> int:
        """The first UID that no session has been told of as recent; from here on all have been."""

    @property
    def first_recent(self) -> int:
        """The same, and they stay unclaimed."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Use and limits of an account: octets and messages; a limit of 0 is none (RFC 9208)."""

    octets: int
    octets_limit: int
    messages: int
    messages_limit: int


class Account(Protocol):
    """A user's mailboxes."""

    def names(self) -> Sequence[str]:
        """The names of the mailboxes that there are, sorted; INBOX is among them."""

    def mailbox(self, name: str) -> Mailbox:
        """A mailbox.

        Raises:
            NoMailboxError: there is none of that name.
        """

    def create(self, name: str, use: str = "") -> None:
        r"""Make a mailbox; `use` is its special use, e.g. `\Sent` (RFC 6154).

        Raises:
            MailboxExistsError: there is one.
            BadNameError: it cannot have that name.
        """

    def delete(self, name: str) -> None:
        """Delete a mailbox and its messages; those below it stay.

        Raises:
            NoMailboxError: there is none.
            BadNameError: it is INBOX.
        """

    def rename(self, name: str, new: str) -> None:
        """Give a mailbox, and those below it, another name; of INBOX the messages move and it stays.

        Raises:
            NoMailboxError: there is none.
            MailboxExistsError: there is one of the new name.
            BadNameError: it cannot have that name.
        """

    def special_use(self, name: str) -> str:
        """The special use of a mailbox; empty where it has none."""

    def subscriptions(self) -> Sequence[str]:
        """The names on the user's list, sorted; what they name need not be there."""

    def subscribe(self, name: str, *, on: bool) -> None:
        """Put a name onto the list, or take it away.

        Raises:
            BadNameError: nothing can have that name.
        """

    def quota(self) -> Quota:
        """Use and limits."""

    def lock(self) -> bool:
        """Take the lock of the maildrop, for a session of POP3; false where another has it (RFC 1939 section 4)."""

    def unlock(self) -> None:
        """Give it back."""

    def watch(self, told: Callable[[], None]) -> Callable[[], None]:
        """Be told after each change in any mailbox; gives what ends it."""


def canonical_name(name: str) -> str:
    """A name, or a pattern for names, with INBOX in upper case where that is its first level (RFC 3501 section 5.1)."""
    first, delimiter, rest = name.partition(DELIMITER)
    return f"{INBOX}{delimiter}{rest}" if first.upper() == INBOX else name


def checked_name(name: str) -> str:
    """A name that a new mailbox may have: its delimiter at the end is taken off (RFC 3501 section 6.3.3).

    Raises:
        BadNameError: none may have it.
    """
    name = canonical_name(name.removesuffix(DELIMITER))
    levels = name.split(DELIMITER)
    if not name or "" in levels or not name.isprintable() or len(name.encode("utf-8", "surrogatepass")) > _LONGEST:
        raise BadNameError("no mailbox can have that name")
    if any(level in (".", "..") or len(level.encode("utf-8")) > _LONGEST_LEVEL for level in levels):
        raise BadNameError("no mailbox can have that name")
    if any(character in name for character in f"*%{UNDECODABLE}") or len(levels) > _DEEPEST:
        raise BadNameError("no mailbox can have that name")
    return name


_LONGEST, _LONGEST_LEVEL, _DEEPEST = 200, 100, 20
"""Octets of a name and of a level of it, and levels: a folder of Maildir++ has all in one name of 255 octets."""

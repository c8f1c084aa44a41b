"""How one IMAP session sees the mailbox that it has selected: message numbers, and what it has been told of.

Between two commands the numbers stay as they were told (RFC 3501 section 7.4.1), whatever other sessions do.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from sim.mailbox.fetch import flags_with_recent
from sim.mailbox.interface import SYSTEM_FLAGS, Mailbox, MessageInfo
from sim.mailbox.search import spans
from sim.protocol.imap4 import responses
from sim.protocol.imap4.commands import SequenceSet
from sim.protocol.imap4.responses import Untagged


class BadSequenceError(Exception):
    """A message number is greater than the number of messages."""


class View:
    """A selected mailbox, as its session knows it.

    Args:
        mailbox: the mailbox.
        read_only: whether it was opened by EXAMINE.

    Attributes:
        uids: the UIDs of the messages that the session knows, by message number less one.
        recent: the UIDs that are recent for it.
    """

    def __init__(self, mailbox: Mailbox, *, read_only: bool) -> None:
        self.mailbox = mailbox
        self.read_only = read_only
        self.uids: list[int] = list(mailbox.messages)
        self.recent: dict[int, None] = {}
        self._mod_seq = mailbox.highest_mod_seq
        # What it was told of each message's flags, by their mod-sequence.
        self._told = {uid: info.mod_seq for uid, info in mailbox.messages.items()}
        # What has gone and still has its number.
        self._gone: dict[int, None] = {}
        self._keywords: dict[str, None] = {}
        self.introduce(flag for info in mailbox.messages.values() for flag in info.flags)
        self._claim_recent(self.uids)

    def number(self, uid: int) -> int | None:
        """The message number of a UID; None where the session knows no such message."""
        at = bisect_left(self.uids, uid)
        return at + 1 if at < len(self.uids) and self.uids[at] == uid else None

    def chosen(self, messages: SequenceSet, *, by_uid: bool) -> Iterator[tuple[int, int]]:
        """Number and UID of each message in a set.

        Raises:
            BadSequenceError: a message number is greater than there are messages.
        """
        count = len(self.uids)
        if not by_uid and any((low or count) > count or (high or count) > count or not count for low, high in messages):
            raise BadSequenceError(f"there are {count} messages")
        uids = tuple(self.uids)
        last = uids[-1] if by_uid and uids else count
        places = [
            range(bisect_left(uids, low), bisect_right(uids, high)) if by_uid else range(low - 1, high)
            for low, high in spans(messages, last)
        ]
        return ((at + 1, uids[at]) for at in chain.from_iterable(places))

    def known(self, uid: int) -> MessageInfo | None:
        """What is known of a message; None where it has gone."""
        return self.mailbox.messages.get(uid)

    def is_told(self, info: MessageInfo) -> bool:
        """Whether the session knows a message's flags as they are."""
        return self._told.get(info.uid) == info.mod_seq

    def told(self, info: MessageInfo) -> None:
        """The session knows a message's flags as they are."""
        self._told[info.uid] = info.mod_seq

    def introduce(self, flags: Iterable[str]) -> list[Untagged]:
        """What the session is to be told before it hears of these flags: the keywords that it does not know yet."""
        before = len(self._keywords)
        self._keywords.update(dict.fromkeys(flag for flag in flags if flag[0] != "\\"))
        return self.flag_responses() if len(self._keywords) > before else []

    def news(self, *, expunges: bool, mod_seqs: bool, recents: bool) -> list[Untagged]:
        """What has happened in the mailbox since the session was told last.

        Args:
            expunges: whether it may be told of messages that have gone.
            mod_seqs: whether it is told mod-sequences.
            recents: whether it is told which messages are recent.
        """
        mailbox = self.mailbox
        changed: Sequence[int] = ()
        if mailbox.highest_mod_seq != self._mod_seq:
            gone = mailbox.expunged_since(self._mod_seq)
            self._gone.update(dict.fromkeys(uid for uid in gone if self.number(uid) is not None))
            changed = mailbox.changed_since(self._mod_seq)
            self._mod_seq = mailbox.highest_mod_seq
        said = self._expunges() if expunges and self._gone else []
        known = self.uids[-1] if self.uids else 0
        new = [uid for uid in changed if uid > known]
        if new:
            self.uids += new
            self._told.update((uid, mailbox.messages[uid].mod_seq) for uid in new)
            self._claim_recent(new)
            said.append(responses.exists(len(self.uids)))
            if recents:
                said.append(responses.recent(len(self.recent)))
        infos = [mailbox.messages[uid] for uid in changed]
        said += self.introduce(flag for info in infos for flag in info.flags)
        return said + [
            self._flags(info, mod_seqs=mod_seqs, recents=recents) for info in infos if not self.is_told(info)
        ]

    def flag_responses(self) -> list[Untagged]:
        """The flags that the mailbox knows, and which of them can be kept."""
        known = (*SYSTEM_FLAGS, *sorted(self._keywords))
        kept = () if self.read_only else (*known, "\\*")
        return [
            responses.flags(known),
            responses.state("OK", "Flags permitted.", f"PERMANENTFLAGS ({' '.join(kept)})"),
        ]

    def _expunges(self) -> list[Untagged]:
        gone, self._gone = self._gone, {}
        numbers = [n for n, uid in enumerate(self.uids, 1) if uid in gone]
        for uid in gone:
            self._told.pop(uid, None)
            self.recent.pop(uid, None)
        self.uids = [uid for uid in self.uids if uid not in gone]
        return [responses.expunge(number - before) for before, number in enumerate(numbers)]

    def _flags(self, info: MessageInfo, *, mod_seqs: bool, recents: bool) -> Untagged:
        self.told(info)
        items = [(b"UID", b"%d" % info.uid)] if mod_seqs else []
        items.append((b"FLAGS", flags_with_recent(info.flags, recent=recents and info.uid in self.recent)))
        if mod_seqs:
            items.append((b"MODSEQ", b"(%d)" % info.mod_seq))
        return responses.fetch(self.number(info.uid) or 0, items)

    def _claim_recent(self, uids: Sequence[int]) -> None:
        first = self.mailbox.first_recent if self.read_only else self.mailbox.claim_recent()
        self.recent.update(dict.fromkeys(uid for uid in uids if uid >= first))

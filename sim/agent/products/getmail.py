"""Getmail 6.18 with `read_all = false`, as it was measured with Dovecot."""

from __future__ import annotations

from typing import ClassVar, Final

from sim.agent.imap_agent import BODY_PEEK, ImapAgent
from sim.agent.imap_spelling import SPELLINGS
from sim.agent.pop3_agent import Pop3Agent
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import (
    Capability,
    Close,
    Examine,
    Expunge,
    Fetch,
    FetchItem,
    ListMailboxes,
    Logout,
    Select,
    Store,
)
from sim.protocol.pop3.events import List, Quit, Retr, Uidl

_THINKS: Final = 1.4e-3
"""As other programs in Python."""
_LISTING: Final = (FetchItem("UID"), FetchItem("RFC822.SIZE"))


class GetmailPop3(Pop3Agent):
    """It lists the maildrop twice, and then goes message by message."""

    think_time: ClassVar[float] = _THINKS

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._logged_in()
        yield [Uidl()]
        yield [List()]
        listed = self._listed((yield [Uidl()]))
        yield [List()]
        for message in listed:
            if self._is_new(message):
                yield from self._fetch([message], [Retr(message.number)])
            if self._is_due(message):
                yield from self._delete([message])
        yield [Quit()]


class GetmailImap(ImapAgent):
    """With `mailboxes = ALL`: mailbox after mailbox, and each message by its UID."""

    spelling = SPELLINGS["getmail"]
    think_time: ClassVar[float] = _THINKS

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._ask(Capability())
        yield from self._need(self._login())
        yield from self._ask(Capability())
        names = self._names((yield from self._need(ListMailboxes("", ("*",)))))
        for name in names:
            yield from self._open(name)
        yield from self._ask(Logout())

    def _open(self, mailbox: str) -> Program:
        box = yield from self._select(mailbox, Examine if self._leave else Select)
        if self._exists:
            self._announce(mailbox, (yield from self._ask(Fetch(((1, self._exists),), _LISTING))))
            for uid in list(box.missing):
                yield from self._fetch(mailbox, [uid], Fetch(((uid, uid),), (BODY_PEEK,), uid=True))
                if not self._leave:
                    yield from self._ask(Store(((uid, uid),), "", ("\\Deleted", "\\Seen"), uid=True))
            if not self._leave:
                yield from self._ask(Expunge())
        yield from self._ask(Close())

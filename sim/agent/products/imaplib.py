"""Scripts over Python's imaplib: those that were measured with Dovecot (mailbox.csv of `shared/truth`), with a memory.

Such a script asks for the UIDs behind the last one that it has, and fetches message after message.
"""

from __future__ import annotations

from typing import ClassVar

from sim.agent.imap_agent import INBOX, ImapAgent, found
from sim.agent.imap_spelling import SPELLINGS
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import Capability, Expunge, Fetch, FetchItem, Logout, Search, SearchKey, Store

_RFC822 = (FetchItem("RFC822"),)


class Imaplib(ImapAgent):
    """It reads INBOX; what it has fetched is seen by that."""

    spelling = SPELLINGS["imaplib"]
    think_time: ClassVar[float] = 1.4e-3
    can_idle = True

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._ask(Capability())
        yield from self._need(self._login())
        yield from self._select(INBOX)
        yield from self._fetch_new()
        while self.idles:
            yield from self._idle()
            self._grew = False
            yield from self._fetch_new()
        yield from self._ask(Logout())

    def _fetch_new(self) -> Program:
        box = self._boxes[INBOX]
        behind = SearchKey("UID", (((box.last + 1, None),),))
        self._announce_uids(INBOX, found((yield from self._ask(Search(behind, uid=True)))))
        fetched = list(box.missing)
        for uid in fetched:
            yield from self._fetch(INBOX, [uid], Fetch(((uid, uid),), _RFC822, uid=True))
            if not self._leave:
                yield from self._ask(Store(((uid, uid),), "+", ("\\Deleted",), uid=True))
        if fetched and not self._leave:
            yield from self._ask(Expunge())

"""isync's mbsync 1.4, as it was measured with Dovecot (mailbox.csv of `shared/truth`): a two-way synchronization."""

from __future__ import annotations

from typing import ClassVar

from sim.agent.imap_agent import BODY_PEEK, ImapAgent
from sim.agent.imap_spelling import SPELLINGS
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import Fetch, FetchItem, ListMailboxes, Logout, Namespace


class Mbsync(ImapAgent):
    """It lists every mailbox, and asks for all bodies that it has not at once."""

    spelling = SPELLINGS["mbsync"]
    think_time: ClassVar[float] = 2.7e-3
    tells = True

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._need(self._login())
        yield from self._ask(Namespace())
        for name in self._names((yield from self._need(ListMailboxes("", ("*",))))):
            yield from self._synchronize(name)
        yield from self._ask(Logout())

    def _synchronize(self, mailbox: str) -> Program:
        box = yield from self._select(mailbox)
        listing = Fetch(((1, self._next - 1),), (FetchItem("UID"), FetchItem("FLAGS")), uid=True)
        self._announce(mailbox, (yield from self._ask(listing)))
        missing = list(box.missing)
        if missing:
            bodies = [Fetch(((uid, uid),), (BODY_PEEK,), uid=True) for uid in missing]
            yield from self._fetch(mailbox, missing, *bodies)
        yield from self._tell(mailbox)

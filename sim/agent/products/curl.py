"""Programs over libcurl on one connection: curl's as it was measured with Dovecot (mailbox.csv of `shared/truth`).

That fetched a range of messages which its user had to know; this one first asks which there are.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sim.agent.imap_agent import INBOX, ImapAgent, found
from sim.agent.imap_spelling import SPELLINGS
from sim.agent.pop3_agent import Pop3Agent
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import (
    Authenticate,
    Capability,
    Fetch,
    FetchItem,
    Logout,
    Search,
    SearchKey,
    Section,
)
from sim.protocol.pop3.events import Quit, Retr, Uidl
from sim.protocol.sasl import Credentials, plain

_THINKS: Final = 1.2e-3
_BODY: Final = (FetchItem("BODY", Section()),)


class CurlPop3(Pop3Agent):
    """Message by message."""

    think_time: ClassVar[float] = _THINKS

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._authenticated()
        for message in self._listed((yield [Uidl()])):
            if self._is_new(message):
                yield from self._fetch([message], [Retr(message.number)])
            if self._is_due(message):
                yield from self._delete([message])
        yield [Quit()]


class CurlImap(ImapAgent):
    """Message by message; what it has fetched is seen by that."""

    spelling = SPELLINGS["curl"]
    think_time: ClassVar[float] = _THINKS

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._ask(Capability())
        yield from self._need(Authenticate("PLAIN", plain(Credentials("", self._user, self._password))))
        box = yield from self._select(INBOX)
        behind = SearchKey("UID", (((box.last + 1, None),),))
        self._announce_uids(INBOX, found((yield from self._ask(Search(behind, uid=True)))))
        for uid in list(box.missing):
            yield from self._fetch(INBOX, [uid], Fetch(((uid, uid),), _BODY, uid=True))
        yield from self._ask(Logout())

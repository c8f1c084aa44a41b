"""Fetchmail 6.4, as it was measured with Dovecot (mailbox.csv of `shared/truth`; later sessions alike)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from sim.agent.acts import Fetched
from sim.agent.imap_agent import INBOX, ImapAgent, data, found
from sim.agent.imap_spelling import SPELLINGS
from sim.agent.pop3_agent import Pop3Agent
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import Expunge, Fetch, FetchItem, Logout, Search, SearchKey, Section, Store
from sim.protocol.pop3.events import Last, List, Quit, Retr, Top, Uidl

_ALL_LINES: Final = 99_999_999
"""How many lines it asks TOP for, to have a whole message that is not counted as read."""
_THINKS: Final = 1.6e-3

_HEADER: Final = (FetchItem("RFC822.HEADER", peek=True),)
_TEXT: Final = (FetchItem("BODY", Section((), "TEXT"), peek=True),)


class FetchmailPop3(Pop3Agent):
    """Message by message: its size, its content, and away with it."""

    think_time: ClassVar[float] = _THINKS

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._logged_in()
        if (yield from self._count()):
            yield [Last()]
            for message in self._listed((yield [Uidl()])):
                if self._is_new(message):
                    number = message.number
                    yield [List(number)]
                    yield from self._fetch([message], [Retr(number) if self._leave else Top(number, _ALL_LINES)])
                if self._is_due(message):
                    yield from self._delete([message])
        yield [Quit()]


class FetchmailImap(ImapAgent):
    """By their numbers it fetches the messages that nobody has seen: what another program has seen stays unfetched."""

    spelling = SPELLINGS["fetchmail"]
    think_time: ClassVar[float] = _THINKS
    can_idle = True

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._need(self._login())
        yield from self._select(INBOX)
        yield from self._fetch_unseen()
        while self.idles:
            yield from self._idle()
            self._grew = False
            yield from self._fetch_unseen()
        yield from self._ask(Logout())

    def _fetch_unseen(self) -> Program:
        if not self._exists:
            return
        unseen = SearchKey("UNSEEN")
        if self._leave:
            unseen = SearchKey("AND", (unseen, SearchKey("UNDELETED")))
        else:
            yield from self._ask(Expunge())
        numbers = found((yield from self._ask(Search(unseen))))
        if numbers:
            yield from self._ask(Fetch(((numbers[0], numbers[-1]),), (FetchItem("RFC822.SIZE"),)))
        for before, number in enumerate(numbers):
            # What goes is expunged at once, so that the next one has its number.
            yield from self._fetch_number(number if self._leave else number - before)

    def _fetch_number(self, number: int) -> Program:
        this = ((number, number),)
        header = yield from self._ask(Fetch(this, _HEADER))
        text = yield from self._ask(Fetch(this, _TEXT))
        content = _item(header, "RFC822.HEADER") + _item(text, "BODY[TEXT]")
        if content:
            self._news.append(Fetched(INBOX, 0, len(content), content))
        yield from self._ask(Store(this, "+", ("\\Seen",) if self._leave else ("\\Seen", "\\Deleted")))
        if not self._leave:
            yield from self._ask(Expunge())


def _item(answers: Sequence[Any], name: str) -> bytes:
    items = [each.items().get(name) for each in data(answers, "FETCH")]
    return next((item for item in items if isinstance(item, bytes)), b"")

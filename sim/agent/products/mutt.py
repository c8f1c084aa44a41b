"""Mutt 2.2 with its caches of headers and messages, as it was seen with Dovecot.

It asks for header fields; a message it fetches when its user opens it, or looks for a text in messages. It keeps what
he does to itself until its mailbox is synchronized, where this one tells it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from sim.agent.acts import Delete, MoveTo, Search
from sim.agent.imap_agent import INBOX, ImapAgent, KnownMailbox, fetched, status
from sim.agent.imap_spelling import Spelling
from sim.agent.pop3_agent import Pop3Agent
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import (
    Authenticate,
    Capability,
    Close,
    Command,
    Copy,
    Done,
    Enable,
    Expunge,
    Fetch,
    FetchItem,
    Idle,
    ListMailboxes,
    Logout,
    Section,
    Status,
)
from sim.protocol.pop3.events import Capa, List, Quit, Retr, Top, Uidl
from sim.protocol.sasl import Credentials, plain

_THINKS: Final = 2e-3

_FIELDS: Final = (
    b"DATE FROM SENDER SUBJECT TO CC MESSAGE-ID REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO LINES "
    b"LIST-POST X-LABEL"
)
_HEADER: Final = (
    *map(FetchItem, ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE")),
    FetchItem("BODY", Section((), "HEADER.FIELDS", tuple(_FIELDS.split())), True),
)
_STATUS: Final = ("UIDNEXT", "UIDVALIDITY", "UNSEEN", "RECENT")
_UNCHECKED: Final = ("Trash", "Sent", "Drafts", "Junk", "Archive")
"""The mailboxes in which it does not look for new mail."""


class MuttImap(ImapAgent):
    """It asks for header fields, and looks at other mailboxes by STATUS."""

    spelling = Spelling("a{:04}", 0, ((rb"\ASELECT INBOX\Z", b'SELECT "INBOX"'),))
    think_time: ClassVar[float] = _THINKS
    renew: ClassVar[float] = 600.0
    can_idle = True
    tells = True
    fetches = False
    # The mailboxes beside INBOX.
    _others: Sequence[str] = ()

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._need(Authenticate("PLAIN", plain(Credentials("", self._user, self._password))))
        yield from self._ask(Capability())
        enable = Enable(("UTF8=ACCEPT",))
        listed = yield from self._ask(enable, ListMailboxes("", ("",)), ListMailboxes("", ("*",)))
        self._others = self._names(listed)[1:]
        yield from self._open(INBOX)
        yield from self._visit_others()
        while self.idles:
            yield from self._wait()
            yield from self._tell(INBOX)
            yield from self._visit_others()
        yield from self._ask(Close())
        yield from self._ask(Logout())

    def _wait(self) -> Program:
        """Wait in IDLE until the mailbox grows, or somebody wakes the program; what is next goes with DONE."""
        yield from self._need(Idle())
        while not self._grew and (yield from self._ask()):
            pass
        behind: list[Command] = []
        if self._grew:
            behind.append(self._headers(INBOX))
        self._grew = False
        self._announce(INBOX, (yield from self._ask(Done(), *behind)))

    def _headers(self, mailbox: str) -> Fetch:
        return Fetch(((self._boxes[mailbox].last + 1, None),), _HEADER, uid=True)

    def _open(self, mailbox: str) -> Program:
        box = yield from self._select(mailbox)
        known = 0
        if box.last and self._exists:
            listing = Fetch(((1, box.last),), (FetchItem("UID"), FetchItem("FLAGS")), uid=True)
            known = len(fetched((yield from self._ask(listing))))
        if self._exists > known:
            self._announce(mailbox, (yield from self._ask(Fetch(((known + 1, self._exists),), _HEADER))))
        yield from self._tell(mailbox)
        while self._grew:
            self._grew = False
            self._announce(mailbox, (yield from self._ask(self._headers(mailbox))))

    def _visit_others(self) -> Program:
        """Look into the other mailboxes in which something has changed, and come back to INBOX."""
        away = False
        for name in self._others:
            told = any(act.mailbox == name for act in self._acts)
            if name.partition("/")[0] not in _UNCHECKED and not told:
                now = status((yield from self._ask(Status(name, _STATUS))))
                box = self._boxes.get(name, KnownMailbox())
                told = now.get("UIDNEXT", 0) > box.last + 1 or now.get("UIDVALIDITY", box.validity) != box.validity
            if told:
                away = True
                yield from self._open(name)
        if away:
            yield from self._open(INBOX)

    def _search(self, act: Search) -> Program:
        """It looks into the messages itself, and fetches those that it has not."""
        for uid in list(self._boxes[act.mailbox].missing):
            yield from self._fetch_body(act.mailbox, uid)

    def _move(self, act: MoveTo) -> Program:
        """A message is copied, and deleted where it was."""
        yield from self._copy(act, Copy)
        # From here on it is to be deleted, and not to be copied again.
        deletion = Delete(act.mailbox, act.uid)
        self._acts[self._acts.index(act)] = deletion
        yield from self._delete(deletion)
        self._acts.remove(deletion)

    def _delete(self, act: Delete) -> Program:
        yield from self._ask(self._store(act))
        yield from self._ask(Expunge())


class MuttPop3(Pop3Agent):
    """It asks for the header of each message that is new, and for those that its user opens."""

    think_time: ClassVar[float] = _THINKS
    tells = True
    fetches = False

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._authenticated()
        yield [Capa()]
        if (yield from self._count()):
            known = set(self._known)
            listed = self._listed((yield [Uidl()]))
            for message in listed:
                if message.uid not in known:
                    yield [List(message.number)]
                    yield [Top(message.number, 0)]
            for message in listed:
                if self._is_new(message):
                    yield from self._fetch([message], [Retr(message.number)])
            yield from self._delete([message for message in listed if self._is_due(message)])
        yield [Quit()]

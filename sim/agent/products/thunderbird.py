"""Thunderbird 153 ESR, as it was seen with Dovecot; what it says of acts is from its source (nsImapProtocol.cpp).

It has a connection for each mailbox at a time, where this one goes from mailbox to mailbox on a single one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final

from sim.agent.acts import Delete, MoveTo
from sim.agent.imap_agent import BODY_PEEK, INBOX, ImapAgent, KnownMailbox, fetched, status
from sim.agent.imap_spelling import Spelling
from sim.agent.pop3_agent import Pop3Agent
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import (
    Authenticate,
    AuthenticateResponse,
    Fetch,
    FetchItem,
    Id,
    ListMailboxes,
    Logout,
    Namespace,
    Noop,
    Section,
    Status,
)
from sim.protocol.imap4.responses import ranges_of
from sim.protocol.pop3.events import List, Quit, Retr, Uidl
from sim.protocol.sasl import Credentials, plain

_THINKS: Final = 2e-3

_FIELDS: Final = (
    b"From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type "
    b"Reply-To Received"
)
_UID, _SIZE, _FLAGS = FetchItem("UID"), FetchItem("RFC822.SIZE"), FetchItem("FLAGS")
_HEADER: Final = (_UID, _SIZE, _FLAGS, FetchItem("BODY", Section((), "HEADER.FIELDS", tuple(_FIELDS.split())), True))
_MESSAGE: Final = (_UID, _SIZE, BODY_PEEK)
_PREVIEW: Final = (
    _UID,
    FetchItem("BODY", Section((), "HEADER.FIELDS", (b"Content-Type", b"Content-Transfer-Encoding")), True),
    FetchItem("BODY", Section((), "TEXT"), True, (0, 2048)),
)
"""What it shows when mail comes."""
_GROUP: Final = 50 * 1024
"""Octets of the messages that it asks for together, at most, where they are several (nsAutoSyncState.h)."""
_TRASH: Final = "Trash"
_UNCHECKED: Final = (_TRASH, "Sent", "Drafts", "Junk", "Archive", "Archives", "Templates")
"""The mailboxes in which it does not look for new mail."""
_NAME: Final = ((b"name", b"Thunderbird"), (b"version", b"153.8.0"))


class ThunderbirdImap(ImapAgent):
    """It asks for flags, for header fields of what is new, and then for the messages."""

    spelling = Spelling(
        "{}",
        1,
        (
            (rb"\ASELECT INBOX\Z", b'select "INBOX"'),
            (rb"UID FETCH (\S+) FLAGS\Z", rb"UID FETCH \1 (FLAGS)"),
        ),
    )
    think_time: ClassVar[float] = _THINKS
    renew: ClassVar[float] = 600.0
    can_idle = True
    tells = True

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._need(Authenticate("PLAIN"))
        yield from self._need(AuthenticateResponse(plain(Credentials("", self._user, self._password))))
        if not self._boxes:
            yield from self._ask(Namespace())
        yield from self._ask(Id(_NAME))
        yield from self._open(INBOX)
        yield from self._visit_others()
        while self.idles:
            yield from self._idle()
            busy = self._grew or any(act.mailbox == INBOX for act in self._acts)
            yield from self._look(INBOX)
            if self._acts or not busy:
                yield from self._visit_others()
        yield from self._ask(Logout())

    def _visit_others(self) -> Program:
        """Look into the other mailboxes in which something has changed, and come back to INBOX."""
        away = False
        for name in self._names((yield from self._need(ListMailboxes("", ("*",)))))[1:]:
            told = any(act.mailbox == name for act in self._acts)
            if name.partition("/")[0] not in _UNCHECKED and not told:
                now = status((yield from self._ask(Status(name, ("UIDNEXT", "MESSAGES", "UNSEEN", "RECENT")))))
                told = now.get("UIDNEXT", 0) > self._boxes.get(name, KnownMailbox()).last + 1
            if told:
                away = True
                yield from self._open(name)
        if away:
            yield from self._open(INBOX)

    def _open(self, mailbox: str) -> Program:
        yield from self._select(mailbox)
        if self._exists:
            yield from self._look_at(mailbox, 1)
        yield from self._look(mailbox)

    def _look(self, mailbox: str) -> Program:
        """See what is new in the selected mailbox, and tell what is new here."""
        while True:
            yield from self._tell(mailbox)
            self._grew = False
            yield from self._ask(Noop())
            if self._exists:
                yield from self._look_at(mailbox, self._boxes[mailbox].last + 1)
            if not (self._grew or any(act.mailbox == mailbox for act in self._acts)):
                return

    def _look_at(self, mailbox: str, first: int) -> Program:
        """Ask for the flags from a UID on, and for what is new."""
        flags = yield from self._ask(Fetch(((first, None),), (_FLAGS,), uid=True))
        new = self._announce(mailbox, flags)
        sizes: dict[int, int] = {}
        if new:
            headers = yield from self._ask(Fetch(ranges_of(new), _HEADER, uid=True))
            sizes = {uid: int(items.get("RFC822.SIZE", 0)) for uid, items in fetched(headers)}
        for group in _groups({uid: sizes.get(uid, _GROUP) for uid in self._boxes[mailbox].missing}):
            yield from self._fetch(mailbox, group, Fetch(ranges_of(group), _MESSAGE, uid=True))
        if new:
            yield from self._ask(Fetch(((new[0], new[0]),), _PREVIEW, uid=True))

    def _delete(self, act: Delete) -> Program:
        """What is deleted goes into the trash."""
        if act.mailbox == _TRASH:
            yield from super()._delete(act)
        else:
            yield from self._move(MoveTo(act.mailbox, act.uid, _TRASH))


def _groups(sizes: Mapping[int, int]) -> Iterable[Sequence[int]]:
    """The messages that it asks for together."""
    group: list[int] = []
    for uid, size in sizes.items():
        if group and sum(sizes[each] for each in group) + size > _GROUP:
            yield group
            group = []
        group.append(uid)
    if group:
        yield group


class ThunderbirdPop3(Pop3Agent):
    """Message by message; what its user deletes it deletes on the server, too."""

    think_time: ClassVar[float] = _THINKS
    tells = True

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._authenticated()
        if (yield from self._count()):
            yield [List()]
            listed = self._listed((yield [Uidl()]))
            for message in listed:
                if self._is_new(message):
                    yield from self._fetch([message], [Retr(message.number)])
                if self._is_due(message):
                    yield from self._delete([message])
        yield [Quit()]

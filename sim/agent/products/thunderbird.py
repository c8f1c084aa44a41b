"""Thunderbird: a program in front of which somebody sits."""

from __future__ import annotations

from typing import ClassVar

from sim.agent.imap_agent import BODY_PEEK, INBOX, ImapAgent
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import (
    Authenticate,
    Capability,
    Fetch,
    FetchItem,
    ListMailboxes,
    Logout,
    Namespace,
    Section,
)
from sim.protocol.sasl import Credentials, plain

_FIELDS = b"From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type"


class ThunderbirdImap(ImapAgent):
    """It asks for flags and header fields of what is new, and then for the messages."""

    think_time: ClassVar[float] = 2e-3
    can_idle = True
    tells = True

    _HEADER = (
        FetchItem("UID"),
        FetchItem("RFC822.SIZE"),
        FetchItem("FLAGS"),
        FetchItem("BODY", Section((), "HEADER.FIELDS", tuple(_FIELDS.split())), peek=True),
    )
    _MESSAGE = (FetchItem("UID"), FetchItem("RFC822.SIZE"), BODY_PEEK)

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._need(Authenticate("PLAIN", plain(Credentials("", self._user, self._password))))
        yield from self._ask(Capability())
        yield from self._ask(Namespace())
        names = self._names((yield from self._need(ListMailboxes("", ("*",)))))
        for name in [*names[1:], INBOX]:
            yield from self._visit(name)
        while self.idles:
            yield from self._idle()
            yield from self._look(INBOX)
        yield from self._ask(Logout())

    def _visit(self, mailbox: str) -> Program:
        yield from self._select(mailbox)
        self._grew = True
        yield from self._look(mailbox)

    def _look(self, mailbox: str) -> Program:
        """See what is new in the selected mailbox, and tell what is new here."""
        while self._grew or any(act.mailbox == mailbox for act in self._acts):
            if self._grew:
                self._grew = False
                box = self._boxes[mailbox]
                new = ((box.last + 1, None),)
                self._announce(mailbox, (yield from self._ask(Fetch(new, self._HEADER, uid=True))))
                for uid in list(box.missing):
                    yield from self._fetch(mailbox, [uid], Fetch(((uid, uid),), self._MESSAGE, uid=True))
            yield from self._tell(mailbox)

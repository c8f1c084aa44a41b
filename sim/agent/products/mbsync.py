"""isync's mbsync 1.4, as it was measured with Dovecot (mailbox.csv of `shared/truth`; later sessions alike)."""

from __future__ import annotations

from typing import Any, ClassVar

from sim.agent.acts import Delete, MoveTo, Search
from sim.agent.imap_agent import BODY_PEEK, FLAGS, ImapAgent
from sim.agent.imap_spelling import SPELLINGS
from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import (
    Append,
    Check,
    Close,
    Create,
    Fetch,
    FetchItem,
    ListMailboxes,
    Logout,
    Namespace,
    Store,
)


class Mbsync(ImapAgent):
    """It lists every mailbox, asks for all bodies that it has not at once, and tells what has changed here.

    A message that was moved here it deletes there, and puts it into the other mailbox anew.
    """

    spelling = SPELLINGS["mbsync"]
    think_time: ClassVar[float] = 2.7e-3
    tells = True

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **settings)
        # What is to be put into which mailbox.
        self._moved: list[MoveTo] = []

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._need(self._login())
        yield from self._ask(Namespace())
        names = self._names((yield from self._need(ListMailboxes("", ("*",)))))
        for name in names:
            yield from self._synchronize(name)
        for name in dict.fromkeys(move.folder for move in self._moved):
            if name not in names:
                yield from self._ask(Create(name))
            yield from self._synchronize(name)
        yield from self._ask(Logout())

    def _synchronize(self, mailbox: str) -> Program:
        box = yield from self._select(mailbox)
        if self._exists:
            listing = Fetch(((1, self._next - 1),), (FetchItem("UID"), FetchItem("FLAGS")), uid=True)
            self._announce(mailbox, (yield from self._ask(listing)))
        missing = list(box.missing)
        if missing:
            bodies = [Fetch(((uid, uid),), (BODY_PEEK,), uid=True) for uid in missing]
            yield from self._fetch(mailbox, missing, *bodies)
        for move in [each for each in self._moved if each.folder == mailbox]:
            self._note_copies(mailbox, (yield from self._ask(Append(mailbox, move.content, ("\\Seen",)))))
            self._moved.remove(move)
        yield from self._tell(mailbox)

    def _tell(self, mailbox: str) -> Program:
        """Flags are stored all at once; what is gone here goes there with CLOSE."""
        acts = [act for act in self._acts if act.mailbox == mailbox and not isinstance(act, Search)]
        self._acts = [act for act in self._acts if act.mailbox != mailbox or act in acts]
        if not acts:
            return
        flags: dict[int, dict[str, None]] = {}
        for act in acts:
            flags.setdefault(int(act.uid), {})[FLAGS[type(act)]] = None
        stores = [Store(((uid, uid),), "+", tuple(sorted(stored)), True, True) for uid, stored in flags.items()]
        yield from self._ask(*stores, Check())
        if any(isinstance(act, Delete | MoveTo) for act in acts):
            yield from self._ask(Close())
        self._acts = [act for act in self._acts if act not in acts]
        self._moved += [act for act in acts if isinstance(act, MoveTo)]

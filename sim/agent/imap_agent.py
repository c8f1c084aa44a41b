"""What programs that speak IMAP have in common: the mailboxes as they know them, and how acts become commands."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from sim.agent.acts import Act, Announced, Answered, Delete, Fetched, Forwarded, MoveTo, Search, Seen
from sim.agent.imap_spelling import Spelling, SpellingClient
from sim.agent.mail_user_agent import MailUserAgent
from sim.agent.retrieval import Program, RetrievalError, SessionCutError
from sim.protocol.imap4 import commands as imap
from sim.protocol.imap4.commands import Command, FetchItem, Section
from sim.protocol.imap4.names import decode_name
from sim.protocol.imap4.response_grammar import DataResponse, StatusResponse
from sim.scenario.spec.devices import Access

INBOX: Final = "INBOX"
BODY_PEEK: Final = FetchItem("BODY", Section(), peek=True)
"""A message, which is not seen by that."""

Steps = Generator[Sequence[Command], Sequence[Any], Sequence[Any]]

_NUMBERED: Final = re.compile(r"(?:UIDVALIDITY|UIDNEXT) [0-9]+$", re.IGNORECASE)
"""The response codes of SELECT that are of interest."""
FLAGS: Final[Mapping[type, str]] = {
    Seen: "\\Seen",
    Answered: "\\Answered",
    Forwarded: "$Forwarded",
    Delete: "\\Deleted",
    MoveTo: "\\Deleted",
}
"""The flag that an act leaves on the message, or on what was it before it was moved."""


Message = Seen | Answered | Forwarded | Delete | MoveTo
"""An act on one message."""


@dataclass(slots=True)
class KnownMailbox:
    """What a program knows of a mailbox.

    Attributes:
        validity: its UIDVALIDITY; where it is another than before, nothing that was known counts.
        last: the greatest UID that it has been told of.
        missing: the UIDs that it has been told of and whose content it has not.
        moved: UIDs above `last` of messages that it has put there itself.
    """

    validity: int = 0
    last: int = 0
    missing: dict[int, None] = field(default_factory=dict)
    moved: dict[int, None] = field(default_factory=dict)


class ImapAgent(MailUserAgent):
    """A program that speaks IMAP; it keeps the UIDs of what it has, mailbox by mailbox."""

    access: ClassVar[Access] = "imap"
    spelling: ClassVar[Spelling | None] = None

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **settings)
        self._boxes: dict[str, KnownMailbox] = {}
        self._machine = self.client()
        # Of the selected mailbox: how many messages it has, whether that has grown since it was looked at, UIDNEXT.
        self._exists = 0
        self._next = 1
        self._grew = False

    def client(self) -> SpellingClient:
        """The machine for a session."""
        self._machine = SpellingClient(self.spelling or Spelling("A{}", 1), secure=self._secure)
        return self._machine

    def _ask(self, *commands: Command) -> Steps:
        """Send commands together, and take what comes."""
        answers = yield commands
        self._hear(answers)
        return answers

    def _need(self, *commands: Command) -> Steps:
        """Likewise, and the session cannot do without.

        Raises:
            RetrievalError: the server refuses.
        """
        answers = yield from self._ask(*commands)
        for each in answers:
            if isinstance(each, StatusResponse) and (each.tag != "*" or each.status == "BYE") and each.status != "OK":
                raise RetrievalError(f"the server says: {each.text}")
        return answers

    def _hear(self, answers: Iterable[Any]) -> None:
        """Note what the server says unasked of the selected mailbox."""
        for each in data(answers, "EXISTS"):
            self._grew |= (each.number or 0) > self._exists
            self._exists = each.number or 0
        for _ in data(answers, "EXPUNGE"):
            self._exists -= 1

    def _greeted(self) -> Program:
        """The greeting, and TLS where it is wanted."""
        yield from self._need()
        if self._starttls:
            yield from self._need(imap.StartTls())
            yield from self._need(imap.Capability())

    def _login(self) -> imap.Login:
        return imap.Login(self._user.encode(), self._password.encode())

    def _select(
        self, mailbox: str, command: type[imap.Select | imap.Examine] = imap.Select
    ) -> Generator[Sequence[Command], Sequence[Any], KnownMailbox]:
        """Open a mailbox; what was known of it counts no more where its UIDVALIDITY is another."""
        self._exists = 0
        answers = yield from self._need(command(mailbox))
        self._grew = False
        codes = dict(each.code.upper().split()[:2] for each in answers if _NUMBERED.match(getattr(each, "code", "")))
        self._next = int(codes.get("UIDNEXT", 1))
        box, validity = self._boxes.setdefault(mailbox, KnownMailbox()), int(codes.get("UIDVALIDITY", 0))
        if validity != box.validity:
            if box.validity:
                self._acts = [act for act in self._acts if act.mailbox != mailbox or isinstance(act, Search)]
            box = self._boxes[mailbox] = KnownMailbox(validity)
        return box

    def _announce(self, mailbox: str, answers: Iterable[Any]) -> Sequence[int]:
        """Take the answers to FETCH, and give the UIDs in them that are new."""
        return self._announce_uids(mailbox, [uid for uid, _ in fetched(answers)])

    def _announce_uids(self, mailbox: str, uids: Sequence[int]) -> Sequence[int]:
        """Take UIDs, and give those that are new."""
        box, new = self._boxes[mailbox], []
        for uid in uids:
            if uid <= box.last:
                continue
            if uid in box.moved:
                del box.moved[uid]
                continue
            new.append(uid)
            box.missing[uid] = None
            self._news.append(Announced(mailbox, uid))
        box.last = max([box.last, *uids])
        return new

    def _fetch(self, mailbox: str, uids: Sequence[int], *commands: Command) -> Steps:
        """Ask for the content of messages; what comes is kept even where the session is cut then."""
        try:
            answers = yield from self._ask(*commands)
        except SessionCutError as cut:
            self._keep(mailbox, cut.answers)
            raise
        self._keep(mailbox, answers)
        # What has not come has gone.
        for uid in uids:
            self._boxes[mailbox].missing.pop(uid, None)
        return answers

    def _keep(self, mailbox: str, answers: Iterable[Any]) -> None:
        missing = self._boxes[mailbox].missing
        for uid, items in fetched(answers):
            content = items.get("BODY[]", items.get("RFC822"))
            if uid in missing and isinstance(content, bytes):
                del missing[uid]
                self._news.append(Fetched(mailbox, uid, len(content), content))

    def _tell(self, mailbox: str) -> Program:
        """Tell the server what the user has done in the selected mailbox."""
        for act in [each for each in self._acts if each.mailbox == mailbox]:
            yield from self._tell_act(act)
            if act in self._acts:
                self._acts.remove(act)

    def _tell_act(self, act: Act) -> Program:
        if isinstance(act, Search):
            yield from self._search(act)
        elif isinstance(act, MoveTo):
            yield from self._move(act)
        elif isinstance(act, Delete):
            yield from self._delete(act)
        else:
            if isinstance(act, Seen) and act.uid in self._boxes[act.mailbox].missing:
                yield from self._fetch_body(act.mailbox, int(act.uid))
            yield from self._ask(self._store(act))

    def _fetch_body(self, mailbox: str, uid: int) -> Program:
        yield from self._fetch(mailbox, [uid], imap.Fetch(((uid, uid),), (BODY_PEEK,), uid=True))

    def _search(self, act: Search) -> Program:
        """Have the server look for a text."""
        yield from self._ask(imap.Search(imap.SearchKey("TEXT", (act.text.encode(),)), uid=True))

    def _delete(self, act: Delete) -> Program:
        """Have a message go."""
        uid = int(act.uid)
        yield from self._ask(self._store(act))
        yield from self._ask(imap.Expunge(((uid, uid),)))

    def _move(self, act: MoveTo) -> Program:
        """Have a message move into another mailbox."""
        yield from self._copy(act, imap.Move)

    def _store(self, act: Message) -> imap.Store:
        """The flag that an act leaves."""
        uid = int(act.uid)
        return imap.Store(((uid, uid),), "+", (FLAGS[type(act)],), silent=True, uid=True)

    def _copy(self, act: MoveTo, kind: type[imap.Copy | imap.Move]) -> Program:
        """Have a message in another mailbox, where its UID is known then; if there is no such mailbox, it is made."""
        uid = int(act.uid)
        command = kind(((uid, uid),), act.folder, uid=True)
        answers = yield from self._ask(command)
        if any(isinstance(each, StatusResponse) and each.code.upper() == "TRYCREATE" for each in answers):
            yield from self._ask(imap.Create(act.folder))
            answers = yield from self._ask(command)
        self._boxes[act.mailbox].missing.pop(uid, None)
        self._note_copies(act.folder, answers)

    def _note_copies(self, folder: str, answers: Iterable[Any]) -> None:
        """What was put into another mailbox is known there, where the server says as what (RFC 4315)."""
        for each in answers:
            words = each.code.split() if isinstance(each, StatusResponse) else [""]
            if words and words[0].upper() in ("COPYUID", "APPENDUID"):
                box = self._boxes.setdefault(folder, KnownMailbox(int(words[1])))
                if box.validity == int(words[1]):
                    box.moved.update(dict.fromkeys(_uids(words[-1])))

    def _names(self, answers: Iterable[Any]) -> Sequence[str]:
        """The mailboxes in the answers to LIST that can be opened, INBOX first."""
        names = []
        for each in data(answers, "LIST"):
            attributes, _, name = each.values[:3]
            octets = name if isinstance(name, bytes) else str(name).encode()
            if not isinstance(attributes, tuple) or not {"\\NOSELECT", "\\NONEXISTENT"}.intersection(
                str(attribute).upper() for attribute in attributes
            ):
                names.append(decode_name(octets, utf8=self._machine.utf8))
        # What he has done in a mailbox that is not there any more cannot be told.
        self._acts = [act for act in self._acts if act.mailbox in names]
        return sorted(names, key=lambda name: name != INBOX)

    def _idle(self) -> Generator[Sequence[Command], Sequence[Any], None]:
        """Wait in IDLE until the selected mailbox grows, or somebody wakes the program."""
        yield from self._need(imap.Idle())
        while not self._grew and (yield from self._ask()):
            pass
        yield from self._ask(imap.Done())


def data(answers: Iterable[Any], name: str) -> Sequence[DataResponse]:
    """The untagged data of a name."""
    return [each for each in answers if isinstance(each, DataResponse) and each.name == name]


def fetched(answers: Iterable[Any]) -> Sequence[tuple[int, dict[str, Any]]]:
    """UID and items of each FETCH that says a UID."""
    found = [each.items() for each in data(answers, "FETCH")]
    return [(uid, items) for items in found if isinstance(uid := items.get("UID"), int)]


def found(answers: Iterable[Any]) -> Sequence[int]:
    """The numbers or UIDs that SEARCH found."""
    return [value for each in data(answers, "SEARCH") for value in each.values if isinstance(value, int)]


def status(answers: Iterable[Any]) -> Mapping[str, int]:
    """The items in the answer to STATUS; none where there is no such mailbox."""
    for each in data(answers, "STATUS"):
        items = each.values[-1]
        if isinstance(items, tuple):
            pairs = zip(map(str, items[::2]), items[1::2], strict=False)
            return {name: value for name, value in pairs if isinstance(value, int)}
    return {}


def _uids(sequence_set: str) -> Iterable[int]:
    for span in sequence_set.split(","):
        low, _, high = span.partition(":")
        yield from range(int(low), int(high or low) + 1)

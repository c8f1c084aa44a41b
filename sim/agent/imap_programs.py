"""What real programs say by IMAP, command by command, as they were measured (mailbox.csv of `shared/truth`).

Each yields the commands that it sends before it waits, and is sent the responses; see `retrieval.Program`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from sim.agent.retrieval import Program
from sim.protocol.imap4.commands import (
    Authenticate,
    Capability,
    Command,
    Done,
    Expunge,
    Fetch,
    FetchItem,
    Idle,
    ListMailboxes,
    Login,
    Logout,
    Namespace,
    Search,
    SearchKey,
    Section,
    Select,
    Store,
)
from sim.protocol.imap4.response_grammar import DataResponse
from sim.protocol.sasl import Credentials, plain

_RFC822 = (FetchItem("RFC822"),)
_BODY = (FetchItem("BODY", Section()),)
_PEEK = (FetchItem("BODY", Section(), peek=True),)

_Steps = Generator[Sequence[Command], Sequence[Any], Sequence[int]]


def imaplib_each(user: str, password: str, _count: int) -> Program:
    """Python's imaplib, by a script that fetches message after message."""
    for number in (yield from _imaplib(user, password)):
        yield [_fetch(number, _RFC822)]
    yield [Logout()]


def imaplib_all(user: str, password: str, _count: int) -> Program:
    """Python's imaplib, by a script that fetches all messages at once."""
    yield []
    yield [Capability()]
    yield [_login(user, password)]
    yield [Select("INBOX")]
    yield [Fetch(((1, None),), _RFC822)]
    yield [Logout()]


def imaplib_delete(user: str, password: str, _count: int) -> Program:
    """Python's imaplib, by a script that fetches and marks message after message, and then expunges."""
    for number in (yield from _imaplib(user, password)):
        yield [_fetch(number, _RFC822)]
        yield [Store(((number, number),), "+", ("\\Deleted",))]
    yield [Expunge()]
    yield [Logout()]


def fetchmail_keep(user: str, password: str, _count: int) -> Program:
    """Fetchmail 6.4 with `keep`."""
    numbers = yield from _fetchmail(user, password, deletes=False)
    for number in numbers:
        yield from _fetchmail_message(number)
        yield [Store(((number, number),), "+", ("\\Seen",))]
    yield [Logout()]


def fetchmail_delete(user: str, password: str, _count: int) -> Program:
    """Fetchmail 6.4 as it is by default: it expunges after every message, so that each is number 1."""
    for _ in (yield from _fetchmail(user, password, deletes=True)):
        yield from _fetchmail_message(1)
        yield [Store(((1, 1),), "+", ("\\Seen", "\\Deleted"))]
        yield [Expunge()]
    yield [Logout()]


def mbsync(user: str, password: str, _count: int) -> Program:
    """Mbsync 1.4 on a mailbox that it has not seen: the bodies are asked for all at once."""
    answers = yield from _mbsync_listing(user, password)
    uids = [each.items()["UID"] for each in answers if isinstance(each, DataResponse) and each.name == "FETCH"]
    bodies = [Fetch(((uid, uid),), _PEEK, uid=True) for uid in uids if isinstance(uid, int)]
    if bodies:
        yield bodies
    yield [Logout()]


def mbsync_again(user: str, password: str, _count: int) -> Program:
    """Mbsync 1.4 where there is nothing new."""
    yield from _mbsync_listing(user, password)
    yield [Logout()]


def curl(user: str, password: str, count: int) -> Program:
    """Curl with a range of messages, on one connection."""
    yield []
    yield [Capability()]
    yield [Authenticate("PLAIN", plain(Credentials("", user, password)))]
    yield [Select("INBOX")]
    for number in range(1, count + 1):
        yield [_fetch(number, _BODY)]
    yield [Logout()]


def imaplib_idle(user: str, password: str, _count: int) -> Program:
    """Python's imaplib, by a script that waits with IDLE (RFC 2177) for a message and fetches it."""
    yield []
    yield [Capability()]
    yield [_login(user, password)]
    yield [Select("INBOX")]
    answers = yield [Idle()]
    while not (come := [each for each in answers if isinstance(each, DataResponse) and each.name == "EXISTS"]):
        answers = yield []
    yield [Done()]
    yield [_fetch(come[-1].number or 0, _RFC822)]
    yield [Logout()]


def _imaplib(user: str, password: str) -> _Steps:
    yield []
    yield [Capability()]
    yield [_login(user, password)]
    yield [Select("INBOX")]
    return _found((yield [Search(SearchKey("ALL"))]))


def _fetchmail(user: str, password: str, *, deletes: bool) -> _Steps:
    yield []
    yield [_login(user, password)]
    yield [Select("INBOX")]
    unseen = SearchKey("UNSEEN")
    if deletes:
        yield [Expunge()]
    key = unseen if deletes else SearchKey("AND", (unseen, SearchKey("UNDELETED")))
    numbers = _found((yield [Search(key)]))
    if numbers:
        yield [Fetch(((numbers[0], numbers[-1]),), (FetchItem("RFC822.SIZE"),))]
    return numbers


def _fetchmail_message(number: int) -> Program:
    yield [_fetch(number, (FetchItem("RFC822.HEADER", peek=True),))]
    yield [_fetch(number, (FetchItem("BODY", Section((), "TEXT"), peek=True),))]


def _mbsync_listing(user: str, password: str) -> Generator[Sequence[Command], Sequence[Any], Sequence[Any]]:
    yield []
    yield [_login(user, password)]
    yield [Namespace()]
    yield [ListMailboxes("", ("*",))]
    answers = yield [Select("INBOX")]
    last = next((each.number for each in answers if isinstance(each, DataResponse) and each.name == "EXISTS"), 0)
    return (yield [Fetch(((1, last),), (FetchItem("UID"), FetchItem("FLAGS")), uid=True)])


def _login(user: str, password: str) -> Login:
    return Login(user.encode(), password.encode())


def _fetch(number: int, items: tuple[FetchItem, ...]) -> Fetch:
    return Fetch(((number, number),), items)


def _found(answers: Sequence[Any]) -> Sequence[int]:
    """The message numbers that a SEARCH found."""
    found = [each for each in answers if isinstance(each, DataResponse) and each.name == "SEARCH"]
    return [value for each in found for value in each.values if isinstance(value, int)]


PROGRAMS: Mapping[str, Callable[[str, str, int], Program]] = {
    "imaplib-each": imaplib_each,
    "imaplib-all": imaplib_all,
    "imaplib-delete": imaplib_delete,
    "imaplib-idle": imaplib_idle,
    "fetchmail-imap-keep": fetchmail_keep,
    "fetchmail-imap-delete": fetchmail_delete,
    "mbsync-first": mbsync,
    "mbsync-second": mbsync_again,
    "curl-imap": curl,
}
"""The programs by name: each is given a login and how many messages the user expects (only curl asks)."""

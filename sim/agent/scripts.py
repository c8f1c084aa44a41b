"""Scripts and commands without a memory, as they were measured with Dovecot (mailbox.csv of `shared/truth`).

Each is given a login and how many messages its user expects (only curl asks); see `retrieval.Program`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

from sim.agent.imap_agent import data, found
from sim.agent.retrieval import Program
from sim.protocol.imap4 import commands as imap
from sim.protocol.pop3 import events as pop3
from sim.protocol.sasl import Credentials, plain

_RFC822 = (imap.FetchItem("RFC822"),)
_BODY = (imap.FetchItem("BODY", imap.Section()),)


def poplib_delete(user: str, password: str, _count: int) -> Program:
    """Python's poplib, by a script that fetches and deletes message after message."""
    yield []
    yield [pop3.User(user)]
    yield [pop3.Pass(password)]
    answers = yield [pop3.Stat()]
    for number in range(1, int(answers[-1].text.split()[0]) + 1):
        yield [pop3.Retr(number)]
        yield [pop3.Dele(number)]
    yield [pop3.Quit()]


def curl_pop3(user: str, password: str, count: int) -> Program:
    """Curl with a range of messages, on one connection."""
    yield []
    yield [pop3.Capa()]
    yield [pop3.Auth("PLAIN")]
    yield [pop3.AuthResponse(plain(Credentials("", user, password)))]
    for number in range(1, count + 1):
        yield [pop3.Retr(number)]
    yield [pop3.Quit()]


def imaplib_each(user: str, password: str, _count: int) -> Program:
    """Python's imaplib, by a script that fetches message after message."""
    for number in (yield from _imaplib(user, password)):
        yield [_fetch(number, _RFC822)]
    yield [imap.Logout()]


def imaplib_all(user: str, password: str, _count: int) -> Program:
    """Python's imaplib, by a script that fetches all messages at once."""
    yield from _imaplib_selected(user, password)
    yield [imap.Fetch(((1, None),), _RFC822)]
    yield [imap.Logout()]


def imaplib_delete(user: str, password: str, _count: int) -> Program:
    """Python's imaplib, by a script that fetches and marks message after message, and then expunges."""
    for number in (yield from _imaplib(user, password)):
        yield [_fetch(number, _RFC822)]
        yield [imap.Store(((number, number),), "+", ("\\Deleted",))]
    yield [imap.Expunge()]
    yield [imap.Logout()]


def imaplib_idle(user: str, password: str, _count: int) -> Program:
    """Python's imaplib, by a script that waits with IDLE (RFC 2177) for a message and fetches it."""
    yield from _imaplib_selected(user, password)
    answers = yield [imap.Idle()]
    while not (come := data(answers, "EXISTS")):
        answers = yield []
    yield [imap.Done()]
    yield [_fetch(come[-1].number or 0, _RFC822)]
    yield [imap.Logout()]


def curl_imap(user: str, password: str, count: int) -> Program:
    """Curl with a range of messages, on one connection."""
    yield []
    yield [imap.Capability()]
    yield [imap.Authenticate("PLAIN", plain(Credentials("", user, password)))]
    yield [imap.Select("INBOX")]
    for number in range(1, count + 1):
        yield [_fetch(number, _BODY)]
    yield [imap.Logout()]


def _imaplib(user: str, password: str) -> Generator[Sequence[imap.Command], Sequence[Any], Sequence[int]]:
    yield from _imaplib_selected(user, password)
    return found((yield [imap.Search(imap.SearchKey("ALL"))]))


def _imaplib_selected(user: str, password: str) -> Program:
    yield []
    yield [imap.Capability()]
    yield [imap.Login(user.encode(), password.encode())]
    yield [imap.Select("INBOX")]


def _fetch(number: int, items: tuple[imap.FetchItem, ...]) -> imap.Fetch:
    return imap.Fetch(((number, number),), items)


SCRIPTS: Final[Mapping[str, Callable[[str, str, int], Program]]] = {
    "poplib-delete": poplib_delete,
    "curl-pop3": curl_pop3,
    "imaplib-each": imaplib_each,
    "imaplib-all": imaplib_all,
    "imaplib-delete": imaplib_delete,
    "imaplib-idle": imaplib_idle,
    "curl-imap": curl_imap,
}
"""By name; the first word is what a script uses."""

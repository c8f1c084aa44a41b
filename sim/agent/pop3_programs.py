"""What real programs say by POP3, command by command, as they were measured (mailbox.csv of `shared/truth`).

Each yields the commands that it sends before it waits, and is sent the responses; see `retrieval.Program`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence

from sim.agent.retrieval import OneByOne, Program
from sim.protocol.pop3.events import (
    Auth,
    AuthResponse,
    Capa,
    Command,
    Dele,
    Last,
    List,
    Pass,
    Quit,
    Retr,
    Stat,
    Top,
    Uidl,
    User,
)
from sim.protocol.pop3.responses import Response
from sim.protocol.sasl import Credentials, plain

_ALL_LINES = 99_999_999
"""How many lines fetchmail asks TOP for, to have a whole message that is not counted as read."""


def poplib_keep(user: str, password: str, _count: int) -> Program:
    """Python's poplib, by a script that lists, identifies and fetches all messages and deletes none."""
    numbers = yield from _logged_in(user, password)
    yield [List()]
    yield [Uidl()]
    for number in numbers:
        yield [Retr(number)]
    yield [Quit()]


def poplib_delete(user: str, password: str, _count: int) -> Program:
    """Python's poplib, by a script that fetches and deletes message after message."""
    for number in (yield from _logged_in(user, password)):
        yield [Retr(number)]
        yield [Dele(number)]
    yield [Quit()]


def fetchmail_keep(user: str, password: str, _count: int) -> Program:
    """Fetchmail 6.4 with `keep`."""
    numbers = yield from _logged_in(user, password)
    yield [Last()]
    yield [Uidl()]
    for number in numbers:
        yield [List(number)]
        yield [Retr(number)]
    yield [Quit()]


def fetchmail_delete(user: str, password: str, _count: int) -> Program:
    """Fetchmail 6.4 as it is by default."""
    numbers = yield from _logged_in(user, password)
    yield [Last()]
    yield [Uidl()]
    for number in numbers:
        yield [List(number)]
        yield [Top(number, _ALL_LINES)]
        yield [Dele(number)]
    yield [Quit()]


def mpop_keep(user: str, password: str, _count: int) -> Program:
    """Mpop 1.4 with `--keep`: it writes its RETRs one by one, without waiting."""
    return _mpop(user, password, deletes=False)


def mpop_delete(user: str, password: str, _count: int) -> Program:
    """Mpop 1.4 as it is by default."""
    return _mpop(user, password, deletes=True)


def curl(user: str, password: str, count: int) -> Program:
    """Curl with a range of messages, on one connection."""
    yield from _authenticated(user, password)
    for number in range(1, count + 1):
        yield [Retr(number)]
    yield [Quit()]


def _mpop(user: str, password: str, *, deletes: bool) -> Program:
    yield from _authenticated(user, password)
    numbers = _numbers((yield [Stat()]))
    yield [List()]
    yield [Uidl()]
    for kind in (Retr, Dele) if deletes else (Retr,):
        if numbers:
            yield OneByOne(kind(number) for number in numbers)
    yield [Quit()]


def _logged_in(user: str, password: str) -> Generator[Sequence[Command], Sequence[Response], range]:
    yield []
    yield [User(user)]
    yield [Pass(password)]
    return _numbers((yield [Stat()]))


def _authenticated(user: str, password: str) -> Program:
    yield []
    yield [Capa()]
    yield [Auth("PLAIN")]
    yield [AuthResponse(plain(Credentials("", user, password)))]


def _numbers(answers: Sequence[Response]) -> range:
    """The message numbers after STAT."""
    count = int(answers[-1].text.split()[0])
    return range(1, count + 1)


PROGRAMS: Mapping[str, Callable[[str, str, int], Program]] = {
    "poplib-keep": poplib_keep,
    "poplib-delete": poplib_delete,
    "fetchmail-pop3-keep": fetchmail_keep,
    "fetchmail-pop3-delete": fetchmail_delete,
    "mpop-keep": mpop_keep,
    "mpop-delete": mpop_delete,
    "curl-pop3": curl,
}
"""The programs by name: each is given a login and how many messages the user expects (only curl asks)."""

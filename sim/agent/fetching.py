"""The programs of `mtasim fetch`: they list a mailbox, or fetch its messages, with as few round trips as they can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sim.agent.retrieval import Program, RetrievalError
from sim.protocol.imap4 import commands as imap
from sim.protocol.imap4.client import Client as ImapClient
from sim.protocol.imap4.response_grammar import DataResponse, StatusResponse
from sim.protocol.pop3 import events as pop3
from sim.protocol.pop3.client import Client as Pop3Client
from sim.protocol.pop3.responses import Response, Status

_BATCH = 100
"""Messages asked for at a time."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A message in a mailbox: its number, its unique identifier, its octets, and its flags where the server has any."""

    number: int
    uid: str
    size: int
    flags: tuple[str, ...] = ()


def fetch_pop3(
    machine: Pop3Client,
    user: str,
    password: str,
    *,
    listed: Callable[[Listed], object],
    fetched: Callable[[Listed, bytes], object] | None,
    tls: bool = False,
) -> Program:
    """List a maildrop by POP3 and, where `fetched` takes them, fetch its messages.

    Args:
        machine: the session's.
        user: the login's name.
        password: its password.
        listed: is told of each message.
        fetched: takes each message with its content.
        tls: whether TLS is asked for (STLS), and nothing said without.
    """
    _done((yield []))
    _done((yield [pop3.Capa()]), needed=False)
    if tls:
        _done((yield [pop3.Stls()]))
        _done((yield [pop3.Capa()]), needed=False)
    together = machine.pipelining
    for group in _groups([pop3.User(user), pop3.Pass(password)], together=together):
        _done((yield group))
    answers: list[Any] = []
    for group in _groups([pop3.List(), pop3.Uidl()], together=together):
        answers.extend((yield group))
    messages = _pop3_messages(answers)
    for message in messages:
        listed(message)
    if fetched is not None:
        step = _BATCH if together else 1
        for start in range(0, len(messages), step):
            batch = messages[start : start + step]
            for message, response in zip(batch, (yield [pop3.Retr(each.number) for each in batch]), strict=True):
                _done([response])
                fetched(message, response.content)
    yield [pop3.Quit()]


def _groups(commands: Sequence[pop3.Command], *, together: bool) -> Sequence[Sequence[pop3.Command]]:
    return [commands] if together else [[command] for command in commands]


def _pop3_messages(answers: Sequence[Response]) -> list[Listed]:
    sizes, uids = answers
    _done([sizes])
    named = dict(_pairs(uids.content)) if uids.status is Status.OK else {}
    return [Listed(int(number), named.get(number, ""), int(size)) for number, size in _pairs(sizes.content)]


def _pairs(content: bytes | None) -> list[tuple[str, str]]:
    words = [line.split() for line in (content or b"").decode("utf-8", "replace").splitlines()]
    pairs = [(line[0], line[1]) for line in words if len(line) > 1]
    if not all(number.isdigit() for number, _ in pairs):
        raise RetrievalError("the server's list has lines that name no message")
    return pairs


def fetch_imap(
    machine: ImapClient,
    user: str,
    password: str,
    *,
    listed: Callable[[Listed], object],
    fetched: Callable[[Listed, bytes], object] | None,
    tls: bool = False,
) -> Program:
    """List INBOX by IMAP and, where `fetched` takes them, fetch its messages.

    Args:
        machine: the session's.
        user: the login's name.
        password: its password.
        listed: is told of each message.
        fetched: takes each message with its content.
        tls: whether TLS is asked for (STARTTLS), and nothing said without.
    """
    _done((yield []))
    if tls:
        _done((yield [imap.StartTls()]))
    if not machine.capabilities:
        _done((yield [imap.Capability()]))
    if "LOGINDISABLED" in machine.capabilities:
        # RFC 3501 section 6.2.3: then LOGIN must not be said.
        raise RetrievalError("the server takes no password here: ask for TLS")
    _done((yield [imap.Login(user.encode(), password.encode())]))
    _done((yield [imap.Examine("INBOX")]))
    wanted = tuple(map(imap.FetchItem, ("UID", "FLAGS", "RFC822.SIZE")))
    answers = yield [imap.Fetch(((1, None),), wanted, uid=True)]
    _done(answers)
    messages = [_imap_message(each) for each in answers if isinstance(each, DataResponse) and each.name == "FETCH"]
    for message in messages:
        listed(message)
    if fetched is not None:
        whole = (imap.FetchItem("BODY", imap.Section(), peek=True),)
        for start in range(0, len(messages), _BATCH):
            batch = {int(each.uid): each for each in messages[start : start + _BATCH]}
            answers = yield [imap.Fetch(((uid, uid),), whole, uid=True) for uid in batch]
            _done(answers)
            for each in answers:
                if isinstance(each, DataResponse) and each.name == "FETCH":
                    items = each.items()
                    uid, content = items.get("UID"), items.get("BODY[]")
                    if isinstance(uid, int) and isinstance(content, bytes) and uid in batch:
                        fetched(batch[uid], content)
    yield [imap.Logout()]


def _imap_message(response: DataResponse) -> Listed:
    items = response.items()
    uid, size, flags = items.get("UID"), items.get("RFC822.SIZE"), items.get("FLAGS")
    if not isinstance(uid, int) or not isinstance(size, int) or response.number is None:
        raise RetrievalError("the server's FETCH lacks UID or RFC822.SIZE")
    return Listed(response.number, str(uid), size, tuple(map(str, flags)) if isinstance(flags, tuple) else ())


def _done(answers: Sequence[Any], *, needed: bool = True) -> None:
    """Hold that the server has not refused.

    Raises:
        RetrievalError: it has, and what it refuses is needed.
    """
    for each in answers:
        refused = isinstance(each, Response) and each.status is Status.ERR
        if isinstance(each, StatusResponse):
            refused = each.status == "BYE" or (each.status in ("NO", "BAD") and each.tag != "*")
        if refused and needed:
            raise RetrievalError(f"the server says: {each.text}")

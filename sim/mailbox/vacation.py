"""Answers for whoever writes while a user is away: whom they are for, and what they say (RFC 5230, RFC 3834)."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from hashlib import sha256

from sim.mail.address import Address, mailbox_key
from sim.mail.composition import Text, entity
from sim.mail.content import canonical, compose
from sim.mail.mailbox import parse_mailbox
from sim.mail.mime import split_header
from sim.mailbox.sieve import Vacation
from sim.mailbox.sieve_tests import Incoming, decoded

_LIST_FIELDS = frozenset(
    f"list-{name}" for name in ("id", "owner", "subscribe", "post", "unsubscribe", "help", "archive")
)
_ROBOTS = re.compile(r"owner-.*|.*-request|.*-owner|mailer-daemon|listserv|majordomo", re.IGNORECASE)
_TO_MANY = (b"bulk", b"junk", b"list")
_ADDRESSED = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
_MESSAGE_ID = re.compile(rb"<[!-;=?-~]+>")

_MOST = 10_000
"""Answers that are remembered: where all of them still count, the oldest is forgotten."""

Answered = MutableMapping[str, float]
"""Whom an answer has been sent: a key of the answer and the address -> when it may be sent again, in seconds."""


def reason_for_none(vacation: Vacation, mail: Incoming, answered: Answered, now: float) -> str:
    """Why nobody is to be answered; empty where somebody is."""
    sender = mail.sender
    if sender is None:
        return "the reverse-path is null"
    mine = {mailbox_key(address) for address in _mine(vacation, mail.recipient)}
    named = {mailbox_key(Address(*each)) for field in _ADDRESSED for each in mail.addresses(field) if each[1]}
    found = (
        (_ROBOTS.fullmatch(sender.local), f"{sender} is no person"),
        (mailbox_key(sender) in mine, f"{sender} is the user himself"),
        (any(name in _LIST_FIELDS for name, _ in mail.fields), "it comes from a mailing list"),
        (any(_word(value) != b"no" for value in mail.values("auto-submitted")), "a program wrote it"),
        (any(_word(value) in _TO_MANY for value in mail.values("precedence")), "it went to many"),
        (any(map(_wishes_none, mail.values("x-auto-response-suppress"))), "its sender wants no answer"),
        (not mine & named, "it names the user nowhere"),
        (answered.get(_key(vacation, sender), now) > now, f"{sender} has been answered already"),
    )
    return next((said for so, said in found if so), "")


def answer(vacation: Vacation, mail: Incoming, *, message_id: str, date: str) -> bytes:
    """The answer to a message, from the user and to its sender.

    Args:
        vacation: what it says.
        mail: the message; its reverse-path is not null.
        message_id: of the answer, with its angle brackets.
        date: an RFC 5322 date-time.
    """
    subject = next((decoded(value).decode("utf-8", "replace") for value in mail.values("subject")), "")
    extra = "Auto-Submitted: auto-replied (vacation)\r\nPrecedence: bulk\r\nX-Auto-Response-Suppress: All\r\n"
    threads = [b" ".join(_MESSAGE_ID.findall(b" ".join(mail.values(name)))) for name in ("references", "message-id")]
    if threads[1]:
        extra += f"In-Reply-To: {threads[1].decode()}\r\nReferences: {b' '.join(filter(None, threads)).decode()}\r\n"
    if vacation.mime:
        header, body = split_header(canonical(vacation.reason.encode("utf-8", "replace")))
        mime = "MIME-Version: 1.0\r\n" + header.decode("utf-8").removesuffix("\r\n")
    else:
        head, _, body = entity(Text(text=vacation.reason)).partition(b"\r\n\r\n")
        mime = f"MIME-Version: 1.0\r\n{head.decode()}\r\n"
    return compose(
        sender=vacation.sender or str(mail.recipient),
        recipients=[str(mail.sender)],
        subject=_one_line(vacation.subject or (f"Auto: {subject}" if subject else "Automated reply")),
        message_id=message_id,
        date=date,
        size=0,
        mime=extra + mime,
        body=body,
    )


def note_answer(vacation: Vacation, mail: Incoming, answered: Answered, now: float) -> None:
    """Its sender has got the answer: for its period he gets it no more."""
    if mail.sender is None:
        return
    if len(answered) >= _MOST:
        for key in [key for key, until in answered.items() if until <= now] or [next(iter(answered))]:
            del answered[key]
    answered[_key(vacation, mail.sender)] = now + vacation.period


def _key(vacation: Vacation, sender: Address) -> str:
    """One line for each answer and each sender."""
    handle = sha256(vacation.handle.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{handle} {mailbox_key(sender)}"


def _mine(vacation: Vacation, recipient: Address) -> list[Address]:
    """The user's addresses."""
    return [recipient, *(parse_mailbox(text).address for text in vacation.addresses)]


def _word(value: bytes) -> bytes:
    return re.split(rb"[ \t;(]", value.strip().lower(), maxsplit=1)[0]


def _wishes_none(value: bytes) -> bool:
    return bool({b"all", b"oof"} & {each.strip().lower() for each in value.split(b",")})


def _one_line(text: str) -> str:
    return " ".join(text.split())

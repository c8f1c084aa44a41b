"""The MDA: what becomes of a message that is for a user here, by his rules and his quota.

It decides and is told the time; the host that it works for keeps the message, sends what it asks to send, and refuses
what it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sim.mail.address import Address
from sim.mail.composition import Enclosed, Multipart, Text, compose_mime
from sim.mail.mailbox import parse_mailbox
from sim.mail.mime import split_header
from sim.mail.path import NULL_PATH, Path
from sim.mailbox.interface import INBOX, Account, BadNameError, OverQuotaError
from sim.mailbox.sieve import Script, Vacation
from sim.mailbox.sieve_tests import Incoming
from sim.mailbox.vacation import Answered, answer, note_answer, reason_for_none
from sim.protocol.smtp import replies
from sim.protocol.smtp.replies import Reply

E452_MAILBOX_FULL = Reply(452, ("The mailbox is full",), "4.2.2")

_REPLY_WIDTH, _REPLY_LINES = 200, 10
"""Characters of a line, and lines, of what a user says to whom he refuses."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Mail that comes of a delivery: what is sent on, and what is answered."""

    reverse_path: Path
    recipient: Address
    content: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """What becomes of a message.

    Attributes:
        folders: the mailboxes that it goes into; none where it is thrown away, sent on or refused.
        outgoing: what the host is to send.
        rejection: why the user refuses it; None where he does not. `notice` writes it to the sender where the host
            cannot refuse the message any more.
        remark: why nobody was answered where a vacation would have it.
        error: why the user's script failed; empty where it did not.
    """

    folders: Sequence[str]
    outgoing: Sequence[Outgoing] = ()
    rejection: str | None = None
    remark: str = ""
    error: str = ""


@dataclass(slots=True)
class DeliveryAgent:
    """Delivers to one user.

    Attributes:
        script: his rules.
        answered: whom his vacation has answered.
        message_id: gives the Message-ID of something that it writes, with its angle brackets.
    """

    script: Script
    message_id: Callable[[], str]
    answered: Answered = field(default_factory=dict)

    def decide(
        self, mail: Incoming, reverse_path: Path, now: float, date: str, away: Vacation | None = None
    ) -> Delivery:
        """What becomes of a message.

        Args:
            mail: the message.
            reverse_path: of its envelope.
            now: the time, in seconds.
            date: the same, as an RFC 5322 date-time.
            away: what those whose mail is kept are told where his rules say nothing.
        """
        verdict = self.script.run(mail)
        outgoing = [Outgoing(reverse_path, parse_mailbox(to).address, mail.content) for to in verdict.redirects]
        remark, vacation = "", verdict.vacation or (away if verdict.folders else None)
        if vacation is not None:
            remark = reason_for_none(vacation, mail, self.answered, now)
            if not remark and mail.sender is not None:
                note_answer(vacation, mail, self.answered, now)
                said = answer(vacation, mail, message_id=self.message_id(), date=date)
                outgoing.append(Outgoing(NULL_PATH, mail.sender, said))
        return Delivery(verdict.folders, outgoing, verdict.rejection, remark, verdict.error)

    def notice(self, mail: Incoming, rejection: str, date: str) -> Sequence[Outgoing]:
        """What tells the sender that the user has refused his message (RFC 5429 section 2.2); nothing where he is null.

        Args:
            mail: the message.
            rejection: why.
            date: an RFC 5322 date-time.
        """
        if mail.sender is None:
            return ()
        original = next((value.decode("ascii", "replace") for value in mail.values("message-id")), "")
        report = (
            f"Final-Recipient: rfc822; {mail.recipient}\r\n"
            + (f"Original-Message-ID: {original}\r\n" if original else "")
            + "Disposition: automatic-action/MDN-sent-automatically; deleted\r\n"
        )
        content = compose_mime(
            [
                ("Date", date),
                ("From", f"Mail Delivery Agent <postmaster@{mail.recipient.domain}>"),
                ("To", str(mail.sender)),
                ("Subject", "Automatically rejected mail"),
                ("Message-ID", self.message_id()),
                ("Auto-Submitted", "auto-replied (rejected)"),
            ],
            Multipart(
                subtype="report",
                parameters=[("report-type", "disposition-notification")],
                parts=[
                    Text(text=f"Your message to {mail.recipient} was automatically rejected:\r\n{rejection}\r\n"),
                    Enclosed(content=report.encode("utf-8", "replace"), subtype="disposition-notification"),
                    Enclosed(content=split_header(mail.content)[0]),
                ],
            ),
        )
        return [Outgoing(NULL_PATH, mail.sender, content)]


def made_folder(account: Account, folder: str) -> str:
    """A mailbox that a delivery goes into, made if it is not there; INBOX where the store takes no such name."""
    if folder not in account.names():
        try:
            account.create(folder)
        except BadNameError:
            return INBOX
    return folder


def over_quota(error: OverQuotaError) -> Reply:
    """The refusal of what a mailbox has no room for: for now, or for good where it never will have."""
    return replies.E552_MAILBOX_FULL if error.never else E452_MAILBOX_FULL


def rejection(reason: str) -> Reply:
    """What a user says to whom he refuses, as a reply: US-ASCII that can be printed, and not too much of it."""
    lines = [re.sub(r"[^ -~]", "?", line)[:_REPLY_WIDTH] for line in reason.splitlines()]
    return Reply(550, tuple(lines[:_REPLY_LINES]) or ("Rejected",), "5.7.1")

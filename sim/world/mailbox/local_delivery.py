"""The MDA of a host: what becomes of a copy for a user here who has mailboxes of his own (RFC 5598 section 4.3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sim.mail.address import Address
from sim.mail.path import Path
from sim.mail.trace import EPOCH, date_time, return_path
from sim.mailbox.delivery import Delivery, Outgoing, made_folder, over_quota, rejection
from sim.mailbox.interface import INBOX, OverQuotaError
from sim.mailbox.sieve_tests import Incoming
from sim.mta import dsn
from sim.mta.queue.entry import Copy
from sim.mta.queue.failure import Failure
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail
from sim.protocol.smtp.replies import Reply
from sim.results.outcomes import Step
from sim.world.engine.ledger import Ledger
from sim.world.mailbox.account import StoredContent
from sim.world.mailbox.user_mailboxes import AllMailboxes, UserMailboxes

DISCARDED = Failure(0, dsn.DELIVERED.enhanced, "discarded")
"""The fate of a copy that the user's rules throw away."""

_IN_INBOX = Delivery((INBOX,))


class Delivered(NamedTuple):
    """What became of a copy: its fate, whose code is 0 if all is well, and the mail that the host is to send for it.

    `redirects` are where the message goes on to, `answers` what its sender is told.
    """

    fate: Failure
    redirects: Sequence[Address] = ()
    answers: Sequence[Outgoing] = ()


class LocalDelivery:
    """Delivers to the users of a host, and says beforehand whom it could not deliver to.

    Args:
        mailboxes: all users'.
        directory: whom the host knows.
        ledger: told when a copy is in its mailbox.
        epoch: what to add to the simulated time for the clock on the wall, s since `mail.trace.EPOCH`.
    """

    def __init__(self, mailboxes: AllMailboxes, directory: Directory, ledger: Ledger, epoch: float) -> None:
        self._mailboxes = mailboxes
        self._directory = directory
        self._ledger = ledger
        self._epoch = epoch
        self._shared: tuple[Path, bytes, StoredContent] | None = None

    def of(self, address: Address) -> UserMailboxes | None:
        """The mailboxes of a user; None where he has none of his own: his host keeps what comes, as it always did."""
        return self._mailboxes.of(address)

    def deliver(
        self, copy: Copy, to: UserMailboxes, reverse_path: Path, content: bytes, now: float, *, by_rules: bool
    ) -> Delivered:
        """Put a copy into a user's mailboxes, or do what his rules say instead, unless they are not to be asked."""
        key = copy.message_id, copy.recipient
        self._ledger.reach(key, Step.ACCEPTED, now)
        stored, delivery = self._stored(reverse_path, content, copy.message_id), _IN_INBOX
        if by_rules and to.agent is not None:
            mail = Incoming(stored, reverse_path.mailbox, to.account.address)
            date = date_time(now + self._epoch)
            delivery = to.agent.decide(mail, reverse_path, now, date, to.vacation(now))
        if delivery.rejection is not None:
            return Delivered(_failure(rejection(delivery.rejection)))
        redirects = [one.recipient for one in delivery.outgoing if one.content is stored]
        answers = [one for one in delivery.outgoing if one.content is not stored]
        if not delivery.folders:
            return Delivered(_sent_on(redirects) if redirects else DISCARDED, redirects, answers)
        account = to.account
        folders = list(dict.fromkeys(made_folder(account, folder) for folder in delivery.folders))
        try:
            account.deliver(stored, copy.recipient, folders, now + self._epoch + EPOCH)
        except OverQuotaError as error:
            return Delivered(_failure(over_quota(error)), redirects)
        self._ledger.reach(key, Step.STORED, now)
        filed = "" if folders == [INBOX] else f"filed into {', '.join(folders)}"
        return Delivered(Failure(0, dsn.DELIVERED.enhanced, filed) if filed else dsn.DELIVERED, redirects, answers)

    def room(self, path: Path, octets: int) -> Reply | None:
        """Why there is no room for so many octets in the mailbox that a forward-path leads to, if there is none."""
        to = self._of_path(path)
        if to is not None:
            try:
                to.account.room.check(octets, delivered=True)
            except OverQuotaError as error:
                return over_quota(error)
        return None

    def refusal(self, mail: AcceptedMail) -> Reply | None:
        """Why mail data are refused: one of the mailboxes has no room, or all for whom they are refuse them."""
        size, rejections = len(mail.content), list[str]()
        for path in mail.forward_paths:
            if (refusal := self.room(path, size)) is not None:
                return refusal
            to = self._of_path(path)
            if to is not None and to.agent is not None:
                verdict = to.agent.script.run(Incoming(mail.content, mail.reverse_path.mailbox, to.account.address))
                if verdict.rejection is not None:
                    rejections.append(verdict.rejection)
        return rejection(rejections[0]) if rejections and len(rejections) == len(mail.forward_paths) else None

    def _of_path(self, path: Path) -> UserMailboxes | None:
        """The mailboxes that a forward-path leads to here, where it leads to a user's own."""
        address, directory = self._directory.canonical_path(path).mailbox, self._directory
        if path.route or address is None or not directory.is_local(address):
            return None
        if directory.members(address) is not None or directory.forwarding_reply(address) is not None:
            return None
        return self._mailboxes.of(address)

    def _stored(self, reverse_path: Path, content: bytes, message_id: int) -> StoredContent:
        """The content as mailboxes have it; all who get a message at the same time share one."""
        if self._shared is None or self._shared[1] is not content or self._shared[0] != reverse_path:
            stored = StoredContent.of(return_path(reverse_path) + content, message_id)
            self._shared = reverse_path, content, stored
        return self._shared[2]


def _failure(reply: Reply) -> Failure:
    return Failure(reply.code if reply.code >= 500 else reply.code + 100, f"5{reply.enhanced[1:]}", reply.text)


def _sent_on(to: Sequence[Address]) -> Failure:
    return Failure(0, dsn.DELIVERED.enhanced, f"redirected to {', '.join(map(str, to))}")

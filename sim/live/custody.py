"""Where a served host's mail is made safe: each message gets its trace fields and goes into the Maildir."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from time import time

from sim.live import log
from sim.live.held_mail import MaildirHeldMail
from sim.live.maildir import Maildir
from sim.live.user_mailboxes import UserMailboxes
from sim.mail.address import Address
from sim.mail.content import begins_with_header
from sim.mail.path import Path
from sim.mail.trace import received, return_path
from sim.mailbox.delivery import Delivery, over_quota, rejection
from sim.mailbox.interface import INBOX, OverQuotaError
from sim.mailbox.sieve_tests import Incoming
from sim.mta.server.transactions import AcceptedMail
from sim.protocol.smtp import replies
from sim.protocol.smtp.extensions import is_binary
from sim.protocol.smtp.replies import Reply

_WRITERS = 16
"""Threads that wait for the disk."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the disk says when there is no room: 452 rather than 451."""

_NOT_PLAIN = re.compile(r'[ \t<>()\\";@]')
"""What would let a client that writes it after HELO make up parts of a Received field (Postfix does so, too)."""

_RULES = 5
"""How often rules may send a message on from mailbox to mailbox here; then it stays where it is."""


class Custody:
    """Puts accepted mail into a Maildir.

    Args:
        name: what the host calls itself.
        maildir: where its mail goes.
        held: is told of every message that is there.
        canonical: gives the path that a forward-path means here.
        local: gives the mailboxes here that a path leads to; none where it leads elsewhere.
        mailboxes: those of the host's users; None where one Maildir is for all.
        tell: takes a line for whoever runs the server.
        note: takes a line of the log.
    """

    def __init__(
        self,
        name: str,
        maildir: Maildir,
        held: MaildirHeldMail,
        *,
        canonical: Callable[[Path], Path],
        local: Callable[[Path], Sequence[Address]],
        mailboxes: UserMailboxes | None,
        tell: Callable[[str], object],
        note: Callable[[str], object],
    ) -> None:
        self._name = name
        self._maildir = maildir
        self._held = held
        self._canonical = canonical
        self._local = local
        self._mailboxes = mailboxes
        self._tell = tell
        self._note = note
        self._writers = ThreadPoolExecutor(_WRITERS, "maildir")
        self._serial = count(1)

    async def keep(self, mail: AcceptedMail, peer: str) -> Reply:
        """Put a message into the Maildir, and give the reply that it deserves."""
        queue_id = f"{int(time()):X}{next(self._serial):04X}"
        # A recipient who was named twice gets the message once, as from Postfix and Exim.
        paths = list(dict.fromkeys(map(self._canonical, mail.forward_paths)))
        recipients = [str(path)[1:-1] for path in paths]
        loop = asyncio.get_running_loop()
        try:
            elsewhere: Sequence[tuple[AcceptedMail, Sequence[Path]]] = [(mail, paths)]
            if self._mailboxes is not None:
                elsewhere = await loop.run_in_executor(
                    self._writers, self._deliver, self._mailboxes, mail, paths, peer, queue_id
                )
            for each, leading in elsewhere:
                waiting = [str(path)[1:-1] for path in leading]
                parts = self._message(each, waiting, peer, queue_id)
                file = await loop.run_in_executor(self._writers, self._maildir.keep, parts)
                self._held.note(file, waiting)
        except OverQuotaError as error:
            return over_quota(error)
        except _RejectedError as error:
            return rejection(str(error))
        except OSError as error:
            self._tell(f"{queue_id}: mail from {peer} could not be kept: {error}")
            return replies.E452_NO_STORAGE if error.errno in _FULL else replies.E451_LOCAL_ERROR
        self._note(log.kept(queue_id, mail, recipients, peer))
        return Reply(250, (f"Ok: queued as {queue_id}",), "2.0.0")

    async def keep_each(self, mail: AcceptedMail, peer: str) -> list[Reply]:
        """Put a copy for each recipient into the Maildir, as LMTP's final delivery; a reply each (RFC 2033)."""
        number = len(mail.forward_paths)
        copies = [mail.shared([each == one for each in range(number)])[0] for one in range(number)]
        # One after the other: each takes as much memory as the message.
        return [await self.keep(copy, peer) for copy in copies]

    def close(self) -> None:
        """Wait for what is being written."""
        self._writers.shutdown()

    def _deliver(
        self, mailboxes: UserMailboxes, mail: AcceptedMail, paths: Sequence[Path], peer: str, queue_id: str
    ) -> Sequence[tuple[AcceptedMail, Sequence[Path]]]:
        """Put a message into the mailboxes here that it is for, as their users' rules have it.

        Gives what leads elsewhere: the message and the paths of it, and what rules send there.
        """
        copies: list[tuple[Address, str, bytes]] = []
        elsewhere: list[tuple[AcceptedMail, Sequence[Path]]] = []
        waiting = [(mail, paths, 0)]
        while waiting:
            each, leading, rules_before = waiting.pop()
            local = {path: self._local(path) for path in leading}
            away = [path for path, addresses in local.items() if not addresses]
            elsewhere += [(each, away)] if away else []
            deliveries = self._deliveries(mailboxes, each, local, peer, queue_id, by_rules=rules_before < _RULES)
            refused = [delivery.rejection for _, delivery, _ in deliveries if delivery.rejection is not None]
            if refused and not rules_before and not away and len(refused) == len(deliveries):
                raise _RejectedError(refused[0])
            for to, delivery, content in deliveries:
                outgoing = [*delivery.outgoing]
                if delivery.rejection is not None:
                    incoming = Incoming(content, each.reverse_path.mailbox, to)
                    outgoing += mailboxes.rules(to).notice(incoming, delivery.rejection, _date())
                copies += [(to, folder, content) for folder in delivery.folders]
                for one in outgoing:
                    # Only what is delivered has a Return-Path (RFC 5321 section 4.4).
                    sent = one.content.removeprefix(return_path(each.reverse_path))
                    further = each._replace(reverse_path=one.reverse_path, content=sent)
                    waiting.append((further, [Path(one.recipient)], rules_before + 1))
        mailboxes.deliver(copies)
        return elsewhere

    def _deliveries(
        self,
        mailboxes: UserMailboxes,
        mail: AcceptedMail,
        local: Mapping[Path, Sequence[Address]],
        peer: str,
        queue_id: str,
        *,
        by_rules: bool,
    ) -> Sequence[tuple[Address, Delivery, bytes]]:
        """What becomes of a message for each mailbox here, and its content there."""
        found: dict[Address, tuple[Delivery, bytes]] = {}
        for path, addresses in local.items():
            content = self._trace(mail, [str(path)[1:-1]], peer, queue_id) + mail.content
            for to in addresses:
                if to in found:
                    continue
                delivery = Delivery((INBOX,))
                if by_rules:
                    incoming = Incoming(content, mail.reverse_path.mailbox, to)
                    delivery = mailboxes.rules(to).decide(incoming, mail.reverse_path, time(), _date())
                if delivery.error:
                    self._tell(f"{queue_id}: {to}: {delivery.error}")
                if delivery.remark:
                    self._note(f"{queue_id}: {to}: no vacation message: {delivery.remark}")
                found[to] = delivery, content
        return [(to, delivery, content) for to, (delivery, content) in found.items()]

    def _message(self, mail: AcceptedMail, recipients: Sequence[str], peer: str, queue_id: str) -> tuple[bytes, bytes]:
        """The message as the Maildir gets it: trace fields on top, and the line ends that files have here.

        BINARYMIME keeps all its line ends (RFC 3030 section 3), and those of the fields on top of it are CRLF.
        """
        top = self._trace(mail, recipients, peer, queue_id)
        if is_binary(mail.parameters):
            # No octet of it may change; its fields' ends say that it is as it came.
            return top, mail.content
        return top.replace(b"\r\n", b"\n"), mail.content.replace(b"\r\n", b"\n")

    def _trace(self, mail: AcceptedMail, recipients: Sequence[str], peer: str, queue_id: str) -> bytes:
        """The trace fields that go on top of a message, with CRLFs."""
        trace = received(
            helo=f"{_NOT_PLAIN.sub('?', mail.helo)} ({peer})",
            by=self._name,
            protocol=mail.protocol,
            queue_id=queue_id,
            recipient=recipients[0] if len(recipients) == 1 else None,
            date=_date(),
        )
        delivered = "".join(f"Delivered-To: {recipient}\r\n" for recipient in recipients).encode("utf-8")
        top = return_path(mail.reverse_path) + delivered + trace
        if not begins_with_header(mail.content):
            # Else the first line would be part of the trace, or of no header at all (RFC 5322 section 2.1).
            top += b"\r\n"
        return top


class _RejectedError(Exception):
    """All for whom a message is refuse it."""


def _date() -> str:
    return format_datetime(datetime.now(UTC))

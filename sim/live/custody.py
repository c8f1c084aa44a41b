"""Where a served host's mail is made safe: each message gets its trace fields and goes into the Maildir."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from time import time

from sim.live import log
from sim.live.held_mail import MaildirHeldMail
from sim.live.maildir import Maildir
from sim.mail.path import Path
from sim.mail.trace import received, return_path
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

_HEADER_OR_BLANK = re.compile(rb"[!-9;-~]+[ \t]*:|\r?\n")
"""How mail data begins whose header, be it empty, stands in front of its body (RFC 5322 sections 2.2 and 4.5)."""


class Custody:
    """Puts accepted mail into a Maildir.

    Args:
        name: what the host calls itself.
        maildir: where its mail goes.
        held: is told of every message that is there.
        canonical: gives the path that a forward-path means here.
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
        tell: Callable[[str], object],
        note: Callable[[str], object],
    ) -> None:
        self._name = name
        self._maildir = maildir
        self._held = held
        self._canonical = canonical
        self._tell = tell
        self._note = note
        self._writers = ThreadPoolExecutor(_WRITERS, "maildir")
        self._serial = count(1)

    async def keep(self, mail: AcceptedMail, peer: str) -> Reply:
        """Put a message into the Maildir, and give the reply that it deserves."""
        queue_id = f"{int(time()):X}{next(self._serial):04X}"
        # A recipient who was named twice gets the message once, as from Postfix and Exim.
        recipients = list(dict.fromkeys([str(self._canonical(path))[1:-1] for path in mail.forward_paths]))
        parts = self._message(mail, recipients, peer, queue_id)
        try:
            file = await asyncio.get_running_loop().run_in_executor(self._writers, self._maildir.keep, parts)
        except OSError as error:
            self._tell(f"{queue_id}: mail from {peer} could not be kept: {error}")
            return replies.E452_NO_STORAGE if error.errno in _FULL else replies.E451_LOCAL_ERROR
        self._held.note(file, recipients)
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

    def _message(self, mail: AcceptedMail, recipients: Sequence[str], peer: str, queue_id: str) -> tuple[bytes, bytes]:
        """The message as its mailbox gets it: trace fields on top, and the line ends that files have here.

        BINARYMIME keeps all its line ends (RFC 3030 section 3), and those of the fields on top of it are CRLF.
        """
        trace = received(
            helo=f"{_NOT_PLAIN.sub('?', mail.helo)} ({peer})",
            by=self._name,
            protocol=mail.protocol,
            queue_id=queue_id,
            recipient=recipients[0] if len(recipients) == 1 else None,
            date=format_datetime(datetime.now(UTC)),
        )
        delivered = "".join(f"Delivered-To: {recipient}\r\n" for recipient in recipients).encode("utf-8")
        top = return_path(mail.reverse_path) + delivered + trace
        if mail.content and _HEADER_OR_BLANK.match(mail.content) is None:
            # Else the first line would be part of the trace, or of no header at all (RFC 5322 section 2.1).
            top += b"\r\n"
        if is_binary(mail.parameters):
            # No octet of it may change; its fields' ends say that it is as it came.
            return top, mail.content
        return top.replace(b"\r\n", b"\n"), mail.content.replace(b"\r\n", b"\n")

"""The receiving side of a session: what a host answers to each command, and the mail that it accepts.

Pure: bytes come in with nothing but the wish to be answered, bytes and accepted messages go out. Who waits how long for
what is the world's business.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from sim.mail.path import NULL_PATH, Path
from sim.mail.trace import hop_count
from sim.mta.directory import Directory
from sim.protocol.smtp import events, replies
from sim.protocol.smtp.events import NEED_DATA
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.scenario.spec import Host

RECIPIENT_LIMIT = 1000
"""Recipients beyond this get 452 (Postfix smtpd_recipient_limit; RFC 5321 asks for 100 at least)."""


class AcceptedMail(NamedTuple):
    """A message that got its 250: the host has custody of it now. `protocol` is the Received field's `with` word."""

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes
    helo: str
    protocol: str


class Reception:
    """A host's side of one inbound session.

    `commands` counts what it has answered (each costs the host its service time); `accepted` holds the mail taken by
    the last call of `read`.
    """

    __slots__ = ("_directory", "_host", "_machine", "_recipients", "_reverse_path", "accepted", "commands")

    def __init__(self, host: Host, directory: Directory) -> None:
        self._host = host
        self._directory = directory
        self._machine = Server(host.domain, extensions=host.extensions, size_limit=host.size_limit, esmtp=host.esmtp)
        self._reverse_path = NULL_PATH
        self._recipients: list[Path] = []
        self.accepted: list[AcceptedMail] = []
        self.commands = 0

    def greet(self, *, busy: bool) -> bytes:
        """The greeting, or the refusal of a host whose session limit is reached."""
        if busy:
            return self._machine.send(replies.E421_TOO_MANY_SESSIONS)
        return self._machine.send(_greeting(self._host.domain, self._host.esmtp))

    def read(self, data: bytes) -> bytes:
        """Take what the client wrote; give what is answered to it."""
        machine = self._machine
        self.accepted = []
        machine.receive_data(data)
        out = []
        while (event := machine.next_event()) is not NEED_DATA and not isinstance(event, events.ConnectionClosed):
            self.commands += 1
            out.append(machine.send(_ANSWERS[type(event)](self, event)))
        return b"".join(out)

    def _hello(self, event: events.Ehlo | events.Helo) -> Reply:
        self._reset(event)
        if isinstance(event, events.Ehlo):
            return self._machine.ehlo_reply(event.domain)
        return Reply(250, (f"{self._host.domain} pleased to meet you, {event.domain}",))

    def _reset(self, _: object) -> Reply:
        self._recipients = []
        return replies.S250_OK

    def _verify(self, event: events.Vrfy) -> Reply:
        return self._directory.verify(event.text)

    def _expand(self, event: events.Expn) -> Reply:
        return self._directory.expand(event.text)

    def _mail(self, event: events.Mail) -> Reply:
        limit = self._host.size_limit
        if limit and any(name == "SIZE" and value and int(value) > limit for name, value in event.parameters):
            return replies.E552_TOO_BIG
        self._reverse_path = event.reverse_path
        return replies.S250_SENDER

    def _rcpt(self, event: events.Rcpt) -> Reply:
        if len(self._recipients) >= RECIPIENT_LIMIT:
            return replies.E452_TOO_MANY_RCPTS
        reply = self._directory.judge(event.forward_path)
        if reply.positive:
            self._recipients.append(event.forward_path)
        return reply

    def _mail_data(self, event: events.MailData) -> Reply:
        recipients, self._recipients = self._recipients, []
        if event.too_big:
            return replies.E552_TOO_BIG
        if hop_count(event.content) >= self._host.mta.hopcount_limit:
            return replies.E554_TOO_MANY_HOPS
        self.accepted.append(
            AcceptedMail(
                self._reverse_path,
                tuple(recipients),
                event.content,
                self._machine.helo,
                "ESMTP" if self._machine.esmtp_peer else "SMTP",
            )
        )
        return replies.S250_QUEUED


@lru_cache(maxsize=1024)
def _greeting(host: str, esmtp: bool) -> Reply:
    return Reply(220, (f"{host} {'ESMTP' if esmtp else 'SMTP'} ready",))


_ANSWERS: dict[type, Callable[[Reception, Any], Reply]] = {
    events.Ehlo: Reception._hello,
    events.Helo: Reception._hello,
    events.Mail: Reception._mail,
    events.Send: lambda _, __: replies.E502_NOT_IMPLEMENTED,
    events.Soml: lambda _, __: replies.E502_NOT_IMPLEMENTED,
    events.Saml: lambda _, __: replies.E502_NOT_IMPLEMENTED,
    events.Rcpt: Reception._rcpt,
    events.Data: lambda _, __: replies.S354_GO_AHEAD,
    events.MailData: Reception._mail_data,
    events.Rset: Reception._reset,
    events.Vrfy: Reception._verify,
    events.Expn: Reception._expand,
    events.Noop: lambda _, __: replies.S250_OK,
    events.Help: lambda _, __: replies.S214_HELP,
    events.Turn: lambda _, __: replies.E502_NOT_IMPLEMENTED,
    events.Quit: lambda _, __: replies.S221_BYE,
    events.BadCommand: lambda _, event: event.reply,
}

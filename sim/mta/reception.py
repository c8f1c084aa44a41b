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
from sim.protocol.smtp.errors import LocalProtocolError
from sim.protocol.smtp.events import Parameters
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.protocol.smtp.states import State
from sim.scenario.spec import Host

RECIPIENT_LIMIT = 1000
"""Recipients beyond this get 452 (Postfix smtpd_recipient_limit; RFC 5321 asks for 100 at least)."""

RECIPIENT_OVERSHOOT_LIMIT = 1000
"""So many recipients too many are no errors of the client's (Postfix smtpd_recipient_overshoot_limit)."""


class AcceptedMail(NamedTuple):
    """A message whose 250 gives the host custody of it.

    `protocol` is the Received field's `with` word. `parameters` are those of MAIL, `recipient_parameters` those of each
    forward-path's RCPT, in order; none at all where no RCPT had any.
    """

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes
    helo: str
    protocol: str
    parameters: Parameters = ()
    recipient_parameters: tuple[Parameters, ...] = ()


class Reception:
    """A host's side of one inbound session.

    `commands` counts what it has answered (each costs the host its service time); `accepted` holds the mail taken by
    the last call of `read` or `decide`; `errors` counts the refusals since the session began or last took mail.

    Args:
        host: whose side this is.
        directory: whom it knows.
        asks: whether the answer to mail data is asked for: `read` then stops at it with the mail in `offered`, and
            `decide` goes on. Otherwise it is taken at once.
        error_limit: after so many errors 421 ends the session (Postfix smtpd_hard_error_limit); 0 means no limit.
    """

    __slots__ = (
        "_asks",
        "_directory",
        "_error_limit",
        "_excess",
        "_host",
        "_machine",
        "_parameters",
        "_recipient_parameters",
        "_recipients",
        "_reverse_path",
        "accepted",
        "commands",
        "errors",
        "offered",
        "wants_tls",
    )

    def __init__(self, host: Host, directory: Directory, *, asks: bool = False, error_limit: int = 0) -> None:
        self._asks = asks
        self._error_limit = error_limit
        self._excess = 0
        self._host = host
        self._directory = directory
        self._machine = Server(host.domain, extensions=host.extensions, size_limit=host.size_limit, esmtp=host.esmtp)
        self._reverse_path = NULL_PATH
        self._parameters: Parameters = ()
        self._recipients: list[Path] = []
        self._recipient_parameters: list[Parameters] = []
        self.accepted: list[AcceptedMail] = []
        self.commands = 0
        self.errors = 0
        self.offered: AcceptedMail | None = None
        self.wants_tls = False

    @property
    def is_over(self) -> bool:
        """Whether the session has ended: the connection is to be closed once all is written."""
        return self._machine.state is State.CLOSED

    @property
    def in_transaction(self) -> bool:
        """Whether a mail transaction is open."""
        return self._machine.state not in _OUTSIDE

    def greet(self, *, busy: bool) -> bytes:
        """The greeting, or the refusal of a host whose session limit is reached."""
        if busy:
            return self._machine.send(replies.E421_TOO_MANY_SESSIONS)
        return self._machine.send(_greeting(self._host.domain, self._host.esmtp))

    def read(self, data: bytes) -> bytes:
        """Take what the client wrote; give what is answered to it."""
        self.accepted = []
        self._machine.receive_data(data)
        return self._answer()

    def decide(self, reply: Reply) -> bytes:
        """Answer the mail in `offered`; a positive reply takes custody of it. Gives all that can be answered now."""
        mail, self.offered = self.offered, None
        if mail is None:
            raise LocalProtocolError(f"reply {reply.code} decides nothing: no mail is offered")
        self.accepted = [mail] if reply.positive else []
        if reply.positive:
            self.errors = 0
        return self._machine.send(reply) + (self._count(reply) if reply.code >= 400 else b"") + self._answer()

    def secured(self) -> None:
        """TLS protects the connection from here on (RFC 3207)."""
        self.wants_tls = False

    def close(self, reply: Reply) -> bytes:
        """End the session with a 421, whatever it waits for; nothing where it is over already."""
        return b"" if self.is_over else self._machine.send(reply)

    def _answer(self) -> bytes:
        machine = self._machine
        out: list[bytes] = []
        while True:
            event = machine.next_event()
            answer = _ANSWERS.get(type(event))
            if answer is None:
                # It needs more octets, or there will be none.
                break
            self.commands += 1
            reply = answer(self, event)
            if reply is None:
                break
            out.append(machine.send(reply))
            if reply.code >= 400:
                out.append(self._count(reply))
        return out[0] if len(out) == 1 else b"".join(out)

    def _count(self, refusal: Reply) -> bytes:
        """Count an error; at the limit, the end of the session."""
        if refusal is replies.E452_TOO_MANY_RCPTS and self._excess < RECIPIENT_OVERSHOOT_LIMIT:
            self._excess += 1
            return b""
        self.errors += 1
        return self.close(replies.E421_TOO_MANY_ERRORS) if self.errors == self._error_limit else b""

    def _hello(self, event: events.Ehlo | events.Helo) -> Reply:
        self._reset(event)
        if isinstance(event, events.Ehlo):
            return self._machine.ehlo_reply(event.domain)
        return Reply(250, (f"{self._host.domain} pleased to meet you, {event.domain}",))

    def _reset(self, _: object) -> Reply:
        self._recipients, self._recipient_parameters = [], []
        return replies.S250_OK

    def _verify(self, event: events.Vrfy) -> Reply:
        return self._directory.verify(event.text)

    def _expand(self, event: events.Expn) -> Reply:
        return self._directory.expand(event.text)

    def _mail(self, event: events.Mail) -> Reply:
        limit = self._host.size_limit
        if limit and any(name == "SIZE" and value and int(value) > limit for name, value in event.parameters):
            return replies.E552_TOO_BIG
        self._reverse_path, self._parameters = event.reverse_path, event.parameters
        return replies.S250_SENDER

    def _rcpt(self, event: events.Rcpt) -> Reply:
        if len(self._recipients) >= RECIPIENT_LIMIT:
            return replies.E452_TOO_MANY_RCPTS
        reply = self._directory.judge(event.forward_path)
        if reply.positive:
            self._recipients.append(event.forward_path)
            self._recipient_parameters.append(event.parameters)
        return reply

    def _start_tls(self, _: events.StartTls) -> Reply:
        self.wants_tls = True
        return replies.S220_TLS

    def _mail_data(self, event: events.MailData | events.LastChunk) -> Reply | None:
        recipients, self._recipients = self._recipients, []
        parameters, self._recipient_parameters = self._recipient_parameters, []
        if event.too_big:
            return replies.E552_TOO_BIG
        if hop_count(event.content) >= self._host.mta.hopcount_limit:
            return replies.E554_TOO_MANY_HOPS
        mail = AcceptedMail(
            self._reverse_path,
            tuple(recipients),
            event.content,
            self._machine.helo,
            "ESMTP" if self._machine.esmtp_peer else "SMTP",
            self._parameters,
            tuple(parameters) if any(parameters) else (),
        )
        if self._asks:
            self.offered = mail
            return None
        self.accepted.append(mail)
        return replies.S250_QUEUED


@lru_cache(maxsize=1024)
def _greeting(host: str, esmtp: bool) -> Reply:
    return Reply(220, (f"{host} {'ESMTP' if esmtp else 'SMTP'} ready",))


_OUTSIDE = (State.CONNECTED, State.REFUSED, State.GREETED, State.READY, State.CLOSED)
"""The states outside a mail transaction."""

_ANSWERS: dict[type, Callable[[Reception, Any], Reply | None]] = {
    events.Ehlo: Reception._hello,
    events.Helo: Reception._hello,
    events.Mail: Reception._mail,
    events.Send: lambda _, __: replies.E502_NOT_IMPLEMENTED,
    events.Soml: lambda _, __: replies.E502_NOT_IMPLEMENTED,
    events.Saml: lambda _, __: replies.E502_NOT_IMPLEMENTED,
    events.Rcpt: Reception._rcpt,
    events.Data: lambda _, __: replies.S354_GO_AHEAD,
    events.MailData: Reception._mail_data,
    events.LastChunk: Reception._mail_data,
    events.StartTls: Reception._start_tls,
    events.Rset: Reception._reset,
    events.Vrfy: Reception._verify,
    events.Expn: Reception._expand,
    events.Noop: lambda _, __: replies.S250_OK,
    events.Help: lambda _, __: replies.S214_HELP,
    events.Turn: lambda _, __: replies.E502_NOT_IMPLEMENTED,
    events.Quit: lambda _, __: replies.S221_BYE,
    events.BadCommand: lambda _, event: event.reply,
}

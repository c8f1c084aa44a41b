"""The mail transactions of a session: what MAIL, RCPT and DATA or BDAT are answered, and the mail that comes of it."""

from __future__ import annotations

from sim.mail.path import NULL_PATH, Path
from sim.mta.server.accepted_mail import AcceptedMail, with_word
from sim.mta.server.loops import as_reply, came_back, is_looping
from sim.mta.server.policy import ClientPolicy
from sim.mta.server.recipients import Directory
from sim.protocol.smtp import events, replies
from sim.protocol.smtp.events import Parameters
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.protocol.smtp.states import State
from sim.scenario.spec import Host

RECIPIENT_LIMIT = 1000
"""Recipients beyond this get 452 (Postfix smtpd_recipient_limit; RFC 5321 asks for 100 at least)."""

_UTF8 = ("SMTPUTF8", None)


class Transactions:
    """One session's transactions, one at a time. Once `closing` is set, no further one may begin.

    Args:
        host: who is asked.
        directory: whom it knows.
        machine: the session's.
        policy: the host's policies for this client, where it has any.
        lmtp: whether LMTP is spoken.
        refuses_loops: whether mail that goes round is refused whatever the product does, since there is no queue from
            which to return it.
    """

    __slots__ = (
        "_directory",
        "_host",
        "_lmtp",
        "_machine",
        "_messages",
        "_parameters",
        "_policy",
        "_recipient_parameters",
        "_recipients",
        "_refuses_loops",
        "_reverse_path",
        "_terminal",
        "closing",
    )

    def __init__(
        self,
        host: Host,
        directory: Directory,
        machine: Server,
        policy: ClientPolicy | None,
        *,
        lmtp: bool,
        refuses_loops: bool,
    ) -> None:
        self._host = host
        self._directory = directory
        self._machine = machine
        self._policy = policy
        self._lmtp = lmtp
        self._refuses_loops = refuses_loops
        self._messages = 0
        self._reverse_path = NULL_PATH
        self._parameters: Parameters = ()
        self._recipients: list[Path] = []
        self._recipient_parameters: list[Parameters] = []
        # Whether the transaction is SEND's.
        self._terminal = False
        self.closing = False

    def reset(self) -> None:
        """Nobody is named any more."""
        self._recipients, self._recipient_parameters = [], []

    def mail(self, event: events.Mail | events.Send | events.Soml | events.Saml) -> Reply:
        """The reply to MAIL."""
        limit = self._host.size_limit
        if limit and any(name == "SIZE" and value and int(value) > limit for name, value in event.parameters):
            return replies.E552_TOO_BIG
        if self.closing:
            return replies.E421_CLOSING
        self._messages += 1
        if 0 < (self._host.policies.messages_per_session or self._host.mta.session_message_limit) < self._messages:
            return replies.E421_TOO_MANY_MESSAGES
        refusal = None if self._policy is None else self._policy.mail(event.reverse_path, event.parameters)
        if refusal is not None:
            return refusal
        self._reverse_path, self._parameters = event.reverse_path, event.parameters
        self._terminal = False
        return replies.S250_SENDER

    def send(self, event: events.Send | events.Soml | events.Saml) -> Reply:
        """The reply to SOML and SAML is MAIL's where nobody is logged in; SEND has no recipients then (RFC 821 3.4)."""
        if type(event).__name__.upper() not in self._host.extensions:
            return replies.E502_NOT_IMPLEMENTED
        reply = self.mail(event)
        self._terminal = isinstance(event, events.Send)
        return reply

    def rcpt(self, event: events.Rcpt) -> Reply:
        """The reply to RCPT."""
        if len(self._recipients) >= RECIPIENT_LIMIT:
            return replies.E452_TOO_MANY_RCPTS
        reply = self._directory.rcpt_reply(event.forward_path)
        if self._policy is not None:
            reply = self._policy.recipient(self._reverse_path, event.forward_path, reply)
        if reply.positive:
            if self._terminal:
                return replies.E450_NOT_ACTIVE
            self._recipients.append(event.forward_path)
            self._recipient_parameters.append(event.parameters)
        return reply

    def data(self) -> Reply:
        """The reply to DATA."""
        refusal = None if self._policy is None else self._policy.data()
        return refusal or replies.S354_GO_AHEAD

    def chunk(self, event: events.Chunk) -> Reply:
        """The reply to a chunk that is not the last."""
        if event.too_big:
            return replies.E552_TOO_BIG
        return self._first_chunk() or replies.S250_CHUNK(str(len(event.content)))

    def last_chunk(self, event: events.LastChunk) -> Reply | AcceptedMail:
        """The mail that the last chunk ends, or why it is refused."""
        refusal = self._first_chunk()
        if refusal is not None:
            self.reset()
            return refusal
        return self.mail_data(event)

    def _first_chunk(self) -> Reply | None:
        """Why a chunk is refused as DATA would be, if it is: the first of a transaction stands in DATA's place."""
        if self._policy is None or self._machine.state is not State.RCPT:
            return None
        return self._policy.data()

    def mail_data(self, event: events.MailData | events.LastChunk) -> Reply | AcceptedMail:
        """The mail that a transaction brings, or why it is refused."""
        recipients, self._recipients = self._recipients, []
        parameters, self._recipient_parameters = self._recipient_parameters, []
        if event.too_big:
            return replies.E552_TOO_BIG
        mta = self._host.mta
        loops = mta.loop_detection
        if (self._refuses_loops or not loops.returns) and is_looping(event.content, mta):
            return as_reply(loops.too_many)
        if self._refuses_loops and (refusal := came_back(event.content, recipients, self._directory, mta)) is not None:
            return refusal
        if self._policy is not None and (refusal := self._policy.mail_data(len(event.content))) is not None:
            return refusal
        machine = self._machine
        protocol = "ESMTP" if machine.esmtp_peer else "SMTP"
        if machine.secure or machine.authenticated or self._lmtp or _UTF8 in self._parameters:
            utf8 = _UTF8 in self._parameters
            protocol = with_word(protocol, machine.secure, machine.authenticated, lmtp=self._lmtp, utf8=utf8)
        return AcceptedMail(
            self._reverse_path,
            tuple(recipients),
            event.content,
            machine.helo,
            protocol,
            self._parameters,
            tuple(parameters) if any(parameters) else (),
        )

"""The mail transactions of a session: what MAIL, RCPT and DATA or BDAT are answered, and the mail that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

from sim.mail.path import NULL_PATH, Path
from sim.mta.server.loops import as_reply, came_back, is_looping
from sim.mta.server.policy import ClientPolicy
from sim.mta.server.recipients import Directory
from sim.mta.server.sender import sender_refusal
from sim.protocol.smtp import events, replies
from sim.protocol.smtp.events import Parameters
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.protocol.smtp.states import State
from sim.scenario.spec import Host

RECIPIENT_LIMIT = 1000
"""Recipients beyond this get 452 (Postfix smtpd_recipient_limit; RFC 5321 asks for 100 at least)."""

_UTF8 = ("SMTPUTF8", None)


class AcceptedMail(NamedTuple):
    """A message whose 250 gives the host custody of it.

    `protocol` is the Received field's `with` word, and empty where there is to be no such field. `parameters` are those
    of MAIL, `recipient_parameters` those of each forward-path's RCPT, in order; none at all where no RCPT had any.
    `file` is the name of a file that was put, which replaces one of that name; `looping` says that the host has had it.
    """

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes
    helo: str = ""
    protocol: str = ""
    parameters: Parameters = ()
    recipient_parameters: tuple[Parameters, ...] = ()
    file: str = ""
    looping: bool = False

    def shared(self, taken: Sequence[bool]) -> list[AcceptedMail]:
        """The mail for those of its recipients whom `taken` names, in order; nothing where it names nobody."""
        paths = tuple(compress(self.forward_paths, taken))
        parameters = tuple(compress(self.recipient_parameters, taken))
        return [self._replace(forward_paths=paths, recipient_parameters=parameters)] if paths else []


@lru_cache(maxsize=64)
def with_word(protocol: str, secure: bool, authenticated: bool, *, lmtp: bool, utf8: bool) -> str:
    """The Received field's `with` word (RFC 3848; RFC 6531 section 4.3), for what is SMTP or ESMTP at the least."""
    if protocol == "SMTP":
        return protocol
    word = "LMTP" if lmtp else "SMTP" if utf8 else "ESMTP"
    return ("UTF8" if utf8 else "") + word + ("S" if secure else "") + ("A" if authenticated else "")


@dataclass(slots=True, eq=False)
class Transactions:
    """One session's transactions, one at a time. Once `closing` is set, no further one may begin.

    Attributes:
        host: who is asked.
        directory: whom it knows.
        machine: the session's.
        policy: the host's policies for this client, where it has any.
        lmtp: whether LMTP is spoken.
        refuses_loops: whether mail that goes round is refused whatever the product does, since there is no queue from
            which to return it.
        submitter: gives who has logged in, where nobody else hands mail in (RFC 6409 section 4.3), or None.
        room: says why there is no room for so many octets in the mailboxes that a path leads to, if there is none.
    """

    host: Host
    directory: Directory
    machine: Server
    policy: ClientPolicy | None
    lmtp: bool
    refuses_loops: bool
    submitter: Callable[[], str] | None = None
    room: Callable[[Path, int], Reply | None] | None = None
    closing: bool = False
    _messages: int = 0
    _reverse_path: Path = NULL_PATH
    _parameters: Parameters = ()
    _recipients: list[Path] = field(default_factory=list)
    _recipient_parameters: list[Parameters] = field(default_factory=list)
    # Whether the transaction is SEND's.
    _terminal: bool = False

    def reset(self) -> None:
        """Nobody is named any more."""
        self._recipients, self._recipient_parameters = [], []

    def mail(self, event: events.Mail | events.Send | events.Soml | events.Saml) -> Reply:
        """The reply to MAIL."""
        limit = self.host.size_limit
        if limit and any(name == "SIZE" and value and int(value) > limit for name, value in event.parameters):
            return replies.E552_TOO_BIG
        if self.closing:
            return replies.E421_CLOSING
        if self.submitter is not None:
            user = self.submitter()
            refusal = sender_refusal(user, event.reverse_path, self.directory) if user else replies.E530_AUTH_REQUIRED
            if refusal is not None:
                return refusal
        self._messages += 1
        if 0 < (self.host.policies.messages_per_session or self.host.mta.session_message_limit) < self._messages:
            return replies.E421_TOO_MANY_MESSAGES
        refusal = None if self.policy is None else self.policy.mail(event.reverse_path, event.parameters)
        if refusal is not None:
            return refusal
        self._reverse_path, self._parameters = event.reverse_path, event.parameters
        self._terminal = False
        return replies.S250_SENDER

    def send(self, event: events.Send | events.Soml | events.Saml) -> Reply:
        """The reply to SOML and SAML is MAIL's where nobody is logged in; SEND has no recipients then (RFC 821 3.4)."""
        if type(event).__name__.upper() not in self.host.extensions:
            return replies.E502_NOT_IMPLEMENTED
        reply = self.mail(event)
        self._terminal = isinstance(event, events.Send)
        return reply

    def rcpt(self, event: events.Rcpt) -> Reply:
        """The reply to RCPT."""
        if len(self._recipients) >= RECIPIENT_LIMIT:
            return replies.E452_TOO_MANY_RCPTS
        reply = self.directory.rcpt_reply(event.forward_path)
        if self.policy is not None:
            reply = self.policy.recipient(self._reverse_path, event.forward_path, reply)
        if reply.positive:
            if self._terminal:
                return replies.E450_NOT_ACTIVE
            if self.room is not None and (refusal := self.room(event.forward_path, self._announced())) is not None:
                return refusal
            self._recipients.append(event.forward_path)
            self._recipient_parameters.append(event.parameters)
        return reply

    def _announced(self) -> int:
        """The size that MAIL has announced; 0 where it has not."""
        return next((int(value) for name, value in self._parameters if name == "SIZE" and value), 0)

    def data(self) -> Reply:
        """The reply to DATA."""
        refusal = None if self.policy is None else self.policy.injected("data")
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
        if self.policy is None or self.machine.state is not State.RCPT:
            return None
        return self.policy.injected("data")

    def mail_data(self, event: events.MailData | events.LastChunk) -> Reply | AcceptedMail:
        """The mail that a transaction brings, or why it is refused."""
        recipients, self._recipients = self._recipients, []
        parameters, self._recipient_parameters = self._recipient_parameters, []
        if event.too_big:
            return replies.E552_TOO_BIG
        mta = self.host.mta
        loops = mta.loop_detection
        if (self.refuses_loops or not loops.returns) and is_looping(event.content, mta):
            return as_reply(loops.too_many)
        if self.refuses_loops and (refusal := came_back(event.content, recipients, self.directory, mta)) is not None:
            return refusal
        if self.policy is not None and (refusal := self.policy.mail_data(len(event.content))) is not None:
            return refusal
        machine = self.machine
        protocol = "ESMTP" if machine.esmtp_peer else "SMTP"
        if machine.secure or machine.authenticated or self.lmtp or _UTF8 in self._parameters:
            utf8 = _UTF8 in self._parameters
            protocol = with_word(protocol, machine.secure, machine.authenticated, lmtp=self.lmtp, utf8=utf8)
        return AcceptedMail(
            self._reverse_path,
            tuple(recipients),
            event.content,
            machine.helo,
            protocol,
            self._parameters,
            tuple(parameters) if any(parameters) else (),
        )

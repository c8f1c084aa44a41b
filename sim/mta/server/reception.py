"""The receiving side of a session: what a host answers to each command, and the mail that it accepts.

Pure: bytes come in, bytes and accepted messages go out. Who waits how long for what is the world's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sim.mail.path import NULL_PATH, Path
from sim.mta.server.accepted_mail import AcceptedMail, with_word
from sim.mta.server.directory import Directory
from sim.mta.server.error_limits import ErrorCounter
from sim.mta.server.loops import came_back, is_looping, loop_checks
from sim.mta.server.other_commands import OTHER_COMMANDS, OtherCommands
from sim.mta.server.policy import ClientPolicy
from sim.mta.server.retrieval import HeldMail
from sim.protocol.smtp import events, replies
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.errors import LocalProtocolError
from sim.protocol.smtp.events import Command, Parameters
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.protocol.smtp.states import IN_TRANSACTION, State
from sim.protocol.smtp.turn import reverse
from sim.scenario.spec import Host

__all__ = ["RECIPIENT_LIMIT", "AcceptedMail", "Reception"]

RECIPIENT_LIMIT = 1000
"""Recipients beyond this get 452 (Postfix smtpd_recipient_limit; RFC 5321 asks for 100 at least)."""


class Reception:
    """A host's side of one inbound session.

    `commands` counts what it has answered (each costs the host its service time); `accepted` holds the mail taken by
    the last call of `read` or `decide`. `wants_tls` is true once STARTTLS got its 220: the caller shakes hands and then
    calls `secured`. `sleep` is how long, in s, the host holds back what it has answered last.

    Args:
        host: whose side this is.
        directory: whom it knows.
        asks: whether the answer to mail data is asked for: `read` then stops at it with the mail in `offered`, and
            `decide` goes on. Otherwise it is taken at once.
        error_limit, junk_limit: how patient the host is, see `ErrorCounter`; 421 ends what is too much.
        lmtp: whether LMTP is spoken: mail data gets a reply for each recipient (RFC 2033).
        tls: whether TLS can be had; where not, STARTTLS gets 454.
        challenge: gives CRAM-MD5's next challenge. Nobody may foresee it where the peers are real; without it, the
            challenges are the same in every run.
        held_mail: the mail that the host holds for others, for ETRN, TURN and ATRN.
        policy: the host's policies for this client, where it has any.
        refused: is told of each refusal: the event that it answers, None where it ends the session or comes instead of
            a greeting, and the reply.
        after: the machine of the host's own client, where its TURN or ATRN was accepted: the host is the server now, on
            the same connection.
        secure: whether the connection begins with TLS.
    """

    __slots__ = (
        "_challenge",
        "_closing",
        "_directory",
        "_errors",
        "_held_mail",
        "_host",
        "_lmtp",
        "_machine",
        "_messages",
        "_offers",
        "_other_commands",
        "_parameters",
        "_policy",
        "_recipient_parameters",
        "_recipients",
        "_refused",
        "_reverse_path",
        "_terminal",
        "_tls",
        "_watches",
        "accepted",
        "commands",
        "offered",
        "sleep",
        "wants_tls",
    )

    def __init__(
        self,
        host: Host,
        directory: Directory,
        *,
        offers: bool = False,
        error_limit: int = 0,
        junk_limit: int = 0,
        lmtp: bool = False,
        tls: bool = True,
        challenge: Callable[[], bytes] | None = None,
        held_mail: HeldMail | None = None,
        policy: ClientPolicy | None = None,
        refused: Callable[[object, Reply], object] | None = None,
        after: Client | None = None,
        secure: bool = False,
    ) -> None:
        self._policy = policy
        self._refused = refused
        self._offers = offers
        self._challenge = challenge
        # Whether no further transaction may begin.
        self._closing = False
        self._messages = 0
        self._host = host
        self._errors = self._error_counter(error_limit, junk_limit) if error_limit or junk_limit else None
        self.sleep = 0.0
        self._other_commands: OtherCommands | None = None
        self._directory = directory
        self._lmtp = lmtp
        self._machine = Server(
            host.domain,
            extensions=host.extensions,
            size_limit=host.size_limit,
            esmtp=host.esmtp,
            lmtp=lmtp,
            secure=secure or (after is not None and after.secure),
            clear_auth=host.clear_auth is not False,
        )
        if after is not None:
            reverse(after, self._machine)
        self._reverse_path = NULL_PATH
        self._parameters: Parameters = ()
        self._recipients: list[Path] = []
        self._recipient_parameters: list[Parameters] = []
        # Whether the transaction is SEND's.
        self._terminal = False
        self._tls = tls
        self._held_mail = held_mail
        # Whether more than the reply itself may follow from an event.
        self._watches = lmtp or junk_limit > 0
        self.accepted: list[AcceptedMail] = []
        self.commands = 0
        self.offered: AcceptedMail | None = None
        self.wants_tls = False

    @property
    def user(self) -> str:
        """Who has proved himself with AUTH; nobody if it is empty."""
        return "" if self._other_commands is None else self._other_commands.user

    @property
    def helo(self) -> str:
        """What the client calls itself."""
        return self._machine.helo

    @property
    def turn_nodes(self) -> tuple[str, ...] | None:
        """The nodes whose mail is to go the other way, once TURN or ATRN got its 250: go on with `reverse_roles`."""
        return None if self._other_commands is None else self._other_commands.turn_nodes

    @property
    def is_over(self) -> bool:
        """Whether the session has ended: the connection is to be closed once all is written."""
        return self._machine.state is State.CLOSED

    @property
    def in_transaction(self) -> bool:
        """Whether a mail transaction is open."""
        return self._machine.state in IN_TRANSACTION

    @property
    def holds_mail_data(self) -> bool:
        """Whether mail data whose chunks were answered waits for its last chunk."""
        return self._machine.state is State.CHUNKS

    def greet(self, *, busy: bool) -> bytes:
        """The greeting, or the refusal of a host whose session limit is reached."""
        if busy:
            return self._refuse(None, replies.E421_TOO_MANY_SESSIONS)
        if self._policy is not None:
            self.sleep = self._policy.greeting_delay
            if (refusal := self._policy.connection()) is not None:
                return self._refuse(None, refusal)
        dialect = "LMTP" if self._lmtp else "ESMTP" if self._host.esmtp else "SMTP"
        return self._machine.send(_greeting(self._machine.host, dialect))

    def read(self, data: bytes) -> bytes:
        """Take what the client wrote; give what is answered to it."""
        self.accepted, self.sleep = [], 0.0
        commands = () if self._offers or self._watches else self._machine.read_flight(data)
        if commands:
            return self._answer_flight(commands)
        self._machine.receive_data(data)
        return self._answer()

    def decide(self, *verdicts: Reply) -> bytes:
        """Answer the mail in `offered`; a positive reply takes custody of it. Gives all that can be answered now.

        In LMTP there is a verdict for each recipient, or one for them all; custody is of those with a positive one.

        Raises:
            LocalProtocolError: no mail is offered, or the number of verdicts is wrong.
        """
        mail, self.offered, self.sleep = self.offered, None, 0.0
        if mail is None:
            raise LocalProtocolError(f"reply {verdicts[0].code} decides nothing: no mail is offered")
        due = self._machine.replies_due
        each = verdicts * due if len(verdicts) == 1 else verdicts
        if len(each) != due:
            raise LocalProtocolError(f"{len(verdicts)} verdicts for {due} recipients: give one each, or one for all")
        self.accepted = [mail] if verdicts[0].positive else []
        if len(verdicts) > 1:
            self.accepted = mail.shared([verdict.positive for verdict in verdicts])
        if self.accepted and self._errors is not None:
            self._errors.reset()
        answers = [self._machine.send(verdict) for verdict in each]
        counted = [self._count_error(events.MailData(b""), one) for one in verdicts if one.code >= 400]
        return b"".join([*answers, *counted, self._answer()])

    def secured(self) -> None:
        """TLS protects the connection from here on; the session begins anew, with no greeting (RFC 3207 section 4.2).

        Raises:
            LocalProtocolError: STARTTLS was not accepted just now.
        """
        if not self.wants_tls:
            raise LocalProtocolError("TLS was not asked for: wait until wants_tls is true")
        self.wants_tls = False

    def reverse_roles(self) -> Client:
        """The client's machine that goes on, on the same connection, when `turn_nodes` says so.

        Raises:
            LocalProtocolError: neither TURN nor ATRN was accepted just now.
        """
        return reverse(self._machine, Client(secure=self._machine.secure))

    def shut_down(self) -> None:
        """Let an open transaction end, and answer the next one with 421."""
        self._closing = True

    def disconnected(self) -> None:
        """The connection is closed: the client's policies count it no more."""
        if self._policy is not None:
            self._policy.close()

    def close(self, reply: Reply) -> bytes:
        """End the session with a 421, whatever it waits for; nothing where it is over already."""
        return b"" if self.is_over else self._refuse(None, reply)

    def _refuse(self, event: object, reply: Reply) -> bytes:
        """Give a refusal, and say so."""
        if self._refused is not None:
            self._refused(event, reply)
        return self._machine.send(reply)

    def _answer_flight(self, commands: Sequence[Command]) -> bytes:
        """The answers to commands that came together; what is behind a refusal has to be looked at again."""
        answered: list[Reply] = []
        for command in commands:
            reply = _ANSWERS[type(command)](self, command)
            if reply is None:
                break
            answered.append(reply)
            if reply.code >= 400:
                break
        self.commands += len(answered)
        if self._errors is not None:
            self._delay_replies(sum(reply.code < 400 for reply in answered))
        octets = self._machine.send_flight(answered)
        if answered[-1].code < 400:
            return octets
        return octets + self._count_error(commands[len(answered) - 1], answered[-1]) + self._answer()

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
            if self._watches:
                out.append(self._watch(event, reply))
            if reply.code >= 400:
                out.append(self._count_error(event, reply))
            else:
                self._delay_replies(1)
        return out[0] if len(out) == 1 else b"".join(out)

    def _watch(self, event: object, reply: Reply) -> bytes:
        """What else is to be said: in LMTP the same to the other recipients, and 421 to one who only keeps us busy."""
        more = b"".join([self._machine.send(reply) for _ in range(self._machine.replies_due)])
        if self._errors is not None and self._errors.note_junk(event) and reply.code < 400:
            return more + self._count_error(event, reply)
        return more

    def _error_counter(self, error_limit: int = 0, junk_limit: int = 0) -> ErrorCounter | None:
        """How patient the host is: what errors cost by its own word or its product's, or a limit that it was given."""
        errors = self._host.policies.errors or (None if error_limit else self._host.mta.errors)
        if errors is not None and (junk_limit or not error_limit):
            return ErrorCounter(errors.hard_limit, junk_limit, errors.soft_limit, errors.delay)
        return ErrorCounter(error_limit, junk_limit) if error_limit or junk_limit else None

    def _count_error(self, event: object, refusal: Reply) -> bytes:
        """Count an error, which got this reply; at the limit, the end of the session."""
        if self._errors is None:
            # Nobody counts before an error is made.
            self._errors = self._error_counter()
        if self._refused is not None and refusal.code >= 400:
            self._refused(event, refusal)
        ends = self._errors is not None and self._errors.note_error(refusal)
        self._delay_replies(1)
        return self.close(replies.E421_TOO_MANY_ERRORS) if ends else b""

    def _delay_replies(self, answers: int) -> None:
        """So many answers go out later, to a client that makes errors."""
        if self._errors is not None:
            self.sleep += answers * self._errors.delay

    def _hello(self, event: events.Ehlo | events.Helo | events.Lhlo) -> Reply:
        if self._policy is not None and (refusal := self._policy.hello()) is not None:
            return refusal
        self._reset(event)
        if isinstance(event, events.Helo):
            return Reply(250, (f"{self._host.domain} pleased to meet you, {event.domain}",))
        return self._machine.ehlo_reply(event.domain)

    def _reset(self, _: object) -> Reply:
        self._recipients, self._recipient_parameters = [], []
        return replies.S250_OK

    def _start_tls(self, _: events.StartTls) -> Reply:
        if not self._tls:
            return replies.E454_TLS_UNAVAILABLE
        self._reset(None)
        self.wants_tls = True
        if self._other_commands is not None:
            self._other_commands.forget_user()
        return replies.S220_TLS

    def _other(self, event: object) -> Reply:
        if self._other_commands is None:
            self._other_commands = OtherCommands(
                self._host, self._directory, lmtp=self._lmtp, challenge=self._challenge, held_mail=self._held_mail
            )
        reply = self._other_commands.answer(event, self._machine.helo, self.commands)
        if self._policy is not None and reply is replies.E535_BAD_CREDENTIALS:
            self.sleep = max(self.sleep, self._policy.guess())
        return reply

    def _mail(self, event: events.Mail | events.Send | events.Soml | events.Saml) -> Reply:
        limit = self._host.size_limit
        if limit and any(name == "SIZE" and value and int(value) > limit for name, value in event.parameters):
            return replies.E552_TOO_BIG
        if self._closing:
            return replies.E421_CLOSING
        self._messages += 1
        if 0 < (self._host.policies.messages_per_session or self._host.mta.session_message_limit) < self._messages:
            return replies.E421_TOO_MANY_MESSAGES
        if (
            self._policy is not None
            and (refusal := self._policy.mail(event.reverse_path, event.parameters)) is not None
        ):
            return refusal
        self._reverse_path, self._parameters = event.reverse_path, event.parameters
        self._terminal = False
        return replies.S250_SENDER

    def _mail_or_send(self, event: events.Send | events.Soml | events.Saml) -> Reply:
        """SOML and SAML are as MAIL where nobody is logged in, and SEND has no recipients then (RFC 821 3.4)."""
        if type(event).__name__.upper() not in self._host.extensions:
            return replies.E502_NOT_IMPLEMENTED
        reply = self._mail(event)
        self._terminal = isinstance(event, events.Send)
        return reply

    def _rcpt(self, event: events.Rcpt) -> Reply:
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

    def _data(self, _: events.Data) -> Reply:
        refusal = None if self._policy is None else self._policy.data()
        return refusal or replies.S354_GO_AHEAD

    def _first_chunk(self) -> Reply | None:
        """Why a chunk is refused as DATA would be, if it is: the first of a transaction stands in DATA's place."""
        if self._policy is None or self._machine.state is not State.RCPT:
            return None
        return self._policy.data()

    def _chunk(self, event: events.Chunk) -> Reply:
        if event.too_big:
            return replies.E552_TOO_BIG
        return self._first_chunk() or replies.S250_CHUNK(str(len(event.content)))

    def _last_chunk(self, event: events.LastChunk) -> Reply | None:
        refusal = self._first_chunk()
        if refusal is not None:
            self._reset(event)
            return refusal
        return self._mail_data(event)

    def _mail_data(self, event: events.MailData | events.LastChunk) -> Reply | None:
        recipients, self._recipients = self._recipients, []
        parameters, self._recipient_parameters = self._recipient_parameters, []
        if event.too_big:
            return replies.E552_TOO_BIG
        loops = loop_checks(self._host.mta)
        # Who asks has no queue from which to return it.
        if (self._offers or not loops.returns) and is_looping(event.content, self._host.mta):
            return loops.too_many
        if (
            self._offers
            and (refusal := came_back(event.content, recipients, self._directory, self._host.mta)) is not None
        ):
            return refusal
        if self._policy is not None and (refusal := self._policy.mail_data(len(event.content))) is not None:
            return refusal
        machine = self._machine
        protocol = "ESMTP" if machine.esmtp_peer else "SMTP"
        if machine.secure or machine.authenticated or self._lmtp or _UTF8 in self._parameters:
            utf8 = _UTF8 in self._parameters
            protocol = with_word(protocol, machine.secure, machine.authenticated, lmtp=self._lmtp, utf8=utf8)
        mail = AcceptedMail(
            self._reverse_path,
            tuple(recipients),
            event.content,
            machine.helo,
            protocol,
            self._parameters,
            tuple(parameters) if any(parameters) else (),
        )
        if self._offers:
            self.offered = mail
            return None
        self.accepted.append(mail)
        if self._errors is not None:
            self._errors.reset()
        return replies.S250_QUEUED


@lru_cache(maxsize=1024)
def _greeting(host: str, dialect: str) -> Reply:
    return Reply(220, (f"{host} {dialect} ready",))


_UTF8 = ("SMTPUTF8", None)

_ANSWERS: dict[type, Callable[[Reception, Any], Reply | None]] = {
    events.Ehlo: Reception._hello,
    events.Helo: Reception._hello,
    events.Lhlo: Reception._hello,
    events.Mail: Reception._mail,
    events.Send: Reception._mail_or_send,
    events.Soml: Reception._mail_or_send,
    events.Saml: Reception._mail_or_send,
    events.Rcpt: Reception._rcpt,
    events.Data: Reception._data,
    events.MailData: Reception._mail_data,
    events.Chunk: Reception._chunk,
    events.LastChunk: Reception._last_chunk,
    events.StartTls: Reception._start_tls,
    events.Rset: Reception._reset,
    events.Noop: lambda _, __: replies.S250_OK,
    events.Quit: lambda _, __: replies.S221_BYE,
    **dict.fromkeys(OTHER_COMMANDS, Reception._other),
    events.BadCommand: lambda _, event: event.reply,
}
"""What is answered to what: a row for each event that wants a reply."""

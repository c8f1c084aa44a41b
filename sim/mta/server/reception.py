"""The receiving side of a session: what a host answers to each command, and the mail that it accepts.

Pure: bytes come in, bytes and accepted messages go out. Who waits how long for what is the world's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, InitVar, dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from sim.mail.path import Path
from sim.mta.server.error_limits import ErrorCounter
from sim.mta.server.etrn import HeldMail, answer_atrn, answer_etrn, answer_turn, atrn_nodes
from sim.mta.server.help_text import help_reply
from sim.mta.server.policy import ClientPolicy
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail, Transactions
from sim.protocol.errors import LocalProtocolError
from sim.protocol.sasl import SaslServer
from sim.protocol.smtp import events, replies, sasl
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.protocol.smtp.states import IN_TRANSACTION, State
from sim.protocol.smtp.turn import reverse
from sim.scenario.products.base import ErrorLimits
from sim.scenario.spec import Host


@dataclass(slots=True, eq=False)
class Reception:
    """A host's side of one inbound session.

    `commands` counts what it has answered (each costs the host its service time); `accepted` holds the mail taken by
    the last call of `read` or `decide`. `wants_tls` is true once STARTTLS got its 220: the caller shakes hands and then
    calls `secured`. `sleep` is how long, in s, the host holds back what it has answered last. `turn_nodes` holds, once
    TURN or ATRN got its 250, the nodes whose mail is to go the other way: go on with `reverse_roles`.

    Attributes:
        host: whose side this is.
        directory: whom it knows.
        offers: whether the answer to mail data is asked for: `read` then stops at it with the mail in `offered`, and
            `decide` goes on. Otherwise it is taken at once.
        error_limits: what errors cost the client; where absent, by the host's policies or its product.
        junk_limit: as of `ErrorCounter`.
        lmtp: whether LMTP is spoken: mail data gets a reply for each recipient (RFC 2033).
        submission: whether nobody hands mail in who has not logged in (RFC 6409 section 4.3).
        room: says why there is no room for so many octets in the mailboxes that a path leads to, if there is none.
        refuses: says why mail is refused that could be taken, where it is not offered.
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

    host: Host
    directory: Directory
    _: KW_ONLY
    offers: bool = False
    error_limits: ErrorLimits | None = None
    junk_limit: int = 0
    lmtp: bool = False
    submission: bool = False
    room: Callable[[Path, int], Reply | None] | None = None
    refuses: Callable[[AcceptedMail], Reply | None] | None = None
    tls: bool = True
    challenge: Callable[[], bytes] | None = None
    held_mail: HeldMail | None = None
    policy: ClientPolicy | None = None
    refused: Callable[[object, Reply], object] | None = None
    after: InitVar[Client | None] = None
    secure: InitVar[bool] = False
    accepted: list[AcceptedMail] = field(default_factory=list, init=False)
    commands: int = field(default=0, init=False)
    offered: AcceptedMail | None = field(default=None, init=False)
    sleep: float = field(default=0.0, init=False)
    turn_nodes: tuple[str, ...] | None = field(default=None, init=False)
    wants_tls: bool = field(default=False, init=False)
    _sasl: SaslServer | None = field(default=None, init=False)
    _errors: ErrorCounter | None = field(default=None, init=False)
    _machine: Server = field(init=False)
    _transactions: Transactions = field(init=False)

    def __post_init__(self, after: Client | None, secure: bool) -> None:
        """The session begins."""
        host = self.host
        machine = self._machine = Server(
            host.domain,
            extensions=host.extensions,
            size_limit=host.size_limit,
            esmtp=host.esmtp,
            lmtp=self.lmtp,
            secure=secure or (after is not None and after.secure),
            clear_auth=host.clear_auth is not False,
        )
        if after is not None:
            reverse(after, machine)
        submitter = (lambda: self.user) if self.submission else None
        self._transactions = Transactions(
            host, self.directory, machine, self.policy, self.lmtp, self.offers, submitter, self.room
        )
        if self.junk_limit:
            self._errors = self._error_counter()

    @property
    def user(self) -> str:
        """Who has proved himself with AUTH; nobody if it is empty."""
        return "" if self._sasl is None else self._sasl.user

    @property
    def helo(self) -> str:
        """What the client calls itself."""
        return self._machine.helo

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
        if self.policy is not None:
            self.sleep = self.policy.greeting_delay
            if (refusal := self.policy.connection()) is not None:
                return self._refuse(None, refusal)
        dialect = "LMTP" if self.lmtp else "ESMTP" if self.host.esmtp else "SMTP"
        return self._machine.send(_greeting(self._machine.host, dialect))

    def read(self, data: bytes) -> bytes:
        """Take what the client wrote; give what is answered to it."""
        self.accepted, self.sleep = [], 0.0
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
        self._transactions.closing = True

    def disconnected(self) -> None:
        """The connection is closed: the client's policies count it no more."""
        if self.policy is not None:
            self.policy.close()

    def close(self, reply: Reply) -> bytes:
        """End the session with a 421, whatever it waits for; nothing where it is over already."""
        return b"" if self.is_over else self._refuse(None, reply)

    @property
    def patience(self) -> float:
        """How long it waits for the client to say something, s."""
        return self.host.mta.idle_timeout

    @property
    def linger(self) -> float:
        """How long it keeps the connection open behind its 221, s."""
        return self.host.mta.quit_linger

    last_words = 60
    """About as many octets has a 421."""

    def notify(self) -> bytes:
        """It says nothing that it was not asked for."""
        return b""

    def time_out(self) -> bytes:
        """The client was silent for too long (RFC 5321 section 4.5.3.2.7)."""
        return self.close(replies.E421_TIMEOUT)

    def _refuse(self, event: object, reply: Reply) -> bytes:
        """Give a refusal, and say so."""
        if self.refused is not None:
            self.refused(event, reply)
        return self._machine.send(reply)

    def _answer(self) -> bytes:
        next_event, send, answers = self._machine.next_event, self._machine.send, self._ANSWERS
        watches = self.lmtp or self.junk_limit > 0
        out: list[bytes] = []
        while True:
            event = next_event()
            answer = answers.get(type(event))
            if answer is None:
                # It needs more octets, or there will be none.
                break
            self.commands += 1
            reply = answer(self, event)
            if reply is None:
                break
            out.append(send(reply))
            # More than the reply itself may follow.
            if watches:
                out.append(self._watch(event, reply))
            if reply.code >= 400:
                out.append(self._count_error(event, reply))
            elif self._errors is not None:
                self._delay_replies(1)
        return out[0] if len(out) == 1 else b"".join(out)

    def _watch(self, event: object, reply: Reply) -> bytes:
        """What else is to be said: in LMTP the same to the other recipients, and 421 to one who only keeps us busy."""
        more = b"".join([self._machine.send(reply) for _ in range(self._machine.replies_due)])
        if self._errors is not None and self._errors.note_junk(event) and reply.code < 400:
            return more + self._count_error(event, reply)
        return more

    def _error_counter(self) -> ErrorCounter | None:
        limits = self.error_limits or self.host.policies.errors or self.host.mta.errors
        return None if limits is None else ErrorCounter(limits, self.junk_limit)

    def _count_error(self, event: object, refusal: Reply) -> bytes:
        """Count an error, which got this reply; at the limit, the end of the session."""
        if self._errors is None:
            # Nobody counts before an error is made.
            self._errors = self._error_counter()
        if self.refused is not None and refusal.code >= 400:
            self.refused(event, refusal)
        ends = self._errors is not None and self._errors.note_error(refusal)
        self._delay_replies(1)
        return self.close(replies.E421_TOO_MANY_ERRORS) if ends else b""

    def _delay_replies(self, answers: int) -> None:
        """So many answers go out later, to a client that makes errors."""
        if self._errors is not None:
            self.sleep += answers * self._errors.delay

    def _hello(self, event: events.Ehlo | events.Helo | events.Lhlo) -> Reply:
        if self.policy is not None and (refusal := self.policy.injected("helo")) is not None:
            return refusal
        self._reset(event)
        if isinstance(event, events.Helo):
            return Reply(250, (f"{self.host.domain} pleased to meet you, {event.domain}",))
        return self._machine.ehlo_reply(event.domain)

    def _reset(self, _: object) -> Reply:
        self._transactions.reset()
        return replies.S250_OK

    def _start_tls(self, _: events.StartTls) -> Reply:
        if not self.tls:
            return replies.E454_TLS_UNAVAILABLE
        self._reset(None)
        self.wants_tls = True
        # What was proved counts no more (RFC 3207 section 4.2).
        self._sasl = None
        return replies.S220_TLS

    def _auth(self, event: events.Auth) -> Reply:
        challenge = self.challenge() if self.challenge else f"<{self.commands}@{self.host.domain}>".encode()
        self._sasl = SaslServer(self.host.accounts, challenge)
        return self._hold_back_guesses(sasl.answer(self._sasl.begin(event.mechanism, event.initial)))

    def _auth_response(self, event: events.AuthResponse) -> Reply:
        # The machine gives a response only after the 334 to an AUTH.
        if self._sasl is None or event.data is None:
            return replies.E501_CANCELLED
        return self._hold_back_guesses(sasl.answer(self._sasl.respond(event.data)))

    def _hold_back_guesses(self, reply: Reply) -> Reply:
        if self.policy is not None and reply is replies.E535_BAD_CREDENTIALS:
            self.sleep = max(self.sleep, self.policy.guess())
        return reply

    def _help(self, event: events.Help) -> Reply:
        return help_reply(event.text.strip().upper(), self.host.extensions, self.host.esmtp, self.lmtp)

    def _atrn(self, event: events.Atrn) -> Reply:
        nodes = atrn_nodes(event.domains, self.user)
        return self._turn(answer_atrn(nodes, self.directory, self.held_mail), nodes or ())

    def _turn(self, reply: Reply, nodes: tuple[str, ...]) -> Reply:
        if reply.positive:
            self.turn_nodes = nodes
        return reply

    def _take(self, mail: AcceptedMail | Reply) -> Reply | None:
        """Take what a transaction has brought, or offer it."""
        if isinstance(mail, Reply):
            return mail
        if self.offers:
            self.offered = mail
            return None
        if self.refuses is not None and (refusal := self.refuses(mail)) is not None:
            return refusal
        self.accepted.append(mail)
        if self._errors is not None:
            self._errors.reset()
        return replies.S250_QUEUED

    _ANSWERS: ClassVar[dict[type, Callable[[Reception, Any], Reply | None]]] = {
        events.Ehlo: _hello,
        events.Helo: _hello,
        events.Lhlo: _hello,
        events.Mail: lambda self, event: self._transactions.mail(event),
        **dict.fromkeys((events.Send, events.Soml, events.Saml), lambda self, event: self._transactions.send(event)),
        events.Rcpt: lambda self, event: self._transactions.rcpt(event),
        events.Data: lambda self, _: self._transactions.data(),
        events.MailData: lambda self, event: self._take(self._transactions.mail_data(event)),
        events.Chunk: lambda self, event: self._transactions.chunk(event),
        events.LastChunk: lambda self, event: self._take(self._transactions.last_chunk(event)),
        events.StartTls: _start_tls,
        events.Rset: _reset,
        events.Noop: lambda _, __: replies.S250_OK,
        events.Quit: lambda _, __: replies.S221_BYE,
        events.Auth: _auth,
        events.AuthResponse: _auth_response,
        events.Vrfy: lambda self, event: (
            _WITHHELD.get(self.host.vrfy) or self.directory.verify(event.text, utf8=event.utf8)
        ),
        events.Expn: lambda self, event: (
            _WITHHELD.get(self.host.expn) or self.directory.expand(event.text, utf8=event.utf8)
        ),
        events.Help: _help,
        events.Etrn: lambda self, event: answer_etrn(event.node, self.directory, self.held_mail),
        events.Atrn: _atrn,
        events.Turn: lambda self, _: self._turn(
            answer_turn(self.host.extensions, self.user, self.held_mail), (self.helo,)
        ),
        events.BadCommand: lambda _, event: event.reply,
    }
    """What is answered to what: a row for each event that wants a reply."""


_WITHHELD: dict[str, Reply] = {"evade": replies.S252_CANNOT_VERIFY, "refuse": replies.E502_NOT_IMPLEMENTED}


@lru_cache(maxsize=1024)
def _greeting(host: str, dialect: str) -> Reply:
    return Reply(220, (f"{host} {dialect} ready",))

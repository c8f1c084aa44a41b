"""The receiving side of a session: what a host answers to each command, and the mail that it accepts.

Pure: bytes come in, bytes and accepted messages go out. Who waits how long for what is the world's business.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

from sim.mta.server.error_limits import ErrorCounter
from sim.mta.server.etrn import HeldMail
from sim.mta.server.other_commands import OTHER_COMMANDS, OtherCommands
from sim.mta.server.policy import ClientPolicy
from sim.mta.server.recipients import Directory
from sim.mta.server.transactions import AcceptedMail, Transactions
from sim.protocol.smtp import events, replies
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.errors import LocalProtocolError
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.server import Server
from sim.protocol.smtp.states import IN_TRANSACTION, State
from sim.protocol.smtp.turn import reverse
from sim.scenario.spec import Host


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
        "_directory",
        "_errors",
        "_held_mail",
        "_host",
        "_lmtp",
        "_machine",
        "_offers",
        "_other_commands",
        "_policy",
        "_refused",
        "_tls",
        "_transactions",
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
        self._transactions = Transactions(host, directory, self._machine, policy, lmtp=lmtp, refuses_loops=offers)
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
        if self._policy is not None:
            self._policy.close()

    def close(self, reply: Reply) -> bytes:
        """End the session with a 421, whatever it waits for; nothing where it is over already."""
        return b"" if self.is_over else self._refuse(None, reply)

    last_words = 60
    """About as many octets has a 421."""

    def time_out(self) -> bytes:
        """The client was silent for too long (RFC 5321 section 4.5.3.2.7)."""
        return self.close(replies.E421_TIMEOUT)

    def _refuse(self, event: object, reply: Reply) -> bytes:
        """Give a refusal, and say so."""
        if self._refused is not None:
            self._refused(event, reply)
        return self._machine.send(reply)

    def _answer(self) -> bytes:
        machine = self._machine
        out: list[bytes] = []
        while True:
            event = machine.next_event()
            answer = self._ANSWERS.get(type(event))
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
            elif self._errors is not None:
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
        self._transactions.reset()
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

    def _take(self, mail: AcceptedMail | Reply) -> Reply | None:
        """Take what a transaction has brought, or offer it."""
        if isinstance(mail, Reply):
            return mail
        if self._offers:
            self.offered = mail
            return None
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
        **dict.fromkeys(OTHER_COMMANDS, _other),
        events.BadCommand: lambda _, event: event.reply,
    }
    """What is answered to what: a row for each event that wants a reply."""


@lru_cache(maxsize=1024)
def _greeting(host: str, dialect: str) -> Reply:
    return Reply(220, (f"{host} {dialect} ready",))

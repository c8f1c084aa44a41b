"""The sending side of a session: which command goes out when, and what the replies mean for each recipient.

MAIL, RCPT and DATA ride together where the server offers PIPELINING, and QUIT rides behind the final dot, as in
Postfix's smtp(8); where the server offers CHUNKING, and the host uses it, a small message goes out whole with them (RFC
3030). Pure: `write` gives the next flight, `read` takes the server's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import lru_cache
from operator import attrgetter

from sim.mail.path import Path
from sim.mta import proof
from sim.mta.envelope import Mailing, fit
from sim.mta.queue import Failure
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import NEED_DATA, Command, ConnectionClosed, Parameters
from sim.protocol.smtp.replies import Reply
from sim.scenario.products import Product
from sim.scenario.spec import Host

_DATA, _QUIT, _RSET = events.Data(), events.Quit(), events.Rset()
_Dialogue = Generator[tuple[Command, ...], list[Reply], None]

_TOO_MANY = (452, 552)
"""To RCPT: the server's recipient limit (RFC 5321 section 4.5.3.1.10)."""

_SMALL = 65_536
"""Octets of mail data that ride with MAIL and RCPT as a chunk; more wait for a recipient to be accepted."""


class Transmission:
    """A host's side of one outbound session that offers one message to one server, or several in turn.

    `replies` holds the reply that decided each forward-path, for those that have one; `failure` what kept the others
    from getting one. `contacted` turns true when mail is offered, `turns` counts the flights written until the
    message's fate was known, `done` says that nothing is left to say about it. `reports` says whether the server took
    what was asked about delivery reports (RFC 3461) upon itself.

    `more` is asked for another message for the same server when the mail data goes out. `next` holds the message that
    the session has been kept for, once `done`: `go_on` begins with it. `wants_tls` is true once STARTTLS got its 220:
    the caller shakes hands and then calls `secured`.

    Args:
        host: whose side this is.
        reverse_path: whom to tell of failures.
        forward_paths: whom the message is for, nobody twice.
        content: the mail data.
        parameters: what the message asks for, as MAIL's parameters; SMTPUTF8 must be there if a path needs it.
        recipient_parameters: those of each RCPT, in order; none at all where no RCPT has any.
        lmtp: whether LMTP is spoken (RFC 2033): a reply for each recipient decides.
        more: gives another message for the same server, if there is one; the host's `reuse` says what goes before its
            MAIL, which rides behind the mail data only where the server offers PIPELINING.
    """

    __slots__ = (
        "_awaited",
        "_content",
        "_decided",
        "_dialogue",
        "_excess",
        "_forward_paths",
        "_group",
        "_host",
        "_last",
        "_lmtp",
        "_machine",
        "_owed",
        "_parameters",
        "_pending",
        "_pipelining",
        "_read",
        "_recipient_parameters",
        "_refused_at",
        "_reverse_path",
        "_ridden",
        "_taken",
        "_usable",
        "_waits_for",
        "contacted",
        "done",
        "failure",
        "more",
        "next",
        "replies",
        "reports",
        "turns",
        "wants_tls",
    )

    def __init__(
        self,
        host: Host,
        reverse_path: Path,
        forward_paths: Sequence[Path],
        content: bytes,
        *,
        parameters: Parameters = (),
        recipient_parameters: tuple[Parameters, ...] = (),
        lmtp: bool = False,
        more: Callable[[], Mailing | None] | None = None,
    ) -> None:
        self._host = host
        self._lmtp = lmtp
        self._machine = Client(lmtp=lmtp)
        self._reverse_path = reverse_path
        self._forward_paths = self._pending = forward_paths
        self._content = content
        self._parameters = parameters
        self._recipient_parameters = recipient_parameters
        self.more = more
        self._usable: frozenset[str] = frozenset()
        self._pipelining = False
        self._last = 0
        self._owed = 0
        self._taken = False
        self._ridden: list[Reply] | None = None
        self._excess: list[Path] = []
        self._read: list[Reply] = []
        self._awaited = 1
        self._waits_for: type[Command] | None = None
        self._decided = False
        self.replies: dict[Path, Reply] = {}
        self._refused_at: dict[Path, str] = {}
        self.failure: Failure | None = None
        self.contacted = False
        self.done = False
        self.next: Mailing | None = None
        self.reports = False
        self.turns = 0
        self.wants_tls = False
        self._dialogue = self._converse()
        self._group: tuple[Command, ...] = next(self._dialogue)

    def write(self) -> bytes:
        """The next flight; empty when it waits for the server or for TLS, or is done."""
        group, self._group = self._group, ()
        if not group:
            return b""
        self.turns += not self._decided
        self._awaited = len(group) + self._owed
        # Chunks go out behind the envelope, and it is their reply that takes its time.
        self._waits_for = type(group[self._last])
        return b"".join([self._machine.send(command) for command in group])

    def read(self, data: bytes) -> None:
        """Take what the server wrote."""
        machine, answered, missing = self._machine, self._read, self._awaited - len(self._read)
        shutting_down = False
        machine.receive_data(data)
        try:
            while missing > 0 and not shutting_down:
                event = machine.next_event()
                if event is NEED_DATA:
                    return
                if isinstance(event, ConnectionClosed):
                    self._end(Failure(0, "4.4.2", "lost connection with the server", at=self.awaits))
                    return
                answered.append(event)
                missing -= 1
                shutting_down = event.code == 421
        except RemoteProtocolError as error:
            self._end(Failure(0, "4.5.0", f"the server broke the protocol: {error}", at=self.awaits))
            return
        self._read = []
        try:
            self._group = self._dialogue.send(answered)
        except StopIteration:
            self.done = True
        if shutting_down:
            self._group, self.done, self.next = (), True, None

    def secured(self) -> None:
        """TLS protects the connection from here on: the dialogue begins anew with EHLO (RFC 3207 section 4.2)."""
        self.wants_tls = False
        self._group = self._dialogue.send([])

    def go_on(self) -> None:
        """Begin with the message in `next`; what is known of the one before is forgotten."""
        self.done = self._decided = False
        self.replies, self._refused_at, self.failure, self.turns = {}, {}, None, 0
        self._group = self._dialogue.send([])

    @property
    def awaits(self) -> str:
        """What the server is to answer next: a place of `mta.blame`."""
        return _PLACES[self._waits_for]

    def timeout(self, policy: Product) -> float:
        """How long the host waits for the answer to what it wrote last, in s (RFC 5321 section 4.5.3.2)."""
        return _TIMEOUTS[self._waits_for](policy)

    def close(self) -> None:
        """Forget a dialogue that was broken off."""
        self._dialogue.close()

    def _end(self, failure: Failure) -> None:
        self.failure = failure
        self.done, self.next = True, None
        self._dialogue.close()

    def _converse(self) -> _Dialogue:
        greeting = (yield ())[0]
        if not greeting.positive:
            yield from self._leave(_refused(greeting, "greeting"))
            return
        hello = yield from self._hello()
        if not hello.positive:
            yield from self._leave(_refused(hello, "hello"))
            return
        host, offered = self._host, self._machine.extensions
        if "STARTTLS" in offered and "STARTTLS" in host.uses:
            hello = yield from self._start_tls(hello)
        refusal = _refused(hello, "hello") if not hello.positive else None
        if host.login is not None and refusal is None:
            refusal = yield from proof.prove(host.login, self._machine.extensions.get("AUTH"))
        if refusal is not None:
            yield from self._leave(refusal)
            return
        offered = self._machine.extensions
        self._usable = _usable(host.uses, tuple(offered))
        self._pipelining = "PIPELINING" in self._usable
        self._last = -1 if "CHUNKING" in self._usable else 0
        self.contacted = True
        yield from self._mail(None)
        while self.next is not None:
            yield from self._mail_another()

    def _hello(self) -> Generator[tuple[Command, ...], list[Reply], Reply]:
        name = self._host.domain
        if self._lmtp:
            return (yield (events.Lhlo(name),))[0]
        if self._host.esmtp:
            reply = (yield (events.Ehlo(name),))[0]
            if not reply.permanent:
                return reply
        return (yield (events.Helo(name),))[0]

    def _start_tls(self, hello: Reply) -> Generator[tuple[Command, ...], list[Reply], Reply]:
        """Ask for TLS. A server that refuses it after all gets its mail in the clear (opportunistic TLS, RFC 7435)."""
        if not (yield (events.StartTls(),))[0].positive:
            return hello
        self.wants_tls = True
        yield ()
        return (yield from self._hello())

    def _leave(self, failure: Failure) -> _Dialogue:
        self.failure = failure
        self._decided = True
        yield (_QUIT,)

    def _mail(self, ridden: list[Reply] | None) -> _Dialogue:
        """Offer the message, in as many transactions as the server's recipient limit makes of it.

        `ridden` are the replies to the first one's envelope, where that has gone out already.
        """
        if self._parameters or self._recipient_parameters or not self._content.isascii():
            failure = self._fit()
            if failure is not None:
                yield from self._leave(failure)
                return
        goes_on = True
        while goes_on:
            if self._last:
                goes_on = yield from self._offer_chunk()
            elif (yield from self._offer(ridden)):
                goes_on = yield from self._send_mail_data()
            else:
                goes_on = False
                self._decided = True
                yield (_QUIT,)
            ridden = None
            if goes_on:
                self._pending = self._excess
                for path in self._pending:
                    del self.replies[path]

    def _mail_another(self) -> _Dialogue:
        """Keep the session until `go_on`, and offer the message in `next`."""
        self.done = True
        yield ()
        mailing, ridden, self.next, self._ridden = self.next, self._ridden, None, None
        if mailing is None:
            return
        self._reverse_path, self._forward_paths, self._content, self._parameters, self._recipient_parameters = mailing
        self._pending = self._forward_paths
        self.reports = False
        if self._host.reuse == "rset":
            self.contacted = False
            reply = (yield (_RSET,))[0]
            if not reply.positive:
                yield from self._leave(_refused(reply, "mail"))
                return
            self.contacted = True
        yield from self._mail(ridden)

    def _fit(self) -> Failure | None:
        """Make of the message what this server can take; give the reason if there is no such thing."""
        asked = Mailing(
            self._reverse_path, self._forward_paths, self._content, self._parameters, self._recipient_parameters
        )
        fitted = fit(asked, self._usable)
        if isinstance(fitted, Failure):
            return fitted
        self._parameters, self._recipient_parameters, self._content = fitted
        self.reports = "DSN" in self._usable
        return None

    def _envelope(self) -> list[Command]:
        """MAIL, and RCPT for those who are to be offered in this transaction."""
        parameters = self._parameters
        if "SIZE" in self._usable:
            parameters = (("SIZE", str(len(self._content))), *parameters)
        mail = events.Mail(self._reverse_path, parameters)
        if not self._recipient_parameters:
            return [mail, *[events.Rcpt(path) for path in self._pending]]
        asked = dict(zip(self._forward_paths, self._recipient_parameters, strict=True))
        return [mail, *[events.Rcpt(path, asked[path]) for path in self._pending]]

    def _offer(self, ridden: list[Reply] | None) -> Generator[tuple[Command, ...], list[Reply], bool]:
        """MAIL, RCPT and DATA, in one flight or in lockstep; true when the server waits for the mail data."""
        if ridden is not None:
            return self._judge(ridden)
        if self._pipelining:
            answers = yield (*self._envelope(), _DATA)
        else:
            answers = yield from _lockstep(self._envelope())
            if _taken(answers):
                answers += yield (_DATA,)
        return self._judge(answers)

    def _judge(self, answers: list[Reply]) -> bool:
        """Note what MAIL and RCPT got; true when DATA got its 354."""
        sender, *rest = answers
        pending = self._pending
        recipients = len(pending)
        self._excess = []
        if not sender.positive or answers[-1].code == 421:
            self._taken = False
            self.replies |= dict.fromkeys(pending, sender if not sender.positive else answers[-1])
            self._refused_at |= dict.fromkeys(pending, "mail" if not sender.positive else "rcpt")
            return False
        refused = {path: reply for path, reply in zip(pending, rest[:recipients], strict=True) if not reply.positive}
        self._taken = len(refused) < recipients
        if refused:
            self.replies |= refused
            self._refused_at |= dict.fromkeys(refused, "rcpt")
            if self._taken:
                self._excess = [path for path, reply in refused.items() if reply.code in _TOO_MANY]
        if len(rest) == recipients:
            return False
        go_ahead = rest[recipients]
        if not (go_ahead.intermediate or self._last):
            self._settle(go_ahead)
        return go_ahead.intermediate

    def _settle(self, reply: Reply) -> None:
        """The reply decides for all of the transaction's recipients that have none."""
        for path in self._pending:
            if self.replies.setdefault(path, reply) is reply:
                self._refused_at[path] = "data"

    def refusal(self, path: Path, host: str) -> Failure:
        """The reply that refused a forward-path, as the failure that it is; `host` gave it."""
        reply = self.replies[path]
        return Failure(reply.code, reply.enhanced, reply.text, host, self._refused_at.get(path, "dot"))

    def _send_mail_data(self) -> Generator[tuple[Command, ...], list[Reply], bool]:
        """The mail data, and what may ride behind it. Says whether another transaction is to follow."""
        # A server may answer 354 although it refused every recipient; then only the final dot may follow (RFC 2920
        # 3.1).
        mail_data = events.MailData(self._content if self._taken else b"")
        # Where somebody was refused for the time being, there may be another host to try first.
        if self.more is not None and self._taken and not self.replies:
            self.next = self.more()
        if self._pipelining and self.next is None and not self._excess:
            behind: tuple[Command, ...] = (_QUIT,)
        else:
            behind = self._riders()
        self._owed = self._replies_owed() if self._lmtp else 0
        answers = yield (mail_data, *behind)
        goes_on = self._conclude(answers)
        if self.next is not None:
            self._ridden = answers[1:] or None
        elif not (goes_on or behind):
            yield (_QUIT,)
        return goes_on

    def _riders(self) -> tuple[Command, ...]:
        """What of the next message goes out behind the final dot: its envelope, where that needs nothing special."""
        following = self.next
        if following is None or not self._pipelining or self._host.reuse != "ride" or self._lmtp:
            return ()
        if following.parameters or following.recipient_parameters or not following.content.isascii():
            return ()
        size = (("SIZE", str(len(following.content))),) if "SIZE" in self._usable else ()
        recipients = [events.Rcpt(path) for path in following.forward_paths]
        return (events.Mail(following.reverse_path, size), *recipients, _DATA)

    def _offer_chunk(self) -> Generator[tuple[Command, ...], list[Reply], bool]:
        """MAIL, RCPT and the mail data as one chunk. Says whether another transaction is to follow."""
        chunk, commands = events.LastChunk(self._content), self._envelope()
        if self._pipelining and not self._lmtp and len(self._content) <= _SMALL:
            answers = yield (*commands, chunk)
            whole = len(answers) > len(commands)
            self._judge(answers)
        else:
            answers = (yield tuple(commands)) if self._pipelining else (yield from _lockstep(commands))
            whole = answers[0].positive and _taken(answers)
            self._judge(answers)
            if whole:
                self._owed = self._replies_owed()
                answers = yield (chunk,)
        goes_on = False
        if whole and self._taken:
            if self.more is not None and not self.replies:
                self.next = self.more()
            goes_on = self._conclude(answers[-1 - self._owed :])
        if self.next is None and not goes_on:
            self._decided = True
            yield (_QUIT,)
        return goes_on

    def _replies_owed(self) -> int:
        """How many replies more than one LMTP's mail data gets."""
        return sum(path not in self.replies for path in self._pending) - 1 if self._lmtp and self._taken else 0

    def _conclude(self, answers: list[Reply]) -> bool:
        """Take the word on the mail data; says whether another transaction is to follow."""
        word = answers[0]
        if self._lmtp:
            # A reply for each recipient that was accepted, in their order (RFC 2033 section 4.2).
            accepted = [path for path in self._pending if path not in self.replies]
            self.replies |= dict(zip(accepted, answers, strict=False))
            self._owed = 0
        else:
            for path in self._pending:
                self.replies.setdefault(path, word)
        if self._excess and word.positive:
            return True
        self._decided = True
        return False


@lru_cache(maxsize=1024)
def _usable(uses: tuple[str, ...], offered: tuple[str, ...]) -> frozenset[str]:
    return frozenset(uses).intersection(offered)


def _lockstep(commands: Sequence[Command]) -> Generator[tuple[Command, ...], list[Reply], list[Reply]]:
    """MAIL and each RCPT at a time, as long as there is a reason to go on."""
    answers: list[Reply] = []
    for command in commands:
        answers += yield (command,)
        if not answers[0].positive or answers[-1].code == 421:
            break
    return answers


def _taken(answers: list[Reply]) -> bool:
    """Whether MAIL and a recipient were accepted, and the session goes on."""
    return answers[-1].code != 421 and any(reply.positive for reply in answers[1:])


def _refused(reply: Reply, at: str) -> Failure:
    return Failure(reply.code, reply.enhanced, reply.text, at=at)


_TIMEOUTS: dict[type[Command] | None, Callable[[Product], float]] = {
    None: attrgetter("helo_timeout"),
    events.Ehlo: attrgetter("helo_timeout"),
    events.Helo: attrgetter("helo_timeout"),
    events.Lhlo: attrgetter("helo_timeout"),
    events.StartTls: attrgetter("helo_timeout"),
    events.Auth: attrgetter("helo_timeout"),
    events.AuthResponse: attrgetter("helo_timeout"),
    events.Rset: attrgetter("helo_timeout"),
    events.Mail: attrgetter("mail_timeout"),
    events.Rcpt: attrgetter("rcpt_timeout"),
    events.Data: attrgetter("data_init_timeout"),
    events.MailData: attrgetter("data_done_timeout"),
    events.LastChunk: attrgetter("data_done_timeout"),
    events.Quit: attrgetter("quit_timeout"),
}

_PLACES: dict[type[Command] | None, str] = {
    None: "greeting",
    events.Ehlo: "hello",
    events.Helo: "hello",
    events.Lhlo: "hello",
    events.StartTls: "hello",
    events.Auth: "hello",
    events.AuthResponse: "hello",
    events.Rset: "mail",
    events.Mail: "mail",
    events.Rcpt: "rcpt",
    events.Data: "data",
    events.MailData: "dot",
    events.LastChunk: "dot",
    events.Quit: "dot",
}
"""What each command's missing answer counts as."""

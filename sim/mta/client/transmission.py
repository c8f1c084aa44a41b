"""The sending side of a session: which command goes out when, and what the replies mean for each recipient.

MAIL, RCPT and DATA ride together where the server offers PIPELINING, and QUIT rides behind the final dot, as in
Postfix's smtp(8); where the server offers CHUNKING, and the host uses it, a small message goes out whole with them (RFC
3030).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from sim.mail.path import Path
from sim.mta.client.dialogue import QUIT, Caller, Dialogue, as_failure
from sim.mta.client.envelope import Mailing, chunks, fit, fits_all
from sim.mta.queue.queue import Failure
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.events import Command, Parameters
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.states import State
from sim.scenario.spec import Host

_DATA, _RSET = events.Data(), events.Rset()

_TOO_MANY = (452, 552)
"""To RCPT: the server's recipient limit (RFC 5321 section 4.5.3.1.10)."""


class Transmission(Caller):
    """A host's side of one outbound session that offers one message to one server, or several in turn.

    `replies` holds the reply that decided each forward-path, for those that have one; `failure` what kept the others
    from getting one. `reports` says whether the server took what was asked about delivery reports (RFC 3461) upon
    itself. `stays` is asked whether the session is to be left open when the mail data goes out; the message in `next`
    rides with the mail data where it is there by then.

    Args:
        host: whose side this is.
        reverse_path: whom to tell of failures.
        forward_paths: whom the message is for, nobody twice.
        content: the mail data.
        parameters: what the message asks for, as MAIL's parameters; SMTPUTF8 must be there if a path needs it.
        recipient_parameters: those of each RCPT, in order; none at all where no RCPT has any.
        lmtp: whether LMTP is spoken (RFC 2033): a reply for each recipient decides.
        stays: says whether the session is left open; the host's `reuse` says what goes before the next MAIL, which
            rides behind the mail data only where it is known by then and the server offers PIPELINING.
        machine: the client's machine that goes on where roles were swapped. The session is then the only one that there
            is, so that it is kept after a refusal, too.
        secure: whether the connection begins with TLS.
    """

    __slots__ = (
        "_content",
        "_excess",
        "_forward_paths",
        "_only",
        "_parameters",
        "_pending",
        "_recipient_parameters",
        "_refused_at",
        "_resets",
        "_reverse_path",
        "_ridden",
        "_taken",
        "replies",
        "reports",
        "stays",
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
        stays: Callable[[], bool] | None = None,
        machine: Client | None = None,
        secure: bool = False,
    ) -> None:
        super().__init__(host, machine or Client(lmtp=lmtp, secure=secure), lmtp=lmtp)
        self._only = machine is not None
        self._reverse_path = reverse_path
        self._forward_paths = self._pending = forward_paths
        self._content = content
        self._parameters = parameters
        self._recipient_parameters = recipient_parameters
        self.stays = stays
        self._taken = False
        self._ridden: list[Reply] | None = None
        self._excess: list[Path] = []
        self.replies: dict[Path, Reply] = {}
        self._refused_at: dict[Path, str] = {}
        # Whether the transaction before was given up.
        self._resets = False
        self.reports = False

    def _errand(self, ridden: list[Reply] | None = None) -> Dialogue:
        """Offer the message, in as many transactions as the server's recipient limit makes of it.

        `ridden` are the replies to the first one's envelope, where that has gone out already.
        """
        if self._parameters or self._recipient_parameters or not fits_all(self._content, self._host.mta):
            failure = self._fit()
            if failure is not None:
                yield from self._leave(failure)
                return
        goes_on = True
        while goes_on:
            if self._chunks:
                goes_on = yield from self._offer_chunks()
            elif (yield from self._offer(ridden)):
                goes_on = yield from self._send_mail_data()
            else:
                goes_on = False
                self._decided = True
                yield from self._part()
            ridden = None
            if goes_on:
                self._pending = self._excess
                for path in self._pending:
                    del self.replies[path]

    def _part(self) -> Dialogue:
        """After a refusal QUIT, or the session is kept for another message, as the product does.

        Who has no other session keeps it. The transaction that was given up is reset first.
        """
        keeps = self._only or (self._keeps_refused() and not self._lmtp)
        if keeps and self.stays is not None and self._machine.state is not State.CLOSED:
            self.kept = self._resets = self.stays()
        if not self.kept:
            yield (QUIT,)

    def _keeps_refused(self) -> bool:
        """Whether the product goes on in a session with such a refusal, where more mail waits."""
        # Who lets the next message ride behind the final dot has no reset to send then.
        if self._host.reuse not in ("rset", "mail"):
            return False
        keeps, refused = self._host.mta.keeps_refused, self.replies.values()
        if keeps != "recipients" or self._chunks:
            return keeps == "any"
        places = {self._refused_at.get(path) for path in self.replies}
        return places == {"rcpt"} and any(reply.code >= 500 for reply in refused)

    def _another(self) -> Dialogue:
        """Keep the session until `resume`, and offer the message in `next`."""
        self.done = True
        yield ()
        mailing, ridden, self.next, self._ridden = self.next, self._ridden, None, None
        if mailing is None:
            return
        self._reverse_path, self._forward_paths, self._content, self._parameters, self._recipient_parameters = mailing
        self._pending = self._forward_paths
        self.replies, self._refused_at, self.reports = {}, {}, False
        if self._host.reuse == "rset" or self._only or self._resets:
            self._resets = False
            self.contacted = False
            reply = (yield (_RSET,))[0]
            if not reply.positive:
                yield from self._leave(as_failure(reply, "mail"))
                return
            self.contacted = True
        yield from self._errand(ridden)

    def _fit(self) -> Failure | None:
        """Make of the message what this server can take; give the reason if there is no such thing."""
        asked = Mailing(
            self._reverse_path, self._forward_paths, self._content, self._parameters, self._recipient_parameters
        )
        fitted = fit(asked, self._usable, self._host.mta)
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
            answers = yield from self._lockstep(self._envelope())
            if _taken(answers):
                answers += yield (_DATA,)
        return self._judge(answers)

    def _lockstep(self, commands: Sequence[Command]) -> Generator[tuple[Command, ...], list[Reply], list[Reply]]:
        """MAIL and each RCPT at a time, as long as there is a reason to go on."""
        answers: list[Reply] = []
        for command in commands:
            answers += yield (command,)
            self._settle_heard((command,), answers[-1:])
            if not answers[0].positive or answers[-1].code == 421:
                break
        return answers

    def _judge(self, answers: list[Reply]) -> bool:
        """Note what MAIL and RCPT got; true when DATA got its 354."""
        sender, *rest = answers
        pending = self._pending
        recipients = len(pending)
        self._excess = []
        if not sender.positive:
            self._taken = False
            self.replies |= dict.fromkeys(pending, sender)
            self._refused_at |= dict.fromkeys(pending, "mail")
            # It may wait for mail data all the same (RFC 2920 section 3.1).
            return any(reply.intermediate for reply in rest[recipients:])
        # A 421 may have come before all were answered.
        refused = {path: reply for path, reply in zip(pending, rest, strict=False) if not reply.positive}
        if answers[-1].code == 421:
            self._taken = False
            self._refused_at |= dict.fromkeys(pending, "rcpt" if len(rest) <= recipients else "data")
            self._refused_at |= dict.fromkeys(refused, "rcpt")
            self.replies |= dict.fromkeys(pending, answers[-1]) | refused
            return False
        self._taken = len(refused) < recipients
        if refused:
            self.replies |= refused
            self._refused_at |= dict.fromkeys(refused, "rcpt")
            if self._taken:
                self._excess = [path for path, reply in refused.items() if reply.code in _TOO_MANY]
        if len(rest) == recipients:
            return False
        go_ahead = rest[recipients]
        if not (go_ahead.intermediate or self._chunks):
            self._settle(go_ahead)
        return go_ahead.intermediate

    def _settle(self, reply: Reply, at: str = "data") -> None:
        """The reply decides for all of the transaction's recipients that have none."""
        for path in self._pending:
            if self.replies.setdefault(path, reply) is reply:
                self._refused_at[path] = at

    def _settle_heard(self, flight: tuple[Command, ...], replies: list[Reply]) -> None:
        """Replies that have come count one by one, whatever comes after them: a 250 is custody (RFC 5321 6.1)."""
        for number, (command, reply) in enumerate(zip(flight, replies, strict=False)):
            match command:
                case events.Mail() if not reply.positive:
                    self._settle(reply, "mail")
                case events.Rcpt(path) if not reply.positive:
                    if self.replies.setdefault(path, reply) is reply:
                        self._refused_at[path] = "rcpt"
                case events.Data() | events.Chunk() if not (reply.positive or reply.intermediate):
                    self._settle(reply)
                case events.MailData() | events.LastChunk():
                    # What rode behind is another message's, or nobody's; in LMTP each recipient has a reply here.
                    self._take_word(replies[number:])
                    return

    def _take_word(self, answers: list[Reply]) -> None:
        """What was answered to the mail data: to all of it, or in LMTP for each recipient that was accepted."""
        if self._lmtp:
            # In their order (RFC 2033 section 4.2).
            accepted = [path for path in self._pending if path not in self.replies]
            self.replies |= dict(zip(accepted, answers, strict=False))
        else:
            for path in self._pending:
                self.replies.setdefault(path, answers[0])

    def refusal(self, path: Path, host: str) -> Failure:
        """The reply that refused a forward-path, as the failure that it is; `host` gave it."""
        reply = self.replies[path]
        return Failure(reply.code, reply.enhanced, reply.text, host, self._refused_at.get(path, "dot"))

    def _send_mail_data(self) -> Generator[tuple[Command, ...], list[Reply], bool]:
        """The mail data, and what may ride behind it. Says whether another transaction is to follow."""
        # A server may answer 354 although it refused every recipient; then only the final dot may follow (RFC 2920
        # 3.1).
        mail_data = events.MailData(self._content if self._taken else b"")
        if self._taken:
            self._ask_to_stay()
        if self._pipelining and not self.kept and not self._excess and not self._only:
            behind: tuple[Command, ...] = (QUIT,)
        else:
            behind = self._riders()
        self._owed = self._replies_owed() if self._lmtp else 0
        answers = yield (mail_data, *behind)
        goes_on = self._conclude(answers)
        if self.kept:
            self._ridden = answers[1:] or None
        elif not (goes_on or behind):
            yield from self._part()
        return goes_on

    def _riders(self) -> tuple[Command, ...]:
        """What of the next message goes out behind the final dot: its envelope, where that needs nothing special."""
        following = self.next
        if following is None or not self._pipelining or self._host.reuse != "ride" or self._lmtp:
            return ()
        if following.parameters or following.recipient_parameters:
            return ()
        if not fits_all(following.content, self._host.mta):
            return ()
        size = (("SIZE", str(len(following.content))),) if "SIZE" in self._usable else ()
        recipients = [events.Rcpt(path) for path in following.forward_paths]
        return (events.Mail(following.reverse_path, size), *recipients, _DATA)

    def _offer_chunks(self) -> Generator[tuple[Command, ...], list[Reply], bool]:
        """MAIL, RCPT and the mail data in chunks. Says whether another transaction is to follow."""
        pieces = chunks(self._content, self._host.mta)
        commands = self._envelope()
        behind: tuple[Command, ...] = ()
        if self._pipelining and not self._lmtp and len(pieces[0].content) <= self._host.mta.chunk_limit:
            first, pieces = pieces[0], pieces[1:]
            behind = self._quit_behind(first)
            answers = yield (*commands, first, *behind)
            self._judge(answers)
            answers = answers[len(commands) :]
        else:
            self._judge((yield tuple(commands)) if self._pipelining else (yield from self._lockstep(commands)))
            answers = []
        for piece in pieces if self._taken else ():
            if answers and not answers[0].positive:
                break
            behind = self._quit_behind(piece)
            self._owed = self._replies_owed() if isinstance(piece, events.LastChunk) else 0
            answers = yield (piece, *behind)
        return (yield from self._end_chunks(answers, behind))

    def _quit_behind(self, piece: events.Chunk | events.LastChunk) -> tuple[Command, ...]:
        """QUIT, where it goes out with the end of the mail data (Exim's smtp.c), and the session is not to be kept."""
        if isinstance(piece, events.Chunk) or not (self._pipelining and self._host.mta.half_closes):
            return ()
        self._ask_to_stay()
        return () if self.kept or self._excess or self._only else (QUIT,)

    def _end_chunks(
        self, answers: list[Reply], behind: tuple[Command, ...]
    ) -> Generator[tuple[Command, ...], list[Reply], bool]:
        """Take the word on the last chunk, or on one that was refused; then keep the session, or part."""
        goes_on = False
        if self._taken and answers:
            if not self._host.mta.half_closes:
                self._ask_to_stay()
            goes_on = self._conclude(answers)
        else:
            self.kept = False
        if behind:
            self._decided = True
            return False
        if not (self.kept or goes_on):
            self._decided = True
            yield from self._part()
        return goes_on

    def _ask_to_stay(self) -> None:
        """Whether the session is kept; where somebody was refused for the time being, another host may be tried."""
        if self.stays is not None and not self.replies and not self._only:
            self.kept = self.stays()

    def _replies_owed(self) -> int:
        """How many replies more than one LMTP's mail data gets."""
        return sum(path not in self.replies for path in self._pending) - 1 if self._lmtp and self._taken else 0

    def _conclude(self, answers: list[Reply]) -> bool:
        """Take the word on the mail data; says whether another transaction is to follow."""
        word = answers[0]
        self._take_word(answers)
        self._owed = 0
        if self._excess and word.positive:
            return True
        self._decided = True
        return False


def _taken(answers: list[Reply]) -> bool:
    """Whether MAIL and a recipient were accepted, and the session goes on."""
    return answers[-1].code != 421 and any(reply.positive for reply in answers[1:])

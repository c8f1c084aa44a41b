"""The sending side of a session: which command goes out when, and what the replies mean for each recipient.

MAIL, RCPT and DATA go out together where the server offers PIPELINING, and QUIT goes out behind the final dot, as in
Postfix's smtp(8); where the server offers CHUNKING, and the host uses it, a small message goes out whole with them (RFC
3030).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import ClassVar

from sim.mail.path import Path
from sim.mta.client.dialogue import QUIT, Row, SmtpDialogue, Step
from sim.mta.client.envelope import Fitted, Mailing, chunks, fit, fits_all
from sim.mta.queue.failure import Failure
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.events import Command
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.states import CLOSING_CODE, State
from sim.scenario.products.base import Product
from sim.scenario.spec import Host

_DATA, _RSET = events.Data(), events.Rset()

_CONTENT = (events.MailData, events.Chunk, events.LastChunk)

_SETTLES: Mapping[type, str] = {
    events.Mail: "mail",
    events.Rcpt: "rcpt",
    events.Data: "data",
    events.Chunk: "data",
    events.LastChunk: "data",
}
"""What a refusal decides for all recipients that have no reply: of RCPT and of a chunk behind it, only a 421 does."""

_TOO_MANY = (452, 552)
"""To RCPT: the server's recipient limit (RFC 5321 section 4.5.3.1.10)."""


class Transmission(SmtpDialogue):
    """A host's side of one outbound session that offers one message to one server, or several in turn.

    `replies` holds the reply that decided each forward-path, for those that have one; `failure` what kept the others
    from getting one. `reports` says whether the server took what was asked about delivery reports (RFC 3461) upon
    itself.

    Args:
        host: whose side this is.
        mailing: the message; SMTPUTF8 must be among its parameters if a path needs it.
        lmtp: whether LMTP is spoken (RFC 2033): a reply for each recipient decides.
        stays: asked whether the session is left open when the mail data goes out, or when it has come to nothing;
            gives the message that follows where it is known by then. The host's `reuse` says what goes before the next
            MAIL, which goes out behind the mail data only where its message is known and the server offers PIPELINING.
        machine: the client's machine that goes on where roles were swapped. The session is then the only one that there
            is, so that it is kept after a refusal, too.
        secure: whether the connection begins with TLS.
        fit: makes of the message what a server can take.
    """

    __slots__ = (
        "_excess",
        "_fit",
        "_mailing",
        "_next",
        "_only",
        "_pending",
        "_pieces",
        "_refused_at",
        "_resets",
        "_stays",
        "_unsaid",
        "_word",
        "replies",
        "reports",
    )

    def __init__(
        self,
        host: Host,
        mailing: Mailing,
        *,
        lmtp: bool = False,
        stays: Callable[[], Mailing | bool] | None = None,
        machine: Client | None = None,
        secure: bool = False,
        fit: Callable[[Mailing, Collection[str], Product], Fitted | Failure] = fit,
    ) -> None:
        super().__init__(host, machine or Client(lmtp=lmtp, secure=secure), lmtp=lmtp)
        self._only = machine is not None
        self._mailing = mailing
        self._stays = stays
        self._fit = fit
        self._next: Mailing | None = None
        # The recipients of the transaction, those of them that were too many for it, and the reply that decides.
        self._pending = mailing.forward_paths
        self._excess: list[Path] = []
        self._word: Reply | None = None
        # What has yet to go out, one by one: commands of the envelope, and chunks.
        self._unsaid: list[Command] = []
        self._pieces: list[events.Chunk | events.LastChunk] = []
        # Whether the transaction before was given up.
        self._resets = False
        self.replies: dict[Path, Reply] = {}
        self._refused_at: dict[Path, str] = {}
        self.reports = False

    @property
    def reads(self) -> int:
        """All of the message before MAIL, and again before the mail data."""
        looks = self._says and isinstance(self._says[0], events.Mail | events.MailData)
        return len(self._mailing.content) if looks else 0

    def follow(self, mailing: Mailing, stays: Callable[[], Mailing | bool] | None) -> None:
        """A session that was kept is to `resume` with this message."""
        self._next, self._stays = mailing, stays

    def refusal(self, path: Path, host: str) -> Failure:
        """The reply that refused a forward-path, as the failure that it is; `host` gave it."""
        reply = self.replies[path]
        return Failure(reply.code, reply.enhanced, reply.text, host, self._refused_at.get(path, "dot"))

    def _note(self, command: Command | None, reply: Reply) -> None:
        """Replies that have come count one by one, whatever comes after them: a 250 is custody (RFC 5321 6.1)."""
        first = self._flight[0]
        if command is not first and isinstance(first, events.MailData):
            # What went out behind is another message's, or nobody's.
            return
        if isinstance(command, events.Rcpt) and reply.code != CLOSING_CODE:
            if self.replies.setdefault(command.forward_path, reply) is reply:
                self._refused_at[command.forward_path] = "rcpt"
            if reply.code in _TOO_MANY:
                self._excess.append(command.forward_path)
        elif isinstance(command, _CONTENT) and (reply.code != CLOSING_CODE or command is first):
            unanswered = self._unanswered()
            if self._word is None and unanswered:
                self._word = reply
            # In LMTP each has a reply of his own, in their order (RFC 2033 section 4.2).
            self.replies |= dict.fromkeys(unanswered[:1] if self._lmtp else unanswered, reply)
        elif (place := _SETTLES.get(type(command))) is not None:
            self._settle(reply, place)

    def _settle(self, reply: Reply, at: str) -> None:
        """The reply decides for all of the transaction's recipients that have none."""
        unanswered = self._unanswered()
        self.replies |= dict.fromkeys(unanswered, reply)
        self._refused_at |= dict.fromkeys(unanswered, at)

    def _unanswered(self) -> Sequence[Path]:
        """The recipients for whom nothing has decided: after the envelope, those that were accepted."""
        return [path for path in self._pending if path not in self.replies] if self.replies else self._pending

    def _begin(self) -> str:
        self.contacted = True
        mailing = self._mailing
        if mailing.parameters or mailing.recipient_parameters or not fits_all(mailing.content, self._host.mta):
            fitted = self._fit(mailing, self._usable, self._host.mta)
            if isinstance(fitted, Failure):
                self.failure = fitted
                # Who has no other session goes on in it with what waits beside this.
                return Step.GIVEN_UP if self._only else Step.QUIT
            self._mailing = mailing._replace(**fitted._asdict())
            self.reports = "DSN" in self._usable
        return Step.MAIL

    def _say_mail(self) -> tuple[Command, ...] | str:
        self._unsaid = self._envelope()
        self._pieces = chunks(self._mailing.content, self._host.mta) if self._chunks else []
        if self._pipelining:
            return Step.ENVELOPE_AND_CHUNK if self._chunks else Step.ENVELOPE
        self._excess, self._word = [], None
        return (self._unsaid.pop(0),)

    def _envelope(self) -> list[Command]:
        """MAIL, and RCPT for those who are to be offered in this transaction."""
        mailing, parameters = self._mailing, self._mailing.parameters
        if "SIZE" in self._usable:
            parameters = (("SIZE", str(len(mailing.content))), *parameters)
        mail = events.Mail(mailing.reverse_path, parameters)
        if not mailing.recipient_parameters:
            return [mail, *[events.Rcpt(path) for path in self._pending]]
        asked = dict(zip(mailing.forward_paths, mailing.recipient_parameters, strict=True))
        return [mail, *[events.Rcpt(path, asked[path]) for path in self._pending]]

    def _say_rcpt(self) -> tuple[Command, ...] | str:
        return (self._unsaid.pop(0),) if self._unsaid else Step.DATA

    def _say_data(self) -> tuple[Command, ...] | str:
        if not self._unanswered():
            return Step.TRANSACTION_END if self._chunks else Step.GIVEN_UP
        return Step.CHUNK if self._chunks else (_DATA,)

    def _say_envelope(self) -> tuple[Command, ...]:
        self._excess, self._word = [], None
        return (*self._unsaid, _DATA)

    def _say_envelope_and_chunk(self) -> tuple[Command, ...]:
        flight: tuple[Command, ...] = tuple(self._unsaid)
        if not self._lmtp and len(self._pieces[0].content) <= self._host.mta.chunk_limit:
            piece = self._pieces.pop(0)
            flight = (*flight, piece, *self._quit_behind(piece))
        self._excess, self._word = [], None
        return flight

    def _say_chunk(self) -> tuple[Command, ...] | str:
        unanswered = self._unanswered()
        if not (unanswered and self._pieces):
            return Step.TRANSACTION_END
        piece = self._pieces.pop(0)
        if self._lmtp and isinstance(piece, events.LastChunk):
            self._owed = len(unanswered) - 1
        return (piece, *self._quit_behind(piece))

    def _quit_behind(self, piece: events.Chunk | events.LastChunk) -> tuple[Command, ...]:
        """QUIT, where it goes out with the end of the mail data (Exim's smtp.c), and the session is not to be kept."""
        if isinstance(piece, events.Chunk) or not (self._pipelining and self.half_closes):
            return ()
        self._ask_to_stay()
        return () if self.kept or self._excess or self._only else (QUIT,)

    def _say_mail_data(self) -> tuple[Command, ...]:
        """The mail data, and what may go out behind it.

        A server may answer 354 although it refused every recipient; then only the final dot may follow (RFC 2920
        section 3.1).
        """
        unanswered = self._unanswered()
        if unanswered:
            self._ask_to_stay()
        else:
            self._excess = []
        behind = self._next_envelope()
        if self._pipelining and not (self.kept or self._excess or self._only):
            behind = (QUIT,)
        if self._lmtp and unanswered:
            self._owed = len(unanswered) - 1
        return (events.MailData(self._mailing.content if unanswered else b""), *behind)

    def _next_envelope(self) -> tuple[Command, ...]:
        """What of the next message goes out behind the final dot: its envelope, where that needs nothing special."""
        following = self._next
        if following is None or not self._pipelining or self._host.reuse != "pipeline" or self._lmtp:
            return ()
        if following.parameters or following.recipient_parameters or not fits_all(following.content, self._host.mta):
            return ()
        size = (("SIZE", str(len(following.content))),) if "SIZE" in self._usable else ()
        recipients = [events.Rcpt(path) for path in following.forward_paths]
        return (events.Mail(following.reverse_path, size), *recipients, _DATA)

    def _end_transaction(self) -> str:
        """Another transaction for those who were too many for this one, another message, or no more."""
        if self._chunks:
            if self._word is None:
                self.kept = False
            elif not self.half_closes:
                self._ask_to_stay()
        if self._flight[-1] is QUIT:
            return Step.CLOSED
        if self._excess and self._word is not None and self._word.positive:
            self._pending = self._excess
            for path in self._pending:
                del self.replies[path]
            return Step.MAIL
        return Step.KEPT if self.kept else Step.GIVEN_UP

    def _give_up(self) -> str:
        """After a refusal QUIT, or the session is kept for another message, as the product does.

        Who has no other session keeps it. The transaction that was given up is reset first.
        """
        keeps = self._only or (self._keeps_refused() and not self._lmtp)
        if keeps and self._machine.state is not State.CLOSED:
            self.kept = self._resets = self._asked_to_stay()
        return Step.KEPT if self.kept else Step.QUIT

    def _keeps_refused(self) -> bool:
        """Whether the product goes on in a session with such a refusal, where more mail waits."""
        # Who sends the next envelope behind the final dot has no reset to send then.
        if self._host.reuse not in ("rset", "mail"):
            return False
        keeps, refused = self._host.mta.keeps_refused, self.replies.values()
        if keeps != "recipients" or self._chunks:
            return keeps == "any"
        places = {self._refused_at.get(path) for path in self.replies}
        return places == {"rcpt"} and any(reply.code >= 500 for reply in refused)

    def _ask_to_stay(self) -> None:
        """Whether the session is kept; where somebody was refused for the time being, another host may be tried."""
        if not self._refused_at and not self._only:
            self.kept = self._asked_to_stay()

    def _asked_to_stay(self) -> bool:
        stays = self._stays() if self._stays is not None else False
        if isinstance(stays, Mailing):
            self._next = stays
        return bool(stays)

    def _begin_next(self) -> tuple[Command, ...] | str:
        mailing, self._next = self._next, None
        if mailing is None:
            return Step.CLOSED
        self._mailing, self._pending = mailing, mailing.forward_paths
        self.replies, self._refused_at, self.reports = {}, {}, False
        if self._host.reuse == "rset" or self._only or self._resets:
            self._resets, self.contacted = False, False
            return (_RSET,)
        if isinstance(self._flight[0], events.MailData) and len(self._flight) > 1:
            # Its envelope went out behind the mail data, and has been answered.
            self._excess, self._word = [], None
            self._flight, self._heard = self._flight[1:], self._heard[1:]
            for command, reply in zip(self._flight, self._heard, strict=True):
                if reply.code >= 400:
                    self._note(command, reply)
            return self.STEPS[Step.ENVELOPE].then[self._heard[-1].code // 100]
        return Step.ERRAND

    NOTED: ClassVar[frozenset[type]] = frozenset({events.MailData, events.LastChunk})

    STEPS: ClassVar[Mapping[str, Row]] = {
        **SmtpDialogue.STEPS,
        Step.ERRAND: Row(_begin, {}),
        Step.MAIL: Row(_say_mail, {2: Step.RCPT, 4: Step.GIVEN_UP, 5: Step.GIVEN_UP}),
        Step.RCPT: Row(_say_rcpt, {2: Step.RCPT, 4: Step.RCPT, 5: Step.RCPT}),
        Step.DATA: Row(_say_data, {3: Step.MAIL_DATA, 4: Step.GIVEN_UP, 5: Step.GIVEN_UP}),
        Step.ENVELOPE: Row(_say_envelope, {2: Step.GIVEN_UP, 3: Step.MAIL_DATA, 4: Step.GIVEN_UP, 5: Step.GIVEN_UP}),
        Step.ENVELOPE_AND_CHUNK: Row(
            _say_envelope_and_chunk, {2: Step.CHUNK, 3: Step.CHUNK, 4: Step.CHUNK, 5: Step.CHUNK}
        ),
        Step.CHUNK: Row(_say_chunk, {2: Step.CHUNK, 4: Step.CHUNK, 5: Step.CHUNK}),
        Step.MAIL_DATA: Row(_say_mail_data, dict.fromkeys((2, 3, 4, 5), Step.TRANSACTION_END)),
        Step.TRANSACTION_END: Row(_end_transaction, {}),
        Step.GIVEN_UP: Row(_give_up, {}),
        Step.KEPT: Row(SmtpDialogue.be_done, {}),
        Step.NEXT: Row(_begin_next, {2: Step.ERRAND, 4: Step.REFUSED, 5: Step.REFUSED}),
    }
    """As every client, with MAIL, RCPT and the mail data; one by one, or as many at once as the server takes."""

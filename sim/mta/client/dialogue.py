"""A host's side of an outbound session: flights of commands out, replies in, by a table of steps.

    step -> what is said -> first digit of the reply to it -> next step

A step may say nothing here and now, and name the one to go to instead. Where a flight has several commands, each reply
is noted as it comes, and the last one decides. Pure: `write` gives the next flight, `read` takes the server's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, ClassVar, Final

from sim.mta.client.auth import NO_MECHANISM, Authentication, auth_failure
from sim.mta.queue.failure import Failure
from sim.protocol.events import NEED_DATA
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import Command
from sim.protocol.smtp.replies import Reply
from sim.protocol.smtp.states import CLOSING_CODE
from sim.scenario.products.base import Product
from sim.scenario.spec import Host

QUIT = events.Quit()


class Step:
    """Where a client's dialogue stands: plain words, since an Enum's members are slow to reach in CPython 3.11."""

    GREETING: Final = "greeting"
    EHLO: Final = "ehlo"
    HELO: Final = "helo"
    STARTTLS: Final = "starttls"
    TLS: Final = "tls"
    AUTH: Final = "auth"
    AUTH_RESPONSE: Final = "auth response"
    READY: Final = "ready"
    """What the server can do is known."""
    ERRAND: Final = "errand"
    """What the client came for begins."""
    ASK: Final = "ask"
    """ETRN, TURN or ATRN."""
    MAIL: Final = "mail"
    RCPT: Final = "rcpt"
    DATA: Final = "data"
    ENVELOPE: Final = "envelope"
    """MAIL, RCPT and DATA in one flight."""
    ENVELOPE_AND_CHUNK: Final = "envelope and chunk"
    """MAIL and RCPT in one flight, and BDAT where it may be there."""
    CHUNK: Final = "chunk"
    MAIL_DATA: Final = "mail data"
    TRANSACTION_END: Final = "transaction end"
    REFUSED: Final = "refused"
    """The session is refused."""
    AUTH_FAILED: Final = "auth failed"
    GIVEN_UP: Final = "given up"
    """The transaction is given up."""
    KEPT: Final = "kept"
    """The session is left open."""
    NEXT: Final = "next"
    """The next message of a session that was kept."""
    QUIT: Final = "quit"
    CLOSED: Final = "closed"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: gives the flight that is said, or the step to go to instead; and the next steps by digit."""

    says: Callable[[Any], tuple[Command, ...] | str]
    then: Mapping[int, str]


class SmtpDialogue:
    """What a host that connects to another says: it greets, has TLS and AUTH as far as both sides do, and quits.

    `contacted` turns true when what it came for begins, `round_trips` counts the flights written until the fate of that
    was known, `done` says that nothing is left to say about it, and `failure` why it came to nothing, where no reply
    says so. `kept` says that the session has been left open for another message.
    `wants_tls` is true once STARTTLS got its 220: the driver shakes hands and then calls `secured`.

    Args:
        host: whose side this is.
        machine: the client's machine: a new one, or one that goes on where roles were swapped.
        lmtp: whether LMTP is spoken (RFC 2033).
    """

    __slots__ = (
        "_auth",
        "_awaited",
        "_chunks",
        "_flight",
        "_heard",
        "_host",
        "_lmtp",
        "_machine",
        "_owed",
        "_pipelining",
        "_says",
        "_step",
        "_usable",
        "contacted",
        "done",
        "failure",
        "kept",
        "round_trips",
        "wants_tls",
    )

    def __init__(self, host: Host, machine: Client, *, lmtp: bool = False) -> None:
        self._host = host
        self._lmtp = lmtp
        self._machine = machine
        self._usable: frozenset[str] = frozenset()
        self._pipelining = self._chunks = False
        self._auth: Authentication | None = None
        self._step: str = Step.GREETING
        # What is to be said, and how many replies more than one its first command gets; what was said last, a command
        # for each reply that it gets, and the replies so far. The connection itself asks for the greeting.
        self._says: tuple[Command, ...] = ()
        self._flight: tuple[Command | None, ...] = (None,)
        self._heard: list[Reply] = []
        self._owed = 0
        self._awaited: type[Command | None] = type(None)
        self.failure: Failure | None = None
        self.contacted = self.done = self.kept = self.wants_tls = False
        self.round_trips = 0

    def write(self) -> bytes:
        """The next flight; empty when it waits for the server or for TLS, or is done."""
        flight, self._says = self._says, ()
        if not flight:
            return b""
        # In LMTP mail data gets a reply for each recipient: it stands there once for each.
        self._flight, self._heard = (flight[0],) * self._owed + flight if self._owed else flight, []
        self.round_trips += flight[0] is not QUIT
        self._awaited = type(flight[0] if not self._chunks else _deciding(flight))
        return self._machine.send(*flight)

    def read(self, data: bytes) -> None:
        """Take what the server wrote."""
        machine, heard, noted = self._machine, self._heard, self.NOTED
        machine.receive_data(data)
        next_event, code = machine.next_event, 0
        try:
            for command in self._flight[len(heard) :] if heard else self._flight:
                reply = next_event()
                if not isinstance(reply, Reply):
                    self._break_off(reply is NEED_DATA)
                    return
                heard.append(reply)
                code = reply.code
                if code >= 400 or type(command) in noted:
                    self._note(command, reply)
                    if code == CLOSING_CODE:
                        break
        except RemoteProtocolError as error:
            self.end(Failure(0, "4.5.0", f"the server broke the protocol: {error}", at=self.awaits))
            return
        if code:
            self._enter(self.STEPS[self._step].then[code // 100])
            if code == CLOSING_CODE:
                self._says, self.done, self.kept = (), True, False

    def _break_off(self, more: bool) -> None:
        """Not all of a flight is answered: more is to come, or nothing."""
        if not more:
            self.end(Failure(0, "4.4.2", "lost connection with the server", at=self.awaits))
        elif self._heard:
            self._awaited = type(self._flight[len(self._heard)])

    def secured(self) -> None:
        """TLS protects the connection from here on: the dialogue begins anew with EHLO (RFC 3207 section 4.2)."""
        self.wants_tls = False
        self._enter(Step.EHLO)

    def resume(self) -> None:
        """Begin with the next message; what came of the one before is forgotten."""
        self.done = self.kept = False
        self.failure, self.round_trips = None, 0
        self._enter(Step.NEXT)

    @property
    def reads(self) -> int:
        """How many octets of a message it looks through before it writes its next flight."""
        return 0

    @property
    def awaits(self) -> str:
        """What the server is to answer next: one of `products.tables.PLACES`."""
        return _AWAITED[self._awaited][0]

    def timeout(self) -> float:
        """How long the host waits for the answer to what it wrote last, in s (RFC 5321 section 4.5.3.2)."""
        return _AWAITED[self._awaited][1](self._host.mta)

    @property
    def connect_timeout(self) -> float:
        """How long it waits to be connected, in s."""
        return self._host.mta.connect_timeout

    @property
    def session_timeout(self) -> float:
        """How long a session may last, in s."""
        return self._host.mta.session_timeout

    @property
    def write_timeout(self) -> float:
        """How long each write of mail data waits for room in its socket, in s."""
        return self._host.mta.data_xfer_timeout

    @property
    def flight_timeout(self) -> float:
        """How long all writes of mail data wait for room together, in s."""
        return self._host.mta.data_total_timeout

    @property
    def write_size(self) -> int:
        """How many octets it writes at once, with Nagle's algorithm on; 0: whole flights, or with it off."""
        return self._host.mta.write_size

    @property
    def half_closes(self) -> bool:
        """Whether it closes its side of the connection with QUIT."""
        return self._host.mta.half_closes

    def complete(self, octets: bytes) -> int:
        """How many of the first octets of a flight of the server's are whole lines."""
        return octets.rfind(b"\n") + 1

    def end(self, failure: Failure) -> None:
        """The session is over before its time: what has been answered counts, the failure is for the rest."""
        self.failure = self.failure or failure
        self._says, self.done, self.kept = (), True, False

    def _enter(self, step: str) -> None:
        """Go to a step, and on from there until one has something to say, or has to wait."""
        self._owed, steps = 0, self.STEPS
        says = steps[step].says(self)
        while isinstance(says, str):
            step = says
            says = steps[step].says(self)
        self._step, self._says = step, says

    def _note(self, command: Command | None, reply: Reply) -> None:
        """What a reply means that refuses a command, or answers one of `NOTED`."""

    def _wait(self) -> tuple[Command, ...]:
        return ()

    def _say_ehlo(self) -> tuple[Command, ...] | str:
        host = self._host
        if self._lmtp:
            return (events.Lhlo(host.domain),)
        # Who uses no extension need not ask for them (qmail-remote.c, nullmailer's protocols/smtp.cc without AUTH).
        if host.esmtp and (host.uses or host.mta.greets_with == "EHLO"):
            return (_ehlo(host.domain),)
        return Step.HELO

    def _say_helo(self) -> tuple[Command, ...] | str:
        return Step.REFUSED if self._lmtp else (events.Helo(self._host.domain),)

    def _say_starttls(self) -> tuple[Command, ...] | str:
        """A server that refuses TLS after all gets its mail in the clear (opportunistic TLS, RFC 7435)."""
        machine = self._machine
        wanted = "STARTTLS" in machine.extensions and "STARTTLS" in self._host.uses and not machine.secure
        return (events.StartTls(),) if wanted else Step.AUTH

    def _shake_hands(self) -> tuple[Command, ...]:
        self.wants_tls = True
        return ()

    def _say_auth(self) -> tuple[Command, ...] | str:
        """A server that offers no AUTH is not asked for it."""
        login, offer = self._host.login, self._machine.extensions.get("AUTH")
        if login is None or offer is None:
            return Step.READY
        self._auth = Authentication.with_best(login, offer, initial=self._host.mta.initial_response)
        if self._auth is None:
            self.failure = NO_MECHANISM
            return Step.QUIT
        return (self._auth.begin(),)

    def _say_auth_response(self) -> tuple[Command, ...] | str:
        response = self._auth.respond(self._heard[-1]) if self._auth is not None else None
        if response is None:
            self.failure = auth_failure(self._heard[-1])
            return Step.CLOSED
        return (response,)

    def _fail_auth(self) -> str:
        self.failure = auth_failure(self._heard[-1])
        return Step.QUIT

    def _take_refusal(self) -> str:
        """It blames no host, for it is not about the mail."""
        reply = self._heard[-1]
        self.failure = Failure(reply.code, reply.enhanced, reply.text, at=self.awaits)
        return Step.QUIT

    def _be_ready(self) -> str:
        self._usable = _usable(self._host.uses, self._machine.offered)
        self._pipelining, self._chunks = "PIPELINING" in self._usable, "CHUNKING" in self._usable
        self.contacted = True
        return Step.ERRAND

    def _say_quit(self) -> tuple[Command, ...]:
        return (QUIT,)

    def be_done(self) -> tuple[Command, ...]:
        """Nothing is left to say."""
        self.done = True
        return ()

    NOTED: ClassVar[frozenset[type]] = frozenset()
    """The commands whose replies are noted even if they are no refusals."""

    STEPS: ClassVar[Mapping[str, Row]] = {
        Step.GREETING: Row(_wait, {2: Step.EHLO, 4: Step.REFUSED, 5: Step.REFUSED}),
        Step.EHLO: Row(_say_ehlo, {2: Step.STARTTLS, 4: Step.REFUSED, 5: Step.HELO}),
        Step.HELO: Row(_say_helo, {2: Step.STARTTLS, 4: Step.REFUSED, 5: Step.REFUSED}),
        Step.STARTTLS: Row(_say_starttls, {2: Step.TLS, 4: Step.AUTH, 5: Step.AUTH}),
        Step.TLS: Row(_shake_hands, {}),
        Step.AUTH: Row(_say_auth, {2: Step.READY, 3: Step.AUTH_RESPONSE, 4: Step.AUTH_FAILED, 5: Step.AUTH_FAILED}),
        Step.AUTH_RESPONSE: Row(
            _say_auth_response, {2: Step.READY, 3: Step.AUTH_RESPONSE, 4: Step.AUTH_FAILED, 5: Step.AUTH_FAILED}
        ),
        Step.READY: Row(_be_ready, {}),
        Step.REFUSED: Row(_take_refusal, {}),
        Step.AUTH_FAILED: Row(_fail_auth, {}),
        Step.QUIT: Row(_say_quit, {2: Step.CLOSED, 4: Step.CLOSED, 5: Step.CLOSED}),
        Step.CLOSED: Row(be_done, {}),
    }
    """What every client says; what it came for is ERRAND's, which those have that come for something."""


class QuitOnly(SmtpDialogue):
    """A client that came to be one by TURN, and has nothing to say: QUIT to the greeting."""

    __slots__ = ()

    STEPS: ClassVar[Mapping[str, Row]] = {
        **SmtpDialogue.STEPS,
        Step.GREETING: Row(lambda _: (), {2: Step.QUIT, 4: Step.QUIT, 5: Step.QUIT}),
    }


def _deciding(flight: tuple[Command, ...]) -> Command:
    """Chunks go out behind the envelope, and it is their reply that takes its time; QUIT may go out behind them."""
    return flight[-2] if len(flight) > 1 and flight[-1] is QUIT else flight[-1]


_ehlo = lru_cache(maxsize=1024)(events.Ehlo)


@lru_cache(maxsize=1024)
def _usable(uses: tuple[str, ...], offered: tuple[str, ...]) -> frozenset[str]:
    return frozenset(uses).intersection(offered)


_HELLO = ("hello", attrgetter("helo_timeout"))

_AWAITED: Mapping[type, tuple[str, Callable[[Product], float]]] = {
    type(None): ("greeting", attrgetter("helo_timeout")),
    **dict.fromkeys([events.Ehlo, events.Helo, events.Lhlo, events.StartTls, events.Auth, events.AuthResponse], _HELLO),
    **dict.fromkeys([events.Etrn, events.Turn, events.Atrn], _HELLO),
    events.Rset: ("mail", attrgetter("helo_timeout")),
    events.Mail: ("mail", attrgetter("mail_timeout")),
    events.Rcpt: ("rcpt", attrgetter("rcpt_timeout")),
    events.Data: ("data", attrgetter("data_init_timeout")),
    events.Chunk: ("data", attrgetter("data_init_timeout")),
    events.MailData: ("dot", attrgetter("data_done_timeout")),
    events.LastChunk: ("dot", attrgetter("data_done_timeout")),
    events.Quit: ("dot", attrgetter("quit_timeout")),
}
"""What each command's missing answer counts as, and how long the answer is waited for."""

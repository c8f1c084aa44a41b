"""A host's side of an outbound session: flights of commands out, replies in, up to where it says what it came for.

Pure: `write` gives the next flight, `read` takes the server's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import lru_cache
from operator import attrgetter

from sim.mta.client import auth
from sim.mta.client.envelope import Mailing
from sim.mta.queue.queue import Failure
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.errors import RemoteProtocolError
from sim.protocol.smtp.events import NEED_DATA, Command, ConnectionClosed
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import Product
from sim.scenario.spec import Host

__all__ = ["QUIT", "Caller", "Dialogue", "Farewell", "as_failure"]

QUIT = events.Quit()
Dialogue = Generator[tuple[Command, ...], list[Reply], None]
"""Gives the commands of a flight, and is sent their replies."""


class Caller:
    """What a host that connects to another says: `_errand` holds what it came for.

    `contacted` turns true when the errand begins, `round_trips` counts the flights written until its fate was known,
    `done` says that nothing is left to say about it, and `failure` why it came to nothing, where no reply says so.
    `kept` says that the session has been left open for what is in `next` then.
    `wants_tls` is true once STARTTLS got its 220: the caller's driver shakes hands and then calls `secured`.

    Args:
        host: whose side this is.
        machine: the client's machine: a new one, or one that goes on where roles were swapped.
        lmtp: whether LMTP is spoken (RFC 2033).
    """

    __slots__ = (
        "_awaited",
        "_chunks",
        "_decided",
        "_dialogue",
        "_flight",
        "_group",
        "_host",
        "_lmtp",
        "_machine",
        "_owed",
        "_pipelining",
        "_read",
        "_usable",
        "_waits_for",
        "contacted",
        "done",
        "failure",
        "kept",
        "next",
        "round_trips",
        "wants_tls",
    )

    def __init__(self, host: Host, machine: Client, *, lmtp: bool = False) -> None:
        self._host = host
        self._lmtp = lmtp
        self._machine = machine
        self._chunks = False
        self._usable: frozenset[str] = frozenset()
        self._pipelining = False
        self._owed = 0
        self._read: list[Reply] = []
        self._awaited = 1
        self._waits_for: type[Command] | None = None
        self._decided = False
        self.failure: Failure | None = None
        self.contacted = False
        self.done = self.kept = False
        self.next: Mailing | None = None
        self.round_trips = 0
        self.wants_tls = False
        self._dialogue = self._converse()
        self._flight: tuple[Command, ...] = ()
        self._group: tuple[Command, ...] = next(self._dialogue)

    def write(self) -> bytes:
        """The next flight; empty when it waits for the server or for TLS, or is done."""
        group, self._group = self._group, ()
        if not group:
            return b""
        self._flight = group
        self.round_trips += not self._decided
        self._awaited = len(group) + self._owed
        self._waits_for = type(group[0] if not self._chunks else _deciding(group))
        return self._machine.send(*group)

    def read(self, data: bytes) -> None:
        """Take what the server wrote."""
        answers = self._gather(data)
        if answers is None:
            return
        try:
            self._group = self._dialogue.send(answers)
        except StopIteration:
            self.done = True
        if answers and answers[-1].code == 421:
            self._group, self.done, self.kept = (), True, False

    def _gather(self, data: bytes) -> list[Reply] | None:
        """Take a piece of a flight, or one with something unusual in it; gives the replies once all are there."""
        machine, answered, missing = self._machine, self._read, self._awaited - len(self._read)
        machine.receive_data(data)
        try:
            while missing > 0 and not (answered and answered[-1].code == 421):
                event = machine.next_event()
                if event is NEED_DATA:
                    self._note_wait()
                    return None
                if isinstance(event, ConnectionClosed):
                    self.end(Failure(0, "4.4.2", "lost connection with the server", at=self.awaits))
                    return None
                answered.append(event)
                missing -= 1
        except RemoteProtocolError as error:
            self.end(Failure(0, "4.5.0", f"the server broke the protocol: {error}", at=self.awaits))
            return None
        self._read = []
        return answered

    def _note_wait(self) -> None:
        """Of a flight that is answered in part, what is to be answered next; in LMTP mail data has several replies."""
        if self._read:
            self._waits_for = type(self._flight[max(len(self._read) - self._owed, 0)])

    def secured(self) -> None:
        """TLS protects the connection from here on: the dialogue begins anew with EHLO (RFC 3207 section 4.2)."""
        self.wants_tls = False
        self._group = self._dialogue.send([])

    def resume(self) -> None:
        """Begin with what is in `next`; what came of the errand before is forgotten."""
        self.done = self.kept = self._decided = False
        self.failure, self.round_trips = None, 0
        self._group = self._dialogue.send([])

    @property
    def awaits(self) -> str:
        """What the server is to answer next: a place of `mta.retry.failure_scope`."""
        return _PLACES[self._waits_for]

    def timeout(self, policy: Product) -> float:
        """How long the host waits for the answer to what it wrote last, in s (RFC 5321 section 4.5.3.2)."""
        return _TIMEOUTS[self._waits_for](policy)

    def complete(self, octets: bytes) -> int:
        """How many of the first octets of a flight of the server's are whole lines."""
        return octets.rfind(b"\n") + 1

    def close(self) -> None:
        """Forget a dialogue that was broken off."""
        self._dialogue.close()

    def end(self, failure: Failure) -> None:
        """The session is over before its time: what has been answered counts, the failure is for the rest."""
        self._settle_heard(self._flight, self._read)
        self.failure = self.failure or failure
        self._read = []
        self.done, self.kept = True, False
        self._dialogue.close()

    def _settle_heard(self, flight: tuple[Command, ...], replies: list[Reply]) -> None:
        """What the replies mean that came to the first commands of a flight; here nothing."""

    def _errand(self) -> Dialogue:
        """What the host came for, and QUIT; here it came for nothing."""
        yield (QUIT,)

    def _another(self) -> Dialogue:
        """The next errand of a session that was kept: the same again."""
        return self._errand()

    def _converse(self) -> Dialogue:
        """The greeting, EHLO, TLS and AUTH, as far as both sides have them, and the errands."""
        host, refusal = self._host, None
        greeting = (yield ())[0]
        if greeting.positive:
            hello = yield from self._hello()
            if hello.positive and "STARTTLS" in self._machine.extensions and "STARTTLS" in host.uses:
                hello = yield from self._start_tls(hello)
            if not hello.positive:
                refusal = as_failure(hello, "hello")
            elif host.login is not None:
                refusal = yield from auth.prove(host.login, self._machine.extensions.get("AUTH"))
        else:
            refusal = as_failure(greeting, "greeting")
        if refusal is not None:
            yield from self._leave(refusal)
            return
        self._usable = _usable(host.uses, tuple(self._machine.extensions))
        self._pipelining = "PIPELINING" in self._usable
        self._chunks = "CHUNKING" in self._usable
        self.contacted = True
        yield from self._errand()
        while self.kept:
            yield from self._another()

    def _hello(self) -> Generator[tuple[Command, ...], list[Reply], Reply]:
        name = self._host.domain
        if self._lmtp:
            return (yield (events.Lhlo(name),))[0]
        # Who uses no extension need not ask for them (qmail-remote.c, nullmailer's protocols/smtp.cc without AUTH).
        if self._host.esmtp and (self._host.uses or self._host.mta.greets_with == "EHLO"):
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

    def _leave(self, failure: Failure) -> Dialogue:
        self.failure = failure
        self._decided = True
        yield (QUIT,)


def _deciding(group: tuple[Command, ...]) -> Command:
    """Chunks go out behind the envelope, and it is their reply that takes its time; QUIT may ride behind them."""
    return group[-2] if len(group) > 1 and group[-1] is QUIT else group[-1]


@lru_cache(maxsize=1024)
def _usable(uses: tuple[str, ...], offered: tuple[str, ...]) -> frozenset[str]:
    return frozenset(uses).intersection(offered)


class Farewell(Caller):
    """A client that came to be one by TURN, and has nothing to say: QUIT to the greeting."""

    __slots__ = ()

    def _converse(self) -> Dialogue:
        yield ()
        yield (QUIT,)


def as_failure(reply: Reply, at: str) -> Failure:
    """A refusal of the server's as what an attempt came to; it blames no host, for it is not about the mail."""
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
    events.Etrn: attrgetter("helo_timeout"),
    events.Turn: attrgetter("helo_timeout"),
    events.Atrn: attrgetter("helo_timeout"),
    events.Mail: attrgetter("mail_timeout"),
    events.Rcpt: attrgetter("rcpt_timeout"),
    events.Data: attrgetter("data_init_timeout"),
    events.MailData: attrgetter("data_done_timeout"),
    events.Chunk: attrgetter("data_init_timeout"),
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
    events.Etrn: "hello",
    events.Turn: "hello",
    events.Atrn: "hello",
    events.Mail: "mail",
    events.Rcpt: "rcpt",
    events.Data: "data",
    events.MailData: "dot",
    events.Chunk: "data",
    events.LastChunk: "dot",
    events.Quit: "dot",
}
"""What each command's missing answer counts as."""

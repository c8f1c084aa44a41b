"""How long one session with a mailbox takes over one link, without a scenario: real programs by POP3 and IMAP.

The programs say what they were seen to say (`agent.products`, `agent.scripts`), to a server that takes the times of
Dovecot 2.3.19. What programs and server take was measured over links of 10 Mbit/s (tests/MEASURED.md).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from sim.agent.dialogue import RetrievalDialogue
from sim.agent.mail_user_agent import MailUserAgent
from sim.agent.products.curl import CurlImap, CurlPop3
from sim.agent.products.fetchmail import FetchmailImap, FetchmailPop3
from sim.agent.products.imaplib import Imaplib
from sim.agent.products.mbsync import Mbsync
from sim.agent.products.mpop import Mpop
from sim.agent.products.poplib import Poplib
from sim.agent.retrieval import Retrieval
from sim.agent.scripts import SCRIPTS
from sim.mailbox.dialogue import AccessDialogue
from sim.mailbox.dovecot import (
    GREETING_TIME,
    LOGIN_TIME,
    NOTICE_TIME,
    SERVICE_TIME,
    VALIDITY,
    DovecotImap,
    DovecotPop3,
)
from sim.mailbox.interface import INBOX, Account
from sim.mailbox.memory import MemoryAccount
from sim.network.links.line import Line
from sim.network.transport.connect import connect
from sim.scenario.scalars import whole, word
from sim.scenario.spec import Host
from sim.scenario.spec.devices import Access, Leave
from sim.study.measured_session import ALONE, MeasuredSession
from sim.study.session_times import PATIENT, Case, MessageSize, message
from sim.world.engine.stepping import IdleClock, Waits
from sim.world.engine.streams import Streams

PARTS: Final = ("connect_s", "greeting_s", "login_s", "mailbox_s")
"""SYN to SYN-ACK; to the greeting; to the login's answer; to the last answer, at which the client hangs up."""

IDLE: Final = "imaplib-idle"
IDLE_PARTS: Final = (*PARTS[:3], "idle_s", "announced_s", "fetched_s")
"""Likewise; then to the delivery of a message; to EXISTS; to the message."""

USER, PASSWORD = "user1", "secret"

_Program = tuple[type[MailUserAgent], Leave]

POP3_PROGRAMS: Final[Mapping[str, _Program]] = {
    "poplib-keep": (Poplib, "yes"),
    "poplib-delete": (Poplib, "no"),
    "fetchmail-pop3-keep": (FetchmailPop3, "yes"),
    "fetchmail-pop3-delete": (FetchmailPop3, "no"),
    "mpop-keep": (Mpop, "yes"),
    "mpop-delete": (Mpop, "no"),
    "curl-pop3": (CurlPop3, "yes"),
}
IMAP_PROGRAMS: Final[Mapping[str, _Program]] = {
    "imaplib-each": (Imaplib, "yes"),
    "imaplib-all": (Imaplib, "yes"),
    "imaplib-delete": (Imaplib, "no"),
    IDLE: (Imaplib, "yes"),
    "fetchmail-imap-keep": (FetchmailImap, "yes"),
    "fetchmail-imap-delete": (FetchmailImap, "no"),
    "mbsync-first": (Mbsync, "yes"),
    "mbsync-second": (Mbsync, "yes"),
    "curl-imap": (CurlImap, "yes"),
}
PROGRAMS: Final = {**POP3_PROGRAMS, **IMAP_PROGRAMS}
"""The programs that read mail, and whether messages stay on the server; what is a script is told by `agent.scripts`."""
_AGAIN: Final = "mbsync-second"
"""Whose session is its second."""

_SERVERS: Final = {
    "dovecot": Host(
        name="server",
        mta=PATIENT,
        greeting_time=GREETING_TIME,
        service_time=SERVICE_TIME,
        commit_time=0.0,
        timing="none",
    )
}
_DELIVERED_AFTER: Final = 2.0
"""How long a client has been idle when the message comes, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxCase(Case):
    """A link, who reads his mail over it, and how many messages of which size there are."""

    server: Annotated[str, word("server", *_SERVERS)] = "dovecot"
    size: MessageSize = 2000
    messages: Annotated[int, whole(0, 100_000)] = 10

    SAYS: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        """What the time goes to."""
        return IDLE_PARTS if self.client == IDLE else PARTS

    @property
    def end(self) -> str:
        """What ends it."""
        return "the message that came meanwhile" if self.client == IDLE else "the client's FIN after the last answer"

    def begin(self, lines: Sequence[Line], streams: Streams) -> MeasuredSession:
        """One session over a line there and one back."""
        return (IdleSession if self.client == IDLE else MailboxSession)(self, lines, streams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pop3Case(MailboxCase):
    """By POP3."""

    client: Annotated[str, word("client", *POP3_PROGRAMS)] = "poplib-keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapCase(MailboxCase):
    """By IMAP."""

    client: Annotated[str, word("client", *IMAP_PROGRAMS)] = "imaplib-each"


class MailboxSession(MeasuredSession):
    """One with a mailbox that nobody has read yet, to the client's FIN."""

    def __init__(self, case: MailboxCase, lines: Sequence[Line], streams: Streams) -> None:
        account = MemoryAccount(validity=VALIDITY)
        self._case, self._inbox = case, account.mailbox(INBOX)
        for _ in range(case.messages):
            self._deliver()
        kind, leave = PROGRAMS[case.client]
        agent = kind(USER, PASSWORD, leave=leave)
        if case.client == _AGAIN:
            _read(agent, _access(account, agent.access))
        self._access = _access(account, agent.access)
        script = SCRIPTS.get(case.client)
        program = script(USER, PASSWORD, case.messages) if script else agent.session()
        client = Host(name="client", mta=PATIENT, think_time=agent.think_time, timing="none")
        server = _SERVERS[case.server]
        dialogue = AccessDialogue(self._access, login_time=LOGIN_TIME, patience=server.mta.idle_timeout)
        connection = connect(
            lines[:1],
            lines[1:],
            client_tcp=case.tcp,
            server_tcp=case.tcp,
            program=dialogue,
            patience=dialogue.patience,
            quick_acks=True,
        )
        retrieval = RetrievalDialogue(Retrieval(agent.client(), program), client.mta.helo_timeout)
        super().__init__((client, server), retrieval, dialogue, connection, streams, marks=len(case.parts) - 1)

    def _deliver(self) -> None:
        self._inbox.append(message(self._case.size), (), 0.0)

    def hears(self, now: float) -> None:
        """The client hears the server: its greeting, the login's answer, the last answer."""
        if self.heard[0] == math.inf:
            self.heard[0] = now
        elif self.heard[1] == math.inf and self._access.user:
            self.heard[1] = now
        if self._access.is_over:
            self.heard[-1] = now


def _access(account: Account, access: Access) -> DovecotPop3 | DovecotImap:
    """What answers one session."""
    settings: dict[str, Any] = {"accounts": {USER: PASSWORD}, "open_account": lambda _: account}
    if access == "pop3":
        return DovecotPop3(timestamp="<1.1@server.example>", **settings)
    return DovecotImap(challenge=b"<1.1@server.example>", now=float, message_limit=0, **settings)


def _read(agent: MailUserAgent, access: DovecotPop3 | DovecotImap) -> None:
    """A session before the one that is timed."""
    dialogue = RetrievalDialogue(Retrieval(agent.client(), agent.session()))
    dialogue.read(access.greet())
    while not dialogue.done:
        dialogue.read(b"".join(access.replies(dialogue.write())))


class IdleSession(MailboxSession):
    """One whose client waits for a message, to the message."""

    _idle_since = math.inf
    _fetches = False

    def steps(self, start: float, clock: IdleClock = ALONE) -> Waits:
        """Go through it from `start` on, s: the message comes while the client waits for it."""
        yield from super().steps(start, clock)
        told = max(self._end, self._idle_since + _DELIVERED_AFTER + NOTICE_TIME)
        if told < math.inf:
            yield told
            self._deliver()
            yield from self._session.notify(told)

    def hears(self, now: float) -> None:
        """The client hears the server: also that it may wait, EXISTS, and the message."""
        super().hears(now)
        delivery, exists, fetched = 2, 3, 4
        if self._access.idles:
            self.heard[delivery], self.heard[exists] = self._idle_since + _DELIVERED_AFTER, now
        elif self.heard[exists] < math.inf and self._fetches:
            self.heard[fetched] = now

    def _trace(self, now: float, direction: str, data: bytes) -> None:
        if direction == ">":
            self._idle_since = now if b" IDLE\r" in data else self._idle_since
            self._fetches = b" FETCH " in data
        super()._trace(now, direction, data)

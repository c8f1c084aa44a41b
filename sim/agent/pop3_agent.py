"""What programs that speak POP3 have in common: which messages they have, and which go from the server."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from sim.agent.acts import Announced, Delete, Fetched, Seen
from sim.agent.mail_user_agent import MailUserAgent
from sim.agent.retrieval import OneByOne, Program, RetrievalError, SessionCutError
from sim.protocol.pop3.client import Client
from sim.protocol.pop3.events import Auth, AuthResponse, Capa, Command, Dele, Pass, Stat, Stls, User
from sim.protocol.pop3.responses import Response, Status
from sim.protocol.sasl import Credentials, plain
from sim.scenario.spec.devices import Access

MAILDROP: Final = "INBOX"
"""The one mailbox that POP3 shows."""

Steps = Generator[Sequence[Command], Sequence[Any], Sequence[Response]]


class Listed(NamedTuple):
    """A message in a maildrop: its number in the session, and what UIDL says."""

    number: int
    uid: str


class Pop3Agent(MailUserAgent):
    """A program that speaks POP3; it keeps the unique identifiers of what it has."""

    access: ClassVar[Access] = "pop3"

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **settings)
        # UIDL -> when the message was fetched, s; those that have been announced only: infinity.
        self._known: dict[str, float] = {}
        # What the user has deleted, and what he has opened.
        self._unwanted: dict[str, None] = {}
        self._opened: dict[str, None] = {}

    def client(self) -> Client:
        """The machine for a session."""
        return Client(secure=self._secure)

    def _greeted(self) -> Program:
        """The greeting, and TLS where it is wanted."""
        needed((yield []))
        if self._starttls:
            yield [Capa()]
            needed((yield [Stls()]))

    def _logged_in(self) -> Program:
        needed((yield [User(self._user)]))
        needed((yield [Pass(self._password)]))

    def _authenticated(self) -> Program:
        yield [Capa()]
        needed((yield [Auth("PLAIN")]))
        needed((yield [AuthResponse(plain(Credentials("", self._user, self._password)))]))

    def _count(self) -> Generator[Sequence[Command], Sequence[Any], int]:
        """How many messages STAT says that there are."""
        count = int(needed((yield [Stat()]))[-1].text.split()[0])
        if not count:
            self._remember({})
        return count

    def _listed(self, answers: Sequence[Response]) -> Sequence[Listed]:
        """The messages after UIDL; those that are new are announced, and those that have gone forgotten."""
        words = [line.split() for line in (needed(answers)[-1].content or b"").decode("utf-8", "replace").splitlines()]
        listed = [Listed(int(line[0]), line[1]) for line in words if len(line) > 1 and line[0].isdigit()]
        there = dict.fromkeys(uid for _, uid in listed)
        self._news += [Announced(MAILDROP, uid) for uid in there if uid not in self._known]
        self._remember(there)
        return listed

    def _remember(self, there: Mapping[str, None]) -> None:
        """What is known, and what the user has done, of the messages that are there."""
        self._known = {uid: self._known.get(uid, math.inf) for uid in there}
        for act in self._acts:
            if isinstance(act, Delete):
                self._unwanted[str(act.uid)] = None
            elif isinstance(act, Seen):
                self._opened[str(act.uid)] = None
        self._acts.clear()
        self._unwanted = {uid: None for uid in self._unwanted if uid in there}
        self._opened = {uid: None for uid in self._opened if self._known.get(uid) == math.inf}

    def _is_new(self, message: Listed) -> bool:
        """Whether a message is to be fetched now."""
        if not self.fetches and message.uid not in self._opened:
            return False
        return self._known[message.uid] == math.inf and message.uid not in self._unwanted

    def _is_due(self, message: Listed) -> bool:
        """Whether a message is to go from the server now."""
        return self._now - self._known[message.uid] >= self._leave or message.uid in self._unwanted

    def _fetch(self, messages: Sequence[Listed], commands: Sequence[Command]) -> Steps:
        """Ask for messages, one command for each; what comes is kept even where the session is cut then."""
        try:
            answers = yield commands
        except SessionCutError as cut:
            self._keep(zip(messages, cut.answers, strict=False))
            raise
        self._keep(zip(messages, answers, strict=True))
        return answers

    def _keep(self, fetched: Iterable[tuple[Listed, Response]]) -> None:
        for message, response in fetched:
            if response.status is Status.OK and response.content is not None:
                self._known[message.uid] = self._now
                content = response.content
                self._news.append(Fetched(MAILDROP, message.uid, len(content), content))

    def _delete(self, messages: Sequence[Listed]) -> Program:
        """Have messages deleted, one by one and without waiting; they go with QUIT."""
        if messages:
            yield OneByOne(Dele(message.number) for message in messages)


def needed(answers: Sequence[Response]) -> Sequence[Response]:
    """Hold that the server has not refused.

    Raises:
        RetrievalError: it has.
    """
    for each in answers:
        if each.status is Status.ERR:
            raise RetrievalError(f"the server says: {each.text}")
    return answers

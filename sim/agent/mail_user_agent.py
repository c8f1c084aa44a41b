"""A user's mail program: what it says in one session after another, and what it keeps between them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from sim.agent.acts import Act, Announced, Fetched
from sim.agent.retrieval import Program
from sim.protocol.imap4.client import Client as ImapClient
from sim.protocol.pop3.client import Client as Pop3Client
from sim.scenario.spec.devices import Access, Leave


class MailUserAgent(ABC):
    """The program on one device of a user. Its cache outlives sessions; it knows no clock.

    Args:
        user, password: its login.
        leave: whether a message stays on the server once it has it: for ever, not at all, or so many s.
        idles: whether its sessions stay in IDLE (RFC 2177) when all is done; otherwise they end then.
        starttls: whether it asks for TLS, and says nothing without.
        secure: whether the connection has TLS from the start.
    """

    access: ClassVar[Access]
    """What it speaks."""
    think_time: ClassVar[float]
    """What it takes before each flight, s."""
    can_idle: ClassVar[bool] = False
    """Whether it knows IDLE."""
    renew: ClassVar[float] = 29 * 60.0
    """How long it stays in IDLE before it is to be woken, s (RFC 2177: less than half an hour)."""
    tells: ClassVar[bool] = False
    """Whether it tells the server what its user does."""
    fetches: ClassVar[bool] = True
    """Whether it fetches messages by itself; otherwise it does when its user opens one (`Seen`)."""

    def __init__(
        self,
        user: str,
        password: str,
        *,
        leave: Leave | None = None,
        idles: bool = False,
        starttls: bool = False,
        secure: bool = False,
    ) -> None:
        self._user, self._password = user, password
        self._leave = leave if isinstance(leave, float) else 0.0 if leave == "no" else math.inf
        self.idles = idles and self.can_idle
        self._starttls, self._secure = starttls, secure
        self._now = 0.0
        # What is to be told, in order.
        self._acts: list[Act] = []
        self._news: list[Announced | Fetched] = []

    def session(self, acts: Sequence[Act] = (), now: float = 0.0) -> Program:
        """One session, to be run by a `Retrieval` over `client`.

        Args:
            acts: what the user has done since the last one.
            now: the time, s.
        """
        self._now = now
        self.do(*acts)
        return self._session()

    def do(self, *acts: Act) -> None:
        """The user does something: the session that is open says so when it is woken, or the next one does."""
        if self.tells:
            self._acts += acts

    @property
    def pending(self) -> Sequence[Act]:
        """What the server has not been told yet."""
        return tuple(self._acts)

    def take_news(self) -> Sequence[Announced | Fetched]:
        """What it has learned since it was asked last, in order."""
        news, self._news = self._news, []
        return news

    @abstractmethod
    def client(self) -> Pop3Client | ImapClient:
        """The machine for a session, which spells as the program does."""

    @abstractmethod
    def _session(self) -> Program:
        """What it says in one session."""

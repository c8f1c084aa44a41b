"""Fetchmail 6.4, as it was measured with Dovecot (mailbox.csv of `shared/truth`)."""

from __future__ import annotations

from typing import ClassVar

from sim.agent.pop3_agent import Pop3Agent, needed
from sim.agent.retrieval import Program
from sim.protocol.pop3.events import Last, List, Pass, Quit, Retr, Stat, Top, Uidl, User

_ALL_LINES = 99_999_999
"""How many lines it asks TOP for, to have a whole message that is not counted as read."""


class FetchmailPop3(Pop3Agent):
    """Message by message: its size, its content, and away with it."""

    think_time: ClassVar[float] = 1.6e-3

    def _session(self) -> Program:
        yield from self._greeted()
        needed((yield [User(self._user)]))
        needed((yield [Pass(self._password)]))
        needed((yield [Stat()]))
        yield [Last()]
        for message in self._listed((yield [Uidl()])):
            if self._is_new(message):
                yield [List(message.number)]
                number = message.number
                yield from self._fetch([message], [Top(number, _ALL_LINES) if self._leave == 0 else Retr(number)])
            if self._is_due(message):
                yield from self._delete(message)
        yield [Quit()]

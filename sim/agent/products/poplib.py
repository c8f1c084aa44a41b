"""Scripts over Python's poplib, as they were measured with Dovecot (mailbox.csv of `shared/truth`), with a memory."""

from __future__ import annotations

from typing import ClassVar

from sim.agent.pop3_agent import Pop3Agent
from sim.agent.retrieval import Program
from sim.protocol.pop3.events import List, Quit, Retr, Uidl


class Poplib(Pop3Agent):
    """Statistics, sizes and identifiers; then message by message."""

    think_time: ClassVar[float] = 0.7e-3

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._logged_in()
        yield from self._count()
        yield [List()]
        for message in self._listed((yield [Uidl()])):
            if self._is_new(message):
                yield from self._fetch([message], [Retr(message.number)])
            if self._is_due(message):
                yield from self._delete([message])
        yield [Quit()]

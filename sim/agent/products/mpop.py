"""Mpop 1.4, as it was measured with Dovecot (mailbox.csv of `shared/truth`; later sessions alike)."""

from __future__ import annotations

from typing import ClassVar

from sim.agent.pop3_agent import Pop3Agent
from sim.agent.retrieval import OneByOne, Program
from sim.protocol.pop3.events import List, Quit, Retr, Uidl


class Mpop(Pop3Agent):
    """It writes all its RETRs, and all its DELEs, one by one and without waiting."""

    think_time: ClassVar[float] = 0.5e-3

    def _session(self) -> Program:
        yield from self._greeted()
        yield from self._authenticated()
        if (yield from self._count()):
            yield [List()]
            listed = self._listed((yield [Uidl()]))
            new = [each for each in listed if self._is_new(each)]
            if new:
                yield from self._fetch(new, OneByOne(Retr(each.number) for each in new))
            yield from self._delete([each for each in listed if self._is_due(each)])
        yield [Quit()]

"""The client that asks for mail which another host holds for it: by ETRN, TURN or ATRN."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Literal

from sim.mta.client.dialogue import QUIT, Caller, Dialogue
from sim.mta.queue.queue import Failure
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.events import Command
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host

__all__ = ["Collector"]

NOT_OFFERED = Failure(502, "5.5.1", "the server lets nobody ask for mail in this way")


class Collector(Caller):
    """A host's side of a session in which it asks for its mail.

    `reply` is the one that says most of what came of it: a refusal before mail on its way (253) before none (251).
    `turned` turns true when TURN or ATRN got its 250: the session goes on with roles swapped
    (`sim.protocol.smtp.turn`), the host as the server; `machine` is then the one that hands over.

    Args:
        host: whose side this is.
        by: how it asks: with ETRN for each domain (RFC 1985), with ATRN for all of them (RFC 2645), or with TURN, which
            names none (RFC 821 section 3.8).
        domains: whose mail it asks for.
    """

    __slots__ = ("_by", "_domains", "reply", "turned")

    def __init__(self, host: Host, by: Literal["etrn", "turn", "atrn"], domains: Sequence[str]) -> None:
        self._by = by
        self._domains = tuple(domains)
        self.reply: Reply | None = None
        self.turned = False
        super().__init__(host, Client())

    @property
    def machine(self) -> Client:
        """The client's machine."""
        return self._machine

    def _errand(self) -> Dialogue:
        self.failure = self._not_offered()
        if self.failure is None:
            yield from self._ask()
        self._decided = True
        if not self.turned:
            yield (QUIT,)

    def _not_offered(self) -> Failure | None:
        # After HELO nothing is known of the server, and TURN is as old as HELO.
        offered = self._machine.extensions
        return None if self._by.upper() in offered or (self._by == "turn" and not offered) else NOT_OFFERED

    def _ask(self) -> Generator[tuple[Command, ...], list[Reply], None]:
        questions: list[Command] = [events.Etrn(domain) for domain in self._domains]
        if self._by != "etrn":
            questions = [events.Turn() if self._by == "turn" else events.Atrn(self._domains)]
        for question in questions:
            answer = (yield (question,))[0]
            if self.reply is None or self.reply.code < answer.code:
                self.reply = answer
        self.turned = self._by != "etrn" and self.reply is not None and self.reply.positive

"""The client that asks for mail which another host holds for it: by ETRN, TURN or ATRN."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from sim.mta.client.dialogue import Row, SmtpDialogue, Step
from sim.mta.queue.failure import Failure
from sim.protocol.smtp import events
from sim.protocol.smtp.client import Client
from sim.protocol.smtp.events import Command
from sim.protocol.smtp.replies import Reply
from sim.scenario.spec import Host

NOT_OFFERED = Failure(502, "5.5.1", "the server lets nobody ask for mail in this way")


class RetrievalClient(SmtpDialogue):
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

    __slots__ = ("_by", "_questions", "reply", "turned")

    def __init__(self, host: Host, by: Literal["etrn", "turn", "atrn"], domains: Sequence[str]) -> None:
        self._by = by
        self._questions: list[Command] = [events.Etrn(domain) for domain in domains]
        if by != "etrn":
            self._questions = [events.Turn() if by == "turn" else events.Atrn(tuple(domains))]
        self.reply: Reply | None = None
        self.turned = False
        super().__init__(host, Client())

    @property
    def machine(self) -> Client:
        """The client's machine."""
        return self._machine

    def _begin(self) -> str:
        # After HELO nothing is known of the server, and TURN is as old as HELO.
        offered = self._machine.extensions
        if self._by.upper() in offered or (self._by == "turn" and not offered):
            return Step.ASK
        self.failure = NOT_OFFERED
        return Step.QUIT

    def _ask(self) -> tuple[Command, ...] | str:
        if self._questions:
            return (self._questions.pop(0),)
        return Step.CLOSED if self.turned else Step.QUIT

    def _note(self, command: Command | None, reply: Reply) -> None:
        if type(command) in self.NOTED:
            if self.reply is None or self.reply.code < reply.code:
                self.reply = reply
            self.turned = self._by != "etrn" and reply.positive

    NOTED: ClassVar[frozenset[type]] = frozenset({events.Etrn, events.Turn, events.Atrn})

    STEPS: ClassVar[Mapping[str, Row]] = {
        **SmtpDialogue.STEPS,
        Step.ERRAND: Row(_begin, {}),
        Step.ASK: Row(_ask, {2: Step.ASK, 4: Step.ASK, 5: Step.ASK}),
    }
    """As every client, with ETRN, TURN or ATRN."""

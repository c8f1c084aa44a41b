"""The recorder of facts: one flat record each, written once."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from sim.mta.queue.entry import Entry, Queue
from sim.mta.queue.failure import Failure
from sim.protocol.smtp.replies import Reply
from sim.results.facts import (
    ActFact,
    AddressFact,
    AttemptFact,
    CopyFact,
    DeferralFact,
    DialogueFact,
    Facts,
    LossFact,
    MailboxFact,
    MessageFact,
    QueueFact,
)
from sim.results.outcomes import AttemptOutcome
from sim.scenario.spec.limits import LimitError, Limits, raised
from sim.world.engine.interfaces import WireTrace
from sim.world.engine.paths import Nodes
from sim.world.engine.session import Session

Delays = tuple[float, float, float, float]
"""As of `Entry.delays`."""


class SessionEnds(Protocol):
    """Between whom a session is: the nodes that it passes, its number, and the two addresses (`AttemptFact`)."""

    nodes: Nodes
    session_id: int
    source: str
    ip: str


class Recorder:
    """Collects a run's facts, within its limits. Dialogues are kept only when they are asked for."""

    __slots__ = (
        *("_limits", "acts", "addresses", "attempts", "deferrals", "dialogues", "losses", "mailboxes", "messages"),
        *("queues", "traces"),
    )

    def __init__(self, limits: Limits, *, traces: bool) -> None:
        self._limits = limits
        self.traces = traces
        self.messages: list[MessageFact] = []
        self.attempts: list[AttemptFact] = []
        self.queues: list[QueueFact] = []
        self.deferrals: list[DeferralFact] = []
        self.dialogues: list[DialogueFact] = []
        self.acts: list[ActFact] = []
        self.mailboxes: list[MailboxFact] = []
        self.losses: list[LossFact] = []
        self.addresses: list[AddressFact] = []

    def attempt(
        self,
        ends: SessionEnds,
        session: Session[Any, Any],
        now: float,
        outcome: AttemptOutcome,
        deciding: Reply | Failure | None,
        *,
        message_id: int = 0,
        recipients: int = 0,
        delays: Delays,
        protocol: str = "smtp",
    ) -> None:
        """Record what became of a message in a session, and what that cost; 0 is no message."""
        connection, (wire_bytes, retransmissions) = session.connection, session.before
        self.attempted(
            AttemptFact(
                message_id,
                ends.nodes[0],
                ends.nodes[-1],
                session.started_at,
                now,
                outcome,
                deciding.code if deciding else 0,
                deciding.enhanced if deciding else "",
                session.round_trips,
                (connection.wire_bytes - wire_bytes) * (len(ends.nodes) - 1),
                connection.retransmissions - retransmissions,
                ends.session_id,
                recipients,
                *delays,
                ends.source,
                ends.ip,
                protocol,
                connection.carrier,
            )
        )

    def attempted(self, fact: AttemptFact) -> None:
        """Record an attempt.

        Raises:
            LimitError: it is one more than the limit: whatever keeps a run going makes attempts.
        """
        if len(self.attempts) >= self._limits.run_attempts:
            raise LimitError(f"too many attempts in a run: {raised('run_attempts', self._limits)} in the scenario")
        self.attempts.append(fact)

    def queue(self, host: str, queue: Queue, now: float) -> None:
        """Record that a host's queue has changed."""
        waiting = queue.count["incoming"], queue.count["deferred"], queue.count["hold"]
        self.queues.append(QueueFact(host, now, len(queue.entries), queue.bytes, *waiting))

    def deferral(self, host: str, entry: Entry, now: float, why: str) -> None:
        """Record that a host puts an entry off until it is due; `why`, where no attempt says it."""
        left = [copy.recipient for copy in entry.copies]
        failure = entry.failures.get(left[0])
        why = failure.diagnostic if failure else why
        why = f"frozen: {why}" if entry.frozen else why
        message_id, queue_id, arrived = entry.message_id, entry.queue_id, entry.arrival
        fact = DeferralFact(host, queue_id, message_id, arrived, now, entry.due, " ".join(left), why)
        self.deferrals.append(fact)

    def trace(self, session_id: int) -> WireTrace | None:
        """Who is told a session's octets, if anybody is."""
        return partial(self.heard, session_id) if self.traces else None

    def heard(self, session_id: int, now: float, direction: str, data: bytes) -> None:
        """Record what one side of a session wrote, line by line (`>` client to server, `<` back)."""
        for line in data.decode("utf-8", "backslashreplace").removesuffix("\r\n").split("\r\n"):
            self.dialogues.append(DialogueFact(session_id, now, direction, line))

    def facts(self, copies: list[CopyFact]) -> Facts:
        """All facts of the run, with the copies' ends."""
        by_host = self.attempts, self.queues, self.deferrals, self.dialogues, self.acts
        return Facts(self.messages, copies, *by_host, self.mailboxes, self.losses, self.addresses)

"""The recorder of facts: one flat record each, written once."""

from __future__ import annotations

from functools import partial

from sim.results.facts import ActFact, AttemptFact, CopyFact, DeferralFact, DialogueFact, Facts, MessageFact, QueueFact
from sim.scenario.spec.limits import LimitError, Limits, raised
from sim.world.engine.interfaces import WireTrace


class Recorder:
    """Collects a run's facts, within its limits. Dialogues are kept only when they are asked for."""

    __slots__ = ("_limits", "acts", "attempts", "deferrals", "dialogues", "messages", "queues", "traces")

    def __init__(self, limits: Limits, *, traces: bool) -> None:
        self._limits = limits
        self.traces = traces
        self.messages: list[MessageFact] = []
        self.attempts: list[AttemptFact] = []
        self.queues: list[QueueFact] = []
        self.deferrals: list[DeferralFact] = []
        self.dialogues: list[DialogueFact] = []
        self.acts: list[ActFact] = []

    def attempted(self, fact: AttemptFact) -> None:
        """Record an attempt.

        Raises:
            LimitError: it is one more than the limit: whatever keeps a run going makes attempts.
        """
        if len(self.attempts) >= self._limits.run_attempts:
            raise LimitError(f"too many attempts in a run: {raised('run_attempts', self._limits)} in the scenario")
        self.attempts.append(fact)

    def trace(self, session_id: int) -> WireTrace | None:
        """Who is told a session's octets, if anybody is."""
        return partial(self.heard, session_id) if self.traces else None

    def heard(self, session_id: int, now: float, direction: str, data: bytes) -> None:
        """Record what one side of a session wrote, line by line (`>` client to server, `<` back)."""
        for line in data.decode("utf-8", "backslashreplace").removesuffix("\r\n").split("\r\n"):
            self.dialogues.append(DialogueFact(session_id, now, direction, line))

    def facts(self, copies: list[CopyFact]) -> Facts:
        """All facts of the run, with the copies' ends."""
        return Facts(self.messages, copies, self.attempts, self.queues, self.deferrals, self.dialogues, self.acts)

"""The recorder of facts: one flat record each, written once."""

from __future__ import annotations

from sim.results.facts import ActFact, AttemptFact, CopyFact, DeferralFact, DialogueFact, Facts, MessageFact, QueueFact


class Recorder:
    """Collects a run's facts. Dialogues are kept only when they are asked for."""

    __slots__ = ("acts", "attempts", "deferrals", "dialogues", "messages", "queues", "traces")

    def __init__(self, *, traces: bool) -> None:
        self.traces = traces
        self.messages: list[MessageFact] = []
        self.attempts: list[AttemptFact] = []
        self.queues: list[QueueFact] = []
        self.deferrals: list[DeferralFact] = []
        self.dialogues: list[DialogueFact] = []
        self.acts: list[ActFact] = []

    def heard(self, session_id: int, now: float, direction: str, data: bytes) -> None:
        """Record what one side of a session wrote, line by line (`>` client to server, `<` back)."""
        for line in data.decode("utf-8", "backslashreplace").removesuffix("\r\n").split("\r\n"):
            self.dialogues.append(DialogueFact(session_id, now, direction, line))

    def facts(self, copies: list[CopyFact]) -> Facts:
        """All facts of the run, with the copies' ends."""
        return Facts(self.messages, copies, self.attempts, self.queues, self.deferrals, self.dialogues, self.acts)

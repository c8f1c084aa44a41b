"""The messages of a run: their numbers, who wrote them, and their copies as they come into being."""

from __future__ import annotations

from collections.abc import Sequence

from sim.mail.path import Path
from sim.mta.queue.entry import Copy
from sim.results.facts import MessageFact
from sim.world.engine.clock import Clock
from sim.world.engine.ledger import Ledger
from sim.world.engine.recorder import Recorder


class Messages:
    """All messages, on record and in the ledger.

    Attributes:
        epoch: what to add to the simulated time for the clock on the wall, s since `mail.trace.EPOCH`.
        forged: the authors of messages whose reverse-path is not theirs, by message.

    Args:
        submissions: how many the users write; theirs are the first numbers.
    """

    def __init__(self, clock: Clock, ledger: Ledger, recorder: Recorder, *, submissions: int, epoch: float) -> None:
        self._clock = clock
        self._ledger = ledger
        self._recorder = recorder
        self._last = submissions
        self._origins: dict[int, int] = {}
        self.epoch = epoch
        self.forged: dict[int, str] = {}

    def next_id(self) -> int:
        """A number for a message that the network itself writes."""
        self._last += 1
        return self._last

    def origin(self, message_id: int) -> int:
        """The message that somebody wrote of which lists and forwards have made this one."""
        return self._origins.get(message_id, message_id)

    def write(
        self,
        message_id: int,
        reverse_path: Path,
        forward_paths: Sequence[Path],
        size: int,
        *,
        author: str | None = None,
        about: int = 0,
        origin: int = 0,
    ) -> list[Copy]:
        """A message comes into being: its copies, one a mailbox in its first spelling.

        `author` is who writes it, where that is not the sender; a report is `about` another message, what a list or a
        forward passes on is that of its `origin`.
        """
        now = self._clock.now
        unique: dict[str, Path] = {}
        for path in forward_paths:
            unique.setdefault(path.mailbox.key if path.mailbox else "", path)
        copies = [Copy(message_id, path, str(path.mailbox), now, now, ()) for path in unique.values()]
        sender = "<>" if reverse_path.mailbox is None else str(reverse_path.mailbox)
        if author is None:
            author = "" if reverse_path.mailbox is None else sender
        elif author != sender:
            self.forged[message_id] = author
        if origin:
            self._origins[message_id] = self.origin(origin)
        self._recorder.messages.append(MessageFact(message_id, now, size, sender, len(copies), author, about))
        for copy in copies:
            self._ledger.submit(copy)
        return copies

"""Which messages a queue manager works on (Postfix: qmgr.c, qmgr_scan.c; qmgr_message_active_limit).

New messages come from the incoming queue and those whose backoff is over from the deferred queue, one of each in turn.
While the active queue is full both wait, and then new mail goes first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ActiveQueue(Generic[T]):
    """How many messages are active, and which wait to become it (`waiting` of them).

    Args:
        limit: how many may be.
    """

    __slots__ = ("_deferred", "_deferred_next", "_incoming", "_limit", "count", "waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0
        self.waiting = 0
        self._incoming: deque[T] = deque()
        self._deferred: deque[T] = deque()
        self._deferred_next = False

    def admit(self, message: T, *, new: bool) -> bool:
        """Let a message in, if there is room; else it waits, with the new ones or with the deferred ones."""
        if self.count < self._limit and not self.waiting:
            self.count += 1
            return True
        self.waiting += 1
        (self._incoming if new else self._deferred).append(message)
        return False

    def leave(self) -> None:
        """A message is done with, or deferred again."""
        self.count -= 1

    def imports(self) -> Iterator[T]:
        """Let in those that wait as long as there is room, from the two queues in turn (qmgr_loop)."""
        while self.waiting and self.count < self._limit:
            deferred = bool(self._deferred) and (self._deferred_next or not self._incoming)
            self.count += 1
            self.waiting -= 1
            self._deferred_next = not deferred and self.count < self._limit
            yield (self._deferred if deferred else self._incoming).popleft()

    def clear(self) -> None:
        """After a crash nothing is active and nothing waits."""
        self.count = self.waiting = 0
        self._incoming.clear()
        self._deferred.clear()

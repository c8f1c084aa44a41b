"""What a host asks about mail that was not taken: when to try again, and whether to give up."""

# ruff: noqa: ARG002 - the common way needs little of what products are told

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Literal, NamedTuple

from sim.mta.queue.queue import Failure

Outcome = Literal["taken", "host", "message"]
"""How a host dealt with mail: it answered for good, it could not be talked to, or it put off just this mail."""


OF_HOST = "\n"
"""Between a host's name and its address, where records are kept of addresses; no name has it."""


class Round(NamedTuple):
    """One round of attempts that left recipients over.

    Args:
        queue_id: which message.
        arrival: when the host took custody of it, s.
        began: when the round began, s.
        ended: when its last attempt was over, s.
        number: which round it was, from 1.
        host_error: whether the last failure was that of a host that could not be talked to.
        null_reverse_path: whether the message is a report.
        priority: what its sender gave it, from -9 to 9 (RFC 6710).
    """

    queue_id: str
    arrival: float
    began: float
    ended: float
    number: int
    host_error: bool
    null_reverse_path: bool
    priority: int = 0


class Retry:
    """A product's way to try again; this one never gives up, tries again at once, and remembers nothing.

    `period` is the interval of its queue runs, s, 0 where messages are woken one by one. `keeps_hosts` says that it
    remembers hosts (`bars`, `tried`), `by_address` that it does so for each of a host's addresses, `whole_queue` that
    new mail sets off all that waits (`arrives`), `tries_all_at_start` that times are forgotten when its program ends.
    """

    period: float = 0.0
    keeps_hosts = False
    by_address = False
    whole_queue = False
    tries_all_at_start = False

    def starts(self) -> None:
        """The product's program starts: what it had in memory is gone."""

    def gives_up(self, last: Round) -> bool:
        """Whether the round was the last one: what is left of the message is returned (a report is dropped)."""
        return False

    def sleeps_until(self, last: Round) -> float:
        """When the message may be tried again."""
        return last.ended

    def next_run(self, ready: float, now: float, start: float) -> float:
        """When a message is tried that may be from `ready` on; queue runs come every `period` from `start` on."""
        return max(ready, now)

    def lapses(self, arrival: float) -> float:
        """When a message is given up without another attempt."""
        return inf

    def arrives(self) -> None:
        """New mail is to be passed on; asked where `whole_queue` is true."""

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> Failure | None:
        """Why a next hop, or a domain that leads nowhere, is not to be tried yet; asked where `keeps_hosts` is true."""
        return None

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Take note of an attempt; told where `keeps_hosts` is true.

        Gives the messages that waited for the hop and need no longer.
        """
        return ()

    def next_waiting(self, hop: str, queue_id: str) -> str | None:
        """Which other message goes to a next hop in the session that brings this one there."""
        return None

    def forget(self, queue_id: str) -> None:
        """A message has left the queue; told where `keeps_hosts` is true."""

    def asked_for(self, queue_ids: Sequence[str]) -> None:
        """Somebody has asked for these messages (ETRN), which are now tried."""

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """An operator wants these messages to be tried now."""

    def exhausted(self, hops: Sequence[str], queue_id: str, now: float) -> bool:
        """Whether all of the next hops have failed for too long; asked where `keeps_hosts` is true."""
        return False

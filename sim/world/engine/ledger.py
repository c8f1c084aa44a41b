"""The ledger of copies: nothing is lost unseen.

Every copy (message x recipient) is at any time in one place: submitted, queued at a host, in transfer, delivered,
bounced, expired or lost. Between the moment when a server takes custody and the moment when its client learns of it,
two hosts hold the copy; if the client never learns of it, both go on with it and the recipient may get it twice (RFC
1047). So the ledger counts the live instances of each copy, and a copy's end is its first delivery or, without one,
the end of its last instance.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from sim.mta.queue.entry import Copy
from sim.results.facts import CopyFact
from sim.results.outcomes import CopyOutcome, Step

Key = tuple[int, str]
"""A copy: message_id, recipient."""


class LedgerError(Exception):
    """The ledger does not balance: a defect of the simulator, never of a scenario."""


class Ledger:
    """Who holds which copy, and how each copy ended; `on_empty` is called when none is left, and nothing to come.

    `live` is how many instances there are, `to_come` how many things that may bring more, or are yet to be done with
    one, and `talks` how many sessions go on that bring none and yet are to come to their end.
    """

    __slots__ = ("_drops", "_ends", "_live", "_on_empty", "_relays", "_steps", "live", "talks", "to_come")

    def __init__(self, on_empty: Callable[[], None], to_come: int = 0) -> None:
        self._on_empty = on_empty
        self._live: dict[Key, int] = {}
        self._ends: dict[Key, CopyFact] = {}
        self._steps: dict[Key, dict[str, Any]] = {}
        self._relays: dict[Key, int] = defaultdict(int)
        self._drops: dict[Key, int] = defaultdict(int)
        self.live = self.talks = 0
        self.to_come = to_come

    def submit(self, copy: Copy) -> None:
        """A copy enters the network."""
        self._live[copy.message_id, copy.recipient] = 1
        self.live += 1

    def take(self, copy: Copy) -> None:
        """A further host takes custody of a copy (the one before has yet to learn of it, or keeps its own)."""
        key = copy.message_id, copy.recipient
        self._live[key] += 1
        self._relays[key] += 1
        self.live += 1

    def hand_over(self, copy: Copy) -> None:
        """A host learns that another has taken custody of its copy, or has one as well."""
        self._retire((copy.message_id, copy.recipient))

    def end(self, copy: Copy, outcome: CopyOutcome, reason: str, now: float) -> None:
        """An instance of a copy ends: delivered, bounced, expired or lost."""
        key = copy.message_id, copy.recipient
        if outcome.given_up:
            self._drops[key] += 1
        before = self._ends.get(key)
        if before is None or before.outcome is not CopyOutcome.DELIVERED:
            self._ends[key] = fact(copy, outcome, reason, now)
        elif outcome is CopyOutcome.DELIVERED:
            self._ends[key] = before._replace(duplicates=before.duplicates + 1)
        self._retire(key)

    def reach(self, key: Key, step: Step, now: float) -> None:
        """A copy takes a step on its way from hand to eye; the first time counts."""
        taken = self._steps.setdefault(key, {})
        taken[step.column] = min(now, taken.get(step.column, now))

    def _retire(self, key: Key) -> None:
        self._live[key] -= 1
        self.live -= 1
        self._end_if_empty()

    def expect(self, number: int = 1) -> None:
        """So many things are still to come that may bring copies."""
        self.to_come += number

    def came(self) -> None:
        """One of the things to come has, and brought what it did."""
        self.to_come -= 1
        self._end_if_empty()

    @property
    def is_settled(self) -> bool:
        """Whether no copy is left and none to come: then nothing more is begun."""
        return not (self.live or self.to_come)

    def begin_talk(self) -> None:
        """A session begins that brings no copies."""
        self.talks += 1

    def end_talk(self) -> None:
        """Such a session has come to its end, or waits."""
        self.talks -= 1
        self._end_if_empty()

    def _end_if_empty(self) -> None:
        if not (self.live or self.to_come or self.talks):
            self._on_empty()

    def close(self, held: Iterable[tuple[Copy, CopyOutcome]], now: float) -> list[CopyFact]:
        """The end of every copy, in order of submission, after a check against what the hosts really hold.

        Args:
            held: every instance that a host, a session or a waiting sender holds, with its place.
            now: the end of the run, s.

        Raises:
            LedgerError: what the hosts hold is not what the ledger says they hold.
        """
        found: Counter[Key] = Counter()
        for copy, place in held:
            key = copy.message_id, copy.recipient
            found[key] += 1
            ended = self._ends.get(key)
            if ended is None or ended.outcome is not CopyOutcome.DELIVERED:
                self._ends[key] = fact(copy, place, "", now)
        wrong = [key for key in (*self._live, *found) if self._live.get(key, 0) != found[key]]
        wrong += [key for key in self._live if key not in self._ends]
        if wrong:
            message_id, recipient = key = wrong[0]
            raise LedgerError(
                f"the ledger does not balance: message {message_id} to {recipient} has {self._live.get(key, 0)} "
                f"live instances, the hosts hold {found[key]}"
            )
        steps, relays, drops = self._steps, self._relays, self._drops
        return [
            self._ends[key]._replace(relays=relays.get(key, 0), drops=drops.get(key, 0), **steps.get(key, {}))
            for key in self._live
        ]


def fact(copy: Copy, outcome: CopyOutcome, reason: str, now: float) -> CopyFact:
    """The record of a copy's end; what passed since its last event was waiting."""
    copy.waited(copy.counted_to, now)
    return CopyFact(
        copy.message_id,
        copy.recipient,
        outcome,
        reason,
        copy.created,
        now,
        max(len(copy.path) - 1, 0),
        copy.attempts,
        0,
        ">".join(copy.path),
        copy.queue_s,
        copy.retry_s,
        copy.contact_s,
        copy.transfer_s,
        copy.service_s,
        copy.damage,
    )

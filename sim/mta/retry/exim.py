"""Exim's retry rules and the records of hosts that they go by (src/retry.c: retry_update; transports/smtp.c).

A record says since when a host has failed, when it was tried last and when it may be tried next; one more is kept for a
message that a host puts off. A message is tried in a queue run, and in it at those hosts whose time has come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor

from sim.mta.retry.base import OF_HOST, HostRecord, Outcome, Retry, Round
from sim.mta.retry.waiting import Waiting
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.products.tables import ReplyText

NOT_YET = ReplyText(0, "4.4.1", "retry time not reached for any host")
TOO_LONG = ReplyText(550, "5.4.1", "all hosts{of} have been failing for a long time (and retry time not reached)")
"""transports/smtp.c; `{of}` names the domain where that is so of each of its hosts."""


def rule_for(rules: Sequence[RetryRule], failing: float) -> RetryRule | None:
    """The first rule whose cutoff the failing has not passed."""
    return next((rule for rule in rules if failing <= rule.cutoff), None)


def wait(rule: RetryRule, record: HostRecord, now: float, random: Callable[[], float]) -> float:
    """How long to wait after a failure, s: whole seconds, where a gap has grown."""
    if rule.letter == "F":
        return rule.interval
    gap = min(record.next_try - record.last_try, now - record.last_try)
    grown = float(int(gap * rule.factor))
    if rule.letter == "G":
        return rule.interval if gap < rule.interval else grown
    return rule.interval + max(grown - rule.interval, 0.0) * (0.5 + random() / 2)


class EximRetry(Retry):
    """Exim's retry database of one host; what H rules draw is the only chance in it."""

    keeps_hosts = True
    by_address = True

    _product: Exim

    def __init__(self, product: Exim, random: Callable[[], float]) -> None:
        super().__init__(product, random)
        self._ultimate = product.retry[-1].cutoff
        self._records: dict[tuple[str, str], HostRecord] = {}
        self._waiting = Waiting()
        self._forced: frozenset[str] = frozenset()
        self._forces_one = False

    def bars(self, hop: str, queue_id: str, arrival: float, now: float) -> ReplyText | None:
        """Why the host is passed over now: its retry time has not come, or it has failed for too long."""
        if queue_id in self._forced:
            if self._forces_one:
                self._forced = frozenset((queue_id,))
            return None
        early = [record for record in self._found(hop, queue_id, now) if now < record.next_try]
        # Who has waited beyond the last cutoff is tried all the same, but not at a host that has failed for so long
        # (retry.c: retry_check_address).
        too_long = self._product.delay_after_cutoff and any(record.expired for record in early)
        if not early or (now - arrival > self._ultimate and not too_long):
            return None
        self._waiting.add(queue_id, hop)
        return TOO_LONG if too_long else NOT_YET

    def tried(
        self, hop: str, queue_id: str, arrival: float, *, began: float, now: float, outcome: Outcome
    ) -> Sequence[str]:
        """Keep the records: a failure's, of the host or of the message there; none after success."""
        if outcome == "host":
            self._waiting.add(queue_id, hop)
            self._fail((hop, ""), None, began, now)
            return ()
        waited = self._records.pop((hop, ""), None) is not None
        if outcome == "message":
            self._waiting.add(queue_id, hop)
            self._fail((hop, queue_id), arrival, began, now)
        else:
            self._records.pop((hop, queue_id), None)
        if not waited:
            return ()
        host, waiting = hop.partition(OF_HOST)[0], self._waiting
        return [other for other in waiting.for_host(host) if other != queue_id and hop in waiting.hops(other)]

    def next_waiting(self, hop: str, queue_id: str) -> str | None:
        """The first message that waits for the host itself (transport.c: transport_check_waiting, wait-remote_smtp)."""
        for other in self._waiting.for_host(hop):
            places = [place for place in self._waiting.hops(other) if place.partition(OF_HOST)[0] == hop]
            if other != queue_id and not any((place, other) in self._records for place in places):
                return other
        return None

    def forget(self, queue_id: str) -> None:
        """Drop what was kept about the message."""
        self._forced -= {queue_id}
        for hop in self._waiting.forget(queue_id):
            self._records.pop((hop, queue_id), None)

    def requested(self, queue_ids: Sequence[str]) -> None:
        """ETRN runs `exim -R`, which forces the first message that it comes to (queue.c: force_delivery)."""
        self._forced, self._forces_one = frozenset(queue_ids), True

    def flushed(self, queue_ids: Sequence[str]) -> None:
        """`exim -qff` and `exim -Rff` force each of them."""
        self._forced, self._forces_one = frozenset(queue_ids), False

    def exhausted(self, hops: Sequence[str], queue_id: str, now: float) -> bool:
        """Whether each of the hosts, or the message at it, has passed the last rule's cutoff."""
        return all(any(record.expired for record in self._found(hop, queue_id, now)) for hop in hops)

    def gives_up(self, last: Round) -> bool:
        """Whether the message is older than the last rule's cutoff."""
        return last.ended - last.arrival > self._ultimate

    def sleeps_until(self, last: Round) -> float:
        """The earliest retry time of the hosts that the round tried or passed over."""
        self._forced -= {last.queue_id}
        times = [
            max(record.next_try for record in records)
            for hop in self._waiting.hops(last.queue_id)
            if (records := self._found(hop, last.queue_id, last.ended))
        ]
        return min(times, default=last.ended)

    def _found(self, hop: str, queue_id: str, now: float) -> list[HostRecord]:
        """The host's record and that of the message there, unless their data has expired."""
        keys = ((hop, ""), (hop, queue_id))
        found = [record for key in keys if (record := self._records.get(key)) is not None]
        return [record for record in found if now - record.last_try <= self._product.retry_data_expire]

    def _fail(self, key: tuple[str, str], arrival: float | None, began: float, now: float) -> None:
        # time(NULL): so a gap as long as some queue runs ends with the last of them, although a try takes a moment.
        began, now = floor(began), floor(now)
        record = self._records.get(key)
        if record is not None and now - record.last_try > self._product.retry_data_expire:
            record = None
        if record is None:
            record = self._records[key] = HostRecord(now, now, now)
        elif record.last_try >= began:
            # Another delivery that ran beside this one has counted the same failure.
            return
        failing = now - (record.first_failed if arrival is None else min(record.first_failed, arrival))
        rule = rule_for(self._product.retry, failing)
        record.expired = rule is None
        delay = wait(rule or self._product.retry[-1], record, now, self._random)
        record.last_try, record.next_try = now, now + min(delay, self._product.retry_interval_max)

"""A host's queue in time: how long each message waits, and when it is given up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, nextafter

from sim.mta.queue.entry import Copy, Entry, Queue, State
from sim.mta.queue.failure import Failure
from sim.mta.reports import dsn
from sim.mta.reports.delay_warnings import next_warning, warnings_due
from sim.mta.retry.base import Retry, Round
from sim.results.facts import DeferralFact, QueueFact
from sim.results.outcomes import CopyOutcome
from sim.scenario.spec import Host
from sim.world.engine.clock import Clock
from sim.world.engine.recorder import Recorder
from sim.world.host.notifications import Notifications
from sim.world.host.uptime import Uptime

TOO_LATE = Failure(554, "5.4.7", "delivery time expired")
"""RFC 3463 section 3.5; in RFC 2852 section 4.1.4 for by-mode R."""

_TIMED_OUT = "delivery cancelled; message timed out"

MANY_IN_A_SESSION = "no immediate delivery: too many messages received in one connection"
"""Exim's smtp_accept_queue_per_connection."""

ON_HOLD = "held until it is released"


@dataclass
class DeferredQueue:
    """The entries of a host's queue: they come, have rounds of deliveries, sleep between these, and go.

    Attributes:
        runs_since: the phase of the queue runs, s: one is at that time, and then one every period of the product.
        begin: begins a round of an entry's deliveries; says of a new one that it is.
        take_held: takes a message anew whose time to begin its way has come (FUTURERELEASE).
    """

    host: Host
    queue: Queue
    retry: Retry
    clock: Clock
    recorder: Recorder
    notifications: Notifications
    uptime: Uptime
    runs_since: float
    begin: Callable[[Entry, float, bool], None]
    take_held: Callable[[Entry, float], None]

    def __post_init__(self) -> None:
        """Nothing is there, and nothing paused."""
        self._paused = False
        self._serial = 0

    def next_id(self) -> str:
        """A name for a new entry in the queue."""
        self._serial += 1
        return f"{self._serial:X}"

    def add(self, entry: Entry, now: float, *, waits: bool = False) -> None:
        """Take an entry into the queue, and begin its first round, unless that waits for a queue run."""
        if self.retry.whole_queue:
            self.retry.starts()
            self.release(list(self.queue.entries.values()), now)
        self.queue.add(entry)
        self._note_queue(now)
        options = entry.options
        if options is not None and now < options.deadline:
            self.clock.call_at(options.deadline, lambda: self._strike(entry, options.deadline))
        if waits:
            self._sleep(entry, now, MANY_IN_A_SESSION)
        else:
            self._begin(entry, now, new=True)

    def hold(self, entry: Entry) -> None:
        """Keep a message back that is not to begin its way yet (RFC 4865)."""
        entry.state = "hold"
        self.queue.add(entry)
        self._note_queue(entry.arrival)
        until = entry.ready = entry.due = entry.options.release_time if entry.options else entry.arrival
        self.clock.call_at(until, lambda: self._wake(entry, until))

    def settle(self, entry: Entry, now: float) -> None:
        """A round of an entry's deliveries is over: what is left is given up, or tried again later."""
        if entry.is_overdue(now):
            self._return_late(entry, now)
            return
        if entry.copies:
            entry.rounds += 1
            last = _last_round(entry, now)
            over = self.retry.gives_up(last)
            if self._freezes(entry, now, over=over):
                return
            self._return_refused(entry, now, over=over)
            if entry.copies:
                entry.requested_by = frozenset()
                entry.ready = self.retry.sleeps_until(last)
                if entry.suspended:
                    self._suspend(entry, now)
                else:
                    self._sleep(entry, now)
                if self.host.mta.delay_warnings:
                    self._warn(entry, now)
                    if entry.rounds == 1:
                        self._set_timer(entry, entry.warned)
                return
        self._remove(entry, now)

    def resume(self, entry: Entry, now: float) -> None:
        """A delivery outside the rounds is over: what is left of the entry goes on waiting for its time."""
        entry.in_delivery -= 1
        if not self.uptime.running or not self.queue.holds(entry):
            return
        if entry.is_overdue(now):
            self._return_late(entry, now)
            return
        self._return_refused(entry, now, over=False)
        if not entry.copies:
            self._remove(entry, now)
        elif entry.suspended:
            self._suspend(entry, now)
        elif entry.due <= now:
            self._try_again(entry, now)
        else:
            self.move(entry, "deferred", now)

    def move(self, entry: Entry, state: State, now: float) -> None:
        """Let an entry stand elsewhere in the queue."""
        if state == "active":
            entry.activate(now)
        if entry.state != state:
            self.queue.move(entry, state)
            self._note_queue(now)

    def release(self, entries: Iterable[Entry], now: float) -> None:
        """Try those of the messages that sleep, but none of which the last copy is just being given up."""
        for entry in entries:
            asleep = bool(entry.copies) and not entry.in_delivery and entry.due > now
            kept = entry.awaits_release or entry.frozen or entry.suspended
            if asleep and not kept and self.queue.holds(entry):
                entry.ready = entry.due = now
                self._try_again(entry, now)

    def release_at_once(self, queue_id: str, now: float) -> bool:
        """Try a message that sleeps beside the queue runs; whether its deliveries have begun."""
        entry = self.queue.entries.get(queue_id)
        if entry is None or entry.in_delivery or entry.frozen or entry.state != "deferred":
            return False
        entry.ready = entry.due = now
        self._begin(entry, now, new=True)
        return entry.in_delivery > 0

    def suspend(self, entries: Iterable[Entry], now: float) -> None:
        """Keep messages from being tried until they are thawed; what is under way goes on."""
        for entry in entries:
            if not entry.awaits_release and not entry.suspended:
                entry.suspended = True
                if not entry.in_delivery:
                    self._suspend(entry, now)

    def pause(self) -> None:
        """Suspend whatever would be tried from now on, until something is thawed."""
        self._paused = True

    def thaw(self, entries: Iterable[Entry], now: float, *, at_once: bool = False) -> None:
        """Let messages go again that were suspended, paused or frozen: at once, or when their time has come."""
        self._paused = False
        for entry in entries:
            if not (entry.suspended or entry.frozen):
                continue
            for copy in () if entry.in_delivery else entry.copies:
                copy.waited(copy.counted_to if entry.suspended else entry.due, now)
            if at_once or entry.frozen:
                entry.ready = now
            entry.suspended = entry.frozen = False
            if not entry.in_delivery:
                self.move(entry, "deferred", now)
                self._sleep(entry, now)

    def next_run(self, now: float) -> float:
        """When the next queue run is."""
        return self.retry.next_run(now, now, self.runs_since)

    def wake(self, queue_ids: Sequence[str], now: float) -> None:
        """Let those go that need not wait for a host any longer, each when its product next looks."""
        for queue_id in queue_ids:
            entry = self.queue.entries.get(queue_id)
            if entry is not None and not (entry.in_delivery or entry.frozen or entry.suspended):
                entry.ready = now
                self._sleep(entry, now)

    def copies(self, now: float) -> Iterator[tuple[Copy, CopyOutcome]]:
        """Every copy that the host holds, and whether it lies in the queue or is in transfer."""
        for entry in self.queue.entries.values():
            for copy in entry.copies:
                copy.waited(entry.due, now)
                yield copy, CopyOutcome.IN_TRANSFER if copy.in_transfer else CopyOutcome.QUEUED

    def lose(self, now: float) -> Iterator[Copy]:
        """All that is there is lost; gives it."""
        for entry in self.queue.empty():
            for copy in entry.copies:
                copy.waited(entry.due, now)
                yield copy
        self._note_queue(now)

    def boot(self, now: float) -> None:
        """The queue manager starts with a queue run, and takes up what was under way when the host went down."""
        self.runs_since = now
        if self._paused:
            self.thaw(self.queue.entries.values(), now)
        for entry in list(self.queue.entries.values()):
            if entry.in_delivery or not self.queue.holds(entry):
                continue
            if not entry.frozen:
                self._return_refused(entry, now, over=False)
            if not entry.copies:
                self._remove(entry, now)
            elif entry.suspended:
                self._suspend(entry, now)
            elif entry.ready <= now or (self.host.mta.forgets_times and not entry.awaits_release):
                entry.due = now
                self._try_again(entry, now)
            else:
                self._sleep(entry, now)

    def _begin(self, entry: Entry, now: float, *, new: bool = False) -> None:
        """Begin a round of an entry's deliveries, unless its time is over, or has only now come."""
        if entry.awaits_release:
            self._release_held(entry, now)
        elif entry.is_overdue(now):
            self._return_late(entry, now)
        elif self._paused or entry.suspended:
            self._suspend(entry, now)
        else:
            self.begin(entry, now, new)

    def _release_held(self, entry: Entry, now: float) -> None:
        """The time of a message that was held has come."""
        self.queue.remove(entry)
        self._note_queue(now)
        for copy in entry.copies:
            copy.waited(copy.counted_to, now)
        self.take_held(entry, now)

    def _suspend(self, entry: Entry, now: float) -> None:
        """Let an entry wait for its thaw, or as long as the product keeps what is frozen, or paused, at most."""
        entry.suspended = True
        for copy in entry.copies:
            copy.waited(entry.due, now)
        kept = inf if entry.reverse_path.is_null else self.host.mta.timeout_frozen_after
        due = entry.due = self.retry.lapses(entry.arrival) if self._paused else entry.arrival + kept
        self.move(entry, "hold", now)
        self._note_deferral(entry, now, ON_HOLD)
        if now < due:
            self.clock.call_at(due, lambda: self._wake(entry, due))

    def _sleep(self, entry: Entry, now: float, why: str = "") -> None:
        """Let an entry wait for its time, or the queue run that finds it come."""
        # The run that has just put it off does not find it again.
        due = entry.due = self.retry.next_run(max(entry.ready, nextafter(now, inf)), now, self.runs_since)
        if not entry.awaits_release:
            self.move(entry, "deferred", now)
        self._note_deferral(entry, now, why)
        self.clock.call_at(due, lambda: self._wake(entry, due))

    def _note_deferral(self, entry: Entry, now: float, why: str) -> None:
        of = [copy.recipient for copy in entry.copies]
        failure = entry.failures.get(of[0])
        why = failure.diagnostic if failure else why
        why = f"frozen: {why}" if entry.frozen else why
        name, queue_id, arrived = self.host.name, entry.queue_id, entry.arrival
        fact = DeferralFact(name, queue_id, entry.message_id, arrived, now, entry.due, " ".join(of), why)
        self.recorder.deferrals.append(fact)

    def _note_queue(self, now: float) -> None:
        queue = self.queue
        self.recorder.queues.append(
            QueueFact(self.host.name, now, len(queue.entries), queue.bytes, queue.incoming, queue.deferred, queue.hold)
        )

    def _wake(self, entry: Entry, due: float) -> None:
        if self.uptime.running and entry.due == due and not entry.in_delivery and self.queue.holds(entry):
            self._try_again(entry, due)

    def _try_again(self, entry: Entry, now: float) -> None:
        kept = entry.frozen or (entry.suspended and not self._paused)
        stuck = kept and not entry.reverse_path.is_null
        if self.retry.lapses(entry.arrival) > now and not stuck:
            self._begin(entry, now)
            return
        for copy in entry.copies:
            copy.waited(entry.due, now)
            if stuck:
                entry.failures[copy.recipient] = _cancelled(entry.failures.get(copy.recipient))
            # Who waited for a place when the host went down has not been tried.
            entry.failures.setdefault(copy.recipient, TOO_LATE)
        self._return_refused(entry, now, over=True)
        self._remove(entry, now)

    def _freezes(self, entry: Entry, now: float, *, over: bool) -> bool:
        """Keep a message that the product freezes: one that would go to this host itself, or a report that came back.

        A report that is not too old is tried once more, and let go then; other mail is returned when its time is over.
        """
        mta, failures = self.host.mta, entry.failures
        stuck = any(failures[copy.recipient].freezes for copy in entry.copies if copy.recipient in failures)
        if entry.reverse_path.is_null:
            until = entry.arrival + mta.freezes
            stuck |= over or any(_is_lost(entry, copy) for copy in entry.copies)
        else:
            until = entry.arrival + mta.timeout_frozen_after
        entry.frozen = stuck and now < until
        if entry.frozen:
            entry.ready = until
            self._sleep(entry, now)
        return entry.frozen

    def _warn(self, entry: Entry, now: float) -> None:
        """Tell the sender of a message that still waits, if it is late."""
        mta = self.host.mta
        due = warnings_due(mta, now - entry.arrival, entry.due - entry.arrival)
        # The time of a copy is counted up to its last attempt.
        if due > entry.warned and (mta.warns_untried or any(copy.counted_to == now for copy in entry.copies)):
            entry.warned = due
            fates = [(copy, entry.failures.get(copy.recipient, dsn.LATE)) for copy in entry.copies]
            self.notifications.send_dsn(entry, fates, now, "delayed")

    def _set_timer(self, entry: Entry, told: int) -> None:
        """For the warning after so many, where they come by a timer and not with an attempt."""
        at = entry.arrival + next_warning(self.host.mta, told)

        def strike() -> None:
            if self.queue.holds(entry):
                if self.uptime.running:
                    self._warn(entry, at)
                self._set_timer(entry, told + 1)

        self.clock.call_at(at, strike)

    def _remove(self, entry: Entry, now: float) -> None:
        self.queue.remove(entry)
        if self.retry.keeps_hosts:
            self.retry.forget(entry.queue_id)
        self._note_queue(now)

    def _return_refused(self, entry: Entry, now: float, *, over: bool) -> None:
        """Give up the copies that were refused for good, and all that were tried if the entry's time is over."""
        failures = entry.failures
        given_up = [
            (copy, failure)
            for copy in entry.copies
            if (failure := failures.get(copy.recipient)) and (over or _is_lost(entry, copy))
        ]
        if given_up:
            gone = {copy.recipient for copy, _ in given_up}
            entry.copies = [copy for copy in entry.copies if copy.recipient not in gone]
            self.notifications.give_up(entry, given_up, now)

    def _strike(self, entry: Entry, now: float) -> None:
        """The time to deliver by is over: return the message, or tell its sender that it is late (RFC 2852)."""
        if not self.uptime.running or not self.queue.holds(entry):
            return
        if not entry.is_overdue(now):
            self.notifications.send_dsn(entry, [(copy, dsn.LATE) for copy in entry.copies], now, "delayed")
        elif not entry.in_delivery:
            self._return_late(entry, now)

    def _return_late(self, entry: Entry, now: float) -> None:
        """Give up what is left of a message whose time is over; what was refused before is told as it was."""
        for copy in entry.copies:
            copy.waited(entry.due, now)
            failure = entry.failures.get(copy.recipient)
            if failure is None or not failure.permanent:
                entry.failures[copy.recipient] = TOO_LATE
        self._return_refused(entry, now, over=True)
        self._remove(entry, now)


def _cancelled(failure: Failure | None) -> Failure:
    """Why a frozen message is returned (Exim's deliver.c: RECIP_FAIL_TIMEOUT)."""
    why = f"{failure.text}; {_TIMED_OUT}" if failure else _TIMED_OUT
    return Failure(554, dsn.DEFAULT_STATUS, why)


def _is_lost(entry: Entry, copy: Copy) -> bool:
    """Whether trying a copy again is pointless."""
    failure = entry.failures.get(copy.recipient)
    return failure is not None and (failure.permanent or copy.recipient in entry.given_up)


def _last_round(entry: Entry, now: float) -> Round:
    last = next(reversed(entry.failures.values()), None)
    host_error, null = last is None or last.host_error, entry.reverse_path.is_null
    return Round(entry.queue_id, entry.arrival, entry.due, now, entry.rounds, host_error, null, entry.priority)

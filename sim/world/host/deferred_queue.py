"""A host's queue in time: how long each message waits, and when it is given up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, nextafter

from sim.mta import dsn
from sim.mta.dsn import next_warning, warnings_due
from sim.mta.queue.entry import Copy, Entry, State
from sim.mta.queue.expiry import cancelled, expired, frozen_until, overdue, refused
from sim.mta.queue.failure import Failure
from sim.results.outcomes import CopyOutcome
from sim.scenario.products.retry import Retry
from sim.world.host.notifications import Notifications
from sim.world.host.uptime import Part

MANY_IN_A_SESSION = "no immediate delivery: too many messages received in one connection"
"""Exim's smtp_accept_queue_per_connection."""

ON_HOLD = "held until it is released"


@dataclass
class DeferredQueue(Part):
    """The entries of a host's queue: they come, have rounds of deliveries, sleep between these, and go.

    Attributes:
        runs_since: the phase of the queue runs, s: one is at that time, and then one every period of the product.
        begin: begins a round of an entry's deliveries; says of a new one that it is.
        take_held: takes a message anew whose time to begin its way has come (FUTURERELEASE).
    """

    retry: Retry
    notifications: Notifications
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
        self.recorder.queue(self.host.name, self.queue, now)
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
        self.recorder.queue(self.host.name, self.queue, entry.arrival)
        until = entry.ready = entry.due = entry.options.release_time if entry.options else entry.arrival
        self.clock.call_at(until, lambda: self._wake(entry, until))

    def settle(self, entry: Entry, now: float) -> None:
        """A round of an entry's deliveries is over: what is left is given up, or tried again later."""
        if entry.is_overdue(now):
            self._expire(entry, now, overdue)
            return
        if not entry.copies:
            self._remove(entry, now)
            return
        entry.rounds += 1
        last = entry.last_round(now)
        over = self.retry.gives_up(last)
        until = frozen_until(entry, self.host.mta, over=over)
        entry.frozen = now < until
        if entry.frozen:
            entry.ready = until
            self._sleep(entry, now)
            return
        self._return_refused(entry, now, over=over)
        if not entry.copies:
            self._remove(entry, now)
            return
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

    def resume(self, entry: Entry, now: float) -> None:
        """A delivery outside the rounds is over: what is left of the entry goes on waiting for its time."""
        entry.in_delivery -= 1
        if not self.uptime.running or not self.queue.holds(entry):
            return
        if entry.is_overdue(now):
            self._expire(entry, now, overdue)
        elif self._goes_on(entry, now):
            if entry.due <= now:
                self._try_again(entry, now)
            else:
                self.move(entry, "deferred", now)

    def move(self, entry: Entry, state: State, now: float) -> None:
        """Let an entry stand elsewhere in the queue."""
        if state == "active":
            entry.activate(now)
        if entry.state != state:
            self.queue.move(entry, state)
            self.recorder.queue(self.host.name, self.queue, now)

    def release(self, entries: Iterable[Entry], now: float) -> None:
        """Try those of the messages that sleep, but none of which the last copy is just being given up."""
        for entry in entries:
            if entry.copies and entry.can_be_tried and entry.due > now and self.queue.holds(entry):
                entry.ready = entry.due = now
                self._try_again(entry, now)

    def release_at_once(self, queue_id: str, now: float) -> bool:
        """Try a message that sleeps beside the queue runs; whether its deliveries have begun."""
        entry = self.queue.entries.get(queue_id)
        if entry is None or not entry.can_be_tried or entry.state != "deferred":
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

    def put_off(self, entry: Entry, until: float, now: float, why: str) -> None:
        """Let a message wait that cannot be tried before a time."""
        entry.ready = until
        self._sleep(entry, now, why)

    def drop(self, entry: Entry, gone: Sequence[Copy], now: float) -> None:
        """Let copies of an entry go, and the entry with its last one."""
        entry.drop(gone)
        if not entry.copies:
            self._remove(entry, now)

    def next_run(self, now: float) -> float:
        """When the next queue run is."""
        return self.retry.next_run(now, now, self.runs_since)

    def wake(self, queue_ids: Sequence[str], now: float) -> None:
        """Let those go that need not wait for a host any longer, each when its product next looks."""
        for queue_id in queue_ids:
            entry = self.queue.entries.get(queue_id)
            if entry is not None and entry.can_be_tried:
                entry.ready = now
                self._sleep(entry, now)

    def copies(self, now: float) -> Iterator[tuple[Copy, CopyOutcome]]:
        """Every copy that the host holds, and whether it lies in the queue or is in transfer."""
        for entry in self.queue.entries.values():
            entry.waited(now)
            for copy in entry.copies:
                yield copy, CopyOutcome.IN_TRANSFER if copy.in_transfer else CopyOutcome.QUEUED

    def lose(self, now: float) -> Iterator[Copy]:
        """All that is there is lost; gives it."""
        for entry in self.queue.empty():
            entry.waited(now)
            yield from entry.copies
        self.recorder.queue(self.host.name, self.queue, now)

    def boot(self, now: float) -> None:
        """The queue manager starts with a queue run, and takes up what was under way when the host went down."""
        self.runs_since = now
        if self._paused:
            self.thaw(self.queue.entries.values(), now)
        for entry in list(self.queue.entries.values()):
            if entry.in_delivery or not self.queue.holds(entry) or not self._goes_on(entry, now):
                continue
            if entry.ready <= now or (self.host.mta.forgets_times and not entry.awaits_release):
                entry.due = now
                self._try_again(entry, now)
            else:
                self._sleep(entry, now)

    def _goes_on(self, entry: Entry, now: float) -> bool:
        """Whether something is left to be tried, of what was not refused, and the operators do not keep it back."""
        if not entry.frozen:
            self._return_refused(entry, now, over=False)
        if not entry.copies:
            self._remove(entry, now)
        elif entry.suspended:
            self._suspend(entry, now)
        else:
            return True
        return False

    def _begin(self, entry: Entry, now: float, *, new: bool = False) -> None:
        """Begin a round of an entry's deliveries, unless its time is over, or has only now come."""
        if entry.awaits_release:
            self.queue.remove(entry)
            self.recorder.queue(self.host.name, self.queue, now)
            for copy in entry.copies:
                copy.waited(copy.counted_to, now)
            self.take_held(entry, now)
        elif entry.is_overdue(now):
            self._expire(entry, now, overdue)
        elif self._paused or entry.suspended:
            self._suspend(entry, now)
        else:
            self.begin(entry, now, new)

    def _suspend(self, entry: Entry, now: float) -> None:
        """Let an entry wait for its thaw, or as long as the product keeps what is frozen, or paused, at most."""
        entry.suspended = True
        entry.waited(now)
        kept = inf if entry.reverse_path.is_null else self.host.mta.timeout_frozen_after
        due = self.retry.lapses(entry.arrival) if self._paused else entry.arrival + kept
        self._wait(entry, due, "hold", now, ON_HOLD)

    def _sleep(self, entry: Entry, now: float, why: str = "") -> None:
        """Let an entry wait for its time, or the queue run that finds it come."""
        # The run that has just put it off does not find it again.
        due = self.retry.next_run(max(entry.ready, nextafter(now, inf)), now, self.runs_since)
        self._wait(entry, due, "hold" if entry.awaits_release else "deferred", now, why)

    def _wait(self, entry: Entry, due: float, state: State, now: float, why: str) -> None:
        """Let an entry stand in the queue until it is due; `why`, where no attempt says it."""
        entry.due = due
        self.move(entry, state, now)
        self.recorder.deferral(self.host.name, entry, now, why)
        if now < due:
            self.clock.call_at(due, lambda: self._wake(entry, due))

    def _wake(self, entry: Entry, due: float) -> None:
        if self.uptime.running and entry.due == due and not entry.in_delivery and self.queue.holds(entry):
            self._try_again(entry, due)

    def _try_again(self, entry: Entry, now: float) -> None:
        kept = entry.frozen or (entry.suspended and not self._paused)
        if kept and not entry.reverse_path.is_null:
            self._expire(entry, now, cancelled)
        elif self.retry.lapses(entry.arrival) > now:
            self._begin(entry, now)
        else:
            self._expire(entry, now, expired)

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
        self.recorder.queue(self.host.name, self.queue, now)

    def _return_refused(self, entry: Entry, now: float, *, over: bool) -> None:
        """Give up the copies that were refused for good, and all that were tried if the entry's time is over."""
        given_up = refused(entry, over=over)
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
            self._expire(entry, now, overdue)

    def _expire(self, entry: Entry, now: float, why: Callable[[Failure | None], Failure]) -> None:
        """Give up what is left of a message whose time is over; `why` makes the reason of the last attempt's."""
        entry.waited(now)
        entry.failures |= {copy.recipient: why(entry.failures.get(copy.recipient)) for copy in entry.copies}
        self._return_refused(entry, now, over=True)
        self._remove(entry, now)

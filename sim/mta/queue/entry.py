"""What a host holds: its queue entries (one message each) and the copies in them that are still to be passed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from sim.mail.path import Path
from sim.mta.queue.failure import Failure
from sim.mta.queue.message_options import MessageOptions
from sim.protocol.smtp.events import Parameters
from sim.scenario.products.retry import Round

State = Literal["incoming", "active", "deferred", "hold"]
"""Where an entry stands: waiting to become active, in a round of deliveries, asleep, or held back."""

HopTime = tuple[float, float, float]
"""What an attempt took, in s: contact (until mail could be offered), transfer, service at the server."""


@dataclass(slots=True, eq=False)
class Copy:
    """A message x recipient in one host's custody, and what became of it on its way here.

    `path` names the hosts that have had custody, this one last; `in_transfer` says that a session carries it. The five
    delays account for all the time since `created` up to `counted_to`. `parameters` are those of its RCPT.
    `damage` says whether its content is no longer what was written: `unseen`, or `found` by its reader. `replicas` is
    how many instances of it the host may still make of its own, itself counted; 0 where nobody counts.
    """

    message_id: int
    forward_path: Path
    recipient: str
    created: float
    counted_to: float
    path: tuple[str, ...]
    attempts: int = 0
    in_transfer: bool = False
    queue_s: float = 0.0
    retry_s: float = 0.0
    contact_s: float = 0.0
    transfer_s: float = 0.0
    service_s: float = 0.0
    parameters: Parameters = ()
    damage: str = ""
    replicas: int = 0

    @property
    def next_domain(self) -> str:
        """Whose hosts it goes to next, in lower case."""
        path = self.forward_path
        return (path.route[0] if path.route else path.mailbox.domain if path.mailbox else "").lower()

    def waited(self, due: float, now: float) -> None:
        """Count the wait since the last event: backoff until `due`, then waiting for a turn until `now`."""
        backoff = max(min(due, now) - self.counted_to, 0.0)
        self.retry_s += backoff
        self.queue_s += now - self.counted_to - backoff
        self.counted_to = now

    def tried(self, spent: HopTime, until: float) -> None:
        """Count an attempt that took `spent` and ended (for this copy) at `until`."""
        self.attempts += 1
        self.contact_s += spent[0]
        self.transfer_s += spent[1]
        self.service_s += spent[2]
        self.counted_to = until

    def at(self, host: str, spent: HopTime, until: float) -> Copy:
        """The copy as the next host takes it into custody at `until`, after an attempt that took `spent`."""
        there = Copy(
            self.message_id,
            self.forward_path,
            self.recipient,
            self.created,
            self.counted_to,
            (*self.path, host),
            self.attempts,
            False,
            self.queue_s,
            self.retry_s,
            self.contact_s,
            self.transfer_s,
            self.service_s,
        )
        there.replicas = self.replicas
        there.tried(spent, until)
        return there


@dataclass(slots=True, eq=False)
class Entry:
    """One message in one host's queue, with the copies that this host must still pass on.

    `arrival` is when the host took custody; `ready` the end of its backoff; `due` the queue run that wakes it;
    `in_delivery` how many deliveries of it are under way or in line; `rounds` how many rounds of them there have been;
    `failures` what the last attempts said of the copies that they left over, `given_up` the recipients among these who
    are not to be tried again although the failure was no refusal. `options` are what the sender asked for, None where
    that is nothing; `state` is where it stands, `frozen` says that it is kept untried for a while: a report that came
    back, or mail that goes round; `suspended` that its host's operators keep it from being tried. `requested_by` are
    the domains whose hosts have asked for it since its last round, of those whose mail waits for that. `warned` counts
    the times that its sender was told that it is late. `receiving` is how long the host took to receive it, in s;
    `active_at` when it became active last, and `looking_up` how long the name service took then. `protocol` is that of
    the network whose message it is; empty where it was written here.
    """

    queue_id: str
    reverse_path: Path
    content: bytes
    arrival: float
    copies: list[Copy]
    ready: float
    due: float
    in_delivery: int = 0
    rounds: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)
    given_up: frozenset[str] = frozenset()
    options: MessageOptions | None = None
    state: State = "active"
    requested_by: frozenset[str] = frozenset()
    frozen: bool = False
    suspended: bool = False
    warned: int = 0
    receiving: float = 0.0
    protocol: str = ""
    active_at: float = field(init=False)
    looking_up: float = 0.0

    def __post_init__(self) -> None:
        """A new message is active at once, unless it is told to wait."""
        self.active_at = self.arrival

    def activate(self, now: float) -> None:
        """The queue manager takes it up."""
        self.active_at, self.looking_up = now, 0.0

    def drop(self, gone: Sequence[Copy]) -> None:
        """Let copies go that are done with; of very many they are mostly neighbours, in their order."""
        copies = self.copies
        if copies == gone:
            self.copies = []
            return
        first = copies.index(gone[0]) if gone[0] in copies else 0
        behind = first + len(gone)
        if copies[first:behind] == gone:
            self.copies = copies[:first] + copies[behind:]
        else:
            names = {copy.recipient for copy in gone}
            self.copies = [copy for copy in copies if copy.recipient not in names]

    def delays(self, handed_over: float, contacted: float, ended: float) -> tuple[float, float, float, float]:
        """An attempt's time since the message began to come in, as Postfix logs it in `delays=a/b/c/d` (log_adhoc.c).

        Args:
            handed_over: when the delivery got its place.
            contacted: when the mail was offered; infinity if it was not.
            ended: when the attempt was over.

        Returns:
            The times before the queue manager (with receiving the message and sleeping after earlier attempts), in it,
            until mail could be offered (with looking up the way, and hosts that were tried before), and after that, in
            s.
        """
        contacted, asked = min(contacted, ended), self.looking_up
        before = self.active_at - self.arrival + self.receiving
        return before, handed_over - self.active_at - asked, contacted - handed_over + asked, ended - contacted

    def waited(self, now: float) -> None:
        """Count the wait of all its copies, as of `Copy.waited`."""
        for copy in self.copies:
            copy.waited(self.due, now)

    def put_off(self, copies: Sequence[Copy], why: Failure, now: float) -> None:
        """Copies of it are not tried, for this reason."""
        for copy in copies:
            copy.waited(self.due, now)
            self.failures[copy.recipient] = why

    def last_round(self, now: float) -> Round:
        """The round of attempts that is over now."""
        last = next(reversed(self.failures.values()), None)
        host_error, null = last is None or last.host_error, self.reverse_path.is_null
        return Round(self.queue_id, self.arrival, self.due, now, self.rounds, host_error, null, self.priority)

    @property
    def message_id(self) -> int:
        """The message that it holds."""
        return self.copies[0].message_id

    @property
    def priority(self) -> int:
        """What its sender gave it, from -9 to 9 (RFC 6710)."""
        return self.options.priority if self.options else 0

    @property
    def awaits_release(self) -> bool:
        """Whether the message has yet to begin its way (RFC 4865)."""
        return self.state == "hold" and not self.suspended

    @property
    def can_be_tried(self) -> bool:
        """Whether a round of deliveries may begin: none is under way, and nothing keeps it back."""
        return not (self.in_delivery or self.frozen or self.suspended or self.state == "hold")

    def is_overdue(self, now: float) -> bool:
        """Whether its sender would rather have it back by now (RFC 2852)."""
        options = self.options
        return options is not None and options.returns and now >= options.deadline


class Queue:
    """A host's queue: entries in order of arrival, with their bytes and how many stand where (`count`)."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.bytes = 0
        self.count: dict[State, int] = dict.fromkeys(get_args(State), 0)

    def add(self, entry: Entry) -> None:
        """Take an entry in."""
        self.entries[entry.queue_id] = entry
        self.bytes += len(entry.content)
        self.count[entry.state] += 1

    def remove(self, entry: Entry) -> None:
        """Let an entry go; it must be here."""
        del self.entries[entry.queue_id]
        self.bytes -= len(entry.content)
        self.count[entry.state] -= 1

    def move(self, entry: Entry, state: State) -> None:
        """Let an entry, which must be here, stand elsewhere."""
        self.count[entry.state] -= 1
        self.count[state] += 1
        entry.state = state

    def holds(self, entry: Entry) -> bool:
        """Whether an entry is still here: a crash may have taken it."""
        return self.entries.get(entry.queue_id) is entry

    def rewrite(self, entry: Entry, content: bytes) -> None:
        """Give an entry, which must be here, other content."""
        self.bytes += len(content) - len(entry.content)
        entry.content = content

    def empty(self) -> list[Entry]:
        """Take everything out."""
        entries = list(self.entries.values())
        for entry in entries:
            self.remove(entry)
        return entries

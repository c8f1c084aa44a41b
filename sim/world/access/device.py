"""A user's device at work: its mail program looks into the mailbox again and again, or waits there for news."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any, NamedTuple

import simpy

from sim.agent.acts import Act, Announced, Fetched, Search, Seen, Uid
from sim.agent.dialogue import RetrievalDialogue
from sim.agent.products import mail_user_agent
from sim.agent.retrieval import Retrieval
from sim.mailbox.dialogue import AccessDialogue
from sim.mailbox.dovecot import NOTICE_TIME
from sim.mailbox.interface import INBOX, MailboxError
from sim.mta.queue.failure import Failure
from sim.results.outcomes import AttemptOutcome, Step
from sim.scenario.quantity import MINUTE
from sim.world.access.access_service import AccessService
from sim.world.engine.clock import Clock
from sim.world.engine.host_times import HostTimes
from sim.world.engine.ledger import Key, Ledger
from sim.world.engine.session import Session
from sim.world.engine.stepping import Waits
from sim.world.host.client import Peer
from sim.world.host.device_hosts import PASSWORD, DeviceHost
from sim.world.host.host import HostAtWork
from sim.world.host.world import World
from sim.world.mailbox.account import RunAccount

MailboxSession = Session["DeviceDialogue", AccessDialogue]

_AGAIN = 10 * MINUTE
"""How long after a session that should have stayed open the next one begins, s, as Thunderbird looks for mail."""
_OFFLINE = Failure(0, AttemptOutcome.CONNECTION_LOST.status, "the device went offline")


class Had(NamedTuple):
    """A message that a device has: where it lies, its content, and which copies of the ledger it is."""

    mailbox: str
    uid: Uid
    content: bytes
    copies: Sequence[Key]


class DeviceDialogue(RetrievalDialogue):
    """A mail program's side of a session; `told` is called when it has heard something."""

    def __init__(self, retrieval: Retrieval, told: Callable[[], None]) -> None:
        super().__init__(retrieval)
        self._told = told

    def read(self, octets: bytes) -> None:
        """Take what the server wrote."""
        super().read(octets)
        self._told()


class DeviceAtWork:
    """A device that fetches its user's mail.

    Args:
        host: the device as a host.
        device: its settings.
        service: what serves the user's mailbox.
        account: the mailbox, to know what the program is told of.
        world: gives the clock, the ledger and the streams.
        has: is told of each message that the device has got.
    """

    def __init__(
        self,
        host: HostAtWork,
        device: DeviceHost,
        service: AccessService,
        account: RunAccount,
        world: World,
        *,
        has: Callable[[DeviceAtWork, Had], None],
    ) -> None:
        settings, name = device.device, host.spec.name
        self.agent = mail_user_agent(settings, str(device.user), PASSWORD)
        self._host, self._service, self._account, self._has = host, service, account, has
        self._protocol = settings.access
        self._clock: Clock = world.clock
        self._ledger: Ledger = world.ledger
        random = world.streams(f"host/{name}/checks")
        self._times = HostTimes(replace(host.spec, think_time=self.agent.think_time, read_time=0.0), random)
        self._check = settings.check or _AGAIN
        self._first = 0.0 if self.agent.idles else random.uniform(0.0, self._check)
        # What it knows of what it has been told of, and not got yet; what the server is just about to tell it of.
        self._announced: dict[tuple[str, Uid], Had] = {}
        self._notified: list[bytes] = []
        self._last_uid = 0
        # While its session is open and idle: what ends the wait; since when there is news; whether the user acted.
        self._wake: simpy.Event | None = None
        self._changed_at = inf
        self._acted = False
        # Whether the ledger waits until the server has been told what the user did.
        self._owes = False
        # What the user opens that his program has yet to fetch for that.
        self._opened: dict[tuple[str, Uid], simpy.Event] = {}

    def live(self) -> Waits:
        """Look for mail at its times, whenever it is online then."""
        clock, online, at = self._clock, self._host.online, self._first
        while (at := online.next_up(at)) < clock.horizon:
            if at > clock.now:
                yield at
            if self._ledger.is_settled:
                return
            yield from self._session(clock.now)
            now = clock.now
            at = now if self.agent.idles and not online.is_up(now) else now + self._check

    def do(self, *acts: Act) -> None:
        """The user does something with his mail: the session that is open tells the server, or a later one."""
        self.agent.do(*acts)
        if self.agent.tells:
            self._acted = True
            self._rouse(self._wake)
            self._wait_until_told()

    def open(self, had: Had) -> Waits:
        """The user opens a message, which his program may have to fetch for that."""
        if not self.agent.fetches:
            self._opened[had.mailbox, had.uid] = fetched = self._clock.event()
            self.do(Seen(had.mailbox, had.uid))
            yield fetched

    def _session(self, now: float) -> Waits:
        """One session, to its end."""
        client, next_hops, agent = self._host.client, self._host.next_hops, self.agent
        name, keeper = self._host.spec.name, self._service.server.host.name
        nodes = client.paths.nodes(name, keeper, now)
        routes = next_hops.ending(nodes) if nodes and nodes[-1] == keeper else ()
        if isinstance(routes, Failure) or not routes:
            return
        dialogue = DeviceDialogue(Retrieval(agent.client(), agent.session((), now)), self._take_news)
        opened = client.open(dialogue, routes[0], now, self._service, times=self._times)
        if opened is None:
            return
        self._ledger.begin_talk()
        session, peer = opened
        record = partial(self._record, session, peer)
        client.sessions[peer.session_id] = record
        self._acted, self._changed_at = False, inf
        stop_watching, recorded = self._account.watch(self._note_change), -inf
        yield from session.run(now)
        self._show_what_is_gone()
        while dialogue.kept and session.outcome is None:
            if session.started_at > recorded:
                recorded = session.started_at
                record(self._clock.now, None)
            client.sessions[peer.session_id] = None
            self._note_told()
            self._ledger.end_talk()
            if not (yield from self._idle(session)):
                break
            self._ledger.begin_talk()
            client.sessions[peer.session_id] = record
            yield from self._go_on(session, peer)
            self._show_what_is_gone()
        now, idles = self._clock.now, client.sessions.pop(peer.session_id) is None
        stop_watching()
        if not idles:
            record(now, session.outcome)
            if session.outcome is None and dialogue.failure is None:
                self._note_told()
            self._ledger.end_talk()
        else:
            # Nobody tells the server.
            dialogue.end(_OFFLINE)
        leaves = now + session.server.patience if idles else session.server_leaves_at
        peer.leave(session.server, leaves)
        if session.connected and not idles:
            session.connection.close(now)

    def _idle(self, session: MailboxSession) -> Generator[Any, float, bool]:
        """Wait in the open session until there is something to do in it; false where the device goes offline first."""
        clock = self._clock
        self._wake = wake = clock.event()
        offline = self._host.online.next_down(clock.now)
        clock.call_at(min(clock.now + self.agent.renew, session.until, offline), partial(self._rouse, wake))
        if self._acted:
            self._rouse(wake)
        elif self._changed_at < inf:
            clock.call_at(max(self._changed_at + NOTICE_TIME, clock.now), partial(self._rouse, wake))
        yield wake
        self._wake = None
        goes_on: bool = clock.now < offline and not self._ledger.is_settled
        return goes_on

    def _go_on(self, session: MailboxSession, peer: Peer) -> Waits:
        """The server tells its news where it is time to; else the program goes on, for its user or to wait anew."""
        now = self._clock.now
        if now < self._changed_at + NOTICE_TIME:
            self._acted = False
            yield from session.resume(now, 0.0)
            return
        self._changed_at = inf
        if peer.session_id in self._service.listener.inbound:
            inbox = self._account.mailbox(INBOX)
            new = range(self._last_uid + 1, inbox.uid_next)
            self._last_uid = inbox.uid_next - 1
            self._notified = [inbox.content(uid) for uid in new if uid in inbox.messages]
            yield from session.notify(now)
            self._notified = []

    def _note_change(self) -> None:
        """Something has happened in the mailbox: the server tells who waits when it has waited for more."""
        if self._changed_at == inf:
            self._changed_at = self._clock.now
            if self._wake is not None:
                self._clock.call_at(self._changed_at + NOTICE_TIME, partial(self._rouse, self._wake))

    def _rouse(self, wake: simpy.Event | None) -> None:
        if wake is not None and not wake.triggered:
            wake.succeed()

    def _take_news(self) -> None:
        """The program has heard something: note what it knows of now, and what it has."""
        now, account = self._clock.now, self._account
        for content in self._notified:
            self._reach(account.copies(content), Step.ANNOUNCED, now)
        self._notified = []
        for news in self.agent.take_news():
            had = self._find(news)
            if isinstance(news, Fetched):
                self._rouse(self._opened.pop((news.mailbox, news.uid), None))
            if had is None:
                continue
            self._reach(had.copies, Step.ANNOUNCED, now)
            if isinstance(news, Announced):
                self._announced[news.mailbox, news.uid] = had
                if not self.agent.fetches:
                    self._has(self, had)
            else:
                self._reach(had.copies, Step.FETCHED, now)
                self._has(self, had)

    def _wait_until_told(self) -> None:
        """The run goes on until the server knows what the user did with his mail, if it ever can."""
        if self._pending() and not self._owes and self._host.online.next_up(self._clock.now) < self._clock.horizon:
            self._owes = True
            self._ledger.expect()

    def _pending(self) -> bool:
        """Whether something that he did with his mail has yet to be told; nobody waits for what he looks for."""
        return not all(isinstance(act, Search) for act in self.agent.pending)

    def _note_told(self) -> None:
        """A session has told the server what it was to be told, or some of it."""
        if self._owes and not self._pending():
            self._owes = False
            self._ledger.came()

    def _show_what_is_gone(self) -> None:
        """What the user has opened and the program no longer asks for is gone."""
        if self._opened:
            pending = self.agent.pending
            for mailbox, uid in [key for key in self._opened if Seen(*key) not in pending]:
                self._rouse(self._opened.pop((mailbox, uid)))

    def _find(self, news: Announced | Fetched) -> Had | None:
        """The message that a program says it has been told of, or has; it may be gone already."""
        if isinstance(news, Fetched) and (known := self._announced.pop((news.mailbox, news.uid), None)):
            return known
        try:
            mailbox = self._account.mailbox(news.mailbox)
            # UIDL says UIDVALIDITY and the UID in eight digits each.
            uid = news.uid if isinstance(news.uid, int) else int(news.uid[-8:], 16)
            if not uid and isinstance(news, Fetched):
                uid = next((each for each in mailbox.messages if mailbox.content(each) == news.content), 0)
            content = mailbox.content(uid)
        except MailboxError:
            return None
        return Had(news.mailbox, news.uid, content, self._account.copies(content))

    def _reach(self, copies: Sequence[Key], step: Step, now: float) -> None:
        for key in copies:
            self._ledger.reach(key, step, now)

    def _record(
        self,
        session: MailboxSession,
        peer: Peer,
        now: float,
        outcome: AttemptOutcome | None = AttemptOutcome.UNFINISHED,
    ) -> None:
        failure = session.client.failure
        if outcome is None:
            outcome = AttemptOutcome.ACCEPTED if failure is None else AttemptOutcome.DEFERRED
        contacted = min(session.contacted_at, now)
        delays = 0.0, 0.0, contacted - session.started_at, now - contacted
        recorder = self._host.client.recorder
        recorder.attempt(peer, session, now, outcome, failure, delays=delays, protocol=self._protocol)

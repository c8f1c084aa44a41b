"""A host's policies at work: what is delayed or refused although SMTP would have it pass.

`AccessPolicy` is what the host remembers, `ClientPolicy` what it says to one client. Both are told the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from sim.mail.path import Path
from sim.mta.queue.mx import Records, is_null
from sim.mta.server.greylist import Greylist
from sim.mta.server.ttl_cache import TtlCache
from sim.protocol.smtp import replies
from sim.protocol.smtp.events import Parameters
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import RateWindows
from sim.scenario.spec.policies import Place, Policies, Rate, Refusal

E421_TOO_MANY_FROM_YOU = Reply(421, ("Too many connections from your host",), "4.7.0")
E450_TOO_MUCH_FROM_YOU = Reply(450, ("Too much mail from your host",), "4.7.1")
E450_TOO_MANY_RCPTS_FROM_YOU = Reply(450, ("Too many recipients from your host",), "4.7.1")
E550_NULL_MX_SENDER = Reply(550, ("Sender address has null MX",), "5.7.27")
"""RFC 7505 section 4.2."""
E452_SPOOL_FULL = Reply(452, ("Insufficient system storage",), "4.3.1")

AUTH_FAILURE_DELAY = 2.0
"""Seconds that a wrong login costs its client (Dovecot's auth_failure_delay, 2 secs by default)."""


class _Counter:
    """How often each client has come lately.

    Args:
        rate: how often it may.
        usual: the reply to what is too much, where the rate does not say another.
        windows: whether time is counted back from now, or in pieces, of which a client's next one begins as it comes
            when the last is over (anvil.c: ANVIL_REMOTE_INCR_RATE).
    """

    def __init__(self, rate: Rate, usual: Reply, windows: RateWindows) -> None:
        self._rate = rate
        self._fixed = windows == "fixed"
        # Who has not come for that long has not come.
        self._times: TtlCache[str, deque[float]] = TtlCache(rate.per)
        self._refusal = _reply(rate, usual)

    def forget(self) -> None:
        """Begin anew (Postfix's anvil(8) keeps its counts in memory)."""
        self._times.clear()

    def refusal(self, client: str, now: float) -> Reply | None:
        """Why a client may not come now, if it may not; else it counts, and where tries do it counts all the same."""
        found = self._times.get(client, now)
        times: deque[float] = deque() if found is None else found[1]
        if self._fixed:
            if times and times[0] + self._rate.per < now:
                times.clear()
        else:
            while times and times[0] <= now - self._rate.per:
                times.popleft()
        too_many = len(times) >= self._rate.count
        counts = self._rate.counts == "tries" and not self._fixed
        if too_many and counts:
            # The oldest is of no use: so many younger ones are too many already.
            times.popleft()
        if counts or not too_many:
            times.append(now)
            self._times.set(client, times, now)
        return self._refusal if too_many else None


@dataclass
class AccessPolicy:
    """A host's policies and what it remembers of its clients.

    `sessions`, `messages` and `recipients` count how often each has come, `connected` says how many of its connections
    are open, and `guesses` when it learns that it has guessed a password wrong.

    Attributes:
        policies: the host's.
        random: draws from 0 to 1, for refusals by chance.
        spooled: how many bytes the host's queue holds.
        windows: how its product counts rates.
        mx: answers a domain's MX records, None where there is no such domain.
    """

    policies: Policies
    random: Callable[[], float]
    spooled: Callable[[], int]
    windows: RateWindows = "sliding"
    mx: Callable[[str], Records | None] = lambda _: None

    def __post_init__(self) -> None:
        """Nobody has come yet."""
        self.greylist = Greylist(self.policies.greylist) if self.policies.greylist else None
        self.sessions = self._counter(self.policies.sessions, E421_TOO_MANY_FROM_YOU)
        self.messages = self._counter(self.policies.messages, E450_TOO_MUCH_FROM_YOU)
        self.recipients = self._counter(self.policies.recipients, E450_TOO_MANY_RCPTS_FROM_YOU)
        self.connected: dict[str, int] = {}
        # No sessions of one client wait longer than this.
        self.guesses: TtlCache[str, float] = TtlCache(3600.0)

    def _counter(self, rate: Rate | None, usual: Reply) -> _Counter | None:
        return None if rate is None else _Counter(rate, usual, self.windows)

    def restart(self) -> None:
        """The host has restarted: no connection is open, nobody has come lately; whom it knows lies on disk."""
        self.connected.clear()
        for counter in (self.sessions, self.messages, self.recipients):
            if counter is not None:
                counter.forget()

    def has_room(self, size: int) -> bool:
        """Whether the spool has room for so many bytes more."""
        return not self.policies.spool or self.spooled() + size <= self.policies.spool

    def injected(self, place: Place, now: float) -> Reply | None:
        """The refusal that the scenario has at a place of the dialogue now, by chance where it says so."""
        for refusal in self.policies.refuse:
            if (
                refusal.at == place
                and (not refusal.during or any(start <= now < end for start, end in refusal.during))
                and (refusal.probability >= 1 or self.random() < refusal.probability)
            ):
                text = "Try again later" if refusal.code < 500 else "Refused by policy"
                return _reply(refusal, Reply(refusal.code, (text,), f"{refusal.code // 100}.7.1"))
        return None


@dataclass(slots=True)
class ClientPolicy:
    """What a host's policies say to one client in one session.

    Attributes:
        access: the host's.
        client: whose session it is.
        clock: tells the time, s.
    """

    access: AccessPolicy
    client: str
    clock: Callable[[], float]
    # Whether the session is among those that are open.
    _counts: bool = False

    @property
    def greeting_delay(self) -> float:
        """How long the greeting is held back, in s."""
        return self.access.policies.greeting_delay

    def connection(self) -> Reply | None:
        """The reply instead of the greeting, if there is one; else the connection counts until `close`."""
        open_ = self.access.connected.get(self.client, 0)
        if 0 < self.access.policies.sessions_at_once <= open_:
            return E421_TOO_MANY_FROM_YOU
        refusal = self._too_many(self.access.sessions) or self.injected("connect")
        if refusal is None:
            self._counts = True
            self.access.connected[self.client] = open_ + 1
        return refusal

    def close(self) -> None:
        """The session is over."""
        if self._counts:
            self._counts = False
            left = self.access.connected.pop(self.client, 0) - 1
            if left > 0:
                self.access.connected[self.client] = left

    def guess(self) -> float:
        """How long the reply to a wrong login is held back, in s.

        In all its sessions together a client learns of one in each `AUTH_FAILURE_DELAY` seconds.
        """
        now = self.clock()
        last = self.access.guesses.get(self.client, now)
        at = (now if last is None else max(now, last[1])) + AUTH_FAILURE_DELAY
        self.access.guesses.set(self.client, at, now)
        return at - now

    def mail(self, reverse_path: Path, parameters: Parameters) -> Reply | None:
        """The reply instead of the usual one to MAIL."""
        access, sender = self.access, reverse_path.mailbox
        refusal = self._too_many(access.messages)
        if refusal is not None:
            return refusal
        if access.policies.null_mx_senders == "reject" and sender is not None and is_null(access.mx(sender.domain)):
            return E550_NULL_MX_SENDER
        # What MAIL says of the message's size (RFC 1870).
        declared = next((int(value) for name, value in parameters if name == "SIZE" and value), 0)
        return self.injected("mail") if access.has_room(declared) else E452_SPOOL_FULL

    def recipient(self, reverse_path: Path, forward_path: Path, reply: Reply) -> Reply:
        """The reply to RCPT, where the directory has `reply`."""
        access = self.access
        refusal = self._too_many(access.recipients)
        if refusal is not None:
            return refusal
        if not reply.positive:
            taken = access.policies.unknown_users == "bounce" and reply is replies.E550_NO_SUCH_USER
            return replies.S250_RCPT if taken else reply
        refusal = self.injected("rcpt")
        if refusal is None and access.greylist is not None:
            triplet = (self.client, str(reverse_path).lower(), str(forward_path).lower())
            wait = access.greylist.wait(triplet, self.clock())
            if wait:
                refusal = Reply(451, (f"Greylisted, please try again in {ceil(wait)} seconds",), "4.7.1")
        return refusal or reply

    def mail_data(self, size: int) -> Reply | None:
        """The reply instead of taking the mail data of so many bytes."""
        return self.injected("dot") if self.access.has_room(size) else E452_SPOOL_FULL

    def _too_many(self, counter: _Counter | None) -> Reply | None:
        return None if counter is None else counter.refusal(self.client, self.clock())

    def injected(self, place: Place) -> Reply | None:
        """The reply that the scenario has instead of the usual one at a place of the dialogue now, if any."""
        return self.access.injected(place, self.clock())


def _reply(said: Rate | Refusal, usual: Reply) -> Reply:
    """The reply that a policy names, with what the usual one says where it leaves something out."""
    code = said.code or usual.code
    enhanced = said.enhanced or (usual.enhanced if code == usual.code else f"{code // 100}.7.1")
    return Reply(code, tuple(said.text.split("\n")) if said.text else usual.lines, enhanced)

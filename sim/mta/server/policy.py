"""A host's policies at work: what is delayed or refused although SMTP would have it pass.

`AccessPolicy` is what the host remembers, `ClientPolicy` what it says to one client. Both are told the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
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

    __slots__ = ("_fixed", "_rate", "_refusal", "_times")

    def __init__(self, rate: Rate, usual: Reply, windows: RateWindows) -> None:
        self._rate = rate
        self._fixed = windows == "fixed"
        # Who has not come for that long has not come.
        self._times: TtlCache[str, deque[float]] = TtlCache(rate.per)
        code = rate.code or usual.code
        enhanced = rate.enhanced or (usual.enhanced if code == usual.code else f"{code // 100}.7.1")
        self._refusal = Reply(code, tuple(rate.text.split("\n")) if rate.text else usual.lines, enhanced)

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
        if too_many and self._rate.counts == "tries" and not self._fixed:
            # The oldest is of no use: so many younger ones are too many already.
            times.popleft()
        if not too_many or (self._rate.counts == "tries" and not self._fixed):
            times.append(now)
            self._times.set(client, times, now)
        return self._refusal if too_many else None


def _counter(rate: Rate | None, usual: Reply, windows: RateWindows) -> _Counter | None:
    return None if rate is None else _Counter(rate, usual, windows)


class AccessPolicy:
    """A host's policies and what it remembers of its clients.

    `sessions`, `messages` and `recipients` count how often each has come, `connected` says how many of its connections
    are open, and `guesses` when it learns that it has guessed a password wrong.

    Args:
        policies: the host's.
        random: draws from 0 to 1, for refusals by chance.
        spooled: how many bytes the host's queue holds.
        windows: how its product counts rates.
        mx: answers a domain's MX records, None where there is no such domain.
    """

    def __init__(
        self,
        policies: Policies,
        random: Callable[[], float],
        spooled: Callable[[], int],
        windows: RateWindows = "sliding",
        mx: Callable[[str], Records | None] = lambda _: None,
    ) -> None:
        self.mx = mx
        self.policies = policies
        self.spooled = spooled
        self._random = random
        self.greylist = Greylist(policies.greylist) if policies.greylist else None
        self.sessions = _counter(policies.sessions, E421_TOO_MANY_FROM_YOU, windows)
        self.messages = _counter(policies.messages, E450_TOO_MUCH_FROM_YOU, windows)
        self.recipients = _counter(policies.recipients, E450_TOO_MANY_RCPTS_FROM_YOU, windows)
        self.connected: dict[str, int] = {}
        # No sessions of one client wait longer than this.
        self.guesses: TtlCache[str, float] = TtlCache(3600.0)

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
                and (refusal.probability >= 1 or self._random() < refusal.probability)
            ):
                return _reply(refusal)
        return None


class ClientPolicy:
    """What a host's policies say to one client in one session.

    Args:
        access: the host's.
        client: whose session it is.
        now: tells the time, s.
    """

    __slots__ = ("_access", "_client", "_counts", "_now")

    def __init__(self, access: AccessPolicy, client: str, now: Callable[[], float]) -> None:
        self._access = access
        self._client = client
        self._now = now
        # Whether the session is among those that are open.
        self._counts = False

    @property
    def greeting_delay(self) -> float:
        """How long the greeting is held back, in s."""
        return self._access.policies.greeting_delay

    def connection(self) -> Reply | None:
        """The reply instead of the greeting, if there is one; else the connection counts until `close`."""
        open_ = self._access.connected.get(self._client, 0)
        if 0 < self._access.policies.sessions_at_once <= open_:
            return E421_TOO_MANY_FROM_YOU
        refusal = self._too_many(self._access.sessions) or self._injected("connect")
        if refusal is None:
            self._counts = True
            self._access.connected[self._client] = open_ + 1
        return refusal

    def close(self) -> None:
        """The session is over."""
        if self._counts:
            self._counts = False
            left = self._access.connected.pop(self._client, 0) - 1
            if left > 0:
                self._access.connected[self._client] = left

    def guess(self) -> float:
        """How long the reply to a wrong login is held back, in s.

        In all its sessions together a client learns of one in each `AUTH_FAILURE_DELAY` seconds.
        """
        now = self._now()
        last = self._access.guesses.get(self._client, now)
        at = (now if last is None else max(now, last[1])) + AUTH_FAILURE_DELAY
        self._access.guesses.set(self._client, at, now)
        return at - now

    def hello(self) -> Reply | None:
        """The reply instead of the usual one to EHLO or HELO."""
        return self._injected("helo")

    def mail(self, reverse_path: Path, parameters: Parameters) -> Reply | None:
        """The reply instead of the usual one to MAIL."""
        access, sender = self._access, reverse_path.mailbox
        refusal = self._too_many(access.messages)
        if refusal is not None:
            return refusal
        if access.policies.null_mx_senders == "reject" and sender is not None and is_null(access.mx(sender.domain)):
            return E550_NULL_MX_SENDER
        # What MAIL says of the message's size (RFC 1870).
        declared = next((int(value) for name, value in parameters if name == "SIZE" and value), 0)
        return self._injected("mail") if access.has_room(declared) else E452_SPOOL_FULL

    def recipient(self, reverse_path: Path, forward_path: Path, reply: Reply) -> Reply:
        """The reply to RCPT, where the directory has `reply`."""
        access = self._access
        refusal = self._too_many(access.recipients)
        if refusal is not None:
            return refusal
        if not reply.positive:
            taken = access.policies.unknown_users == "bounce" and reply is replies.E550_NO_SUCH_USER
            return replies.S250_RCPT if taken else reply
        refusal = self._injected("rcpt")
        if refusal is None and access.greylist is not None:
            triplet = (self._client, str(reverse_path).lower(), str(forward_path).lower())
            wait = access.greylist.wait(triplet, self._now())
            if wait:
                refusal = Reply(451, (f"Greylisted, please try again in {ceil(wait)} seconds",), "4.7.1")
        return refusal or reply

    def data(self) -> Reply | None:
        """The reply instead of the usual one to DATA, or to a transaction's first chunk."""
        return self._injected("data")

    def mail_data(self, size: int) -> Reply | None:
        """The reply instead of taking the mail data of so many bytes."""
        return self._injected("dot") if self._access.has_room(size) else E452_SPOOL_FULL

    def _too_many(self, counter: _Counter | None) -> Reply | None:
        return None if counter is None else counter.refusal(self._client, self._now())

    def _injected(self, place: Place) -> Reply | None:
        return self._access.injected(place, self._now())


def _reply(refusal: Refusal) -> Reply:
    text = refusal.text or ("Try again later" if refusal.code < 500 else "Refused by policy")
    return Reply(refusal.code, tuple(text.split("\n")), refusal.enhanced or f"{refusal.code // 100}.7.1")

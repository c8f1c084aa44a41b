"""A host's policies at work: what is delayed or refused although SMTP would have it pass.

`AccessPolicy` is the host's memory of its clients; `ClientPolicy` is what one session asks. Both are told the time.
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
    """A host's policies and what they remember.

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
        self._mx = mx
        self._policies = policies
        self._random = random
        self._spooled = spooled
        self._greylist = Greylist(policies.greylist) if policies.greylist else None
        self._sessions = _counter(policies.sessions, E421_TOO_MANY_FROM_YOU, windows)
        self._messages = _counter(policies.messages, E450_TOO_MUCH_FROM_YOU, windows)
        self._recipients = _counter(policies.recipients, E450_TOO_MANY_RCPTS_FROM_YOU, windows)
        self._open: dict[str, int] = {}
        # When clients learn that they have guessed wrong; no sessions of one client wait longer than this.
        self._guesses: TtlCache[str, float] = TtlCache(3600.0)

    @property
    def greeting_delay(self) -> float:
        """How long the greeting is held back, in s."""
        return self._policies.greeting_delay

    def connection(self, client: str, now: float) -> Reply | None:
        """Why a client's connection is refused, if it is; else it counts until `closed`."""
        most = self._policies.sessions_at_once
        if most and self._open.get(client, 0) >= most:
            return E421_TOO_MANY_FROM_YOU
        refusal = None if self._sessions is None else self._sessions.refusal(client, now)
        refusal = refusal or self._injected("connect", now)
        if refusal is None:
            self._open[client] = self._open.get(client, 0) + 1
        return refusal

    def closed(self, client: str) -> None:
        """A connection that was not refused is closed."""
        left = self._open.pop(client, 0) - 1
        if left > 0:
            self._open[client] = left

    def restart(self) -> None:
        """The host has restarted: no connection is open, nobody has come lately; whom it knows lies on disk."""
        self._open.clear()
        for counter in (self._sessions, self._messages, self._recipients):
            if counter is not None:
                counter.forget()

    def guess(self, client: str, now: float) -> float:
        """How long the reply to a wrong login is held back, in s.

        In all its sessions together a client learns of one in each `AUTH_FAILURE_DELAY` seconds.
        """
        last = self._guesses.get(client, now)
        at = (now if last is None else max(now, last[1])) + AUTH_FAILURE_DELAY
        self._guesses.set(client, at, now)
        return at - now

    def hello(self, now: float) -> Reply | None:
        """Why EHLO or HELO is refused, if it is."""
        return self._injected("helo", now)

    def mail(self, client: str, reverse_path: Path, parameters: Parameters, now: float) -> Reply | None:
        """Why MAIL is refused, if it is."""
        refusal = None if self._messages is None else self._messages.refusal(client, now)
        if refusal is not None:
            return refusal
        sender = reverse_path.mailbox
        if self._policies.null_mx_senders == "reject" and sender is not None and is_null(self._mx(sender.domain)):
            return E550_NULL_MX_SENDER
        room = self._policies.spool
        if room and self._spooled() + _declared(parameters) > room:
            return E452_SPOOL_FULL
        return self._injected("mail", now)

    def recipient(self, client: str, reverse_path: Path, forward_path: Path, reply: Reply, now: float) -> Reply:
        """The reply to RCPT, where the host's directory has `reply`."""
        refusal = None if self._recipients is None else self._recipients.refusal(client, now)
        if refusal is not None:
            return refusal
        if not reply.positive:
            taken = self._policies.unknown_users == "bounce" and reply is replies.E550_NO_SUCH_USER
            return replies.S250_RCPT if taken else reply
        refusal = self._injected("rcpt", now)
        if refusal is None and self._greylist is not None:
            wait = self._greylist.wait((client, str(reverse_path).lower(), str(forward_path).lower()), now)
            if wait:
                refusal = Reply(451, (f"Greylisted, please try again in {ceil(wait)} seconds",), "4.7.1")
        return refusal or reply

    def data(self, now: float) -> Reply | None:
        """Why DATA, or a transaction's first chunk, is refused, if it is."""
        return self._injected("data", now)

    def mail_data(self, size: int, now: float) -> Reply | None:
        """Why mail data is refused, if it is; its size in bytes."""
        room = self._policies.spool
        if room and self._spooled() + size > room:
            return E452_SPOOL_FULL
        return self._injected("dot", now)

    def _injected(self, place: Place, now: float) -> Reply | None:
        for refusal in self._policies.refuse:
            if (
                refusal.at == place
                and (not refusal.during or any(start <= now < end for start, end in refusal.during))
                and (refusal.probability >= 1 or self._random() < refusal.probability)
            ):
                return _reply(refusal)
        return None


class ClientPolicy:
    """One client's session with a host that has policies.

    Args:
        access: the host's.
        client: whose session it is.
        now: tells the time, s.
    """

    __slots__ = ("_access", "_client", "_now", "_open")

    def __init__(self, access: AccessPolicy, client: str, now: Callable[[], float]) -> None:
        self._access = access
        self._client = client
        self._now = now
        self._open = False

    @property
    def greeting_delay(self) -> float:
        """How long the greeting is held back, in s."""
        return self._access.greeting_delay

    def connection(self) -> Reply | None:
        """The reply instead of the greeting, if there is one."""
        refusal = self._access.connection(self._client, self._now())
        self._open = refusal is None
        return refusal

    def guess(self) -> float:
        """How long the reply to a wrong login is held back, in s."""
        return self._access.guess(self._client, self._now())

    def hello(self) -> Reply | None:
        """The reply instead of the usual one to EHLO or HELO."""
        return self._access.hello(self._now())

    def mail(self, reverse_path: Path, parameters: Parameters) -> Reply | None:
        """The reply instead of the usual one to MAIL."""
        return self._access.mail(self._client, reverse_path, parameters, self._now())

    def recipient(self, reverse_path: Path, forward_path: Path, reply: Reply) -> Reply:
        """The reply to RCPT, where the directory has `reply`."""
        return self._access.recipient(self._client, reverse_path, forward_path, reply, self._now())

    def data(self) -> Reply | None:
        """The reply instead of the usual one to DATA, or to a transaction's first chunk."""
        return self._access.data(self._now())

    def mail_data(self, size: int) -> Reply | None:
        """The reply instead of taking the mail data of so many bytes."""
        return self._access.mail_data(size, self._now())

    def close(self) -> None:
        """The session is over."""
        if self._open:
            self._open = False
            self._access.closed(self._client)


def _declared(parameters: Parameters) -> int:
    """What MAIL says of the message's size (RFC 1870)."""
    return next((int(value) for name, value in parameters if name == "SIZE" and value), 0)


def _reply(refusal: Refusal) -> Reply:
    text = refusal.text or ("Try again later" if refusal.code < 500 else "Refused by policy")
    return Reply(refusal.code, tuple(text.split("\n")), refusal.enhanced or f"{refusal.code // 100}.7.1")

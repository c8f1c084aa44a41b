"""A host's side of a session with a mailbox, as whoever drives sessions by the clock sees it: `ServerDialogue`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sim.mailbox.imap_access import ImapAccess
from sim.mailbox.pop3_access import Pop3Access

_TOO_LONG = "Disconnected for inactivity."


class AccessDialogue:
    """The answers of a POP3 or IMAP session, a flight at a time (`world.engine.interfaces.ServerDialogue`).

    Args:
        access: what answers.
        login_time: what a login takes beyond other commands, s: processes start for the user.
        failure_delay: how long the answer to a wrong password is held back, s.

    Attributes:
        accepted, in_transaction: nothing, ever: a mailbox is read.
        sleep: how long it holds back what it gave last, s.
    """

    accepted: Sequence[object] = ()
    in_transaction = False

    def __init__(self, access: Pop3Access | ImapAccess, *, login_time: float = 0.0, failure_delay: float = 0.0) -> None:
        self._access = access
        self._login_time = login_time
        self._failure_delay = failure_delay
        self.sleep = 0.0

    @property
    def commands(self) -> int:
        """How many commands it has answered so far."""
        return self._access.commands

    @property
    def is_over(self) -> bool:
        """Whether it closes the connection behind what it wrote last."""
        return self._access.is_over

    @property
    def last_words(self) -> int:
        """About how many octets `time_out` gives."""
        return len(_TOO_LONG) + len("* BYE \r\n")

    def greet(self, *, busy: bool) -> bytes:
        """What it says first, or to one for whom it has no room."""
        return self._access.close("Too many connections.") if busy else self._access.greet()

    def read(self, octets: bytes) -> bytes:
        """Take a flight and give the answer; nothing where it had hung up behind the one before."""
        access = self._access
        if access.is_over:
            return b""
        user, failures = access.user, access.failures
        written = b"".join(access.replies(octets))
        self.sleep = (access.user != user) * self._login_time + (access.failures - failures) * self._failure_delay
        if access.idles:
            written += self._await_news()
        return written

    def _await_news(self) -> bytes:
        """The client waits for news: what it is told, once `sleep` has passed."""
        return b""

    def secured(self) -> None:
        """TLS protects the connection from here on."""
        self._access.secured()

    def time_out(self) -> bytes:
        """The client was silent for too long: what it says before it closes the connection."""
        return self._access.close(_TOO_LONG)


class DeliveringDialogue(AccessDialogue):
    """One of a mailbox to which a message comes while the client waits in IDLE.

    Args:
        access: what answers.
        deliver: puts the message into the mailbox.
        after: how long the client has waited by then, s.
        notice_time: how long after that the client is told, s.
        login_time: as of `AccessDialogue`.
    """

    def __init__(
        self,
        access: Pop3Access | ImapAccess,
        deliver: Callable[[], object],
        *,
        after: float,
        notice_time: float,
        login_time: float,
    ) -> None:
        super().__init__(access, login_time=login_time)
        self._deliver = deliver
        self._news_after = after + notice_time

    def _await_news(self) -> bytes:
        self._deliver()
        self.sleep = self._news_after
        return self._access.notify()

"""A host's side of a session with a mailbox, as whoever drives sessions by the clock sees it: `ServerDialogue`."""

from __future__ import annotations

from sim.mailbox.imap_access import ImapAccess
from sim.mailbox.pop3_access import Pop3Access
from sim.protocol.dialogue import UsualServer

_TOO_LONG = "Disconnected for inactivity."


class AccessDialogue(UsualServer):
    """The answers of a POP3 or IMAP session, a flight at a time (`world.engine.interfaces.ServerDialogue`).

    Args:
        access: what answers.
        login_time: what a login takes beyond other commands, s: processes start for the user.
        failure_delay: how long the answer to a wrong password is held back, s.
        patience: how long it waits for the client to say something, s.

    """

    last_words = len(_TOO_LONG) + len("* BYE \r\n")
    """About how many octets `time_out` gives."""

    def __init__(
        self,
        access: Pop3Access | ImapAccess,
        *,
        login_time: float = 0.0,
        failure_delay: float = 0.0,
        patience: float = 1800.0,
    ) -> None:
        self._access = access
        self.patience = patience
        self._login_time = login_time
        self._failure_delay = failure_delay

    @property
    def commands(self) -> int:
        """How many commands it has answered so far."""
        return self._access.commands

    @property
    def is_over(self) -> bool:
        """Whether it closes the connection behind what it wrote last."""
        return self._access.is_over

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
        return written

    def notify(self) -> bytes:
        """What a client that waits for news is told; nothing where there is none, or it does not wait."""
        self.sleep = 0.0
        return self._access.notify()

    def secured(self) -> None:
        """TLS protects the connection from here on."""
        self._access.secured()

    def disconnected(self) -> None:
        """The connection is gone."""
        self._access.disconnected()

    def time_out(self) -> bytes:
        """The client was silent for too long: what it says before it closes the connection."""
        return self._access.close(_TOO_LONG)

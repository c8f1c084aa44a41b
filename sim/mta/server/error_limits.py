"""How long a host bears a client that makes errors, or only keeps it busy (Postfix: smtpd(8))."""

from __future__ import annotations

from sim.protocol.smtp import events, replies
from sim.protocol.smtp.replies import Reply

RECIPIENT_OVERSHOOT_LIMIT = 1000
"""So many recipients too many are no errors of the client's (Postfix smtpd_recipient_overshoot_limit)."""


class ErrorCounter:
    """What one session has used up of it: `errors` counts the refusals since it began or last took mail.

    Args:
        error_limit: after so many refusals the session is to end (Postfix smtpd_hard_error_limit); 0 means no limit.
        junk_limit: so many commands that move no mail are forgiven between two messages, each more is an error
            (Postfix smtpd_junk_command_limit); 0 means no limit.
        soft_limit: from so many refusals on every reply is held back (Postfix smtpd_soft_error_limit); 0 means never.
        sleep: for how long, in s (Postfix smtpd_error_sleep_time).
    """

    __slots__ = ("_error_limit", "_excess", "_junk", "_junk_limit", "_sleep", "_soft_limit", "errors")

    def __init__(self, error_limit: int, junk_limit: int, soft_limit: int = 0, sleep: float = 0.0) -> None:
        self._error_limit = error_limit
        self._junk_limit = junk_limit
        self._soft_limit = soft_limit
        self._sleep = sleep
        self.errors = 0
        self._excess = 0
        self._junk = 0

    def note_error(self, reply: Reply) -> bool:
        """Count an error that got this reply; whether that was the last one."""
        if reply is replies.E452_TOO_MANY_RCPTS and self._excess < RECIPIENT_OVERSHOOT_LIMIT:
            self._excess += 1
            return False
        self.errors += 1
        return self.errors == self._error_limit

    @property
    def delay(self) -> float:
        """How long a reply is held back now, in s."""
        return self._sleep if 0 < self._soft_limit <= self.errors else 0.0

    def note_junk(self, event: object) -> bool:
        """Count a command if it moves no mail; whether it is one too many."""
        if type(event) not in _JUNK and event != _NO_OCTETS:
            return False
        self._junk += 1
        return self._junk > self._junk_limit > 0

    def reset(self) -> None:
        """Mail was taken: what was before it is forgiven."""
        self.errors = self._junk = 0


_JUNK = frozenset(
    {
        events.Ehlo,
        events.Helo,
        events.Lhlo,
        events.Rset,
        events.Noop,
        events.Help,
        events.Vrfy,
        events.Expn,
        events.Etrn,
    }
)
"""Commands that move no mail, however many of them there are; and a chunk of nothing is no better."""

_NO_OCTETS = events.Chunk(b"")

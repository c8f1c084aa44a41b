"""How long a host bears a client that makes errors, or only keeps it busy (Postfix: smtpd(8))."""

from __future__ import annotations

from dataclasses import dataclass

from sim.protocol.smtp import events, replies
from sim.protocol.smtp.replies import Reply
from sim.scenario.products.base import ErrorLimits

RECIPIENT_OVERSHOOT_LIMIT = 1000
"""So many recipients too many are no errors of the client's (Postfix smtpd_recipient_overshoot_limit)."""


@dataclass(slots=True)
class ErrorCounter:
    """What one session has used up of it: `errors` counts the refusals since it began or last took mail.

    Attributes:
        limits: what errors cost.
        junk_limit: so many commands that move no mail are forgiven between two messages, each more is an error
            (Postfix smtpd_junk_command_limit); 0 means no limit.
    """

    limits: ErrorLimits
    junk_limit: int = 0
    errors: int = 0
    _excess: int = 0
    _junk: int = 0

    def note_error(self, reply: Reply) -> bool:
        """Count an error that got this reply; whether that was the last one."""
        if reply is replies.E452_TOO_MANY_RCPTS and self._excess < RECIPIENT_OVERSHOOT_LIMIT:
            self._excess += 1
            return False
        self.errors += 1
        return self.errors == self.limits.hard_limit

    @property
    def delay(self) -> float:
        """How long a reply is held back now, in s."""
        return self.limits.delay if 0 < self.limits.soft_limit <= self.errors else 0.0

    def note_junk(self, event: object) -> bool:
        """Count a command if it moves no mail; whether it is one too many."""
        if type(event) not in _JUNK and event != _NO_OCTETS:
            return False
        self._junk += 1
        return self._junk > self.junk_limit > 0

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

"""What a host delays or refuses beyond what SMTP makes it: greylisting, limits for each client, injected refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HOUR = 3600.0
DAY = 86400.0

Place = Literal["connect", "helo", "mail", "rcpt", "data", "dot"]
"""Where in a session: at the greeting, at EHLO and HELO, at MAIL, at RCPT, at DATA (or the first chunk), at the final
dot (or the last chunk)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greylist:
    """Puts off mail from strangers: times in s.

    A client, reverse-path and forward-path that come together for the first time are told to come again, and may pass
    from `delay` to `window` later; then they are known for `lifetime` since they came last. A client that has passed
    `whitelist_after` times is put off no more (0: never).
    """

    delay: float = 300.0
    window: float = 8 * HOUR
    lifetime: float = 35 * DAY
    whitelist_after: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Refuses with `code`, at random (`probability`) and within the stretches `during` (start, end; none: always).

    `enhanced` is the enhanced status code (RFC 3463), of the code's class; where it is empty, a policy's (x.7.1). 421
    ends the session after its reply (RFC 5321 section 3.8). The text may have several lines.
    """

    at: Place
    code: int
    enhanced: str = ""
    probability: float = 1.0
    during: tuple[tuple[float, float], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """No more than `count` of what is named within any `per` s, for each client."""

    count: int
    per: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """A host's policies; none by default.

    `sessions` and `messages` limit how often a client comes, `sessions_at_once` how many sessions it has at a time (0:
    any). `spool` is how many bytes the host's queue may hold (0: any). `unknown_users` says whether mail for a user
    who is not there is refused at RCPT, or taken and then returned.
    """

    greylist: Greylist | None = None
    refuse: tuple[Refusal, ...] = ()
    sessions: Rate | None = None
    messages: Rate | None = None
    sessions_at_once: int = 0
    spool: int = 0
    unknown_users: Literal["reject", "bounce"] = "reject"


NO_POLICIES = Policies()

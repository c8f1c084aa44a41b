"""What a host delays or refuses beyond what SMTP makes it: greylisting, limits for each client, injected refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim.scenario.products.base import ErrorLimits

DAY = 86400.0

Place = Literal["connect", "helo", "mail", "rcpt", "data", "dot"]
"""Where in a session: at the greeting, at EHLO and HELO, at MAIL, at RCPT, at DATA (or the first chunk), at the final
dot (or the last chunk)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greylist:
    """Puts off mail from strangers, as postgrey 1.37 does it with its defaults: times in s.

    A client's network, reverse-path and forward-path that come together for the first time are told to come again, and
    may pass from `delay` to `window` later (retry-window); then they are known for `lifetime` since they came last
    (max-age). A network is so many bits of an IPv4 or IPv6 address (`ipv4cidr`, `ipv6cidr`); all of them mean that each
    address counts for itself (lookup-by-host). An address that has passed in `whitelist_after` different hours is put
    off no more (auto-whitelist-clients; 0: never).
    """

    delay: float = 300.0
    window: float = 2 * DAY
    lifetime: float = 35 * DAY
    whitelist_after: int = 5
    ipv4cidr: int = 24
    ipv6cidr: int = 64


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
    """No more than `count` of what is named within any `per` s, for each client.

    What is too much gets `code` with `enhanced` and `text`, where they are set. `counts` says what counts: all tries,
    as in Postfix's anvil(8) and with Exim's `ratelimit` where it is strict, or those that were let in (`leaky`).
    """

    count: int
    per: float
    counts: Literal["accepted", "tries"] = "accepted"
    code: int = 0
    enhanced: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """A host's policies; none by default.

    `sessions`, `messages` and `recipients` limit how often a client connects, says MAIL and says RCPT (Postfix
    smtpd_client_connection_rate_limit and its kin), `sessions_at_once` how many sessions it has at a time (0: any),
    `messages_per_session` how often it may say MAIL in one (0: any; Exim smtp_accept_max_per_connection, 1000 there).
    `errors` says what refusals cost, `greeting_delay` how long, in s, the greeting is held back (Postfix
    postscreen_greet_wait, sendmail's greet_pause). `spool` is how many bytes the host's queue may hold (0: any).
    `unknown_users` says whether mail for a user who is not there is refused at RCPT, or taken and then returned;
    `null_mx_senders` whether MAIL from a domain that takes no mail is refused (550 5.7.27, RFC 7505 section 4.2;
    Postfix reject_unknown_sender_domain): nobody there could be told what becomes of it.
    """

    greylist: Greylist | None = None
    refuse: tuple[Refusal, ...] = ()
    sessions: Rate | None = None
    messages: Rate | None = None
    recipients: Rate | None = None
    sessions_at_once: int = 0
    messages_per_session: int = 0
    errors: ErrorLimits | None = None
    greeting_delay: float = 0.0
    spool: int = 0
    unknown_users: Literal["reject", "bounce"] = "reject"
    null_mx_senders: Literal["accept", "reject"] = "accept"


NO_POLICIES = Policies()

"""The key `policies` of a host: what it delays or refuses beyond what SMTP makes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from sim.scenario.names import shown
from sim.scenario.products.base import ErrorLimits
from sim.scenario.pydantic_seam import OrWord, Reads, Shorthand, Via, Word, as_it_is
from sim.scenario.quantity import DAY, format_duration
from sim.scenario.scalars import Duration, LongDuration, Share, Size, read_text, read_whole, whole
from sim.scenario.sections import Section

Place = Literal["connect", "helo", "mail", "rcpt", "data", "dot"]
"""Where in a session: at the greeting, at EHLO and HELO, at MAIL, at RCPT, at DATA (or the first chunk), at the final
dot (or the last chunk)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchForm(Section):
    """A stretch of time."""

    from_: Duration
    """When it begins."""
    to: Duration
    """When it is over."""

    def __post_init__(self) -> None:
        if self.from_ >= self.to:
            times = f"{format_duration(self.from_)}, {format_duration(self.to)}"
            raise ValueError(f"a stretch that ends before it begins ({times}): allowed is from < to")


_NETWORKS = {"ipv4cidr": 24, "ipv6cidr": 64}
_ADDRESSES = {"ipv4cidr": 32, "ipv6cidr": 128}
"""Bits of an address: a usual network's, and all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greylist(Section):
    """Strangers are told to come again, as postgrey 1.37 does it with its defaults; times in s.

    A stranger is a client, a reverse-path and a forward-path that come together for the first time.
    """

    delay: LongDuration = 300.0
    """How long they have to wait."""
    window: LongDuration = 2 * DAY
    """How long after their first try they may come again (postgrey: retry-window)."""
    lifetime: LongDuration = 35 * DAY
    """How long they are known after they came last (postgrey: max-age)."""
    whitelist_after: Annotated[int, whole(0)] = 5
    """After how many hours with passes a client's address is put off no more; 0 means never."""
    key: Annotated[Literal["network", "address"], Word("key")] = "network"
    """What strangers are known by, beside sender and recipient: the client's `network` or its `address`."""
    ipv4cidr: Annotated[int, whole(0, 32)] = None  # type: ignore[assignment]
    """How many bits of an IPv4 address are its network; 24, where absent (milter-greylist: subnetmatch)."""
    ipv6cidr: Annotated[int, whole(0, 128)] = None  # type: ignore[assignment]
    """How many bits of an IPv6 address are its network; 64, where absent."""

    def __post_init__(self) -> None:
        if self.delay >= self.window:
            times = f"{format_duration(self.delay)}, {format_duration(self.window)}"
            raise ValueError(f"a window that closes before the delay is over ({times}): allowed is delay < window")
        said = [f"{n}: {bits}" for n in _NETWORKS if (bits := getattr(self, n)) not in {None, _ADDRESSES[n]}]
        if self.key == "address" and said:
            raise ValueError(f"a network where the address counts ({', '.join(said)}): allowed is key: network with it")
        for name, bits in (_NETWORKS if self.key == "network" else _ADDRESSES).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, bits)


_ANSWERS: Mapping[Place, str] = MappingProxyType(
    {
        "connect": "421, 554",
        "helo": "421, 502, 504, 550",
        "mail": "421, 451, 452, 455, 550, 552, 553, 555",
        "rcpt": "421, 450, 451, 452, 455, 550, 551, 552, 553, 555",
        "data": "421, 450, 451, 550, 554",
        "dot": "421, 450, 451, 452, 550, 552, 554",
    }
)
"""The refusals that RFC 5321 section 4.3.2 lists; clients go by the first digit, and take others as well."""

_TEXT_LIMIT = 512 - len("550 5.123.123 \r\n")
"""Octets of text that fit into a reply line (RFC 5321 section 4.5.3.1.5)."""

_ENHANCED = re.compile(r"[45]\.[0-9]{1,3}\.[0-9]{1,3}")


def _read_enhanced(value: object) -> str:
    if not isinstance(value, str) or _ENHANCED.fullmatch(value) is None:
        raise ValueError(f"not an enhanced status code of a refusal ({shown(value)}): allowed is e.g. 4.7.1 or 5.7.1")
    return value


def _read_reply_text(value: object) -> str:
    text = read_text(value).rstrip("\n")
    longest = max(len(line.encode()) for line in text.split("\n"))
    if longest > _TEXT_LIMIT:
        raise ValueError(
            f"a line too long for a reply ({longest} octets): allowed are {_TEXT_LIMIT}, so that the reply line has no"
            " more than 512 (RFC 5321 section 4.5.3.1.5); break the text into lines"
        )
    return text


def _check_reply(place: Place, code: int, enhanced: str) -> None:
    if code // 100 not in (4, 5):
        raise ValueError(
            f"not a refusal at {place} ({code}): allowed are codes from 400 to 599; RFC 5321 section 4.3.2"
            f" has {_ANSWERS[place]} there"
        )
    if enhanced and enhanced[0] != str(code)[0]:
        raise ValueError(
            f"an enhanced status code of another class than its reply code ({code}, {enhanced}): allowed"
            f" is {code // 100}.x.y (RFC 2034 section 4)"
        )


def _without_bits(said: dict[str, object]) -> dict[str, object]:
    """No network is said where the address counts."""
    return {key: item for key, item in said.items() if key not in _NETWORKS or said["key"] == "network"}


_CODE = Annotated[int, Reads(partial(read_whole, 1, 999), {"type": "integer", "minimum": 400, "maximum": 599})]
_STATUS = Annotated[str, Reads(_read_enhanced, {"type": "string", "pattern": f"^{_ENHANCED.pattern}$"})]
_REPLY_TEXT = Annotated[str, Reads(_read_reply_text, {"type": "string"})]
_STRETCH = Annotated[
    tuple[float, float],
    Via(StretchForm, lambda form: (form.from_, form.to), lambda times: StretchForm(from_=times[0], to=times[1])),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Section):
    """Replies that refuse what would have been taken."""

    brief: ClassVar = ("enhanced", "probability", "during", "text")

    at: Annotated[Place, Word("place")]
    """At the greeting (`connect`),
    EHLO and HELO, MAIL, RCPT, DATA (or the first chunk), or the final dot (or last chunk)."""
    code: _CODE
    """The reply code; 421 ends the session (RFC 5321 section 3.8)."""
    enhanced: _STATUS = ""
    """The enhanced status code (RFC 3463); 4.7.1 or 5.7.1, where absent."""
    probability: Share = 1.0
    """How often."""
    during: tuple[_STRETCH, ...] = ()
    """When; always, where absent."""
    text: _REPLY_TEXT = ""
    """What the reply says."""

    def __post_init__(self) -> None:
        _check_reply(self.at, self.code, self.enhanced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate(Section):
    """How often a client may come."""

    brief: ClassVar = ("code", "enhanced", "text")

    count: Annotated[int, whole(1)]
    """So many times."""
    per: LongDuration
    """Within any time of this length."""
    counts: Annotated[Literal["accepted", "tries"], Word("counts")] = "accepted"
    """Whether what was refused counts as well: as in Postfix's anvil(8), and with Exim's `ratelimit` where it is
    strict, not leaky."""
    code: _CODE = 0
    """The reply code of what is too much; 421 at the greeting and 450 elsewhere, where absent."""
    enhanced: _STATUS = ""
    """The enhanced status code; 4.7.0 at the greeting, and 4.7.1 or 5.7.1 elsewhere, where absent."""
    text: _REPLY_TEXT = ""
    """What the reply says."""


_LIMITED: Mapping[str, Place] = MappingProxyType({"sessions": "connect", "messages": "mail", "recipients": "rcpt"})
"""At which place each rate is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies(Section):
    """What a host delays or refuses."""

    brief: ClassVar = (
        "refuse",
        "sessions_at_once",
        "messages_per_session",
        "greeting_delay",
        "spool",
        "unknown_users",
        "null_mx_senders",
    )

    greylist: Annotated[Greylist, Shorthand(as_it_is, None, _without_bits)] | None = None
    """Whether strangers are told to come again."""
    refuse: Annotated[
        tuple[Refusal, ...], Shorthand(lambda value: [value] if isinstance(value, Mapping) else value)
    ] = ()
    """Refusals by schedule or by chance."""
    sessions: Rate | None = None
    """How often a client may connect (Postfix smtpd_client_connection_rate_limit)."""
    messages: Rate | None = None
    """How many messages a client may offer."""
    recipients: Rate | None = None
    """How many recipients a client may name."""
    sessions_at_once: Annotated[int, whole(0)] = 0
    """How many sessions a client may have at a time; 0 means any number."""
    messages_per_session: Annotated[int, whole(0)] = 0
    """How many messages a client may offer in one session before it gets 421; 0 means any number (Exim
    smtp_accept_max_per_connection, 1000 there)."""
    errors: ErrorLimits | None = None
    """What refusals cost."""
    greeting_delay: Duration = 0.0
    """How long the greeting is held back (Postfix postscreen_greet_wait, sendmail's greet_pause)."""
    spool: Size = 0
    """How many bytes the queue may hold before mail gets 452; 0 means any number."""
    unknown_users: Annotated[Literal["reject", "bounce"], Word("unknown_users")] = "reject"
    """Whether mail for users who are not there is refused at RCPT, or taken and returned."""
    null_mx_senders: Annotated[Literal["accept", "reject"], Word("null_mx_senders")] = "accept"
    """Whether mail from domains that take none (`mx: none`) is taken, or refused at MAIL with 550 5.7.27 (RFC 7505
    section 4.2; Postfix reject_unknown_sender_domain)."""

    def __post_init__(self) -> None:
        for name, place in _LIMITED.items():
            rate: Rate | None = getattr(self, name)
            if rate is not None:
                _check_reply(place, rate.code or (421 if place == "connect" else 450), rate.enhanced)


NO_POLICIES = Policies()

PoliciesSetting = Annotated[Policies, OrWord(Policies, "none", NO_POLICIES)]

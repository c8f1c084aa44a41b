"""What a scenario file may say of a host's policies: keys, types and meanings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from sim.scenario.names import shown
from sim.scenario.products.base import ErrorLimits
from sim.scenario.pydantic_seam import Reads, Section, Shorthand
from sim.scenario.quantity import PROBABILITY, format_duration, format_size, parse_probability
from sim.scenario.scalars import Duration, LongDuration, Size, read_text, read_whole, whole, word
from sim.scenario.spec.policies import Greylist, Place, Policies, Rate, Refusal


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
class GreylistForm(Section):
    """Strangers are told to come again."""

    delay: LongDuration = 300.0
    """How long they have to wait."""
    window: LongDuration = 2 * 86400.0
    """How long after their first try they may come again (postgrey: retry-window)."""
    lifetime: LongDuration = 35 * 86400.0
    """How long they are known after they came last (postgrey: max-age)."""
    whitelist_after: Annotated[int, whole(0)] = 5
    """After how many hours with passes a client's address is put off no more; 0 means never."""
    key: Annotated[Literal["network", "address"], word("key", "network", "address")] = "network"
    """What strangers are known by, beside sender and recipient: the client's `network` or its `address`."""
    ipv4cidr: Annotated[int, whole(0, 32)] | None = None
    """How many bits of an IPv4 address are its network; 24, where absent (milter-greylist: subnetmatch)."""
    ipv6cidr: Annotated[int, whole(0, 128)] | None = None
    """How many bits of an IPv6 address are its network; 64, where absent."""

    def __post_init__(self) -> None:
        if self.delay >= self.window:
            times = f"{format_duration(self.delay)}, {format_duration(self.window)}"
            raise ValueError(f"a window that closes before the delay is over ({times}): allowed is delay < window")
        said = [f"{name}: {bits}" for name in _NETWORKS if (bits := getattr(self, name)) is not None]
        if self.key == "address" and said:
            raise ValueError(f"a network where the address counts ({', '.join(said)}): allowed is key: network with it")

    def greylist(self) -> Greylist:
        """What it means."""
        usual = _NETWORKS if self.key == "network" else _ADDRESSES
        said = {name: bits for name in usual if (bits := getattr(self, name)) is not None}
        return Greylist(
            delay=self.delay,
            window=self.window,
            lifetime=self.lifetime,
            whitelist_after=self.whitelist_after,
            **{**usual, **said},
        )


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


def _check_reply(place: Place, code: int, enhanced: str | None) -> None:
    if code // 100 not in (4, 5):
        raise ValueError(
            f"not a refusal at {place} ({code}): allowed are codes from 400 to 599; RFC 5321 section 4.3.2"
            f" has {_ANSWERS[place]} there"
        )
    if enhanced is not None and enhanced[0] != str(code)[0]:
        raise ValueError(
            f"an enhanced status code of another class than its reply code ({code}, {enhanced}): allowed"
            f" is {code // 100}.x.y (RFC 2034 section 4)"
        )


_CODE = Annotated[int, Reads(partial(read_whole, 0, 999), {"type": "integer", "minimum": 400, "maximum": 599})]
_STATUS = Annotated[str, Reads(_read_enhanced, {"type": "string", "pattern": f"^{_ENHANCED.pattern}$"})]
_REPLY_TEXT = Annotated[str, Reads(_read_reply_text, {"type": "string"})]
_PROBABILITY = Annotated[float, Reads(parse_probability, PROBABILITY.json_schema())]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalForm(Section):
    """Replies that refuse what would have been taken."""

    at: Annotated[Place, word("place", *get_args(Place))]
    """At the greeting (`connect`),
    EHLO and HELO, MAIL, RCPT, DATA (or the first chunk), or the final dot (or last chunk)."""
    code: _CODE
    """The reply code; 421 ends the session."""
    enhanced: _STATUS | None = None
    """The enhanced status code; 4.7.1 or 5.7.1, where absent."""
    probability: _PROBABILITY = 1.0
    """How often."""
    during: tuple[StretchForm, ...] = ()
    """When; always, where absent."""
    text: _REPLY_TEXT = ""
    """What the reply says."""

    def __post_init__(self) -> None:
        _check_reply(self.at, self.code, self.enhanced)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateForm(Section):
    """How often a client may come."""

    count: Annotated[int, whole(1)]
    """So many times."""
    per: LongDuration
    """Within any time of this length."""
    counts: Annotated[Literal["accepted", "tries"], word("counts", "accepted", "tries")] = "accepted"
    """Whether what was refused counts as well."""
    code: _CODE | None = None
    """The reply code of what is too much; 421 at the greeting and 450 elsewhere, where absent."""
    enhanced: _STATUS | None = None
    """The enhanced status code; 4.7.0 at the greeting, and 4.7.1 or 5.7.1 elsewhere, where absent."""
    text: _REPLY_TEXT = ""
    """What the reply says."""

    def rate(self, place: Place) -> Rate:
        """What it means, where the reply is one to this place.

        Raises:
            ValueError: the reply is no refusal.
        """
        usual = 421 if place == "connect" else 450
        _check_reply(place, usual if self.code is None else self.code, self.enhanced)
        return Rate(
            count=self.count,
            per=self.per,
            counts=self.counts,
            code=self.code or 0,
            enhanced=self.enhanced or "",
            text=self.text,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsForm(Section):
    """What a session's refusals cost its client."""

    soft_limit: Annotated[int, whole(0)] = 10
    """From which one on replies are held back; 0 means never."""
    hard_limit: Annotated[int, whole(0)] = 20
    """After how many the session ends with 421; 0 means never."""
    delay: Duration = 1.0
    """How long each reply is held back."""

    def errors(self) -> ErrorLimits:
        """What it means."""
        return ErrorLimits(soft_limit=self.soft_limit, hard_limit=self.hard_limit, delay=self.delay)


def _expand_refusals(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesForm(Section):
    """What a host delays or refuses."""

    greylist: GreylistForm | None = None
    """Whether strangers are told to come again."""
    refuse: Annotated[tuple[RefusalForm, ...], Shorthand(_expand_refusals)] = ()
    """Refusals by schedule or by chance."""
    sessions: RateForm | None = None
    """How often a client may connect."""
    messages: RateForm | None = None
    """How many messages a client may offer."""
    recipients: RateForm | None = None
    """How many recipients a client may name."""
    sessions_at_once: Annotated[int, whole(0)] = 0
    """How many sessions a client may have at a time; 0 means any number."""
    messages_per_session: Annotated[int, whole(0)] = 0
    """How many messages a client may offer in one session before it gets 421; 0 means any number."""
    errors: ErrorsForm | None = None
    """What refusals cost."""
    greeting_delay: Duration = 0.0
    """How long the greeting is held back."""
    spool: Size = 0
    """How many bytes the queue may hold before mail gets 452; 0 means any number."""
    unknown_users: Annotated[Literal["reject", "bounce"], word("unknown_users", "reject", "bounce")] = "reject"
    """Whether mail for users who are not there is refused at RCPT, or taken and returned."""
    null_mx_senders: Annotated[Literal["accept", "reject"], word("null_mx_senders", "accept", "reject")] = "accept"
    """Whether mail from domains that take none (`mx: none`) is taken, or refused at MAIL with 550 5.7.27."""

    def __post_init__(self) -> None:
        self.policies()

    def policies(self) -> Policies:
        """What it means."""
        return Policies(
            greylist=self.greylist.greylist() if self.greylist else None,
            refuse=tuple(map(_refusal, self.refuse)),
            sessions=self.sessions.rate("connect") if self.sessions else None,
            messages=self.messages.rate("mail") if self.messages else None,
            recipients=self.recipients.rate("rcpt") if self.recipients else None,
            sessions_at_once=self.sessions_at_once,
            messages_per_session=self.messages_per_session,
            errors=self.errors.errors() if self.errors else None,
            greeting_delay=self.greeting_delay,
            spool=self.spool,
            unknown_users=self.unknown_users,
            null_mx_senders=self.null_mx_senders,
        )


def _refusal(form: RefusalForm) -> Refusal:
    during = tuple((stretch.from_, stretch.to) for stretch in form.during)
    return Refusal(
        at=form.at,
        code=form.code,
        enhanced=form.enhanced or "",
        probability=form.probability,
        during=during,
        text=form.text,
    )


def show_policies(policies: Policies) -> object:
    """Policies as a file says them."""
    said: dict[str, object] = {}
    if policies.greylist:
        said["greylist"] = _show_greylist(policies.greylist)
    if policies.refuse:
        said["refuse"] = [_show_refusal(refusal) for refusal in policies.refuse]
    rates = {name: getattr(policies, name) for name in ("sessions", "messages", "recipients")}
    said |= {name: _show_rate(rate) for name, rate in rates.items() if rate}
    limits = {name: getattr(policies, name) for name in ("sessions_at_once", "messages_per_session")}
    said |= {name: limit for name, limit in limits.items() if limit}
    if policies.errors:
        said["errors"] = {**asdict(policies.errors), "delay": format_duration(policies.errors.delay)}
    if policies.greeting_delay:
        said["greeting_delay"] = format_duration(policies.greeting_delay)
    if policies.spool:
        said["spool"] = format_size(policies.spool)
    words = {"unknown_users": "reject", "null_mx_senders": "accept"}
    said |= {name: getattr(policies, name) for name, usual in words.items() if getattr(policies, name) != usual}
    return said or "none"


def _show_greylist(greylist: Greylist) -> dict[str, object]:
    said: dict[str, object] = {
        name: format_duration(getattr(greylist, name)) for name in ("delay", "window", "lifetime")
    }
    said["whitelist_after"] = greylist.whitelist_after
    bits = {name: getattr(greylist, name) for name in _NETWORKS}
    return said | ({"key": "address"} if bits == _ADDRESSES else {"key": "network", **bits})


def _show_rate(rate: Rate) -> dict[str, object]:
    said = {"count": rate.count, "per": format_duration(rate.per), "counts": rate.counts}
    return said | {key: getattr(rate, key) for key in ("code", "enhanced", "text") if getattr(rate, key)}


def _show_refusal(refusal: Refusal) -> dict[str, object]:
    said: dict[str, object] = {"at": refusal.at, "code": refusal.code}
    if refusal.enhanced:
        said["enhanced"] = refusal.enhanced
    if refusal.probability < 1:
        said["probability"] = PROBABILITY.format(refusal.probability) if refusal.probability else 0
    if refusal.during:
        said["during"] = [{"from": format_duration(start), "to": format_duration(end)} for start, end in refusal.during]
    return said | ({"text": refusal.text} if refusal.text else {})

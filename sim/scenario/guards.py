"""What a scenario file may say of a host's policies: keys, types and meanings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from sim.scenario.policies import Greylist, Place, Policies, Rate, Refusal
from sim.scenario.quantity import PROBABILITY, format_duration, format_size, parse_probability
from sim.scenario.reading import Form, Reads, Shorthand
from sim.scenario.values import Duration, LongDuration, Size, Text, read_whole, whole, word


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchForm(Form):
    """A stretch of time."""

    from_: Duration
    """When it begins."""
    to: Duration
    """When it is over."""

    def __post_init__(self) -> None:
        if self.from_ >= self.to:
            times = f"{format_duration(self.from_)}, {format_duration(self.to)}"
            raise ValueError(f"a stretch that ends before it begins ({times}): allowed is from < to")


@dataclass(frozen=True, slots=True, kw_only=True)
class GreylistForm(Form):
    """Strangers are told to come again."""

    delay: LongDuration = 300.0
    """How long they have to wait."""
    window: LongDuration = 8 * 3600.0
    """How long after their first try they may come again."""
    lifetime: LongDuration = 35 * 86400.0
    """How long they are known after they came last."""
    whitelist_after: Annotated[int, whole(0)] = 5
    """After how many passes a client is put off no more; 0 means never."""

    def __post_init__(self) -> None:
        if self.delay >= self.window:
            times = f"{format_duration(self.delay)}, {format_duration(self.window)}"
            raise ValueError(f"a window that closes before the delay is over ({times}): allowed is delay < window")

    def greylist(self) -> Greylist:
        """What it means."""
        return Greylist(
            delay=self.delay, window=self.window, lifetime=self.lifetime, whitelist_after=self.whitelist_after
        )


def _read_code(value: object) -> int:
    code = read_whole(400, 599, value)
    if code == 421:
        raise ValueError("not a code for a refusal (421): allowed are 400 to 599 but 421, which ends the session")
    return code


_CODE = Annotated[int, Reads(_read_code, {"type": "integer", "minimum": 400, "maximum": 599})]
_PROBABILITY = Annotated[float, Reads(parse_probability, PROBABILITY.json_schema())]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalForm(Form):
    """Replies that refuse what would have been taken."""

    at: Annotated[Place, word("place", *get_args(Place))]
    """At the greeting (`connect`), at EHLO and HELO, at MAIL, at RCPT, or at the end of mail data."""
    code: _CODE
    """The reply code."""
    probability: _PROBABILITY = 1.0
    """How often."""
    during: tuple[StretchForm, ...] = ()
    """When; always, where absent."""
    text: Text = ""
    """What the reply says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateForm(Form):
    """How often a client may come."""

    count: Annotated[int, whole(1)]
    """So many times."""
    per: LongDuration
    """Within any time of this length."""

    def rate(self) -> Rate:
        """What it means."""
        return Rate(count=self.count, per=self.per)


def _expand_refusals(value: object) -> object:
    return [value] if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class PoliciesForm(Form):
    """What a host delays or refuses."""

    greylist: GreylistForm | None = None
    """Whether strangers are told to come again."""
    refuse: Annotated[tuple[RefusalForm, ...], Shorthand(_expand_refusals)] = ()
    """Refusals by schedule or by chance."""
    sessions: RateForm | None = None
    """How often a client may connect."""
    messages: RateForm | None = None
    """How many messages a client may offer."""
    sessions_at_once: Annotated[int, whole(0)] = 0
    """How many sessions a client may have at a time; 0 means any number."""
    spool: Size = 0
    """How many bytes the queue may hold before mail gets 452; 0 means any number."""
    unknown_users: Annotated[Literal["reject", "bounce"], word("unknown_users", "reject", "bounce")] = "reject"
    """Whether mail for users who are not there is refused at RCPT, or taken and returned."""

    def policies(self) -> Policies:
        """What it means."""
        return Policies(
            greylist=self.greylist.greylist() if self.greylist else None,
            refuse=tuple(map(_refusal, self.refuse)),
            sessions=self.sessions.rate() if self.sessions else None,
            messages=self.messages.rate() if self.messages else None,
            sessions_at_once=self.sessions_at_once,
            spool=self.spool,
            unknown_users=self.unknown_users,
        )


def _refusal(form: RefusalForm) -> Refusal:
    during = tuple((stretch.from_, stretch.to) for stretch in form.during)
    return Refusal(at=form.at, code=form.code, probability=form.probability, during=during, text=form.text)


def show_policies(policies: Policies) -> object:
    """Policies as a file says them."""
    said: dict[str, object] = {}
    if policies.greylist:
        times = {name: getattr(policies.greylist, name) for name in ("delay", "window", "lifetime")}
        shown = {name: format_duration(time) for name, time in times.items()}
        said["greylist"] = {**shown, "whitelist_after": policies.greylist.whitelist_after}
    if policies.refuse:
        said["refuse"] = [_show_refusal(refusal) for refusal in policies.refuse]
    for name in ("sessions", "messages"):
        rate = getattr(policies, name)
        if rate:
            said[name] = {"count": rate.count, "per": format_duration(rate.per)}
    if policies.sessions_at_once:
        said["sessions_at_once"] = policies.sessions_at_once
    if policies.spool:
        said["spool"] = format_size(policies.spool)
    if policies.unknown_users != "reject":
        said["unknown_users"] = policies.unknown_users
    return said or "none"


def _show_refusal(refusal: Refusal) -> dict[str, object]:
    said: dict[str, object] = {"at": refusal.at, "code": refusal.code}
    if refusal.probability < 1:
        said["probability"] = PROBABILITY.format(refusal.probability) if refusal.probability else 0
    if refusal.during:
        said["during"] = [{"from": format_duration(start), "to": format_duration(end)} for start, end in refusal.during]
    return said | ({"text": refusal.text} if refusal.text else {})

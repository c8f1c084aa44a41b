"""What the sender of a message asks for beside its delivery, as a scenario file says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from sim.scenario.names import shown
from sim.scenario.pydantic_seam import Collected, JsonSchema, Reads, Section
from sim.scenario.quantity import format_duration
from sim.scenario.scalars import Duration, LongDuration, Name, read_word, whole, word
from sim.scenario.spec.sources import Asks

_NEVER = "never"
_EVENTS = ("success", "failure", "delay")

_LONGEST = 999_999_999.0
"""Seconds that BY and HOLDFOR can say (RFC 2852 section 4, RFC 4865 section 4)."""

_LONGEST_ENVELOPE_ID = 100
"""Characters (RFC 3461 section 4.4); what xtext writes longer has three for one."""


def read_notify(value: object) -> tuple[str, ...]:
    """What to report: `never`, or one or more of success, failure and delay.

    Raises:
        ValueError: something else, or an event twice.
    """
    if value == _NEVER:
        return (_NEVER,)
    items = value if isinstance(value, list) else [value]
    collected = Collected()
    read = partial(read_word, "report", _EVENTS)
    events = tuple(collected.read((index,), read, item, "") for index, item in enumerate(items))
    collected.done()
    if not events or len(set(events)) < len(events):
        raise ValueError(f"not reports ({shown(value)}): allowed are never, or some of {', '.join(_EVENTS)}, each once")
    return events


_NOTIFY_SCHEMA: JsonSchema = {
    "anyOf": [
        {"enum": [_NEVER, *_EVENTS]},
        {"type": "array", "items": {"enum": list(_EVENTS)}, "minItems": 1, "uniqueItems": True},
    ]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AsksForm(Section):
    """What a message's sender asks for beside its delivery."""

    notify: Annotated[tuple[str, ...], Reads(read_notify, _NOTIFY_SCHEMA)] = ()
    """Which reports are wanted for each recipient: `never`, or some of success, failure and delay (RFC 3461)."""
    return_: Annotated[Literal["full", "headers"], word("return", "full", "headers")] | None = None
    """How much of the message a report brings back (RFC 3461)."""
    envelope_id: Name = ""
    """What reports name the message by (RFC 3461)."""
    deliver_within: LongDuration = 0.0
    """How long delivery may take (RFC 2852)."""
    late: Annotated[Literal["return", "notify"], word("late", "return", "notify")] = "return"
    """What happens when it takes longer: the message comes back, or its sender is told."""
    hold_for: Duration = 0.0
    """How long the first host that can keeps it back (RFC 4865)."""
    priority: Annotated[int, whole(-9, 9)] = 0
    """Its rank in the queues, 9 the highest (RFC 6710)."""

    def __post_init__(self) -> None:
        """Refuse what no parameter can carry."""
        for name, time in (("deliver_within", self.deliver_within), ("hold_for", self.hold_for)):
            if time > _LONGEST or 0 < time < 1:
                allowed = f"allowed is 1 s to {format_duration(_LONGEST)}"
                raise ValueError(f"{name} is no time that can be asked for ({format_duration(time)}): {allowed}")
        if not self.envelope_id.isascii() or len(self.envelope_id) > _LONGEST_ENVELOPE_ID // 3:
            raise ValueError(
                f"not an envelope_id ({shown(self.envelope_id)}): allowed are up to {_LONGEST_ENVELOPE_ID // 3}"
                " characters of US-ASCII"
            )


def asks(form: AsksForm | None) -> Asks | None:
    """What the form says, for the scenario; None where it says nothing."""
    if form is None:
        return None
    said = Asks(
        notify=form.notify,
        returns=form.return_ or "",
        envelope_id=form.envelope_id,
        deliver_within=form.deliver_within,
        # Without a time there is nothing that a message is late for.
        late=form.late if form.deliver_within else "return",
        hold_for=form.hold_for,
        priority=form.priority,
    )
    return said if said != Asks() else None


def shown_asks(said: Asks) -> dict[str, object]:
    """The same as a scenario file has it."""
    found: dict[str, object] = {}
    if said.notify:
        found["notify"] = _single(said.notify)
    if said.returns:
        found["return"] = said.returns
    if said.envelope_id:
        found["envelope_id"] = said.envelope_id
    if said.deliver_within:
        found |= {"deliver_within": format_duration(said.deliver_within), "late": said.late}
    if said.hold_for:
        found["hold_for"] = format_duration(said.hold_for)
    if said.priority:
        found["priority"] = said.priority
    return found


def _single(words: Sequence[str]) -> object:
    return words[0] if len(words) == 1 else list(words)

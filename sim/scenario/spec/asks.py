"""The key `asks` of a message: what its sender asks for beside its delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from sim.scenario.names import shown, unknown
from sim.scenario.pydantic_seam import JsonSchema, Reads, Word, read_each
from sim.scenario.quantity import format_duration
from sim.scenario.scalars import Duration, LongDuration, Name, one_or_many, whole
from sim.scenario.sections import Section

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
    events = read_each(_read_event, "", items)
    if not events or len(set(events)) < len(events):
        raise ValueError(f"not reports ({shown(value)}): allowed are never, or some of {', '.join(_EVENTS)}, each once")
    return events


def _read_event(value: object) -> str:
    if not isinstance(value, str) or value not in _EVENTS:
        raise ValueError(unknown("report", value, _EVENTS))
    return value


_NOTIFY_SCHEMA: JsonSchema = {
    "anyOf": [
        {"enum": [_NEVER, *_EVENTS]},
        {"type": "array", "items": {"enum": list(_EVENTS)}, "minItems": 1, "uniqueItems": True},
    ]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asks(Section):
    """What a message's sender asks for beside its delivery; 0 or nothing where it is not asked for."""

    renamed: ClassVar = {"returns": "return"}
    brief: ClassVar = ("notify", "returns", "envelope_id", "deliver_within", "late", "hold_for", "priority")

    notify: Annotated[tuple[str, ...], Reads(read_notify, _NOTIFY_SCHEMA, one_or_many)] = ()
    """Which reports are wanted for each recipient: `never`, or some of success, failure and delay (RFC 3461)."""
    returns: Annotated[Literal["", "full", "headers"], Word("return")] = ""
    """How much of the message a report brings back (RFC 3461)."""
    envelope_id: Name = ""
    """What reports name the message by (RFC 3461)."""
    deliver_within: LongDuration = 0.0
    """How long delivery may take (RFC 2852)."""
    late: Annotated[Literal["return", "notify"], Word("late")] = "return"
    """What happens when it takes longer: the message comes back, or its sender is told."""
    hold_for: Duration = 0.0
    """How long the first host that can keeps it back (RFC 4865)."""
    priority: Annotated[int, whole(-9, 9)] = 0
    """Its rank in the queues, 9 the highest (RFC 6710)."""

    def __post_init__(self) -> None:
        for name, time in (("deliver_within", self.deliver_within), ("hold_for", self.hold_for)):
            if time > _LONGEST or 0 < time < 1:
                allowed = f"allowed is 1 s to {format_duration(_LONGEST)}"
                raise ValueError(f"{name} is no time that can be asked for ({format_duration(time)}): {allowed}")
        if not self.envelope_id.isascii() or len(self.envelope_id) > _LONGEST_ENVELOPE_ID // 3:
            raise ValueError(
                f"not an envelope_id ({shown(self.envelope_id)}): allowed are up to {_LONGEST_ENVELOPE_ID // 3}"
                " characters of US-ASCII"
            )
        if not self.deliver_within:
            # Without a time there is nothing that a message is late for.
            object.__setattr__(self, "late", "return")

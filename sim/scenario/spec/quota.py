"""The keys `quota` and `quotas` of a domain: what its users' mailboxes may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from sim.scenario.pydantic_seam import OrWord, Shorthand
from sim.scenario.quantity import SIZE
from sim.scenario.scalars import Size, whole
from sim.scenario.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxQuota(Section):
    """What all mailboxes of a user may hold together; 0 means no limit."""

    brief: ClassVar = ("size", "messages", "grace")

    size: Size = 0
    """How many bytes, line ends counted as two."""
    messages: Annotated[int, whole(0)] = 0
    """How many messages."""
    grace: Size = 0
    """How many bytes more mail may take that comes in: so the last message need not be turned away."""


NO_QUOTA = MailboxQuota()
"""No limit."""


def _written_out(value: object) -> object:
    return value if isinstance(value, Mapping) or value is None else {"size": value}


QuotaSetting = Annotated[
    MailboxQuota,
    OrWord(Annotated[MailboxQuota, Shorthand(_written_out, SIZE.json_schema())], "none", NO_QUOTA),
]

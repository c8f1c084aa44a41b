"""The key `collects` of a host: from where it fetches mail that is held for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from sim.scenario.pydantic_seam import OrWord, Word
from sim.scenario.scalars import Flag, LongDuration, Name
from sim.scenario.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Collects(Section):
    """A host that asks another for the mail that is held for it, when it or a line of its own has come up."""

    renamed: ClassVar = {"source": "from"}
    brief: ClassVar = ("every",)

    source: Name
    """The host that holds it: a backup MX."""
    by: Annotated[Literal["etrn", "turn", "atrn"], Word("way to collect")] = "etrn"
    """ETRN (RFC 1985): the mail comes on new connections; TURN (RFC 821), ATRN (RFC 2645, after AUTH): on the one at
    hand, with roles swapped."""
    every: LongDuration = 0.0
    """How often it asks; where absent, only when it, or a line of its own, has come up."""
    hold: Flag = False
    """Whether its mail waits there until it asks, untried."""


CollectsSetting = Annotated[Collects | None, OrWord(Collects, "none", None)]

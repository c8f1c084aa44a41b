"""What a scenario file may say of mail that comes at random or at even gaps: how much, between whom, and how true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from sim.scenario.pydantic_seam import Reads, Section, Shorthand
from sim.scenario.quantity import PROBABILITY, parse_probability
from sim.scenario.scalars import LongDuration, MessageRate, Name, Sizes, word
from sim.scenario.syntax.mailboxes import WhoseMail

Share = Annotated[float, Reads(parse_probability, PROBABILITY.json_schema())]


def _expand_forged(value: object) -> object:
    return value if isinstance(value, Mapping) else {"share": value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgedForm(Section):
    """Mail under somebody else's address."""

    share: Share
    """How many of the messages."""
    domain: Name | None = None
    """Whose users' addresses they bear; where absent, those of any domain but the writer's."""


Forged = Annotated[ForgedForm, Shorthand(_expand_forged, PROBABILITY.json_schema())]
Pairs = Annotated[Literal["uniform", "gravity"], word("choice of pairs", "uniform", "gravity")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonForm(Section):
    """Messages at random times."""

    rate: MessageRate
    """How many in the whole network, on average."""
    size: Sizes | None = None
    """Size of the mail data."""
    pairs: Pairs = "uniform"
    """Who writes to whom: any pair of users alike, or big domains more (`gravity`)."""
    from_: WhoseMail = ()
    """Who writes: an address, a domain, a list, or `{a.example: 3, ann@b.example: 1}`; any user, where absent."""
    to: WhoseMail = ()
    """Who is written to: likewise."""
    strangers: Share = 0.0
    """How many of them go to nobody: to a name that the recipient's domain does not have."""
    forged: Forged | None = None
    """How many of them bear somebody else's address as reverse-path: `60 %`, or `{share: 60 %, domain: b.example}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantForm(Section):
    """Messages at even gaps; either `rate` or `every` is needed."""

    rate: MessageRate | None = None
    """How many in the whole network."""
    every: LongDuration | None = None
    """The gap between two of them."""
    size: Sizes | None = None
    """Size of the mail data."""
    pairs: Pairs = "uniform"
    """Who writes to whom: any pair of users alike, or big domains more (`gravity`)."""
    from_: WhoseMail = ()
    """Who writes: an address, a domain, a list, or `{a.example: 3, ann@b.example: 1}`; any user, where absent."""
    to: WhoseMail = ()
    """Who is written to: likewise."""
    strangers: Share = 0.0
    """How many of them go to nobody: to a name that the recipient's domain does not have."""
    forged: Forged | None = None
    """How many of them bear somebody else's address as reverse-path: `60 %`, or `{share: 60 %, domain: b.example}`."""

    def __post_init__(self) -> None:
        if (self.rate is None) == (self.every is None):
            given = "none of them" if self.rate is None else "both"
            raise ValueError(
                f"either rate or every is needed ({given} given): allowed is e.g. rate: 6 /h, or every: 10 min"
            )

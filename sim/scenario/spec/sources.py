"""The key `workload`: what is sent; messages at random, at given times, from a trace or from a folder.

Times are seconds, rates messages per second, sizes bytes of mail data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from sim.mail.content import body_of
from sim.scenario.distribution import Distribution, Lognormal
from sim.scenario.distribution_text import Sizes
from sim.scenario.pydantic_seam import Reads, Shorthand, Word, as_it_is
from sim.scenario.quantity import MESSAGE_RATE, PROBABILITY, SIZE, format_duration, parse_bytes
from sim.scenario.scalars import Duration, FileName, Flag, LongDuration, MessageRate, Name, Share, Size, Text
from sim.scenario.sections import Section
from sim.scenario.spec.asks import Asks
from sim.scenario.spec.mailboxes import Mailbox, Mailboxes, WhoseMail

DEFAULT_MESSAGE = 2000
"""Size of the mail data of a single message, in bytes."""

DEFAULT_SIZE: Distribution = Lognormal(2000.0, 20000.0)
"""Of the mail data, in bytes."""

Pairs = Annotated[Literal["uniform", "gravity"], Word("choice of pairs")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged(Section):
    """Mail under somebody else's address."""

    share: Share
    """How many of the messages."""
    domain: Name | None = None
    """Whose users' addresses they bear; where absent, those of any domain but the writer's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", self.domain and self.domain.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals(Section):
    """Messages between people who are drawn."""

    renamed: ClassVar = {"senders": "from", "recipients": "to"}
    brief: ClassVar = ("senders", "recipients", "strangers")

    rate: MessageRate
    """How many in the whole network, on average."""
    size: Sizes = DEFAULT_SIZE
    """Size of the mail data."""
    pairs: Pairs = "uniform"
    """Who writes to whom: any pair of users alike, or big domains more (`gravity`)."""
    senders: WhoseMail = ()
    """Who writes: an address, a domain, a list, or `{a.example: 3, ann@b.example: 1}`; any user, where absent."""
    recipients: WhoseMail = ()
    """Who is written to: likewise."""
    strangers: Share = 0.0
    """How many of them go to nobody: to a name that the recipient's domain does not have."""
    forged: (
        Annotated[
            Forged,
            Shorthand(
                lambda value: value if isinstance(value, Mapping) else {"share": value},
                PROBABILITY.json_schema(),
                lambda said: said if "domain" in said else said["share"],
            ),
        ]
        | None
    ) = None
    """How many of them bear somebody else's address as reverse-path: `60 %`, or `{share: 60 %, domain: b.example}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonArrivals(Arrivals):
    """Messages at random times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantArrivals(Arrivals):
    """Messages at even gaps; either `rate` or `every` is needed."""

    rate: MessageRate = 0.0
    """How many in the whole network."""
    every: LongDuration | None = None
    """The gap between two of them."""

    def __post_init__(self) -> None:
        if (not self.rate) == (self.every is None):
            given = "both" if self.rate else "none of them"
            raise ValueError(
                f"either rate or every is needed ({given} given): allowed is e.g. rate: 6 /h, or every: 10 min"
            )
        object.__setattr__(self, "rate", self.rate or 1 / (self.every or 1.0))
        object.__setattr__(self, "every", None)


def _by_gap(said: dict[str, object]) -> dict[str, object]:
    """What is written of even gaps, with the gap instead of the rate where it is the shorter word for the same."""
    rate = MESSAGE_RATE.parse(said["rate"])
    gap = float(f"{1 / rate:.12g}")
    if 1 / gap != rate or len(format_duration(gap)) >= len(str(said["rate"])):
        return said
    return {"every": format_duration(gap)} | {key: item for key, item in said.items() if key != "rate"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAt(Section):
    """One message."""

    renamed: ClassVar = {"sender": "from", "recipients": "to"}

    at: Duration
    """When it is written."""
    sender: Mailbox
    """The sender's address, as he writes it; it may be nobody's, or lead back by a route."""
    recipients: Mailboxes
    """The recipients' addresses, likewise: one or a list of them."""
    size: Annotated[float, Reads(parse_bytes, SIZE.json_schema(), SIZE.format)] = field(default_factory=lambda: -1.0)
    """Size of the mail data; 2 kB where neither it nor a text is given."""
    text: Text | None = None
    """What it says, instead of a size, in any script; it goes as MIME where plain US-ASCII does not do."""
    file: Size | None = None
    """A file of so many octets, instead of either; by mail it goes in base64 where the next host takes no binary."""
    asks: Asks | None = None
    """What its sender asks for beside its delivery."""

    def __post_init__(self) -> None:
        if self.size < 0:
            size = DEFAULT_MESSAGE if self.text is None else len(body_of(self.text)[1])
            object.__setattr__(self, "size", float(size if self.file is None else self.file))
        if self.asks == Asks():
            object.__setattr__(self, "asks", None)


def _size_or_text(value: object) -> object:
    given = [key for key in ("size", "text", "file") if isinstance(value, dict) and key in value]
    if len(given) == 2:
        raise ValueError(f"either {given[0]} or {given[1]} is needed (both given): allowed is one of them")
    if given[2:]:
        raise ValueError("size, text and file are given: allowed is one of them")
    return value


def _without_size(said: dict[str, object]) -> dict[str, object]:
    return {key: item for key, item in said.items() if key != "size" or not {"text", "file"} & {*said}}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesAt:
    """Messages at given times."""

    messages: tuple[MessageAt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace(Section):
    """A recorded trace: rows of one source and second are one message.

    The part from `start` that the scenario's duration covers is replayed. People whose names are addresses of the
    scenario are themselves.
    """

    file: FileName
    """Lines of source, target and seconds, plain or gzip, found from the scenario's folder."""
    size: Sizes = DEFAULT_SIZE
    """Size of the mail data."""
    start: Duration = 0.0
    """Where in the trace to begin."""
    deal: Flag = False
    """Whether people who are no addresses of the scenario are dealt to its users, in order of first appearance; else
    they are mistakes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages(Section):
    """Real messages, taken in turn: at Poisson gaps, or each once, at even gaps over the scenario's duration."""

    renamed: ClassVar = {"senders": "from", "recipients": "to"}
    brief: ClassVar = ("rate", "senders", "recipients")

    path: FileName
    """A folder of .eml files, or an mbox, found from the scenario's folder."""
    rate: MessageRate = 0.0
    """How many in the whole network, on average; where absent, each message once, at even gaps."""
    pairs: Pairs = "uniform"
    """Who writes to whom: any pair of users alike, or big domains more (`gravity`)."""
    senders: WhoseMail = ()
    """Who writes: an address, a domain, a list, or `{a.example: 3, ann@b.example: 1}`; any user, where absent."""
    recipients: WhoseMail = ()
    """Who is written to: likewise."""


Source = PoissonArrivals | ConstantArrivals | MessagesAt | Trace | Messages

_PATH = Shorthand(
    lambda value: {"path": value} if isinstance(value, str) else value, {"type": "string", "format": "path"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadForm(Section):
    """Who writes what to whom and when."""

    poisson: PoissonArrivals | None = None
    """Messages at random times."""
    constant: Annotated[ConstantArrivals, Shorthand(as_it_is, None, _by_gap)] | None = None
    """Messages at even gaps."""
    messages_at: tuple[Annotated[MessageAt, Shorthand(_size_or_text, None, _without_size)], ...] | None = None
    """Single messages."""
    trace: Trace | None = None
    """A recorded trace."""
    messages: Annotated[Messages, _PATH] | None = None
    """Real messages."""


def workload_form(source: Source) -> WorkloadForm:
    """The form of a source."""
    match source:
        case PoissonArrivals():
            return WorkloadForm(poisson=source)
        case ConstantArrivals():
            return WorkloadForm(constant=source)
        case MessagesAt():
            return WorkloadForm(messages_at=source.messages)
        case Trace():
            return WorkloadForm(trace=source)
        case Messages():
            return WorkloadForm(messages=source)

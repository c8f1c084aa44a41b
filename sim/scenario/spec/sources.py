"""The key `workload`: what is sent; messages at random, at given times, from a trace or from a folder.

Times are seconds, rates messages per second, sizes bytes of mail data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from sim.mail.text import body_of
from sim.scenario.distribution import Distribution, Lognormal
from sim.scenario.distribution_text import Sizes
from sim.scenario.pydantic_seam import Reads, Shorthand, Via, Word
from sim.scenario.quantity import PROBABILITY, SIZE, format_duration, format_message_rate, parse_bytes
from sim.scenario.scalars import Duration, FileName, Flag, LongDuration, MessageRate, Name, Share, Text
from sim.scenario.sections import Section
from sim.scenario.spec.asks import Asks
from sim.scenario.spec.mailboxes import Mailbox, Mailboxes, Whose, WhoseMail

DEFAULT_MESSAGE = 2000
"""Size of the mail data of a single message, in bytes."""

DEFAULT_SIZE: Distribution = Lognormal(2000.0, 20000.0)
"""Of the mail data, in bytes."""

Pairs = Annotated[Literal["uniform", "gravity"], Word("choice of pairs")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Messages at random (`poisson`) or even (`constant`) gaps; `rate` per s, size of the mail data in bytes.

    `senders` and `recipients` are who is drawn, an entry by its weight and of a domain's users any alike.
    `strangers` is the share of them that goes to nobody: to a name that the recipient's domain does not have. `forged`
    is the share that bears somebody else's address as its reverse-path: a user's of another domain, or of the domain
    `victims`.
    """

    kind: Literal["poisson", "constant"]
    rate: float
    size: Distribution
    pairs: Literal["uniform", "gravity"] = "uniform"
    senders: Whose = ()
    recipients: Whose = ()
    strangers: float = 0.0
    forged: float = 0.0
    victims: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged(Section):
    """Mail under somebody else's address."""

    share: Share
    """How many of the messages."""
    domain: Name | None = None
    """Whose users' addresses they bear; where absent, those of any domain but the writer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnForm(Section):
    """Messages between people who are drawn."""

    brief: ClassVar = ("from_", "to", "strangers")

    rate: MessageRate | None = None
    """How many in the whole network."""
    size: Sizes = DEFAULT_SIZE
    """Size of the mail data."""
    pairs: Pairs = "uniform"
    """Who writes to whom: any pair of users alike, or big domains more (`gravity`)."""
    from_: WhoseMail = ()
    """Who writes: an address, a domain, a list, or `{a.example: 3, ann@b.example: 1}`; any user, where absent."""
    to: WhoseMail = ()
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
class PoissonForm(DrawnForm):
    """Messages at random times."""

    rate: MessageRate
    """How many in the whole network, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantForm(DrawnForm):
    """Messages at even gaps; either `rate` or `every` is needed."""

    every: LongDuration | None = None
    """The gap between two of them."""

    def __post_init__(self) -> None:
        if (self.rate is None) == (self.every is None):
            given = "none of them" if self.rate is None else "both"
            raise ValueError(
                f"either rate or every is needed ({given} given): allowed is e.g. rate: 6 /h, or every: 10 min"
            )


def _arrivals(form: DrawnForm) -> Arrivals:
    every = form.every if isinstance(form, ConstantForm) else None
    return Arrivals(
        kind="poisson" if isinstance(form, PoissonForm) else "constant",
        rate=form.rate if form.rate is not None else 1 / (every or 1.0),
        size=form.size,
        pairs=form.pairs,
        senders=form.from_,
        recipients=form.to,
        strangers=form.strangers,
        forged=form.forged.share if form.forged else 0.0,
        victims=(form.forged.domain or "").lower() if form.forged else "",
    )


def _drawn_form(source: Arrivals) -> DrawnForm:
    """The form of arrivals; a gap stands instead of a rate where it is the shorter word for the same."""
    gap = float(f"{1 / source.rate:.12g}")
    short = 1 / gap == source.rate and len(format_duration(gap)) < len(format_message_rate(source.rate))
    said = {
        "size": source.size,
        "pairs": source.pairs,
        "from_": source.senders,
        "to": source.recipients,
        "strangers": source.strangers,
        "forged": Forged(share=source.forged, domain=source.victims or None) if source.forged else None,
    }
    if source.kind == "poisson":
        return PoissonForm(rate=source.rate, **said)  # type: ignore[arg-type]
    return ConstantForm(**({"every": gap} if short else {"rate": source.rate}), **said)  # type: ignore[arg-type]


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
    asks: Asks | None = None
    """What its sender asks for beside its delivery."""

    def __post_init__(self) -> None:
        if self.size < 0:
            size = DEFAULT_MESSAGE if self.text is None else len(body_of(self.text)[1])
            object.__setattr__(self, "size", float(size))
        if self.asks == Asks():
            object.__setattr__(self, "asks", None)


def _size_or_text(value: object) -> object:
    if isinstance(value, dict) and {"size", "text"} <= value.keys():
        raise ValueError("either size or text is needed (both given): allowed is one of them")
    return value


def _without_size(said: dict[str, object]) -> dict[str, object]:
    return {key: item for key, item in said.items() if key != "size" or "text" not in said}


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


Source = Arrivals | MessagesAt | Trace | Messages

_PATH = Shorthand(
    lambda value: {"path": value} if isinstance(value, str) else value, {"type": "string", "format": "path"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadForm(Section):
    """Who writes what to whom and when."""

    poisson: Annotated[Arrivals, Via(PoissonForm, _arrivals, _drawn_form)] | None = None
    """Messages at random times."""
    constant: Annotated[Arrivals, Via(ConstantForm, _arrivals, _drawn_form)] | None = None
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
        case Arrivals():
            return WorkloadForm(**{source.kind: source})  # type: ignore[arg-type]
        case MessagesAt():
            return WorkloadForm(messages_at=source.messages)
        case Trace():
            return WorkloadForm(trace=source)
        case Messages():
            return WorkloadForm(messages=source)

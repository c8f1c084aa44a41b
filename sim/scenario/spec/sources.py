"""What is sent in a scenario: messages at random, at given times, from a trace or from a folder.

Times are seconds, rates messages per second, sizes bytes of mail data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sim.scenario.distribution import Distribution

Whose = tuple[tuple[str, float], ...]
"""Whose mail: addresses, as people write them, and domains with their weights; anybody's, where there are none."""


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
class Asks:
    """What a message's sender asks for beside its delivery; times in s, and 0 or nothing where it is not asked for.

    `notify` holds the reports that are wanted (success, failure, delay; or never), `returns` how much of the message
    they bring back (full, headers), `envelope_id` what they name it by (RFC 3461). `deliver_within` is how long
    delivery may take, and `late` what happens then: return, or notify (RFC 2852). `hold_for` is how long the message is
    to be kept back (RFC 4865), `priority` -9 to 9 (RFC 6710).
    """

    notify: tuple[str, ...] = ()
    returns: Literal["", "full", "headers"] = ""
    envelope_id: str = ""
    deliver_within: float = 0.0
    late: Literal["return", "notify"] = "return"
    hold_for: float = 0.0
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAt:
    """One message: when, from whom, to whom; its text, and its size in bytes: of all mail data, or of the text's body.

    Addresses are as people write them (`sim.mail.mailbox`), and may be nobody's. `asks` is what its sender asks for
    beside its delivery.
    """

    at: float
    sender: str
    recipients: tuple[str, ...]
    size: float
    text: str | None = None
    asks: Asks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesAt:
    """Messages at given times."""

    messages: tuple[MessageAt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A recorded trace: lines `source target seconds`, plain or gzip; rows of one source and second are one message.

    The part from `start` (seconds of the trace) that the scenario's duration covers is replayed. People whose names are
    addresses of the scenario are themselves; with `deal` the others are dealt to the scenario's users in order of first
    appearance, without it there are none. Size of the mail data in bytes.
    """

    file: str
    size: Distribution
    start: float = 0.0
    deal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Real messages: a folder of .eml files or an mbox; `rate` per second at Poisson gaps, taken in turn.

    Without a rate (0) each message is sent once, at even gaps over the scenario's duration. `senders` and `recipients`
    are as those of `Arrivals`.
    """

    path: str
    rate: float = 0.0
    pairs: Literal["uniform", "gravity"] = "uniform"
    senders: Whose = ()
    recipients: Whose = ()


Source = Arrivals | MessagesAt | Trace | Messages

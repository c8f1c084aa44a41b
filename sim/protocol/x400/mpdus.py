"""The message protocol data units of P1: messages, probes and reports, with their envelopes (X.411 section 12)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

from sim.mail.or_address import ORAddress
from sim.protocol.x400.names import Domain

P2_1984, P22 = 2, 22
"""Content types: interpersonal messages of 1984 and of 1988 (X.411 section 8.2.1.1.1.34)."""

IA5_TEXT: Final = 2
"""An encoded information type: the bit of IA5 text (X.411 section 8.2.1.1.1.33)."""


class Priority(IntEnum):
    """How urgent a message is."""

    NORMAL = 0
    NON_URGENT = 1
    URGENT = 2

    __hash__ = object.__hash__


class Reason(IntEnum):
    """Why something was not delivered: the reason codes (X.411 section 8.2.1.3.2)."""

    TRANSFER_FAILURE = 0
    UNABLE_TO_TRANSFER = 1
    CONVERSION_NOT_PERFORMED = 2
    RESTRICTED_DELIVERY = 5


class Diagnostic(IntEnum):
    """Why, more exactly: the diagnostic codes that an MTA gives here (X.411 section 8.2.1.3.2)."""

    UNRECOGNISED_OR_NAME = 0
    AMBIGUOUS_OR_NAME = 1
    MTS_CONGESTION = 2
    LOOP_DETECTED = 3
    RECIPIENT_UNAVAILABLE = 4
    MAXIMUM_TIME_EXPIRED = 5
    ENCODED_INFORMATION_TYPES_UNSUPPORTED = 6
    CONTENT_TOO_LONG = 7
    CONVERSION_IMPRACTICAL = 8
    IMPLICIT_CONVERSION_PROHIBITED = 9
    CONTENT_SYNTAX_ERROR = 12
    PROTOCOL_VIOLATION = 14
    DL_EXPANSION_PROHIBITED = 28
    NO_DL_SUBMIT_PERMISSION = 29
    DL_EXPANSION_FAILURE = 30


Request = Literal["none", "non-delivery", "report"]
"""What the originator wants to be told: nothing, that a message was not delivered, or that it was, too."""


@dataclass(frozen=True, slots=True)
class MtsIdentifier:
    """What a domain calls a message."""

    domain: Domain
    local: str


@dataclass(frozen=True, slots=True)
class TraceElement:
    """A domain, or an MTA of one, that has had a message.

    Attributes:
        arrival: when it came there, s since 1970.
        mta: which MTA it was, in a trace within a domain; else nothing.
        deferred: until when it was held, where it was.
        rerouted: whether it was sent another way, or on its way.
        expanded: whether a list was expanded.
    """

    domain: Domain
    arrival: int
    mta: str = ""
    deferred: int | None = None
    rerouted: bool = False
    expanded: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient in an envelope.

    Attributes:
        number: that which the originator's MTA gave him.
        responsible: whether whoever gets the envelope has to deliver to him.
        request: what the originator wants to be told.
        mta_request: what the originating MTA wants to be told.
    """

    name: ORAddress
    number: int = 1
    responsible: bool = True
    request: Request = "non-delivery"
    mta_request: Request = "non-delivery"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What messages and probes have in common.

    Attributes:
        trace: the domains that have had it, and `internal_trace` the MTAs in them (1988).
        types: the encoded information types, as bits; none at all where nothing is said.
        content_identifier: what the originator calls it.
        disclosed: whether recipients may learn of each other.
        conversion_prohibited: whether it must be delivered as it is.
        returned: whether a report is to hold the content.
    """

    identifier: MtsIdentifier
    originator: ORAddress
    recipients: tuple[Recipient, ...]
    trace: tuple[TraceElement, ...]
    internal_trace: tuple[TraceElement, ...] = ()
    content_type: int = P22
    types: tuple[int, ...] = (IA5_TEXT,)
    content_identifier: str = ""
    disclosed: bool = False
    conversion_prohibited: bool = False
    alternate_allowed: bool = False
    returned: bool = False
    dl_expansion_prohibited: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message (a user MPDU).

    Attributes:
        deferred: before when it must not be delivered, and `latest` after when: s since 1970.
        expansions: the lists that have been expanded, each with the time.
    """

    envelope: Envelope
    content: bytes
    priority: Priority = Priority.NORMAL
    deferred: int | None = None
    latest: int | None = None
    expansions: tuple[tuple[ORAddress, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """A message without its content, which finds out whether it could be delivered.

    Attributes:
        content_length: octets that the content would have.
    """

    envelope: Envelope
    content_length: int = 0


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """What became of a recipient.

    Attributes:
        name: the one that was delivered to, or not.
        arrival: when the message came to the MTA that reports, s since 1970.
        delivered: when it was delivered; None where it was not.
        reason, diagnostic: why it was not.
        intended: whom the originator had meant, where that was another.
        supplement: more of it, for people.
    """

    name: ORAddress
    number: int
    arrival: int
    delivered: int | None = None
    reason: Reason | int = Reason.UNABLE_TO_TRANSFER
    diagnostic: Diagnostic | int | None = None
    request: Request = "non-delivery"
    intended: ORAddress | None = None
    supplement: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery or non-delivery report.

    Attributes:
        destination: whom it is for: the originator of its subject.
        subject: the message or the probe that it is about, and `subject_trace` the way that this had gone.
        returned: its content, where it comes back.
    """

    identifier: MtsIdentifier
    destination: ORAddress
    subject: MtsIdentifier
    recipients: tuple[ReportedRecipient, ...]
    trace: tuple[TraceElement, ...]
    internal_trace: tuple[TraceElement, ...] = ()
    subject_trace: tuple[TraceElement, ...] = ()
    content_identifier: str = ""
    content_type: int | None = None
    returned: bytes | None = None


Mpdu = Message | Probe | Report

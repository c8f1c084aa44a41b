"""Delivery reports of X.400 and delivery status notifications, both ways (RFC 2156 section 5.3.6, RFC 3464).

Which status code says what a diagnostic says goes by what RFC 3463 has each of them mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from sim.gateway.losses import Loss
from sim.gateway.mixer_addresses import MixerGateway, to_or_address, to_rfc822
from sim.mail.address import Address
from sim.mail.delivery_report import Action
from sim.mail.delivery_report import ReportedRecipient as DsnRecipient
from sim.mail.mime import Part, read_fields, read_message
from sim.mail.or_address import ORAddress, parse_or_address
from sim.mail.printable_string import ORAddressError, is_printable
from sim.protocol.x400.mpdus import Diagnostic, Reason, ReportedRecipient

_SUPPLEMENT: Final = 256
"""Characters of supplementary information (X.411 annex B)."""

_STATUS: Final = re.compile(r"([245])\.([0-9]{1,3}\.[0-9]{1,3})")
_BLANK_LINE: Final = re.compile(rb"(?:\r?\n){2,}")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)

STATUS_OF_DIAGNOSTIC: Final[Mapping[int, str]] = {
    0: "5.1.1",  # unrecognised-OR-name
    1: "5.1.4",  # ambiguous-OR-name
    2: "4.4.5",  # mts-congestion
    3: "5.4.6",  # loop-detected
    4: "4.2.1",  # recipient-unavailable
    5: "4.4.7",  # maximum-time-expired
    6: "5.6.1",  # encoded-information-types-unsupported
    7: "5.3.4",  # content-too-long
    8: "5.6.3",  # conversion-impractical
    9: "5.6.2",  # implicit-conversion-prohibited
    10: "5.6.3",  # implicit-conversion-not-subscribed
    11: "5.5.4",  # invalid-arguments
    12: "5.6.0",  # content-syntax-error
    13: "5.2.3",  # size-constraint-violation
    14: "5.5.0",  # protocol-violation
    15: "5.6.1",  # content-type-not-supported
    16: "5.5.3",  # too-many-recipients
    17: "5.7.1",  # no-bilateral-agreement
    18: "5.3.3",  # unsupported-critical-function
    19: "5.6.2",  # conversion-with-loss-prohibited
    28: "5.7.2",  # dl-expansion-prohibited
    29: "5.7.2",  # no-dl-submit-permission
    30: "5.2.4",  # dl-expansion-failure
    46: "5.7.0",  # secure-messaging-error
}
"""The status code of a non-delivery diagnostic code (X.411)."""

STATUS_OF_REASON: Final[Mapping[int, str]] = {0: "4.4.0", 1: "5.4.4", 2: "5.6.3", 5: "5.7.1", 6: "4.4.3"}
"""That of a non-delivery reason code, where no diagnostic says more."""

DIAGNOSTIC_OF_STATUS: Final[Mapping[str, Diagnostic]] = {
    "1.1": Diagnostic.UNRECOGNISED_OR_NAME,
    "1.2": Diagnostic.UNRECOGNISED_OR_NAME,
    "1.3": Diagnostic.UNRECOGNISED_OR_NAME,
    "1.4": Diagnostic.AMBIGUOUS_OR_NAME,
    "1.6": Diagnostic.UNRECOGNISED_OR_NAME,
    "2.1": Diagnostic.RECIPIENT_UNAVAILABLE,
    "2.2": Diagnostic.RECIPIENT_UNAVAILABLE,
    "2.3": Diagnostic.CONTENT_TOO_LONG,
    "2.4": Diagnostic.DL_EXPANSION_FAILURE,
    "3.4": Diagnostic.CONTENT_TOO_LONG,
    "4.5": Diagnostic.MTS_CONGESTION,
    "4.6": Diagnostic.LOOP_DETECTED,
    "4.7": Diagnostic.MAXIMUM_TIME_EXPIRED,
    "5.0": Diagnostic.PROTOCOL_VIOLATION,
    "6.0": Diagnostic.CONTENT_SYNTAX_ERROR,
    "6.1": Diagnostic.ENCODED_INFORMATION_TYPES_UNSUPPORTED,
    "6.2": Diagnostic.IMPLICIT_CONVERSION_PROHIBITED,
    "6.3": Diagnostic.CONVERSION_IMPRACTICAL,
    "7.2": Diagnostic.NO_DL_SUBMIT_PERMISSION,
}
"""The diagnostic code of a status code without its class."""

_CONVERSION: Final = frozenset({"6.1", "6.2", "6.3"})


class MappedRecipient(NamedTuple):
    """What a notification says of a recipient of a report."""

    action: Action
    recipient: DsnRecipient


class MappedReport(NamedTuple):
    """What a report says of a notification's recipients, and what of that was lost."""

    recipients: tuple[ReportedRecipient, ...]
    losses: tuple[Loss, ...]


def status_of(recipient: ReportedRecipient) -> str:
    """The status code (RFC 3463) of what became of a recipient."""
    if recipient.delivered is not None:
        return "2.0.0"
    by_reason = STATUS_OF_REASON.get(recipient.reason, "5.0.0")
    return by_reason if recipient.diagnostic is None else STATUS_OF_DIAGNOSTIC.get(recipient.diagnostic, by_reason)


def reason_of(status: str) -> tuple[Reason, Diagnostic | None]:
    """The reason and the diagnostic of a status code; another text says that the transfer failed."""
    found = _STATUS.fullmatch(status)
    if found is None:
        return Reason.TRANSFER_FAILURE, None
    detail = found[2]
    if detail in _CONVERSION:
        reason = Reason.CONVERSION_NOT_PERFORMED
    elif detail.startswith("7."):
        reason = Reason.RESTRICTED_DELIVERY
    else:
        reason = Reason.TRANSFER_FAILURE if found[1] == "4" else Reason.UNABLE_TO_TRANSFER
    return reason, DIAGNOSTIC_OF_STATUS.get(detail)


def to_dsn(recipient: ReportedRecipient, gateway: MixerGateway) -> MappedRecipient:
    """What `sim.mail.delivery_report` is told of a recipient of a report; whom it had meant is of the type x400."""
    meant = recipient.intended or recipient.name
    said = recipient.supplement
    if recipient.delivered is None:
        number = "" if recipient.diagnostic is None else f", diagnostic {int(recipient.diagnostic)}"
        said = f"X.400 reason {int(recipient.reason)}{number}{': ' if said else ''}{said}"
    told = DsnRecipient(
        _address(recipient.name, gateway), status_of(recipient), diagnostic=said, original=f"x400; {meant}"
    )
    return MappedRecipient("failed" if recipient.delivered is None else "delivered", told)


def to_report(notification: bytes, gateway: MixerGateway, arrival: int) -> MappedReport:
    """What an X.400 report says of the recipients of a delivery status notification, a whole message.

    X.400 reports that something was delivered, or was not: of a delay, of a list that was expanded, or of a host that
    sends no reports it has no word. `arrival` is when the message came to the gateway, s since 1970.
    """
    recipients: list[ReportedRecipient] = []
    losses: list[Loss] = []
    for block in _blocks(read_message(notification)):
        said = {name: value.decode("utf-8", "replace") for name, value in read_fields(block)}
        if "final-recipient" not in said:
            continue
        action = said.get("action", "failed").strip().lower()
        name = _recipient(said["final-recipient"], gateway)
        if action not in ("failed", "delivered"):
            losses.append(Loss("service", f"report that a message is {action}"))
        elif name is None:
            losses.append(Loss("recipient", said["final-recipient"]))
        else:
            told = _typed(said.get("diagnostic-code", ""))
            supplement = "".join(c if is_printable(c) else "?" for c in told)[:_SUPPLEMENT]
            number, delivered = len(recipients) + 1, arrival if action == "delivered" else None
            reason, diagnostic = reason_of(said.get("status", "").strip())
            recipients.append(
                ReportedRecipient(name, number, arrival, delivered, reason, diagnostic, supplement=supplement)
            )
    return MappedReport(tuple(recipients), tuple(losses))


def _blocks(part: Part) -> Iterator[bytes]:
    if part.content_type == ("message", "delivery-status"):
        yield from (block + b"\r\n" for block in _BLANK_LINE.split(part.body))
    elif part.content_type[0] == "multipart":
        for inner in part.parts:
            yield from _blocks(inner)


def _typed(value: str) -> str:
    """What stands behind the type and the semicolon."""
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon else kind.strip()


def _recipient(value: str, gateway: MixerGateway) -> ORAddress | None:
    try:
        if value.lower().startswith("x400"):
            return parse_or_address(_typed(value))
        return to_or_address(_typed(value), gateway)
    except ORAddressError:
        return None


def _address(name: ORAddress, gateway: MixerGateway) -> Address:
    text = to_rfc822(name, gateway).text
    local, at, domain = text.rpartition("@")
    quoted = _QUOTED.fullmatch(local)
    return Address(_PAIR.sub(r"\1", quoted[1]) if quoted else local, domain) if at else Address(text, gateway.domain)

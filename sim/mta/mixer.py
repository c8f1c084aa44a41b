"""Mail as X.400 has it, and back: envelopes, trace, contents and reports (RFC 2156, MIXER).

A host keeps mail as RFC 822 has it. What X.400's envelope says beside that is in fields and parameters as RFC 2156
names them: the trace in X400-Received (section 5.3.7), the expansion of lists in Delivered-To, the priority in
MT-PRIORITY (RFC 6710 annex A: -4, 0, 4), what the originator wants to be told in NOTIFY.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import Message as Rfc822
from typing import Final, NamedTuple

from sim.mail.address import Address, parse_address
from sim.mail.content import canonical, split
from sim.mail.delivery_report import Action, ReportedRecipient, delivery_report
from sim.mail.or_address import ORAddress
from sim.mail.path import NULL_PATH, Path
from sim.mail.printable_string import ascii_to_printable, is_printable, printable_to_ascii
from sim.mail.trace import EPOCH, date_time, delivered_to
from sim.mta.or_names import mailbox_of, or_address_of
from sim.protocol.smtp.events import Parameters
from sim.protocol.x400 import mpdus
from sim.protocol.x400.ipms import Ipm, read_content, write_ipm
from sim.protocol.x400.mpdus import (
    Diagnostic,
    Envelope,
    Message,
    MtsIdentifier,
    Priority,
    Reason,
    Recipient,
    Report,
    Request,
    TraceElement,
)
from sim.protocol.x400.names import Domain

_PRIORITIES: Final = {Priority.URGENT: "4", Priority.NON_URGENT: "-4"}
_NOTIFY: Final[Mapping[Request, str | None]] = {"none": "NEVER", "report": "SUCCESS,FAILURE", "non-delivery": None}

CODES: Final[Mapping[str, tuple[Reason, Diagnostic | None]]] = {
    "5.1.1": (Reason.UNABLE_TO_TRANSFER, Diagnostic.UNRECOGNISED_OR_NAME),
    "5.1.4": (Reason.UNABLE_TO_TRANSFER, Diagnostic.AMBIGUOUS_OR_NAME),
    "5.3.2": (Reason.UNABLE_TO_TRANSFER, Diagnostic.MTS_CONGESTION),
    "5.4.6": (Reason.UNABLE_TO_TRANSFER, Diagnostic.LOOP_DETECTED),
    "5.2.1": (Reason.UNABLE_TO_TRANSFER, Diagnostic.RECIPIENT_UNAVAILABLE),
    "4.4.7": (Reason.UNABLE_TO_TRANSFER, Diagnostic.MAXIMUM_TIME_EXPIRED),
    "5.2.3": (Reason.UNABLE_TO_TRANSFER, Diagnostic.CONTENT_TOO_LONG),
    "5.6.3": (Reason.CONVERSION_NOT_PERFORMED, Diagnostic.CONVERSION_IMPRACTICAL),
    "5.6.1": (Reason.UNABLE_TO_TRANSFER, Diagnostic.CONTENT_SYNTAX_ERROR),
    "5.5.0": (Reason.TRANSFER_FAILURE, Diagnostic.PROTOCOL_VIOLATION),
    "5.7.2": (Reason.UNABLE_TO_TRANSFER, Diagnostic.NO_DL_SUBMIT_PERMISSION),
    "5.7.1": (Reason.RESTRICTED_DELIVERY, None),
    "5.4.0": (Reason.TRANSFER_FAILURE, None),
}
"""A status (RFC 3463) and the codes that it becomes; each pair of codes comes back as the status."""
_STATUSES: Final[Mapping[tuple[int, int | None], str]] = {codes: status for status, codes in CODES.items()}

_X400_RECEIVED: Final = re.compile(
    rb"^X400-Received: by mta ([^\r\n]*?) in (?:/PRMD=([^/\r\n]*))?/ADMD=([^/\r\n]*)/C=([^/\r\n]*)/;"
    rb"(?: Deferred (\d+);)? (Relayed|Rerouted)(, Expanded)?; (\d+)\r\n",
    re.MULTILINE,
)
_DELIVERED_TO: Final = re.compile(rb"^Delivered-To: ([^\r\n]*)\r\n", re.MULTILINE)
_FIELD: Final = re.compile(rb"^([!-9;-~]++):[ ]?((?:[^\r\n]|\r\n[ \t])*)\r\n", re.MULTILINE)
_PLACES: Final = ("from", "to", "cc", "subject", "message-id")


class Mapped(NamedTuple):
    """Mail as a host keeps it; its parts are those of `AcceptedMail`."""

    reverse_path: Path
    forward_paths: tuple[Path, ...]
    content: bytes
    parameters: Parameters = ()
    recipient_parameters: tuple[Parameters, ...] = ()


class Here(NamedTuple):
    """The MTA that sends: its domain and name, and when the mail came to it, s after mail's epoch."""

    domain: Domain
    mta: str
    arrival: float


def to_mpdu(mail: Mapped, here: Here, identifier: str, *, content_type: int = mpdus.P22) -> Message | Report:
    """The MPDU that carries mail on: a report where it is one (RFC 3464), else a message.

    Args:
        mail: what goes, for the recipients for whom the next MTA becomes responsible.
        here: who sends it.
        identifier: what it is called where it has no Message-ID.
        content_type: P2 or P22.

    Raises:
        LocalProtocolError: what is in it cannot be put into P1.
    """
    trace, content = _take_trace(mail.content)
    # What a list leaves stands above the trace where it was this MTA that expanded it.
    expanded = _DELIVERED_TO.match(mail.content) is not None
    trace += (TraceElement(here.domain, int(here.arrival) + EPOCH, here.mta, expanded=expanded),)
    outside = tuple([replace(one, mta="") for one in trace])
    header = _fields(content)
    named = MtsIdentifier(here.domain if len(trace) == 1 else trace[0].domain, _local(header, identifier))
    if mail.reverse_path.mailbox is None and (told := _reported(content)) is not None:
        return _report(told, mail, named, outside, trace)
    expansions, content = _take_expansions(content)
    asked = mail.recipient_parameters or ((),) * len(mail.forward_paths)
    recipients = tuple(
        [
            Recipient(
                or_address_of(path.mailbox or Address("postmaster", here.mta)), number, True, _request(parameters, mail)
            )
            for number, (path, parameters) in enumerate(zip(mail.forward_paths, asked, strict=True), 1)
        ]
    )
    found = dict(mail.parameters)
    envelope = Envelope(
        named,
        or_address_of(mail.reverse_path.mailbox or Address("postmaster", here.mta)),
        recipients,
        outside,
        trace,
        content_type,
        content_identifier=(found.get("ENVID") or "")[:16],
        disclosed=True,
        returned=(found.get("RET") or "").upper() == "FULL",
    )
    priority = int(found.get("MT-PRIORITY") or 0)
    seconds, _, mode = (found.get("BY") or "").upper().partition(";")
    latest = int(here.arrival) + EPOCH + int(seconds) if seconds and mode.startswith("R") else None
    level = Priority.URGENT if priority > 0 else Priority.NON_URGENT if priority else Priority.NORMAL
    return Message(envelope, write_ipm(_ipm(content)), level, None, latest, expansions)


def from_mpdu(mpdu: Message | Report) -> Mapped:
    """Mail as a host keeps it, of an MPDU that has come: for the recipients that it is responsible for.

    Raises:
        RemoteProtocolError: the content of a message is none.
        ValueError: an address is none of RFC 822.
    """
    if isinstance(mpdu, Report):
        return _from_report(mpdu)
    envelope = mpdu.envelope
    content = b"".join([delivered_to(str(mailbox_of(name))) for name, _ in reversed(mpdu.expansions)]) + _content(mpdu)
    parameters: list[tuple[str, str | None]] = []
    if mpdu.priority in _PRIORITIES:
        parameters.append(("MT-PRIORITY", _PRIORITIES[mpdu.priority]))
    if mpdu.latest is not None:
        parameters.append(("BY", f"{max(mpdu.latest - envelope.trace[-1].arrival, 1)};R"))
    if envelope.content_identifier:
        parameters.append(("ENVID", envelope.content_identifier))
    if envelope.returned:
        parameters.append(("RET", "FULL"))
    taken = [one for one in envelope.recipients if one.responsible]
    asked = tuple([_notify(one) for one in taken])
    return Mapped(
        Path(mailbox_of(envelope.originator)),
        tuple([Path(mailbox_of(one.name)) for one in taken]),
        _trace_fields(envelope.internal_trace or envelope.trace) + content,
        tuple(parameters),
        asked if any(asked) else (),
    )


def loops(mpdu: Message | Report, domain: Domain, mta: str) -> bool:
    """Whether an MTA has had an MPDU before: its own trace says so (X.411 section 14.3.1).

    What went before the last list that was expanded does not count: members may be where the message has been.
    """
    trace = mpdu.internal_trace if isinstance(mpdu, Report) else mpdu.envelope.internal_trace
    since = max((number for number, one in enumerate(trace) if one.expanded), default=0)
    return any(one.domain == domain and one.mta == mta for one in trace[since:])


def codes_of(status: str) -> tuple[Reason, Diagnostic | None]:
    """The reason and the diagnostic of a status; of one that has none of its own a transfer failure."""
    return CODES.get(status) or CODES.get(f"5{status[1:]}") or CODES["5.4.0"]


def status_of(reason: int, diagnostic: int | None) -> str:
    """The status of a reason and a diagnostic."""
    return _STATUSES.get((reason, diagnostic), "5.4.0")


def _request(parameters: Parameters, mail: Mapped) -> Request:
    if mail.reverse_path.is_null:
        return "none"
    notify = (dict(parameters).get("NOTIFY") or "FAILURE").upper()
    return "none" if notify == "NEVER" else "report" if "SUCCESS" in notify else "non-delivery"


def _notify(one: Recipient) -> Parameters:
    notify = _NOTIFY[one.request]
    return (("NOTIFY", notify),) if notify else ()


def _take_trace(content: bytes) -> tuple[tuple[TraceElement, ...], bytes]:
    """The trace in the fields on top of the content, oldest first, and the content without them."""
    header, _ = split(content)
    found = [
        TraceElement(
            Domain(country.decode(), admd.decode(), (prmd or b"").decode()),
            int(arrival),
            mta.decode(),
            int(deferred) if deferred else None,
            action == b"Rerouted",
            bool(expanded),
        )
        for mta, prmd, admd, country, deferred, action, expanded, arrival in _X400_RECEIVED.findall(header + b"\r\n")
    ]
    if not found:
        return (), content
    return tuple(found[::-1]), _X400_RECEIVED.sub(b"", header + b"\r\n") + content[len(header) :].removeprefix(b"\r\n")


def _trace_fields(trace: Sequence[TraceElement]) -> bytes:
    return b"".join(
        [
            b"X400-Received: by mta %s in %s;%s %s%s; %d\r\n"
            % (
                one.mta.encode(),
                str(one.domain).encode(),
                b" Deferred %d;" % one.deferred if one.deferred is not None else b"",
                b"Rerouted" if one.rerouted else b"Relayed",
                b", Expanded" if one.expanded else b"",
                one.arrival,
            )
            for one in reversed(trace)
        ]
    )


def _take_expansions(content: bytes) -> tuple[tuple[tuple[ORAddress, int], ...], bytes]:
    """The lists that the fields on top of the content name, oldest first, and the content without them."""
    names, at = [], 0
    while found := _DELIVERED_TO.match(content, at):
        names.append(or_address_of(parse_address(found[1].decode(), utf8=True)))
        at = found.end()
    return tuple([(name, EPOCH) for name in names[::-1]]), content[at:]


def _fields(content: bytes) -> list[tuple[str, str]]:
    header, _ = split(content)
    found = _FIELD.findall(header if header.endswith(b"\r\n") else header + b"\r\n")
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in found]


def _local(header: Sequence[tuple[str, str]], identifier: str) -> str:
    """What the originating MTA calls the message: 32 characters of its Message-ID at the most."""
    found = next((value for name, value in header if name.lower() == "message-id"), identifier)
    return "".join([character for character in found.strip(" <>") if " " < character <= "~"])[-32:]


def _ipm(content: bytes) -> Ipm:
    """A message of RFC 822 as a heading and a body; fields that cannot be made anew of a heading go as they are."""
    _, body = split(content)
    heading: dict[str, str] = {}
    fields = []
    for name, value in _fields(content):
        if name.lower() in _PLACES and name.lower() not in heading and _fits(name, value):
            heading[name.lower()] = value
        else:
            fields.append(f"{name}: {value}")
    named = {key: tuple([_of(one) for one in heading.get(key, "").split(", ") if one]) for key in ("from", "to", "cc")}
    return Ipm(
        ascii_to_printable(heading.get("message-id", "").strip("<>")),
        named["from"][0] if named["from"] else None,
        named["to"],
        named["cc"],
        heading.get("subject", ""),
        tuple([field for field in fields if field.isascii()]),
        body,
    )


def _fits(name: str, value: str) -> bool:
    """Whether a field comes back as it is from a heading."""
    if name not in ("From", "To", "Cc", "Subject", "Message-ID") or not value.isascii() or "\r" in value or not value:
        return False
    if name == "Subject":
        return len(value) <= 128
    if name == "Message-ID":
        inside = value[1:-1]
        return f"<{inside}>" == value and printable_to_ascii(ascii_to_printable(inside)) == inside
    try:
        return all(_written(_of(one)) == one for one in value.split(", ")) and (name != "From" or ", " not in value)
    except ValueError:
        return False


def _of(text: str) -> ORAddress:
    return or_address_of(parse_address(text.strip("<>")))


def _written(name: ORAddress) -> str:
    return f"<{mailbox_of(name)}>"


def _content(message: Message) -> bytes:
    """A message of RFC 822, of a content of P2 or P22."""
    found = read_content(message.content)
    if not isinstance(found, Ipm):
        return b"Subject: interpersonal notification\r\n\r\n"
    lines = [f"Message-ID: <{printable_to_ascii(found.identifier)}>"] if found.identifier else []
    for field, names in (("From", (found.originator,)), ("To", found.primary), ("Cc", found.copies)):
        if written := ", ".join([_written(name) for name in names if name is not None]):
            lines.append(f"{field}: {written}")
    if found.subject:
        lines.append(f"Subject: {found.subject}")
    lines += found.fields
    return canonical("".join([f"{line}\r\n" for line in lines]).encode("ascii", "replace")) + b"\r\n" + found.body


def _reported(content: bytes) -> list[Rfc822] | None:
    """The blocks of a delivery report's status; None where it is none."""
    parsed = message_from_bytes(content)
    if parsed.get_content_type() != "multipart/report":
        return None
    for part in parsed.walk():
        if part.get_content_type() == "message/delivery-status":
            return [block for block in part.get_payload() if isinstance(block, Rfc822)]
    return None


def _report(
    blocks: Sequence[Rfc822],
    mail: Mapped,
    named: MtsIdentifier,
    trace: tuple[TraceElement, ...],
    internal: tuple[TraceElement, ...],
) -> Report:
    about, *told = blocks
    recipients = []
    for number, block in enumerate(told, 1):
        name = or_address_of(parse_address(str(block["Final-Recipient"]).partition(";")[2].strip()))
        delivered = block["Action"] in ("delivered", "relayed", "expanded")
        reason, diagnostic = codes_of(str(block["Status"]))
        said = str(block["Diagnostic-Code"] or "").partition(";")[2].strip()
        supplement = "".join([character if is_printable(character) else "?" for character in said])[:256]
        at = trace[0].arrival
        recipients.append(
            mpdus.ReportedRecipient(
                name, number, at, at if delivered else None, reason, diagnostic, supplement=supplement
            )
        )
    returned = _fields(mail.content.rpartition(b"\r\nContent-Type: ")[2].partition(b"\r\n\r\n")[2] + b"\r\n\r\n")
    subject = MtsIdentifier(named.domain, _local(returned, "unknown"))
    to = or_address_of((mail.forward_paths[0].mailbox) or Address("postmaster", "localhost"))
    envid = str(about["Original-Envelope-Id"] or "")[:16]
    return Report(named, to, subject, tuple(recipients), trace, internal, content_identifier=envid)


def _from_report(report: Report) -> Mapped:
    """A delivery report as RFC 3464 has it; of those it tells of only one kind can be in it."""
    trace = report.internal_trace or report.trace
    by = trace[0].mta or str(report.trace[0].domain)
    date = date_time(trace[0].arrival - EPOCH)
    failed = [one for one in report.recipients if one.delivered is None]
    action: Action = "failed" if failed else "delivered"
    to = Path(mailbox_of(report.destination))
    content = delivery_report(
        reporting_mta=by,
        reverse_path=to,
        recipients=[
            ReportedRecipient(
                mailbox_of(one.name),
                status_of(one.reason, one.diagnostic) if one.delivered is None else "2.1.5",
                one.supplement,
            )
            for one in failed or report.recipients
        ],
        original=report.returned or f"Message-ID: <{report.subject.local}>\r\n\r\n".encode("ascii", "replace"),
        message_id=f"<{report.identifier.local}>",
        date=date,
        arrival_date=date_time(report.recipients[0].arrival - EPOCH),
        last_attempt_date=date,
        action=action,
        envelope_id=report.content_identifier,
    )
    return Mapped(NULL_PATH, (to,), _trace_fields(trace) + content)

"""P1 on the wire: MPDUs to octets and back (X.411 section 12), in the syntax of 1984 or of 1988.

1984 has no traces within domains, and no extensions.
"""

from __future__ import annotations

from typing import Any, Final

from sim.protocol.errors import RemoteProtocolError
from sim.protocol.x400 import ber
from sim.protocol.x400.mpdus import (
    Envelope,
    Message,
    Mpdu,
    MtsIdentifier,
    Priority,
    Probe,
    Recipient,
    Report,
    ReportedRecipient,
    Request,
    TraceElement,
)
from sim.protocol.x400.names import read_domain, read_name, read_time, write_domain, write_name, write_time
from sim.protocol.x400.presentation import Mode
from sim.protocol.x400.syntax import decode, encode

_MESSAGE, _REPORT, _PROBE = 0xA0, 0xA1, 0xA2
_DL_PROHIBITED, _LATEST, _EXPANSIONS, _INTERNAL_TRACE = 3, 5, 26, 38
_CRITICAL_FOR_TRANSFER: Final = (b"\x40", 2)


def write_mpdu(mpdu: Mpdu, mode: Mode = "1988") -> bytes:
    """The octets of an MPDU.

    Raises:
        LocalProtocolError: a value in it cannot be sent.
    """
    match mpdu:
        case Message():
            said = _write_envelope(mpdu.envelope, "message-identifier", _extensions_of(mpdu), mode)
            said["priority"] = int(mpdu.priority)
            if mpdu.deferred is not None:
                said["deferred-delivery-time"] = write_time(mpdu.deferred)
            return ber.wrap(_MESSAGE, encode("MessageTransferEnvelope", said), ber.octet_string(mpdu.content))
        case Probe():
            said = _write_envelope(mpdu.envelope, "probe-identifier", _extensions_of(mpdu), mode)
            return encode("Probe", said | {"content-length": mpdu.content_length})
        case _:
            return _write_report(mpdu, mode)


def read_mpdu(octets: bytes) -> Mpdu:
    """The MPDU that octets are, all of them.

    Raises:
        RemoteProtocolError: they are none.
    """
    start, end, after = ber.element(octets)
    if after != len(octets):
        raise RemoteProtocolError(f"{len(octets) - after} octets behind an MPDU")
    try:
        if octets[0] == _MESSAGE:
            return _read_message(octets[start:end])
        if octets[0] == _PROBE:
            said = decode("Probe", octets)
            return Probe(_read_envelope(said, "probe-identifier"), said.get("content-length", 0))
        if octets[0] == _REPORT:
            return _read_report(decode("Report", octets))
    except (ValueError, OverflowError) as error:
        raise RemoteProtocolError(f"an MPDU is malformed: {error}") from None
    raise RemoteProtocolError(f"an MPDU has the tag {octets[0]:#04x}: 0xa0, 0xa1 and 0xa2 are allowed")


def _read_message(inside: bytes) -> Message:
    _, _, behind = ber.element(inside)
    [(tag, content)] = ber.elements(inside[behind:])
    said = decode("MessageTransferEnvelope", inside[:behind])
    extensions = _read_extensions(said)
    latest, expansions = extensions.get(_LATEST), extensions.get(_EXPANSIONS)
    deferred = said.get("deferred-delivery-time")
    return Message(
        _read_envelope(said, "message-identifier"),
        ber.string(tag, content),
        Priority(said.get("priority", 0)),
        None if deferred is None else read_time(deferred),
        None if latest is None else read_time(decode("LatestDeliveryTime", latest)),
        tuple(
            [
                (read_name(one["address"]), read_time(one["dl-expansion-time"]))
                for one in _list("DLExpansionHistory", expansions)
            ]
        ),
    )


def _write_envelope(one: Envelope, identifier: str, extensions: list[dict[str, Any]], mode: Mode) -> dict[str, Any]:
    said: dict[str, Any] = {
        identifier: _write_identifier(one.identifier),
        "originator-name": write_name(one.originator),
        "content-type": one.content_type,
        "per-message-indicators": _bits(
            (one.disclosed, one.conversion_prohibited, one.alternate_allowed, one.returned), 8
        ),
        "per-recipient-fields": [
            {
                "recipient-name": write_name(recipient.name),
                "originally-specified-recipient-number": recipient.number,
                "per-recipient-indicators": _write_indicators(recipient, mode),
            }
            for recipient in one.recipients
        ],
        "trace-information": _write_trace(one.trace),
    }
    if one.types:
        said["original-encoded-information-types"] = {
            "built-in-encoded-information-types": _bits([bit in one.types for bit in range(max(one.types) + 1)])
        }
    if one.content_identifier:
        said["content-identifier"] = one.content_identifier
    if extensions and mode == "1988":
        said["extensions"] = extensions
    return said


def _extensions_of(mpdu: Message | Probe) -> list[dict[str, Any]]:
    found = []
    if mpdu.envelope.dl_expansion_prohibited:
        found.append(_extension(_DL_PROHIBITED, b"\x0a\1\1"))
    if isinstance(mpdu, Message):
        if mpdu.latest is not None:
            found.append(_extension(_LATEST, encode("LatestDeliveryTime", write_time(mpdu.latest))))
        if mpdu.expansions:
            history = [
                {"address": write_name(name), "dl-expansion-time": write_time(at)} for name, at in mpdu.expansions
            ]
            found.append(_extension(_EXPANSIONS, encode("DLExpansionHistory", history)))
    return found + _internal_trace(mpdu.envelope.internal_trace)


def _internal_trace(trace: tuple[TraceElement, ...]) -> list[dict[str, Any]]:
    elements = [
        {
            "global-domain-identifier": write_domain(one.domain),
            "mta-name": one.mta,
            "mta-supplied-information": _supplied(one),
        }
        for one in trace
    ]
    return [_extension(_INTERNAL_TRACE, encode("InternalTraceInformation", elements))] if elements else []


def _extension(number: int, value: bytes) -> dict[str, Any]:
    said = {"type": number, "value": value}
    return said if number == _INTERNAL_TRACE else said | {"criticality": _CRITICAL_FOR_TRANSFER}


def _read_envelope(said: dict[str, Any], identifier: str) -> Envelope:
    extensions = _read_extensions(said)
    disclosed, prohibited, alternate, returned = _read_bits(said.get("per-message-indicators"), 4)
    types = said.get("original-encoded-information-types")
    bits = types and types["built-in-encoded-information-types"]
    return Envelope(
        _read_identifier(said[identifier]),
        read_name(said["originator-name"]),
        tuple([_read_recipient(one) for one in said["per-recipient-fields"]]),
        _read_trace(said["trace-information"]),
        _read_internal_trace(extensions),
        said["content-type"],
        tuple([number for number, bit in enumerate(_read_bits(bits, bits[1] if bits else 0)) if bit]),
        said.get("content-identifier", ""),
        disclosed,
        prohibited,
        alternate,
        returned,
        extensions.get(_DL_PROHIBITED, b"")[-1:] == b"\1",
    )


def _read_recipient(said: dict[str, Any]) -> Recipient:
    responsible, *bits = _read_bits(said["per-recipient-indicators"], 5)
    number = said["originally-specified-recipient-number"]
    return Recipient(read_name(said["recipient-name"]), number, responsible, _request(bits[2:]), _request(bits[:2]))


def _request(bits: list[bool]) -> Request:
    return "report" if bits[0] else "non-delivery" if bits[1] else "none"


def _write_indicators(one: Recipient, mode: Mode) -> tuple[bytes, int]:
    asked = [word == wanted for word in (one.mta_request, one.request) for wanted in ("report", "non-delivery")]
    return _bits([one.responsible, *asked], 16 if mode == "1988" else 8)


def _write_report(report: Report, mode: Mode) -> bytes:
    envelope: dict[str, Any] = {
        "report-identifier": _write_identifier(report.identifier),
        "report-destination-name": write_name(report.destination),
        "trace-information": _write_trace(report.trace),
    }
    if mode == "1988" and report.internal_trace:
        envelope["extensions"] = _internal_trace(report.internal_trace)
    content: dict[str, Any] = {
        "subject-identifier": _write_identifier(report.subject),
        "per-recipient-fields": [_write_reported(one, mode) for one in report.recipients],
    }
    if report.subject_trace:
        content["subject-intermediate-trace-information"] = _write_trace(report.subject_trace)
    if report.content_identifier:
        content["content-identifier"] = report.content_identifier
    if report.content_type is not None and mode == "1988":
        content["content-type"] = report.content_type
    if report.returned is not None:
        content["returned-content"] = report.returned
    return encode("Report", {"envelope": envelope, "content": content})


def _write_reported(one: ReportedRecipient, mode: Mode) -> dict[str, Any]:
    kind: tuple[str, dict[str, Any]] = "delivery", {"message-delivery-time": write_time(one.delivered or 0)}
    if one.delivered is None:
        why = {"non-delivery-reason-code": int(one.reason)}
        if one.diagnostic is not None:
            why["non-delivery-diagnostic-code"] = int(one.diagnostic)
        kind = "non-delivery", why
    said: dict[str, Any] = {
        "actual-recipient-name": write_name(one.name),
        "originally-specified-recipient-number": one.number,
        "per-recipient-indicators": _write_indicators(Recipient(one.name, one.number, request=one.request), mode),
        "last-trace-information": {"arrival-time": write_time(one.arrival), "report-type": kind},
    }
    if one.intended is not None:
        said["originally-intended-recipient-name"] = write_name(one.intended)
    if one.supplement:
        said["supplementary-information"] = one.supplement
    return said


def _read_report(said: dict[str, Any]) -> Report:
    envelope, content = said["envelope"], said["content"]
    returned = content.get("returned-content")
    return Report(
        _read_identifier(envelope["report-identifier"]),
        read_name(envelope["report-destination-name"]),
        _read_identifier(content["subject-identifier"]),
        tuple([_read_reported(one) for one in content["per-recipient-fields"]]),
        _read_trace(envelope["trace-information"]),
        _read_internal_trace(_read_extensions(envelope)),
        _read_trace(content.get("subject-intermediate-trace-information", ())),
        content.get("content-identifier", ""),
        content.get("content-type"),
        None if returned is None else bytes(returned),
    )


def _read_reported(said: dict[str, Any]) -> ReportedRecipient:
    last, intended = said["last-trace-information"], said.get("originally-intended-recipient-name")
    kind, why = last["report-type"]
    return ReportedRecipient(
        read_name(said["actual-recipient-name"]),
        said["originally-specified-recipient-number"],
        read_time(last["arrival-time"]),
        read_time(why["message-delivery-time"]) if kind == "delivery" else None,
        why.get("non-delivery-reason-code", 1),
        why.get("non-delivery-diagnostic-code"),
        _request(_read_bits(said["per-recipient-indicators"], 5)[3:]),
        None if intended is None else read_name(intended),
        said.get("supplementary-information", ""),
    )


def _write_identifier(one: MtsIdentifier) -> dict[str, Any]:
    return {"global-domain-identifier": write_domain(one.domain), "local-identifier": one.local}


def _read_identifier(said: dict[str, Any]) -> MtsIdentifier:
    return MtsIdentifier(read_domain(said["global-domain-identifier"]), said["local-identifier"])


def _write_trace(trace: tuple[TraceElement, ...]) -> list[dict[str, Any]]:
    return [
        {"global-domain-identifier": write_domain(one.domain), "domain-supplied-information": _supplied(one)}
        for one in trace
    ]


def _supplied(one: TraceElement) -> dict[str, Any]:
    said: dict[str, Any] = {"arrival-time": write_time(one.arrival), "routing-action": int(one.rerouted)}
    if one.deferred is not None:
        said["deferred-time"] = write_time(one.deferred)
    if one.expanded:
        said["other-actions"] = _bits((False, True))
    return said


def _read_trace(said: Any) -> tuple[TraceElement, ...]:  # noqa: ANN401 - a list of what the library gives
    return tuple([_read_element(one, one["domain-supplied-information"]) for one in said])


def _read_internal_trace(extensions: dict[int, bytes]) -> tuple[TraceElement, ...]:
    said = _list("InternalTraceInformation", extensions.get(_INTERNAL_TRACE))
    return tuple([_read_element(one, one["mta-supplied-information"], one["mta-name"]) for one in said])


def _read_element(said: dict[str, Any], supplied: dict[str, Any], mta: str = "") -> TraceElement:
    deferred = supplied.get("deferred-time")
    return TraceElement(
        read_domain(said["global-domain-identifier"]),
        read_time(supplied["arrival-time"]),
        mta,
        None if deferred is None else read_time(deferred),
        supplied["routing-action"] == 1,
        _read_bits(supplied.get("other-actions"), 2)[1],
    )


def _list(kind: str, octets: bytes | None) -> list[Any]:
    return [] if octets is None else list(decode(kind, octets))


def _read_extensions(said: dict[str, Any]) -> dict[int, bytes]:
    return {one["type"]: bytes(one["value"]) for one in said.get("extensions", ()) if "value" in one}


def _bits(bits: Any, least: int = 0) -> tuple[bytes, int]:  # noqa: ANN401 - any sequence of what is true or not
    count = max(len(bits), least)
    number = sum(1 << (count - 1 - place) for place, bit in enumerate(bits) if bit)
    spare = -count % 8
    return (number << spare).to_bytes((count + spare) // 8, "big"), count


def _read_bits(said: tuple[bytes, int] | None, count: int) -> list[bool]:
    octets, there = said or (b"", 0)
    return [place < there and bool(octets[place // 8] >> (7 - place % 8) & 1) for place in range(count)]

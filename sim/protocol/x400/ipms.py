"""Interpersonal messages: P2 (1984) and P22 (1988) in octets (X.420), and notifications that they were received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sim.mail.or_address import ORAddress
from sim.protocol.x400.names import read_name, read_time, write_name, write_time
from sim.protocol.x400.syntax import decode, encode

_RFC822_FIELDS: Final = "1.3.6.1.7.1.1.1"
"""The heading extension that has what of RFC 822 has no place in a heading (RFC 2156 appendix B)."""


@dataclass(frozen=True, slots=True)
class Ipm:
    """An interpersonal message with one body part.

    Attributes:
        identifier: what its originator's user agent calls it, in PrintableString.
        fields: fields of an RFC 822 header, each on one line, that have no place in the heading.
        body: the body part: IA5 text where all octets are, else bilaterally defined.
    """

    identifier: str
    originator: ORAddress | None = None
    primary: tuple[ORAddress, ...] = ()
    copies: tuple[ORAddress, ...] = ()
    subject: str = ""
    fields: tuple[str, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Ipn:
    """A notification about a message: it was received at a time (s since 1970), or not, for a reason (X.420 2.2)."""

    subject: str
    originator: ORAddress | None = None
    received: int | None = None
    reason: int = 0


def write_ipm(ipm: Ipm) -> bytes:
    """The content of a message.

    Raises:
        LocalProtocolError: a value in it cannot be sent.
    """
    heading: dict[str, Any] = {"this-IPM": {"user-relative-identifier": ipm.identifier}}
    if ipm.originator is not None:
        heading["originator"] = {"formal-name": write_name(ipm.originator)}
    for key, names in (("primary-recipients", ipm.primary), ("copy-recipients", ipm.copies)):
        if names:
            heading[key] = [{"recipient": {"formal-name": write_name(name)}} for name in names]
    if ipm.subject:
        heading["subject"] = ipm.subject
    if ipm.fields:
        heading["extensions"] = [{"type": _RFC822_FIELDS, "value": encode("RFC822FieldList", list(ipm.fields))}]
    part: tuple[str, Any] = "bilaterally-defined", ipm.body
    if ipm.body.isascii():
        part = "ia5-text", {"parameters": {}, "data": ipm.body.decode("ascii")}
    return encode("InformationObject", ("ipm", {"heading": heading, "body": [part]}))


def write_ipn(ipn: Ipn) -> bytes:
    """Likewise, of a notification."""
    said: dict[str, Any] = {"subject-ipm": {"user-relative-identifier": ipn.subject}}
    if ipn.originator is not None:
        said["ipn-originator"] = {"formal-name": write_name(ipn.originator)}
    if ipn.received is None:
        said["non-receipt-fields"] = {"non-receipt-reason": ipn.reason}
    else:
        said["receipt-fields"] = {"receipt-time": write_time(ipn.received)}
    return encode("InformationObject", ("ipn", said))


def read_content(octets: bytes) -> Ipm | Ipn:
    """What a content of P2 or P22 is.

    Raises:
        RemoteProtocolError: it is neither.
    """
    kind, said = decode("InformationObject", octets)
    return _read_ipm(said) if kind == "ipm" else _read_ipn(said)


def _read_ipm(said: dict[str, Any]) -> Ipm:
    heading, fields = said["heading"], list[str]()
    for one in heading.get("extensions", ()):
        if one["type"] == _RFC822_FIELDS:
            fields += decode("RFC822FieldList", bytes(one.get("value", b"")))
    body = b""
    for kind, part in said["body"]:
        body += part["data"].encode("ascii") if kind == "ia5-text" else bytes(part)
    return Ipm(
        heading["this-IPM"]["user-relative-identifier"],
        _descriptor(heading.get("originator", {})),
        _recipients(heading.get("primary-recipients", ())),
        _recipients(heading.get("copy-recipients", ())),
        heading.get("subject", ""),
        tuple(fields),
        body,
    )


def _read_ipn(said: dict[str, Any]) -> Ipn:
    receipt, missed = said.get("receipt-fields"), said.get("non-receipt-fields", {})
    return Ipn(
        said["subject-ipm"]["user-relative-identifier"],
        _descriptor(said.get("ipn-originator", {})),
        None if receipt is None else read_time(receipt["receipt-time"]),
        missed.get("non-receipt-reason", 0),
    )


def _recipients(said: Sequence[dict[str, Any]]) -> tuple[ORAddress, ...]:
    return tuple([name for one in said if (name := _descriptor(one["recipient"])) is not None])


def _descriptor(said: dict[str, Any]) -> ORAddress | None:
    return read_name(said["formal-name"]) if "formal-name" in said else None

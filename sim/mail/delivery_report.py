"""Delivery reports: what a host writes to a message's sender when its fate, or a delay, is to be told (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import quoprimime
from email.generator import BytesGenerator
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from io import BytesIO
from textwrap import fill
from typing import Literal

from sim.mail.address import Address
from sim.mail.content import canonical, split
from sim.mail.path import Path
from sim.mail.seven_bit import to_7bit

_POLICY = compat32.clone(linesep="\r\n")
_WIDTH = 76
"""RFC 2045 section 6.7: the longest line of quoted-printable."""

_NO_BOUNDARY_CHARACTER = re.compile(r"[^A-Za-z0-9'()+_,./:=?-]")
"""RFC 2046 section 5.1.1, bcharsnospace."""

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
"""What became of the recipients (RFC 3464 section 2.3.3)."""

_SUBJECT = {
    "failed": "Undelivered mail returned to sender",
    "delayed": "Delayed mail (still being retried)",
    "delivered": "Successful mail delivery report",
    "relayed": "Mail passed on to a host that sends no delivery reports",
    "expanded": "Mail passed on to several recipients",
}
_NOTICE = {
    "failed": "Your message could not be delivered to the recipients below, and will not be tried again.",
    "delayed": "Your message has not been delivered yet to the recipients below. It is still being tried:\n"
    "you need not send it again.",
    "delivered": "Your message was delivered to the recipients below.",
    "relayed": "Your message was passed on towards the recipients below, to a host that will not tell you\n"
    "when it is delivered.",
    "expanded": "Your message was passed on to those whom the recipients below stand for.",
}


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """A recipient whose fate is told.

    `status` is an enhanced status code (RFC 3463); `diagnostic` the reply that said so and `remote_mta` the host that
    gave it, both empty where it is the reporting host's own finding. `original` is what ORCPT said: address type, `; `
    and address.
    """

    address: Address
    status: str
    diagnostic: str = ""
    remote_mta: str = ""
    original: str = ""


def delivery_report(
    *,
    reporting_mta: str,
    reverse_path: Path,
    recipients: Sequence[ReportedRecipient],
    original: bytes,
    message_id: str,
    date: str,
    arrival_date: str,
    last_attempt_date: str,
    action: Action = "failed",
    will_retry_until: str | None = None,
    envelope_id: str = "",
    full: bool = False,
) -> bytes:
    """Write a multipart/report: a text for people, the delivery status, and the original's header, or all of it.

    To be sent with the null reverse-path. All dates are RFC 5322 date-times. Addresses beyond US-ASCII are shown in the
    form of RFC 6533 section 3 that needs no SMTPUTF8, but for the sender's own.

    Args:
        reporting_mta: the host that writes the report.
        reverse_path: that of the original message, and so the report's recipient.
        recipients: the recipients concerned.
        original: the original's mail data.
        message_id: the report's own identifier with its angle brackets; the boundary between parts is made of it.
        date: when the report is written.
        arrival_date: when the reporting host took the original.
        last_attempt_date: when delivery was last tried.
        action: what became of the recipients.
        will_retry_until: when a late message will be given up.
        envelope_id: what the sender calls the transaction (ENVID), if he gave it a name.
        full: whether all of the original is returned (RET=FULL, RFC 3461 section 4.3), or its header alone.

    Raises:
        ValueError: the reverse-path is null: nobody is told about such a message (RFC 5321 section 4.5.5).
    """
    if reverse_path.mailbox is None:
        raise ValueError(
            f"no report about {message_id} from {reporting_mta}: the reverse-path is '<>', drop it instead"
        )
    report = MIMEMultipart("report", boundary=_boundary(message_id), policy=_POLICY)
    report.set_param("report-type", "delivery-status")
    report.attach(MIMEText(_text(reporting_mta, recipients, action), "plain", "us-ascii", policy=_POLICY))
    dates = {"Last-Attempt-Date": last_attempt_date, "Will-Retry-Until": will_retry_until}
    about_message = {
        "Original-Envelope-Id": _visible(envelope_id) or None,
        "Reporting-MTA": f"dns; {reporting_mta}",
        "Arrival-Date": arrival_date,
    }
    report.attach(_status([about_message, *(_recipient(one, action) | dates for one in recipients)]))
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, policy=_POLICY).flatten(report)
    end = f"\r\n--{_boundary(message_id)}".encode()
    header = (
        f"Date: {date}\r\nFrom: Mail Delivery System <MAILER-DAEMON@{reporting_mta}>\r\nTo: {reverse_path.mailbox}\r\n"
        f"Subject: {_SUBJECT[action]}\r\nMessage-ID: {message_id}\r\nAuto-Submitted: auto-replied\r\n"
    ).encode()
    return header + written.getvalue().removesuffix(end + b"--\r\n") + end + _returned(original, full) + end + b"--\r\n"


def _boundary(message_id: str) -> str:
    return ("report=_" + _NO_BOUNDARY_CHARACTER.sub("_", message_id.strip("<>")))[:70]


def _text(reporting_mta: str, recipients: Sequence[ReportedRecipient], action: str) -> str:
    reasons = (
        f"<{_visible(str(one.address))}>: {_one_line(one.diagnostic) or one.status}"
        + (f" (said {one.remote_mta})" if one.remote_mta else "")
        for one in recipients
    )
    lines = (fill(reason, 78, subsequent_indent="    ") for reason in reasons)
    return f"This is the mail system at host {reporting_mta}.\n\n{_NOTICE[action]}\n\n" + "\n".join(lines) + "\n"


def _recipient(one: ReportedRecipient, action: str) -> dict[str, str | None]:
    """The per-recipient fields (RFC 3464 section 2.3) that come from the recipient."""
    return {
        "Original-Recipient": _visible(one.original) or None,
        "Final-Recipient": _typed(str(one.address)),
        "Action": action,
        "Status": one.status,
        "Remote-MTA": f"dns; {one.remote_mta}" if one.remote_mta else None,
        "Diagnostic-Code": f"smtp; {_one_line(one.diagnostic)}" if one.diagnostic else None,
    }


def _status(blocks: Sequence[dict[str, str | None]]) -> MIMEBase:
    """The message/delivery-status part: a block of fields for the message, then one for each recipient."""
    part = MIMEBase("message", "delivery-status", policy=_POLICY)
    for fields in blocks:
        block = Message(_POLICY)
        for name, value in fields.items():
            if value is not None:
                block[name] = value
        part.attach(block)
    return part


def _returned(original: bytes, full: bool) -> bytes:
    """The last part, from behind its delimiter on: the original's header (RFC 6522 section 4), or all of it.

    It is such that every host can be given the report: an original that no conversion brings into lines of US-ASCII
    comes back as its header, in quoted-printable where that needs it (RFC 6522 section 4).
    """
    whole = _plain(original) if full else None
    if whole is not None:
        return b"\r\nContent-Type: message/rfc822\r\nMIME-Version: 1.0\r\n\r\n" + whole
    header, encoding = split(original)[0], ""
    if _plain(header) is None:
        header = quoprimime.body_encode(header.decode("latin-1"), _WIDTH, eol="\r\n").encode()
        encoding = "Content-Transfer-Encoding: quoted-printable\r\n"
    return f"\r\nContent-Type: text/rfc822-headers\r\nMIME-Version: 1.0\r\n{encoding}\r\n".encode() + header


def _plain(content: bytes) -> bytes | None:
    """The content in lines of US-ASCII, converted if need be; None where that cannot be done."""
    if content.isascii() and b"\0" not in content and canonical(content) == content:
        return content
    return to_7bit(content)


def _typed(address: str) -> str:
    return f"rfc822; {address}" if address.isascii() else f"utf-8; {_visible(address)}"


def _visible(text: str) -> str:
    """The text in US-ASCII, other characters as RFC 6533 section 3 embeds them."""
    return text if text.isascii() else "".join(one if one.isascii() else f"\\x{{{ord(one):X}}}" for one in text)


def _one_line(diagnostic: str) -> str:
    """A reply's text on one line and in US-ASCII, as a field's value."""
    return _visible(" ".join(diagnostic.split()))

"""Delivery reports: what a host that gives up on a message, or is late with it, writes to its sender (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
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
from sim.mail.content import is_8bit, split
from sim.mail.path import Path

__all__ = ["FailedRecipient", "delivery_report"]

_POLICY = compat32.clone(linesep="\r\n")

_NO_BOUNDARY_CHARACTER = re.compile(r"[^A-Za-z0-9'()+_,./:=?-]")
"""RFC 2046 section 5.1.1, bcharsnospace."""

_SUBJECT = {
    "failed": "Undelivered mail returned to sender",
    "delayed": "Delayed mail (still being retried)",
}
_NOTICE = {
    "failed": "Your message could not be delivered to the recipients below, and will not be tried again.",
    "delayed": "Your message has not been delivered yet to the recipients below. It is still being tried:\n"
    "you need not send it again.",
}


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """A recipient that the message did not reach.

    `status` is an enhanced status code (RFC 3463); `diagnostic` the reply that said so and `remote_mta` the host that
    gave it, both empty where the failure is the reporting host's own finding.
    """

    address: Address
    status: str
    diagnostic: str = ""
    remote_mta: str = ""


def delivery_report(
    *,
    reporting_mta: str,
    reverse_path: Path,
    failed: Sequence[FailedRecipient],
    original: bytes,
    message_id: str,
    date: str,
    arrival_date: str,
    last_attempt_date: str,
    action: Literal["failed", "delayed"] = "failed",
    will_retry_until: str | None = None,
) -> bytes:
    """Write a multipart/report: a text for people, the delivery status, and the original's header.

    To be sent with the null reverse-path. All dates are RFC 5322 date-times.

    Args:
        reporting_mta: the host that writes the report.
        reverse_path: that of the original message, and so the report's recipient.
        failed: the recipients concerned.
        original: the original's mail data.
        message_id: the report's own identifier with its angle brackets; the boundary between parts is made of it.
        date: when the report is written.
        arrival_date: when the reporting host took the original.
        last_attempt_date: when delivery was last tried.
        action: whether the recipients are given up or only late.
        will_retry_until: when a late message will be given up.

    Raises:
        ValueError: the reverse-path is null: nobody is told about such a message (RFC 5321 section 4.5.5).
    """
    if reverse_path.mailbox is None:
        raise ValueError(
            f"no report about {message_id} from {reporting_mta}: the reverse-path is '<>', drop it instead"
        )
    report = MIMEMultipart("report", boundary=_boundary(message_id), policy=_POLICY)
    report.set_param("report-type", "delivery-status")
    report["Date"] = date
    report["From"] = f"Mail Delivery System <MAILER-DAEMON@{reporting_mta}>"
    report["To"] = str(reverse_path.mailbox)
    report["Subject"] = _SUBJECT[action]
    report["Message-ID"] = message_id
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText(_text(reporting_mta, failed, action), "plain", "us-ascii", policy=_POLICY))
    dates = {"Last-Attempt-Date": last_attempt_date, "Will-Retry-Until": will_retry_until}
    about_message = {"Reporting-MTA": f"dns; {reporting_mta}", "Arrival-Date": arrival_date}
    report.attach(_status([about_message, *(_recipient(one, action) | dates for one in failed)]))
    report.attach(_header_of(original))
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, policy=_POLICY).flatten(report)
    return written.getvalue()


def _boundary(message_id: str) -> str:
    return ("report=_" + _NO_BOUNDARY_CHARACTER.sub("_", message_id.strip("<>")))[:70]


def _text(reporting_mta: str, failed: Sequence[FailedRecipient], action: str) -> str:
    reasons = (
        f"<{one.address}>: {_one_line(one.diagnostic) or one.status}"
        + (f" (said {one.remote_mta})" if one.remote_mta else "")
        for one in failed
    )
    lines = (fill(reason, 78, subsequent_indent="    ") for reason in reasons)
    return f"This is the mail system at host {reporting_mta}.\n\n{_NOTICE[action]}\n\n" + "\n".join(lines) + "\n"


def _recipient(one: FailedRecipient, action: str) -> dict[str, str | None]:
    """The per-recipient fields (RFC 3464 section 2.3) that come from the recipient."""
    return {
        "Final-Recipient": f"rfc822; {one.address}",
        "Action": action,
        "Status": one.status,
        "Remote-MTA": f"dns; {one.remote_mta}" if one.remote_mta else None,
        "Diagnostic-Code": f"smtp; {_one_line(one.diagnostic)}" if one.diagnostic else None,
    }


def _status(blocks: Sequence[dict[str, str | None] | dict[str, str]]) -> MIMEBase:
    """The message/delivery-status part: a block of fields for the message, then one for each recipient."""
    part = MIMEBase("message", "delivery-status", policy=_POLICY)
    for fields in blocks:
        block = Message(_POLICY)
        for name, value in fields.items():
            if value is not None:
                block[name] = value
        part.attach(block)
    return part


def _header_of(original: bytes) -> MIMEBase:
    """The text/rfc822-headers part (RFC 6522 section 4), octet for octet the original's header."""
    header, _ = split(original)
    part = MIMEBase("text", "rfc822-headers", policy=_POLICY)
    if is_8bit(header):
        part["Content-Transfer-Encoding"] = "8bit"
    part.set_payload(header.decode("ascii", "surrogateescape"))
    return part


def _one_line(diagnostic: str) -> str:
    """A reply's text on one line and in US-ASCII, as a field's value."""
    return " ".join(diagnostic.split()).encode("ascii", "replace").decode()

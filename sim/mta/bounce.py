"""What the sender of a message is told about its recipients: a report (RFC 3464), where he wants one (RFC 3461)."""

from __future__ import annotations

from collections.abc import Sequence

from sim.mail.address import Address
from sim.mail.report import Action, ReportedRecipient, delivery_report
from sim.mail.trace import date_time
from sim.mta.queue import Copy, Entry, Failure
from sim.mta.wishes import original_recipient

DEFAULT_STATUS = "5.0.0"
EXPIRED_STATUS = "4.4.7"

DELIVERED = Failure(0, "2.1.5", "")
RELAYED = Failure(0, "2.1.9", "")
"""RFC 3886 section 3.3.4: relayed to a host that sends no reports."""

LATE = Failure(0, EXPIRED_STATUS, "")
"""What a report says of a recipient without an attempt that failed."""


def report(
    host: str,
    entry: Entry,
    told: Sequence[tuple[Copy, Failure]],
    *,
    message_id: str,
    now: float,
    action: Action = "failed",
    clock: float = 0.0,
) -> bytes:
    """The mail data of the report on some copies of an entry.

    The caller sends it with a null reverse-path to the entry's reverse-path, and none where that is null: a report is
    never sent about a report (RFC 5321 section 4.5.5). The whole message comes back only where it failed and the
    sender asked for that (RFC 3461 section 4.3). `clock` is the date of time 0, in s after mail's epoch.
    """
    wishes = entry.wishes
    return delivery_report(
        reporting_mta=host,
        reverse_path=entry.reverse_path,
        recipients=[
            _recipient(address, copy, failure, action)
            for copy, failure in told
            if (address := copy.forward_path.mailbox) is not None
        ],
        original=entry.content,
        message_id=message_id,
        date=date_time(now + clock),
        arrival_date=date_time(entry.arrival + clock),
        last_attempt_date=date_time(now + clock),
        action=action,
        envelope_id=wishes.envelope_id if wishes else "",
        full=wishes is not None and wishes.headers_only is False and action == "failed",
    )


def _recipient(address: Address, copy: Copy, failure: Failure, action: Action) -> ReportedRecipient:
    original = original_recipient(copy.parameters) if copy.parameters else ""
    if action != "failed":
        return ReportedRecipient(address, failure.enhanced, "", failure.host, original)
    # RFC 3464 section 2.3.4: a temporary failure that lasted too long is reported as 4.4.7, with what was said last.
    status = (failure.enhanced or DEFAULT_STATUS) if failure.permanent else EXPIRED_STATUS
    diagnostic = failure.diagnostic if failure.code else ""
    return ReportedRecipient(address, status, diagnostic, failure.host, original)

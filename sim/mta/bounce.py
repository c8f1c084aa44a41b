"""What becomes of a copy that is given up: a report to its sender (RFC 3464), if there is one."""

from __future__ import annotations

from collections.abc import Sequence

from sim.mail.address import Address
from sim.mail.report import FailedRecipient, delivery_report
from sim.mail.trace import date_time
from sim.mta.queue import Copy, Entry, Failure

DEFAULT_STATUS = "5.0.0"
EXPIRED_STATUS = "4.4.7"


def report(host: str, entry: Entry, given_up: Sequence[tuple[Copy, Failure]], *, message_id: str, now: float) -> bytes:
    """The mail data of the report on the copies of an entry that this host gives up.

    The caller sends it with a null reverse-path to the entry's reverse-path, and none where that is null: a report is
    never sent about a report (RFC 5321 section 4.5.5).
    """
    return delivery_report(
        reporting_mta=host,
        reverse_path=entry.reverse_path,
        failed=[
            _failed(address, failure)
            for copy, failure in given_up
            if (address := copy.forward_path.mailbox) is not None
        ],
        original=entry.content,
        message_id=message_id,
        date=date_time(now),
        arrival_date=date_time(entry.arrival),
        last_attempt_date=date_time(now),
    )


def _failed(address: Address, failure: Failure) -> FailedRecipient:
    # RFC 3464 section 2.3.4: a temporary failure that lasted too long is reported as 4.4.7, with what was said last.
    status = (failure.enhanced or DEFAULT_STATUS) if failure.permanent else EXPIRED_STATUS
    diagnostic = failure.diagnostic if failure.code else ""
    return FailedRecipient(address, status, diagnostic, failure.host)

"""What the sender of a message is told about its recipients: a report (RFC 3464), where he wants one (RFC 3461).

And when he is told that it still waits (the action `delayed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sim.mail.address import Address
from sim.mail.content import has_longer_line
from sim.mail.delivery_report import Action, ReportedRecipient, delivery_report
from sim.mail.path import Path
from sim.mail.trace import date_time
from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.mta.queue.message_options import original_recipient
from sim.scenario.products.base import Product

DEFAULT_STATUS = "5.0.0"
DELAYED_STATUS = "4.0.0"
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
    to: Path,
    action: Action = "failed",
    full: bool = False,
    until: float = inf,
    clock: float = 0.0,
) -> bytes:
    """The mail data of the report on some copies of an entry.

    The caller sends it with a null reverse-path to the entry's reverse-path, or to the host's own postmaster where that
    is null: a report is never sent about a report to whoever sent it (RFC 5321 section 4.5.5). `full` says whether the
    whole message comes back, `until` when a late one will be given up. `clock` is the date of time 0, in s after mail's
    epoch.
    """
    options = entry.options
    return delivery_report(
        reporting_mta=host,
        reverse_path=to,
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
        will_retry_until=date_time(until + clock) if action == "delayed" and until < inf else None,
        envelope_id=options.envelope_id if options else "",
        full=full,
    )


def returns_whole(product: Product, entry: Entry) -> bool:
    """Whether a report on a failure returns all of a message: as the sender asked (RFC 3461 section 4.3), or not.

    Where he did not say, and where it is too big, the product decides.
    """
    asked = entry.options.headers_only if entry.options else None
    whole, longest = product.returns_whole if asked is None else not asked, product.return_line_limit
    return (
        whole
        and len(entry.content) <= product.return_limit
        and not (longest and has_longer_line(entry.content, longest))
    )


def _recipient(address: Address, copy: Copy, failure: Failure, action: Action) -> ReportedRecipient:
    original = original_recipient(copy.parameters) if copy.parameters else ""
    said = failure.diagnostic if failure.code else ""
    # RFC 3464 section 2.3.4: what is still being tried has a status of class 4, and a temporary failure that lasted too
    # long is reported as 4.4.7, with what was said last.
    if action == "delayed":
        status = failure.enhanced if failure.enhanced.startswith("4") else DELAYED_STATUS
    elif action == "failed":
        status = (failure.enhanced or DEFAULT_STATUS) if failure.permanent else EXPIRED_STATUS
    else:
        status, said = failure.enhanced, ""
    return ReportedRecipient(address, status, said, failure.host, original)


def warnings_due(product: Product, age: float, next_age: float) -> int:
    """How many warnings a message of an age, in s, should have had, which is tried again at `next_age`."""
    ages = product.delay_warnings
    age = max(age, next_age) if product.warns == "ahead" else age + product.warning_slack
    if ages and product.warnings_repeat and age >= ages[-1]:
        gap = ages[-1] - (ages[-2] if len(ages) > 1 else 0.0)
        return len(ages) + int((age - ages[-1]) / gap)
    return sum(age >= one for one in ages)


def next_warning(product: Product, told: int) -> float:
    """The age, in s, at which a timer sends the warning after so many; inf where there is none."""
    ages = product.delay_warnings
    return ages[told] if product.warns == "timer" and told < len(ages) else inf

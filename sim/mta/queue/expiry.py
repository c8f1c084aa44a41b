"""When copies are given up, and why: they were refused for good, their time is over, or nobody looked after them."""

from __future__ import annotations

from math import inf

from sim.mta.queue.entry import Copy, Entry
from sim.mta.queue.failure import Failure
from sim.scenario.products.base import Product

TOO_LATE = Failure(554, "5.4.7", "delivery time expired")
"""RFC 3463 section 3.5; in RFC 2852 section 4.1.4 for by-mode R."""

_TIMED_OUT = "delivery cancelled; message timed out"


def expired(failure: Failure | None) -> Failure:
    """Why a copy is returned whose time is over: who waited for a place when the host went down was never tried."""
    return failure or TOO_LATE


def overdue(failure: Failure | None) -> Failure:
    """Why a copy is returned that had a time to be delivered by; what was refused before is told as it was."""
    return failure if failure is not None and failure.permanent else TOO_LATE


def cancelled(failure: Failure | None) -> Failure:
    """Why a copy is returned that was frozen for too long (Exim's deliver.c: RECIP_FAIL_TIMEOUT)."""
    return Failure(554, "5.0.0", f"{failure.text}; {_TIMED_OUT}" if failure else _TIMED_OUT)


def refused(entry: Entry, *, over: bool) -> list[tuple[Copy, Failure]]:
    """The copies that are not to be tried again, and why; all that were tried if the entry's time is `over`."""
    found = ((copy, entry.failures.get(copy.recipient)) for copy in entry.copies)
    return [(copy, failure) for copy, failure in found if failure and (over or _is_lost(entry, copy, failure))]


def frozen_until(entry: Entry, product: Product, *, over: bool) -> float:
    """Until when a product freezes a message, s: one that goes to this host itself, or a report that came back.

    A report that is not too old is tried once more, and let go then; other mail is returned when its time is over.
    """
    failures = [(copy, failure) for copy in entry.copies if (failure := entry.failures.get(copy.recipient))]
    stuck = any(failure.freezes for _, failure in failures)
    if entry.reverse_path.is_null:
        stuck |= over or any(_is_lost(entry, copy, failure) for copy, failure in failures)
        return entry.arrival + product.freezes if stuck else -inf
    return entry.arrival + product.timeout_frozen_after if stuck else -inf


def _is_lost(entry: Entry, copy: Copy, failure: Failure) -> bool:
    """Whether trying a copy again is pointless."""
    return failure.permanent or copy.recipient in entry.given_up

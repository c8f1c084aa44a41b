"""The ledger: who holds which copy, and how each ended."""

from __future__ import annotations

import math

import pytest

from sim.mail.address import parse_address
from sim.mail.path import Path
from sim.mta.queue.entry import Copy
from sim.results.outcomes import CopyOutcome, Step
from sim.world.engine.ledger import Ledger, LedgerError


def make(recipient: str = "u@b.example", message_id: int = 1) -> Copy:
    """A copy at its sender's host at time 0."""
    return Copy(message_id, Path(parse_address(recipient)), recipient, 0.0, 0.0, ("a",))


def ledger() -> Ledger:
    """A ledger that nobody listens to."""
    return Ledger(lambda: None)


def test_delivered_copy_is_recorded_once():
    """Submitted, delivered: one record, no instance left."""
    book, copy = ledger(), make()
    book.submit(copy)
    book.end(copy, CopyOutcome.DELIVERED, "", 5.0)
    [fact] = book.close([], 9.0)
    assert (fact.outcome, fact.ended_s, fact.duplicates, book.live) == ("delivered", 5.0, 0, 0)


def test_unacknowledged_handover_makes_a_duplicate():
    """RFC 1047: both ends go on with the copy, and the recipient gets it twice."""
    book, copy = ledger(), make()
    book.submit(copy)
    there = copy.at("b", (0.1, 0.2, 0.0), 0.3)
    book.take(there)
    book.end(there, CopyOutcome.DELIVERED, "", 0.3)
    again = copy.at("b", (0.1, 0.2, 0.0), 300.0)
    book.take(again)
    book.end(again, CopyOutcome.DELIVERED, "", 300.0)
    book.hand_over(copy)
    [fact] = book.close([], 400.0)
    assert (fact.outcome, fact.ended_s, fact.duplicates) == ("delivered", 0.3, 1)


def test_delivery_outweighs_a_bounce_of_the_other_instance():
    """A copy that one host bounced and another delivered was delivered."""
    book, copy = ledger(), make()
    book.submit(copy)
    there = copy.at("b", (0.0, 0.0, 0.0), 1.0)
    book.take(there)
    book.end(copy, CopyOutcome.BOUNCED, "expired", 2.0)
    book.end(there, CopyOutcome.DELIVERED, "", 3.0)
    assert book.close([], 4.0)[0].outcome == "delivered"


def test_held_copy_is_recorded_where_it_is():
    """What the end of the run finds in a queue is neither delivered nor lost."""
    book, copy = ledger(), make()
    book.submit(copy)
    [fact] = book.close([(copy, "queued")], 7.0)
    assert (fact.outcome, fact.ended_s, fact.queue_s) == ("queued", 7.0, 7.0)


def test_missing_copy_is_noticed():
    """A copy that no host holds and that never ended is a defect, and said."""
    book = ledger()
    book.submit(make())
    with pytest.raises(LedgerError, match=r"message 1 to u@b\.example has 1 live instances, the hosts hold 0"):
        book.close([], 1.0)


def test_copy_out_of_nowhere_is_noticed():
    """A host that holds a copy which was never submitted is a defect."""
    with pytest.raises(LedgerError, match="has 0 live instances, the hosts hold 1"):
        ledger().close([(make(), "queued")], 1.0)


def test_copy_held_after_its_end_is_noticed():
    """A delivered copy that still lies in a queue would be delivered again."""
    book, copy = ledger(), make()
    book.submit(copy)
    book.end(copy, CopyOutcome.DELIVERED, "", 1.0)
    with pytest.raises(LedgerError, match="has 0 live instances, the hosts hold 1"):
        book.close([(copy, "queued")], 2.0)


def test_emptiness_is_told():
    """The world hears when the last live instance is gone, so that a run can end."""
    heard = []
    book = Ledger(lambda: heard.append("empty"))
    first, second = make(), make("v@b.example")
    book.submit(first)
    book.submit(second)
    book.end(first, CopyOutcome.DELIVERED, "", 1.0)
    assert heard == []
    book.end(second, CopyOutcome.BOUNCED, "550", 1.0)
    assert heard == ["empty"]


def test_a_copy_that_was_never_submitted_has_no_hops():
    """Its sender's host was down all along, so that no host ever had custody."""
    book, copy = ledger(), Copy(1, Path(parse_address("u@b.example")), "u@b.example", 0.0, 0.0, ())
    book.submit(copy)
    [fact] = book.close([(copy, "submitted")], 9.0)
    assert (fact.outcome, fact.hops, fact.path) == ("submitted", 0, "")


def test_steps_are_told_by_the_first_time():
    """A copy's steps are in its record: the first device counts, not those after it."""
    book, copy = ledger(), make()
    book.submit(copy)
    book.end(copy, CopyOutcome.DELIVERED, "", 5.0)
    key = copy.message_id, copy.recipient
    for step, now in ((Step.STORED, 5.0), (Step.FETCHED, 9.0), (Step.FETCHED, 7.0), (Step.FETCHED, 8.0)):
        book.reach(key, step, now)
    [fact] = book.close([], 9.0)
    assert (fact.stored_s, fact.fetched_s) == (5.0, 7.0)


def test_steps_not_taken_are_empty():
    """Of a copy that nobody reads nothing is known beyond its mailbox."""
    book, copy = ledger(), make()
    book.submit(copy)
    book.end(copy, CopyOutcome.DELIVERED, "", 5.0)
    [fact] = book.close([], 9.0)
    assert all(math.isnan(getattr(fact, step.column)) for step in Step)

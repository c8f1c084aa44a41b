"""Every fault at every moment, and every cut between two replies: what is lost, and what arrives twice (RFC 1047)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from every_fault import (
    CUTS,
    THREE,
    Fault,
    cut_table,
    cuts,
    every_pair,
    outcome,
    paired_cuts,
    parted,
    single_cuts,
    singles,
    summary,
    table,
)

from sim.scenario.products import PRODUCTS
from sim.scenario.products.qmail import Qmail

PAGE = Path(__file__).parents[1] / "FAULTS.md"


@pytest.mark.slow
def test_no_single_fault_loses_mail_but_from_a_volatile_spool():
    """Durable: always delivered, once more for each 250 unheard. Volatile: lost is what lay where it crashed."""
    durable, volatile = singles(), singles("volatile")
    for fault, (ended, duplicates, unheard) in durable.items():
        assert (ended, duplicates) == ("delivered", unheard), fault
    for fault, (ended, duplicates, unheard) in volatile.items():
        assert ended == "delivered" or (ended == "lost" and fault.what in "ab"), fault
        assert duplicates <= unheard, fault
    assert Counter(unheard for _, _, unheard in durable.values()) == {0: 72, 1: 8}
    # As `make faults` writes it.
    assert "\n".join(table(durable, volatile)) in PAGE.read_text(encoding="utf-8")


@pytest.mark.long
def test_no_pair_of_faults_loses_mail_or_doubles_it_without_a_lost_250():
    """All pairs of single faults: the same holds; two 250s may be lost, and then it arrives three times."""
    seen = Counter()
    for pair in every_pair():
        ended, duplicates, unheard = outcome(pair)
        assert (ended, duplicates) == ("delivered", unheard), pair
        seen[unheard] += 1
    assert summary(seen) in PAGE.read_text(encoding="utf-8")


def test_a_cut_between_two_replies_leaves_those_that_came():
    """A 250 to the mail data is custody, a 550 a refusal, though the rest of their flight never comes (RFC 5321 6.1)."""
    found = single_cuts()
    assert [cut.heard for cut in cuts()] == ["250", "250 250", "250 250 550", "250 250 550 250", "250"]
    for (what, cut), (taken, refused, reports, unheard) in found.items():
        assert (taken, refused, reports, unheard) == ((("delivered", 0),) * 2, ("bounced", 0), 1, 0), (what, cut)
    assert "\n".join(cut_table(found)) in PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_pair_of_cuts_loses_mail_or_doubles_it_without_a_lost_250():
    """A second fault between two replies of whatever follows the first one."""
    pairs = 0
    for pair, (taken, refused, reports, unheard) in paired_cuts():
        assert (taken, refused, reports) == ((("delivered", unheard),) * 2, ("bounced", 0), 1), pair
        pairs += 1
    assert pairs > 100


@pytest.mark.slow
@pytest.mark.parametrize("reuse", ["rset", "mail", "pipeline"])
@pytest.mark.parametrize("product", PRODUCTS.values())
def test_a_cut_in_a_session_of_any_product(product, reuse):
    """However the session goes on from one message to the next, each is delivered, and once.

    But for a 250 that another session was just about to bring, where the recipients have one each.
    """
    how = {"mail": THREE, "mta": product(), "reuse": reuse}
    for fault in [Fault(what, cut.at) for cut in cuts(**how) for what in CUTS]:
        facts, taken = parted([fault], **how)
        heard = sum(attempt.reply_code == 250 for attempt in facts.attempts)
        doubled = sum(copy.duplicates for copy in facts.copies)
        assert [copy.outcome for copy in facts.copies] == ["delivered"] * 6, fault
        assert doubled == taken["b"] - heard, fault
        assert not doubled or product is Qmail, fault

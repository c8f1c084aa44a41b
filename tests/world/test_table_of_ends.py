"""The table of how sessions end, which docs/sessions.md shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.network.interface import Ending
from sim.results.outcomes import AttemptOutcome
from sim.world.engine.session_ends import ENDS, Cause, ends, main, outcomes

PAGE = Path(__file__).parents[2] / "docs" / "sessions.md"


def test_the_page_is_up_to_date(tmp_path):
    """Its tables are those of the code; if they are stale, `make diagram` prints them."""
    text = PAGE.read_text(encoding="utf-8")
    copy = tmp_path / "page.md"
    copy.write_text(text, encoding="utf-8")
    main([str(copy)])
    assert copy.read_text(encoding="utf-8") == text


def test_every_cause_has_a_row():
    """Those of the programs and the hosts, and those of the connection."""
    assert set(ENDS) == {*Cause, *Ending}


def test_every_outcome_of_a_session_that_was_cut_is_in_the_table():
    """All that an attempt which found its next hop can come to without the server's word."""
    unanswered = {one for one in AttemptOutcome if one.reason} - {AttemptOutcome.NO_ROUTE, AttemptOutcome.DNS_FAILURE}
    assert {end.outcome for end in ENDS.values() if end.outcome} == unanswered


@pytest.mark.parametrize("end", ENDS.values(), ids=[cause.name for cause in ENDS])
def test_who_does_not_know_waits(end):
    """The server waits where it does not know, the client never for ever; only a client that goes has a kernel left."""
    assert end.server_waits == (not end.known_to.startswith("both") and bool(end.outcome) and end.outcome.reached)
    assert bool(end.client_waits) == (end.outcome != "host-crash")


def test_tables_have_a_row_for_each():
    """The ends, and the outcomes, as Markdown."""
    assert len(ends().splitlines()) == 2 + len(ENDS)
    assert len(outcomes().splitlines()) == 2 + len(AttemptOutcome)

"""Attempts that last longer than timers and warnings do, and dialogues over lines on which a packet takes a minute."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.scenario.products.exchange import Exchange
from sim.scenario.spec import DAY, HOUR, Interval, Weather


def test_a_message_crosses_a_line_of_300_bits_per_second():
    """It goes at the speed of the line, with its headers, and once."""
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b", size=100_000), rate=300.0))
    [copy], [attempt] = facts.copies, facts.attempts
    assert (copy.outcome, attempt.outcome) == ("delivered", "accepted")
    assert copy.ended_s == pytest.approx(8 * 100_000 * 1.036 / 300, rel=0.1)


def test_a_warning_by_a_timer_goes_out_when_a_first_attempt_is_over():
    """Exchange warns after 4 h; the attempt ends later, with the line."""
    hosts = {"a": {"mta": Exchange()}}
    weather = {"a-b": Weather(down=(Interval(start=6 * HOUR, end=30 * HOUR),))}
    mail = message(0, "u1@a", "u1@b", size=1_000_000)
    facts = run(
        scenario("a-b", mail, rate=300.0, hosts=hosts, weather=weather, routing="static", duration=HOUR, drain=5 * DAY)
    )
    first = facts.attempts[0]
    told = [fact.created_s for fact in facts.messages if fact.about == facts.copies[0].message_id]
    assert first.ended_s > 6 * HOUR
    assert told[0] == first.ended_s

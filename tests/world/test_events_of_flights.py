"""What a session costs the clock: at most two events a flight, those that the clock leaps over counted, too."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.world.engine.clock import Clock

RTT = 0.1


def events(monkeypatch: pytest.MonkeyPatch, **link) -> tuple[int, float]:
    """The events of a run with one message, and the session's length in round trips."""
    entered = []
    enter = Clock.enter
    monkeypatch.setattr(Clock, "advance_if_idle", lambda *_: False)
    monkeypatch.setattr(Clock, "enter", lambda clock, event, time: (entered.append(time), enter(clock, event, time)))
    size = link.pop("size")
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b", size=size), delay=RTT / 2, **link))
    return len(entered), (facts.attempts[0].ended_s - facts.attempts[0].started_s) / RTT


def test_a_small_message_costs_an_event_a_flight(monkeypatch: pytest.MonkeyPatch):
    """SYN, its answer and the third packet; greeting, EHLO, replies, envelope, 354, mail data, 250: ten flights."""
    assert events(monkeypatch, size=1000)[0] <= 10


@pytest.mark.parametrize(
    "link",
    [
        {"size": 200_000, "rate": 1e7},
        {"size": 2_000_000, "rate": 1e7},
        {"size": 2_000_000, "rate": 1e6},
        {"size": 200_000, "rate": 1e7, "loss": 0.02},
    ],
)
def test_a_long_body_costs_at_most_two_events_a_flight(monkeypatch: pytest.MonkeyPatch, link):
    """In each round trip two flights are under way: a window there, and its acknowledgements back."""
    counted, round_trips = events(monkeypatch, **link)
    assert counted <= 2 * 2 * round_trips + 2

"""What hosts remember of each other's round trips, from one session to the next."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.scenario.spec import Interval, Tcp, Weather

OFF = {"tcp": Tcp(sack=False, metrics=False)}
ON = {"tcp": Tcp(sack=False)}


def lasted(settings, *, later=60.0, first=True, crash=()):
    """How long the session of a message takes that meets a short outage, s.

    The line, of 100 ms there and back, also loses the SYN-ACK of the first message's session.
    """
    lost = [(0.02, 0.2)] * first + [(later + 0.18, later + 0.22)]
    weather = {"a-b": Weather(down=tuple(Interval(start=start, end=end) for start, end in lost))}
    hosts = {"*": settings, "a": {"weather": Weather(down=tuple(Interval(start=x, end=x + 1.0) for x in crash))}}
    messages = [message(0.0, "u1@a", "u1@b"), message(later, "u1@a", "u1@b")]
    spec = scenario(
        "a-b",
        *messages,
        hosts=hosts,
        routing="static",
        delay=0.05,
        rate=1e8,
        weather=weather,
        duration=later + 100.0,
    )
    attempt = run(spec).attempts[-1]
    return attempt.ended_s - attempt.started_s


def test_after_a_stretched_session_the_next_ones_first_timer_is_longer():
    """The handshake seemed to take 1.1 s: what is lost first in the next session goes out again 2 s later."""
    assert lasted(ON) > lasted(OFF) + 1.0


def test_without_metrics_nothing_of_it_is_left():
    """The second session takes as long as if the first one had not been disturbed."""
    assert lasted(OFF) == pytest.approx(lasted(OFF, first=False), abs=0.05)


@pytest.mark.parametrize(("later", "crash"), [(60.0, (30.0,)), (3700.0, ())])
def test_a_crash_or_an_hour_makes_a_host_forget(later, crash):
    """It takes as long as without metrics."""
    assert lasted(ON, later=later, crash=crash) == pytest.approx(lasted(OFF, later=later, crash=crash), abs=0.05)


def test_a_run_without_a_loss_is_the_same():
    """Every session, and every packet."""
    facts = []
    for settings in (ON, OFF):
        messages = [message(7.0 * k, "u1@a", "u2@b", size=300 * 9**k) for k in range(5)]
        facts.append(run(scenario("a-b", *messages, hosts={"*": settings}, delay=0.3)).attempts)
    assert facts[0] == facts[1]

"""The clock: what it does beside simpy, and what of simpy it relies on."""

from __future__ import annotations

import pytest
import simpy

from sim.world.engine.clock import Clock


def waiting(clock: Clock, name: str, until: float, seen: list[tuple[str, float]]):
    """Work that waits once."""
    now = yield until
    assert now == clock.now
    seen.append((name, now))


def test_it_does_not_go_back():
    """An event or a leap into the past is refused."""
    clock = Clock()
    clock.run(until=5.0)
    with pytest.raises(ValueError, match="which is past"):
        clock.at(4.0)
    assert not clock.advance_if_idle(4.0)


def test_it_leaps_only_where_nothing_is_due():
    """What is due at the very time goes first."""
    clock = Clock()
    clock.at(5.0)
    assert [clock.advance_if_idle(5.0), clock.advance_if_idle(4.0), clock.now] == [False, True, 4.0]


def test_moments_are_not_rounded():
    """The time of a moment is the one that was asked for, to the last bit, and its own after a leap."""
    clock, at = Clock(), 0.1 + 0.2
    clock.advance_if_idle(0.1)
    clock.at(at)
    clock.step()
    assert clock.now == at


def test_work_goes_on_at_its_times():
    """Work that starts at once goes before work that starts soon; at equal times who waited first goes first."""
    clock, seen = Clock(), []
    clock.start_soon(waiting(clock, "soon", 2.0, seen))
    clock.start(waiting(clock, "at once", 2.0, seen))
    clock.start(waiting(clock, "early", 1.0, seen))
    clock.run()
    assert seen == [("early", 1.0), ("at once", 2.0), ("soon", 2.0)]


def test_work_may_wait_for_an_event():
    """Whose time nobody knows."""
    clock, seen = Clock(), []
    event = clock.event()
    clock.start(waiting(clock, "woken", event, seen))
    clock.call_at(3.0, event.succeed)
    clock.run()
    assert seen == [("woken", 3.0)]


def test_nothing_is_done_from_the_horizon_on():
    """What would be is left out."""
    clock, seen = Clock(horizon=10.0), []
    for time in (9.0, 10.0, 11.0):
        clock.call_at(time, lambda time=time: seen.append(time))
    clock.run()
    assert seen == [9.0]


def test_simpy_keeps_what_the_clock_relies_on():
    """Private attributes of simpy 4: where they have changed, the clock must be looked at again."""
    environment = simpy.Environment()
    timeout = environment.timeout(2.5, "value")
    assert environment._queue == [(2.5, simpy.events.NORMAL, 0, timeout)]
    assert (next(environment._eid), environment._now) == (1, 0)
    assert (timeout._ok, timeout._value, timeout.callbacks) == (True, "value", [])
    environment.run()
    assert (environment._now, environment.now, timeout.callbacks) == (2.5, 2.5, None)


def test_a_moment_has_all_that_an_event_of_simpy_has():
    """None of simpy's attributes of a timeout is left unset, but for its delay."""
    timeout = simpy.Environment().timeout(1.0)
    assert set(vars(timeout)) - set(vars(Clock().at(1.0))) == {"_delay"}

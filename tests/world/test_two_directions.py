"""Links whose two directions differ, in a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.scenario.distribution import Constant
from sim.scenario.spec.directions import Both
from tests.world.worlds import message, run, scenario


def test_bulk_goes_at_the_rate_of_its_direction():
    """500 kB there at 8 Mbit/s take half a second, back at 1 Mbit/s four."""
    spec = scenario("a-b", message(0.0, "u1@a", "u1@b", size=500_000), message(60.0, "u1@b", "u1@a", size=500_000))
    (link,) = spec.network.links
    link = replace(link, rate=Both(8e6, 1e6), delay=Both(Constant(0.001), Constant(0.004)))
    facts = run(replace(spec, network=replace(spec.network, links=(link,))))
    took = [attempt.ended_s - attempt.started_s for attempt in facts.attempts]
    assert took == pytest.approx([0.55, 4.2], rel=0.2)

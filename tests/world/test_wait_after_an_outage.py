"""How long mail waits after a long outage, for the next time that its product looks."""

from __future__ import annotations

from statistics import fmean

import pytest
from worlds import message, scenario

from sim.scenario.products.base import Product
from sim.scenario.products.exim import Exim
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.quantity import DAY, HOUR, MINUTE
from sim.scenario.spec import Interval, Weather
from sim.world.simulation import Simulation

PHASES = 30
"""How many moments within a queue run the mail arrives at, evenly."""

EXPECTED = {
    "postfix": (Postfix(), 5 * MINUTE, 38 * MINUTE),
    "exim": (Exim(), 0.0, 4.5 * HOUR),
    "qmail": (Qmail(), 0.0, HOUR),
    "opensmtpd": (OpenSmtpd(), 0.0, HOUR),
}


def wait(product: Product, phase: float) -> float:
    """How long after a day's outage a message is delivered that came as the outage began, `phase` s before a run."""
    weather = {"a-b": Weather(down=(Interval(start=0.0, end=DAY),))}
    hosts = {"a": {"mta": product}}
    spec = scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts, weather=weather, unreachable="icmp")
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    world.hosts["a"].deferred.runs_since = phase
    copy, *_ = world.run().copies
    assert copy.outcome == "delivered"
    return copy.ended_s - DAY


@pytest.mark.parametrize(("product", "period", "expected"), EXPECTED.values(), ids=EXPECTED)
def test_mean_wait_after_a_day(product: Product, period: float, expected: float):
    """Over all phases of the queue runs where they matter, else aligned with the message."""
    phases = [period * (n + 0.5) / PHASES for n in range(PHASES)] if period else [0.0]
    assert fmean(wait(product, phase) for phase in phases) == pytest.approx(expected, rel=0.03)

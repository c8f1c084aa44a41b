"""Distributions as values."""

from __future__ import annotations

from random import Random

import pytest

from sim.scenario.distribution import Constant, Empirical, Exponential, Lognormal, Uniform

ALL = [
    Constant(3.0),
    Uniform(1.0, 4.0),
    Exponential(2.0),
    Lognormal(2.0, 6.0),
    Empirical((1.0, 2.0, 6.0)),
    Empirical((1.0, 2.0, 6.0), (5.0, 0.0, 1.0)),
]


@pytest.mark.parametrize("distribution", ALL, ids=repr)
def test_the_mean_of_many_draws_is_the_mean(distribution):
    """Four standard errors of 20000 draws at a fixed seed."""
    random = Random(1)
    draws = [distribution.sample(random) for _ in range(20_000)]
    mean = sum(draws) / len(draws)
    error = (sum((draw - mean) ** 2 for draw in draws) / len(draws) ** 2) ** 0.5
    assert abs(mean - distribution.mean()) <= 4 * error


def test_a_lognormal_has_its_percentiles():
    """Half of the draws are below the median, 95 in 100 below p95."""
    random = Random(2)
    draws = sorted(Lognormal(2.0, 6.0).sample(random) for _ in range(20_000))
    assert (draws[10_000], draws[19_000]) == (pytest.approx(2.0, rel=0.03), pytest.approx(6.0, rel=0.05))


def test_values_of_no_weight_are_never_drawn():
    """A weight of 0 takes a value out."""
    random = Random(3)
    distribution = Empirical((1.0, 2.0, 6.0), (5.0, 0.0, 1.0))
    assert {distribution.sample(random) for _ in range(1000)} == {1.0, 6.0}

"""Distributions as values."""

from __future__ import annotations

from random import Random

import pytest

from sim.scenario.distribution import Constant, Empirical, Exponential, Lognormal, Uniform, Weibull

ALL = [
    Constant(3.0),
    Uniform(1.0, 4.0),
    Exponential(2.0),
    Lognormal(2.0, 6.0),
    Weibull(0.7, 3.0),
    Weibull(3.0, 2.0),
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


@pytest.mark.parametrize("distribution", ALL, ids=repr)
def test_what_is_left_at_a_random_moment_is_half_the_second_moment_over_the_mean(distribution):
    """E[X^2] / 2 E[X] (Ross 7.7), within four standard errors of both sides, 20000 draws each."""
    random, n = Random(4), 20_000
    left = [distribution.remaining(random) for _ in range(n)]
    squares = [distribution.sample(random) ** 2 for _ in range(n)]

    def about(values):
        mean = sum(values) / n
        return mean, (sum((value - mean) ** 2 for value in values) / n / n) ** 0.5

    (mine, error), (second, spread) = about(left), about(squares)
    whole = 2 * distribution.mean()
    assert abs(mine - second / whole) <= 4 * (error**2 + (spread / whole) ** 2) ** 0.5


def test_a_weibull_has_its_shape():
    """63.2% of the draws are below the scale, whatever the shape; of shape 0.7 and mean 30 h that is 23.7 h."""
    random = Random(5)
    distribution = Weibull(0.7, 30.0)
    draws = sorted(distribution.sample(random) for _ in range(20_000))
    assert distribution.scale == pytest.approx(23.7, abs=0.01)
    assert draws[12_642] == pytest.approx(distribution.scale, rel=0.03)

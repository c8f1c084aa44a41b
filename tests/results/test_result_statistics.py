"""Intervals over replications, against scipy's tests and against theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.results.intervals import Interval, interval, paired

NAN = math.nan


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [2, 3, 20])
def test_interval_is_that_of_the_t_test(n, confidence):
    """The interval is the one that scipy's one-sample t test gives."""
    values = np.random.default_rng(n).normal(5, 2, n)
    expected = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    found = interval(values, confidence)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert found.n == n


def test_paired_is_that_of_the_related_t_test():
    """The paired difference is the one that scipy's t test on related samples gives."""
    generator = np.random.default_rng(4)
    a, b = generator.normal(5, 2, 12), generator.normal(4, 2, 12)
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    found = paired(a, b)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert found.mean == pytest.approx(float(np.mean(a) - np.mean(b)))


def test_coverage_is_what_it_claims():
    """Of 4000 intervals over normal samples about 95 % hold the true mean (within three standard errors)."""
    samples = np.random.default_rng(20).normal(3, 1, (4000, 6))
    found = [interval(sample) for sample in samples]
    share = np.mean([one.low <= 3 <= one.high for one in found])
    assert abs(share - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 4000)


def test_pairing_takes_out_what_both_share():
    """A constant difference under large common noise has an interval of no width."""
    noise = np.random.default_rng(1).integers(0, 1000, 10)
    assert paired(noise + 3.0, noise) == Interval(3.0, 3.0, 3.0, 10)


def test_one_value_has_no_interval():
    """A single replication has a mean and no interval."""
    found = interval([4.0])
    assert (found.mean, found.n) == (4.0, 1)
    assert math.isnan(found.low) and math.isnan(found.high)  # noqa: PT018


def test_undefined_values_are_left_out_and_counted():
    """NaN is left out and n says how many values were left."""
    assert interval([1.0, NAN, 3.0]).n == 2
    assert interval([1.0, NAN, 3.0]).mean == 2.0


def test_a_pair_with_an_undefined_side_is_left_out():
    """A difference needs both of its sides."""
    assert paired([1.0, NAN, 3.0], [0.0, 1.0, 2.0]) == Interval(1.0, 1.0, 1.0, 2)


def test_nothing_defined_is_nothing_known():
    """Without a value there is no mean either."""
    found = interval([NAN])
    assert found.n == 0
    assert math.isnan(found.mean)


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_confidence_is_a_probability(confidence):
    """A confidence outside (0, 1) is refused, naming the value."""
    with pytest.raises(ValueError, match=f"confidence {confidence}: a number between 0 and 1"):
        interval([1.0, 2.0], confidence)


def test_pairs_must_match():
    """Replications that do not pair up are refused."""
    with pytest.raises(ValueError, match="shorter"):
        paired([1.0, 2.0], [1.0])


def test_an_interval_keeps_to_what_can_be():
    """A skewed delay's reaches below 0 without bounds; a share's above 1 likewise. What is within stays as it is."""
    delays = [1.0, 1.0, 2.0, 100.0]
    assert interval(delays).low < 0
    assert interval(delays, bounds=(0.0, math.inf)) == interval(delays)._replace(low=0.0)
    assert interval([0.9, 1.0, 1.0], bounds=(0.0, 1.0)).high == 1.0

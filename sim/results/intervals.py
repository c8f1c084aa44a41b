"""Intervals over replications.

Values within one run depend on each other, so intervals are taken over replications only: one value a run.
Architectures that lived through the same mail and weather are compared by their differences within each replication,
which takes out what both share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy import stats


class Interval(NamedTuple):
    """A mean over `n` values and its confidence interval; NaN where n is too small to tell."""

    mean: float
    low: float
    high: float
    n: int


def interval(
    values: Iterable[float], confidence: float = 0.95, bounds: tuple[float, float] = (-math.inf, math.inf)
) -> Interval:
    """The mean of independent values and its Student t interval, as far as it lies within what the mean can be.

    Args:
        values: one a replication; NaN (not defined there) is left out, and `n` says how many were left.
        confidence: the interval's coverage, between 0 and 1.
        bounds: what no value lies below, and above. Leaving out what cannot be takes nothing from the coverage; skewed
            delays have intervals that reach below 0.

    Raises:
        ValueError: when the confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence!r}: a number between 0 and 1, such as 0.95, is wanted")
    known = np.array([value for value in values if not math.isnan(value)], dtype="float64")
    n = known.size
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    mean = float(known.mean())
    if n == 1:
        return Interval(mean, math.nan, math.nan, 1)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * float(known.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, max(mean - half, bounds[0]), min(mean + half, bounds[1]), n)


def paired(a: Iterable[float], b: Iterable[float], confidence: float = 0.95) -> Interval:
    """The mean difference a - b and its interval; the n-th values of both come from the same replication.

    Raises:
        ValueError: when the two are not equally long, or the confidence is not between 0 and 1.
    """
    return interval([x - y for x, y in zip(a, b, strict=True)], confidence)

"""Random quantities as a scenario states them: a size, a delay, a gap between messages.

A distribution is a value. It draws from the generator that it is given and holds none of its own, so two
entities that share a distribution still draw from their own streams.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from random import Random

_Z95 = 1.6448536269514722
"""The 95% point of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same value."""

    value: float

    def mean(self) -> float:
        """The expected value."""
        return self.value

    def sample(self, random: Random) -> float:  # noqa: ARG002 - as all distributions
        """The value; nothing is drawn."""
        return self.value


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any value from low to high, all equally likely."""

    low: float
    high: float

    def mean(self) -> float:
        """The expected value."""
        return (self.low + self.high) / 2

    def sample(self, random: Random) -> float:
        """One draw."""
        return random.uniform(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponential with the given mean."""

    average: float

    def mean(self) -> float:
        """The expected value."""
        return self.average

    def sample(self, random: Random) -> float:
        """One draw."""
        return random.expovariate(1 / self.average)


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Lognormal, given by its median and its 95th percentile (median <= p95)."""

    median: float
    p95: float

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""
        return math.log(self.p95 / self.median) / _Z95

    def mean(self) -> float:
        """The expected value."""
        return self.median * math.exp(self.sigma**2 / 2)

    def sample(self, random: Random) -> float:
        """One draw."""
        return random.lognormvariate(math.log(self.median), self.sigma)


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of the listed values, each as likely as its weight says (equal where no weights are given)."""

    values: tuple[float, ...]
    weights: tuple[float, ...] = ()

    def mean(self) -> float:
        """The expected value."""
        weights = self.weights or (1.0,) * len(self.values)
        return sum(v * w for v, w in zip(self.values, weights, strict=True)) / sum(weights)

    def sample(self, random: Random) -> float:
        """One draw."""
        if not self.weights:
            return self.values[int(random.random() * len(self.values))]
        steps = list(accumulate(self.weights))
        return self.values[min(bisect_left(steps, random.random() * steps[-1]), len(self.values) - 1)]


Distribution = Constant | Uniform | Exponential | Lognormal | Empirical

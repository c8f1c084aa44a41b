"""Random quantities as a scenario states them: a size, a delay, a gap between messages.

A distribution is a value. It draws from the generator that it is given and holds none of its own, so two
entities that share a distribution still draw from their own streams.

Where it is how long something lasts, `remaining` draws how much of it is left when one looks at a random moment: long
ones are met more often than short ones, each in proportion to its length, and at an even chance anywhere in it
(inspection paradox; Ross, Introduction to Probability Models, section 7.7).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
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

    def remaining(self, random: Random) -> float:
        """One draw of what is left at a random moment."""
        return self.value * random.random()


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

    def remaining(self, random: Random) -> float:
        """One draw of what is left at a random moment."""
        whole = math.sqrt(random.uniform(self.low**2, self.high**2))
        return whole * random.random()


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

    def remaining(self, random: Random) -> float:
        """One draw of what is left at a random moment: as much as of a fresh one, for it has no memory."""
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

    def remaining(self, random: Random) -> float:
        """One draw of what is left at a random moment: weighted by length a lognormal is one with its log shifted."""
        return random.lognormvariate(math.log(self.median) + self.sigma**2, self.sigma) * random.random()


@dataclass(frozen=True, slots=True)
class Weibull:
    """Weibull, given by its shape and its mean.

    A shape below 1 means many short values and a few long ones (what has lasted goes on lasting), 1 is the exponential,
    above 1 means wear: values near the mean.
    """

    shape: float
    average: float

    @property
    def scale(self) -> float:
        """The value that 63.2% of all are below."""
        return self.average / math.gamma(1 + 1 / self.shape)

    def mean(self) -> float:
        """The expected value."""
        return self.average

    def sample(self, random: Random) -> float:
        """One draw."""
        return random.weibullvariate(self.scale, self.shape)

    def remaining(self, random: Random) -> float:
        """One draw of what is left at a random moment: weighted by length, (x / scale)^shape is gamma distributed."""
        whole: float = self.scale * random.gammavariate(1 + 1 / self.shape, 1.0) ** (1 / self.shape)
        return whole * random.random()


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
        return self._weighted(self.weights, random)

    def remaining(self, random: Random) -> float:
        """One draw of what is left at a random moment."""
        weights = self.weights or (1.0,) * len(self.values)
        lengths = [value * weight for value, weight in zip(self.values, weights, strict=True)]
        return self._weighted(lengths, random) * random.random()

    def _weighted(self, weights: Sequence[float], random: Random) -> float:
        steps = list(accumulate(weights))
        return self.values[min(bisect_left(steps, random.random() * steps[-1]), len(self.values) - 1)]


Distribution = Constant | Uniform | Exponential | Lognormal | Weibull | Empirical

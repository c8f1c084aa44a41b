"""When the sender of a message that still waits is told so (RFC 3464's action `delayed`)."""

from __future__ import annotations

from math import inf

from sim.scenario.products.base import Product


def warnings_due(product: Product, age: float, next_age: float) -> int:
    """How many warnings a message of an age, in s, should have had, which is tried again at `next_age`."""
    ages = product.delay_warnings
    age = max(age, next_age) if product.warns == "ahead" else age + product.warning_slack
    if ages and product.warnings_repeat and age >= ages[-1]:
        gap = ages[-1] - (ages[-2] if len(ages) > 1 else 0.0)
        return len(ages) + int((age - ages[-1]) / gap)
    return sum(age >= one for one in ages)


def next_warning(product: Product, told: int) -> float:
    """The age, in s, at which a timer sends the warning after so many; inf where there is none."""
    ages = product.delay_warnings
    return ages[told] if product.warns == "timer" and told < len(ages) else inf

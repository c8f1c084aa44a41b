"""No product: the advice of RFC 5321."""

from __future__ import annotations

from dataclasses import dataclass

from sim.scenario.products.base import Product, named
from sim.scenario.quantity import DAY, HOUR, MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rfc5321(Product):
    """What RFC 5321 section 4.5.4.1 recommends: two tries in the first hour, then one in two or three hours."""

    name = "rfc5321"
    title = "RFC 5321"

    retry_interval: float = 30 * MINUTE
    first_period: float = HOUR
    later_interval: float = 2 * HOUR
    give_up_time: float = 5 * DAY

    lifetime = named("give_up_time")

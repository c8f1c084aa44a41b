"""When the sender of a message that still waits is told so (RFC 3464's action `delayed`), product by product.

Postfix (qmgr_active.c), Exim (deliver.c) and sendmail (envelope.c) look when a round of attempts has left recipients
over, Exim only if one of them was tried (ERRNO_WARN_BASE: not if no host's retry time has come). OpenSMTPD
(scheduler.c) looks then, too, but tells already if the next try comes too late. Exchange, Stalwart and JSMS have a
timer.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from sim.scenario.products.base import Product
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.stalwart import Stalwart

_SLACK = 1.0
"""Postfix tells a second early (qmgr_active.c)."""


@dataclass(frozen=True, slots=True)
class DelayWarnings:
    """A product's warnings: the ages of a message at which they are due, s, at least one.

    `repeats` says that they go on with the last gap, `timed` that a timer sends them, `ahead` that one is sent as soon
    as the next attempt is known to come after it is due, `tried` that a round in which nothing was tried tells nobody;
    `slack` is how much too early is early enough, s.
    """

    ages: tuple[float, ...]
    repeats: bool = False
    timed: bool = False
    ahead: bool = False
    tried: bool = False
    slack: float = 0.0

    def due(self, age: float, next_age: float) -> int:
        """How many warnings a message of an age should have had, which is tried again at `next_age`."""
        age = max(age, next_age) if self.ahead else age + self.slack
        if self.repeats and age >= self.ages[-1]:
            return len(self.ages) + int((age - self.ages[-1]) / self._gap)
        return sum(age >= one for one in self.ages)

    def next(self, told: int) -> float:
        """The age at which a timer sends the warning after so many; inf where there is none."""
        return self.ages[told] if self.timed and told < len(self.ages) else inf

    @property
    def _gap(self) -> float:
        return self.ages[-1] - (self.ages[-2] if len(self.ages) > 1 else 0.0)


def delay_warnings_of(product: Product) -> DelayWarnings | None:
    """When a host's product warns, if it does."""
    ages = product.delay_warnings
    if not ages:
        return None
    return DelayWarnings(
        ages,
        repeats=isinstance(product, Exim),
        timed=isinstance(product, Exchange | Stalwart | Jsms),
        ahead=isinstance(product, OpenSmtpd),
        tried=isinstance(product, Exim),
        slack=_SLACK if isinstance(product, Postfix) else 0.0,
    )

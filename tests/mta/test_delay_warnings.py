"""When each product tells a sender that his mail is late."""

from __future__ import annotations

from math import inf

import pytest

from sim.mta.dsn import next_warning, warnings_due
from sim.scenario.products import PRODUCTS
from sim.scenario.products.delays import Delays
from sim.scenario.products.exim import Exim
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.quantity import DAY, HOUR

DEFAULTS = {
    "postfix": (),  # delay_warning_time = 0h
    "exim": (DAY,),  # globals.c: delay_warning
    "sendmail": (4 * HOUR,),  # confTO_QUEUEWARN
    "qmail": (),
    "opensmtpd": (4 * HOUR,),  # smtpd.conf(5): bounce warn-interval
    "exchange": (4 * HOUR,),  # DelayNotificationTimeout
    "haraka": (),
    "stalwart": (DAY, 4 * DAY),  # notify 1d, then 3d more
    "zonemta": (3 * HOUR,),  # 3.9.0
    "nullmailer": (),
    "jsms": (3 * DAY, 6 * DAY, 9 * DAY),  # notices, the last of which returns the mail
    "rfc5321": (),
    "rscs": (),
    "x400": (),
    "mmdf": (2 * DAY,),  # MWARNTIME
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_default_warnings(name: str):
    """As the product's own source or manual has them."""
    assert PRODUCTS[name]().delay_warnings == DEFAULTS[name]


def test_warnings_can_be_set():
    """By the product's own parameter."""
    products = [Postfix(delay_warning_time=HOUR), Sendmail(queuewarn=0.0), Delays(delay_warnings=(HOUR, DAY))]
    assert [product.delay_warnings for product in products] == [(HOUR,), (), (HOUR, DAY)]


def test_each_warning_is_due_at_its_age():
    """And no more than those that there are."""
    product = Delays(delay_warnings=(10.0, 20.0))
    assert [warnings_due(product, age, age + 5) for age in (0, 9, 10, 19, 20, 1000)] == [0, 0, 1, 1, 2, 2]


def test_exim_goes_on_with_the_last_gap():
    """deliver.c: after the last of its times, one for each gap between the last two."""
    product = Exim(delay_warning=(4 * HOUR, 10 * HOUR))
    assert [warnings_due(product, hours * HOUR, 0.0) for hours in (3, 4, 10, 15, 16, 22)] == [0, 1, 2, 2, 3, 4]
    assert [warnings_due(Exim(), days * DAY, 0.0) for days in (0.9, 1, 2, 3.5)] == [0, 1, 2, 3]


def test_opensmtpd_warns_when_the_next_try_comes_too_late():
    """scheduler.c compares the time of the next try."""
    times = ((2, 3.9), (3, 4), (4.5, 5))
    assert [warnings_due(OpenSmtpd(), age * HOUR, next_ * HOUR) for age, next_ in times] == [0, 1, 1]


def test_postfix_warns_a_second_early():
    """qmgr_active.c: warn_time - 1."""
    product = Postfix(delay_warning_time=HOUR)
    assert [warnings_due(product, age, inf) for age in (HOUR - 2, HOUR - 1)] == [0, 1]


def test_a_timer_has_a_next_time():
    """Where there is one, until the warnings are used up."""
    assert [next_warning(Stalwart(notify=(10.0, 10.0)), told) for told in (0, 1, 2)] == [10.0, 20.0, inf]
    assert next_warning(Delays(delay_warnings=(10.0,)), 0) == inf

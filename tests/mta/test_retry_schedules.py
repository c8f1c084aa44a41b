"""When each product tries one message again that is refused at once: the schedules that its source comes to."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.products import PRODUCTS
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import NOT_YET, TOO_LONG, Exim, EximRetry, RetryRule, rule_for, wait
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.host_retry import HostRecord
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.mmdf import Mmdf
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.retry import Retry, Round, retry_of
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.rscs import Rscs
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.products.x400 import X400
from sim.scenario.products.zonemta import ZoneMta

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def of(product: Product) -> Retry:
    """Its way to try again; what is drawn is always a half."""
    return retry_of(product, lambda: 0.5)


def schedule(product: Product, *, host_error: bool = True) -> tuple[list[float], float]:
    """When a message that arrives at 0 is tried, queue runs coming at 0 too, and when it is given up."""
    retry, times, now = of(product), [], 0.0
    retry.starts()
    while retry.lapses(0.0) > now:
        if not (retry.keeps_hosts and retry.bars("b", "1", 0.0, now)):
            times.append(now)
            if retry.keeps_hosts:
                retry.tried("b", "1", 0.0, began=now, now=now, outcome="host" if host_error else "message")
                if retry.exhausted(["b"], "1", now):
                    break
        last = Round("1", 0.0, now, now, len(times), host_error=host_error, null_reverse_path=False)
        if retry.gives_up(last):
            break
        now = retry.next_run(retry.sleeps_until(last), now, 0.0)
    return times, now


def clock(text: str) -> float:
    """Seconds of `1d02:03:04` or `2:03:04`, the seconds left out where there are none."""
    days, _, rest = text.rpartition("d")
    hours, minutes, seconds = (*map(int, rest.split(":")), 0)[:3]
    return int(days or 0) * DAY + hours * HOUR + minutes * MINUTE + seconds


GOLDEN = {
    "postfix": (Postfix(), "0:00 0:05 0:10 0:20 0:40 1:20 2:30 3:40 4:50", 108, "5d0:20"),
    "exim, with queue runs": (
        Exim(),
        "0:00 0:30 1:00 1:30 2:00 2:30 3:30 5:00 7:30 11:00 16:30 22:30 1d4:30 1d10:30",
        25,
        "4d4:30",
    ),
    "exim, at once": (
        Exim(queue_run=1.0),
        "0:00 0:15 0:30 0:45 1:00 1:15 1:30 1:45 2:00 2:15 3:15 4:45 7:00 10:22:30 15:26:15 23:01:52 1d5:01:52",
        29,
        "4d5:01:52",
    ),
    "qmail": (Qmail(), "0:00 0:06:40 0:26:40 1:00:00 1:46:40 2:46:40 4:00:00", 40, "7d1:00:00"),
    "opensmtpd": (OpenSmtpd(), "0:00 0:06:40 0:26:40 1:00:00 1:46:40 2:46:40 4:00:00", 30, "4d0:00"),
    "haraka": (
        Haraka(),
        "0:00 0:01:04 0:03:12 0:07:28 0:16:00 0:33:04 1:07:12 2:15:28 4:32:00 9:05:04 18:11:12 1d12:23:28 3d0:48:00",
        13,
        "3d0:48:00",
    ),
    "sendmail": (Sendmail(), "0:00 0:30 1:00 1:30", 242, "5d0:30"),
    "sendmail that doubles": (
        Sendmail(MinQueueAge=20 * MINUTE, MaxQueueAge=3 * HOUR, queue_interval=10 * MINUTE),
        "0:00 0:20 0:40 1:20 2:40 5:20 8:20 11:20",
        45,
        "5d2:20",
    ),
    "exchange": (
        Exchange(),
        "0:00 0:01 0:02 0:03 0:04 0:09 0:14 0:19 0:24 0:29 0:34 0:44 0:54",
        295,
        "2d0:00",
    ),
    "stalwart": (Stalwart(), "0:00 0:02 0:07 0:17 0:32 1:02 2:02 4:02 1d4:02", 9, "3d0:00"),
    "zonemta": (ZoneMta(), "0:00 0:05 0:12 0:20 0:45 2:00 4:00 8:00", 18, "2d0:00"),
    "nullmailer": (Nullmailer(), "0:00 0:01 0:03 0:07 0:15 0:31 1:03 2:07 4:15 8:31 17:03 1d10:07 2d10:07", 18, "7d10:07"),
    "jsms": (Jsms(), "0:00 1:00 3:00 5:00 9:00 13:00 17:00 1d1:00 1d9:00", 40, "12d0:00"),
    "mmdf": (Mmdf(), "0:00 2:00 4:00", 49, "4d0:00"),
    "rscs": (Rscs(), "0:00 0:05 0:10 0:15", 2017, "7d0:00"),
    "x400": (X400(), "0:00 0:15 0:30 1:00 2:00", 27, "1d0:00"),
    "rfc 5321": (Rfc5321(), "0:00 0:30 1:00 3:00 5:00", 63, "5d1:00"),
    "a list": (Delays(delays=(300.0, 900.0, 3600.0), lifetime=DAY), "0:00 0:05 0:20 1:20 2:20", 27, "1d0:20"),
}  # fmt: skip


@pytest.mark.parametrize(("product", "first", "attempts", "end"), GOLDEN.values(), ids=GOLDEN)
def test_golden_schedule(product: Product, first: str, attempts: int, end: str):
    """To the second: the first attempts, how many there are, and when the message is given up."""
    times, given_up = schedule(product)
    expected = [clock(text) for text in first.split()]
    assert times[: len(expected)] == expected
    assert (len(times), given_up) == (attempts, clock(end))


def test_every_product_has_a_golden_schedule():
    """Each of the program's products has a row."""
    assert {type(product) for product, *_ in GOLDEN.values()} >= set(PRODUCTS.values())


def test_every_product_has_a_way_to_try_again():
    """Nobody is left out, and every schedule ends."""
    ends = {name: schedule(kind())[1] for name, kind in PRODUCTS.items()}
    assert max(ends.values()) < 13 * DAY


@given(
    st.sampled_from([kind() for kind in PRODUCTS.values()]),
    st.floats(0, 2 * DAY),
    st.floats(0, 1e6),
    st.floats(-1000, 0),
    st.integers(1, 40),
    st.booleans(),
)
def test_the_next_attempt_is_later_than_the_last(product, age, arrival, start, number, host_error):
    """Whatever the product, the age and the phase of the queue runs: nothing is tried again at once."""
    retry, now = of(product), arrival + age
    retry.starts()
    if retry.keeps_hosts:
        retry.tried("b", "1", arrival, began=now, now=now, outcome="host" if host_error else "message")
    last = Round("1", arrival, now, now, number, host_error=host_error, null_reverse_path=False)
    if not retry.gives_up(last):
        assert now < retry.next_run(retry.sleeps_until(last), now, start) < inf


def test_mail_that_exchange_is_told_to_wait_with_waits_longer():
    """A 4xx to the mail itself: MessageRetryInterval."""
    assert schedule(Exchange(), host_error=False)[0][:4] == [0, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE]


def test_qmail_counts_from_the_beginning_of_a_pass():
    """A pass that lasted longer than the wait is followed by the next at once."""
    last = Round("1", 0.0, 0.0, 1200.0, 1, host_error=True, null_reverse_path=False)
    retry = of(Qmail())
    assert retry.next_run(retry.sleeps_until(last), 1200.0, 0.0) == 1200.0


def test_new_mail_ends_nullmailers_pause():
    """The queue rests for the shortest time again."""
    retry = of(Nullmailer())

    def until(now):
        return retry.sleeps_until(Round("1", 0.0, now, now, 1, host_error=True, null_reverse_path=False))

    assert [until(0.0), until(60.0), until(100.0)] == [60.0, 180.0, 180.0]
    retry.starts()
    assert until(100.0) == 160.0


def test_exim_rules_end_with_their_cutoffs():
    """The first whose cutoff the failing has not passed; none after the last."""
    rules = Exim().retry
    found = [rule_for(rules, hours * HOUR) for hours in (0, 2, 2.01, 16, 17, 96, 97)]
    assert found == [rules[0], rules[0], rules[1], rules[1], rules[2], rules[2], None]


def test_exims_chance_lies_between_half_and_all_of_the_growth():
    """H: the interval, and half to all of what the grown gap has beyond it."""
    rule = RetryRule("H", DAY, 100.0, 2.0)
    record = HostRecord(0.0, 0.0, 200.0)
    assert [wait(rule, record, 200.0, lambda r=r: r) for r in (0.0, 1.0)] == [250.0, 400.0]
    assert wait(rule, HostRecord(0.0, 0.0, 10.0), 200.0, lambda: 0.5) == 100.0


def test_exim_waits_no_longer_than_retry_interval_max():
    """Whatever the rule says."""
    retry = of(Exim(retry=(RetryRule("F", 4 * DAY, 2 * DAY),), retry_interval_max=HOUR, queue_run=60.0))
    retry.tried("b", "1", 0.0, began=0.0, now=0.0, outcome="host")
    assert retry.bars("b", "1", 0.0, HOUR - 1) is NOT_YET
    assert retry.bars("b", "1", 0.0, HOUR) is None


def failing_for_days() -> Retry:
    """Exim after a host has failed for five days, the last time at 5 d."""
    retry = of(Exim())
    for hours in (0, 120):
        retry.tried("b", "1", 0.0, began=hours * HOUR, now=hours * HOUR, outcome="host")
    return retry


def test_exim_passes_a_failing_host_over_for_new_mail_too():
    """The record is the host's: mail that comes later waits with the rest."""
    retry = of(Exim())
    retry.tried("b", "1", 0.0, began=0.0, now=0.0, outcome="host")
    assert retry.bars("b", "2", 60.0, 60.0) is NOT_YET
    assert retry.bars("c", "2", 60.0, 60.0) is None
    assert retry.bars("b", "2", 60.0, 15 * MINUTE) is None


def test_exim_returns_new_mail_to_a_host_that_has_failed_too_long():
    """Without an attempt, until the host's next time has come; with delay_after_cutoff off it waits."""
    retry = failing_for_days()
    assert retry.exhausted(["b"], "1", 5 * DAY)
    assert retry.bars("b", "2", 5 * DAY, 5 * DAY + 60) is TOO_LONG
    assert retry.bars("b", "2", 5 * DAY, 5 * DAY + 6 * HOUR) is None
    assert retry.bars("b", "3", 0.0, 5 * DAY + 60) is TOO_LONG
    patient = of(Exim(delay_after_cutoff=False))
    for hours in (0, 120):
        patient.tried("b", "1", 0.0, began=hours * HOUR, now=hours * HOUR, outcome="host")
    assert patient.bars("b", "2", 5 * DAY, 5 * DAY + 60) is NOT_YET
    assert patient.bars("b", "3", 0.0, 5 * DAY + 60) is None


def test_one_success_deletes_exims_record_of_a_host():
    """Those that waited for it need no longer."""
    retry = of(Exim())
    retry.tried("b", "1", 0.0, began=0.0, now=0.0, outcome="host")
    assert retry.bars("b", "2", 1.0, 1.0) is NOT_YET
    assert retry.tried("b", "3", 2.0, began=2.0, now=2.0, outcome="taken") == ["1", "2"]
    assert retry.bars("b", "2", 1.0, 3.0) is None
    assert retry.tried("b", "3", 2.0, began=2.0, now=2.0, outcome="taken") == ()


def test_exim_backs_off_a_message_alone_that_a_host_puts_off():
    """The host's other mail goes on; the message's failing counts from its arrival."""
    retry = of(Exim())
    retry.tried("b", "1", 0.0, began=3 * HOUR, now=3 * HOUR, outcome="message")
    assert retry.bars("b", "2", 0.0, 3 * HOUR) is None
    assert retry.bars("b", "1", 0.0, 4 * HOUR - 1) is NOT_YET
    assert retry.bars("b", "1", 0.0, 4 * HOUR) is None
    retry.tried("b", "1", 0.0, began=4 * HOUR, now=4 * HOUR, outcome="taken")
    assert (
        retry.sleeps_until(Round("1", 0.0, 4 * HOUR, 4 * HOUR, 1, host_error=False, null_reverse_path=False))
        == 4 * HOUR
    )


def test_exim_forgets_a_message_that_has_left():
    """Nothing of it is kept."""
    retry = EximRetry(Exim(), lambda: 0.5)
    retry.tried("b", "1", 0.0, began=0.0, now=0.0, outcome="message")
    retry.forget("1")
    assert (retry._records, list(retry._waiting.for_host("b")), list(retry._waiting.hops("1"))) == ({}, [], [])


def test_exims_record_of_a_host_grows_old():
    """After retry_data_expire without a try it counts no more."""
    retry = failing_for_days()
    assert not retry.exhausted(["b"], "2", 13 * DAY)
    retry.tried("b", "2", 13 * DAY, began=13 * DAY, now=13 * DAY, outcome="host")
    assert not retry.exhausted(["b"], "2", 13 * DAY)


def test_deliveries_side_by_side_are_one_failure_to_exim():
    """The second of two that began together does not begin the growth anew."""
    retry = of(Exim())
    for now in (0.0, 3 * HOUR, 4 * HOUR):
        retry.tried("b", "1", 0.0, began=now, now=now, outcome="host")
    retry.tried("b", "2", 0.0, began=4 * HOUR - 1, now=4 * HOUR + 1, outcome="host")
    assert retry.bars("b", "1", 0.0, 5.5 * HOUR - 1) is NOT_YET
    assert retry.bars("b", "1", 0.0, 5.5 * HOUR) is None


def test_the_common_way_remembers_nothing():
    """It goes by a list of delays, and no host is barred, exhausted or waited for."""
    retry, last = (
        Retry(Delays(delays=(2.0, 5.0)), lambda: 0.5),
        Round("1", 0.0, 5.0, 7.0, 3, host_error=True, null_reverse_path=False),
    )
    woken = retry.tried("b", "1", 0.0, began=5.0, now=7.0, outcome="host")
    retry.forget("1")
    assert (retry.gives_up(last), retry.sleeps_until(last), retry.lapses(0.0)) == (False, 12.0, inf)
    assert (list(woken), retry.bars("b", "1", 0.0, 7.0), retry.exhausted(["b"], "1", 7.0)) == ([], None, False)

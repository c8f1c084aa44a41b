"""What products remember of hosts and of priorities beside each message's own clock: qmail, OpenSMTPD, JSMS, sendmail."""

from __future__ import annotations

import pytest

from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import NOT_YET, Exim, EximRetry
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.opensmtpd import NO_ROUTE, OpenSmtpd, OpenSmtpdRetry
from sim.scenario.products.qmail import SILENT, Qmail, QmailRetry
from sim.scenario.products.retry import Round, retry_of
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.products.zonemta import ZoneMta
from sim.scenario.quantity import DAY, HOUR, MINUTE


def qmail(draw: float = 0.0) -> QmailRetry:
    """qmail-remote as the process whose number's last five bits are this share of 32."""
    return QmailRetry(Qmail(), lambda: draw)


def silent(retry: QmailRetry, at: float, hop: str = "b", took: float = 60.0) -> None:
    """A connection that was not answered within timeoutconnect, or in less time refused."""
    retry.tried(hop, "1", 0.0, began=at - took, now=at, outcome="host")


@pytest.mark.parametrize(("draw", "minutes"), [(0.0, 64), (0.999, 91 * 64 / 60)])
def test_qmail_passes_a_host_over_that_did_not_answer_twice(draw: float, minutes: float):
    """For (60 + (pid & 31)) * 64 s since the second time (tcpto.c)."""
    retry = qmail(draw)
    silent(retry, 60.0)
    assert retry.bars("b", "2", 0.0, 61.0) is None
    silent(retry, 180.0)
    last = 180.0 + minutes * 60
    assert [retry.bars("b", "2", 0.0, at) for at in (181.0, last - 1, last)] == [SILENT, SILENT, None]
    assert retry.bars("c", "2", 0.0, 181.0) is None


def test_qmail_counts_timeouts_close_to_each_other_as_one():
    """Within 120 s it could have been the same timeout (tcpto.c)."""
    retry = qmail()
    for at in (60.0, 100.0, 179.0):
        silent(retry, at)
    assert retry.bars("b", "2", 0.0, 180.0) is None


@pytest.mark.parametrize("outcome", ["taken", "message", "host"])
def test_any_answer_ends_qmails_count(outcome: str):
    """A host that refuses the connection is there, too (tcpto_err)."""
    retry = qmail()
    silent(retry, 60.0)
    silent(retry, 180.0)
    retry.tried("b", "1", 0.0, began=200.0, now=200.2, outcome=outcome)
    assert retry.bars("b", "2", 0.0, 201.0) is None


def test_qmail_remembers_sixty_four_hosts():
    """The oldest one goes (tcpto.c: 1024 octets, 16 a host)."""
    retry = qmail()
    for nth in range(65):
        silent(retry, 60.0 + nth, f"h{nth}")
        silent(retry, 180.0 + nth, f"h{nth}")
    barred = [nth for nth in range(65) if retry.bars(f"h{nth}", "2", 0.0, 300.0)]
    assert barred == list(range(1, 65))


def round_of(priority: int, number: int = 1, age: float = 0.0) -> Round:
    """A round that is over, of a message with a priority."""
    return Round("1", 0.0, age, age, number, host_error=True, null_reverse_path=False, priority=priority)


@pytest.mark.parametrize(
    ("priority", "minutes"),
    [
        (4, [30, 60, 60, 120, 120, 120, 240, 240]),
        (0, [60, 120, 120, 240, 240, 240, 480, 480]),
        (-4, [120, 240, 240, 480, 480, 480, 960, 960]),
    ],
)
def test_jsms_has_a_schedule_for_each_priority(priority: int, minutes: list[int]):
    """urgentbackoff, normalbackoff and nonurgentbackoff; the last gap repeats (Oracle 819-2650)."""
    retry = retry_of(Jsms(), lambda: 0.0)
    assert [retry.sleeps_until(round_of(priority, number)) / MINUTE for number in range(1, 9)] == minutes


def test_sendmail_has_a_lifetime_for_each_priority():
    """Timeout.queuereturn.urgent and .non-urgent; where they are not set, Timeout.queuereturn."""
    retry = retry_of(Sendmail(queuereturn_urgent=HOUR), lambda: 0.0)
    assert [retry.gives_up(round_of(priority, age=2 * HOUR)) for priority in (1, 0, -1)] == [True, False, False]
    assert retry.gives_up(round_of(-1, age=6 * DAY))


def opensmtpd() -> OpenSmtpdRetry:
    """A host that a message could not be brought to at 100 s."""
    retry = OpenSmtpdRetry(OpenSmtpd(), lambda: 0.5)
    retry.tried("b", "1", 0.0, began=70.0, now=100.0, outcome="host")
    return retry


def test_opensmtpd_disables_a_route_whose_first_connection_fails():
    """For 15 s, each time: enabling it takes its penalty away (mta.c: mta_route_disable, mta_route_enable)."""
    retry = opensmtpd()
    assert [retry.bars("b", "2", 0.0, at) for at in (100.0, 114.9, 115.0)] == [NO_ROUTE, NO_ROUTE, None]
    retry.tried("b", "1", 0.0, began=120.0, now=150.0, outcome="host")
    assert [retry.bars("b", "2", 0.0, at) for at in (164.9, 165.0)] == [NO_ROUTE, None]


def test_opensmtpd_sends_what_was_put_off_when_a_delivery_succeeds():
    """hoststat: those that failed and those that were not tried, but nobody after four hours, and who has gone."""
    retry = opensmtpd()
    for queue_id in ("2", "3", "4"):
        retry.bars("b", queue_id, 0.0, 101.0)
    retry.forget("3")
    assert retry.tried("b", "5", 0.0, began=200.0, now=201.0, outcome="message") == ()
    assert list(retry.tried("b", "4", 0.0, began=200.0, now=201.0, outcome="taken")) == ["1", "2"]
    assert retry.tried("b", "4", 0.0, began=202.0, now=203.0, outcome="taken") == ()
    assert opensmtpd().tried("b", "5", 0.0, began=14600.0, now=14601.0, outcome="taken") == ()


def test_stalwart_has_a_schedule_for_reports():
    """15 min, 30 min, 1 h, then every 2 h, ten attempts in all (config/smtp/queue.rs, manager/defaults.rs)."""
    retry = retry_of(Stalwart(), lambda: 0.0)
    reports = [round_of(0, number)._replace(null_reverse_path=True) for number in range(1, 12)]
    assert [retry.sleeps_until(report) / MINUTE for report in reports][:6] == [15, 30, 60, 120, 120, 120]
    assert [retry.gives_up(report) for report in reports] == [False] * 9 + [True] * 2
    assert not retry.gives_up(round_of(0, 11))
    assert retry.sleeps_until(round_of(0, 1)) == 2 * MINUTE


def test_exim_forces_one_of_those_that_are_asked_for_once():
    """Whichever its queue run comes to first (queue.c: force_delivery); after that the retry time counts again."""
    retry = EximRetry(Exim(), lambda: 0.5)
    retry.tried("b", "1", 0.0, began=0.0, now=0.0, outcome="host")
    retry.requested(["1", "2", "3"])
    assert [retry.bars("b", queue_id, 0.0, 60.0) for queue_id in ("4", "2", "1", "3")] == [
        NOT_YET,
        None,
        NOT_YET,
        NOT_YET,
    ]
    retry.tried("b", "2", 0.0, began=60.0, now=60.0, outcome="host")
    retry.sleeps_until(Round("2", 0.0, 60.0, 60.0, 2, host_error=True, null_reverse_path=False))
    assert retry.bars("b", "2", 0.0, 120.0) == NOT_YET


@pytest.mark.parametrize("product", [Exchange(), ZoneMta(), Rfc5321()])
def test_who_was_answered_waits_for_his_own_time(product):
    """One session that gets somewhere lets those go that could not connect, not those that it has itself put off."""
    retry = retry_of(product, lambda: 0.0)
    for queue_id in ("q1", "q2", "q3"):
        retry.tried("b", queue_id, 0.0, began=0.0, now=1.0, outcome="host")
    assert list(retry.tried("b", "q1", 0.0, began=1.0, now=2.0, outcome="message")) == ["q2", "q3"]
    retry.tried("b", "q3", 0.0, began=2.0, now=3.0, outcome="host")
    assert list(retry.tried("b", "q2", 0.0, began=2.0, now=3.0, outcome="message")) == ["q3"]

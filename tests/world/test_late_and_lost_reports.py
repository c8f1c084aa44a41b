"""Warnings that mail is late, and what becomes of reports that cannot be delivered."""

from __future__ import annotations

import pytest
from asked import KNOWS_ALL, Mail, send
from worlds import message, run, scenario

from sim.scenario.products import PRODUCTS
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.mmdf import Mmdf
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.rscs import Rscs
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.products.x400 import X400
from sim.scenario.products.zonemta import ZoneMta
from sim.scenario.quantity import DAY, HOUR
from sim.scenario.spec import Domain, Interval, Weather
from sim.scenario.spec.policies import Policies, Refusal

DOWN = {"weather": Weather(down=(Interval(start=0.0, end=27 * HOUR),))}
"""Host b, for more than a day."""


def waiting(product: Product, *mails: Mail, b: dict = DOWN, **settings):
    """What senders at a hear about mail for b."""
    hosts = {"*": KNOWS_ALL, "a": {**KNOWS_ALL, "mta": product}, "b": {**KNOWS_ALL, **b}}
    return send("a-b", *mails, hosts=hosts, **settings)


FIRST = [
    # When the first warning comes, s: with the first attempt that fails late enough, or by a timer.
    (Postfix(), None),
    (Postfix(delay_warning_time=4 * HOUR), (4 * HOUR, 4 * HOUR + 4300)),
    (Exim(delay_warning=(20 * HOUR,)), (20 * HOUR, 26 * HOUR)),
    (Exim(delay_warning=(2 * HOUR,)), (2 * HOUR, 3 * HOUR)),
    (Sendmail(), (4 * HOUR, 5 * HOUR)),
    (Sendmail(queuewarn=0.0), None),
    (Qmail(), None),
    (OpenSmtpd(), (2 * HOUR, 4 * HOUR)),
    (Exchange(), (4 * HOUR, 4 * HOUR)),
    (Exchange(DelayNotificationTimeout=HOUR), (HOUR, HOUR)),
    (Haraka(), None),
    (Stalwart(), (DAY, DAY)),
    (ZoneMta(), (3 * HOUR, 5 * HOUR)),
    (ZoneMta(delay_warnings=()), None),
    (Nullmailer(), None),
    (Jsms(notices=(DAY, 2 * DAY)), (DAY, DAY)),
    (Rfc5321(), None),
    (Rscs(), None),
    (X400(normal_limit=5 * DAY), None),
    (Mmdf(), None),
    (Mmdf(MWARNTIME=(HOUR,)), (HOUR, 4 * HOUR)),
    (Delays(delay_warnings=(HOUR,)), (HOUR, 2 * HOUR)),
]


@pytest.mark.parametrize(("product", "expected"), FIRST, ids=[f"{type(p).__name__} {e}" for p, e in FIRST])
def test_when_a_sender_is_warned(product: Product, expected):
    """As the product does: never, with an attempt, or to the second; the message is delivered all the same."""
    outcome = waiting(product, Mail({"u1@b.example": ()}))
    times = [fact.created_s for fact in outcome.facts.messages if fact.sender == "<>"]
    assert outcome.fates()["u1@b.example"] == "delivered"
    if expected is None:
        assert times == []
    else:
        assert expected[0] - 1 <= times[0] <= expected[1]


def test_a_warning_says_until_when_the_mail_is_tried():
    """Action delayed, a status of class 4, Will-Retry-Until (RFC 3464 sections 2.3.3, 2.3.4, 2.3.9), the header alone."""
    outcome = waiting(Sendmail(), Mail({"u1@b.example": ()}, (("RET", "FULL"), ("ENVID", "x1"))))
    [report] = outcome.reports
    [recipient] = report.recipients
    assert (recipient["Action"], recipient["Status"], report.returned) == ("delayed", "4.4.1", "text/rfc822-headers")
    assert recipient["Will-Retry-Until"] == "Sat, 08 Jan 2000 00:00:00 +0000"
    assert report.message["Original-Envelope-Id"] == "x1"


def test_a_warning_is_on_the_books():
    """It is a message of its own, and arrives."""
    outcome = waiting(Sendmail(), Mail({"u1@b.example": ()}))
    [report] = [fact for fact in outcome.facts.messages if fact.sender == "<>"]
    assert [copy.outcome for copy in outcome.facts.copies if copy.message_id == report.message_id] == ["delivered"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [((), 1), ((("NOTIFY", "DELAY"),), 1), ((("NOTIFY", "FAILURE"),), 0), ((("NOTIFY", "NEVER"),), 0)],
)
@pytest.mark.parametrize("product", [Sendmail(), Exchange()], ids=["with an attempt", "by a timer"])
def test_only_who_wants_to_know_is_warned(product: Product, asked, told: int):
    """NOTIFY=DELAY, or no NOTIFY (RFC 3461 section 4.1)."""
    assert len(waiting(product, Mail({"u1@b.example": asked})).reports) == told


def test_nobody_is_warned_about_a_report():
    """The null reverse-path hears nothing."""
    assert waiting(Exchange(), Mail({"u1@b.example": ()}, sender="<>")).reports == []


@pytest.mark.parametrize("product", [Exim(delay_warning=(4 * HOUR,)), Stalwart(notify=(4 * HOUR, 4 * HOUR))])
def test_warnings_repeat_where_they_do(product: Product):
    """Exim goes on with its last gap, Stalwart with the next of its list."""
    outcome = waiting(product, Mail({"u1@b.example": ()}))
    times = [fact.created_s for fact in outcome.facts.messages if fact.sender == "<>"]
    assert len(times) >= 2
    assert times[1] - times[0] > HOUR


def test_exim_warns_only_when_it_has_tried():
    """A queue run in which no host's retry time has come tells nobody, however late it is (deliver.c)."""
    rules = (RetryRule("F", 4 * DAY, 5 * HOUR),)
    outcome = waiting(Exim(retry=rules, delay_warning=(HOUR,)), Mail({"u1@b.example": ()}))
    first = min(fact.created_s for fact in outcome.facts.messages if fact.sender == "<>")
    assert 5 * HOUR <= first < 6 * HOUR


def test_one_warning_for_those_who_still_wait():
    """Who was refused is told of that, and warned of no more."""
    mail = Mail({"u1@b.example": (), "nobody@a.example": ()})
    actions = [
        [(one["Action"], one["Final-Recipient"]) for one in r.recipients] for r in waiting(Sendmail(), mail).reports
    ]
    assert actions == [[("failed", "rfc822; nobody@a.example")], [("delayed", "rfc822; u1@b.example")]]


def test_a_timer_outlives_a_crash():
    """A host that was down when a warning was due tells with the next attempt that fails."""
    crash = {"mta": Exchange(), "weather": Weather(down=(Interval(start=3.9 * HOUR, end=4.1 * HOUR),))}
    hosts = {"*": KNOWS_ALL, "a": {**KNOWS_ALL, **crash}, "b": {**KNOWS_ALL, **DOWN}}
    outcome = send("a-b", Mail({"u1@b.example": ()}), hosts=hosts)
    [time] = [fact.created_s for fact in outcome.facts.messages if fact.sender == "<>"]
    assert 4.1 * HOUR <= time < 4.5 * HOUR


REFUSES = Policies(unknown_users="bounce")
BACK = [
    # What the postmaster of host b hears of a report that a refuses for good, and how long the report is kept.
    (Postfix(), 0, 0.0),
    (Postfix(notify_classes="2bounce"), 1, 0.0),
    (Postfix(notify_classes="resource, bounce"), 2, 0.0),
    (Exim(), 0, 2 * DAY),
    (Exim(ignore_bounce_errors_after=0.0), 0, 0.0),
    (Sendmail(), 1, 0.0),
    (Sendmail(DoubleBounceAddress=""), 0, 0.0),
    (Sendmail(DoubleBounceAddress="u1@b.example"), 1, 0.0),
    (Sendmail(DoubleBounceAddress="nobody@b.example"), 0, 0.0),
    (Sendmail(DoubleBounceAddress="u1@a.example"), 0, 0.0),
    (Qmail(), 1, 0.0),
    (OpenSmtpd(), 0, 0.0),
    (Exchange(), 0, 0.0),
    (Haraka(), 0, 0.0),
    (Stalwart(), 0, 0.0),
    (ZoneMta(), 0, 0.0),
    (Nullmailer(), 0, 0.0),
    (Jsms(), 0, 0.0),
    (Rfc5321(), 0, 0.0),
    (Rscs(), 0, 0.0),
    (X400(), 0, 0.0),
    (Mmdf(), 0, 0.0),
]


@pytest.mark.parametrize("table", [FIRST, BACK], ids=["warnings", "reports that come back"])
def test_no_product_is_left_out_of_a_table(table):
    """Each of the program's products has a row."""
    assert {type(product) for product, *_ in table} >= set(PRODUCTS.values())


def coming_back(product: Product, **settings):
    """A message for nobody at b, which takes it first; the report is refused at a for good."""
    hosts = {
        "a": {"policies": Policies(refuse=(Refusal(at="rcpt", code=550),))},
        "b": {"mta": product, "policies": REFUSES},
    }
    return run(scenario("a-b", message(0.0, "u1@a", "nobody@b"), hosts=hosts, **settings))


@pytest.mark.parametrize(("product", "heard", "kept"), BACK, ids=[f"{type(p).__name__}, {h} {k}" for p, h, k in BACK])
def test_what_becomes_of_a_report_that_comes_back(product: Product, heard: int, kept: float):
    """Dropped, kept for a while, or told to the postmaster, who has it in his mailbox; never sent back."""
    facts = coming_back(product)
    report = next(fact for fact in facts.messages if fact.sender == "<>").message_id
    [end] = [copy for copy in facts.copies if copy.message_id == report]
    told = [copy for copy in facts.copies if copy.message_id > 1 and copy.message_id != report]
    assert [copy.outcome for copy in told] == ["delivered"] * heard
    assert (end.outcome, end.ended_s >= kept, end.ended_s < kept + HOUR) == ("expired", True, True)
    assert ("the postmaster was told" in end.reason) == ("2bounce" in product.postmaster_hears and heard > 0)


def test_a_frozen_report_is_tried_once_more():
    """Exim thaws it when ignore_bounce_errors_after is over (deliver.c), and drops it if it fails again."""
    facts = coming_back(Exim())
    times = [fact.started_s for fact in facts.attempts if fact.from_host == "b"]
    assert len(times) == 2
    assert times[1] == pytest.approx(2 * DAY, abs=HOUR)


def test_a_crash_leaves_a_frozen_report_frozen():
    """It is on the disk like the rest."""
    down = Weather(down=(Interval(start=HOUR, end=2 * HOUR),))
    hosts = {
        "a": {"policies": Policies(refuse=(Refusal(at="rcpt", code=550),))},
        "b": {"mta": Exim(), "policies": REFUSES, "weather": down},
    }
    facts = run(scenario("a-b", message(0.0, "u1@a", "nobody@b"), hosts=hosts))
    assert [fact.started_s > 40 * HOUR for fact in facts.attempts if fact.from_host == "b"] == [False, True]


def test_a_postmaster_who_is_elsewhere_hears_nothing():
    """Mail that is forwarded could come back a third time."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((0, "b"),), users=("u1",), forwards={"root": "nobody@a.example"}),
    }
    facts = coming_back(Sendmail(DoubleBounceAddress="root@b.example"), domains=domains)
    assert len([fact for fact in facts.messages if fact.sender == "<>"]) == 1


def test_a_postmaster_can_hear_of_delays():
    """Postfix: notify_classes with delay."""
    product = Postfix(delay_warning_time=HOUR, notify_classes="delay")
    facts = waiting(product, Mail({"u1@b.example": ()})).facts
    assert [copy.recipient for copy in facts.copies if copy.message_id > 2][:2] == ["u1@a.example", "postmaster"]

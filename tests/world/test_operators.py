"""What operators do to hosts: flush, hold, release and restart, as each product takes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.results.outcomes import AttemptOutcome
from sim.scenario.products.base import Product
from sim.scenario.products.delays import Delays
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim, RetryRule
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.spec import DAY, Interval, Scenario, Weather
from sim.scenario.spec.acts import RESTART_TIME, Act
from sim.scenario.spec.policies import Policies, Refusal
from tests.world.worlds import message, run, scenario

HOUR, MINUTE = 3600.0, 60.0
FLUSHED = [
    Postfix(),
    Exim(),
    Sendmail(queue_interval=HOUR),
    Qmail(),
    OpenSmtpd(),
    Exchange(),
    Haraka(),
    Stalwart(),
    Nullmailer(maxpause=10 * HOUR),
    Jsms(),
    Rfc5321(),
    Delays(delays=(10 * HOUR,)),
]
HELD = [product for product in FLUSHED if type(product) in {Postfix, Exim, Sendmail, Exchange, Jsms, Rfc5321, Delays}]


def world(*acts: tuple, product: Product | None = None, mail=(0.0,), down=(0.0, 5 * HOUR), **more) -> Scenario:
    """Mail from a to b, which refuses to talk for a while; a's operators act at (time, what)."""
    hosts = {
        "a": {"mta": product or Postfix()},
        "b": {"listening": Weather(down=(Interval(start=down[0], end=down[1]),))},
    }
    done = tuple(Act(at=at, hosts=tuple(who or ["a"]), do=do) for at, do, *who in acts)
    letters = [message(at, "u1@a", "u1@b") for at in mail]
    return with_acts(scenario("a-b", *letters, hosts=hosts, duration=DAY, **more), done)


def with_acts(spec: Scenario, acts: tuple[Act, ...]) -> Scenario:
    """The scenario with these acts."""
    return replace(spec, acts=acts)


def name(product: Product) -> str:
    """What a test is called by."""
    return type(product).__name__


def starts(facts) -> list[float]:
    """When attempts began."""
    return [attempt.started_s for attempt in facts.attempts]


@pytest.mark.parametrize("product", FLUSHED, ids=name)
def test_a_flush_tries_at_once_what_waits(product: Product):
    """At its very time, and the product goes on by its own schedule after that."""
    at = 5 * HOUR + 1234.5
    facts = run(world((at, "flush"), product=product, down=(0.0, at)))
    assert [start for start in starts(facts) if start >= at - 1][:1] == [at]
    assert (facts.copies[0].outcome, facts.copies[0].ended_s - at < 1) == ("delivered", True)
    [act] = facts.acts
    assert (act.host, act.time_s, act.act, act.messages) == ("a", at, "flush", 1)


def test_exim_s_flush_forces_every_message_past_its_retry_time():
    """`exim -qff`: each is tried although the host's time has not come."""
    rules = (RetryRule("F", DAY, 10 * HOUR),)
    facts = run(world((HOUR, "flush"), product=Exim(retry=rules), mail=(0.0, 1.0, 2.0)))
    assert len([start for start in starts(facts) if HOUR <= start < HOUR + 60]) == 3


def test_qmail_s_flush_leaves_silent_hosts_alone():
    """ALRM makes all messages due, but tcpto's table stays: a host that was silent twice is passed over for an hour."""
    hosts = {"a": {"mta": Qmail()}}
    weather = {"a-b": Weather(down=(Interval(start=0.0, end=DAY),))}
    times = (300.0, 900.0, 1500.0)
    acts = tuple(Act(at=at, hosts=("a",), do="flush") for at in times)
    spec = scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, weather=weather, duration=HOUR, drain=1.0)
    assert [start for start in starts(run(with_acts(spec, acts))) if start in times] == [300.0]


@pytest.mark.parametrize("product", HELD, ids=name)
def test_what_is_held_is_not_tried_before_it_is_released(product: Product):
    """Mail that comes later goes; what was held neither expires nor is flushed, and goes after its release."""
    spec = world((600.0, "hold"), (36 * HOUR, "release"), product=product, mail=(0.0, 6 * HOUR), drain=30 * DAY)
    first, second, *_ = run(spec).copies
    assert (second.outcome, second.ended_s < 7 * HOUR) == ("delivered", True)
    assert first.ended_s >= 36 * HOUR
    ends = [attempt for attempt in run(spec).attempts if attempt.message_id == 1 and attempt.started_s > 600.0]
    assert min(attempt.started_s for attempt in ends) >= 36 * HOUR
    assert first.queue_s > DAY


def test_a_flush_leaves_held_mail_alone_but_for_exim():
    """Postqueue -f against exim -qff, which delivers frozen messages too."""
    for product, tried in ((Postfix(), 0), (Exim(), 1)):
        facts = run(world((HOUR, "hold"), (6 * HOUR, "flush"), product=product, drain=0.0))
        assert len([start for start in starts(facts) if start >= 6 * HOUR]) == tried


def test_opensmtpd_pauses_all_that_goes_out():
    """Later mail waits, too, and goes at once when it is resumed."""
    spec = world((10.0, "hold"), (HOUR, "release"), product=OpenSmtpd(), mail=(0.0, 100.0), down=(DAY, 2 * DAY))
    facts = run(spec)
    assert [start >= HOUR for start in starts(facts)] == [False, True]
    assert facts.attempts[1].started_s - HOUR < 1.0
    queue = [(fact.time_s, fact.hold) for fact in facts.queues if fact.host == "a" and fact.hold]
    assert queue == [(100.0, 1)]


def test_what_opensmtpd_has_paused_expires():
    """Its scheduler's timer goes on."""
    facts = run(world((10.0, "hold"), product=OpenSmtpd(expire=2 * HOUR), mail=(100.0,), down=(DAY, 2 * DAY)))
    assert (facts.copies[0].outcome, facts.copies[0].ended_s) == ("bounced", 100.0 + 2 * HOUR)


def test_exim_returns_what_it_has_kept_frozen_for_a_week():
    """timeout_frozen_after, of a message's age."""
    facts = run(world((HOUR, "hold"), product=Exim(), drain=30 * DAY))
    assert (facts.copies[0].outcome, facts.copies[0].ended_s) == ("bounced", 7 * DAY)


def test_a_hold_takes_what_an_attempt_under_way_leaves():
    """Postfix goes on with it; Exim cannot freeze what it is delivering, and tries it again."""
    for product, held in ((Postfix(), True), (Exim(queue_run=600.0), False)):
        weather = {"a-b": Weather(down=(Interval(start=0.0, end=HOUR),))}
        spec = scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts={"a": {"mta": product}}, weather=weather, drain=DAY)
        facts = run(with_acts(spec, (Act(at=10.0, hosts=("a",), do="hold"),)))
        assert (facts.copies[0].outcome == "queued") == held


def test_an_act_may_be_about_one_domain():
    """The others' mail stays where it is."""
    hosts = {"a": {}, "b": {"listening": None}, "c": {"listening": None}}
    mail = (message(0.0, "u1@a", "u1@b"), message(0.0, "u1@a", "u1@c"))
    spec = scenario("a-b a-c", *mail, hosts=hosts, drain=10.0, duration=250.0)
    facts = run(with_acts(spec, (Act(at=200.0, hosts=("a",), do="flush", of="c.example"),)))
    assert [attempt.to_host for attempt in facts.attempts if attempt.started_s == 200.0] == ["c"]
    assert (facts.acts[0].command, facts.acts[0].messages) == ("postqueue -s c.example", 1)


@pytest.mark.parametrize("product", [Postfix(), Exim(), Qmail(), OpenSmtpd()], ids=name)
def test_a_restarted_server_tells_its_clients_at_once(product: Product):
    """Its kernel closes what the program had open: the client knows a way back later, and not by its own timer."""
    hosts = {"a": {"mta": product}, "b": {"service_time": 30.0}}
    spec = scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, delay=0.05)
    facts = run(with_acts(spec, (Act(at=100.0, hosts=("b",), do="restart"),)))
    first = facts.attempts[0]
    assert (first.outcome, first.ended_s) == (AttemptOutcome.CONNECTION_LOST, pytest.approx(100.05, abs=0.002))
    assert facts.copies[0].outcome == "delivered"


def test_nobody_listens_while_a_server_is_restarted():
    """Who connects then is refused, a round trip later; a moment after it is served."""
    mail = [message(at, "u1@a", "u1@b") for at in (100.5, 100.0 + RESTART_TIME)]
    spec = scenario("a-b", *mail, duration=200.0)
    facts = run(with_acts(spec, (Act(at=100.0, hosts=("b",), do="restart"),)))
    assert [attempt.outcome for attempt in facts.attempts[:2]] == ["connection-refused", "accepted"]


@pytest.mark.parametrize("product", FLUSHED, ids=name)
def test_a_restarted_client_takes_up_at_once_what_was_under_way(product: Product):
    """Nothing says that the attempt failed: it is made again when the program is back."""
    hosts = {"a": {"mta": product}, "b": {"service_time": 30.0}}
    spec = scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, drain=DAY)
    facts = run(with_acts(spec, (Act(at=65.0, hosts=("a",), do="restart"),)))
    assert [(attempt.started_s, attempt.outcome) for attempt in facts.attempts][:2] == [
        (0.0, AttemptOutcome.HOST_CRASH),
        (65.0 + RESTART_TIME, AttemptOutcome.ACCEPTED),
    ]


def test_a_client_that_stops_leaves_its_server_free():
    """Its kernel closes the connection: a server of one session has room for the next client."""
    hosts = {"b": {"service_time": 30.0, "sessions": 1}, "c": {}}
    mail = (message(0.0, "u1@a", "u1@b"), message(70.0, "u1@c", "u1@b"))
    spec = scenario("a-b c-b", *mail, hosts=hosts, duration=200.0)
    facts = run(with_acts(spec, (Act(at=65.0, hosts=("a",), do="restart"), Act(at=66.5, hosts=("a",), do="hold"))))
    assert facts.copies[1].outcome == "delivered"


def test_mail_that_had_gone_out_when_its_client_stopped_arrives_twice():
    """The kernel goes on with the final dot that it holds: the server delivers, and so does the next attempt."""
    spec = scenario("a-b", message(0.0, "u1@a", "u1@b"), delay=1.0, drain=DAY)
    calm = run(spec)
    last = calm.attempts[0].ended_s - 1.5
    facts = run(with_acts(spec, (Act(at=last, hosts=("a",), do="restart"),)))
    assert (facts.copies[0].outcome, facts.copies[0].duplicates) == ("delivered", 1)


@pytest.mark.parametrize(
    ("product", "at_once"),
    [
        (Postfix(), False),
        (Exim(), False),
        (Qmail(), False),
        (Haraka(), False),
        (Delays(delays=(10 * HOUR,)), False),
        (Exchange(), True),
        (Jsms(), True),
        (Nullmailer(maxpause=10 * HOUR), True),
    ],
    ids=lambda value: name(value) if isinstance(value, Product) else "",
)
def test_what_sleeps_wakes_with_the_program_where_the_times_were_in_memory(product: Product, at_once: bool):
    """Others find the times in their spools, and wait for them."""
    refusing = Policies(refuse=(Refusal(at="rcpt", code=451),))
    spec = scenario(
        "a-b", message(0.0, "u1@a", "u1@b"), hosts={"a": {"mta": product}, "b": {"policies": refusing}}, drain=3 * HOUR
    )
    facts = run(with_acts(spec, (Act(at=30.0, hosts=("a",), do="restart"),)))
    assert (30.0 + RESTART_TIME in starts(facts)) == at_once


def test_a_restart_of_postfix_forgets_dead_destinations_and_keeps_names():
    """The queue manager's windows are its program's; the resolver is another one."""
    spec = world((200.0, "restart"), mail=(0.0, 250.0), down=(0.0, 220.0))
    facts = run(spec)
    assert [attempt.started_s for attempt in facts.attempts if attempt.message_id == 2] == [250.0]


def test_held_mail_stays_held_through_a_restart_but_for_opensmtpd_s_pause():
    """The queue's state is on disk; that of the pause is not."""
    for product, outcome in ((Postfix(), "queued"), (OpenSmtpd(), "delivered")):
        mail = (0.0, 700.0) if isinstance(product, OpenSmtpd) else (0.0,)
        spec = world(
            (600.0, "hold"), (800.0, "restart"), product=product, mail=mail, down=(0.0, 400.0), drain=10 * HOUR
        )
        if isinstance(product, Postfix):
            spec = world((100.0, "hold"), (800.0, "restart"), product=product, down=(0.0, 400.0), drain=10 * HOUR)
        assert run(spec).copies[-1].outcome == outcome


def test_who_is_down_hears_nothing():
    """No act, and no record of one; a restart of a host that is down is nothing, too."""
    hosts = {"a": {"weather": Weather(down=(Interval(start=50.0, end=150.0),))}, "b": {"listening": None}}
    spec = scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, drain=HOUR)
    acts = tuple(Act(at=100.0 + at, hosts=("a",), do=do) for at, do in enumerate(("hold", "restart", "flush")))
    assert run(with_acts(spec, acts)).acts == []


def test_a_host_that_falls_while_it_is_restarted_loses_what_it_has_in_memory():
    """A volatile spool goes with the host, not with the program."""
    down = Weather(down=(Interval(start=100.5, end=200.0),))
    hosts = {"a": {"spool": "volatile", "weather": down}, "b": {"listening": None}, "c": {"spool": "volatile"}}
    mail = (message(0.0, "u1@a", "u1@b"), message(0.0, "u1@c", "u1@b"))
    spec = scenario("a-b c-b", *mail, hosts=hosts, drain=HOUR, duration=300.0)
    acts = tuple(Act(at=100.0, hosts=(host,), do="restart") for host in "ac")
    assert [copy.outcome for copy in run(with_acts(spec, acts)).copies] == ["lost", "queued"]

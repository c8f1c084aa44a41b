"""Policies in a run: what senders go through."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.scenario.products.base import ErrorLimits, Product
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.spec import DAY, NULL_MX, Domain, Interval, Weather
from sim.scenario.spec.policies import Greylist, Place, Policies, Rate, Refusal

MINUTE = 60.0


def facts_of(policies: Policies, *mail, **more):
    """A run in which host b has these policies."""
    hosts = {"b": {"policies": policies, **more}}
    return run(scenario("a-b", *(mail or [message(0, "u1@a", "u1@b")]), hosts=hosts))


@pytest.mark.parametrize(("delay", "tries"), [(300.0, 2), (600.0, 3), (1200.0, 4)])
def test_greylisted_mail_comes_again(delay: float, tries: int):
    """Postfix's tries come at 5, 10, 20 and 40 min, less than a queue run later: the first after the delay gets in."""
    facts = facts_of(Policies(greylist=Greylist(delay=delay)))
    assert [attempt.reply_code for attempt in facts.attempts] == [451] * (len(facts.attempts) - 1) + [250]
    assert len(facts.attempts) in (tries, tries - 1)
    assert delay <= facts.copies[0].ended_s < 2 * delay + 600


def test_a_known_sender_is_not_put_off_again():
    """Of two messages of the same people, the second passes at once when the delay of the first is over."""
    facts = facts_of(Policies(greylist=Greylist(delay=50.0)), message(0, "u1@a", "u1@b"), message(99, "u1@a", "u1@b"))
    assert [attempt.reply_code for attempt in facts.attempts if attempt.message_id == 2] == [250]


def test_greylisting_puts_off_its_recipient_alone():
    """One recipient is known, the other is not: the message is deferred for one of them."""
    policies = Policies(greylist=Greylist(delay=1.0))
    mail = [message(0, "u1@a", "u1@b"), message(99, "u1@a", "u1@b", "u2@b")]
    facts = run(scenario("a-b", *mail, hosts={"b": {"policies": policies}}, duration=5000.0))
    assert {copy.outcome for copy in facts.copies} == {"delivered"}


@pytest.mark.parametrize(
    ("place", "code", "outcome"),
    [
        (place, code, "delivered" if code < 500 or place == "connect" else "bounced")
        for place in get_args(Place)
        for code in (421, 450, 554)
    ],
)
def test_injected_refusals_act_for_their_time(place: str, code: int, outcome: str):
    """A temporary one delays the mail until it is over, a permanent one returns it; but 5yz greetings put off Postfix."""
    facts = facts_of(Policies(refuse=(Refusal(at=place, code=code, during=((0.0, 30 * MINUTE),)),)))
    copy = facts.copies[0]
    assert (copy.outcome, facts.attempts[0].reply_code) == (outcome, code)
    assert (copy.ended_s > 30 * MINUTE) == (outcome == "delivered")


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(
    place=st.sampled_from(get_args(Place)),
    code=st.integers(400, 599),
    text=st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=120),
    extensions=st.sampled_from(((), ("SMTPUTF8", "8BITMIME"), ("CHUNKING", "PIPELINING", "ENHANCEDSTATUSCODES"))),
    esmtp=st.booleans(),
)
def test_any_refusal_of_any_text_is_told_at_any_place(place, code, text, extensions, esmtp):
    """What is refused once has a reply with its code, whatever the session can do; no code and no text breaks a run."""
    policies = Policies(refuse=(Refusal(at=place, code=code, text=text, during=((0.0, 60.0),)),))
    facts = facts_of(policies, message(0, "u1@a", "u1@b"), extensions=extensions, esmtp=esmtp)
    assert facts.attempts[0].reply_code == code
    assert facts.copies[0].outcome in ("delivered", "bounced")


def test_refusals_before_a_421_stand():
    """The third unknown recipient is one error too many: the first two are returned, the others come again."""
    names = ["x@b", "y@b", "z@b", "u1@b"]
    facts = facts_of(Policies(errors=ErrorLimits(soft_limit=0, hard_limit=3)), message(0, "u1@a", *names))
    assert [copy.outcome for copy in facts.copies[:4]] == ["bounced", "bounced", "bounced", "delivered"]
    assert [attempt.reply_code for attempt in facts.attempts if attempt.from_host == "a"] == [550, 250]


def test_a_greeting_may_be_held_back():
    """Six seconds (postscreen_greet_wait) are the server's; a client with less patience goes."""
    quick, late = (facts_of(Policies(greeting_delay=delay)).copies[0] for delay in (0.0, 6.0))
    assert late.ended_s - quick.ended_s == pytest.approx(6.0)
    assert late.service_s - quick.service_s == pytest.approx(6.0)
    facts = facts_of(Policies(greeting_delay=400.0))
    assert {attempt.outcome for attempt in facts.attempts} == {"timeout"}


def test_errors_hold_a_session_up():
    """From the first unknown recipient on every reply takes a second: theirs, that to DATA, and that to the dot."""
    names = ["x@b", "y@b", "u1@b"]
    times = []
    for delay in (0.0, 1.0):
        errors = ErrorLimits(soft_limit=1, hard_limit=0, delay=delay)
        facts = facts_of(Policies(errors=errors), message(0, "u1@a", *names))
        times.append(next(copy.ended_s for copy in facts.copies if copy.recipient == "u1@b.example"))
    assert times[1] - times[0] == pytest.approx(4.0)


@pytest.mark.parametrize("product", [Postfix(), Exim(), Sendmail()])
def test_a_session_takes_so_many_messages_and_the_rest_goes_in_others(product):
    """421 to the MAIL after the second; all arrive."""
    mail = [message(0, "u1@a", "u1@b") for _ in range(7)]
    hosts = {"a": {"mta": product}, "b": {"policies": Policies(messages_per_session=2), "service_time": 0.1}}
    facts = run(scenario("a-b", *mail, hosts=hosts, drain=DAY))
    assert [copy.outcome for copy in facts.copies] == ["delivered"] * 7
    taken = Counter(attempt.session_id for attempt in facts.attempts if attempt.reply_code == 250)
    assert max(taken.values()) <= 2


@pytest.mark.parametrize(("place", "code"), [("mail", 450), ("mail", 550), ("rcpt", 450), ("data", 451), ("mail", 421)])
@pytest.mark.parametrize(
    ("product", "keeps"), [(Postfix(default_destination_concurrency_limit=1), True), (Exim(), False)]
)
def test_postfix_resets_a_session_and_keeps_it_after_a_refusal(place, code, product, keeps):
    """RSET, and the next message (smtp_proto.c: SMTP_STATE_ABORT); 421 ends the session all the same."""
    refusal = Refusal(at=place, code=code, during=((0.0, 60.0),))
    mail = [message(0.0, "u1@a", "u1@b") for _ in range(4)]
    hosts = {"a": {"mta": product}, "b": {"policies": Policies(refuse=(refusal,)), "service_time": 0.1}}
    facts = run(scenario("a-b", *mail, hosts=hosts, drain=DAY))
    tries = facts.attempts[:4]
    assert {attempt.reply_code for attempt in tries} == {code}
    assert (len({attempt.session_id for attempt in tries}) < 4) == (keeps and code != 421)


@pytest.mark.parametrize(
    ("product", "place", "code", "keeps"),
    [
        (OpenSmtpd(), "mail", 450, True),
        (OpenSmtpd(), "data", 550, True),
        (Exim(), "rcpt", 550, True),
        (Exim(), "mail", 550, False),
        (Exim(), "dot", 550, False),
        (Exchange(), "rcpt", 550, False),
    ],
)
def test_others_go_on_after_a_refusal_as_their_sources_say(product, place, code, keeps):
    """With RSET: OpenSMTPD always (mta_session.c), Exim where all recipients were refused for good (transports/smtp.c)."""
    refusal = Refusal(at=place, code=code, during=((0.0, 7200.0),))
    mail = [message(0.0, "u1@a", "u1@b") for _ in range(4)]
    hosts = {"a": {"mta": product}, "b": {"policies": Policies(refuse=(refusal,)), "service_time": 0.1}}
    # All of it waits for the host when that comes up.
    weather = {"a-b": Weather(down=(Interval(start=0.0, end=500.0),))}
    facts = run(scenario("a-b", *mail, hosts=hosts, weather=weather, drain=DAY, dialogues=True))
    said = [line.line for line in facts.dialogues if line.direction == ">" and line.time_s < 7200.0]
    assert ("RSET" in said) == keeps


def test_exchange_takes_twenty_sessions_of_a_client():
    """MaxInboundConnectionPerSource; a scenario may say another number."""
    most = {}
    for policies in (Policies(), Policies(sessions_at_once=25)):
        mail = [message(0, "u1@a", f"u{number}@b") for number in (1, 2) for _ in range(20)]
        hosts = {
            "a": {"mta": Postfix(default_destination_concurrency_limit=40, initial_destination_concurrency=40)},
            "b": {"mta": Exchange(), "policies": policies, "service_time": 1.0},
        }
        codes = [attempt.reply_code for attempt in run(scenario("a-b", *mail, hosts=hosts)).attempts[:40]]
        most[policies] = codes.count(421)
    assert list(most.values()) == [20, 15]


def test_a_rate_spreads_mail_over_time():
    """Two messages an hour: the rest comes again until it is let in."""
    facts = facts_of(Policies(messages=Rate(count=2, per=3600.0)), *[message(0, "u1@a", "u1@b") for _ in range(5)])
    ends = sorted(copy.ended_s for copy in facts.copies)
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    assert ends[1] < MINUTE < 3600 <= ends[2] < 7200 <= ends[4]


def test_a_client_keeps_to_its_sessions():
    """One session at a time: those that are too many come again."""
    mail = [message(0, "u1@a", "u1@b") for _ in range(4)]
    facts = facts_of(Policies(sessions_at_once=1), *mail, service_time=1.0)
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    assert Counter(attempt.reply_code for attempt in facts.attempts)[421] >= 3


def test_a_restart_forgets_sessions_but_not_friends():
    """After a crash nobody has a session; whom the greylist knows it knows still."""
    weather = Weather(down=(Interval(start=0.2, end=10.0), Interval(start=4000.0, end=4100.0)))
    policies = Policies(sessions_at_once=1, greylist=Greylist())
    facts = facts_of(policies, message(0, "u1@a", "u1@b"), weather=weather, service_time=0.1)
    assert facts.copies[0].outcome == "delivered"


def test_mail_for_unknown_users_may_be_returned_later():
    """Taken with 250, then returned by the host that took it."""
    facts = facts_of(Policies(unknown_users="bounce"), message(0, "u1@a", "nobody@b"))
    [copy, report] = facts.copies
    assert (copy.outcome, copy.reason, copy.path) == ("bounced", "550 5.1.1 User unknown", "a>b")
    assert (report.recipient, report.path, report.outcome) == ("u1@a.example", "b>a", "delivered")


@pytest.mark.parametrize("product", [Postfix(), Exim(), Sendmail(), OpenSmtpd(), Exchange()])
def test_mail_from_a_null_mx_may_be_refused(product: Product):
    """550 5.7.27 to MAIL (RFC 7505 section 4.2), for good; other mail, and reports, come in."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((0, "b"),), users=("u1",)),
        "deaf.example": Domain(name="deaf.example", mx=NULL_MX, users=(), submission="a"),
    }
    hosts = {"*": {"mta": product}, "b": {"policies": Policies(null_mx_senders="reject"), "mta": product}}
    mail = [message(0, "u1@deaf", "u1@b"), message(1, "u1@a", "u1@b"), message(2, "u1@b", "nobody@a")]
    facts = run(scenario("a-b", *mail, domains=domains, hosts=hosts))
    assert [(copy.outcome, copy.reason[:10]) for copy in facts.copies if copy.recipient == "u1@b.example"] == [
        ("bounced", "550 5.7.27"),
        ("delivered", ""),
        ("delivered", ""),
    ]


def test_a_full_spool_makes_mail_wait_at_its_sender():
    """A relay whose next hop is down takes no more than its queue may hold; all arrives in the end."""
    hosts = {"b": {"policies": Policies(spool=2500)}}
    mail = [message(time, "u1@a", "u1@c", size=1000) for time in range(5)]
    weather = {"b-c": Weather(down=(Interval(start=0.0, end=3600.0),))}
    facts = run(scenario("a-b b-c", *mail, hosts=hosts, weather=weather, transfer="store-and-forward", drain=2 * DAY))
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    assert 452 in {attempt.reply_code for attempt in facts.attempts if attempt.from_host == "a"}
    assert max(fact.bytes for fact in facts.queues if fact.host == "b") <= 2500 + 500

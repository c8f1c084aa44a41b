"""Whom mail goes to, in a run: null MX, aliases, exchangers that are busy, mail that a backup holds."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.mta.server.recipients import Directory
from sim.scenario.products.base import Product
from sim.scenario.products.exim import Exim
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.spec import HOUR, NULL_MX, Domain, Host, Interval, Postfix, Weather
from sim.world.simulation import Simulation

DOMAINS = {
    "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
    "b.example": Domain(name="b.example", mx=((10, "x"), (20, "y")), users=("u1",)),
    "alias.example": Domain(name="alias.example", mx=(), users=("u1",), cname="b.example"),
    "deaf.example": Domain(name="deaf.example", mx=NULL_MX, users=()),
}


def test_mail_for_a_null_mx_bounces_at_once():
    """556 5.1.10, without an attempt (RFC 7505)."""
    facts = run(
        scenario("a-x", message(0, "u1@a", "u1@deaf.example"), domains=DOMAINS | {"b.example": DOMAINS["a.example"]})
    )
    assert (facts.copies[0].outcome, facts.copies[0].reason) == ("bounced", "556 5.1.10 Recipient address has null MX")
    assert facts.attempts == []


@pytest.mark.parametrize("author", ["news@deaf.example", "news@deaf-alias.example"])
def test_mail_from_a_null_mx_is_sent_like_other_mail(author: str):
    """It starts where the domain's mail is handed in; the report on it comes back to nobody: 556 5.1.10."""
    domains = DOMAINS | {
        "deaf.example": Domain(name="deaf.example", mx=NULL_MX, users=(), submission="y"),
        "deaf-alias.example": Domain(
            name="deaf-alias.example", mx=NULL_MX, users=(), submission="a", cname="deaf.example"
        ),
    }
    first = {"news@deaf.example": "y", "news@deaf-alias.example": "a"}[author]
    written = message(0, author, "u1@b.example"), message(0, author, "nobody@b.example")
    facts = run(scenario("a-x x-y", *written, domains=domains))
    assert [(copy.recipient, copy.outcome, copy.path, copy.reason) for copy in facts.copies] == [
        ("u1@b.example", "delivered", f"{first}>x", ""),
        ("nobody@b.example", "bounced", first, "550 5.1.1 No such user here"),
        (author, "expired", first, "556 5.1.10 Recipient address has null MX"),
    ]


def test_nobody_who_can_be_drawn_is_needed_where_nobody_is_drawn():
    """A network whose domains all take no mail, with messages by hand."""
    silent = {"deaf.example": Domain(name="deaf.example", mx=NULL_MX, users=(), submission="a")}
    facts = run(scenario("a-x", message(0, "news@deaf.example", "u1@deaf.example"), domains=silent))
    assert [copy.outcome for copy in facts.copies] == ["bounced", "expired"]


def test_mail_for_an_alias_goes_to_its_domains_host():
    """CNAME: the forward-path stays as it was written."""
    facts = run(scenario("a-x a-y", message(0, "u1@a", "u1@alias.example"), domains=DOMAINS))
    assert [(copy.recipient, copy.outcome, copy.path) for copy in facts.copies] == [
        ("u1@alias.example", "delivered", "a>x")
    ]


@pytest.mark.parametrize("product", [Postfix(default_destination_concurrency_limit=1), OpenSmtpd(maxconn_per_route=1)])
def test_a_full_window_is_waited_for(product: Product):
    """Mail that finds the better host's places taken waits for them; it does not go to a worse host (mta.c)."""
    hosts = {"a": {"mta": product}, "x": {"service_time": 10.0}}
    facts = run(scenario("a-x a-y", *[message(0, "u1@a", "u1@b") for _ in range(4)], domains=DOMAINS, hosts=hosts))
    assert {attempt.to_host for attempt in facts.attempts} == {"x"}


def test_a_host_that_refuses_a_session_is_passed_over():
    """421 at the greeting: the next host of the domain is asked at once, and holds the mail if it is a backup."""
    hosts = {"x": {"sessions": 1, "service_time": 10.0, "mta": Exim()}}
    facts = run(scenario("a-x a-y x-y", *[message(0, "u1@a", "u1@b") for _ in range(2)], domains=DOMAINS, hosts=hosts))
    assert sorted(copy.path for copy in facts.copies) == ["a>x", "a>y>x"]


def test_a_backup_holds_mail_and_releases_it():
    """While the best host is down the backup takes the mail; it passes it on when one of its tries finds that host."""
    hosts = {"x": {"weather": Weather(down=(Interval(start=0.0, end=HOUR),))}}
    facts = run(scenario("a-x a-y x-y", message(60, "u1@a", "u1@b"), domains=DOMAINS, hosts=hosts))
    [copy] = facts.copies
    assert (copy.outcome, copy.path) == ("delivered", "a>y>x")
    assert HOUR < copy.ended_s < HOUR + 4000 + 300


def test_a_host_that_does_not_know_that_it_is_the_best_returns_the_mail():
    """Mail for the domain loops back to itself: 5.4.6, and no attempt (smtp_addr.c; qmail-remote.c: perm_ambigmx)."""
    spec = scenario("a-x a-y", message(0, "u1@a", "u1@b"), domains=DOMAINS)
    [architecture] = spec.architectures.values()
    world = Simulation(spec, architecture, 0, 1)
    host = world.hosts["x"]
    host.server.directory = host.custody.directory = Directory(Host(name="x"), [], lambda _: ((5, "elsewhere"),))
    facts = world.run()
    [fate] = [copy for copy in facts.copies if copy.recipient == "u1@b.example"]
    assert (fate.outcome, fate.reason, fate.path) == (
        "bounced",
        "554 5.4.6 mail for b.example loops back to myself",
        "a>x",
    )
    assert [attempt.from_host for attempt in facts.attempts if attempt.to_host != "a"] == ["a"]


def test_a_backup_leaves_itself_and_all_that_is_worse_alone():
    """Of four hosts the third has the mail, and the better two are down: it tries these two alone."""
    hosts = {name: {"weather": Weather(down=(Interval(start=0.0, end=1e9),))} for name in "wx"}
    four = DOMAINS | {
        "b.example": Domain(name="b.example", mx=((10, "w"), (20, "x"), (30, "y"), (40, "z")), users=("u1",))
    }
    mail = message(0, "u1@a", "u1@b")
    facts = run(scenario("a-y y-w y-x y-z", mail, domains=four, hosts=hosts, drain=HOUR))
    assert {attempt.to_host for attempt in facts.attempts if attempt.from_host == "y"} == {"w", "x"}


def test_a_host_without_a_route_is_tried_like_one_that_does_not_answer():
    """4.4.1, as Postfix (smtp_connect.c) and qmail-remote have it; then the next host of the domain."""
    weather = {"a-x": Weather(down=(Interval(start=0.0, end=1e9),))}
    mail = message(0, "u1@a", "u1@b")
    facts = run(scenario("a-x a-y", mail, domains=DOMAINS, weather=weather, drain=0.0, unreachable="icmp"))
    first, second = [attempt for attempt in facts.attempts if attempt.from_host == "a"]
    assert (first.to_host, first.outcome, first.enhanced_code, first.session_id) == ("x", "no-route", "4.4.1", 0)
    assert (second.to_host, second.outcome) == ("y", "accepted")

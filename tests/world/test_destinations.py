"""A destination is what the product says: a host, a next-hop domain, a recipient, or all the world."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

from sim.mta.queue.destination import naming_of
from sim.scenario.products.exim import Exim
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.quantity import DAY
from sim.scenario.spec import Domain, Interval, Weather

ALWAYS_DOWN = Weather(down=(Interval(start=0.0, end=1000 * DAY),))
AT_HOME = {"a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",))}


def domains(count: int, *hosts: str) -> dict[str, Domain]:
    """As many domains, each with the same MX hosts of equal preference."""
    names = [f"d{number}.example" for number in range(count)]
    return AT_HOME | {
        name: Domain(name=name, mx=tuple((10, host) for host in hosts), users=("u1", "u2")) for name in names
    }


def one_by_one(**settings) -> Postfix:
    """A Postfix with one delivery to a destination at a time."""
    return Postfix(default_destination_concurrency_limit=1, initial_destination_concurrency=1, **settings)


def last_end(facts) -> float:
    """When the last copy was delivered, s."""
    assert {copy.outcome for copy in facts.copies} == {"delivered"}
    return max(copy.ended_s for copy in facts.copies)


@pytest.mark.parametrize(("count", "at_most"), [(1, 52.0), (10, 7.0)])
def test_postfix_has_a_queue_for_each_domain(count: int, at_most: float):
    """Ten messages of 5 s each, one at a time to a destination: to one domain one by one, to ten on one MX at once."""
    mail = [message(0, "u1@a", f"u1@d{number % count}.example") for number in range(10)]
    hosts = {"a": {"mta": one_by_one()}, "x": {"commit_time": 5.0}}
    end = last_end(run(scenario("a-x", *mail, domains=domains(count, "x"), hosts=hosts)))
    assert at_most - 2 < end < at_most


def test_with_recipient_limit_one_each_recipient_is_a_destination():
    """Two recipients of 5 s each go at once, though one delivery to a destination may be under way (qmgr_message.c)."""
    mail = message(0, "u1@a", "u1@d0.example", "u2@d0.example")
    hosts = {"a": {"mta": one_by_one(default_destination_recipient_limit=1)}, "x": {"commit_time": 5.0}}
    assert last_end(run(scenario("a-x", mail, domains=domains(1, "x"), hosts=hosts))) < 6.0


def test_a_neighbour_is_one_destination():
    """From neighbour to neighbour the next hop is the neighbour, as with transport(5): its mail goes one by one."""
    mail = [message(0, "u1@a", f"u1@{name}") for name in ("b", "c", "d")]
    hosts = {"a": {"mta": one_by_one()}, "b": {"commit_time": 5.0}}
    spec = scenario("a-b b-c b-d", *mail, hosts=hosts, transfer="store-and-forward")
    assert 15.0 < last_end(run(spec)) < 17.0


@pytest.mark.parametrize(
    ("product", "recipients"), [(Postfix(), [1, 1]), (Exim(), [2]), (Sendmail(), [2]), (Qmail(), [1, 1])]
)
def test_who_shares_a_transaction(product, recipients: list[int]):
    """One message for two domains on one MX: Postfix makes two deliveries of it, Exim and sendmail one."""
    mail = message(0, "u1@a", "u1@d0.example", "u1@d1.example")
    facts = run(scenario("a-x", mail, domains=domains(2, "x"), hosts={"a": {"mta": product}}))
    assert [attempt.recipients for attempt in facts.attempts] == recipients


def test_a_session_serves_its_domain_by_any_of_its_hosts():
    """One of two equal MX is down: once a session with the other is open, mail that is there goes on in it."""
    mail = [message(0, "u1@a", "u1@d0.example") for _ in range(100)]
    hosts = {"x": {"weather": ALWAYS_DOWN}, "y": {"commit_time": 0.1}}
    facts = run(scenario("a-x a-y", *mail, domains=domains(1, "x", "y"), hosts=hosts))
    assert last_end(facts) < 40.0


@pytest.mark.slow
def test_one_of_two_mx_dead_costs_the_throughput_that_is_written_down():
    """Connecting takes 30 s in vain, 20 at once: just over one message a second, without a cache (QSHAPE_README)."""
    product = Postfix(smtp_connection_cache_on_demand=False, initial_destination_concurrency=20)
    mail = [message(0, "u1@a", "u1@d0.example") for _ in range(1000)]
    hosts = {"a": {"mta": product}, "x": {"weather": ALWAYS_DOWN}}
    facts = run(scenario("a-x a-y", *mail, domains=domains(1, "x", "y"), hosts=hosts))
    assert 1.0 < 1000 / last_end(facts) < 1.5


def test_the_names_of_destinations():
    """By host, or by none."""
    assert naming_of(OpenSmtpd(), relays=False, routes={})("x", ()) == "x"
    assert naming_of(Qmail(), relays=False, routes={})("x", ()) == ""

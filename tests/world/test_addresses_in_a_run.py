"""Hosts with several addresses: which are tried, what each costs, and which one a client comes from."""

from __future__ import annotations

from collections import Counter
from math import perm, sqrt
from statistics import mean

import pytest

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.products.delays import Delays
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.show import show
from sim.scenario.spec import Address, Domain, Interval, Weather
from sim.scenario.spec.policies import Greylist, Policies, Rate
from tests.world.worlds import message, run, scenario

HOUR = 3600.0
V4, OTHER_V4, V6 = "192.0.2.1", "192.0.2.2", "2001:db8::1"
DEAD_V6 = (Address(ip=V4), Address(ip=V6, reachable=None))


def tries(facts) -> list[tuple[str, str]]:
    """Where each attempt went, and its outcome."""
    return [(attempt.to_address, attempt.outcome) for attempt in facts.attempts]


@pytest.mark.parametrize(("product", "wait"), [(Exim(), 134.5), (Sendmail(), 120.0)])
def test_a_dead_ipv6_address_costs_its_connect_timeout(product, wait: float):
    """These two try IPv6 first: their own timeout, or that of Linux' SYNs."""
    hosts = {"a": {"mta": product}, "b": {"addresses": DEAD_V6}}
    facts = run(scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts))
    assert tries(facts) == [(V6, "connect-timeout"), (V4, "accepted")]
    assert facts.attempts[1].started_s == pytest.approx(wait, abs=1.0)


def test_qmail_knows_no_ipv6():
    """It tries the IPv4 address alone, and returns what has none."""
    six = (Address(ip=V6),)
    hosts = {"a": {"mta": Qmail()}, "b": {"addresses": DEAD_V6}, "c": {"addresses": six}}
    facts = run(scenario("a-b a-c", message(0.0, "u1@a", "u1@b"), message(1.0, "u1@a", "u1@c"), hosts=hosts))
    assert tries(facts) == [(V4, "accepted")]
    assert [copy.outcome for copy in facts.copies[:2]] == ["delivered", "bounced"]


def test_addresses_count_for_postfix_limits():
    """Five addresses are tried (smtp_mx_address_limit), in 30 s each; refused ones cost a round trip."""
    shut = tuple(Address(ip=f"192.0.2.{number}", reachable=None) for number in range(1, 9))
    hosts = {"a": {"mta": Postfix()}, "b": {"addresses": shut}}
    facts = run(scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, drain=200.0))
    assert ([a.outcome for a in facts.attempts], facts.attempts[-1].ended_s) == (["connect-timeout"] * 5, 150.0)
    assert len({attempt.to_address for attempt in facts.attempts}) == 5


def test_an_address_may_be_reachable_at_times():
    """What is under way when it goes stays on its way, as over a link that is down for a while."""
    at_times = Weather(down=(Interval(start=10.0, end=20.0),))
    hosts = {"b": {"addresses": (Address(ip=V4, reachable=at_times),), "service_time": 2.5}}
    facts = run(scenario("a-b", message(0.0, "u1@a", "u1@b"), message(12.0, "u1@a", "u1@b"), hosts=hosts))
    assert tries(facts)[0] == (V4, "accepted")
    assert facts.attempts[0].ended_s > 20.0
    late = next(attempt for attempt in facts.attempts if attempt.message_id == 2)
    assert (late.outcome, late.ended_s > 20.0) == ("accepted", True)


def test_nobody_may_listen_at_one_address():
    """The other one takes the mail, a round trip later."""
    deaf = (Address(ip=V6, listening=None), Address(ip=V4))
    hosts = {"a": {"mta": Exim()}, "b": {"addresses": deaf}}
    facts = run(scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, delay=0.05))
    assert tries(facts) == [(V6, "connection-refused"), (V4, "accepted")]
    assert facts.attempts[1].started_s == pytest.approx(0.1, abs=2e-3)


@pytest.mark.parametrize("unreachable", ["silent", "icmp"])
def test_a_host_without_ipv6_has_no_route_to_it(unreachable: str):
    """Its own kernel says so, at once."""
    hosts = {
        "a": {"mta": Exim(), "addresses": (Address(ip=OTHER_V4),)},
        "b": {"addresses": (Address(ip=V6), Address(ip=V4))},
    }
    facts = run(scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, unreachable=unreachable))
    assert tries(facts) == [(V6, "no-route"), (V4, "accepted")]
    assert (facts.attempts[0].ended_s, facts.attempts[1].from_address) == (0.0, OTHER_V4)


def test_exim_remembers_addresses():
    """The dead one is passed over until its retry time; the host is not."""
    hosts = {"a": {"mta": Exim()}, "b": {"addresses": DEAD_V6}}
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 300.0)]
    facts = run(scenario("a-b", *mail, hosts=hosts, duration=HOUR))
    assert tries(facts) == [(V6, "connect-timeout"), (V4, "accepted"), (V4, "accepted")]


def test_addresses_of_equal_hosts_are_mixed_by_postfix():
    """Of two hosts of one preference with two addresses each, any may come first."""
    domains = {
        "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
        "b.example": Domain(name="b.example", mx=((10, "x"), (10, "y")), users=("u1",)),
    }
    hosts = {
        "x": {"addresses": (Address(ip=V4), Address(ip=V6))},
        "y": {"addresses": (Address(ip=OTHER_V4), Address(ip="2001:db8::2"))},
    }
    spec = scenario("a-x a-y", message(0.0, "u1@a", "u1@b"), hosts=hosts, domains=domains)
    firsts = Counter(run(spec, replication).attempts[0].to_address for replication in range(40))
    assert sorted(firsts) == sorted([V4, V6, OTHER_V4, "2001:db8::2"])


POOL = tuple(Address(ip=f"192.0.2.{number}") for number in range(10, 13))


@pytest.mark.parametrize(("how", "seen"), [("first", 1), ("in-turn", 3), ("random", 3)])
def test_a_host_may_send_from_a_pool_of_addresses(how: str, seen: int):
    """Each session comes from one of them, as the host chooses."""
    hosts = {"a": {"addresses": POOL, "sends_from": how, "reuse": "never"}}
    mail = [message(60.0 * number, "u1@a", "u1@b") for number in range(20)]
    facts = run(scenario("a-b", *mail, hosts=hosts, duration=HOUR))
    sources = [attempt.from_address for attempt in facts.attempts]
    assert len({*sources}) == seen
    if how == "in-turn":
        assert sources == [POOL[number % 3].ip for number in range(20)]


BY_ADDRESS = {"ipv4cidr": 32, "ipv6cidr": 128}


@pytest.mark.parametrize(
    ("key", "how", "tries_needed"),
    [(BY_ADDRESS, "first", 2), (BY_ADDRESS, "in-turn", 4), ({}, "in-turn", 2), ({}, "random", 2)],
)
def test_a_greylist_by_address_takes_each_for_another_client(key: dict[str, int], how: str, tries_needed: int):
    """A message whose tries come from three addresses is known after the first has come again; by network, at once."""
    grey = Policies(greylist=Greylist(delay=60.0, whitelist_after=0, **key))
    hosts = {"a": {"addresses": POOL, "sends_from": how}, "b": {"policies": grey}}
    facts = run(scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts))
    assert (len(facts.attempts), facts.copies[0].outcome) == (tries_needed, "delivered")


@pytest.mark.slow
@pytest.mark.parametrize("pool", [2, 7, 16])
def test_a_greylist_by_address_delays_as_birthdays_have_it(pool: int):
    """Of n addresses drawn alike one comes a second time after sum(n! / (n - k)! / n^k) tries on average.

    That is the birthday problem's expectation (Knuth, TAOCP 1.2.11.3: 1 + Q(n)); each try but the last waits for one
    delay of the sender's, and the mean over 400 messages is within four standard errors.
    """
    gap, mails = 600.0, 400
    addresses = tuple(Address(ip=f"192.0.2.{number}") for number in range(1, pool + 1))
    sender = {"addresses": addresses, "sends_from": "random", "reuse": "never", "mta": Delays(delays=(gap,))}
    grey = Policies(greylist=Greylist(delay=300.0, whitelist_after=0, **BY_ADDRESS))
    mail = [message(0.0, f"u{1 + n % 20}@a", f"u{1 + n // 20}@b") for n in range(mails)]
    world = scenario("a-b", *mail, hosts={"a": sender, "b": {"policies": grey}}, users=20)
    tries = [copy.attempts for copy in run(world).copies]
    beyond = [perm(pool, k) / pool**k for k in range(pool + 1)]
    expected, square = sum(beyond), sum((2 * k + 1) * left for k, left in enumerate(beyond))
    error = sqrt((square - expected**2) / mails)
    assert mean(tries) == pytest.approx(expected, abs=4 * error)
    delays = [copy.ended_s - copy.created_s for copy in run(world).copies]
    assert mean(delays) == pytest.approx((mean(tries) - 1) * gap, rel=0.01)


def test_a_rate_limit_is_each_address_s():
    """One session a minute for each: three addresses get three in."""
    limit = Policies(sessions=Rate(count=1, per=60.0))
    hosts = {"a": {"addresses": POOL, "sends_from": "in-turn", "reuse": "never"}, "b": {"policies": limit}}
    mail = [message(number, "u1@a", "u1@b") for number in range(5)]
    facts = run(scenario("a-b", *mail, hosts=hosts, drain=10.0))
    assert [attempt.outcome for attempt in facts.attempts] == ["accepted"] * 3 + ["deferred"] * 2


FILE = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
hosts: {{b: {{addresses: {addresses}, sends_from: random}}}}
"""


def test_a_file_says_which_addresses_a_host_has():
    """Alone, or with when they are reachable and somebody listens; `show` gives the same."""
    text = '[192.0.2.1, {ip: "2001:DB8:0::1", reachable: no, listening: {down: [{from: 1 s, to: 2 s}]}}]'
    spec = loads(FILE.format(addresses=text))
    host = spec.architectures["end-to-end"].hosts["b"]
    when = Weather(down=(Interval(start=1.0, end=2.0),))
    assert host.addresses == (Address(ip=V4), Address(ip=V6, reachable=None, listening=when))
    assert (host.sends_from, loads(show(spec)).architectures) == ("random", spec.architectures)


@pytest.mark.parametrize(
    ("addresses", "fault"),
    [
        ("[localhost]", "not an IP address (localhost): allowed is e.g. 192.0.2.1 or 2001:db8::1"),
        ("[192.0.2.1, 192.0.2.1]", "this address is there twice (192.0.2.1): allowed is each once"),
        ("[{ip: 3}]", "not an IP address (3): allowed is e.g. 192.0.2.1 or 2001:db8::1"),
        ("[{reachable: no}]", "ip is missing: needed is ip"),
        ("192.0.2.1", "not a list (192.0.2.1): allowed is a list"),
    ],
)
def test_other_addresses_are_errors(addresses: str, fault: str):
    """With what is allowed instead."""
    with pytest.raises(ScenarioError) as caught:
        loads(FILE.format(addresses=addresses))
    assert fault in str(caught.value)

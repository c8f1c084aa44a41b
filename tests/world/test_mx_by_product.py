"""Which of a domain's hosts each product tries, and what becomes of its mail, as these products' sources have it.

Postfix: smtp_connect.c, smtp_proto.c (smtp_helo), postconf(5). Exim: transports/smtp.c (smtp_setup_conn: a 5yz to the
connection or to HELO is final at the last host alone; hosts_max_try). sendmail: deliver.c ("try next MX site"),
usersmtp.c (smtpinit). qmail: qmail-remote.c (`smtp` does not return; the greeting's failure is always Z). OpenSMTPD:
mta_session.c (mta_response: "BANNER rejected" is the route's error, a refused MAIL is the task's). Haraka: hmail.js
(try_deliver_host_on_socket: a 4yz defers and a 5yz bounces, wherever it comes; only without a connection the next host
is tried). Stalwart: delivery.rs (`continue 'next_host`; the last status counts).
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.scenario.products import PRODUCTS
from sim.scenario.products.base import Product
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.spec import Domain, Interval, Weather
from sim.scenario.spec.policies import Policies, Refusal

DOWN = {"weather": Weather(down=(Interval(start=0.0, end=1e9),))}
FIRST_ROUND = 1550.0
"""Time enough for Exim to wait for five hosts in turn, s."""

DOMAINS = {
    "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1",)),
    "b.example": Domain(name="b.example", mx=((10, "x"), (20, "y"), (30, "z")), users=("u1",)),
}


def answering(place: str, code: int) -> dict:
    """A host that says so to everybody."""
    return {"policies": Policies(refuse=(Refusal(at=place, code=code),))}


def first_round(product: Product, **hosts: dict) -> tuple[str, str]:
    """The hosts that one message is tried at in its first round, and what has become of it then."""
    hosts = {name: {**settings, "mta": Rfc5321()} for name, settings in hosts.items()} | {"a": {"mta": product}}
    mail = message(0.0, "u1@a", "u1@b")
    facts = run(scenario("a-x a-y a-z", mail, domains=DOMAINS, hosts=hosts, duration=FIRST_ROUND, drain=0.0))
    tried = [attempt.to_host for attempt in sorted(facts.attempts, key=lambda attempt: attempt.started_s)]
    [fate] = [copy.outcome for copy in facts.copies if copy.recipient == "u1@b.example"]
    return "".join(dict.fromkeys(tried)), fate


GREETING_450, GREETING_554, MAIL_451 = answering("connect", 450), answering("connect", 554), answering("mail", 451)
OBEDIENT = Postfix(smtp_skip_5xx_greeting=False)

X_ALONE = [
    # What the first host does, and where the mail then is: (hosts tried, fate).
    (DOWN, "xy", "queued", (Postfix(), Exim(), Sendmail(), Qmail(), OpenSmtpd(), Haraka(), Stalwart(), Rfc5321())),
    (GREETING_450, "xy", "queued", (Postfix(), Exim(), Sendmail(), OpenSmtpd(), Stalwart(), Rfc5321())),
    (GREETING_450, "x", "queued", (Qmail(), Haraka())),
    (GREETING_554, "xy", "queued", (Postfix(), Exim(), Sendmail(), OpenSmtpd(), Stalwart(), Rfc5321())),
    (GREETING_554, "x", "queued", (Qmail(),)),
    (GREETING_554, "x", "bounced", (OBEDIENT, Haraka())),
    (MAIL_451, "xy", "queued", (Postfix(), Exim(), Sendmail(), Rfc5321())),
    (MAIL_451, "x", "queued", (Qmail(), OpenSmtpd(), Haraka(), Stalwart(), Postfix(smtp_mx_session_limit=1))),
]


@pytest.mark.parametrize(
    ("host", "tried", "fate", "product"),
    [(host, tried, fate, product) for host, tried, fate, products in X_ALONE for product in products],
)
def test_what_comes_after_the_first_host(host: dict, tried: str, fate: str, product: Product):
    """The second host, a backup, takes and holds the mail wherever it is asked."""
    assert first_round(product, x=host) == (tried, fate)


ALL_ALIKE = [
    (GREETING_450, "xyz", "queued", (Postfix(), Exim(), Sendmail(), OpenSmtpd(), Stalwart(), Rfc5321())),
    (GREETING_554, "xyz", "queued", (Postfix(), OpenSmtpd())),
    (GREETING_554, "xyz", "bounced", (Exim(), Sendmail(), Stalwart(), Rfc5321())),
    (GREETING_554, "x", "queued", (Qmail(),)),
    (GREETING_554, "x", "bounced", (OBEDIENT, Haraka())),
    (MAIL_451, "xy", "queued", (Postfix(),)),
    (MAIL_451, "xyz", "queued", (Exim(), Sendmail(), Rfc5321(), Postfix(smtp_mx_session_limit=0))),
]


@pytest.mark.parametrize(
    ("host", "tried", "fate", "product"),
    [(host, tried, fate, product) for host, tried, fate, products in ALL_ALIKE for product in products],
)
def test_what_comes_of_it_where_all_hosts_do_the_same(host: dict, tried: str, fate: str, product: Product):
    """How many are asked, and whether the mail is returned."""
    assert first_round(product, x=host, y=host, z=host) == (tried, fate)


def test_one_refusal_for_good_is_not_the_last_word():
    """A 554 greeting at the first and second, a host that does not answer at the last: that may be another day."""
    assert first_round(Exim(), x=GREETING_554, y=GREETING_554, z=DOWN) == ("xyz", "queued")
    assert first_round(Exim(), x=DOWN, y=DOWN, z=GREETING_554) == ("xyz", "bounced")


def test_a_greeting_that_is_skipped_keeps_its_words():
    """Postfix: the reply is the peer's, the attempt deferred (smtp_proto.c)."""
    hosts = {"b": {**GREETING_554, "mta": Postfix()}}
    facts = run(scenario("a-b", message(0.0, "u1@a", "u1@b"), hosts=hosts, drain=0.0))
    [attempt] = facts.attempts
    assert (attempt.outcome, attempt.reply_code) == ("deferred", 554)
    assert {fact.reason.partition(" ")[0] for fact in facts.deferrals} == {"554"}


def many(count: int) -> dict[str, Domain]:
    """Domain b with so many hosts, of preferences 1, 2, 3."""
    hosts = tuple((number, f"h{number}") for number in range(1, count + 1))
    return {"a.example": DOMAINS["a.example"], "b.example": Domain(name="b.example", mx=hosts, users=("u1",))}


LIMITS = [
    (Postfix(), 5),
    (Postfix(smtp_mx_address_limit=3), 3),
    (Postfix(smtp_mx_address_limit=0), 9),
    (Exim(), 5),
    (Exim(hosts_max_try=2), 2),
    (Stalwart(max_mx=4), 4),
    (Sendmail(), 9),
    (Qmail(), 9),
]


@pytest.mark.parametrize(("product", "tried"), LIMITS)
@pytest.mark.parametrize("reached", [True, False], ids=["silent", "no route"])
def test_how_many_hosts_are_tried(product: Product, tried: int, reached: bool):
    """Of nine hosts that cannot be talked to, the best; one without a route counts like one that does not answer."""
    links = " ".join(f"a-h{number}" for number in range(1, 10)) + " a-b"
    cut = {f"a-h{number}": DOWN["weather"] for number in range(1, 9) if not reached}
    hosts = {f"h{number}": DOWN for number in range(1, 10)} | {"a": {"mta": product}}
    mail = message(0.0, "u1@a", "u1@b")
    spec = scenario(
        links, mail, domains=many(9), hosts=hosts, weather=cut, duration=FIRST_ROUND, drain=0.0, unreachable="icmp"
    )
    facts = run(spec)
    assert {attempt.to_host for attempt in facts.attempts} == {f"h{number}" for number in range(1, tried + 1)}


def test_exim_passes_a_host_without_a_route_over_next_time():
    """Its record bars it until its retry time, as that of a host that does not answer would."""
    weather = {"a-x": DOWN["weather"]}
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 60.0)]
    hosts = {"a": {"mta": Exim()}}
    facts = run(scenario("a-x a-y", *mail, domains=DOMAINS_XY, hosts=hosts, weather=weather, unreachable="icmp"))
    assert [(a.to_host, a.outcome) for a in facts.attempts if a.from_host == "a"] == [
        ("x", "no-route"),
        ("y", "accepted"),
        ("y", "accepted"),
    ]


DOMAINS_XY = {
    "a.example": DOMAINS["a.example"],
    "b.example": Domain(name="b.example", mx=((10, "x"), (20, "y")), users=("u1",)),
}

EQUALS = {
    "a.example": DOMAINS["a.example"],
    "b.example": Domain(name="b.example", mx=((10, "x"), (10, "y"), (10, "z"), (20, "w")), users=("u1",)),
}


def orders(product: Product) -> set[str]:
    """In which orders three hosts of one preference are tried in a dozen runs."""
    cut = {f"a-{name}": DOWN["weather"] for name in "xyz"}
    hosts = {"a": {"mta": product}}
    found = set()
    for replication in range(12):
        mail = message(0.0, "u1@a", "u1@b")
        spec = scenario(
            "a-x a-y a-z a-w", mail, domains=EQUALS, hosts=hosts, weather=cut, drain=0.0, unreachable="icmp"
        )
        facts = run(spec, replication)
        found.add("".join(attempt.to_host for attempt in facts.attempts if attempt.from_host == "a"))
    return found


@pytest.mark.parametrize("product", [kind() for kind in PRODUCTS.values()])
def test_equal_preferences_are_shuffled(product: Product):
    """RFC 5321 section 5.1; before the worse host that takes the mail. Exim's hosts_randomize is for other lists (host.c)."""
    found = orders(product)
    assert (len(found) > 1, {"".join(sorted(order)) for order in found if order[-1] == "w"}) == (True, {"wxyz"})


def test_postfix_can_be_told_not_to_shuffle():
    """smtp_randomize_addresses = no."""
    assert orders(Postfix(smtp_randomize_addresses=False)) == {"xyzw"}


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([kind() for kind in PRODUCTS.values()]),
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
    st.sets(st.sampled_from("wxyz"), max_size=3),
    st.integers(0, 1000),
)
def test_no_product_asks_a_worse_host_first(product: Product, preferences: list[int], cut: set[str], seed: int):
    """Whatever the preferences and the lines: hosts are tried in order, and none after the one that takes the mail."""
    preference = dict(zip("wxyz", preferences, strict=True))
    records = tuple((number, host) for host, number in preference.items())
    domains = {"a.example": DOMAINS["a.example"], "b.example": Domain(name="b.example", mx=records, users=("u1",))}
    weather = {f"a-{name}": DOWN["weather"] for name in sorted(cut)}
    mail = message(0.0, "u1@a", "u1@b")
    hosts = {"a": {"mta": product}}
    spec = scenario(
        "a-w a-x a-y a-z", mail, domains=domains, hosts=hosts, weather=weather, drain=0.0, unreachable="icmp"
    )
    facts = run(spec, seed)
    tried = [attempt for attempt in facts.attempts if attempt.from_host == "a"]
    numbers = [preference[attempt.to_host] for attempt in tried]
    assert numbers == sorted(numbers)
    assert [attempt.outcome for attempt in tried[:-1]] == ["no-route"] * (len(tried) - 1)
    assert len({attempt.to_host for attempt in tried}) == len(tried) <= product.mx_address_limit
    best = min(number for host, number in preference.items() if host not in cut)
    assert (tried[-1].outcome, numbers[-1]) == ("accepted", best)


def test_exim_keeps_it_of_a_host_that_refuses_everybody():
    """A 554 greeting at the only host returns the mail, and bars the host to the next (smtp.c: FAILED yields DEFER)."""
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 60.0)]
    facts = run(scenario("a-b", *mail, hosts={"b": GREETING_554, "a": {"mta": Exim()}}, drain=0.0))
    assert [attempt.outcome for attempt in facts.attempts if attempt.to_host == "b"] == ["refused"]
    fates = [copy.outcome for copy in facts.copies if copy.recipient == "u1@b.example"]
    assert sorted(fates) == ["bounced", "queued"]


def test_exim_counts_the_hosts_that_it_may_try():
    """hosts_max_try: those whose retry time has not come do not count, so the next message gets two further on."""
    links = " ".join(f"a-h{number}" for number in range(1, 6))
    cut = {f"a-h{number}": DOWN["weather"] for number in range(1, 5)}
    mail = [message(at, "u1@a", "u1@b") for at in (0.0, 60.0, 120.0)]
    hosts = {"a": {"mta": Exim(hosts_max_try=2)}}
    often = {"duration": FIRST_ROUND / 10, "drain": 0.0}
    spec = scenario(links, *mail, domains=many(5), hosts=hosts, weather=cut, unreachable="icmp", **often)
    assert [attempt.to_host for attempt in run(spec).attempts if attempt.from_host == "a"] == [
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
    ]

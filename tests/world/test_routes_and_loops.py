"""Where hosts send mail by routes of their own, who keeps mailboxes beside the best MX, and mail that goes round."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.mail.trace import hop_count
from sim.scenario.load import loads
from sim.scenario.products.base import Product
from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.nullmailer import Nullmailer
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.rfc5321 import Rfc5321
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.stalwart import Stalwart
from sim.scenario.products.zonemta import ZoneMta
from sim.scenario.spec import DAY, Collects, Domain, Interval, MxChange, Weather
from sim.scenario.spec.policies import Policies, Refusal
from sim.world.simulation import Simulation, simulate

PRODUCTS = (
    Postfix(), Exim(), Sendmail(), Qmail(), OpenSmtpd(), Exchange(), Haraka(), Stalwart(), ZoneMta(), Nullmailer(),
    Jsms(), Rfc5321(),
)  # fmt: skip
A = Domain(name="a.example", mx=((0, "a"),), users=("u1", "u2"))
LINKS = "a-b b-c c-a"


def kept_at(host: str, *mx: str, name: str = "x.example", **settings) -> Domain:
    """A domain whose mailboxes a host keeps beside its MX hosts, best first."""
    return Domain(
        name=name, mx=tuple((10 * number, one) for number, one in enumerate(mx)), users=("u1",), mailboxes=(host,),
        **settings,
    )  # fmt: skip


def places(*domains: Domain) -> dict[str, Domain]:
    """The domains by name, a.example among them."""
    return {domain.name: domain for domain in (A, *domains)}


def ends(facts) -> list[tuple[str, str, str]]:
    """How each copy ended, why, and by which way."""
    return [(copy.outcome, copy.reason, copy.path) for copy in facts.copies]


def test_a_gateway_passes_mail_on_to_who_keeps_the_mailboxes():
    """The best MX relays for a host that no MX record names; a reply goes out from there."""
    mail = (message(1.0, "u1@a", "u1@x"), message(2.0, "u1@x", "u1@a"))
    hosts = {"b": {"routes": {"x.example": "c"}}}
    facts = run(scenario("a-b b-c", *mail, domains=places(kept_at("c", "b")), hosts=hosts))
    assert ends(facts) == [("delivered", "", "a>b>c"), ("delivered", "", "c>a")]


def test_a_smart_host_gets_all_mail_without_a_route_of_its_own():
    """`*` stands for the rest, whatever the DNS says; what it says is the smart host's to find out."""
    hosts = {"a": {"routes": {"*": "c", "y.example": "b"}}}
    mail = message(1.0, "u1@a", "u1@x", "u1@y", "u1@a", "u1@deaf")
    homes = places(
        kept_at("b", "b"), kept_at("b", "c", name="y.example"), Domain(name="deaf.example", mx=((0, "."),), users=())
    )
    facts = run(scenario("a-b b-c c-a", mail, domains=homes, hosts=hosts))
    assert ends(facts)[:4] == [
        ("delivered", "", "a>c>b"),
        ("delivered", "", "a>b"),
        ("delivered", "", "a"),
        ("bounced", "556 5.1.10 Recipient address has null MX", "a"),
    ]


def test_mail_for_one_smart_host_is_one_destination():
    """Postfix's relayhost: domains that go there share its concurrency limit, which each has for itself without it."""
    homes = places(kept_at("b", "b"), kept_at("b", "b", name="y.example"))
    mail = [message(1.0, "u1@a", "u1@x"), message(1.0, "u1@a", "u1@y")]
    limited = {"mta": Postfix(default_destination_concurrency_limit=1)}
    starts = []
    for routes in ({}, {"*": "b"}):
        facts = run(scenario("a-b", *mail, domains=homes, hosts={"a": limited | {"routes": routes}}))
        starts.append([fact.started_s for fact in facts.attempts])
    assert [len(set(found)) for found in starts] == [1, 2]


SAID = {
    Postfix: "554 5.4.6 mail for x.example loops back to myself",
    Sendmail: "554 5.3.5 MX list for x.example points back to b",
    Exim: "554 5.0.0 lowest numbered MX record points to local host; delivery cancelled; message timed out",
}


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: type(product).__name__)
def test_a_best_mx_that_is_not_the_final_destination_returns_the_mail(product: Product):
    """It has no other place to go (RFC 5321 section 5.1); the writer hears of it, after a week where Exim froze it."""
    homes = places(kept_at("c", "b"))
    facts = run(
        scenario("a-b b-c", message(1.0, "u1@a", "u1@x"), domains=homes, hosts={"*": {"mta": product}}, drain=9 * DAY)
    )
    [copy, report] = facts.copies
    assert (copy.outcome, copy.path, report.recipient, report.outcome) == (
        "bounced",
        "a>b",
        "u1@a.example",
        "delivered",
    )
    assert copy.reason == SAID.get(type(product), copy.reason)
    assert "5.4.6" in copy.reason or type(product) in SAID
    assert (copy.ended_s > 7 * DAY) == isinstance(product, Exim)
    assert [fact.to_host for fact in facts.attempts] == ["b", "a"]


@pytest.mark.parametrize(
    ("product", "said"),
    [
        (Postfix(), "554 5.4.6 mail for b loops back to myself"),
        (Sendmail(), "553 5.3.5 b config error: mail loops back to me (MX problem?)"),
        (Exim(), "554 5.0.0 remote host address is the local host; delivery cancelled; message timed out"),
    ],
)
def test_a_route_to_the_host_itself_is_found_before_it_connects(product: Product, said: str):
    """For one domain or for all; no session is opened."""
    for domain in ("x.example", "*"):
        hosts = {"*": {"mta": product}, "b": {"mta": product, "routes": {domain: "b"}}}
        homes = places(kept_at("c", "c"), Domain(name="b.example", mx=((0, "b"),), users=("u1",)))
        facts = run(scenario("a-b b-c", message(1.0, "u1@b", "u1@x"), domains=homes, hosts=hosts, drain=9 * DAY))
        assert (facts.copies[0].outcome, facts.copies[0].reason, facts.attempts) == ("bounced", said, [])


def test_smart_hosts_that_point_at_each_other():
    """Mail for a third host never gets there."""
    hosts = {"a": {"routes": {"*": "b"}}, "b": {"routes": {"*": "a"}}}
    facts = run(scenario(LINKS, message(1.0, "u1@a", "u1@x"), domains=places(kept_at("c", "c")), hosts=hosts))
    assert (facts.copies[0].outcome, facts.copies[0].hops) == ("bounced", 49)


def test_a_frozen_message_waits_untried_and_is_not_flushed():
    """Exim keeps it until timeout_frozen_after; a report that is frozen, until ignore_bounce_errors_after."""
    homes = places(kept_at("c", "b"))
    world_of = scenario(
        "a-b b-c", message(1.0, "u1@x", "u1@a"), message(2.0, "u1@a", "u1@x"), domains=homes,
        hosts={"*": {"mta": Exim()}, "a": {"mta": Exim(), "policies": Policies(refuse=(Refusal(at="rcpt", code=550),))}}, drain=9 * DAY,
    )  # fmt: skip
    world = Simulation(world_of, world_of.architectures["end-to-end"], 0, 1)
    seen = []

    def flush() -> None:
        station = world.hosts["b"]
        station.flush([*station.queue.entries.values()])
        seen.append(sorted(str(entry.reverse_path) for entry in station.queue.entries.values() if entry.frozen))

    for day in (0.5, 1.5, 3, 6.9, 7.2):
        world.clock.call_at(day * DAY, flush)
    facts = world.run()
    # The report on it is refused in its turn, and frozen for two days.
    assert seen == [["<u1@a.example>"]] * 4 + [["<>"]]
    assert Counter(copy.outcome for copy in facts.copies)["bounced"] == 2


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: type(product).__name__)
@pytest.mark.parametrize(("links", "ring"), [("a-b b-c", "bc"), ("a-b b-c c-d d-b", "bcd")])
def test_hosts_that_send_to_each_other_stop_by_the_products_limit(product: Product, links: str, ring: str):
    """Routes that point at each other: as many hops as the product lets pass, and a bounce with its words."""
    hosts = {one: {"routes": {"x.example": ring[(index + 1) % len(ring)]}} for index, one in enumerate(ring)}
    hosts["*"] = {"mta": product}
    homes = places(kept_at("a", "b"))
    mail = message(1.0, "u1@c", "u1@x")
    homes["c.example"] = Domain(name="c.example", mx=((0, "c"),), users=("u1",))
    facts = run(scenario(links, mail, domains=homes, hosts=hosts, drain=9 * DAY))
    [copy, *reports] = facts.copies
    assert copy.outcome == "bounced"
    assert "hops" in copy.reason.lower() or "loop" in copy.reason.lower()
    assert product.hopcount_limit - 1 <= copy.hops <= product.hopcount_limit + 1
    assert {(one.recipient, one.outcome) for one in reports} == {("u1@c.example", "delivered")}


@pytest.mark.parametrize(
    ("product", "outcome", "more"), [(Postfix(), "expired", 0), (Sendmail(), "expired", 1), (Qmail(), "expired", 1)]
)
def test_a_report_that_goes_round_is_dropped_or_told_to_the_postmaster(product: Product, outcome: str, more: int):
    """Mail from a domain of a loop to nobody: the report goes round, and nothing is ever sent about it to its sender."""
    hosts = {"*": {"mta": product}, "b": {"routes": {"x.example": "c"}}, "c": {"routes": {"x.example": "b"}}}
    homes = places(kept_at("a", "b"), Domain(name="c.example", mx=((0, "c"),), users=("u1",)))
    homes["b.example"] = Domain(name="b.example", mx=((0, "b"),), users=("u1",))
    refuse = Policies(refuse=(Refusal(at="rcpt", code=550),))
    hosts["d"] = {"mta": product, "policies": refuse}
    homes["d.example"] = Domain(name="d.example", mx=((0, "d"),), users=("u1",))
    # a writes in the name of x, whose mailboxes it keeps; c forwards to d, which refuses: the report is c's.
    homes["c.example"] = Domain(name="c.example", mx=((0, "c"),), users=("u1",), forwards={"f": "u1@d.example"})
    facts = run(scenario("a-b b-c c-d c-a", message(1.0, "u1@x", "f@c"), domains=homes, hosts=hosts, drain=9 * DAY))
    nulls = {fact.message_id for fact in facts.messages if fact.sender == "<>"}
    found = [copy for copy in facts.copies if copy.message_id in nulls]
    assert found[0].recipient == "u1@x.example"
    assert found[0].outcome == outcome
    assert len(found) - 1 == more


def test_views_of_the_dns_that_lead_to_each_other():
    """A host that goes by an old answer sends to the one that has gone by the new one, until one of them counts."""
    change = (MxChange(at=1000.0, mx=((0, "c"),)),)
    homes = places(
        kept_at("d", "b", ttl=5 * DAY, changes=change), Domain(name="c.example", mx=((0, "c"),), users=("u1",))
    )
    # c asks while b is the MX, and cannot reach it; b asks when c is.
    weather = {"b-c": Weather(down=(Interval(start=0.0, end=1500.0),))}
    mail = message(1.0, "u1@c", "u1@x")
    facts = run(scenario("a-b b-c c-d", mail, domains=homes, weather=weather, unreachable="icmp"))
    assert (facts.copies[0].outcome, facts.copies[0].reason) == ("bounced", "554 5.4.0 Error: too many hops")
    assert facts.copies[0].path.startswith("c>b>c>b>c")


def test_a_domain_that_moves_to_a_host_without_its_mailboxes():
    """Mail that comes after the change has nowhere to go from the new MX."""
    homes = places(kept_at("b", "b", ttl=0.0, changes=(MxChange(at=10.0, mx=((0, "c"),)),)))
    mail = [message(at, "u1@a", "u1@x") for at in (1.0, 20.0)]
    facts = run(scenario("a-b b-c", *mail, domains=homes))
    assert [copy.outcome for copy in facts.copies[:2]] == ["delivered", "bounced"]
    assert facts.copies[1].reason == SAID[Postfix]


def test_what_is_due_earlier_than_the_hops_are_used_up_comes_back_late():
    """DELIVERBY (RFC 2852) is counted down from hop to hop; the message is returned where its time is over."""
    text = """
network: {nodes: [a, b, c], links: [{between: [a, b]}, {between: [b, c]}], link_defaults: {delay: 1 s}}
hosts:
  defaults: {extensions: {DELIVERBY: yes, DSN: yes}}
  b: {routes: {x.example: c}}
  c: {routes: {x.example: b}}
domains:
  a.example: {mx: a, users: [u1]}
  x.example: {mx: b, users: [u1], mailboxes: a}
  c.example: {mx: c, users: [u1]}
workload:
  messages_at:
    - {at: 0 s, from: u1@c.example, to: u1@x.example, asks: {deliver_within: 1 min, notify: [failure]}}
architectures: {e: {transfer: end-to-end}}
"""
    facts = simulate(loads(text), "e", 0)
    assert (facts.copies[0].outcome, facts.copies[0].reason.partition("5.4.7")[1]) == ("bounced", "5.4.7")
    assert 3 <= facts.copies[0].hops < 20


def test_mail_that_is_held_for_a_host_goes_when_it_asks():
    """The holder's route leads to who asks: ETRN, for a domain whose best MX the holder itself is."""
    collects = Collects(source="b", by="etrn", every=600.0, hold=True)
    hosts = {
        "b": {"routes": {"x.example": "c"}, "extensions": ("ETRN",)},
        "c": {"collects": collects, "uses": ("ETRN",)},
    }
    facts = run(scenario("a-b b-c", message(1.0, "u1@a", "u1@x"), domains=places(kept_at("c", "b")), hosts=hosts))
    assert ends(facts)[0] == ("delivered", "", "a>b>c")


@st.composite
def graphs(draw):
    """Hosts of random products, with addresses that stand for lists, forwards and users, and routes."""
    count = draw(st.integers(2, 4))
    names = "abcd"[:count]
    locals_ = [f"n{number}" for number in range(draw(st.integers(1, 5)))]
    every = [f"{local}@{name}.example" for name in names for local in locals_]
    homes, hosts = {}, {}
    for name in names:
        kinds = {local: draw(st.sampled_from(["user", "list", "forward", "forward"])) for local in locals_}
        lists = {
            local: tuple(draw(st.lists(st.sampled_from(every), min_size=1, max_size=3, unique=True)))
            for local in locals_
            if kinds[local] == "list"
        }
        forwards = {local: draw(st.sampled_from(every)) for local in locals_ if kinds[local] == "forward"}
        users = ("u1", *[local for local in locals_ if kinds[local] == "user"])
        mailboxes = draw(st.sampled_from([(), (), (), *names]))
        homes[f"{name}.example"] = Domain(
            name=f"{name}.example",
            mx=((0, name),),
            users=users,
            lists=lists,
            forwards=forwards,
            mailboxes=tuple(mailboxes),
        )
        mta = draw(st.sampled_from([Postfix(), Exim(), Sendmail(), Qmail(), OpenSmtpd(), Exchange(), Stalwart()]))
        routes = draw(
            st.dictionaries(
                st.sampled_from([*(f"{one}.example" for one in names), "*"]), st.sampled_from(names), max_size=1
            )
        )
        hosts[name] = {"mta": mta, "routes": routes}
    mail = [message(1.0 + n, f"u1@{draw(st.sampled_from(names))}", draw(st.sampled_from(every))) for n in range(2)]
    transfer = draw(st.sampled_from(["end-to-end", "store-and-forward"]))
    links = " ".join(f"{a}-{b}" for i, a in enumerate(names) for b in names[:i])
    return scenario(links, *mail, domains=homes, hosts=hosts, transfer=transfer, drain=20 * DAY)


def has_loop(spec) -> bool:
    """Whether any list, forward or route leads back, or an MX has nowhere to go."""
    homes = spec.domains
    [architecture] = spec.architectures.values()
    if any(host.routes for host in architecture.hosts.values()) or any(home.mailboxes for home in homes.values()):
        return True
    further = {
        f"{local}@{home.name}": members
        for home in homes.values()
        for local, members in {**home.lists, **{k: (v,) for k, v in home.forwards.items()}}.items()
    }
    reach = {one: set(members) for one, members in further.items()}
    for _ in further:
        reach = {one: found.union(*(reach.get(other, set()) for other in found)) for one, found in reach.items()}
    return any(one in found for one, found in reach.items())


@settings(max_examples=60)
@given(graphs())
def test_whatever_leads_back_every_copy_meets_its_end(spec):
    """Random lists, forwards, routes and products: the run ends, in time and number, and nothing is lost or left.

    Where nothing leads back nobody says that it does.
    """
    facts = run(spec)
    assert {copy.outcome for copy in facts.copies} <= {"delivered", "bounced", "expired"}
    limit = max(host.mta.hopcount_limit for a in spec.architectures.values() for host in a.hosts.values())
    assert max(copy.hops for copy in facts.copies) <= limit + 1
    # A list expands once a message, and a forward goes on as often as there are hops.
    assert len(facts.copies) < 4000
    looping = [copy.reason for copy in facts.copies if "loop" in copy.reason or "5.4.6" in copy.reason]
    assert not looping or has_loop(spec)


def test_the_trace_of_a_loop_is_in_the_report():
    """What comes back has a Received field of each hop, by which its writer sees the way."""
    hosts = {"b": {"routes": {"x.example": "c"}}, "c": {"routes": {"x.example": "b"}}}
    homes = places(kept_at("a", "b"), Domain(name="c.example", mx=((0, "c"),), users=("u1",)))
    spec = scenario("a-b b-c", message(1.0, "u1@c", "u1@x"), domains=homes, hosts=hosts, dialogues=True)
    world = Simulation(spec, spec.architectures["end-to-end"], 0, 1)
    world.run()
    [report] = world.hosts["c"].custody.mailboxes["u1@c.example"]
    _, _, returned = report.partition(b"message/rfc822")
    assert hop_count(returned.partition(b"\r\n\r\n")[2]) == 49

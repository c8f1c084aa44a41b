"""Mailing lists over hosts, and mail that would go round for ever."""

from __future__ import annotations

from collections import Counter

import pytest
from worlds import message, run, scenario

from sim.scenario.products.exchange import Exchange
from sim.scenario.products.exim import Exim
from sim.scenario.products.haraka import Haraka
from sim.scenario.products.jsms import Jsms
from sim.scenario.products.opensmtpd import OpenSmtpd
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.qmail import Qmail
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.spec import Domain, Interval, Weather
from sim.scenario.spec.policies import Policies, Refusal

WINDOW = 400.0


def domains(**lists: dict[str, tuple[str, ...]]) -> dict[str, Domain]:
    """Domains a.example to d.example with users u1 and u2, and these lists."""
    return {
        f"{name}.example": Domain(
            name=f"{name}.example", mx=((0, name),), users=("u1", "u2"), lists=lists.get(name, {})
        )
        for name in "abcd"
    }


def ends(facts) -> dict[tuple[int, str], tuple[str, str]]:
    """How each copy ended, and why, by message and recipient."""
    return {(copy.message_id, copy.recipient): (copy.outcome, copy.reason) for copy in facts.copies}


def test_members_anywhere_get_one_transaction_a_host():
    """A list with members here, at two hosts, and one that is a list itself, at its own host."""
    members = ("u1@a.example", "u1@b.example", "u1@c.example", "u2@c.example", "all@d.example")
    lists = domains(b={"all": members}, d={"all": ("u1@d.example", "u2@a.example")})
    facts = run(scenario("a-b b-c b-d", message(1.0, "u1@a", "all@b"), domains=lists))
    assert {outcome for outcome, _ in ends(facts).values()} == {"delivered"}
    sent = [(fact.message_id, fact.from_host, fact.to_host, fact.recipients) for fact in facts.attempts]
    assert sorted(sent) == [
        (1, "a", "b", 1), (2, "b", "a", 1), (2, "b", "c", 2), (2, "b", "d", 1), (3, "d", "a", 1),
    ]  # fmt: skip
    assert [fact.sender for fact in facts.messages] == ["u1@a.example", "owner-all@b.example", "owner-all@d.example"]


def test_reports_on_members_go_to_the_lists_owner():
    """A member that is refused is the owner's business: the writer hears nothing."""
    refuse = Policies(refuse=(Refusal(at="rcpt", code=550),))
    lists = domains(b={"all": ("u1@c.example", "u2@b.example")})
    facts = run(scenario("a-b b-c", message(1.0, "u1@a", "all@b"), domains=lists, hosts={"c": {"policies": refuse}}))
    reports = {fact.message_id for fact in facts.messages if fact.sender == "<>"}
    assert [copy.recipient for copy in facts.copies if copy.message_id in reports] == ["owner-all@b.example"]
    assert Counter(copy.outcome for copy in facts.copies) == {"delivered": 3, "bounced": 1}


def test_a_report_to_a_list_of_owners_stays_a_report():
    """RFC 5321 section 4.5.5: its null reverse-path is not changed to another, so that nothing comes back of it."""
    refuse = Policies(refuse=(Refusal(at="rcpt", code=550),))
    lists = domains(b={"all": ("u1@c.example",), "owner-all": ("u2@b.example", "u2@c.example")})
    facts = run(scenario("a-b b-c", message(1.0, "u1@a", "all@b"), domains=lists, hosts={"c": {"policies": refuse}}))
    assert [fact.sender for fact in facts.messages] == ["u1@a.example", "owner-all@b.example", "<>", "<>"]
    assert ends(facts)[4, "u2@b.example"][0] == "delivered"
    assert ends(facts)[4, "u2@c.example"][0] == "expired"


def test_lists_that_lead_to_each_other_end_in_a_report():
    """A host does not expand a message that it has expanded before: 554 5.4.6, to the owner of the other list."""
    lists = domains(b={"all": ("all@c.example", "u1@b.example")}, c={"all": ("all@b.example", "u1@c.example")})
    facts = run(scenario("a-b b-c", message(1.0, "u1@a", "all@b"), domains=lists))
    assert [key for key, end in ends(facts).items() if end == ("bounced", "554 5.4.6 mailing list loop")] == [
        (3, "all@b.example")
    ]
    assert Counter(copy.recipient for copy in facts.copies) == {
        "all@b.example": 2, "all@c.example": 1, "u1@b.example": 1, "u1@c.example": 1, "owner-all@c.example": 1,
    }  # fmt: skip


def test_a_list_of_itself_expands_once():
    """What a scenario file may not say ends at its first turn."""
    facts = run(scenario("a-b", message(1.0, "u1@a", "all@b"), domains=domains(b={"all": ("all@b.example",)})))
    assert Counter(copy.reason for copy in facts.copies)["554 5.4.6 mailing list loop"] == 1


def test_a_large_list_goes_out_by_recipient_limits():
    """3,000 members at one host: 60 transactions of Postfix's 50, each member once."""
    users = tuple(f"u{number}" for number in range(3000))
    lists = domains(b={"all": tuple(f"{user}@c.example" for user in users)})
    lists["c.example"] = Domain(name="c.example", mx=((0, "c"),), users=users)
    facts = run(scenario("a-b b-c", message(1.0, "u1@a", "all@b"), domains=lists))
    assert Counter(copy.outcome for copy in facts.copies) == {"delivered": 3001}
    assert Counter(fact.recipients for fact in facts.attempts) == {1: 1, 50: 60}


@pytest.mark.parametrize(
    ("mta", "hops", "reason"),
    [
        (Postfix(), 49, "554 5.4.0 Error: too many hops"),
        (Postfix(hopcount_limit=7), 6, "554 5.4.0 Error: too many hops"),
        (Exim(), 31, '550 Too many "Received" headers - suspected mail loop'),
        (Sendmail(), 26, "554 5.4.6 Too many hops"),
        (OpenSmtpd(), 100, "500 5.4.6 Routing loop detected: Loop detected"),
        (Haraka(max_received=9), 10, "552 5.0.0 Too many received headers - possible mail loop"),
    ],
)
def test_mail_that_relays_pass_to_and_fro_ends_in_a_loop_bounce(mta, hops: int, reason: str):
    """Each relay finds its own line to the last host refused, and next time the other one's way open.

    The relay at the limit refuses the mail data (RFC 5321 section 6.3), and the one before it tells the writer; Exim
    and sendmail take it and tell him themselves.
    """
    even = tuple(Interval(start=n * 2 * WINDOW, end=(n * 2 + 1) * WINDOW) for n in range(500))
    odd = tuple(Interval(start=(n * 2 + 1) * WINDOW, end=(n * 2 + 2) * WINDOW) for n in range(500))
    refuse = Policies(refuse=(Refusal(at="mail", code=451),))
    hosts = {"*": {"mta": mta}, "d": {"mta": mta, "policies": refuse}}
    weather = {"b-d": Weather(down=odd), "c-d": Weather(down=even)}
    mail = message(1.0, "u1@b", "u1@d")
    facts = run(scenario("b-c b-d c-d", mail, transfer="store-and-forward", hosts=hosts, weather=weather, domains={
        name: domain for name, domain in domains().items() if name != "a.example"
    }))  # fmt: skip
    copy = facts.copies[0]
    assert (copy.outcome, copy.reason) == ("bounced", reason)
    assert copy.hops == hops
    report = facts.copies[1]
    assert (report.recipient, report.outcome) == ("u1@b.example", "delivered")


def test_a_list_expands_once_a_message():
    """Thirty nested lists of two, each pair with the next pair for members: two copies to each list, not 2^30."""
    names = [f"{letter}{depth}" for depth in range(30) for letter in "lm"]
    further = {name: (f"l{int(name[1:]) + 1}@b.example", f"m{int(name[1:]) + 1}@b.example") for name in names}
    lists = domains(b=further | {"l30": ("u1@b.example",), "m30": ("u2@b.example",)})
    facts = run(scenario("a-b", message(1.0, "u1@a", "l0@b"), message(2.0, "u1@a", "l0@b"), domains=lists))
    found = Counter(copy.recipient.partition("@")[0] for copy in facts.copies)
    assert (found["u1"], found["u2"], found["l30"], found["l1"]) == (2, 2, 4, 2)


FORWARDING = ((Postfix(), "mail forwarding loop for f@a.example", 3), (Qmail(), "This message is looping", 3))
COUNTING = (
    (Exim(), 'Too many "Received" headers', 31),
    (Sendmail(), "Too many hops", 26),
    (Jsms(), "Too many hops", 101),
)


@pytest.mark.parametrize(("mta", "words", "turns"), [*FORWARDING, *COUNTING])
def test_forwards_that_lead_to_each_other_end_by_the_products_own_check(mta, words: str, turns: int):
    """Two or three hosts that pass a user's mail on: by Delivered-To at the second visit, or by Received fields."""
    for names, ring in (("ab", "a-b"), ("abc", "a-b b-c c-a")):
        places = {
            f"{name}.example": Domain(
                name=f"{name}.example",
                mx=((0, name),),
                users=("u1",),
                forwards={"f": f"f@{names[(index + 1) % len(names)]}.example"},
            )
            for index, name in enumerate(names)
        }
        facts = run(scenario(ring, message(1.0, "u1@a", "f@a"), domains=places, hosts={"*": {"mta": mta}}))
        found = [copy for copy in facts.copies if copy.recipient.startswith("f@")]
        assert {copy.reason.partition(" to ")[0] for copy in found[:-1]} == {"forwarded"}
        assert (found[-1].outcome, words in found[-1].reason) == ("bounced", True)
        # A copy for each forward, and one that comes back to the first of them.
        assert len(found) == (len(names) + 1 if turns == 3 else turns + 1)
        assert [copy.outcome for copy in facts.copies if copy.recipient == "u1@a.example"] == ["delivered"]


@pytest.mark.parametrize("mta", [Postfix(), Exim(), Sendmail(), Qmail(), OpenSmtpd(), Exchange(), Haraka(), Jsms()])
def test_forwards_in_a_circle_at_one_host_end_at_the_first_turn(mta):
    """No product needs a Received field to find what it has just done itself."""
    place = Domain(
        name="a.example",
        mx=((0, "a"),),
        users=("u1",),
        forwards={"f": "g@a.example", "g": "h@a.example", "h": "f@a.example"},
    )
    facts = run(scenario("a-b", message(1.0, "u1@a", "f@a"), domains={"a.example": place}, hosts={"*": {"mta": mta}}))
    assert [copy.outcome for copy in facts.copies] == [*["delivered"] * 3, "bounced", "delivered"]
    assert [copy.reason.partition("5.4.6")[1] for copy in facts.copies if copy.outcome == "bounced"] == ["5.4.6"]


def test_a_long_chain_of_forwards_at_one_host_arrives():
    """2,000 forwards, one after the other: no loop, and no stack that overflows."""
    chain = {f"f{number}": f"f{number + 1}@b.example" for number in range(2000)} | {"f2000": "u1@b.example"}
    place = Domain(name="b.example", mx=((0, "b"),), users=("u1",), forwards=chain)
    places = {"a.example": domains()["a.example"], "b.example": place}
    facts = run(scenario("a-b", message(1.0, "u1@a", "f0@b"), domains=places))
    assert Counter(copy.outcome for copy in facts.copies) == {"delivered": 2002}
    assert [copy.recipient for copy in facts.copies][-1] == "u1@b.example"

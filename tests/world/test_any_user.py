"""Users whose local-parts are quoted or beyond US-ASCII, in a run: RFC 5321 section 4.1.2, RFC 6531."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.mail.address import LOCAL_PART_LIMIT, Address
from sim.scenario.products.base import Product
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import Domain

UTF8 = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8")
ASCII = UTF8[:-1]

_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(' "\\@.')
LOCAL_PARTS = st.text(_CHARACTERS, max_size=20).filter(lambda text: len(text.encode()) <= LOCAL_PART_LIMIT)


def spec(b: Domain, *recipients: str, sender: str = "u1@a.example", offers=UTF8, mta: Product | None = None):
    """A network of two hosts and one message; the second host keeps a domain, and offers these extensions."""
    domains = {"a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1", "jürgen", "j d")), "b.example": b}
    every = {"mta": mta or Postfix(), "extensions": offers, "uses": UTF8}
    whole = scenario("a-b", message(0, "u1@a", "u1@b"), domains=domains, hosts={"*": every}, dialogues=True)
    own = replace(whole.workload[0].messages[0], sender=sender, recipients=recipients)
    return replace(whole, workload=(replace(whole.workload[0], messages=(own,)),))


def domain(**said) -> Domain:
    """b.example, with users and what else is said."""
    return Domain(name="b.example", mx=((0, "b"),), **{"users": ("bob", "john doe", "josé"), **said})


def fates(facts):
    """Each copy's recipient, outcome and reason."""
    return [(copy.recipient, copy.outcome, copy.reason) for copy in facts.copies]


@settings(max_examples=40, deadline=None)
@given(LOCAL_PARTS.filter(lambda name: name.lower() not in ("postmaster", "mailer-daemon")))
def test_mail_for_any_user_arrives(name: str):
    """However it must be written, the envelope carries it, and its host knows it again."""
    address = str(Address(name, "b.example"))
    assert fates(run(spec(domain(users=(name,)), address))) == [(address, "delivered", "")]


@pytest.mark.parametrize(
    "written", ["bob", '"bob"', r'"\b\o\b"', "BOB", '"john doe"', r'"john\ DOE"', "jose\u0301", "JOSÉ"]
)
def test_forms_of_one_user(written: str):
    """Quoted or not, in upper or lower case, composed or decomposed: the host does not tell them apart."""
    [copy] = run(spec(domain(), f"{written}@b.example")).copies
    assert copy.outcome == "delivered"


@pytest.mark.parametrize("written", ["bo b", "john  doe", "jose"])
def test_other_users_stay_others(written: str):
    """Spaces and accents make another user."""
    [copy, _] = run(spec(domain(), str(Address(written, "b.example")))).copies
    assert (copy.outcome, copy.reason) == ("bounced", "550 5.1.1 No such user here")


def test_a_host_without_smtputf8_is_not_given_such_mail():
    """The client bounces it (RFC 6531 section 3.5); quoted local-parts need no extension."""
    facts = run(spec(domain(), "josé@b.example", '"john doe"@b.example', offers=ASCII))
    assert fates(facts)[:2] == [
        ("josé@b.example", "bounced", "553 5.6.7 SMTPUTF8 is required, but the next host does not offer it"),
        ('"john doe"@b.example', "bounced", "553 5.6.7 SMTPUTF8 is required, but the next host does not offer it"),
    ]
    alone = run(spec(domain(), '"john doe"@b.example', offers=ASCII))
    assert fates(alone) == [('"john doe"@b.example', "delivered", "")]


def test_what_lists_and_forwards_pass_on_says_smtputf8():
    """By their own addresses, and by those that stand in the header already."""
    known = domain(
        lists={"über alle": ("jürgen@a.example", '"john doe"@b.example')},
        forwards={"weiter": "u1@a.example", "weg é": '"j d"@a.example'},
    )
    facts = run(spec(known, '"über alle"@b.example', '"weg é"@b.example'))
    assert [fate[:2] for fate in fates(facts)] == [
        ('"über alle"@b.example', "delivered"),
        ('"weg é"@b.example', "delivered"),
        ("jürgen@a.example", "delivered"),
        ('"john doe"@b.example', "delivered"),
        ('"j d"@a.example', "delivered"),
    ]
    mails = [line.line for line in facts.dialogues if line.line.startswith("MAIL FROM")]
    assert [mail.endswith(" SMTPUTF8") or " SMTPUTF8 " in mail for mail in mails] == [True, True, True]


def test_a_report_to_a_sender_beyond_ascii_comes_back():
    """With SMTPUTF8, from the host that could not deliver."""
    facts = run(spec(domain(), "nobody@b.example", sender="jürgen@a.example"))
    assert fates(facts)[1] == ("jürgen@a.example", "delivered", "")

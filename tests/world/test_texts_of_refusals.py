"""Texts of refusals in any script: each reply is one that the session can carry (RFC 5321 section 4.2, RFC 6531)."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.scenario.load import loads
from sim.scenario.spec import Domain
from sim.scenario.spec.policies import Place, Policies, Rate, Refusal

UTF8 = ("PIPELINING", "SIZE", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8")
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\t"), min_size=1, max_size=100)
DOMAINS = {
    "a.example": Domain(name="a.example", mx=((0, "a"),), users=("u1", "jürgen")),
    "b.example": Domain(name="b.example", mx=((0, "b"),), users=("u1",)),
}


def facts_of(policies: Policies, sender: str = "u1@a"):
    """A run of one message to a host with these policies."""
    hosts = {"*": {"extensions": UTF8, "uses": UTF8}, "b": {"extensions": UTF8, "uses": UTF8, "policies": policies}}
    return run(scenario("a-b", message(0, sender, "u1@b"), domains=DOMAINS, hosts=hosts, dialogues=True))


def replies(facts) -> list[str]:
    """What the servers said."""
    return [line.line for line in facts.dialogues if line.direction == "<"]


@pytest.mark.parametrize(
    ("at", "utf8"),
    [("connect", False), ("helo", False), ("mail", True), ("rcpt", True), ("data", True), ("dot", True)],
)
def test_a_text_beyond_ascii_goes_where_the_transaction_is_one_of_rfc_6531(at: Place, utf8: bool):
    """Elsewhere a letter goes without its accent; the client tells what it has heard."""
    policies = Policies(refuse=(Refusal(at=at, code=550, text="boîte pleine\n满"),))
    plain, wide = facts_of(policies), facts_of(policies, "jürgen@a")
    # Without EHLO there are no enhanced codes.
    status = "" if at in ("connect", "helo") else "5.7.1 "
    folded = [f"550-{status}boite pleine", f"550 {status}?"]
    whole = [f"550-{status}boîte pleine", f"550 {status}满"]
    assert [line for line in dict.fromkeys(replies(plain)) if line.startswith("550")] == folded
    assert [line for line in dict.fromkeys(replies(wide)) if line.startswith("550")] == (whole if utf8 else folded)
    assert ("boîte pleine" in wide.copies[0].reason) == utf8


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.sampled_from(get_args(Place)), st.sampled_from([450, 550, 421]), st.sampled_from(["u1@a", "jürgen@a"]))
def test_no_text_breaks_a_session(text: str, at: Place, code: int, sender: str):
    """What `check` takes goes out as lines of one reply, none of them longer than 512 octets."""
    try:
        form = Refusal(at=at, code=code, text=text)
    except ValueError:
        return
    facts = facts_of(Policies(refuse=(Refusal(at=at, code=code, text=form.text.rstrip("\n")),)), sender)
    said = [line for line in replies(facts) if line.startswith(str(code))]
    assert said != []
    assert max(len(line.encode()) for line in replies(facts)) <= 510
    assert {line[:3].isdigit() and line[3] in " -" for line in replies(facts)} == {True}
    assert len(facts.copies) >= 1


@pytest.mark.parametrize("text", ["é" * 260, "a\nb" + "c" * 500])
def test_a_line_too_long_for_a_reply_is_a_mistake(text: str):
    """RFC 5321 section 4.5.3.1.5; a text of more lines is a reply of more lines."""
    with pytest.raises(ValueError, match="break the text into lines"):
        loads(
            "network: {nodes: [a, b], links: [{between: [a, b]}]}\n"
            f"hosts: {{a: {{policies: {{refuse: {{at: rcpt, code: 550, text: {text!r}}}}}}}}}\n".replace("'", '"')
        )


def test_a_rates_text_is_treated_alike():
    """It goes the same way as a refusal's."""
    facts = facts_of(Policies(messages=Rate(count=1, per=1e6, counts="tries", code=550, text="zuviel für heute")))
    assert [line for line in replies(facts) if line.startswith("550")] == []
    wide = facts_of(Policies(recipients=Rate(count=1, per=1.0, code=550, text="zuviel für heute")), "jürgen@a")
    assert wide.copies[0].outcome == "delivered"

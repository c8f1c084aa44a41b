"""Reports to people who did not write the mail: its reverse-path was forged."""

from __future__ import annotations

import pytest
from worlds import later, message, scenario

import sim
from sim.mail.path import parse_forward_path, parse_path
from sim.results.metrics import measure
from sim.results.tables import frames
from sim.scenario.spec import Domain
from sim.world.simulation import Simulation

STORM = """
title: forged
seed: 3
duration: 1 h
network: {nodes: [spam, joe, site], links: [{between: [spam, site]}, {between: [joe, site]}]}
domains:
  spam.example: {mx: spam, users: 400}
  joe.example: {mx: joe, users: [joe]}
  site.example: {mx: site, users: 20}
hosts: {spam: {mta: {delays: [15 min], lifetime: 1 h, reports: no}}}
workload: {poisson: {rate: 100 /h, pairs: gravity, strangers: 60 %, forged: {share: 100 %, domain: joe.example}}}
architectures:
  refused: {transfer: end-to-end}
  returned: {transfer: end-to-end, hosts: {site: {policies: {unknown_users: bounce}}}}
"""


def facts_of(architecture: str, text: str = STORM):
    """One run."""
    spec = sim.loads(text)
    return Simulation(spec, spec.architectures[architecture], 0, spec.seed).run()


def backscatter(architecture: str, text: str = STORM) -> float:
    """The metric."""
    return float(measure(frames(facts_of(architecture, text), architecture, 0))["backscatter"].iloc[0])


def test_a_report_tells_what_it_is_about():
    """And who wrote that: the spammer, though the reverse-path says joe."""
    facts = facts_of("returned")
    messages = {fact.message_id: fact for fact in facts.messages}
    reports = [fact for fact in facts.messages if fact.sender == "<>"]
    assert {messages[report.about].sender for report in reports} == {"joe@joe.example"}
    assert {messages[report.about].author.partition("@")[2] for report in reports} >= {"spam.example"}
    assert {report.author for report in reports} == {""}


@pytest.mark.parametrize("architecture", ["refused", "returned"])
def test_backscatter_counts_the_reports_to_forged_senders(architecture: str):
    """Each report that went to joe on mail that another wrote is one."""
    facts = facts_of(architecture)
    authors = {fact.message_id: fact.author for fact in facts.messages}
    wrote = [authors[fact.about] for fact in facts.messages if fact.about]
    assert backscatter(architecture) == sum(author != "joe@joe.example" for author in wrote) > 0


def test_a_refusal_makes_less_of_it():
    """Where unknown users are refused, the spammer's host would have to tell, and does not."""
    assert backscatter("refused") < backscatter("returned") / 4


def test_honest_mail_makes_none():
    """A report to whoever wrote the mail is none."""
    assert backscatter("returned", STORM.replace(", forged: {share: 100 %, domain: joe.example}", "")) == 0


def test_a_forward_does_not_wash_a_forgery():
    """What is passed on in a forged name comes back to the forged name, and counts."""
    domains = {
        "a.example": Domain(
            name="a.example", mx=((0, "a"),), users=("u1", "u2"), forwards={"gone": "nobody@b.example"}
        ),
        "b.example": Domain(name="b.example", mx=((0, "b"),), users=("u1",)),
    }
    spec = scenario("a-b", message(0, "u1@a", "u1@a"), domains=domains)
    [architecture] = spec.architectures.values()
    world = Simulation(spec, architecture, 0, 1)
    back = parse_path("<u1@b.example>")

    def hand_in() -> None:
        copies = world.messages.write(9, back, [parse_forward_path("<gone@a.example>")], 10, author="u2@a.example")
        world.hosts["a"].submit(back, copies, b"Subject: x\r\n")

    later(world, 1.0, hand_in)
    assert float(measure(frames(world.run(), "a", 0))["backscatter"].iloc[0]) == 1


@pytest.mark.parametrize("architecture", ["refused", "returned"])
def test_what_a_silent_host_gives_up_is_on_the_books(architecture: str):
    """`reports: no` tells nobody, so what it gives up has expired."""
    facts = facts_of(architecture)
    assert not [fact for fact in facts.copies if fact.outcome == "bounced" and fact.path == "spam"]

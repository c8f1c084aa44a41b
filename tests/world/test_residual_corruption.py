"""Damage that no checksum sees, in a run: what it does to mail, and who finds it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import message, scenario

from sim.results.metrics import measure
from sim.results.tables import frames
from sim.scenario.load import loads
from sim.scenario.show import show
from sim.scenario.spec import Domain, Scenario
from sim.world.simulation import Simulation


def noisy(spec: Scenario, **corruption: float) -> Scenario:
    """The scenario with links, by name with `_` for `-`, that damage packets."""
    links = tuple(
        replace(link, corruption=corruption.get(link.name.replace("-", "_"), 0.0)) for link in spec.network.links
    )
    return replace(spec, network=replace(spec.network, links=links))


def live(spec: Scenario):
    """The facts of a run, and the mail in the mailboxes."""
    [architecture] = spec.architectures.values()
    world = Simulation(spec, architecture, 0, 1)
    facts = world.run()
    boxes = [content for host in world.hosts.values() for box in host.custody.mailboxes.values() for content in box]
    return facts, boxes


def spec_of(*mail, **more) -> Scenario:
    """Three hosts in a row, with dialogues so that mail is kept."""
    settings = {"transfer": "store-and-forward", "dialogues": True, **more}
    return scenario("a-b b-c", *(mail or [message(1.0, "u1@a", "u1@c")]), **settings)


@pytest.mark.parametrize("links", [{"a_b": 1.0}, {"b_c": 1.0}, {"a_b": 1.0, "b_c": 1.0}])
def test_relays_pass_damage_on(links):
    """Delivered like any mail, and not as it was written; nobody knows."""
    facts, [content] = live(noisy(spec_of(), **links))
    _, [whole] = live(spec_of())
    [copy] = facts.copies
    assert (copy.outcome, copy.damage) == ("delivered", "unseen")
    assert content != whole
    assert len(content) == len(whole)


def test_a_link_without_corruption_damages_nothing():
    """And draws nothing: the facts are those of a scenario without the key."""
    assert live(noisy(spec_of(), a_b=0.0)) == live(spec_of())


@pytest.mark.parametrize(
    ("writes", "checks", "damage"), [(True, True, "found"), (True, False, "unseen"), (False, True, "unseen")]
)
def test_a_digest_finds_it_where_both_ends_have_one(writes: bool, checks: bool, damage: str):
    """Content-MD5 is the users' own: the relay in between has no part in it."""
    mail = message(1.0, "u1@a", "u1@c", size=100_000)
    hosts = {"a": {"digests": writes}, "c": {"digests": checks}}
    facts, [content] = live(noisy(spec_of(mail, hosts=hosts), a_b=0.05))
    assert (b"\r\nContent-MD5: " in content) == writes
    assert facts.copies[0].damage == damage


def test_whole_mail_is_not_suspected():
    """A digest that holds says nothing."""
    facts, _ = live(noisy(spec_of(hosts={"*": {"digests": True}}), b_c=1e-12))
    assert facts.copies[0].damage == ""


def test_a_list_passes_on_what_it_got():
    """The damage of the copy to the list is that of each copy to a member."""
    domains = {f"{name}.example": Domain(name=f"{name}.example", mx=((0, name),), users=("u1",)) for name in "ac"}
    members = {"all": ("u1@a.example", "u1@c.example")}
    domains["b.example"] = Domain(
        name="b.example", mx=((0, "b"),), users=("u1",), lists=members, forwards={"f": "u1@c.example"}
    )
    facts, _ = live(noisy(spec_of(message(1.0, "u1@a", "all@b", "f@b"), domains=domains), a_b=1.0))
    assert {copy.damage for copy in facts.copies} == {"unseen"}


def test_metrics_count_it():
    """Copies that came damaged, and those of them that nobody found."""
    mail = [message(float(number), "u1@a", "u1@c", "u1@b") for number in range(40)]
    spec = noisy(spec_of(*mail, hosts={"a": {"digests": True}, "c": {"digests": True}}), b_c=0.3)
    facts, _ = live(spec)
    [row] = measure(frames(facts, "store-and-forward", 0)).to_dict("records")
    found = [copy.damage for copy in facts.copies]
    assert (row["damaged"], row["damaged_unseen"]) == (40 - found[::2].count(""), found.count("unseen"))
    assert 0 < row["damaged_unseen"] < row["damaged"] < 40


def test_both_architectures_draw_from_the_same_stream():
    """The first damage of a line comes with the same packet, whoever sends it."""
    text = """
network: {nodes: [a, b], links: [{between: [a, b], corruption: 2 %}]}
workload: {constant: {rate: 30 /h, size: 10 kB}}
duration: 10 h
"""
    spec = loads(text)
    assert loads(show(spec)) == spec
    damaged = []
    for architecture in spec.architectures.values():
        facts = Simulation(spec, architecture, 0, 1).run()
        damaged.append([copy.message_id for copy in facts.copies if copy.damage])
    assert damaged[0] == damaged[1]
    assert len(damaged[0]) > 10

"""Whose mail a source draws: shares by weight, and nobody who writes to himself where another could be drawn."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from sim.scenario.spec import Domain
from sim.workload.pairs import Pairs
from sim.workload.users import Population

SIZES = {"a.example": 3, "b.example": 1, "c.example": 6}
PEOPLE = Population(
    {
        name: Domain(name=name, mx=(), users=tuple(f"u{number}" for number in range(1, size + 1)))
        for name, size in SIZES.items()
    }
)
DRAWS = 6000


def drawn(senders=(), recipients=(), kind="uniform", count=DRAWS):
    """Pairs that were drawn, with a stream of its own."""
    random, pairs = Random(1972), Pairs(PEOPLE, kind, tuple(senders), tuple(recipients))
    return [pairs.draw(random) for _ in range(count)]


def fits(found: Counter[str], shares: dict[str, float]) -> bool:
    """Whether counts agree with shares: chi-square at 0.1%, and nobody else is there."""
    total, weights = sum(found.values()), sum(shares.values())
    expected = [total * weight / weights for weight in shares.values()]
    return set(found) <= set(shares) and chisquare([found[name] for name in shares], expected).pvalue > 0.001


def test_shares_by_weight():
    """A domain gets its weight's share, its users alike, an address its own."""
    whose = (("a.example", 3.0), ("C.example", 0.5), ("x <who@else.where>", 1.5))
    shares = {f"u{number}@a.example": 1.0 for number in (1, 2, 3)}
    shares |= {f"u{number}@c.example": 0.5 / 6 for number in range(1, 7)} | {"x <who@else.where>": 1.5}
    assert fits(Counter(sender for sender, _ in drawn(senders=whose)), shares)
    assert fits(Counter(recipient for _, recipient in drawn(recipients=whose)), shares)


def test_a_list_is_weights_of_one():
    """Each entry alike, however many users it has."""
    found = Counter(sender.partition("@")[2] for sender, _ in drawn(senders=(("b.example", 1.0), ("c.example", 1.0))))
    assert fits(found, {"b.example": 1.0, "c.example": 1.0})


def test_whoever_is_not_said_is_drawn_as_ever():
    """Recipients are any other users alike, or with gravity any of another domain."""
    alike = {address: 1.0 for address in PEOPLE.addresses if address != "u1@a.example"}
    assert fits(Counter(recipient for _, recipient in drawn(senders=(("u1@A.example", 1.0),))), alike)
    others = {address: 1.0 for address in PEOPLE.addresses if "@a." not in address}
    assert fits(Counter(to for _, to in drawn(senders=(("a.example", 1.0),), kind="gravity")), others)


@pytest.mark.parametrize("kind", ["uniform", "gravity"])
def test_where_nothing_is_said_draws_are_as_ever(kind):
    """To the last number."""
    random = Random(1972)
    assert drawn(kind=kind, count=50) == [PEOPLE.pair(kind, random) for _ in range(50)]


def test_senders_to_one_user_are_any_others_alike():
    """He does not write to himself; with gravity neither do his neighbours."""
    alike = {address: 1.0 for address in PEOPLE.addresses if address != "u1@a.example"}
    assert fits(Counter(sender for sender, _ in drawn(recipients=(("u1@a.example", 1.0),))), alike)
    others = {address: 1.0 for address in PEOPLE.addresses if "@a." not in address}
    assert fits(Counter(sender for sender, _ in drawn(recipients=(("a.example", 1.0),), kind="gravity")), others)


entries = st.lists(st.tuples(st.sampled_from(["a.example", "C.example"]), st.floats(0.1, 9)), max_size=4)


@given(entries, entries, st.sampled_from(["uniform", "gravity"]))
def test_nobody_writes_to_himself_who_need_not(senders, recipients, kind):
    """Where more than one user may be drawn."""
    assert all(sender != recipient for sender, recipient in drawn(senders, recipients, kind, count=20))


@pytest.mark.parametrize("whose", [(), (("a.example", 1.0),), (("u1@a.example", 1.0), ("b.example", 2.0))])
def test_the_numbers_of_a_draw_are_as_many(whose):
    """What is drawn takes the same numbers of the stream, whoever it is."""
    random, pairs = Random(1), Pairs(PEOPLE, "uniform", whose)
    pairs.draw(random)
    other = Random(1)
    for _ in range(5 if whose else 2):
        other.random()
    assert random.random() == other.random()


def test_one_person_on_both_sides():
    """He writes to himself."""
    me = (("u1@a.example", 1.0),)
    assert drawn(me, me, count=1) == [("u1@a.example", "u1@a.example")]

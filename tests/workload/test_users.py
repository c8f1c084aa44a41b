"""The population and its pairs."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from sim.scenario.spec import Domain
from sim.workload.users import Population


def population(**users):
    """A population of domains NAME.example with the given users."""
    return Population(
        {f"{name}.example": Domain(name=f"{name}.example", mx=(), users=us) for name, us in users.items()}
    )


def pairs(people, kind, count=6000):
    """How often each pair (local parts with their domain's first letter, such as `1b`) is drawn."""
    random = Random(1972)
    drawn = (people.pair(kind, random) for _ in range(count))
    return Counter("".join(address.replace("@", "")[:2] for address in pair) for pair in drawn)


def test_addresses():
    """Users stand domain by domain in the scenario's order, quoted where the address needs it."""
    people = population(b=("u1", "le chef"), a=("u1",))
    assert people.addresses == ("u1@b.example", '"le chef"@b.example', "u1@a.example")


def test_in_turn():
    """One user of each domain in turn, until all are named."""
    people = population(b=("1", "2", "3"), a=("1",), c=(), d=("1", "2"))
    assert " ".join(address[:3] for address in people.in_turn) == "1@b 1@a 1@d 2@b 2@d 3@b"


def test_strangers_are_nobody():
    """A name that the domain has for a user, a list or an alias is never a stranger's."""
    domain = Domain(
        name="a.example",
        mx=(),
        users=("u1", "NOBODY7"),
        lists={"xnobody7": ("u1@a.example",)},
        moved={"nobody8": "b@c"},
    )
    people = Population({"a.example": domain})
    assert [people.stranger(number, "u1@a.example") for number in (7, 8, 9)] == [
        "xxnobody7@a.example",
        "xnobody8@a.example",
        "nobody9@a.example",
    ]


def test_uniform():
    """Each ordered pair of different users is drawn about equally often."""
    counts = pairs(population(a=("1", "2"), b=("1",)), "uniform")
    assert sorted(counts) == ["1a1b", "1a2a", "1b1a", "1b2a", "2a1a", "2a1b"]
    assert min(counts.values()) > 900


def test_gravity_leaves_the_domain():
    """Senders go by the users of their domain, recipients are users of the others."""
    counts = pairs(population(a=("1", "2"), b=("1",), c=("1",)), "gravity", 12000)
    # Half of the mail comes from a (shared by 1b and 1c); b's mail goes to a's two users and to c's one, a third each.
    expected = {"1a1b": 1500, "1a1c": 1500, "2a1b": 1500, "2a1c": 1500}
    expected |= {"1b1a": 1000, "1b2a": 1000, "1b1c": 1000, "1c1a": 1000, "1c2a": 1000, "1c1b": 1000}
    assert sorted(counts) == sorted(expected)
    # Four standard deviations of a count of 1500 in 12000 are 145.
    assert max(abs(counts[pair] - expected[pair]) for pair in expected) < 145


def test_gravity_with_one_domain():
    """Where no other domain has users, gravity is as uniform."""
    people = population(a=("1", "2", "3"), b=())
    assert pairs(people, "gravity") == pairs(people, "uniform")


@pytest.mark.parametrize("kind", ["uniform", "gravity"])
def test_one_user(kind):
    """Somebody alone writes to themselves."""
    assert population(a=("1",)).pair(kind, Random(1)) == ("1@a.example", "1@a.example")


@pytest.mark.parametrize("kind", ["uniform", "gravity"])
def test_pair_draws_two_numbers(kind):
    """Whoever is drawn, the stream is two numbers further on."""
    people = population(a=("1", "2"), b=("1",))
    drawn, counted = Random(3), Random(3)
    people.pair(kind, drawn)
    counted.random()
    counted.random()
    assert drawn.getstate() == counted.getstate()


@pytest.mark.parametrize("users", [{}, {"a": ()}])
def test_nobody(users):
    """Mail that is written by hand needs none of them: a domain that takes no mail has no users."""
    assert population(**users).addresses == ()

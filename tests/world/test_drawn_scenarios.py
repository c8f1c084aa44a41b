"""A hundred scenarios drawn from the form itself; `make fuzz` draws two thousand."""

from __future__ import annotations

import json
from random import Random

import pytest
from drawn import Drawer, mended, text, tried

from sim.scenario.schema import schema


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 100, 10))
def test_a_drawn_scenario_keeps_every_rule(first):
    """No exception, no end of work, no broken sum; and the same rows again."""
    found = {number: wrong for number, written, wrong in map(tried, range(first, first + 10)) if wrong}
    assert found == {}


def test_a_new_key_is_drawn_without_anybody_thinking_of_it():
    """A key that the form gets is among what is drawn from it, its quantity with a unit."""
    form = {"type": "object", "properties": {"brightness": {"minimum": 3, "maximum": 3, "type": "integer"}}}
    drawn = [Drawer(number, {}).draw(form, "") for number in map(Random, range(9))]
    assert {"brightness": 3} in drawn


def test_what_the_loader_refuses_is_taken_out_and_nothing_else():
    """Of two hosts of which one is none of the network's, the other stays as it is."""
    tree = {"network": {"nodes": ["a"]}, "hosts": {"a": {"sessions": 3}, "z": {"sessions": 4}}}
    assert json.loads(mended(tree)) == {"network": {"nodes": ["a"]}, "hosts": {"a": {"sessions": 3}}}


def test_every_product_is_drawn():
    """The first hundred scenarios have hosts of every kind of MTA."""
    whole = json.dumps([text(number) for number in range(60)])
    kinds = schema()["$defs"]["HostForm"]["properties"]["mta"]["anyOf"][0]["enum"]
    assert [kind for kind in kinds if kind not in whole] == []

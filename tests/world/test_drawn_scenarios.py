"""A hundred scenarios drawn from the form itself; `make fuzz` draws two thousand."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random

import pytest
from drawn import FILES, Drawer, form, mended, text, tried

from sim.scenario.schema import schema


@pytest.mark.usefixtures("unmeasured")
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


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_every_product_is_drawn():
    """The first hundred scenarios have hosts of every kind of MTA."""
    kinds = schema()["$defs"]["HostSettings"]["properties"]["mta"]["anyOf"][0]["enum"]
    hundred = "".join(text(number) for number in range(100))
    assert [kind for kind in kinds if kind not in hundred] == []


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_every_file_is_drawn_where_it_fits():
    """Graphs, networks by rule, outages and mail from files, and messages of a folder and of an mbox, are run.

    The rarest of them, a trace of outages, comes once in a hundred on average.
    """
    wanted = {*FILES, "generate"}
    for number in range(1000):
        wanted -= _drawn_kinds(json.loads(text(number)))
        if not wanted:
            break
    assert wanted == set()


def _drawn_kinds(tree) -> set[str]:
    """The files of a drawn scenario, and whether its network is made by rule."""
    network, sources = tree["network"], tree["workload"]
    letters = [source["messages"] for source in sources if "messages" in source]
    return {
        network.get("graph", {}).get("file"),
        network.get("trace"),
        *[source["trace"]["file"] for source in sources if "trace" in source],
        *[one if isinstance(one, str) else one["path"] for one in letters],
        *(["generate"] if "generate" in network else []),
    }


@pytest.mark.slow
def test_a_key_that_any_form_gets_is_drawn(monkeypatch):
    """Whichever form gets a new key: some scenario has it, before the loader has refused it."""
    forms, top = deepcopy(form())
    wanted = {name for name, one in forms.items() if "properties" in one}
    for name in wanted:
        forms[name]["properties"][f"new in {name}"] = {"const": 1}
    drawn = []

    def noted(tree):
        drawn.append(json.dumps(tree))
        return '{"network": {"nodes": ["a", "b"]}}'

    monkeypatch.setattr("drawn.form", lambda: (forms, top))
    monkeypatch.setattr("drawn.mended", noted)
    for number in range(800):
        text(number)
    assert {name for name in wanted if f'"new in {name}"' not in "".join(drawn)} == set()

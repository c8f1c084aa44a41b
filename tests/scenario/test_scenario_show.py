"""The full scenario as text, as data, as a hash, and the schema of the form."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import jsonschema
import pytest
from ruamel.yaml import YAML

from sim.scenario.load import loads
from sim.scenario.schema import schema
from sim.scenario.show import as_data, scenario_hash, show

RICH = """
title: "a: b"
seed: 9
network:
  nodes: {a: {}, b: {lat: 48.8, lon: 2.3}, 3: {lat: 1, lon: 2}, a.b: {}}
  link_defaults: {outages: {mtbf: 30 h, mttr: 45 min}}
  links:
    - {between: [a, b], delay: {uniform: {low: 1 ms, high: 2.5 ms}}, rate: 1 Mbit/s, windows: daily 23:00-01:00}
    - {between: [a, b], delay: {exponential: 3 ms}, loss: 0.1 %, outages: none, windows: [hourly 50-10, every 7 h for 20 min, daily 00:00-24:00]}
    - {between: [b, 3], down: [{from: 0, to: 2 d}], loss: 0.123456789}
    - {between: [3, a.b], delay: {empirical: {values: [1 ms, 2 s], weights: [1, 0.5]}}, mtu: 576 B}
hosts:
  defaults: {mta: {postfix: {queue_run_delay: 10 min}}, crashes: {mtbf: 30 d, mttr: 2 h, spool: volatile}}
  b: {crashes: none, size_limit: 5 MB, extensions: [], down: [{from: 1 h, to: 100 min}]}
  a: {esmtp: false}
domains:
  A.example: {mx: {10: [a, b], 20: 3}, users: [bob, 'o''neill']}
  a.b: {users: 3}
workload:
  - poisson: {rate: 200 /h, size: {empirical: [1 kB, 2 kB]}, pairs: gravity}
    constant: {every: 7 min}
  - constant: {rate: 1e-9 /s, size: {constant: 1 B}}
  - messages_at:
      - {at: 0 s, from: Postmaster@a.example, to: u1@A.B, size: 1 kB}
      - {at: 0.3 s, from: bob@a.example, to: [u1@a.b, u2@a.b], text: "two\\nlines: #1"}
  - trace: {file: t, start: 3 s}
  - messages: m
  - messages: {path: m, rate: 1 /d}
architectures:
  x: {transfer: end-to-end, hosts: {defaults: {mta: {postfix: {hopcount_limit: 7}}}, a: {sessions: 3}}}
  y: {transfer: store-and-forward, routing: static, hosts: {b: {crashes: {mtbf: 1 d, mttr: 1 h}}}}
expect: ["x.delivery_prob > 0.5", "x.delivered<=y.delivered"]
dialogues: true
"""


@pytest.fixture
def rich(tmp_path):
    """A folder with the files that the rich scenario names."""
    (tmp_path / "t").touch()
    (tmp_path / "m").write_text("From x\nSubject: x\n\n")
    return tmp_path


def test_what_is_shown_loads_back_to_an_equal_scenario(rich):
    """Nothing is lost or changed between the two."""
    scenario = loads(RICH, rich)
    again = loads(show(scenario), rich)
    assert again == scenario
    assert show(again) == show(scenario)


@pytest.mark.parametrize("name", ["Cesnet1993", "Renater2004", "Uninett2010", "Cogentco"])
def test_a_graph_is_shown_as_nodes_and_links(shared, name):
    """Delays from coordinates and numbered names survive."""
    scenario = loads(f"network: {{graph: {name}.graphml}}", shared / "data" / "topologies" / "zoo")
    assert loads(show(scenario)) == scenario


def test_a_scenario_without_links_or_mail_is_shown():
    """Nothing to say is said as nothing."""
    scenario = loads("network: {nodes: [a]}")
    assert loads(show(scenario)) == scenario


def test_each_host_setting_is_shown_once_in_the_weakest_layer(rich):
    """What an architecture's hosts share is its default; what a host has everywhere stands under hosts."""
    shown = YAML(typ="safe", pure=True).load(show(loads(RICH, rich)))
    assert shown["hosts"]["a"] == {"esmtp": False}
    assert shown["hosts"]["b"] == {
        "extensions": [],
        "size_limit": "5 MB",
        "down": [{"from": "1 h", "to": "100 min"}],
        "spool": "durable",
    }
    assert shown["architectures"]["x"]["hosts"] == {"a": {"sessions": 3}, "b": {"crashes": "none"}}
    assert shown["architectures"]["y"]["hosts"] == {
        "defaults": {"mta": {"postfix": {"hopcount_limit": 50}}},
        "b": {"crashes": {"mtbf": "1 d", "mttr": "1 h"}},
    }


def test_quantities_are_shown_as_people_write_them(rich):
    """Whole numbers in the biggest unit."""
    text = show(loads(RICH, rich))
    assert "rate: 200 /h" in text
    assert "every: 7 min" in text
    assert "outages: {mtbf: 30 h, mttr: 45 min}" in text


def test_the_data_is_plain_json_with_kinds_named(rich):
    """Alternatives say which they are; everything survives a trip through JSON."""
    data = as_data(loads(RICH, rich))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["network"]["links"][0]["delay"]["back"] == {"type": "Uniform", "low": 0.001, "high": 0.0025}
    assert [source["type"] for source in data["workload"]][2:5] == ["ConstantArrivals", "MessagesAt", "Trace"]
    assert (data["folder"], data["domains"]["a.b"]["mx"]) == (str(rich), [])


def test_the_hash_is_of_what_the_scenario_says():
    """Neither the folder nor notes nor spelling counts; any value does."""
    one = loads("network: {nodes: [a, b]}\nduration: 1 d")
    assert scenario_hash(one) == scenario_hash(loads("duration: 24 h\nnetwork: {nodes: {a: , b: }}", "/elsewhere"))
    assert scenario_hash(one) == scenario_hash(replace(one, notes=("x",)))
    assert scenario_hash(one) != scenario_hash(replace(one, seed=2))
    assert len(scenario_hash(one)) == 64


def test_the_order_in_which_settings_are_declared_is_no_part_of_the_hash(monkeypatch):
    """A version that declares them otherwise has the same hash of an unchanged file."""
    scenario = loads("network: {nodes: [a, b], links: [{between: [a, b]}]}")
    before = scenario_hash(scenario)
    monkeypatch.setattr("sim.scenario.show.fields", lambda value: reversed(fields(value)))
    assert scenario_hash(scenario) == before


def test_the_order_of_nodes_is_part_of_the_hash():
    """Draws depend on it."""
    hashes = {scenario_hash(loads(f"network: {{nodes: {nodes}}}")) for nodes in ("[a, b]", "[b, a]")}
    assert len(hashes) == 2


def test_the_schema_accepts_what_the_loader_accepts(rich):
    """A rich scenario and its full form are valid."""
    yaml = YAML(typ="safe", pure=True)
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    for text in (RICH, show(loads(RICH, rich))):
        data = json.loads(json.dumps(yaml.load(text)))
        assert [error.message for error in validator.iter_errors(data)] == []


REFUSED = [
    {"sed": 1},
    {"seed": "1"},
    {"duration": 3},
    {"duration": "3 hours"},
    {"network": {"link_defaults": {"loss": -1}}},
    {"network": {"link_defaults": {"delay": {"pareto": "3 s"}}}},
    {"hosts": {"a": {"mta": "smail"}}},
    {"hosts": {"a": {"mta": {"exim": {"queue_run_delay": "1 h"}}}}},
    {"hosts": {"a": {"mta": {"delays": []}}}},
    {"hosts": {"a": {"extensions": {"SIZE": "maybe"}}}},
    {"hosts": {"a": {"extensions": ["SIZES"]}}},
    {"hosts": {"a": {"login": {"name": "a"}}}},
    {"architectures": {"x": {}}},
]


@pytest.mark.parametrize("data", REFUSED, ids=str)
def test_the_schema_refuses_what_the_loader_refuses(data):
    """Unknown keys, wrong types and wrong units are no valid form."""
    assert not jsonschema.Draft202012Validator(schema()).is_valid(data)


def test_the_schema_describes_every_key():
    """The docstrings of the forms' fields are in the schema."""
    described = schema()
    forms = {"ScenarioForm": described, **described["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, form in forms.items()
        for key, value in form["properties"].items()
        if not value.get("description")
    ]
    assert bare == []


def test_lists_are_shown():
    """Mailing lists come back from what is shown."""
    text = (
        "network: {nodes: [a]}\n"
        "domains: {a.example: {mx: [a], users: [ann, bob], lists: {all: [ann@a.example, bob@a.example]}}}\n"
    )
    scenario = loads(text)
    assert loads(show(scenario)) == scenario
    assert scenario.domains["a.example"].lists == {"all": ("ann@a.example", "bob@a.example")}

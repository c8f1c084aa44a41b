"""Older carriers as a scenario file writes them."""

from __future__ import annotations

import json

import jsonschema
import pytest
from ruamel.yaml import YAML

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.schema import schema
from sim.scenario.show import as_data, show
from sim.scenario.spec.carriers import X25, Bsc, DialUp, UucpG

OLD = """
network:
  nodes: [a, b, c, d, e, f]
  link_defaults: {carrier: bsc}
  links:
    - {between: [a, b]}
    - {between: [b, c], carrier: {bsc: {block: 1 kB, turnaround: 0 s}}, rate: 4800 bit/s}
    - {between: [c, d], carrier: {uucp-g: {window: 7}}}
    - {between: [d, e], carrier: {dial-up: {modem: 300 bit/s, setup: 45 s, busy: 20 %, redial: 2 min, window: 1}}, rate: 1 Mbit/s}
    - {between: [e, f], carrier: {x25: {setup: 250 ms}}}
    - {between: [a, f], carrier: tcp}
    - {between: [a, e], carrier: {dial-up: }}
    - {between: [b, d], carrier: {dial-up: {protocol: i, modem: 19.2 kbit/s}}, byte_errors: 1/3000}
    - {between: [b, e], carrier: {uucp-g: {packet: 4096 B}}, byte_errors: 0.1 %}
"""


def test_carriers_have_their_settings_and_rates():
    """Alone or with settings; a rate of their own where nothing says one, a call that of its modem."""
    links = loads(OLD).network.links
    assert [(link.carrier, link.rate.there) for link in links] == [
        (Bsc(), 9600.0),
        (Bsc(block=1000, turnaround=0.0), 4800.0),
        (UucpG(window=7), 2400.0),
        (DialUp(modem=300.0, setup=45.0, busy=0.2, redial=120.0, window=1), 300.0),
        (X25(setup=0.25), 9600.0),
        (None, 10e6),
        (DialUp(), 2400.0),
        (DialUp(protocol="i", window=16, packet=1024, modem=19_200.0), 19_200.0),
        (UucpG(packet=4096), 2400.0),
    ]
    assert [link.byte_errors for link in links[-3:]] == [0.0, 1 / 3000, 0.001]


def test_carriers_are_shown_and_described():
    """What is shown loads back, both fit the schema, and as data they carry their kind."""
    scenario = loads(OLD)
    assert loads(show(scenario)) == scenario
    validator, yaml = jsonschema.Draft202012Validator(schema()), YAML(typ="safe", pure=True)
    for text in (OLD, show(scenario)):
        data = json.loads(json.dumps(yaml.load(text)))
        assert [error.message for error in validator.iter_errors(data)] == []
    assert as_data(scenario)["network"]["links"][0]["carrier"] == {"type": "Bsc", "block": 512, "turnaround": 0.05}


def test_each_mistake_is_reported_at_its_place():
    """Unknown carriers, windows and sizes that cannot be, modems that were not built: all at once."""
    text = """network:
  nodes: [a, b]
  link_defaults: {carrier: pigeon}
  links:
    - {between: [a, b], carrier: {uucp-g: {window: 8}}}
    - {between: [a, b], carrier: {x25: {window: 0, set_up: 1 s}}}
    - {between: [a, b], carrier: {x25: {window: 0, setup: 1}}}
    - {between: [a, b], carrier: {bsc: {block: 0 B}}}
    - {between: [a, b], carrier: {dial-up: {modem: 0 bit/s, busy: 100 %}}}
    - {between: [a, b], carrier: {bsc: {}, x25: {}}}
    - {between: [a, b], carrier: [bsc]}
    - {between: [a, b], carrier: {ip: {}}}
    - {between: [a, b], rate: 0 bit/s}
    - {between: [a, b], byte_errors: 2/3000}
    - {between: [a, b], byte_errors: 1/1}
    - {between: [a, b], carrier: {dial-up: {packet: 100 B}}}
"""
    with pytest.raises(ScenarioError) as caught:
        loads(text, file="x.yaml")
    assert str(caught.value).split("\n") == [
        "x.yaml:3:28: unknown carrier (pigeon): allowed are tcp, bsc, uucp-g, x25, dial-up",
        "x.yaml:5:43: a window that g has no numbers for (8): allowed is 1 to 7",
        "x.yaml:6:49: too small (0): allowed is a whole number of at least 1 and at most 7",
        "x.yaml:6:52: unknown key (set_up): allowed are window, setup; did you mean setup?",
        "x.yaml:7:49: too small (0): allowed is a whole number of at least 1 and at most 7",
        "x.yaml:7:59: a duration needs a unit (1): allowed are s, ms, min, h, d, w, y, as in 30 s",
        "x.yaml:8:48: not a size of blocks (0 B): allowed is 1 B to 65535 B",
        "x.yaml:9:52: not the rate of a modem (0 bit/s): allowed is 300 bit/s to 115.2 kbit/s",
        "x.yaml:9:67: a number that is always engaged (100 %): allowed is less",
        "x.yaml:10:34: exactly one carrier is needed (bsc and x25 given): allowed are bsc, uucp-g, x25, dial-up",
        "x.yaml:11:34: unknown carrier (a list): allowed are tcp, bsc, uucp-g, x25, dial-up",
        "x.yaml:12:35: unknown carrier (ip): allowed are bsc, uucp-g, x25, dial-up",
        "x.yaml:13:31: a rate must be above zero (0 bit/s): allowed is e.g. 10 Mbit/s",
        "x.yaml:14:38: not a share of bytes (2/3000): allowed is one of 2 and more, as in 1/3000",
        "x.yaml:15:38: not a share of bytes (1/1): allowed is one of 2 and more, as in 1/3000",
        "x.yaml:16:53: not a size of packets (100 B): allowed are 32, 64, 128, 256, 512, 1024, 2048, 4096 B",
    ]

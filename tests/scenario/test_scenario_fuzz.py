"""Whatever the text: a scenario or its mistakes, never another exception."""

from __future__ import annotations

import dataclasses
import re
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.products import PRODUCTS
from sim.scenario.products.delays import Delays
from sim.scenario.schema import schema
from sim.scenario.show import scenario_hash, show
from sim.scenario.spec import Scenario

FORMS = schema()["$defs"]
WORDS = sorted(
    {key for form in FORMS.values() for key in form["properties"]}
    | {"network", "nodes", "a", "b", "defaults", "end-to-end", "postfix", "lognormal", "median", "p95", "none", "<<"}
    | {field.name for kind in (*PRODUCTS.values(), Delays) for field in dataclasses.fields(kind)}
    | {*PRODUCTS, "DSN", "CHUNKING", "BINARYMIME", "AUTH", "yes", "used", "F,1h,5m; G,1d,1h,2", "1m,5m*2"}
)
VALUES = [
    "a", "b", "3 s", "0", "10 Mbit/s", "1 kB", "3 /h", "daily 1:00-2:00", "from-coordinates", "u1@a.example", "postfix", "x > 3", "end-to-end",
    "store-and-forward", "1 %", "none", ".", "durable", "a.b",
]  # fmt: skip

scalars = st.one_of(
    st.sampled_from(VALUES),
    st.sampled_from(WORDS),
    st.none(),
    st.booleans(),
    st.integers(-3, 50),
    st.floats(),
    st.text(max_size=4),
)
keys = st.one_of(st.sampled_from(WORDS), st.integers(-1, 20), st.text(max_size=3))
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=20,
)


def outcome(text, folder):
    """The scenario, or what is wrong with it."""
    try:
        return loads(text, folder)
    except ScenarioError as error:
        return error.problems


def check(text, folder="."):
    """A scenario that can be shown and hashed, or problems at places in plain words."""
    found = outcome(text, folder)
    if isinstance(found, Scenario):
        assert loads(show(found), folder) == found
        assert len(scenario_hash(found)) == 64
    else:
        assert [problem for problem in found if problem.line < 1 or problem.column < 1] == []
        assert [problem for problem in found if re.search("Input should|Value error", problem.message)] == []
        assert len(found) > 0


def dumped(data):
    """The data as YAML."""
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_unicode = True
    out = StringIO()
    yaml.dump(data, out)
    return out.getvalue()


@given(st.text())
@settings(max_examples=300)
def test_any_text(text):
    """Arbitrary characters."""
    check(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "a",
                "nodes",
                ": ",
                "\n",
                "  ",
                "- ",
                "[",
                "]",
                "{",
                "}",
                ",",
                "&x ",
                "*x",
                "<<",
                "'",
                '"',
                "#",
                "|",
                ">",
                "!!int ",
                "!x ",
                "? ",
                "---",
                "...",
                "%YAML 1.1\n",
                "1",
                ".inf",
                "null",
                "\t",
                "@",
                "\u0085",
                "\\",
                "0x",
                "0o9",
                "1e5",
            ]
        ),
        max_size=20,
    ).map("".join)
)
@settings(max_examples=500)
def test_any_text_of_yamls_own_signs(text):
    """Text that is nearly YAML."""
    check(text)


@given(trees)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_any_tree(data):
    """Right words in wrong places."""
    check(dumped(data))


@given(st.dictionaries(st.sampled_from(sorted(schema()["properties"])), trees, max_size=6))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_any_tree_below_the_top_keys_beside_a_network(data):
    """A good network with odd company."""
    check(dumped({"network": {"nodes": ["a", "b"], "links": [{"between": ["a", "b"]}]}, **data}))


FORM_PARTS = {
    "network": {"nodes": {"a": {"lat": 1, "lon": 2}, "b": None}, "link_defaults": {"loss": 0.1, "outages": "none"}, "links": [{"between": ["a", "b"], "delay": "3 ms", "windows": ["hourly 1-2"]}]},
    "hosts": {"defaults": {"mta": {"postfix": {"hopcount_limit": 3}}, "crashes": {"mtbf": "1 d", "mttr": "1 h"}}, "a": {"down": [{"from": 0, "to": "3 s"}], "extensions": {"DSN": "used"}}, "b": {"mta": {"exim": {"retry": "F,1h,5m; G,1d,1h,2"}}, "extensions": ["SIZE", {"DSN": "used"}], "login": {"name": "a", "password": "b"}}},
    "domains": {"a.example": {"mx": {10: "a"}, "users": 3, "lists": {"l": ["f@a.example"]}, "forwards": {"f": "u1@b.example"}}, "b.example": {"mx": ["a", "b"], "moved": {"m": "u1@a.example"}}},
    "workload": [{"poisson": {"rate": "3 /h", "size": {"lognormal": {"median": "1 kB", "p95": "2 kB"}}}}, {"messages_at": [{"at": 0, "from": "u1@a.example", "to": "u1@b.example", "size": "1 kB"}]}],
    "architectures": {"x": {"transfer": "end-to-end", "hosts": {"a": {"sessions": 3, "mta": {"delays": ["5 min", "1 h"]}}}}},
    "expect": ["x.delivered > 3"],
}  # fmt: skip


@st.composite
def spoiled(draw):
    """The good scenario with up to three of its parts replaced or taken away."""

    def spoil(data, path):
        here = path and path[0]
        if isinstance(data, dict):
            name = list(data)[here % len(data)] if path and data else None
            return (
                {key: spoil(value, path[1:]) if key == name else value for key, value in data.items()}
                if path
                else draw(trees)
            )
        if isinstance(data, list) and path:
            return [spoil(value, path[1:]) if index == here % len(data) else value for index, value in enumerate(data)]
        return draw(trees)

    data = FORM_PARTS
    for _ in range(draw(st.integers(1, 3))):
        data = spoil(data, draw(st.lists(st.integers(0, 5), min_size=1, max_size=6)))
    return data


@given(spoiled())
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_a_good_scenario_with_spoiled_parts(data):
    """Mistakes anywhere in an otherwise good file."""
    check(dumped(data))


def test_the_parts_are_good_before_they_are_spoiled():
    """The test above starts from a scenario that loads."""
    assert isinstance(loads(dumped(FORM_PARTS)), Scenario)


@pytest.mark.parametrize(
    "text",
    [
        "&a [*a]",
        "{<<: {<<: {a: 1}}}",
        "? {a: b}\n: c",
        "!!binary x",
        "!!set {a}",
        "seed: 9" + "9" * 5000,
        'title: "\\ud800"',
        "- - - -",
        "<<: [1]",
    ],
)
def test_odd_yaml(text):
    """Corners of YAML that are no scenario."""
    with pytest.raises(ScenarioError):
        loads(text)

"""Text in any letters, wherever a file can give it: no run ends with a traceback."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim.scenario.errors import ScenarioError
from sim.scenario.load import load
from sim.scenario.products import PRODUCTS
from sim.scenario.show import show
from sim.study.comparison import run

LETTERS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)


def written(texts: dict[str, str], product: str, transfer: str) -> dict[str, object]:
    """A scenario that has a text in each place that takes one."""
    name, far = texts["host"], texts["host"] + "2"
    user, listed = texts["user"], texts["list"]
    return {
        "title": texts["title"],
        "duration": "1 min",
        "drain": "1 d",
        "network": {"nodes": [name, far], "links": [{"between": [name, far]}], "groups": {}},
        "hosts": {
            "defaults": {"mta": product},
            far: {
                "policies": {"refuse": [{"at": "rcpt", "code": 450, "text": texts["refusal"], "during": [
                    {"from": "0 s", "to": "30 s"}]}]},
                "digests": True,
            },
        },
        "domains": {
            "a.example": {"mx": [name], "users": ["u1"]},
            "b.example": {
                "mx": [far],
                "users": ["u1", user],
                "lists": {listed: ["u1@b.example"]},
                "forwards": {texts["forward"]: "u1@a.example"},
                "moved": {texts["moved"]: "u1@a.example"},
            },
        },
        "workload": {
            "messages_at": [
                {"at": "1 s", "from": "u1@a.example", "to": f"{to}@b.example", "text": texts["body"]}
                for to in ("u1", user, listed, texts["forward"], texts["moved"], "nobody")
            ]
        },
        "architectures": {texts["architecture"]: {"transfer": transfer}},
        "dialogues": True,
    }  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys(("title", "host", "user", "list", "forward", "moved", "refusal", "body", "architecture"), LETTERS)),
    st.sampled_from(sorted(PRODUCTS)),
    st.sampled_from(["end-to-end", "store-and-forward"]),
    st.sets(st.sampled_from(
        ("title", "host", "user", "list", "forward", "moved", "refusal", "body", "architecture")), min_size=1),
)  # fmt: skip
def test_text_in_any_letters_is_refused_or_carried(texts, product, transfer, drawn):
    """Titles, hosts, users, lists, replies, bodies and architectures: what loads, runs, whatever its letters."""
    plain = {place: place for place in texts} | {place: texts[place] for place in sorted(drawn)}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "x.yaml"
        YAML().dump(written(plain, product, transfer), file)
        try:
            scenario = load(file)
        except ScenarioError:
            return
        assert show(scenario)
        assert len(run(scenario).copies) >= 6

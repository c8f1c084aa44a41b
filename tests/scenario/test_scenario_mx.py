"""MX records, null MX and aliases in a scenario file."""

from __future__ import annotations

import pytest

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.show import show
from sim.scenario.spec import NULL_MX

TEXT = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
domains:
  a.example: {{mx: a, users: [ann]}}
  x.example: {{{}}}
workload: {{messages_at: [{{at: 0 s, from: ann@a.example, to: {}}}]}}
"""


@pytest.mark.parametrize("said", ["mx: none", "mx: {0: .}"])
def test_a_null_mx_is_read_and_shown(said: str):
    """Either way of writing it; the domain has no users, and anybody may be written to in vain."""
    scenario = loads(TEXT.format(said, "whoever@x.example"))
    assert (scenario.domains["x.example"].mx, scenario.domains["x.example"].users) == (NULL_MX, ())
    assert loads(show(scenario)) == scenario


def test_an_alias_has_the_users_of_its_domain():
    """And its mail goes the same way."""
    scenario = loads(TEXT.format("cname: A.example", "ann@x.example"))
    assert (scenario.domains["x.example"].cname, scenario.domains["x.example"].users) == ("a.example", ("ann",))
    assert loads(show(scenario)) == scenario


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ("mx: none, users: 3", "x.yaml:5:32: users in a domain that takes no mail (mx: none): leave them out"),
        ("cname: a.example, mx: b", "x.yaml:5:22: an alias with MX records (x.example): allowed is cname or mx"),
        ("cname: y.example", "unknown domain (y.example)"),
        ("cname: x.example", "an alias of an alias (x.example): name the domain that it stands for"),
        ("mx: []", "no MX host (nothing listed): allowed is e.g. {10: HOST}, or none for a domain that takes no mail"),
    ],
)
def test_mistakes_are_named(said: str, mistake: str):
    """Where it is, what is wrong, what is allowed."""
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT.format(said, "ann@a.example"), file="x.yaml")
    assert mistake in str(caught.value)

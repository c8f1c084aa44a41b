"""What a file says of operators' acts, and what of it the hosts' products can do."""

from __future__ import annotations

from typing import get_args

import jsonschema
import pytest
from ruamel.yaml import YAML

from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.products import PRODUCTS
from sim.scenario.products.delays import Delays
from sim.scenario.products.exim import Exim
from sim.scenario.products.postfix import Postfix
from sim.scenario.products.sendmail import Sendmail
from sim.scenario.products.tables import Operation
from sim.scenario.schema import schema
from sim.scenario.show import show
from sim.scenario.spec.acts import Act

TEXT = """
network: {{nodes: [a, b], links: [{{between: [a, b]}}]}}
duration: 1 d
hosts: {{b: {{mta: {mta}}}}}
architectures: {{x: {{transfer: end-to-end}}}}
acts: [{acts}]
"""


def acts(said: str, mta: str = "exim") -> tuple[Act, ...]:
    """What a file's acts are."""
    return loads(TEXT.format(acts=said, mta=mta)).acts


def test_acts_are_read_in_order_of_time():
    """One host, several, or all of them; mail for one domain."""
    assert acts("{at: 2 h, host: [b, a], do: flush, of: B.example}, {at: 1 h, host: [b, all], do: hold}") == (
        Act(at=3600.0, hosts=("a", "b"), do="hold"),
        Act(at=7200.0, hosts=("b", "a"), do="flush", of="b.example"),
    )


def test_what_is_shown_means_the_same():
    """A round trip, and a file that the schema knows."""
    text = TEXT.format(
        acts="{at: 2 h, host: b, do: release}, {at: 3 h, host: all, do: flush, of: a.example}", mta="exim"
    )
    assert loads(show(loads(text))) == loads(text)
    jsonschema.validate(YAML(typ="safe").load(text), schema())


@pytest.mark.parametrize(
    ("said", "mta", "mistakes"),
    [
        ("{at: 1 h, host: c, do: flush}", "exim", ["6:24: unknown host (c): allowed are a, b, all"]),
        (
            "{at: 1 h, host: a, do: flash}",
            "exim",
            ["6:31: unknown act (flash): allowed are flush, hold, release, restart"],
        ),
        ("{at: 10 d, host: a, do: flush}", "exim", ["6:13: an act that never comes (10 d; the run ends after 6 d)"]),
        ("{at: 1 h, host: a, do: flush, of: c.example}", "exim", ["6:42: unknown domain (c.example)"]),
        (
            "{at: 1 h, host: all, do: hold}",
            "qmail",
            ["6:33: qmail has no command for that (hold of b, under x): allowed are flush, restart"],
        ),
        (
            "{at: 1 h, host: b, do: flush, of: a.example}, {at: 1 h, host: b, do: release}",
            "qmail",
            [
                "6:42: qmail has no flush of one domain's mail (a.example, at b, under x): leave `of` out",
                "has no command",
            ],
        ),
        (
            "{at: 1 h, host: b, do: restart, of: a.example}",
            "exim",
            ["6:44: Exim has no restart of one domain's mail (a.example, at b, under x): leave `of` out"],
        ),
        ("{at: 1 h, host: b, do: flush}", "zonemta", ["ZoneMTA has no command for that", "allowed are restart"]),
    ],
)
def test_mistakes_are_named(said: str, mta: str, mistakes: list[str]):
    """Where, what is allowed, and all of them at once."""
    with pytest.raises(ScenarioError) as caught:
        acts(said, mta)
    assert [mistake for mistake in mistakes if mistake not in str(caught.value)] == []


def test_every_product_can_be_restarted():
    """And whoever can hold mail can release it."""
    for product in (*PRODUCTS.values(), Delays):
        known = [do for do in get_args(Operation) if product().command_for(do)]
        assert ("restart" in known, "hold" in known) == (True, "release" in known)


@pytest.mark.parametrize(
    ("product", "said"),
    [
        (Postfix(), "postqueue -s b.example"),
        (Exim(), "exim -Rff b.example"),
        (Sendmail(), "sendmail -qRb.example"),
    ],
)
def test_an_act_is_said_in_the_product_s_words(product, said: str):
    """With the domain in its place."""
    assert product.command_for("flush", "b.example") == said

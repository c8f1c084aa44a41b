"""The key `protocol` of a link: what may stand there, what is said of it, and how it is read back."""

from __future__ import annotations

import pytest

import sim
from sim.scenario.errors import ScenarioError

TEXT = """
network:
  nodes: [a, g, b]
  link_defaults: {defaults}
  links: [{{between: [a, g]}}, {{between: [g, b]{more}}}]
workload: {{poisson: {{rate: 1 /h}}}}
architectures: {{one: {{transfer: end-to-end{architecture}}}}}
"""


def loaded(defaults="{}", more="", architecture=""):
    """The scenario with these settings."""
    return sim.loads(TEXT.format(defaults=defaults, more=more, architecture=architecture))


def test_a_link_has_the_architectures_protocol_unless_it_says_another():
    """What a link says goes before the defaults of links, and these before the architecture."""
    network = loaded(more=", protocol: ftp").network
    assert [link.protocol for link in network.links] == [None, "ftp"]
    assert network.protocols("smtp") == {"a-g": "smtp", "g-b": "ftp"}
    assert loaded("{protocol: ftp}", ", protocol: smtp").network.protocols("mqtt") == {"a-g": "ftp", "g-b": "smtp"}


def test_it_is_read_back_as_it_was_written(tmp_path):
    """A saved scenario has it."""
    scenario = loaded(more=", protocol: ftp")
    sim.save(scenario, tmp_path / "saved.yaml")
    assert sim.load(tmp_path / "saved.yaml").network == scenario.network


def test_gateways_are_named():
    """A note says which hosts are between links of several protocols."""
    said = "gateways, where links of several protocols meet: g"
    assert said in loaded(more=", protocol: ftp").notes
    assert not any("gateways" in note for note in loaded("{protocol: smtp}").notes)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"more": ", protocol: mqtt"}, "5:58: mqtt over a link: allowed is a protocol without a broker"),
        ({"defaults": "{protocol: mqtt}"}, "4:29: mqtt over a link: allowed is a protocol without a broker"),
        ({"more": ", protocol: utcp"}, "5:58: unknown protocol (utcp): allowed are smtp"),
        (
            {"more": ", protocol: smtp", "architecture": ", protocol: ftp"},
            "7:55: ftp where some links have another protocol: allowed is one by which hosts pass on",
        ),
    ],
)
def test_what_cannot_be_is_said_with_its_place(settings, fault):
    """A broker's protocol over one link, a word that is none, and a protocol that passes nothing on among others."""
    with pytest.raises(ScenarioError) as caught:
        loaded(**settings)
    assert fault in str(caught.value)

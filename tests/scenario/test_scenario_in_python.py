"""A scenario written in Python: a dict, with a graph of networkx where one likes."""

from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.scenario.source import read
from sim.scenario.syntax.form import ScenarioForm

TWO = {
    "network": {"nodes": ["a", "b"], "links": [{"between": ["a", "b"], "rate": "2 Mbit/s"}]},
    "workload": {"poisson": {"rate": "20 /h"}},
}


class Word(StrEnum):
    """A text of a class of its own."""

    STATIC = "static"


def said(data: object) -> list[str]:
    """The mistakes of a scenario."""
    with pytest.raises(sim.ScenarioError) as caught:
        sim.from_dict(data)  # type: ignore[arg-type]
    return str(caught.value).splitlines()


def test_a_dict_is_what_a_file_is() -> None:
    """A scenario of a dict equals that of the file with the same values."""
    text = """
        network: {nodes: [a, b], links: [{between: [a, b], rate: 2 Mbit/s}]}
        workload: {poisson: {rate: 20 /h}}
        """
    assert sim.from_dict(TWO) == sim.loads(text)


def test_a_graph_of_networkx_is_a_network() -> None:
    """Its nodes, edges and attributes are read as those of a graph file."""
    graph = nx.Graph()
    graph.add_edge("paris", "lyon", rate="1 Mbit/s", delay="10 ms")
    graph.add_edge("lyon", "nice", loss="2 %")
    (first, second) = sim.from_dict({"network": graph}).network.links
    assert (first.between, first.rate.there, first.delay.there.mean()) == (("paris", "lyon"), 1e6, 0.01)
    assert (second.between, second.loss.there.share) == (("lyon", "nice"), 0.02)


def test_a_graph_may_have_units_and_a_network_more_to_say_of_it() -> None:
    """Where a file's name may stand, a graph may."""
    graph = nx.path_graph(["a", "b", "c"])
    nx.set_edge_attributes(graph, 50.0, "delay")
    network = {"graph": {"file": graph, "units": {"delay": "ms"}}, "link_defaults": {"rate": "9600 bit/s"}}
    links = sim.from_dict({"network": network}).network.links
    assert [(link.delay.there.mean(), link.rate.there) for link in links] == [(0.05, 9600.0)] * 2


def test_a_graph_without_nodes_is_a_mistake() -> None:
    """As a file without any is."""
    assert said({"network": nx.Graph()}) == [
        "scenario: network: a graph without nodes (Graph with 0 nodes and 0 edges): allowed is at least one"
    ]


def test_every_mistake_has_its_path() -> None:
    """All at once, each where it stands."""
    network = {"nodes": ["a", "b"], "links": [{"between": ["a", "c"], "delay": 0.02}]}
    assert said({"network": network, "colour": "red"}) == [
        "scenario: network.links[0].delay: a duration needs a unit (0.02): allowed are s, ms, min, h, d, w, y, as in 30 s",
        f"scenario: colour: unknown key (colour): allowed are {', '.join(ScenarioForm.allowed())}",
        "scenario: network.links[0].between[1]: unknown host (c): allowed are a, b",
    ]


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", 1j, np.zeros(3), Path])
def test_what_no_file_can_hold_is_a_mistake(value: object) -> None:
    """The type is named, and what is allowed."""
    plain = "allowed are text, numbers, True, False, None, dicts and lists of these"
    message = f"scenario: title: not a plain value (of type {type(value).__name__}): {plain}"
    assert [line for line in said({**TWO, "title": value}) if "plain" in line] == [message]


def test_a_value_that_holds_itself_is_a_mistake() -> None:
    """It is found, and not followed for ever."""
    itself: list[object] = []
    itself.append(itself)
    assert any("deeper than any scenario" in line for line in said({**TWO, "title": itself}))


def test_numbers_of_numpy_paths_tuples_and_enumerations_are_plain() -> None:
    """What stands for a plain value is read as one."""
    data = {
        **TWO,
        "seed": np.int64(7),
        "title": Path("a/b"),
        "network": {"nodes": ("a", "b"), "links": ({"between": ("a", "b")},)},
        "architectures": {"x": {"transfer": "end-to-end", "routing": Word.STATIC}},
    }
    scenario = sim.from_dict(data)
    assert (scenario.seed, scenario.title, scenario.architectures["x"].routing) == (7, "a/b", "static")


@pytest.mark.parametrize("value", ["scenario.yaml", [TWO], None, 3])
def test_anything_but_a_dict_is_refused_in_a_sentence(value: object) -> None:
    """The type is named."""
    with pytest.raises(TypeError, match=r"^not a dict \(\w+\): allowed is what a scenario file has, as a dict$"):
        sim.from_dict(value)  # type: ignore[arg-type]


@pytest.mark.slow
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_value_gives_a_scenario_or_its_mistakes(value: object) -> None:
    """Whatever stands for a key's value."""
    for key in ("title", "network", "workload", "hosts", "limits"):
        with suppress(sim.ScenarioError):
            assert isinstance(sim.from_dict({**TWO, key: value}), sim.Scenario)


def test_a_saved_scenario_loads_back(tmp_path: Path) -> None:
    """Every default is in the file."""
    scenario = sim.from_dict(TWO)
    sim.save(scenario, tmp_path / "two.yaml")
    assert sim.load(tmp_path / "two.yaml") == scenario
    assert "routing" in str(read((tmp_path / "two.yaml").read_text(), "two").data)


def test_a_scenario_that_is_saved_elsewhere_finds_its_files(tmp_path: Path) -> None:
    """Their names are written as seen from there."""
    (tmp_path / "mail.txt").write_text("u1@a.example u1@b.example 5\n")
    (tmp_path / "letter.eml").write_text("Subject: hello\r\n\r\nhello\r\n")
    workload = [{"trace": {"file": "mail.txt"}}, {"messages": {"path": "letter.eml"}}, TWO["workload"]]
    scenario = sim.from_dict({**TWO, "workload": workload}, tmp_path)
    (tmp_path / "below").mkdir()
    sim.save(scenario, tmp_path / "below" / "saved.yaml")
    again = sim.load(tmp_path / "below" / "saved.yaml")
    sim.save(again, tmp_path / "again.yaml")
    assert sim.load(tmp_path / "again.yaml").workload == scenario.workload


def test_only_a_scenario_can_be_saved(tmp_path: Path) -> None:
    """Anything else is refused in a sentence."""
    with pytest.raises(
        TypeError, match=r"^not a scenario \(dict\): allowed is what sim\.load or sim\.from_dict gives$"
    ):
        sim.save(TWO, tmp_path / "two.yaml")  # type: ignore[arg-type]

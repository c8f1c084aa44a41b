"""Networks from graph files and from generators."""

from __future__ import annotations

import pytest

from sim.scenario.distribution import Constant
from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads

ZOO = [
    ("Arpanet196912", 4, 4),
    ("Arpanet19706", 9, 10),
    ("Arpanet19723", 25, 28),
    ("Arpanet19728", 29, 32),
    ("Nsfnet", 13, 15),
    ("Abilene", 11, 14),
    ("Cesnet1993", 10, 9),
    ("Garr199901", 16, 18),
    ("Renater2004", 30, 36),
    ("Geant2012", 40, 61),
    ("Janetbackbone", 29, 45),
    ("Uninett2010", 74, 101),
    ("Cogentco", 197, 245),
    ("TataNld", 145, 194),
]


def graph(folder, text, name="g.gml", more=""):
    """The scenario of a graph file with this text."""
    (folder / name).write_text(text, encoding="utf-8")
    return loads(f"network: {{graph: {name}{more}}}", folder)


def refusal(folder, text, name="g.gml"):
    """What is said about a graph file with this text."""
    with pytest.raises(ScenarioError) as caught:
        graph(folder, text, name)
    return str(caught.value)


@pytest.mark.parametrize(("name", "nodes", "links"), ZOO)
def test_every_graph_of_the_zoo_loads(shared, name, nodes, links):
    """All nodes and links are there, each with a name of its own and a positive rate."""
    network = loads(f"network: {{graph: {name}.graphml}}", shared / "data" / "topologies" / "zoo").network
    assert (len(network.nodes), len(network.links)) == (nodes, links)
    assert len({link.name for link in network.links}) == links
    assert min(link.rate for link in network.links) > 0


def test_a_graph_of_the_zoo_gives_places_rates_and_delays(shared):
    """CESNET of 1993: speeds from the file, delays from places, and the one node without a place is said."""
    scenario = loads("network: {graph: Cesnet1993.graphml}", shared / "data" / "topologies" / "zoo")
    assert scenario.network.nodes["Ostrava"].lat == 49.83465
    assert sorted({link.rate for link in scenario.network.links}) == [20000.0, 60000.0]
    assert scenario.notes[0] == "nodes without coordinates (Ebone): 1 of their links get a delay of 10 ms"


GML = """graph [
  node [ id 0 label "Chicago" Latitude 41.85 Longitude -87.65 ]
  node [ id 1 label "Chicago" ]
  node [ id 2 label "None" ]
  node [ id 3 label "alone" ]
  edge [ source 0 target 1 LinkSpeedRaw 64000.0 latency "5 ms" ]
  edge [ source 1 target 2 rate "2 Mbit/s" delay 0.25 ]
  edge [ source 2 target 2 ]
  edge [ source 0 target 2 ]
]
"""


def test_gml_with_its_attributes(tmp_path):
    """Labels are made unique, rates and delays are taken where an edge has them."""
    network = graph(tmp_path, GML).network
    assert list(network.nodes) == ["Chicago", "Chicago-2", "node-2", "alone"]
    assert [(link.name, link.rate, link.delay) for link in network.links] == [
        ("Chicago-Chicago-2", 64000.0, Constant(0.005)),
        ("Chicago-node-2", 10e6, Constant(0.01)),
        ("Chicago-2-node-2", 2e6, Constant(0.25)),
    ]


def test_what_is_odd_about_a_graph_is_said(tmp_path):
    """Repeated labels, loops, lonely nodes and missing places become notes."""
    assert graph(tmp_path, GML).notes[:4] == (
        "nodes with the same label are told apart by a number (Chicago)",
        "a line from node-2 to itself is left out",
        "nodes without a link, which no mail can leave or reach: alone",
        "nodes without coordinates (node-2): 1 of their links get a delay of 10 ms",
    )


def test_parallel_edges_are_separate_links(tmp_path):
    """A multigraph keeps its edges, each with its own rate."""
    text = (
        'graph [ multigraph 1 node [ id 0 label "A" ] node [ id 1 label "B" ] '
        "edge [ source 0 target 1 key 0 LinkSpeedRaw 1000.0 ] edge [ source 0 target 1 key 1 LinkSpeedRaw 2000.0 ] ]"
    )
    found = [(link.name, link.rate) for link in graph(tmp_path, text).network.links]
    assert found == [("A-B", 1000.0), ("A-B-2", 2000.0)]


def test_a_directed_graph_gives_links_in_both_directions(tmp_path):
    """Two opposite arrows are one link, and that is said."""
    text = (
        'graph [ directed 1 node [ id 0 label "A" ] node [ id 1 label "B" ] '
        "edge [ source 0 target 1 ] edge [ source 1 target 0 ] ]"
    )
    scenario = graph(tmp_path, text)
    assert [link.name for link in scenario.network.links] == ["A-B"]
    assert scenario.notes[0] == "the graph is directed: each of its lines is a link in both directions"


GRAPHML = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="label" attr.type="string" for="node" id="l"/>
<key attr.name="Latitude" attr.type="double" for="node" id="y"/>
<key attr.name="Longitude" attr.type="double" for="node" id="x"/>
<graph edgedefault="undirected">
<node id="a"><data key="l">Here</data><data key="y">0</data><data key="x">0</data></node>
<node id="b"><data key="l">There</data><data key="y">0</data><data key="x">90</data></node>
<edge source="a" target="b"/>
</graph></graphml>
"""


def test_graphml_with_places(tmp_path):
    """A quarter of the equator at 2/3 of the speed of light takes 50 ms."""
    network = graph(tmp_path, GRAPHML, "g.graphml").network
    assert list(network.nodes) == ["Here", "There"]
    assert network.links[0].delay.mean() == pytest.approx(10_007_557e3 / 1000 / 199_861_639, rel=1e-6)


def test_link_defaults_stand_behind_the_graph_and_links_before_it(tmp_path):
    """An edge's own rate beats the defaults; what `links` says about a pair beats both."""
    more = ", link_defaults: {rate: 1 kbit/s, delay: 1 s}, links: [{between: [node-2, Chicago-2], rate: 7 kbit/s}]"
    network = graph(tmp_path, GML, more=more).network
    assert [(link.rate, link.delay.mean()) for link in network.links] == [
        (64000.0, 0.005),
        (1000.0, 1.0),
        (7000.0, 0.25),
    ]


BROKEN = {
    "not XML": (
        "hello",
        "g.graphml",
        "this graph file is not XML (g.graphml, syntax error: line 1, column 0): allowed is GraphML",
    ),
    "not GraphML": ("<html/>", "g.xml", "no graph can be read from this file (g.xml, "),
    "not GML": ("hello", "g.gml", "no graph can be read from this file (g.gml, "),
    "no kind of graph": ("a b", "g.txt", "unknown kind of graph file (g.txt): allowed are .graphml, .xml, .gml"),
    "no nodes": ("graph [ ]", "g.gml", "a graph without nodes (g.gml): allowed is at least one"),
    "bad rate": (
        GML.replace("2 Mbit/s", "fast"),
        "g.gml",
        "no graph can be read from this file (g.gml, between Chicago-2 and node-2: not a rate (fast): ",
    ),
}


@pytest.mark.parametrize(("text", "name", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_graph_is_an_error_at_its_name(tmp_path, text, name, expected):
    """What is wrong with a graph file is said where the scenario names it."""
    assert refusal(tmp_path, text, name).startswith("scenario:1:18: " + expected)


def test_a_folder_is_no_graph(tmp_path):
    """A folder with the name of a graph is refused."""
    (tmp_path / "g.gml").mkdir()
    with pytest.raises(ScenarioError, match="unreadable graph file"):
        loads("network: {graph: g.gml}", tmp_path)


MADE = {
    "waxman: {nodes: 30, seed: 3}": (30, None),
    "erdos_renyi: {nodes: 10, probability: 1}": (10, 45),
    "barabasi_albert: {nodes: 10}": (10, 16),
    "random_regular: {nodes: 10, degree: 4}": (10, 20),
    "grid: {rows: 2, columns: 3}": (6, 7),
    "ring: {nodes: 5}": (5, 5),
    "star: {nodes: 5}": (5, 4),
    "line: {nodes: 5}": (5, 4),
    "tree: {branching: 2, height: 2}": (7, 6),
    "complete: {nodes: 5}": (5, 10),
}


@pytest.mark.parametrize(("text", "size"), MADE.items(), ids=MADE)
def test_each_generator_makes_its_graph(text, size):
    """The number of nodes and links is that of the kind."""
    network = loads(f"network: {{generate: {{{text}}}}}").network
    assert (len(network.nodes), size[1] or len(network.links)) == (size[0], len(network.links))
    assert list(network.nodes)[:2] == ["n1", "n2"]


def test_made_networks_depend_on_the_seed_alone():
    """The scenario's seed makes the network unless the generator has its own."""

    def links(seed, own=""):
        text = f"seed: {seed}\nnetwork: {{generate: {{erdos_renyi: {{nodes: 20, probability: 0.5{own}}}}}}}"
        return [link.between for link in loads(text).network.links]

    assert links(1) == links(1)
    assert links(1) != links(2)
    assert links(1, ", seed: 2") == links(2)

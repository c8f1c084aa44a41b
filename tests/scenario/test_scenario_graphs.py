"""Networks from graph files and from generators."""

from __future__ import annotations

import gzip
import json
import re
from contextlib import suppress
from dataclasses import fields
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.distribution import Constant
from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.show import show
from sim.scenario.spec import Loss
from sim.scenario.spec.directions import alike
from sim.scenario.syntax.generate import Generator

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
    assert min(link.rate.there for link in network.links) > 0


def test_a_graph_of_the_zoo_gives_places_rates_and_delays(shared):
    """CESNET of 1993: speeds from the file, delays from places, and the one node without a place is said."""
    scenario = loads("network: {graph: Cesnet1993.graphml}", shared / "data" / "topologies" / "zoo")
    assert scenario.network.nodes["Ostrava"].lat == 49.83465
    assert sorted({link.rate.there for link in scenario.network.links}) == [20000.0, 60000.0]
    assert scenario.notes[:2] == (
        "attributes of the graph that are ignored: Internal, Country, LinkSpeed, LinkLabel, LinkSpeedUnits, key",
        "nodes without coordinates (Ebone): 1 of their links get a delay of 10 ms",
    )


GML = """graph [
  node [ id 0 label "Chicago" Latitude 41.85 Longitude -87.65 ]
  node [ id 1 label "Chicago" ]
  node [ id 2 label "None" ]
  node [ id 3 label "alone" ]
  edge [ source 0 target 1 LinkSpeedRaw 64000.0 latency "5 ms" ]
  edge [ source 1 target 2 rate "2 Mbit/s" delay "0.25 s" ]
  edge [ source 2 target 2 ]
  edge [ source 0 target 2 ]
]
"""


def test_gml_with_its_attributes(tmp_path):
    """Labels are made unique, rates and delays are taken where an edge has them."""
    network = graph(tmp_path, GML).network
    assert list(network.nodes) == ["Chicago", "Chicago-2", "node-2", "alone"]
    assert [(link.name, link.rate.there, link.delay.there) for link in network.links] == [
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
    found = [(link.name, link.rate.there) for link in graph(tmp_path, text).network.links]
    assert found == [("A-B", 1000.0), ("A-B-2", 2000.0)]


def test_a_directed_graph_gives_links_in_both_directions(tmp_path):
    """Two opposite arrows are one link, an arrow without one is alike in both directions, and that is said."""
    text = (
        'graph [ directed 1 node [ id 0 label "A" ] node [ id 1 label "B" ] node [ id 2 label "C" ] '
        'edge [ source 0 target 1 ] edge [ source 2 target 0 bw "1 Mbps" ] edge [ source 1 target 0 ] ]'
    )
    scenario = graph(tmp_path, text)
    assert [(link.name, link.rate.pair) for link in scenario.network.links] == [
        ("A-B", (10e6, 10e6)),
        ("C-A", (1e6, 1e6)),
    ]
    assert scenario.notes[0] == (
        "the graph is directed: opposite arrows are one link with two directions; "
        "an arrow without an opposite one counts both ways: C -> A"
    )


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
    assert network.links[0].delay.there.mean() == pytest.approx(10_007_557e3 / 1000 / 199_861_639, rel=1e-6)


def test_link_defaults_stand_behind_the_graph_and_links_before_it(tmp_path):
    """An edge's own rate beats the defaults; what `links` says about a pair beats both."""
    more = ", link_defaults: {rate: 1 kbit/s, delay: 1 s}, links: [{between: [node-2, Chicago-2], rate: 7 kbit/s}]"
    network = graph(tmp_path, GML, more=more).network
    assert [(link.rate.there, link.delay.there.mean()) for link in network.links] == [
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
    "no kind of graph": ("a b", "g.csv", "unknown kind of graph file (g.csv): allowed are .graphml, .xml, .gml"),
    "not Pajek": ("*vertices 5", "g.net", "no graph can be read from this file (g.net, "),
    "another format": ("graph {}", "g.dot", "unknown kind of graph file (g.dot): allowed are"),
    "SNDlib": ('<network xmlns="http://sndlib.zib.de/network"/>', "g.xml", "SNDlib's files are not read (g.xml)"),
    "no nodes": ("graph [ ]", "g.gml", "a graph without nodes (g.gml): allowed is at least one"),
    "bad rate": (
        GML.replace("2 Mbit/s", "fast"),
        "g.gml",
        "no graph can be read from this file (g.gml): between Chicago-2 and node-2: not a rate (fast): ",
    ),
}


@pytest.mark.parametrize(("text", "name", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_broken_graph_is_an_error_at_its_name(tmp_path, text, name, expected):
    """What is wrong with a graph file is said where the scenario names it."""
    assert refusal(tmp_path, text, name).startswith("scenario:1:18: " + expected)


def test_a_folder_is_no_graph(tmp_path):
    """A folder with the name of a graph is refused."""
    (tmp_path / "g.gml").mkdir()
    with pytest.raises(ScenarioError, match="a folder: allowed is a regular file"):
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


TWO = 'node [ id 1 label "a" ] node [ id 2 label "b" ]'


def edges(folder, *lines, more="", units=""):
    """The links of a GML file with these edges between two nodes."""
    text = f"graph [ {more} {TWO} " + " ".join(f"edge [ {line} ]" for line in lines) + " ]"
    (folder / "g.gml").write_text(text)
    return loads(f"network: {{graph: {{file: g.gml{units}}}}}", folder).network.links


@pytest.mark.parametrize("name", ["Airtel", "Belnet", "AttMpls"])
def test_gml_of_the_zoo_with_parallel_edges(shared, name):
    """GML that does not say that it is a multigraph has all its edges."""
    file = shared / "data" / "topologies" / "zoo" / f"{name}.gml"
    network = loads(f"network: {{graph: {file}}}").network
    assert len(network.links) == file.read_text(encoding="utf-8").count("edge [")


@pytest.mark.parametrize("more", ["", "multigraph 0", "multigraph 1", 'Creator "graph [ x"'])
def test_parallel_edges_need_no_word(tmp_path, more):
    """Two edges between the same nodes are two links, whatever the file says of multigraphs."""
    found = [(link.name, link.delay.there.mean()) for link in edges(tmp_path, f'{ENDS} delay "1 ms"', ENDS, more=more)]
    assert found == [("a-b", 0.001), ("a-b-2", 0.01)]


def test_parallel_edges_may_have_one_key(tmp_path):
    """The key of an edge is no attribute of a link."""
    links = edges(tmp_path, f"{ENDS} key 0", f'{ENDS} key 0 LinkLabel "the key 1 of # two"')
    assert [link.name for link in links] == ["a-b", "a-b-2"]


ENDS = "source 1 target 2"
MEASURED = {
    'rate "8 Mbit/s"': ("rate", 8e6),
    'bandwidth "1 Gbps"': ("rate", 1e9),
    'bw "10 Mbit"': ("rate", 1e7),
    "capacity_kbps 64": ("rate", 64e3),
    'bandwidth "2 MB/s"': ("rate", 16e6),
    'bandwidth "1 Kibit"': ("rate", 1024),
    'latency "7 \u03bcs"': ("delay", 7e-6),
    'latency "7 \u00b5s"': ("delay", 7e-6),
    "LinkSpeedRaw 2048000": ("rate", 2048e3),
    'latency "50 ms"': ("delay", 0.05),
    'delay "7 us"': ("delay", 7e-6),
    'latency "2 milliseconds"': ("delay", 0.002),
    "delay_ms 1.5": ("delay", 0.0015),
    'delay 5 delay_unit "us"': ("delay", 5e-6),
    "packet_loss 0.25": ("loss", 0.25),
    'packetloss "5 %"': ("loss", 0.05),
    "loss_percent 2": ("loss", 0.02),
    "latency 0": ("delay", 0.0),
    'delay "None"': ("delay", 0.01),
}


@pytest.mark.parametrize("written", MEASURED)
def test_what_graphs_in_use_call_their_attributes(tmp_path, written):
    """Rates, delays and losses are read under the names and in the units that they have there."""
    setting, expected = MEASURED[written]
    wanted = {"rate": expected, "delay": Constant(expected), "loss": Loss(share=expected)}[setting]
    assert getattr(edges(tmp_path, f"{ENDS} {written}")[0], setting) == alike(wanted)


def test_units_of_the_whole_graph(tmp_path):
    """The graph's own attributes may say the units of its edges', as those of FNSS do."""
    (link,) = edges(tmp_path, f"{ENDS} capacity 10 delay 3", more='capacity_unit "Mbps" delay_unit "ms"')
    assert (link.rate.there, link.delay.there) == (1e7, Constant(0.003))


@pytest.mark.parametrize("name", ["latency", "delay"])
def test_units_that_the_scenario_says(tmp_path, name):
    """They hold for numbers without a unit alone; an attribute may be called by what it sets."""
    units = f", units: {{{name}: ms, bandwidth: Mbit/s}}"
    links = edges(tmp_path, f"{ENDS} latency 50.0 bandwidth 2", f'{ENDS} latency "1 s"', units=units)
    assert [(link.rate.there, link.delay.there.mean()) for link in links] == [(2e6, 0.05), (10e6, 1.0)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "latency 50.0",
            "latency needs a unit (50.0): allowed is one in the file, as in 30 s, or in the scenario, as in",
        ),
        ("bandwidth 100", "bandwidth needs a unit (100)"),
        ('delay "5 parsecs"', "unknown unit of a duration (parsecs): allowed are s, "),
        ("latency -5", "needs a unit"),
        ('latency "-5 ms"', "a duration cannot be negative (-0.005 s): allowed is 0 or more"),
        ("loss 5", "not a loss (5): allowed is less than 1; shares of a hundred need a unit, as in 5 %"),
    ],
)
def test_numbers_that_say_nothing(tmp_path, line, expected):
    """A number without a unit, an unknown unit and a value out of range are errors with their cure, never cut."""
    with pytest.raises(ScenarioError) as caught:
        edges(tmp_path, f"{ENDS} {line}", f"{ENDS} {line}")
    assert expected in str(caught.value)
    assert str(caught.value).endswith("(so it is 2 times)")


def test_all_that_is_wrong_with_a_graph_is_said(tmp_path):
    """Each kind of mistake once, with its cure and how often it is there."""
    text = f"graph [ {TWO} edge [ {ENDS} bw 10 delay 5 loss 2 ] edge [ {ENDS} bw 1 ] ]".replace(
        "id 1", "id 1 bandwidth_up 17"
    )
    said = refusal(tmp_path, text)
    causes = ["bandwidth_up needs a unit (17)", "bw needs a unit (10)", "delay needs a unit (5)", "not a loss (2)"]
    assert [said.count(cause) for cause in causes] == [1, 1, 1, 1]
    assert said.count("so it is 2 times") == 1


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ("{latency: Mbit/s}", "1:43: no unit of latency (Mbit/s): allowed is e.g. ms"),
        ("{colour: ms}", "1:42: no attribute that has a unit (colour): allowed are LinkSpeedRaw, rate, "),
        ("ms", "1:33: not units (ms): allowed is a mapping"),
    ],
)
def test_units_that_are_none(tmp_path, units, expected):
    """A unit is one of its attribute's kind."""
    with pytest.raises(ScenarioError) as caught:
        edges(tmp_path, ENDS, units=f", units: {units}")
    assert expected.partition(": ")[2] in str(caught.value)


def test_opposite_arrows_are_one_link_with_two_directions(tmp_path):
    """Each arrow has its own rate, delay and loss; what one of them does not say is that of the other."""
    lines = [
        'source 2 target 1 rate "8 Mbit/s" latency "10 ms" loss 0.01',
        'source 1 target 2 rate "1 Mbit/s" latency "40 ms"',
        'source 1 target 2 rate "3 Mbit/s"',
    ]
    first, second = edges(tmp_path, *lines, more="directed 1")
    assert (first.between, first.rate.pair, first.delay.pair) == (
        ("a", "b"),
        (1e6, 8e6),
        (Constant(0.04), Constant(0.01)),
    )
    assert first.loss == alike(Loss(share=0.01))
    assert (second.between, second.rate) == (("a", "b"), alike(3e6))


def test_what_is_said_of_a_link_of_the_graph_is_turned_with_it(tmp_path):
    """`there` is from the first of the nodes as the scenario names them, however the file does."""
    said = "rate: {there: 1 kbit/s, back: 2 kbit/s}, loss: {there: 1 %, back: 2 %}, delay: {there: 1 s, back: 2 s}"
    text = f"graph [ {TWO} edge [ {ENDS} ] ]"
    for between, turn in (("a, b", 1), ("b, a", -1)):
        (link,) = graph(tmp_path, text, more=f", links: [{{between: [{between}], {said}}}]").network.links
        assert link.between == ("a", "b")
        assert (link.rate.pair, [d.mean() for d in link.delay.pair]) == ((1e3, 2e3)[::turn], [1.0, 2.0][::turn])
        assert [loss.share for loss in link.loss.pair] == [0.01, 0.02][::turn]


def test_what_is_not_read_is_said(tmp_path):
    """Attributes that mean nothing here are named, once; a place that is not in degrees is none."""
    text = (
        'graph [ node [ id 0 asn 7 lat 412.5 lon 8 x 1 ] node [ id 1 name "n" lat "47.5" lng 8 ] '
        'edge [ source 0 target 1 jitter "5 ms" packet_loss 0.2 ] edge [ source 0 target 1 jitter 1 ] '
        "edge [ source 1 target 1 ] edge [ source 0 target 0 ] ]"
    )
    scenario = graph(tmp_path, text)
    assert scenario.notes[:3] == (
        "attributes of the graph that are ignored: asn, x, jitter",
        "nodes whose place is not in degrees, so that they have none: node-0",
        "a line from node-0, n to itself is left out",
    )
    assert [(name, n.lat, n.lon) for name, n in scenario.network.nodes.items()] == [
        ("node-0", None, None),
        ("n", 47.5, 8.0),
    ]


def test_a_link_has_what_its_ends_send_and_receive_at(tmp_path):
    """Shadow's hosts have rates and its edges none: each way it is the lesser of the two; an edge's own rate counts."""
    nodes = {1: ("2 Mbit", "9 Mbit"), 2: ("3 Mbit", "1 MB/s"), 3: ("5 Mbit", None), 4: (None, None)}
    said = "".join(
        f'node [ id {node} label "n{node}" '
        + "".join(f'host_bandwidth_{way} "{rate}" ' for way, rate in zip(("up", "down"), rates, strict=True) if rate)
        + "] "
        for node, rates in nodes.items()
    )
    ends = [(1, 2, ""), (2, 1, 'bw "7 Mbit"'), (1, 3, ""), (3, 4, ""), (4, 4, "")]
    lines = "".join(f"edge [ source {a} target {b} {more} ] " for a, b, more in ends)
    scenario = graph(tmp_path, f"graph [ {said} {lines} ]")
    found = [link.rate.pair for link in scenario.network.links]
    assert found == [(2e6, 3e6), (7e6, 7e6), (2e6, 5e6), (5e6, 5e6)]
    used = "links without a rate have what their ends send and receive at: host_bandwidth_up, host_bandwidth_down"
    assert (used in scenario.notes, any("ignored" in note for note in scenario.notes)) == (True, False)


def test_what_nodes_send_at_is_ignored_where_links_have_rates(tmp_path):
    """That is said."""
    text = f'graph [ {TWO} edge [ {ENDS} bw "7 Mbit" ] ]'.replace("id 1", 'id 1 host_bandwidth_up "1 Mbit"')
    assert "attributes of the graph that are ignored: host_bandwidth_up" in graph(tmp_path, text).notes


@pytest.mark.parametrize(
    ("written", "told"), [("loss 0.5", 1), ("packet_loss 0.5", 0), ('loss "5 %"', 0), ("loss 0", 0)]
)
def test_a_bare_loss_is_said_to_be_a_share(tmp_path, written, told):
    """Mininet's loss is one of a hundred; Shadow's packet_loss, by its specification, one of 1."""
    scenario = graph(tmp_path, f"graph [ {TWO} edge [ {ENDS} {written} ] ]")
    assert sum("loss is taken for a share of 1" in note for note in scenario.notes) == told


ENCODED = {
    "UTF-8": ("utf-8", b""),
    "a BOM": ("utf-8", b"\xef\xbb\xbf"),
    "UTF-16": ("utf-16", b""),
    "Latin-1": ("latin-1", b""),
}


@pytest.mark.parametrize(("encoding", "mark"), ENCODED.values(), ids=ENCODED)
@pytest.mark.parametrize("name", ["g.gml", "g.graphml"])
def test_labels_in_any_encoding(tmp_path, name, encoding, mark):
    """Labels of any script come out right, a guess is said."""
    text = GML.replace("alone", "Zürich") if name == "g.gml" else GRAPHML.replace("Here", "Zürich")
    (tmp_path / name).write_bytes(mark + text.encode(encoding))
    scenario = loads(f"network: {{graph: {name}}}", tmp_path)
    assert "Zürich" in scenario.network.nodes
    assert (f"{name}: not UTF-8, so read as Latin-1" in scenario.notes) == (encoding == "latin-1")


def test_labels_are_names(tmp_path):
    """What cannot be printed is left out of them, and blanks are one; what is shown loads back."""
    text = 'graph [ node [ id 0 label " a\x1f\x85 b " ] node [ id 1 label "\x1f" ] edge [ source 0 target 1 ] ]'
    scenario = graph(tmp_path, text)
    assert list(scenario.network.nodes) == ["a b", "node-1"]
    assert loads(show(scenario), tmp_path).network == scenario.network


def test_the_encoding_that_xml_declares(tmp_path):
    """It is gone by, without a word."""
    text = '<?xml version="1.0" encoding="ISO-8859-2"?>' + GRAPHML.replace("Here", "Łódź")
    (tmp_path / "g.xml").write_bytes(text.encode("iso-8859-2"))
    scenario = loads("network: {graph: g.xml}", tmp_path)
    assert list(scenario.network.nodes) == ["Łódź", "There"]
    assert not any("UTF-8" in note for note in scenario.notes)


OTHERS = {
    "g.gexf": """<?xml version="1.0" encoding="UTF-8"?><gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">
<graph defaultedgetype="undirected"><attributes class="edge"><attribute id="0" title="latency" type="string"/>
</attributes><nodes><node id="0" label="a"/><node id="1" label="b"/></nodes><edges>
<edge id="0" source="0" target="1"><attvalues><attvalue for="0" value="3 ms"/></attvalues></edge></edges></graph>
</gexf>""",
    "d3.json": """{"nodes": [{"id": 7, "name": "a", "pos": [2.3, 48.8]}, {"id": 8, "name": "b"}],
"links": [{"source": 7, "target": 8, "latency": "3 ms", "key": 0}]}""",
    "edges.json": """{"directed": false, "multigraph": false, "graph": {"delay_unit": "ms"}, "nodes": [{"id": "a"}, {"id": "b"}],
"edges": [{"source": "b", "target": "a", "delay": 3}]}""",
    "g.net": '*Vertices 2\n1 "a" 0.1 0.2 box\n2 "b"\n*Edges\n1 2 1 latency "3 ms"\n',
}


OTHERS["gephi.gexf"] = OTHERS["g.gexf"].replace("www.gexf.net/1.2draft", "gexf.net/1.3").replace('"1.2"', '"1.3"')


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("squeezed", [False, True])
def test_other_formats(tmp_path, name, squeezed):
    """GEXF, Pajek and JSON load, plain or as gzip."""
    data = OTHERS[name].encode()
    file = name + ".gz" * squeezed
    (tmp_path / file).write_bytes(gzip.compress(data) if squeezed else data)
    network = loads(f"network: {{graph: {file}}}", tmp_path).network
    assert list(network.nodes) == ["a", "b"]
    assert [link.delay.there for link in network.links] == [Constant(0.003)]


def test_parallel_links_of_json(tmp_path):
    """They are kept, whatever the file says of itself and of their keys."""
    text = json.dumps(
        {"multigraph": False, "nodes": [{"id": 1}, {"id": 2}], "links": [{"source": 1, "target": 2, "key": 0}] * 2}
    )
    assert len(graph(tmp_path, text, "g.json").network.links) == 2


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"nodes": 3, "links": []}', '{"nodes": [3], "links": [4]}', "[" * 100_000, "7" * 5000]
)
def test_json_that_is_no_graph(tmp_path, text):
    """It is an error, whatever it holds."""
    assert "no graph can be read from this file (g.json, " in refusal(tmp_path, text, "g.json")


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(get_args(Generator)),
    values=st.lists(st.sampled_from([0, 1, 2, 3, 0.001, 0.5]), min_size=3, max_size=3),
)
def test_a_rule_makes_a_network_or_is_a_mistake(kind, values):
    """However small its parameters are."""
    name = re.sub("(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()
    parameters = dict(zip([one.name for one in fields(kind) if one.name != "seed"], values, strict=False))
    with suppress(ScenarioError):
        assert loads(json.dumps({"network": {"generate": {name: parameters}}})).network.nodes

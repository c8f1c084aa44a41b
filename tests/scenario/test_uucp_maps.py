"""UUCP maps and FidoNet's nodelist as networks of a scenario, and parts of a graph."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.errors import ScenarioError
from sim.scenario.load import load
from sim.scenario.quantity import DAY, HOUR, MINUTE
from sim.scenario.resolve.fidonet_nodelist import is_nodelist, read_nodelist
from sim.scenario.resolve.graph_parts import part_around
from sim.scenario.resolve.plan import Edge, Plan
from sim.scenario.resolve.uucp_map import read_uucp_map, settings_of
from sim.scenario.spec import Node
from sim.scenario.spec.calendar import ClockWindow
from sim.scenario.spec.carriers import DialUp, UucpG
from sim.scenario.spec.windows import format_window

MAP = """a b(DEMAND), c(HOURLY), d(DEAD), .edu, .com
b = bb
bb c(LOCAL)
c a(DAILY)
lan = {c, e, f}(DEDICATED)
"""

NODELIST = """;A Friday, October 3, 1986
Region,10,Calif,CA,Sysop,-,2400,XP:
,26,Dogs,Fresno_CA,Sysop,-,2400,
Host,102,SOCALNET,LA,Sysop,-,2400,
,101,Rainbow,CA,Sysop,-,1200,
Hub,200,OCEAN,CA,Sysop,-,9600,CM
Pvt,741,Hunters,CA,Sysop,-,x,
Down,451,Meadows,CA,Sysop,-,1200,
Zone,2,Europe,NL,Sysop,-,2400,
Host,500,NL,NL,Sysop,-,2400,
"""


def _scenario(tmp_path, content, graph, name="usenet.map"):
    (tmp_path / name).write_bytes(content)
    file = tmp_path / "scenario.yaml"
    file.write_text(f"network: {{graph: {graph}}}\nworkload: {{poisson: {{rate: 1 /h}}}}\n", encoding="utf-8")
    return load(file)


def test_a_map_is_a_network(tmp_path):
    """Aliases are one node; of two directions the better counts; a network joins all its members."""
    scenario = _scenario(tmp_path, MAP.encode(), "usenet.map")
    links = {link.name: link for link in scenario.network.links}
    assert list(scenario.network.nodes) == ["a", "b", "c", "d", "e", "f"]
    assert list(links) == ["a-b", "a-c", "b-c", "c-e", "c-f", "e-f"]
    assert isinstance(links["a-b"].carrier, DialUp)
    assert [window.period for window in links["a-c"].weather.windows] == [HOUR]
    assert (links["b-c"].carrier, links["b-c"].rate.there) == (None, 10e6)
    assert (links["c-e"].carrier, links["c-e"].rate.there) == (UucpG(), 9600.0)
    assert "domains of the map that are no nodes: .edu, .com" in scenario.notes


@pytest.mark.parametrize(
    ("cost", "windows"),
    [
        (1, []),
        (25, []),
        (95, []),
        (200, []),
        (305, []),
        (500, ["hourly 04-19"]),
        (1800, ["daily 17:00-08:00"]),
        (5000, ["daily 05:30-06:30"]),
        (30000, ["wed 05:30-07:30"]),
    ],
)
def test_the_class_of_a_cost_says_when_calls_are_made(cost, windows):
    """LOCAL, DEDICATED, DIRECT and DEMAND at any time; EVENING outside the day; polls at the link's own time."""
    assert [format_window(window) for window in settings_of(cost, "a-b").get("windows", ())] == windows


def test_a_big_network_is_joined_by_one_of_its_members():
    """All pairs of 60 sites would be 1,770 links."""
    notes = []
    members = ", ".join(f"m{number}" for number in range(60))
    plan = read_uucp_map(f"net = {{{members}}}(LOCAL)\nm7 x\n", "map", notes.append)
    assert {one for edge in plan.edges for one in edge.between[:1]} == {"m7"}
    assert (len(plan.edges), notes) == (
        60,
        ["networks of more than 40 sites, joined by the one that has most links: net"],
    )


def test_mistakes_of_a_map_are_noted(tmp_path):
    """With file and line, and the rest is taken."""
    scenario = _scenario(tmp_path, b"a b(10)\nc d e\n", "usenet.map")
    assert scenario.notes[0].startswith("usenet.map:2: syntax error at 'e'")
    assert len(scenario.network.links) == 2


def test_a_map_that_is_cut_off(tmp_path):
    """Damaged gzip is an error of the scenario."""
    with pytest.raises(ScenarioError, match="damaged gzip"):
        _scenario(tmp_path, gzip.compress(MAP.encode())[:-9], "usenet.map.gz", "usenet.map.gz")


def test_a_nodelist_is_a_network(tmp_path):
    """Nodes with their hub or host, hosts with each other; the slower modem counts; who is down is left out."""
    scenario = _scenario(tmp_path, NODELIST.encode(), "nodelist.txt", "nodelist.txt")
    links = {link.name: link for link in scenario.network.links}
    assert list(links) == [
        "f0.n10.z1-f26.n10.z1",
        "f0.n10.z1-f0.n102.z1",
        "f0.n102.z1-f101.n102.z1",
        "f0.n102.z1-f200.n102.z1",
        "f200.n102.z1-f741.n102.z1",
        "f0.n2.z2-f0.n500.z2",
        "f0.n10.z1-f0.n2.z2",
        "f0.n10.z1-f0.n500.z2",
        "f0.n102.z1-f0.n2.z2",
        "f0.n102.z1-f0.n500.z2",
    ]
    assert [link.carrier.modem for link in links.values()][:5] == [2400, 2400, 1200, 2400, 300]
    assert "nodes that are down or on hold are left out: 1" in scenario.notes


def test_the_mail_hour():
    """09:00 to 10:00 UTC, in zone 2 02:30 to 03:30; who has the flag CM takes calls at any time."""
    plan = read_nodelist(NODELIST, "nodelist", lambda _: None)
    windows = {edge.between: edge.said.get("windows") for edge in plan.edges}
    american, european = (
        (ClockWindow(period=DAY, start=start, end=start + HOUR, zone="UTC"),) for start in (9 * HOUR, 150 * MINUTE)
    )
    assert windows["f0.n102.z1", "f101.n102.z1"] == american
    assert windows["f0.n2.z2", "f0.n500.z2"] == european
    assert windows["f0.n102.z1", "f200.n102.z1"] is None


def test_mistakes_of_a_nodelist_are_noted():
    """Each with its line: no node's, cut off, there already, and in no net."""
    notes = []
    text = ",1,Lost,X,S,-,1200\nHost,1,H,X,S,-,1200\n\nNonsense\n,2,A,X,S,-,1200\n,2,B,X,S,-,1200\n,3,Cut"
    plan = read_nodelist(text, "list", notes.append)
    allowed = "Zone, Region, Host, Hub, Pvt, Hold, Down or nothing, comma and number"
    assert (list(plan.nodes), notes) == (
        ["f0.n1.z1", "f2.n1.z1"],
        [
            "list:1: left out: no zone, region or host is open before it",
            f"list:4: left out: not a node's (Nonsense): allowed are {allowed}",
            "list:6: left out: f2.n1.z1 is there already",
            "list:7: left out: cut off (,3,Cut): a node has 7 fields or more",
        ],
    )


_CHAIN = Plan(
    {name: Node() for name in "abcdef"}, [Edge(pair) for pair in (("a", "b"), ("b", "c"), ("b", "d"), ("d", "e"))]
)


@pytest.mark.parametrize(
    ("around", "sites", "nodes"),
    [
        (["a"], 3, ["a", "b", "c"]),
        (["a"], 9, ["a", "b", "c", "d", "e"]),
        ([], 1, ["b"]),
        (["e", "f"], 4, ["b", "d", "e", "f"]),
        (["a", "b"], 1, ["a"]),
    ],
)
def test_a_part_of_a_graph(around, sites, nodes):
    """Those that are fewest links away, and the links between them."""
    part = part_around(_CHAIN, around, sites)
    assert list(part.nodes) == nodes
    assert all({*edge.between} <= {*nodes} for edge in part.edges)


def test_a_scenario_takes_a_part(tmp_path):
    """`around` and `sites` are keys of the graph, and a node that is not there is an error with its place."""
    assert list(_scenario(tmp_path, MAP.encode(), "{file: usenet.map, around: e, sites: 3}").network.nodes) == [
        "c",
        "e",
        "f",
    ]
    assert list(_scenario(tmp_path, MAP.encode(), "{file: usenet.map, around: [d]}").network.nodes) == ["d"]
    assert len(_scenario(tmp_path, MAP.encode(), "{file: usenet.map, sites: 2}").network.nodes) == 2
    with pytest.raises(ScenarioError, match="seismo"):
        _scenario(tmp_path, MAP.encode(), "{file: usenet.map, around: [seismo]}")


@settings(max_examples=50)
@given(
    st.lists(
        st.sampled_from(
            [
                "Zone",
                "Region",
                "Host",
                "Hub",
                "Pvt",
                "Down",
                "",
                ",",
                "1",
                "2",
                "-1",
                "a,b",
                "2400",
                "CM",
                "\n",
                "\n,3,a,b,c,d,1200",
                ";A",
            ]
        ),
        max_size=40,
    ).map(",".join)
)
def test_any_nodelist_is_read(text):
    """What is no node's is noted; the rest is a plan."""
    notes = []
    plan = read_nodelist(text, "list", notes.append)
    assert {end for edge in plan.edges for end in edge.between} <= {*plan.nodes}


@pytest.mark.slow
def test_the_nodelist_of_1986(shared):
    """All of its nodes but those that are down or on hold; no line is left out."""
    with gzip.open(shared / "data/topologies/fidonet-nodelist-1986-10-03.txt.gz", "rt", encoding="latin-1") as file:
        text = file.read()
    notes = []
    plan = read_nodelist(text, "nodelist", notes.append)
    assert (is_nodelist(text), len(plan.nodes), notes) == (
        True,
        1161,
        ["nodes that are down or on hold are left out: 48"],
    )


@pytest.mark.slow
def test_400_sites_around_the_backbone_of_1987(shared):
    """A connected part of the UUCP map."""
    with gzip.open(shared / "data/topologies/uucp-map-1987-12.txt.gz", "rt", encoding="latin-1") as file:
        plan = part_around(read_uucp_map(file.read(), "map", lambda _: None), ["seismo"], 400)
    assert len(plan.nodes) == 400
    assert len(part_around(plan, ["seismo"], 400).nodes) == 400

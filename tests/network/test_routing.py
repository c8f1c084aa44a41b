"""Routing against networkx, and through outages."""

from __future__ import annotations

import math
from random import Random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.network.links.outages import AvailabilityModel
from sim.network.routing import Routing
from sim.network.topology import build
from sim.scenario import spec
from sim.scenario.distribution import Constant, Uniform
from sim.scenario.spec.directions import Both, alike

DOWN = spec.Weather(down=(spec.Interval(start=10, end=20),))


def link(name, a, b, ms, weather=None, *, rate=1e9, back=None):
    """A link with a delay in ms, and another one back."""
    delay = Both(Constant(ms / 1000), Constant((ms if back is None else back) / 1000))
    weather = weather or spec.Weather()
    return spec.Link(name=name, between=(a, b), rate=alike(rate), delay=delay, weather=weather)


def mesh(*links, nodes="abcdef"):
    """A network of six nodes."""
    network = spec.Network(nodes={n: spec.Node() for n in nodes}, links=links)
    return build(network, AvailabilityModel(network, 100.0, Random), Random)


def test_each_direction_has_its_own_line():
    """The rates and delays there and back are those of the lines, and of what routing counts."""
    both = {"rate": Both(8e6, 1e6), "delay": Both(Constant(0.01), Constant(0.04))}
    net = mesh(spec.Link(name="x", between=("a", "b"), **both))
    lines = [net.links["x"].line(source) for source in "ab"]
    assert [line.carry(0.0, 1000) for line in lines] == pytest.approx([0.011, 0.048])
    assert [net.links["x"].cost(source) for source in "ab"] == [11_500_000_000, 52_000_000_000]


edges = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 9), st.integers(1, 9), st.booleans()), max_size=14
)


@given(edges, st.booleans(), st.booleans())
def test_paths_cost_what_networkx_says(edges, follow, stormy):
    """The path's cost and existence agree with networkx over the links that count, and it has the fewest hops."""
    links = [
        link(f"l{i}", "abcdef"[x], "abcdef"[y], ms, DOWN if bad else None, back=back)
        for i, (x, y, ms, back, bad) in enumerate(edges)
        if x != y
    ]
    net, now = mesh(*links), 15.0 if stormy else 5.0
    routing, graph = Routing(net, follow_outages=follow), nx.DiGraph()
    graph.add_nodes_from("abcdef")
    for item in net.links.values():
        if follow and not item.timeline.is_up(now):
            continue
        for x, y in (item.between, item.between[::-1]):
            cost = item.cost(x)
            if not graph.has_edge(x, y) or graph[x][y]["cost"] > cost:
                graph.add_edge(x, y, cost=cost, both=cost * 1000 + 1)
    reached = nx.single_source_dijkstra_path_length(graph, "a", weight="both")
    for target in "abcdef":
        path = routing.path("a", target, now)
        assert (path is not None) == (target in reached)
        if path:
            used = routing.links(path, now)
            steps = zip(used, path, strict=False)
            assert sum(item.cost(here) * 1000 + 1 for item, here in steps) == reached[target]


def test_a_path_leads_around_an_outage_and_back():
    """The direct link is used while it is up, the detour while it is down."""
    net = mesh(link("direct", "a", "b", 1, DOWN), link("x", "a", "c", 5), link("y", "c", "b", 5))
    routing = Routing(net, follow_outages=True)
    assert [routing.path("a", "b", t) for t in (0, 10, 19.9, 20)] == [
        ("a", "b"),
        ("a", "c", "b"),
        ("a", "c", "b"),
        ("a", "b"),
    ]


def test_routing_follows_once_it_has_converged():
    """With a convergence of 3 s the dead link is used for 3 s more, and the detour 3 s after it is back."""
    net = mesh(link("direct", "a", "b", 1, DOWN), link("x", "a", "c", 5), link("y", "c", "b", 5))
    routing = Routing(net, follow_outages=True, convergence=3.0)
    found = [routing.path("a", "b", t) for t in (0, 12.9, 13, 22.9, 23)]
    assert [len(path) for path in found] == [2, 2, 3, 3, 2]
    assert routing.links(("a", "b"), 12.9)[0].name == "direct"


def test_routing_does_not_see_what_passes_sooner_than_it_converges():
    """An outage of 10 s, and 10 s to converge."""
    net = mesh(link("direct", "a", "b", 1, DOWN), link("x", "a", "c", 5), link("y", "c", "b", 5))
    routing = Routing(net, follow_outages=True, convergence=10.0)
    assert {routing.path("a", "b", t) for t in range(50)} == {("a", "b")}


def test_static_routing_ignores_outages():
    """Without follow_outages the path and its links stay as they are."""
    net = mesh(link("direct", "a", "b", 1, DOWN), link("spare", "a", "b", 2))
    routing = Routing(net, follow_outages=False)
    assert [item.name for item in routing.links(routing.path("a", "b", 15), 15)] == ["direct"]


def test_of_parallel_links_the_best_that_is_up_is_used():
    """A parallel link takes over."""
    routing = Routing(mesh(link("direct", "a", "b", 1, DOWN), link("spare", "a", "b", 2)), follow_outages=True)
    assert [routing.links(("a", "b"), t)[0].name for t in (5, 15)] == ["direct", "spare"]


def test_ties_go_to_fewer_hops_then_to_the_earlier_node():
    """Of three ways of equal delay the one with two hops over the earlier node is taken."""
    rate = 1e15
    links = [link("1", "a", "d", 2, rate=rate), link("2", "d", "f", 2, rate=rate), link("3", "a", "c", 2, rate=rate)]
    links += [link("4", "c", "f", 2, rate=rate), link("5", "a", "b", 1, rate=rate), link("6", "b", "e", 1, rate=rate)]
    routing = Routing(mesh(*links, link("7", "e", "f", 2, rate=rate)), follow_outages=True)
    assert routing.path("a", "f", 0.0) == ("a", "c", "f")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 2)), max_size=12), st.integers(0, 5))
def test_every_tie_is_settled_as_by_trying_all_paths(edges, source):
    """Cost, then hops, then the earlier node at the last step that differs from the end."""
    net = mesh(*(link(f"l{i}", "abcdef"[x], "abcdef"[y], ms) for i, (x, y, ms) in enumerate(edges) if x != y))
    routing, graph, start = Routing(net, follow_outages=False), nx.Graph(), "abcdef"[source]
    graph.add_nodes_from("abcdef")
    graph.add_edges_from(item.between for item in net.links.values())

    def rank(path):
        cost = sum(item.cost(here) for item, here in zip(routing.links(path, 0.0), path, strict=False))
        return cost, len(path), path[::-1]

    for target in set("abcdef") - {start}:
        paths = [tuple(path) for path in nx.all_simple_paths(graph, start, target)]
        assert routing.path(start, target, 0.0) == min(paths, key=rank, default=None)


def test_costs_that_no_float_holds_still_lead_the_shortest_way():
    """Delays of months: sums beyond 2^53 ps."""
    month = 30 * 86400e3
    net = mesh(link("x", "a", "b", month), link("y", "b", "c", month), link("z", "a", "c", 2 * month + 60_000))
    assert Routing(net, follow_outages=False).path("a", "c", 0.0) == ("a", "b", "c")


def test_no_way_is_none():
    """An island cannot be reached; a node reaches itself."""
    routing = Routing(mesh(link("1", "a", "b", 1)), follow_outages=True)
    assert (routing.path("a", "f", 0.0), routing.path("f", "f", 0.0)) == (None, ("f",))


def test_a_broken_path_has_no_links():
    """Asking for the links of a path that is down is an error that names it."""
    routing = Routing(mesh(link("1", "a", "b", 1, DOWN)), follow_outages=True)
    with pytest.raises(LookupError, match="path a b: broken at 15 s"):
        routing.links(("a", "b"), 15)


def test_lines_lead_out_and_back():
    """The lines of a path are those of its links, in both directions."""
    net = mesh(link("1", "a", "b", 1), link("2", "c", "b", 1))
    routing = Routing(net, follow_outages=True)
    out, back = routing.lines(("a", "b", "c"), 0.0)
    assert out == (net.links["1"].line("a"), net.links["2"].line("b"))
    assert back == (net.links["2"].line("c"), net.links["1"].line("b"))
    assert routing.lines(("a", "b", "c"), 1.0)[0] is out


def test_lines_follow_the_weather():
    """The lines of a path are looked up anew when the network has changed."""
    net = mesh(link("direct", "a", "b", 1, DOWN), link("spare", "a", "b", 2))
    routing = Routing(net, follow_outages=True)
    assert [routing.lines(("a", "b"), t)[0][0] for t in (5, 15)] == [
        net.links[n].line("a") for n in ("direct", "spare")
    ]


def test_each_entity_draws_from_its_own_stream():
    """Building asks for a stream for each link's weather and for the losses and delays of each direction."""
    asked = []
    net = spec.Network(nodes={n: spec.Node() for n in "ab"}, links=(link("l", "a", "b", 1),))
    streams = lambda name: asked.append(name) or Random(name)  # noqa: E731
    build(net, AvailabilityModel(net, 1.0, streams), streams)
    assert asked == ["link/l/weather", "link/l/a>b/loss", "link/l/a>b/delay", "link/l/b>a/loss", "link/l/b>a/delay"]


def test_lines_that_follow_lead_around_an_outage():
    """What is sent before, during and after an outage of the direct link takes 1, 10 and 1 ms; the MTU is the first's."""
    net = mesh(link("direct", "a", "b", 1, DOWN), link("x", "a", "c", 5), link("y", "c", "b", 5))
    routing = Routing(net, follow_outages=True)
    out, back = routing.following(("a", "b"), 0.0, 9)
    took = [round((way[0].carry(t, 100) - t) * 1e3) for t in (5.0, 15.0, 25.0) for way in (out, back)]
    assert (took, out[0].mtu, out[0].rate) == ([1, 1, 10, 10, 1, 1], 1500, 1e9)
    assert [round((out[0].convey(t, 100) - t) * 1e3) for t in (26.0, 15.0)] == [1, 10]


def test_lines_that_follow_carry_bursts():
    """Three packets over the detour are there after its delay; over a dead link nothing is clear."""
    net = mesh(link("direct", "a", "b", 1, DOWN), link("x", "a", "c", 5), link("y", "c", "b", 5))
    (out,), _ = Routing(net, follow_outages=True).following(("a", "b"), 0.0, 9)
    assert out.clear(15.0, 3, 4500) == pytest.approx(15.01, abs=1e-3)
    assert out.carry_burst(15.0, 15.0, 3, 1500, 1500)[1] == pytest.approx(15.01, abs=1e-3)
    (stuck,), _ = Routing(net, follow_outages=True).following(("a", "b"), 0.0, 1)
    assert (stuck.clear(15.0, 3, 4500), stuck.carry(15.0, 100)) == (math.inf, math.inf)


def test_where_there_is_no_other_way_packets_stay_on_the_old_one():
    """Without a detour the dead line is used; it carries again when it is back."""
    net = mesh(link("1", "a", "b", 1, DOWN), link("2", "b", "c", 1))
    (out,), _ = Routing(net, follow_outages=True).following(("a", "b", "c"), 0.0, 9)
    assert [out.carry(t, 100) < math.inf for t in (5.0, 15.0, 25.0)] == [True, False, True]
    assert out.convey(12.0, 100) == pytest.approx(20.002, abs=1e-5)


def test_a_session_of_one_link_follows_parallel_links_only():
    """With a reach of one link a lone line is itself; of two parallel ones that which is up is taken."""
    lone = mesh(link("direct", "a", "b", 1, DOWN), link("x", "a", "c", 5), link("y", "c", "b", 5))
    out, _ = Routing(lone, follow_outages=True).following(("a", "b"), 0.0, 1)
    assert out == (lone.links["direct"].line("a"),)
    pair = mesh(link("direct", "a", "b", 1, DOWN), link("spare", "a", "b", 2))
    (out,), _ = Routing(pair, follow_outages=True).following(("a", "b"), 0.0, 1)
    assert [round((out.carry(t, 100) - t) * 1e3) for t in (5.0, 15.0)] == [1, 2]


def test_delays_vary_on_every_line_of_the_way():
    """A jittery line of the detour draws its delay when the way changes, and with each flight."""
    shaky = spec.Link(name="x", between=("a", "c"), rate=alike(1e9), delay=alike(Uniform(0.001, 0.009)))
    net = mesh(link("direct", "a", "b", 1, DOWN), shaky, link("y", "c", "b", 5))
    (out,), _ = Routing(net, follow_outages=True).following(("a", "b"), 0.0, 9)
    took = set()
    for k in range(5):
        took.add(round(out.carry(15.0 + k, 100) - 15 - k, 7))
        out.draw_lag()
    assert (len(took), min(took) >= 0.006, max(took) <= 0.0141) == (5, True, True)


def test_only_a_few_states_of_the_network_are_remembered():
    """However many there are; going back gives the same answer again."""
    weather = spec.Weather(windows=(spec.Window(period=2, start=0, end=1),))
    routing = Routing(mesh(link("1", "a", "b", 1, weather)), follow_outages=True)
    found = [routing.path("a", "b", t) for t in (*range(60), *range(60))]
    assert found == [("a", "b") if t % 2 == 0 else None for t in range(60)] * 2
    assert len(routing._epochs) <= 8

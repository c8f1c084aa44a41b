"""What a check says of mail that would go round: a warning with its place and the way, never an error."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.load import loads

NET = "network: {nodes: [a, b, c], links: [{between: [a, b]}, {between: [b, c]}]}\n"


def warnings(text: str) -> list[str]:
    """What is said of a file with the network above."""
    return [note for note in loads(NET + text, file="x.yaml").notes if "loop" in note]


def test_lists_and_forwards_that_lead_back_are_told_with_the_way():
    """A list of itself, forwards over three hosts, a list whose member passes its mail back to it."""
    text = """domains:
  a.example: {mx: a, users: [u], forwards: {f: f@b.example}, lists: {s: [u@a.example, s@a.example]}}
  b.example: {mx: b, users: [u], forwards: {f: f@C.example, back: l@b.example}, lists: {l: [back@b.example]}}
  c.example: {mx: c, users: [u], forwards: {f: f@a.example}}
"""
    assert warnings(text) == [
        "x.yaml:3:73: a mail loop: s@a.example -> s@a.example",
        "x.yaml:3:48: a mail loop: f@a.example -> f@b.example -> f@c.example -> f@a.example",
        "x.yaml:4:92: a mail loop: l@b.example -> back@b.example -> l@b.example",
    ]


def test_a_user_who_has_moved_ends_the_way():
    """Whoever writes to him is told the new address (551): nothing is passed on that could come back."""
    text = """domains:
  a.example: {mx: a, users: [u], forwards: {f: g@b.example}}
  b.example: {mx: b, users: [u], moved: {g: f@a.example}}
"""
    assert warnings(text) == []


def test_no_more_than_ten_are_told():
    """Of a hundred lists of themselves."""
    lists = ", ".join(f"l{number}: [l{number}@a.example]" for number in range(100))
    assert len(warnings(f"domains: {{a.example: {{mx: a, users: [u], lists: {{{lists}}}}}}}\n")) == 10


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 6), min_size=1, max_size=3)), max_size=7))
def test_whatever_is_told_is_a_loop_and_every_loop_is_told_of(edges: list[tuple[int, list[int]]]):
    """Each way goes along lists and comes back; where none is told, no list leads to itself."""
    graph = dict(edges)
    lists = ", ".join(
        f"l{one}: [{', '.join(f'l{other}@a.example' for other in further)}]" for one, further in graph.items()
    )
    ends = ", ".join(f"l{one}" for one in range(7) if one not in graph)
    told = warnings(f"domains: {{a.example: {{mx: a, users: [u{', ' if ends else ''}{ends}], lists: {{{lists}}}}}}}\n")
    for warning in told:
        way = [int(one.removeprefix("l").partition("@")[0]) for one in warning.partition("loop: ")[2].split(" -> ")]
        assert all(after in graph[one] for one, after in pairwise(way))
        assert way[0] == way[-1]
    reach = {one: set(further) for one, further in graph.items()}
    for _ in range(7):
        reach = {one: found.union(*(reach.get(other, set()) for other in found)) for one, found in reach.items()}
    assert bool(told) == any(one in found for one, found in reach.items())


def test_a_best_mx_with_nowhere_to_go_is_told_at_its_records():
    """It is none of the hosts that keep the mailboxes, now or from a change on; with a route it is no loop."""
    text = """domains:
  x.example: {mx: {10: a, 20: c}, mailboxes: b}
  y.example: {mx: b, mailboxes: [b, c], changes: [{at: 1 h, mx: a}]}
  z.example: {mx: a, mailboxes: b}
  b.example: {mailboxes: c, mx: b}
hosts: {a: {routes: {z.example: b}}, b: {routes: {b.example: c}}}
"""
    assert warnings(text) == [
        f"x.yaml:{line}: a mail loop of {name}: a -> a, which is its best MX, but neither keeps its mailboxes nor has a "
        "route for it"
        for line, name in (("3:19", "x.example"), ("4:19", "y.example"))
    ]


def test_a_host_that_bears_a_domains_name_is_its_mx():
    """Without MX records, and with its mailboxes elsewhere, it has nowhere to go."""
    [said] = warnings("domains: {b: {mailboxes: c, users: [u]}}\n")
    assert said.startswith("x.yaml:2:14: a mail loop of b: b -> b, which is its best MX")


def test_routes_that_point_at_each_other_are_told_once_with_the_way():
    """For one domain, for all others, over an MX, and of a host to itself."""
    text = """domains:
  x.example: {mx: a, mailboxes: c}
  y.example: {mx: b, mailboxes: c}
  w.example: {mx: c}
hosts:
  a: {routes: {X.example: b}}
  b: {routes: {x.example: a, y.example: c}}
  c: {routes: {nowhere.example: c}}
architectures:
  one: {transfer: end-to-end}
  two: {transfer: end-to-end, hosts: {defaults: {routes: {"*": a}}, a: {routes: {"*": b}}, b: {routes: {"*": a}}}}
"""
    assert warnings(text) == [
        "x.yaml:7:15: a mail loop of x.example: a -> b -> a",
        "x.yaml:9:33: a mail loop of nowhere.example: c -> c",
        "x.yaml:12:87: a mail loop of all domains without another route: a -> b -> a",
        "x.yaml:12:87: a mail loop of x.example: a -> b -> a",
        "x.yaml:12:110: a mail loop of y.example: b -> a -> b",
    ]


def test_routes_that_lead_to_the_mailboxes_are_no_loop():
    """A gateway, a smart host, and a backup that leads to it."""
    text = """domains:
  x.example: {mx: {10: b, 20: c}, mailboxes: c}
  y.example: {mx: {10: b, 20: a}}
hosts: {a: {routes: {"*": b}}, b: {routes: {x.example: c}}}
"""
    assert warnings(text) == []

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

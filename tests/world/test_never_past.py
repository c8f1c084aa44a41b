"""Whole runs of every product over any line: nothing is ever to happen at a time that is past, and every run ends."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.load import loads
from sim.scenario.products import PRODUCTS
from sim.world.simulation import simulate

MTAS = st.sampled_from([*PRODUCTS, "{delays: [5 min, 1 h], lifetime: 2 d}"])
TCPS = st.sampled_from(
    ["linux", "linux-3", "bsd-1988", "rtt-only", "{congestion: reno, sack: no}", "{send_buffer: auto}"]
)
CARRIERS = st.sampled_from(["tcp", "tcp", "tcp", "bsc", "{dial-up: {busy: 20 %}}", "uucp-g", "x25"])
RATES = st.floats(math.log10(110), 10).map(lambda power: f"{10**power:.6g} bit/s")
DELAYS = st.sampled_from(["0 s", "10 ms", "300 ms", "30 s", "{lognormal: {median: 50 ms, p95: 400 ms}}"])
LOSSES = st.sampled_from(
    [
        "0 %",
        "0 %",
        "1 %",
        "20 %",
        "30 %",
        "{gilbert-elliott: {loss: 5 %, burst: 3}}",
        "{gilbert-elliott: {loss: 5 %, burst: 1 s}}",
    ]
)
WEATHER = st.sampled_from(
    [
        "",
        "",
        "windows: every 1 h for 10 min",
        "windows: every 2 h for 1 min",
        "down: [{from: 10 s, to: 3000 s}]",
        "down: [{from: 500 s, to: 9 h}]",
        "outages: {mtbf: 10 min, mttr: 1 min}",
    ]
)
QUEUES = st.sampled_from(["0 B", "2 kB", "16 kB", "1 MB"])


@st.composite
def links(draw, between):
    """A link, as a scenario file says it; an older carrier has neither queue nor bursts."""
    carrier, weather = draw(CARRIERS), draw(WEATHER)
    said = [f"between: [{', '.join(between)}]", f"rate: {draw(RATES)}", f"carrier: {carrier}"]
    if carrier == "tcp":
        said += [f"delay: {draw(DELAYS)}", f"loss: {draw(LOSSES)}", f"queue: {draw(QUEUES)}"]
    else:
        said += [f"loss: {draw(st.sampled_from(['0 %', '1 %', '20 %']))}"]
    return "{" + ", ".join([*said, *([weather] if weather else [])]) + "}"


@st.composite
def scenarios(draw, largest):
    """Messages of up to so many bytes at once over one or two links, in one or two sessions."""
    names = ["a", "b", "c"][: draw(st.integers(2, 3))]
    lines = [draw(links(pair)) for pair in itertools.pairwise(names)]
    hosts = [f"{name}: {{mta: {draw(MTAS)}, tcp: {draw(TCPS)}}}" for name in names]
    sizes = draw(st.lists(st.floats(0, math.log10(largest)).map(lambda x: int(10**x)), min_size=1, max_size=3))
    ends = f"from: u1@a.example, to: u1@{names[-1]}.example"
    messages = [f"{{at: {k} s, {ends}, size: {size} B}}" for k, size in enumerate(sizes)]
    transfer, routing = (
        draw(st.sampled_from(words)) for words in (["end-to-end", "store-and-forward"], ["static", "shortest-delay"])
    )
    return f"""
seed: {draw(st.integers(0, 99))}
duration: 10 min
drain: {draw(st.sampled_from(["2 h", "30 h"]))}
network: {{nodes: [{", ".join(names)}], links: [{", ".join(lines)}]}}
hosts: {{{", ".join(hosts)}}}
workload: {{messages_at: [{", ".join(messages)}]}}
architectures: {{way: {{transfer: {transfer}, routing: {routing}}}}}
"""


def holds(text):
    """Run a scenario; the clock takes no event that is past, and the ledger holds what is left of every copy."""
    facts = simulate(loads(text), "way", 0)
    times = [(attempt.started_s, attempt.ended_s) for attempt in facts.attempts]
    assert [pair for pair in times if not 0 <= pair[0] <= pair[1]] == []
    assert [copy for copy in facts.copies if copy.ended_s < copy.created_s] == []


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=60)
@given(scenarios(3e5))
def test_no_run_does_anything_in_the_past(text):
    """Messages of 1 B to 300 kB."""
    holds(text)


@pytest.mark.long
@settings(deadline=None, derandomize=True, max_examples=200)
@given(scenarios(2e7))
def test_no_run_of_large_messages_does_either(text):
    """Messages of up to 20 MB."""
    holds(text)

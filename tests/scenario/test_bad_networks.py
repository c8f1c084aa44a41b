"""Everything that can be wrong with a network and its weather is said at once, each at its place."""

from __future__ import annotations

import pytest

from sim.scenario.errors import ScenarioError
from sim.scenario.load import load

SCENARIO = """duration: 1 h
network:
  nodes: [a, b, c]
  links:
    - {between: [a, b], rate: 0 bit/s, mtu: 67 B, loss: 100 %}
    - {between: [b, c], windows: "sat 10:00-11:00", loss: {gilbert-elliott: {loss: 100 %, burst: 3}}}
    - {between: [a, c], loss: {there: 1 %, back: 100 %}}
  groups: {cable: {members: [a-b, b-d], outages: {mtbf: 0 s, mttr: 1 h}}}
  trace: outages.csv
"""
TRACE = "link,down_at,up_at\na-b,10,20\na-b,15,30\nb-c,50,40\nx-y,1,2\n"

FOUND = [
    "5:31: a rate must be above zero (0 bit/s)",
    "5:45: not a size of packets (67 B)",
    "5:57: a link that loses everything (100 %)",
    "6:34: windows that never open (sat 10:00-11:00,",
    "6:84: a link that loses everything (100 %)",
    "7:50: a link that loses everything (100 %)",
    "8:35: unknown link or host (b-d)",
    "8:57: a duration must be above zero (0 s)",
    "9:10: outages.csv:4: an outage that ends before it begins (50, 40)",
    "9:10: outages.csv:5: unknown link (x-y)",
    "9:10: outages.csv:3: this outage of a-b overlaps the one on line 2",
]


def test_all_is_said_at_once(tmp_path):
    """Line and column in the file, the line in the trace."""
    (tmp_path / "outages.csv").write_text(TRACE)
    (tmp_path / "x.yaml").write_text(SCENARIO)
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path / "x.yaml")
    said = str(caught.value).splitlines()
    assert [
        line.removeprefix(f"{tmp_path}/x.yaml:")[: len(start)] for line, start in zip(said, FOUND, strict=True)
    ] == FOUND

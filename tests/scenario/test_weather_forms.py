"""What a scenario file says of weather: outages, groups, partitions, traces, the DNS; and what is wrong with it."""

from __future__ import annotations

import json

import jsonschema
import pytest
from ruamel.yaml import YAML

from sim.scenario.distribution import Constant, Exponential, Lognormal, Weibull
from sim.scenario.errors import ScenarioError
from sim.scenario.load import loads
from sim.scenario.schema import schema
from sim.scenario.show import show
from sim.scenario.spec import Group, Interval, NameService, Outages, Weather
from sim.scenario.spec.calendar import ClockWindow

NET = "network:\n  nodes: [a, b, c]\n  links: [{between: [a, b]}, {between: [b, c]}, {between: [a, c]}, {between: [a, b]}]\n"

STORMY = """
start: 2026-03-02 08:00 Europe/Paris
network:
  nodes: [a, b, c]
  link_defaults: {outages: {up: {weibull: {shape: 0.7, mean: 30 h}}, mttr: 45 min, start: up}}
  links:
    - {between: [a, b], windows: [weekdays 18:00-08:00, weekends, hourly for 5 min]}
    - {between: [b, c], outages: {mtbf: 1 h, down: 5 min}}
    - {between: [c, a], outages: {mtbf: 30 h, mttr: 45 min}}
  groups:
    cable: {members: [a-b, c-b, c], outages: {up: {lognormal: {median: 1 d, p95: 9 d}}, down: {exponential: 1 h}}}
    strike: {members: b, down: [{from: 1 h, to: 2 h}], windows: daily 06:00-22:00}
  partitions: [{at: 2 d, for: 3 h, sides: [[a, b], [c]]}, {at: 4 d, for: 1 h, sides: [a, b, c]}]
  trace: outages.csv
  dns: {servers: [a, b], outages: {mtbf: 9 d, mttr: 1 h}}
hosts:
  defaults: {resolver: {outages: {mtbf: 3 d, mttr: 5 min}}, windows: daily 08:00-20:00}
  a: {resolver: {down: [{from: 1 h, to: 2 h}]}, crashes: {mtbf: 30 d, mttr: 2 h, start: up}}
architectures:
  x: {transfer: end-to-end, convergence: 30 s}
"""

TRACE = """link, down_at, up_at
a-b, 100, 200.5
b-a, 5 min, 1 h
c-a, 2026-03-02 09:00, 2026-03-02T08:30:00+00:00
b-c, 2026-03-01, 2026-03-02
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a trace of outages."""
    (tmp_path / "outages.csv").write_text(TRACE)
    return tmp_path


def test_outages_have_distributions(folder):
    """Each side by its mean (exponential) or by a distribution."""
    links = loads(STORMY, folder).network.links
    assert [link.weather.outages for link in links] == [
        Outages(up=Weibull(0.7, 108000.0), down=Exponential(2700.0), start="up"),
        Outages(up=Exponential(3600.0), down=Constant(300.0)),
        Outages.exponential(mtbf=108000.0, mttr=2700.0),
    ]
    assert links[2].weather.outages.availability == 30 / 30.75


def test_groups_partitions_and_traces_strike_links(folder):
    """Members by either name of a link; a partition cuts every link between its sides; a trace has its rows."""
    network = loads(STORMY, folder).network
    assert network.groups["cable"] == Group(
        members=("a-b", "b-c", "c"),
        outages=Outages(up=Lognormal(86400.0, 777600.0), down=Exponential(3600.0)),
    )
    assert [[(i.start, i.end) for i in link.weather.down] for link in network.links] == [
        [(345600.0, 349200.0), (100.0, 200.5), (300.0, 3600.0)],
        [(172800.0, 183600.0), (345600.0, 349200.0)],
        [(172800.0, 183600.0), (345600.0, 349200.0), (3600.0, 5400.0)],
    ]


def test_the_name_service_and_resolvers_have_weather(folder):
    """Of its own, by its servers, and of each host."""
    scenario = loads(STORMY, folder)
    hosts = scenario.architectures["x"].hosts
    assert scenario.network.dns == NameService(
        servers=("a", "b"), outages=Outages.exponential(mtbf=777600.0, mttr=3600.0)
    )
    assert hosts["a"].resolver == Weather(down=(Interval(start=3600.0, end=7200.0),))
    assert hosts["b"].resolver == Weather(outages=Outages.exponential(mtbf=259200.0, mttr=300.0))
    assert hosts["b"].weather.windows == (ClockWindow(period=86400.0, start=28800.0, end=72000.0),)
    assert (hosts["a"].weather.outages.start, scenario.architectures["x"].convergence) == ("up", 30.0)


def test_weather_is_shown_and_described(folder):
    """What is shown loads back to an equal scenario, and both texts fit the schema."""
    scenario = loads(STORMY, folder)
    assert loads(show(scenario), folder) == scenario
    validator, yaml = jsonschema.Draft202012Validator(schema()), YAML(typ="safe", pure=True)
    for text in (STORMY, show(scenario)):
        data = json.loads(json.dumps(yaml.load(text)))
        assert [error.message for error in validator.iter_errors(data)] == []


def test_a_partition_of_unlinked_hosts_is_noted():
    """It changes nothing."""
    scenario = loads(
        "network: {nodes: [a, b, c], links: [{between: [a, b]}], partitions: [{at: 0, for: 1 h, sides: [a, c]}]}"
    )
    assert "no link leads from one side of partition 1 to another: it changes nothing" in scenario.notes


OUTAGES = "allowed are 5 M, or more by `limits: {outages: ...}`"
WINDOWS = (
    "allowed are daily 02:00-03:00, weekdays 18:00-08:00, weekends, mon 09:00-17:00 Europe/Paris, "
    "hourly 00-05 (minutes), hourly for 5 min, every 6 h for 20 min"
)
CASES = {
    "groups and partitions": (
        NET
        + """  groups: {cable: {members: [a-b, b-d, d]}, none: {members: []}}
  partitions: [{at: 1 d, for: 0 s, sides: [[a], [b]]}, {at: 1 d, for: 1 h, sides: [a]}, {at: 1 d, for: 1 h, sides: [[a, d], [a]]}]
  dns: {servers: [a, e]}
""",
        [
            "x.yaml:4:35: unknown link or host (b-d): allowed are a-b, b-c, a-c, a-b-2, a, b, c; did you mean b-c?",
            "x.yaml:4:40: unknown link or host (d): allowed are a-b, b-c, a-c, a-b-2, a, b, c",
            "x.yaml:4:61: an empty list: allowed is a name, or a list of names",
            "x.yaml:5:31: a duration must be above zero (0 s): allowed is e.g. 30 s",
            "x.yaml:5:83: not sides (a list): allowed is a list of two or more lists of hosts",
            "x.yaml:5:121: unknown host (d): allowed are a, b, c",
            "x.yaml:5:126: this host is on two sides (a): allowed is one",
            "x.yaml:6:22: unknown host (e): allowed are a, b, c",
        ],
    ),
    "sides": (
        NET
        + "  partitions: [{at: 1 d, for: 1 h, sides: [[a, d], [b, a], []]}, {at: 1 d, for: 1 h, sides: [[a, d], [b, a]]}]\n",
        [
            "x.yaml:4:48: unknown host (d): allowed are a, b, c",
            "x.yaml:4:56: this host is on two sides (a): allowed is one",
            "x.yaml:4:60: an empty list: allowed is a name, or a list of names",
            "x.yaml:4:98: unknown host (d): allowed are a, b, c",
            "x.yaml:4:106: this host is on two sides (a): allowed is one",
        ],
    ),
    "outages": (
        NET
        + """  link_defaults: {outages: {mtbf: 1 h, up: 3 h}}
  dns: {outages: {up: 0 s, down: {weibull: {shape: 0, mean: 1 h}}, start: down}}
""",
        [
            "x.yaml:4:28: mtbf and up are given: allowed is one of them",
            "x.yaml:5:23: no time at all (0 s): allowed are durations above zero, such as 30 s",
            "x.yaml:5:52: not a number in range (0): allowed is 0.1 to 20",
            "x.yaml:5:75: unknown start (down): allowed are equilibrium, up",
        ],
    ),
    "windows": (
        NET.replace("{between: [b, c]}", "{between: [b, c], windows: weekends}")
        + """  groups: {g: {members: a, windows: daily 02:00-03:00 Europe/Pariss}, h: {members: a, windows: sun}}
  dns: {windows: [daily 02:00-03:00, hourly for 2 h]}
hosts: {a: {windows: every 3 d for 1 s, resolver: {windows: tue 01:00-02:00}}, b: {windows: [tue, daily 01:00-02:00]}}
architectures: {x: {transfer: end-to-end, hosts: {c: {windows: thu}}}}
duration: 1 d
drain: 0 s
""",
        [
            "x.yaml:3:57: windows that never open (weekends 00:00-24:00, in 1 d from 2000-01-03 00:00 UTC on): allowed are some that do",
            "x.yaml:4:37: unknown time zone (Europe/Pariss): allowed are names such as Europe/Paris; did you mean Europe/Paris?",
            "x.yaml:4:96: windows that never open (sun 00:00-24:00, in 1 d from 2000-01-03 00:00 UTC on): allowed are some that do",
            f"x.yaml:5:38: the window does not fit into its period (hourly for 2 h): {WINDOWS}",
            "x.yaml:6:61: windows that never open (tue 01:00-02:00, in 1 d from 2000-01-03 00:00 UTC on): allowed are some that do",
            "x.yaml:7:64: windows that never open (thu 00:00-24:00, in 1 d from 2000-01-03 00:00 UTC on): allowed are some that do",
        ],
    ),
    "too much weather": (
        NET
        + """  groups: {g: {members: a, outages: {mtbf: 1 ms, mttr: 1 ms}}}
  dns: {windows: every 1 ms for 1 ms}
hosts: {b: {resolver: {outages: {mtbf: 1 ms, mttr: 1 ms}}}}
""",
        [
            f"x.yaml:4:15: too many outages of g (259,200,000 in a run, on average): {OUTAGES}",
            f"x.yaml:5:8: too many outages of dns (518,400,000 in a run, on average): {OUTAGES}",
            f"x.yaml:6:8: too many outages of the resolver of b (259,200,000 in a run, on average): {OUTAGES}",
        ],
    ),
    "no start": (
        NET + "start: 2026-02-30\n",
        [
            "x.yaml:4:8: not a date and time (2026-02-30 00:00, day is out of range for month): allowed is e.g. 2026-03-02 08:00"
        ],
    ),
    "no trace": (
        NET + "  trace: nowhere.csv\n",
        ["x.yaml:4:10: no such file (nowhere.csv): allowed is a regular file, found from FOLDER"],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_mistake_is_reported_at_its_place(case, tmp_path):
    """All of a file's mistakes at once, with line and column."""
    text, expected = case
    with pytest.raises(ScenarioError) as caught:
        loads(text, tmp_path, file="x.yaml")
    assert str(caught.value).replace(str(tmp_path), "FOLDER").split("\n") == expected


def test_each_mistake_in_a_trace_is_reported_with_its_line(tmp_path):
    """Backward and overlapping outages, unknown links, what is no time: all at once."""
    (tmp_path / "t.csv").write_text(
        "link,down_at,up_at\n"
        "a-b,10,20\n"
        "a-b,15,30\n"
        "b-a,40,35\n"
        "b-d,40,50\n"
        "b-c,soon,3 weeks\n"
        "a-b,25,28\n"
        "b-c,1,\n"
        "b-c,2026-02-30 00:00,1 d\n"
    )
    with pytest.raises(ScenarioError) as caught:
        loads(NET + "  trace: t.csv\n", tmp_path, file="x.yaml")
    moment = "allowed are seconds, durations such as 90 min, dates such as 2026-03-02 08:00"
    assert str(caught.value).split("\n") == [
        "x.yaml:4:10: t.csv:4: an outage that ends before it begins (40, 35): allowed is down_at < up_at",
        "x.yaml:4:10: t.csv:5: unknown link (b-d): allowed are a-b, b-c, a-c, a-b-2; did you mean b-c?",
        f"x.yaml:4:10: t.csv:6: down_at: not a moment (soon): {moment}",
        f"x.yaml:4:10: t.csv:6: up_at: not a moment (3 weeks): {moment}",
        f"x.yaml:4:10: t.csv:8: up_at: not a moment (nothing): {moment}",
        "x.yaml:4:10: t.csv:9: down_at: not a date and time (2026-02-30 00:00, day is out of range for month): allowed is e.g. 2026-03-02 08:00",
        "x.yaml:4:10: t.csv:3: this outage of a-b overlaps the one on line 2: allowed is one at a time",
        "x.yaml:4:10: t.csv:7: this outage of a-b overlaps the one on line 3: allowed is one at a time",
    ]


@pytest.mark.parametrize(("text", "has"), [("", "nothing"), ("link|down_at|up_at\n", "link|down_at|up_at")])
def test_a_trace_needs_its_columns(text, has, tmp_path):
    """Named on its first line."""
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ScenarioError) as caught:
        loads(NET + "  trace: t.csv\n", tmp_path, file="x.yaml")
    assert str(caught.value) == (
        f"x.yaml:4:10: t.csv:1: no column link, down_at, up_at ({has}): needed are link, down_at, up_at"
        "; or, of contacts, from, to, start, end"
    )


def test_a_trace_in_another_encoding_is_refused(tmp_path):
    """UTF-8 it is."""
    (tmp_path / "t.csv").write_bytes(b"link,down_at,up_at\nZ\xfcrich-Genf,1,2\n")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        loads(NET + "  trace: t.csv\n", tmp_path)

"""Contacts: traces of the times in which nodes reach each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.errors import ScenarioError
from sim.scenario.findings import Findings
from sim.scenario.load import loads
from sim.scenario.resolve.contacts import Contacts, Pace
from sim.scenario.resolve.traces import Trace
from sim.scenario.show import show
from sim.scenario.source import read
from sim.scenario.spec.calendar import Start
from sim.scenario.spec.directions import alike
from sim.study.comparison import run

HEAD = "duration: 1 h\ndrain: 1 h\nworkload: []\n"


def loaded(folder, trace, more="", name="t.csv"):
    """The scenario of a trace alone."""
    (folder / name).write_text(trace)
    return loads(f"{HEAD}network: {{trace: {name}{more}}}", folder)


def links(scenario):
    """Its links: ends, rates, and when they are down."""
    return [
        (link.name, link.rate.pair, [(i.start, i.end) for i in link.weather.down]) for link in scenario.network.links
    ]


def test_connections_of_the_one(tmp_path):
    """They are up both ways from `up` to `down`; the trace names the nodes, and what is open stays open."""
    trace = "# a comment\n0.5 C M1 p1 p2 100\n10.0 CONN p1 p2 up\n12 CONN p2 p3 up\n20.5\tCONN\tp2\tp1\tdown\n30 CONN p1 p2 up\n"
    scenario = loaded(tmp_path, trace)
    assert list(scenario.network.nodes) == ["p1", "p2", "p3"]
    assert links(scenario) == [
        ("p1-p2", (10e6, 10e6), [(0.0, 10.0), (20.5, 30.0)]),
        ("p2-p3", (10e6, 10e6), [(0.0, 12.0)]),
    ]
    assert scenario.notes[0] == "events of the trace that are ignored: C"


def test_what_the_one_says_twice(tmp_path):
    """A connection that is up already, or down already, stays as it is."""
    trace = "0 CONN a b down\n10 CONN a b up\n11 CONN b a up\n20 CONN a b down\n25 CONN a b down\n"
    assert links(loaded(tmp_path, trace)) == [("a-b", (10e6, 10e6), [(0.0, 10.0), (20.0, 7200.0)])]


def test_contacts_of_each_way(tmp_path):
    """A link is up while both ways are, at the rate of each; times are seconds, durations or dates."""
    trace = (
        "from,to,start,end,rate\na,b,0,1 h,8 Mbit/s\nb,a,10 min,90 min,1 Mbit/s\n"
        "a,b,2000-01-03 01:00,5400,2 Mbit/s\nb,c,-5,60,\nc,b,0,30,\n"
    )
    assert links(loaded(tmp_path, trace)) == [
        ("a-b", (8e6, 1e6), [(0.0, 600.0), (3600.0, 7200.0)]),
        ("a-b-2", (2e6, 1e6), [(0.0, 3600.0), (5400.0, 7200.0)]),
        ("b-c", (10e6, 10e6), [(30.0, 7200.0)]),
    ]


def test_connections_that_are_not_in_order(tmp_path):
    """They are put in order of time."""
    trace = "20 CONN a b down\n30 CONN a b up\n10 CONN b a up\n"
    assert links(loaded(tmp_path, trace)) == [("a-b", (10e6, 10e6), [(0.0, 10.0), (20.0, 30.0)])]


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_contacts_have_delays(tmp_path, between):
    """Each way its own; where they change there is a link for each pair. Semicolons and tabs are as good as commas."""
    trace = (
        "delay,rate,from,to,start,end\n1.3 s,8 Mbit/s,a,b,0,100\n2 s,,b,a,0,50\n3 s,,b,a,50,100\n"
        ",,a,b,100,7200\n,,b,a,100,7200\n"
    ).replace(",", between)
    scenario = loaded(tmp_path, trace, ", link_defaults: {delay: {there: 7 ms, back: 9 ms}}")
    found = [(link.name, [one.mean() for one in link.delay.pair]) for link in scenario.network.links]
    assert found == [("a-b", [1.3, 2.0]), ("a-b-2", [1.3, 3.0]), ("a-b-3", [0.007, 0.009])]
    assert loads(show(scenario), tmp_path).network == scenario.network


def test_contacts_of_links_that_are_there(tmp_path):
    """They keep their settings and their own outages; links that the trace does not name are up."""
    more = (
        ", nodes: [a, b, c], links: [{between: [b, a], delay: 1 s, rate: {there: 1 kbit/s, back: 2 kbit/s},"
        " down: [{from: 20 s, to: 30 s}]}, {between: [b, c]}]"
    )
    scenario = loaded(tmp_path, "from,to,start,end,rate\na,b,10,100,5 kbit/s\nb,a,10,7200,\n", more)
    assert links(scenario) == [
        ("b-a", (1e3, 5e3), [(20.0, 30.0), (0.0, 10.0), (100.0, 7200.0)]),
        ("b-c", (10e6, 10e6), []),
    ]
    assert scenario.network.links[0].delay.there.mean() == 1.0


def test_contacts_one_way_only(tmp_path):
    """No session can go over them: the link is down, and that is said."""
    scenario = loaded(tmp_path, "from,to,start,end\na,b,0,10\n")
    assert links(scenario) == [("a-b", (10e6, 10e6), [(0.0, 7200.0)])]
    assert scenario.notes[0] == "contacts without one back, over which no session can go: a -> b"


MISTAKES = {
    "a node that is not there": ("0 CONN a x up\n", "t.csv:1: unknown node (x): allowed are a, b"),
    "no connection": (
        "0 CONN a b up\nx CONN a b down\n",
        "t.csv:2: not a connection (x CONN a b down): allowed is TIME",
    ),
    "no end": ("from,to,start,end\na,b,0,\n", "t.csv:2: end: not a moment (nothing): allowed are seconds"),
    "no column": (
        "from,to,start\na,b,0\n",
        "t.csv:1: no column end (from, to, start): needed are from, to, start, end",
    ),
    "backwards": ("from,to,start,end\na,b,5,5\n", "t.csv:2: a contact that ends before it begins (5, 5)"),
    "no name": ("from,to,start,end\na,,0,5\n", "t.csv:2: not a name for a node (nothing): allowed is text"),
    "the key of all hosts": ("0 CONN a defaults up\n", "t.csv:1: not a name for a node (defaults): allowed is text"),
    "a control character": ("0 CONN a b\x00 up\n", "t.csv:1: not a name for a node (b?): allowed is text"),
    "itself": ("from,to,start,end\na,a,0,5\n", "t.csv:2: a contact from a node to itself (a - a)"),
    "overlap": (
        "from,to,start,end\na,b,0,5\na,b,4,9\n",
        "t.csv:3: this contact from a to b overlaps the one on line 2",
    ),
    "a bare rate": ("from,to,start,end,rate\na,b,0,5,100\n", "t.csv:2: rate: a rate needs a unit (100): allowed are"),
    "a bare delay": ("from,to,start,end,delay\na,b,0,5,1.3\n", "t.csv:2: delay: a duration needs a unit (1.3)"),
    "a contact plan of ION": (
        "a contact +0 +3600 1 2 1000\n",
        "needed are link, down_at, up_at; or, of contacts, from, to, start, end",
    ),
    "a long field": ("from,to,start,end\na,b,0," + "5" * 200_000, "t.csv:2: not CSV (field larger than field limit"),
}


@pytest.mark.parametrize(("trace", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_have_their_line(tmp_path, trace, expected):
    """What is wrong with a trace is said with its line."""
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, trace, ", nodes: [a, b]")
    assert expected in str(caught.value)


def test_columns_that_are_not_read_are_said(tmp_path):
    """Comments are none, other columns are named."""
    scenario = loaded(tmp_path, "# x\nfrom,to,start,end,range\na,b,0,7200,5\nb,a,0,7200,5\n")
    assert links(scenario) == [("a-b", (10e6, 10e6), [])]
    assert scenario.notes[0] == "columns of the trace that are ignored: range"


spans = st.lists(st.integers(0, 7300), max_size=8, unique=True).map(lambda ends: sorted(ends)[: len(ends) // 2 * 2])


@given(there=spans, back=spans)
def test_a_link_is_up_while_both_ways_are(there, back):
    """At any time the link of a pair is up if both have a contact, else not."""
    rows = [f"{way},{start},{end}" for way, ends in (("a,b", there), ("b,a", back)) for start, end in _pairs(ends)]
    text = "\n".join(["from,to,start,end", "a,b,7400,7500", *rows])
    contacts = Contacts(Trace("t.csv", text, Start(), Findings(read("{}", "x.yaml"), ())))
    ((pace, down),) = contacts.links(("a", "b"), 7200.0).items()
    assert pace == Pace()
    for at in (0.5 + k for k in range(0, 7200, 97)):
        met = all(any(start <= at < end for start, end in _pairs(ends)) for ends in (there, back))
        assert met != any(i.start <= at < i.end for i in down)


def test_what_is_shown_loads_back(tmp_path):
    """Contacts are links with outages when they are shown."""
    scenario = loaded(tmp_path, "from,to,start,end,rate\na,b,0,10,1 bit/s\nb,a,5,90,\nb,a,100,200,\na,b,100,900,\n")
    assert loads(show(scenario), tmp_path).network == scenario.network


def test_a_contact_by_telephone_has_the_rate_of_its_modem(tmp_path):
    """As a link by telephone has it, whatever is said of its rate."""
    rows = "from,to,start,end,rate\na,b,0,900,56 kbit/s\nb,a,0,900,56 kbit/s\n"
    scenario = loaded(tmp_path, rows, more=", link_defaults: {carrier: {dial-up: {modem: 1200 bit/s}}}")
    assert [link.rate for link in scenario.network.links] == [alike(1200.0)]


def _pairs(ends):
    return list(zip(ends[::2], ends[1::2], strict=True))


def test_mail_goes_when_nodes_meet(tmp_path):
    """Along contacts that follow each other a message comes to where no path ever is."""
    (tmp_path / "t").write_text("600 CONN a b up\n700 CONN a b down\n1800 CONN b c up\n1900 CONN b c down\n")
    scenario = loads(
        "duration: 1 h\ndrain: 1 d\nnetwork: {trace: t}\narchitectures: {x: {transfer: store-and-forward}}\n"
        "hosts: {defaults: {mta: {delays: [30 s], lifetime: 1 d}}}\n"
        "workload: {messages_at: [{at: 0 s, from: u1@a.example, to: u1@c.example}]}",
        tmp_path,
    )
    (copy,) = run(scenario).copies.to_dict("records")
    assert (copy["outcome"], 1800 < copy["ended_s"] < 1900) == ("delivered", True)

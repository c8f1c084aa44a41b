"""Plots: what each draws, from small tables; never pyplot's global state."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from synthetic_results import CITIES, LINKS, SCENARIO, attempt, copy, message, result, tables_of

from sim.report import plots
from sim.report.figure import colours, literal, percent, thin
from sim.report.plot_session import session_distribution
from sim.results.facts import QueueFact
from sim.results.metrics import measure
from sim.results.tables import concat
from sim.scenario.distribution import Constant
from sim.scenario.spec import Link, Network, Node
from sim.scenario.spec.directions import alike

ALL = {
    "delay_distribution": lambda made, ax=None: plots.delay_distribution(made.user_copies, ax=ax),
    "time_budget": lambda made, ax=None: plots.time_budget(made.user_copies, ax=ax),
    "time_to_read": lambda made, ax=None: plots.time_to_read(made.user_copies, ax=ax),
    "hand_to_eye": lambda made, ax=None: plots.hand_to_eye(made.user_copies, ax=ax),
    "outcomes": lambda made, ax=None: plots.outcomes(made.user_copies, ax=ax),
    "paired_differences": lambda made, ax=None: plots.paired_differences(made.measures, ax=ax),
    "queue_length": lambda made, ax=None: plots.queue_length(made.queues, ax=ax),
    "topology": lambda made, ax=None: plots.topology(made.scenario["network"], plots.link_load(made.attempts), ax=ax),
}
NAMES = ("end-to-end", "store-and-forward", "smarthost", "hybrid", "a fifth with a longer name")


@pytest.fixture(scope="module", params=[1, 2, 5])
def made(request):
    """A result of one, two or five architectures."""
    return result(NAMES[: request.param], replications=3, copies=60)


@pytest.fixture(scope="module", params=ALL)
def drawn(request, made):
    """Each plot of it, drawn with warnings as errors."""
    ax = ALL[request.param](made)
    ax.figure.draw_without_rendering()
    return ax


def run(copies, architecture="a", replication=0):
    """The tables of a run whose messages are users'."""
    messages = [message(number) for number in dict.fromkeys(found.message_id for found in copies)]
    return tables_of(messages, copies, architecture=architecture, replication=replication)


def texts(ax) -> list[str]:
    """All that is written inside the axes."""
    return [text.get_text() for text in ax.texts]


def legend(ax) -> list[str]:
    """The entries of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.slow
def test_every_plot_has_a_title_and_units(drawn):
    """Each plot of one to five architectures says what it shows, and in what units where it measures."""
    assert drawn.get_title(loc="left") != ""
    assert drawn.get_xlabel() != "" or not drawn.axison


@pytest.mark.slow
def test_plots_leave_pyplot_alone(drawn):
    """No figure is registered with pyplot."""
    assert drawn.figure is not None
    assert plt.get_fignums() == []


@pytest.mark.parametrize("plot", ALL)
def test_plots_draw_into_the_callers_axes(plot):
    """Given axes are drawn into and returned."""
    ax = Figure().add_subplot()
    assert ALL[plot](result(replications=1, copies=10), ax) is ax


def test_delay_curves_end_at_the_share_delivered():
    """Undelivered copies keep a curve below 100 %."""
    copies = [copy(1, ended_s=1), copy(2, ended_s=100), copy(3, "lost"), copy(4, "queued")]
    ax = plots.delay_distribution(run(copies).copies)
    curve = ax.get_lines()[0]
    assert curve.get_ydata()[-1] == 50
    assert legend(ax) == ["a: 50 % delivered"]


def test_delay_curve_steps_at_the_delays():
    """The curve has reached a delay's share at that delay, not before."""
    curve = plots.delay_distribution(run([copy(1, ended_s=1), copy(2, ended_s=100)]).copies).get_lines()[0]
    x, y = curve.get_data()
    assert dict(zip(x, y, strict=True))[1.0] == 50
    assert dict(zip(x, y, strict=True))[100.0] == 100


def test_delay_ticks_are_those_of_people():
    """The logarithmic axis is marked in seconds, minutes, hours and days."""
    ax = plots.delay_distribution(run([copy(1, ended_s=1), copy(2, ended_s=90000)]).copies)
    ticks = [ax.xaxis.get_major_formatter()(at, 0) for at in ax.get_xticks()]
    assert ticks == ["1 s", "10 s", "1 min", "10 min", "1 h", "6 h", "1 d"]


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [(0.61, ["500 ms", "700 ms", "1 s"]), (0.021, ["15 ms", "20 ms", "30 ms"]), (400.0, ["5 min", "7 min", "10 min"])],
)
def test_durations_close_together_have_finer_ticks(seconds, texts):
    """However narrow the axis, a time can be read off it."""
    ax = session_distribution([seconds, seconds * 1.01], 2)
    ticks = [ax.xaxis.get_major_formatter()(at, 0) for at in ax.get_xticks()]
    assert ticks == texts


def test_many_delays_are_thinned():
    """A curve of many copies has a bounded number of points."""
    copies = [copy(number, ended_s=1 + number) for number in range(3000)]
    curve = plots.delay_distribution(run(copies).copies).get_lines()[0]
    assert len(curve.get_xdata()) < 600
    assert curve.get_ydata()[-1] == 100


def test_delays_of_no_time_are_drawn():
    """Local deliveries that took no time appear at the left edge of the logarithmic axis."""
    ax = plots.delay_distribution(run([copy(1, ended_s=0), copy(2, ended_s=0)]).copies)
    assert ax.get_lines()[0].get_ydata()[-1] == 100


@pytest.mark.parametrize(
    ("plot", "says"),
    [
        (lambda: plots.delay_distribution(tables_of().copies), "no mail"),
        (lambda: plots.outcomes(tables_of().copies), "no mail"),
        (lambda: plots.time_budget(tables_of().copies), "no mail was delivered"),
        (lambda: plots.time_budget(run([copy(ended_s=0)]).copies), "every delivery took no time"),
        (lambda: plots.time_to_read(run([copy()]).copies), "no mail was read"),
        (lambda: plots.hand_to_eye(run([copy()]).copies), "no mail was read"),
        (lambda: plots.hand_to_eye(run([copy(stored_s=0.0, read_s=0.0)]).copies), "all was read at once"),
        (lambda: plots.queue_length(tables_of().queues), "no message was ever queued"),
        (lambda: plots.topology({}), "no nodes"),
        (lambda: plots.paired_differences(measure(tables_of())), "one architecture: nothing to compare"),
    ],
)
def test_nothing_to_see_is_said(plot, says):
    """Empty tables give axes that say so."""
    assert texts(plot()) == [says]


def test_budget_parts_add_up_to_the_mean_delay():
    """The bar of an architecture is as long as its mean delay, in its parts."""
    copies = [copy(1, ended_s=300, queue_s=100, retry_s=200, transfer_s=0), copy(2, ended_s=100, transfer_s=100)]
    ax = plots.time_budget(run(copies).copies)
    assert [bar.get_width() for bar in ax.patches] == [50, 100, 0, 50, 0]
    assert texts(ax)[-1] == "3.33 min"
    assert ax.get_xlabel() == "mean delay (min)"


def test_steps_from_hand_to_eye_add_up_to_the_time_to_read():
    """Only copies that were read count; a step that was not taken takes no time."""
    whole = {"composed_s": 0.0, "submitted_s": 1.0, "accepted_s": 3.0, "stored_s": 3.0, "announced_s": 13.0}
    copies = [
        copy(1, **whole, fetched_s=14.0, read_s=34.0),
        copy(2, stored_s=6.0, announced_s=6.0, fetched_s=6.0, read_s=6.0),
        copy(3, stored_s=900.0, announced_s=1000.0),
    ]
    ax = plots.hand_to_eye(run(copies).copies)
    assert [bar.get_width() for bar in ax.patches] == [0.5, 1, 3, 5, 0.5, 10]
    assert texts(ax)[-1] == "20.0 s"


def test_curve_of_what_was_read_ends_below_what_was_delivered():
    """Mail that nobody read keeps the curve below 100 %, and its moment is that of reading."""
    ax = plots.time_to_read(run([copy(1, read_s=50.0), copy(2)]).copies)
    assert legend(ax) == ["a: 50 % read"]
    x, y = ax.get_lines()[0].get_data()
    assert dict(zip(x, y, strict=True))[50.0] == 50


def test_budgets_far_apart_become_shares():
    """Where one architecture takes more than ten times as long, bars show shares and the means are written."""
    slow, quick = run([copy(ended_s=5000)]), run([copy(ended_s=2)], architecture="b")
    ax = plots.time_budget(concat([slow, quick]).copies)
    assert "share" in ax.get_xlabel()
    assert [bar.get_width() for bar in ax.patches if bar.get_width()] == [100, 100]
    assert {"1.39 h", "2.00 s"} <= set(texts(ax))


@pytest.mark.parametrize(("seconds", "unit"), [(5, "s"), (600, "min"), (10000, "h"), (500000, "d")])
def test_budget_scale_fits_its_delays(seconds, unit):
    """The time axis is in the unit that its length asks for, with a handful of ticks."""
    ax = plots.time_budget(run([copy(ended_s=seconds)]).copies)
    assert ax.get_xlabel() == f"mean delay ({unit})"
    assert 3 <= len(ax.get_xticks()) <= 8


def test_outcome_shares_fill_the_bar():
    """The shares of an architecture add up to 100 %, and the rest is counted in words."""
    ax = plots.outcomes(run([copy(1), copy(2), copy(3, "bounced"), copy(4, "lost")]).copies)
    assert [bar.get_width() for bar in ax.patches] == [50, 25, 25]
    assert texts(ax) == ["50 % delivered, 1 bounced, 1 lost"]


def test_no_delivery_is_said():
    """Where nothing arrived the bar says so."""
    assert texts(plots.outcomes(run([copy(outcome="lost")]).copies)) == ["none delivered, 1 lost"]


def compared(first, second):
    """The measures of two architectures that deliver these numbers of ten copies, by replication."""
    runs = [
        run([copy(n, "delivered" if n < found else "lost") for n in range(10)], name, replication)
        for name, values in (("a", first), ("b", second))
        for replication, found in enumerate(values)
    ]
    return measure(concat(runs))


def marks(ax) -> list[float]:
    """Where the marks of differences are."""
    return [float(line.get_xdata()[0]) for line in ax.get_lines() if line.get_marker() == "o" and len(line.get_xdata())]


def test_difference_is_first_minus_second_in_percent_of_their_mean():
    """0.6 against 0.4 of the mail is 40 % of their mean, written in points too."""
    ax = plots.paired_differences(compared([6, 6, 6], [4, 4, 4]), ["delivery_prob"])
    assert marks(ax) == [pytest.approx(40)]
    assert texts(ax)[0] == "20.00 points  [20.00, 20.00]"


def test_a_mark_is_hollow_where_chance_would_do():
    """A difference whose interval holds 0 is hollow, one that does not is filled."""
    faces = [
        plots.paired_differences(compared(a, b), ["delivery_prob"]).get_lines()[1].get_markerfacecolor()
        for a, b in (([6, 4, 6], [4, 6, 5]), ([6, 7, 6], [2, 3, 3]))
    ]
    assert faces[0] == "white"
    assert faces[1] != "white"


def test_metrics_that_never_happen_are_left_out():
    """A metric that is 0 for both has no row."""
    ax = plots.paired_differences(compared([6, 6], [4, 4]), ["bounced", "lost"])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["copies lost (less is better)"]


def test_no_row_left_is_said():
    """Where no metric is left there is nothing to show."""
    assert texts(plots.paired_differences(compared([6], [6]), ["bounced"])) == ["no difference to show"]


def test_one_replication_has_marks_without_intervals():
    """A single replication shows its difference as a hollow mark."""
    ax = plots.paired_differences(compared([6], [4]), ["delivery_prob"])
    assert marks(ax) == [pytest.approx(40)]
    assert ax.get_lines()[1].get_markerfacecolor() == "white"


def test_others_are_compared_with_the_first():
    """Three architectures give two marks a metric and a legend that tells them apart."""
    made = result(NAMES[:3], replications=3, copies=60)
    ax = plots.paired_differences(made.measures, ["attempts"])
    assert len(marks(ax)) == 2
    assert legend(ax) == ["from store-and-forward", "from smarthost"]


def queues(*rows):
    """A queues table of (host, time, messages)."""
    return tables_of(queues=[QueueFact(host, at, length, 100 * length) for host, at, length in rows]).queues


def test_no_peak_is_lost():
    """A queue that is long for a moment only shows its full length."""
    rows = [("A", float(at), at % 2) for at in range(10000)]
    rows[4321:4322] = [("A", 4321.0, 99)]
    ax = plots.queue_length(queues(*rows))
    assert max(ax.get_lines()[0].get_ydata()) == 99
    assert legend(ax) == ["A (at most 99)"]


def test_a_queue_keeps_its_length_until_it_changes():
    """Between changes the line stays where it was."""
    line = plots.queue_length(queues(("A", 0.0, 3), ("A", 100.0, 1))).get_lines()[0]
    assert set(line.get_ydata()[:-2]) == {3}


def test_hosts_beyond_five_are_summed():
    """The five longest queues have lines; the others are one band."""
    rows = [(f"h{nth}", at, nth + 1) for nth, at in itertools.product(range(8), (0.0, 50.0))]
    ax = plots.queue_length(queues(*rows))
    assert legend(ax)[0] == "3 other hosts, sum"
    assert len(ax.get_lines()) == 5
    assert ax.collections[0].get_paths()[0].get_extents().y1 == 1 + 2 + 3


def test_hosts_can_be_chosen():
    """Named hosts get the lines; unknown ones are passed over."""
    ax = plots.queue_length(queues(("A", 0.0, 1), ("B", 1.0, 9)), hosts=["A", "nobody"])
    assert legend(ax) == ["1 other host, sum", "A (at most 1)"]


def test_queues_that_stay_empty_have_no_legend():
    """Hosts whose queue never grew are the band alone."""
    assert legend(plots.queue_length(queues(("A", 0.0, 0)))) == ["1 other host, sum"]
    assert plots.queue_length(queues(("A", 0.0, 0)), hosts=["A"]).get_lines()[0].get_ydata()[0] == 0


def test_no_host_chosen_has_no_legend():
    """When all hosts are asked for by a wrong name only the band is left."""
    ax = plots.queue_length(queues(("A", 0.0, 1)), hosts=[])
    assert len(ax.get_lines()) == 0
    assert legend(ax) == ["1 other host, sum"]


def test_architecture_and_replication_are_chosen():
    """One run is drawn, the first unless another is named; the title says which."""
    runs = [tables_of(queues=[QueueFact("A", 0.0, r, 0)], architecture=a, replication=r) for a in "ab" for r in (0, 1)]
    table = concat(runs).queues
    assert plots.queue_length(table).get_title(loc="left") == "Queues under a, replication 0"
    chosen = plots.queue_length(table, architecture="b", replication=1)
    assert chosen.get_title(loc="left") == "Queues under b, replication 1"


def test_load_adds_both_directions_a_replication():
    """A link's load is what went over it both ways, divided by the replications."""
    there = attempt(from_host="A", to_host="B", bytes_on_wire=300)
    back = attempt(from_host="B", to_host="A", bytes_on_wire=100)
    both = concat([tables_of(attempts=[there, back], replication=r) for r in (0, 1)])
    assert plots.link_load(both.attempts) == {("A", "B"): 400.0}


def test_load_of_nothing_is_nothing():
    """Without attempts there is no load."""
    assert plots.link_load(tables_of().attempts) == {}


def test_topology_takes_a_scenarios_network():
    """The spec's network and its plain data draw the same."""
    nodes = {name: Node(lat=lat, lon=lon) for name, (lat, lon) in CITIES.items()}
    network = Network(
        nodes=nodes,
        links=tuple(
            Link(name="-".join(ends), between=ends, rate=alike(1.0), delay=alike(Constant(0.0))) for ends in LINKS
        ),
    )
    lines = [
        [line.get_xydata().tolist() for line in plots.topology(found).get_lines()]
        for found in (network, SCENARIO["network"])
    ]
    assert lines[0] == lines[1]


def test_every_name_is_written_where_there_is_room():
    """A network of twelve nodes has all its names."""
    assert sorted(texts(plots.topology(SCENARIO["network"]))) == sorted(CITIES)


def test_no_two_names_overlap():
    """Names are placed clear of each other, even where nodes lie close."""
    ax = plots.topology(SCENARIO["network"])
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    assert [
        (a, b) for a, b in itertools.combinations(boxes, 2) if a.shrunk(0.95, 0.8).overlaps(b.shrunk(0.95, 0.8))
    ] == []


def test_names_stay_on_the_sheet():
    """No name runs over the figure's edge."""
    ax = plots.topology(SCENARIO["network"])
    ax.figure.draw_without_rendering()
    sheet = ax.figure.bbox
    extents = [Text.get_window_extent(text) for text in ax.texts]
    assert [box for box in extents if box.x0 < sheet.x0 or box.x1 > sheet.x1 or box.y1 > sheet.y1] == []


def test_a_crowd_leaves_names_out():
    """Where there is no room for all names, some are left out rather than written over each other."""
    names = [f"a host with a long name {n}" for n in range(60)]
    nodes = {name: {"lat": 60.0 if n == 0 else 48 + n * 0.001, "lon": 2.0} for n, name in enumerate(names)}
    found = texts(plots.topology({"nodes": nodes, "links": []}))
    assert 0 < len(found) < 60


def test_heavier_links_are_wider():
    """Width grows with load; a link without load is thin."""
    network = {"nodes": {"A": None, "B": {}, "C": {}, "D": {}}, "links": [{"between": p} for p in ("AB", "BC", "CD")]}
    ax = plots.topology(network, {("B", "A"): 900.0, ("B", "C"): 100.0})
    widths = [line.get_linewidth() for line in ax.get_lines()[:3]]
    assert widths[0] > widths[1] > widths[2]
    assert legend(ax) == ["900 B", "225 B", "36 B"]


def test_sessions_over_several_links_are_arcs():
    """Load between hosts that no link joins is drawn apart and explained."""
    ax = plots.topology(SCENARIO["network"], {("UCLA", "MIT"): 5.0, ("mit.example", "UCLA"): 7.0, ("SRI", "SRI"): 1.0})
    assert len(ax.patches) == 1
    assert legend(ax) == ["over several links"]


@pytest.mark.parametrize(
    "nodes",
    [
        {name: {} for name in "ABCD"},
        {"A": {"lat": 1, "lon": 1}, "B": {"lat": 2, "lon": 5}, "C": {}, "D": {"lat": None, "lon": None}},
        {"A": {"lat": 1, "lon": 1}, "B": {}, "C": {}, "D": {}},
        {"A": {"lat": 1.0, "lon": 1.0}},
        {"A": {"lat": 1.0, "lon": 1.0}, "B": {"lat": 1.0, "lon": 5.0}},
        {"A": {}, "B": {}},
    ],
)
def test_nodes_without_coordinates_find_a_place(nodes):
    """Nodes off the map are placed, each time alike; nodes on it stay there."""
    links = [{"between": pair} for pair in ("AB", "BC", "CD") if set(pair) <= set(nodes)]
    places = [plots.topology({"nodes": nodes, "links": links}).get_lines()[-1].get_xydata() for _ in range(2)]
    assert np.isfinite(places[0]).all()
    assert places[0].tolist() == places[1].tolist()
    known = [(node["lon"], node["lat"]) for node in nodes.values() if node.get("lat") is not None]
    if len(known) > 1:
        assert set(known) <= set(map(tuple, places[0].tolist()))


def test_colours_go_by_place():
    """An architecture has the colour of its place, and the first eight differ."""
    assert colours("ab")["a"] == colours("axyz")["a"]
    assert len(set(colours("abcdefgh").values())) == 8


@pytest.mark.parametrize(
    ("share", "text"), [(100.0, "100 %"), (99.9999, "99.99 %"), (95.1234, "95.12 %"), (0.0, "0 %")]
)
def test_only_all_is_a_hundred_percent(share, text):
    """A share that is not quite all is not rounded up to it."""
    assert percent(share) == text


def test_dollars_are_dollars():
    """A name with dollar signs is not taken for mathematics."""
    ax = plots.delay_distribution(run([copy(ended_s=5)], architecture="$x_1$").copies)
    ax.figure.draw_without_rendering()
    assert literal("$x_1$") == r"\$x_1\$"


def test_names_that_begin_with_an_underscore_stand_in_legends():
    """Matplotlib leaves such labels out."""
    ax = plots.delay_distribution(run([copy(ended_s=5)], architecture="_first").copies)
    assert [entry.strip("\u200b") for entry in legend(ax)] == ["_first: 100 % delivered"]


def test_curves_that_are_the_same_are_all_seen():
    """Each is wider than the next, which is drawn over it."""
    ax = plots.delay_distribution(concat([run([copy(ended_s=5)], architecture=name) for name in "abc"]).copies)
    widths = [line.get_linewidth() for line in ax.get_lines()[:3]]
    assert [before > after for before, after in itertools.pairwise(widths)] == [True, True]


@pytest.mark.parametrize(("name", "said"), [("short", "less under short"), ("a name of some length", "less")])
def test_sides_of_differences_do_not_meet(name, said):
    """A long name stands in the title alone."""
    made = result((name, "other"), replications=3, copies=60)
    assert said in texts(plots.paired_differences(made.measures))


@pytest.mark.parametrize(("count", "most"), [(0, 5), (3, 5), (5, 5), (1000, 5)])
def test_thinning_keeps_both_ends(count, most):
    """Few items stay as they are; of many the first and the last are kept."""
    found = list(thin(count, most))
    assert len(found) == min(count, most)
    assert found[:1] + found[-1:] == ([0, count - 1] if count else [])

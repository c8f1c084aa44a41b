"""The summary for the terminal."""

from __future__ import annotations

import pytest
from synthetic_results import result

from sim.report.table import sentences, text
from sim.results.metrics import METRICS
from sim.results.summary import cells, difference_cells


@pytest.fixture(scope="module")
def summary():
    """A summary of two architectures."""
    return result(replications=4, copies=100).summary


def test_cells_are_in_human_units():
    """A mean of 192 s is 3.20 min, its interval in minutes too."""
    assert cells({"mean": 192.0, "low": 180.0, "high": 204.0, "n": 5}, "latency_avg") == ("3.20 min", "[3.00, 3.40]")


def test_counts_of_one_replication_are_whole():
    """A count over one replication has no decimals and no interval."""
    assert cells({"mean": 3.0, "low": None, "high": None, "n": 1}, "lost") == ("3", "")


def test_undefined_is_a_dash():
    """What is not defined is a dash."""
    assert cells({"mean": None, "low": None, "high": None, "n": 0}, "latency_avg") == ("-", "")


def test_shares_differ_by_points():
    """The difference of two shares is in points."""
    entry = {"mean": 0.0123, "low": 0.01, "high": 0.0146, "n": 5}
    assert difference_cells(entry, "delivery_prob") == ("1.23 points", "[1.00, 1.46]")


@pytest.mark.parametrize("architectures", [1, 2, 3, 5])
def test_table_fits_a_terminal(architectures):
    """Up to five architectures are readable at 100 columns, in ASCII."""
    names = ("end-to-end", "store-and-forward", "smarthost", "hybrid", "exim-retry")[:architectures]
    found = text(result(names, replications=3, copies=60).summary)
    assert max(len(line) for line in found.splitlines()) <= 100
    assert found.isascii()
    assert all(name in found for name in names)


def test_two_architectures_have_their_difference_in_the_table(summary):
    """With two the difference is a column of its own."""
    assert "difference" in text(summary).splitlines()[0]


def test_more_architectures_have_a_paragraph_a_pair():
    """With three each pair has its sentences."""
    found = text(result(("a", "b", "c"), replications=2, copies=30).summary)
    assert [line for line in found.splitlines() if "paired by" in line] == [
        "a against b, paired by replication:",
        "a against c, paired by replication:",
        "b against c, paired by replication:",
    ]


def test_every_metric_on_request(summary):
    """All metrics are shown when they are asked for, the main ones otherwise."""
    labels = [metric.label for metric in METRICS.values()]
    table = text(summary, every=True, width=140)
    assert [label for label in labels if label not in table] == []
    assert "overhead ratio" not in text(summary)


def test_metrics_without_a_difference_share_a_line(summary):
    """What shows no difference is said once, with the metrics it is true of."""
    ((a, b, lines),) = sentences(summary, ["created", "expired", "attempts"])
    assert (a, b) == ("end-to-end", "store-and-forward")
    assert lines[0].startswith("attempts: ")
    assert "the same in all 4 replications: copies created" in lines


def test_plain_text_ends_with_one_newline(summary):
    """The text is ready to be printed as it is."""
    found = text(summary)
    assert found.startswith("| metric")
    assert found.endswith("\n")
    assert not found.endswith("\n\n")

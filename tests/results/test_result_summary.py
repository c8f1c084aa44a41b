"""The summary: intervals, paired differences, sentences, expectations."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from sim.results.intervals import interval, paired
from sim.results.metrics import METRICS
from sim.results.summary import check, sentence, summarise, verdict
from sim.scenario.spec import Expectation, Operand


def measures(**values) -> pd.DataFrame:
    """Measures whose delivery_prob is given by architecture; all other metrics are 1."""
    runs = [(name, replication) for name, found in values.items() for replication in range(len(found))]
    frame = pd.DataFrame(
        1.0, index=pd.MultiIndex.from_tuples(runs, names=["architecture", "replication"]), columns=list(METRICS)
    )
    frame["delivery_prob"] = [value for found in values.values() for value in found]
    return frame


def entry(mean, low, high, n=20) -> dict:
    """A value of a summary."""
    return {"mean": mean, "low": low, "high": high, "n": n}


def test_each_architecture_has_its_intervals():
    """A metric's entry is the interval over the replications."""
    found = summarise(measures(z=[0.9, 0.8, 0.7], a=[0.5, 0.4, 0.6]), confidence=0.9)
    assert list(found["architectures"]) == ["z", "a"]
    assert found["architectures"]["z"]["delivery_prob"] == interval([0.9, 0.8, 0.7], 0.9)._asdict()
    assert found["confidence"] == 0.9


def test_differences_are_first_minus_second_for_each_pair():
    """Three architectures have three pairs, in the scenario's order, each a - b."""
    found = summarise(measures(z=[0.9, 0.8], a=[0.5, 0.5], m=[0.1, 0.2]))["differences"]
    assert [(pair["a"], pair["b"]) for pair in found] == [("z", "a"), ("z", "m"), ("a", "m")]
    assert found[0]["metrics"]["delivery_prob"] == paired([0.9, 0.8], [0.5, 0.5])._asdict()


def test_only_replications_that_both_have_are_paired():
    """A replication that one architecture lacks is left out of the difference."""
    found = summarise(measures(a=[0.9, 0.8, 0.1], b=[0.5, 0.5]))["differences"][0]
    assert found["metrics"]["delivery_prob"]["n"] == 2


def test_undefined_is_null():
    """What is not defined is None, so that the summary is JSON."""
    found = summarise(measures(a=[math.nan]))
    assert found["architectures"]["a"]["delivery_prob"] == entry(None, None, None, 0)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("difference", "kind"),
    [
        (entry(None, None, None, 0), "undefined"),
        (entry(1.0, None, None, 1), "single"),
        (entry(0.0, 0.0, 0.0), "same"),
        (entry(1.0, -1.0, 3.0), "unclear"),
        (entry(1.0, 0.5, 1.5), "differs"),
        (entry(-1.0, -1.5, -0.5), "differs"),
    ],
)
def test_verdict(difference, kind):
    """A difference is one only where its interval leaves 0 out."""
    assert verdict(difference) == kind


@pytest.mark.parametrize(
    ("metric", "difference", "text"),
    [
        (
            "delivery_prob",
            entry(0.032, 0.021, 0.043),
            "hops delivers 3.2 points more of the mail than ends (95% interval 2.1 to 4.3)",
        ),
        (
            "delivery_prob",
            entry(-0.00032, -0.00043, -0.00021),
            "hops delivers 0.032 points less of the mail than ends (95% interval 0.021 to 0.043)",
        ),
        (
            "latency_avg",
            entry(-192.0, -240.0, -150.0),
            "mean delay, delivered: 3.20 min less under hops than under ends (95% interval 2.50 to 4.00)",
        ),
        (
            "lost",
            entry(3.0, 2.0, 4.0),
            "copies lost: 3.0 more under hops than under ends (95% interval 2.0 to 4.0)",
        ),
        ("lost", entry(3.0, -2.0, 8.0), "copies lost, hops against ends: no difference that 20 replications can show"),
        ("lost", entry(0.0, 0.0, 0.0), "copies lost, hops against ends: the same in all 20 replications"),
        (
            "lost",
            entry(3.0, None, None, 1),
            "copies lost, hops against ends: one replication cannot tell a difference from chance",
        ),
        (
            "latency_avg",
            entry(None, None, None, 0),
            "mean delay, delivered, hops against ends: not defined in any replication of both",
        ),
    ],
)
def test_sentence(metric, difference, text):
    """A difference is said in plain words with its interval, or why there is none."""
    assert sentence(metric, difference, "hops", "ends") == text


def expectation(left, operator, right) -> Expectation:
    """An expectation on delivery_prob; sides are architectures or numbers."""
    sides = [
        Operand(architecture=side, metric="delivery_prob") if isinstance(side, str) else Operand(number=side)
        for side in (left, right)
    ]
    return Expectation(text=f"{left} {operator} {right}", left=sides[0], operator=operator, right=sides[1])


@pytest.mark.parametrize(
    ("left", "operator", "right", "holds"),
    [
        ("a", ">", "b", True),
        ("b", ">", "a", False),
        ("a", "<", 0.9, True),
        ("b", "<", "a", True),
        ("a", ">=", 0.8, True),
        ("b", ">=", 0.8, False),
        ("a", "<=", 0.8, True),
        ("a", "<=", 0.7, False),
        ("c", "==", 0.1, True),
        ("c", "<=", 0.1, True),
        ("c", "==", "a", False),
        ("undefined", "<", 2.0, False),
        ("undefined", ">=", 0.0, False),
    ],
)
def test_check(left, operator, right, holds):
    """An expectation compares means; rounding of a mean of equal values does not break an equality."""
    summary = summarise(measures(a=[0.9, 0.7], b=[0.4, 0.4], c=[0.1, 0.1, 0.1], undefined=[math.nan]))
    wanted = expectation(left, operator, right)
    ((found, held, _, _),) = check([wanted], summary)
    assert (found, held) == (wanted, holds)


def test_check_gives_both_values():
    """The values of both sides come with the answer."""
    ((_, _, left, right),) = check([expectation("a", ">", 0.25)], summarise(measures(a=[0.5, 0.5])))
    assert (left, right) == (0.5, 0.25)


def test_check_refuses_unknown_names():
    """An expectation of what was not measured names the unknown and the known."""
    with pytest.raises(ValueError, match=r"expectation 'x > 0.5': no architecture 'x': one of a is wanted"):
        check([expectation("x", ">", 0.5)], summarise(measures(a=[0.5])))
    unknown = Expectation(
        text="a.speed > 1", left=Operand(architecture="a", metric="speed"), operator=">", right=Operand()
    )
    with pytest.raises(ValueError, match="no metric 'speed': one of created, "):
        check([unknown], summarise(measures(a=[0.5])))


def test_no_mean_has_an_interval_of_what_cannot_be():
    """Neither delays below 0 nor shares above 1; a difference may have either sign."""
    index = pd.MultiIndex.from_product([["a", "b"], range(4)], names=["architecture", "replication"])
    values = {"latency_avg": [1.0, 1.0, 2.0, 100.0] * 2, "delivery_prob": [0.7, 1.0, 1.0, 1.0] * 2}
    found = summarise(pd.DataFrame(values, index=index))
    metrics = found["architectures"]["a"]
    assert (metrics["latency_avg"]["low"], metrics["delivery_prob"]["high"]) == (0.0, 1.0)

"""Metrics, against examples small enough to work out by hand."""

from __future__ import annotations

import math
from math import nan

import pytest
from synthetic_results import attempt, copy, message, result, tables_of

from sim.results.facts import AddressFact, LossFact
from sim.results.metrics import METRICS, OF_DEVICES, measure
from sim.results.tables import concat

STEPS = ("composed_s", "submitted_s", "accepted_s", "stored_s", "announced_s", "fetched_s", "read_s")


def steps(*times) -> dict[str, float]:
    """When a copy took its first steps."""
    return dict(zip(STEPS, times, strict=False))


# Five copies of users' messages and one of a report. Delivered: delays 10, 20, 60; hops 1, 2, 3.
COPIES = [
    copy(1, created_s=0, ended_s=10, hops=1, queue_s=2, retry_s=4, **steps(0, 1, 9, 10, 15, 16, 70)),
    copy(2, created_s=10, ended_s=30, hops=2, duplicates=1, queue_s=8, damage="found", **steps(10, 13, 30, 30, 40)),
    copy(3, created_s=20, ended_s=80, hops=3, damage="unseen", **steps(nan, nan, 80, 80, 82, 84, 100)),
    copy(4, "bounced", damage="unseen", created_s=40, ended_s=50, hops=1, retry_s=10),
    copy(5, "queued", created_s=60, ended_s=100, hops=0, queue_s=40),
    copy(6, "expired", created_s=50, ended_s=90, hops=5, recipient="u1@a.example"),
]
# The first and the third were read, the second was only announced.
# The report is on the fourth, which u1 did not write.
MESSAGES = [message(i, sender="u1@a.example", author="u9@b.example" if i == 4 else None) for i in range(1, 6)]
MESSAGES.append(message(6, sender="<>", about=4))
ATTEMPTS = [
    attempt(1, session_id=1, round_trips=8, bytes_on_wire=100),
    attempt(2, "connection-lost", session_id=2, round_trips=4, bytes_on_wire=50, retransmissions=3, recipients=2),
    attempt(3, "no-route", round_trips=0, bytes_on_wire=0),
    attempt(4, "connect-timeout", session_id=3, round_trips=1, bytes_on_wire=40),
    attempt(5, "partial", session_id=1, round_trips=6, bytes_on_wire=10, recipients=3),
    attempt(6, session_id=4, round_trips=2, bytes_on_wire=7),
    attempt(0, session_id=5, round_trips=5, bytes_on_wire=13, recipients=0),
    attempt(0, session_id=6, round_trips=9, bytes_on_wire=30, recipients=0, protocol="imap"),
    attempt(0, session_id=7, round_trips=6, bytes_on_wire=20, recipients=0, protocol="pop3"),
]
EXPECTED = {
    "created": 5,
    "started": 1 + 2 + 3,
    "relayed": 1 + 2 + 3 + 1 + 0 + 1,
    "aborted": 2,
    "dropped": 1,
    "delivered": 3,
    "delivery_prob": 3 / 5,
    "overhead_ratio": (8 - 3) / 3,
    "latency_avg": 30,
    "latency_med": 20,
    "latency_p95": 20 + 0.9 * 40,
    "latency_p99": 20 + 0.98 * 40,
    "restricted_mean_latency": (10 + 20 + 60 + 60 + 40) / 5,
    "hopcount_avg": 2,
    "hopcount_med": 2,
    # the copies waited 6 s in one queue, 8 s in two, 0 s in three, 10 s in two and 40 s in one
    "buffertime_avg": (6 + 8 + 0 + 10 + 40) / (1 + 2 + 3 + 2 + 1),
    "buffertime_med": 4,
    "bounced": 1,
    "expired": 1,
    "backscatter": 1,
    "lost": 0,
    "queued": 1,
    "duplicates": 1,
    "damaged": 2,
    "damaged_unseen": 1,
    "bytes_on_wire": 270,
    "sessions": 6,
    "attempts": 6,
    "retransmissions": 3,
    "round_trips_avg": (8 + 4 + 6 + 2) / 4,
    "read": 2,
    "time_to_read_med": (70 + 80) / 2,
    "time_to_read_p95": 70 + 0.95 * 10,
    "composed_to_submitted_med": 2,
    "stored_to_announced_med": 5,
    "stored_to_fetched_med": 5,
    "stored_to_read_med": 40,
    "access_sessions": 2,
    "access_round_trips": 15,
    "access_bytes": 50,
    "gateway_losses": 2,
}
ADDRESSES = [AddressFact(1, "u1@mit.example", "UCLA", "MIT", 10.0, "ftp", "u1@mit.example", "<>")]
LOSSES = [LossFact(1, "UCLA", 9.0, "smtp", "ftp", what) for what in ("service reverse-path", "service NOTIFY")]


@pytest.mark.parametrize("metric", METRICS)
def test_example_by_hand(metric):
    """Every metric has the value that counting by hand gives."""
    found = measure(tables_of(MESSAGES, COPIES, ATTEMPTS, addresses=ADDRESSES, losses=LOSSES))
    assert found[metric].item() == pytest.approx(EXPECTED[metric], rel=1e-12)


def test_every_metric_has_an_example():
    """Columns, registry and the example name the same metrics in the same order."""
    assert (
        list(measure(tables_of(MESSAGES, COPIES, ATTEMPTS, addresses=ADDRESSES, losses=LOSSES)))
        == list(METRICS)
        == list(EXPECTED)
    )


def test_the_metrics_of_the_one_are_there():
    """The names that The ONE made common are metrics."""
    names = "created started relayed aborted dropped delivered delivery_prob overhead_ratio latency_avg latency_med"
    names += " hopcount_avg hopcount_med buffertime_avg buffertime_med"
    assert set(names.split()) - set(METRICS) == set()


def test_created_is_the_sum_of_the_outcomes():
    """Every copy is delivered, dropped or under way."""
    found = measure(result())
    assert (found["delivered"] + found["dropped"] + found["queued"]).tolist() == found["created"].tolist()


def test_nothing_delivered_is_undefined():
    """Without a delivery the delays, hops and overhead are not defined; the share delivered is 0."""
    found = measure(tables_of([message()], [copy(outcome="lost")])).iloc[0]
    undefined = ["overhead_ratio", "latency_avg", "latency_med", "latency_p95", "hopcount_avg", "hopcount_med"]
    assert [math.isnan(found[name]) for name in undefined] == [True] * 6
    assert found["delivery_prob"] == 0
    assert found["lost"] == found["dropped"] == 1


def test_a_run_without_copies_has_a_row():
    """A run that only attempted is measured; the share of nothing is not defined."""
    found = measure(tables_of(attempts=[attempt()])).iloc[0]
    assert found["created"] == 0
    assert math.isnan(found["delivery_prob"])
    assert math.isnan(found["buffertime_avg"])


def test_no_facts_no_rows():
    """Tables without facts have no runs to measure."""
    found = measure(tables_of())
    assert found.shape == (0, len(METRICS))
    assert found.index.names == ["architecture", "replication"]


def test_rows_are_in_order_of_appearance_then_replication():
    """Architectures come as they first appear, replications by number, whatever the order of the rows."""
    runs = [("z", 1), ("a", 0), ("z", 0), ("a", 1)]
    found = measure(concat([tables_of([message()], [copy()], architecture=a, replication=r) for a, r in runs]))
    assert list(found.index) == [("z", 0), ("z", 1), ("a", 0), ("a", 1)]


def test_horizon_counts_all_the_time_of_undelivered_mail():
    """A copy never delivered counts from its creation to the horizon, a delivered one its delay."""
    tables = tables_of([message(1), message(2)], [copy(1, ended_s=10), copy(2, "bounced", ended_s=20)])
    assert measure(tables, horizon=100)["restricted_mean_latency"].item() == (10 + 100) / 2


def test_horizon_cuts_what_came_after_it():
    """Delays past the horizon count up to it, and what was created later counts nothing."""
    tables = tables_of([message(1), message(2)], [copy(1, ended_s=10), copy(2, created_s=8, ended_s=9)])
    assert measure(tables, horizon=6)["restricted_mean_latency"].item() == 3


def test_architectures_are_watched_equally_long():
    """Without a horizon the last end of the replication in any architecture is the end for all."""
    slow = tables_of([message()], [copy(ended_s=1000)], architecture="slow")
    lossy = tables_of([message()], [copy(outcome="lost", ended_s=5)], architecture="lossy")
    other = tables_of([message()], [copy(ended_s=9000)], architecture="slow", replication=1)
    assert measure(concat([slow, lossy, other]))["restricted_mean_latency"].tolist() == [1000, 9000, 1000]


def test_a_local_delivery_is_one_stay():
    """Mail that never left its host lay in that host's queue once."""
    found = measure(tables_of([message()], [copy(hops=0, queue_s=3)]))
    assert found["buffertime_avg"].item() == 3


def test_where_nobody_has_a_device_nothing_is_said_of_devices():
    """A run whose users only have mailboxes has no copies read, not none of them."""
    found = measure(tables_of([message()], [copy(stored_s=10.0)], [attempt()])).iloc[0]
    assert [name for name in OF_DEVICES if not math.isnan(found[name])] == []


def test_a_device_that_finds_nothing_is_at_work():
    """Where a device asked in vain, no copy was read."""
    found = measure(tables_of([message()], [copy()], [attempt(0, session_id=1, protocol="pop3")])).iloc[0]
    assert (found["read"], found["access_sessions"]) == (0, 1)


def test_better_is_said_where_it_is_clear():
    """More delivered mail is better, more lost mail is not, more created mail is neither."""
    assert [METRICS[name].better for name in ("delivery_prob", "lost", "created")] == ["higher", "lower", ""]


@pytest.mark.parametrize("outcome", ["timeout", "tcp-timeout", "connection-lost", "carrier-lost", "host-crash"])
def test_whatever_breaks_a_session_off_breaks_its_transfers_off(outcome):
    """The server fell silent, a TCP or an older carrier gave up, or a host went down: transfers broken off."""
    measured = measure(tables_of([message(1)], [copy(1)], [attempt(1, outcome, recipients=2)]), horizon=100)
    assert list(measured["aborted"]) == [2]

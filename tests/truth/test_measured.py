"""Measurements of real Postfix, smtp-source and smtp-sink on Linux 6.18, held against the model: tests/MEASURED.md."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hosts import hosts as cells_of_hosts
from outages import fates
from sharing import shared as cells_that_share
from sharing import stepped, together
from slow import ambiguous, slow, trials
from submissions import submissions

from sim.network.links.line import Line
from sim.scenario.distribution import Constant

OUTAGES = [
    # size, down at (ms), for (s), connections, deliveries, end (s)
    (200_000, 5, 30, 2, 1, 64.2),
    (200_000, 70, 10, 1, 1, 17.4),
    (200_000, 70, 30, 1, 1, 33.7),
    (200_000, 70, 100, 2, 1, 342.6),
    (200_000, 130, 30, 1, 1, 43.5),
    (200_000, 260, 100, 1, 1, 163.4),
    (200_000, 330, 10, 1, 1, 12.5),
    (200_000, 430, 30, 1, 1, 42.8),
    (20_000, 520, 30, 1, 1, 53.1),
    (200_000, 1000, 10, 1, 1, 19.3),
    (200_000, 2000, 100, 1, 1, 135.3),
    (200_000, 2120, 30, 1, 1, 42.9),
    (200_000, 2120, 100, 2, 2, 645.2),
    (200_000, 2160, 100, 1, 1, 2.2),
    (200_000, 5, 200, 4, 1, 204.9),
    (200_000, 380, 200, 2, 1, 223.0),
    (20_000, 440, 400, 2, 1, 447.6),
    (200_000, 2120, 200, 2, 2, 255.0),
    (200_000, 2000, 700, 3, 1, 715.4),
    (200_000, 330, 1000, 12, 1, 1042.5),
]


@pytest.mark.parametrize(("size", "down", "length", "connections", "deliveries", "end"), OUTAGES)
def test_an_outage_ends_as_measured(size, down, length, connections, deliveries, end):
    """1 Mbit/s, RTT 100 ms, Postfix to Postfix: SYN lost, SYN-ACK's answer, ... the last reply, the end; within 10%."""
    ours = fates(down, length, size, phases=3)
    assert {(one.connections, one.deliveries) for one in ours} == {(connections, deliveries)}
    assert float(np.median([one.end for one in ours])) == pytest.approx(end, rel=0.1)


def durations(starts, *, queue, rtt, bulk=0):
    """The lengths (ms) of sessions that start at times, each with its size, over one line of 1 Mbit/s; without the bulk's."""
    found, others = [], []
    lines = tuple(Line(rate=1e6, delay=Constant(rtt / 2), queue=queue, random=Random(way)) for way in "ab")
    together([stepped(lines, at, size, (others if size == bulk else found).append) for at, size in starts])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("queue", "count", "size", "mean", "p95"),
    [(10e3, 20, 50_000, 6682, 12310), (25e3, 5, 200_000, 7296, 9281), (50e3, 2, 200_000, 3943, 4019)],
)
def test_sessions_over_a_small_queue_take_as_long_as_measured(queue, count, size, mean, p95):
    """Started together, RTT 100 ms: means within 15%, 95th percentiles within 25%."""
    ours = [
        time
        for phase in range(4)
        for time in durations([(1 + 0.37 * phase + k * 1e-3, size) for k in range(count)], queue=queue, rtt=0.1)
    ]
    assert float(np.mean(ours)) == pytest.approx(mean, rel=0.15)
    assert float(np.quantile(ours, 0.95)) == pytest.approx(p95, rel=0.25)


@pytest.mark.slow
@pytest.mark.parametrize(("queue", "mean"), [(1e6, 12_790), (50e3, 2489)])
def test_small_sessions_beside_a_bulk_transfer_take_as_long_as_measured(queue, mean):
    """1 kB about every second while 4 MB are under way, RTT 100 ms: alone they take 0.7 s."""
    starts = [(1 + k + 0.31 * (k % 3), 1000) for k in range(33)]
    ours = durations([(1.0, 4_000_000), *starts], queue=queue, rtt=0.1, bulk=4_000_000)
    assert float(np.mean(ours)) == pytest.approx(mean, rel=0.15)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_the_measured_cells_of_sessions_that_share_a_line_hold(shared):
    """Together, alone, beside bulk transfers, as they come: means, medians and 95th percentiles."""
    rows = list(cells_that_share(shared / "truth"))
    assert [row for row in rows if not row.endswith("| yes |")] == []
    assert any("beside bulk" in row for row in rows) == (shared / "truth" / "share_b.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("load", "mean", "p95"), [(0.3, 412, 632), (0.6, 720, 1489)])
def test_sessions_that_come_as_they_like_take_as_long_as_measured(load, mean, p95):
    """20 kB, RTT 20 ms, Poisson at 0.3 and 0.6 of the rate, counted by the message's bytes and 4%."""
    ours = []
    for run in range(8):
        draws, at, starts = Random(run), 1.0, []
        for _ in range(150):
            at += draws.expovariate(load * 1e6 / (8 * 20_000 * 1.04))
            starts.append((at, 20_000))
        ours += durations(starts, queue=1e6, rtt=0.02)
    assert float(np.mean(ours)) == pytest.approx(mean, rel=0.15)
    assert float(np.quantile(ours, 0.95)) == pytest.approx(p95, rel=0.25)


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_the_measured_cells_of_hosts_in_a_scenario_hold(shared):
    """Exim's messages over one connection; what is deferred under each style of Postfix's concurrency feedback."""
    assert [row for row in cells_of_hosts(shared / "truth") if not row.endswith("| yes |")] == []


SLOW = [
    # rate, queue, messages, size, done timer, body timer (s): first tries, copies, the last one's first arrival (s)
    (9600, 16e3, 1, 50_000, 20, 180, ("timeout",), 3, 45.6),
    (9600, 16e3, 1, 200_000, 60, 180, ("sent",), 1, 175.1),
    (9600, 64e3, 1, 200_000, 60, 180, ("timeout",), 3, 175.2),
    (9600, 64e3, 1, 200_000, 600, 180, ("sent",), 1, 175.1),
    (9600, 64e3, 2, 50_000, 20, 180, ("timeout", "timeout"), 6, 94.4),
    (9600, 64e3, 2, 200_000, 60, 180, ("timeout", "timeout"), 4, 353.7),
    (64_000, 16e3, 1, 200_000, 20, 180, ("sent",), 1, 26.2),
]


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "queue", "count", "size", "done", "body", "first", "copies", "last"), SLOW)
def test_timers_of_the_body_run_out_as_measured(rate, queue, count, size, done, body, first, copies, last):
    """A reply's timer runs from the last write, and every try brings a copy; some phase of the queue run is the measured one."""
    ours = trials(rate, queue, count, size, done, body)
    assert (first, copies) in {(one.first, one.copies) for one in ours}
    assert last in [pytest.approx(one.last, rel=0.03) for one in ours]


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.slow
def test_the_measured_cells_of_slow_lines_and_short_timers_hold(shared):
    """First tries, copies and the last 250 over slow lines; connections and copies after outages."""
    rows = [*slow(shared / "truth"), *ambiguous(shared / "truth")]
    assert [row for row in rows if not row.endswith("| yes |")] == []


@pytest.mark.slow
def test_the_measured_cells_of_submission_hold(shared):
    """With AUTH, with TLS by STARTTLS and from the start, full and resumed, by each certificate: within 4 %."""
    assert [row for row in submissions(shared / "truth") if not row.endswith("| yes |")] == []

"""One session over lossless links takes what the closed form says."""

from __future__ import annotations

import pytest
from worlds import message, run, scenario

HEADERS, SYN = 52, 60


def end_to_end_time(facts) -> float:
    """From submission to the moment when the server has taken custody."""
    [copy] = facts.copies
    return copy.ended_s - copy.created_s


@pytest.mark.parametrize("rtt", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("esmtp", [True, False])
def test_session_time_is_round_trips_and_serialisation(rtt: float, esmtp: bool):
    """One kilobyte: 4.5 (PIPELINING) or 6.5 (lockstep) round trips to custody, and the bytes at the link's rate.

    The last half round trip is the 250's, which custody does not wait for.
    """
    spec = scenario(
        "a-b", message(0, "u1@a", "u1@b"), rate=1e6, delay=rtt / 2, hosts={"*": {"esmtp": esmtp}}, dialogues=True
    )
    facts = run(spec)
    [attempt], [copy] = facts.attempts, facts.copies
    trips = 5 if esmtp else 7
    payload = sum(len(line.line) + 2 for line in facts.dialogues if line.time_s <= copy.ended_s)
    packets = 1 + 2 * (
        trips - 2
    )  # the handshake's third, then one a flight: a greeting, and two a turn but for the last 250
    serialisation = 8 * (payload + 2 * SYN + HEADERS * packets) / 1e6
    assert attempt.round_trips == trips
    assert end_to_end_time(facts) == pytest.approx((trips - 0.5) * rtt + serialisation, rel=0.01)


def test_body_beyond_the_window_takes_more_round_trips():
    """200 kB at 100 ms: windows of 10, 20, 40 and 69 segments, so three round trips more than a small message."""
    times = [
        end_to_end_time(run(scenario("a-b", message(0, "u1@a", "u1@b", size=size), rate=1e9, delay=0.05)))
        for size in (1000, 200_000)
    ]
    assert times[1] - times[0] == pytest.approx(0.3, rel=0.02)


def test_hops_add_up():
    """Store and forward over two equal links takes twice as long as over one."""
    one = end_to_end_time(run(scenario("a-b", message(0, "u1@a", "u1@b"), transfer="store-and-forward")))
    two = end_to_end_time(run(scenario("a-b b-c", message(0, "u1@a", "u1@c"), transfer="store-and-forward")))
    assert two == pytest.approx(2 * one, rel=0.02)


def test_service_time_is_paid_per_command_and_message():
    """EHLO, MAIL, RCPT, DATA, the mail data (QUIT comes after custody) at the service time, and one commit."""
    # A server of no service time waits for its line instead: its TCP acknowledges the EHLO in a packet of its own.
    quick = {"b": {"service_time": 0.01}}
    base = end_to_end_time(run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=quick)))
    hosts = {"b": {"service_time": 0.1, "commit_time": 1.0}}
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), hosts=hosts))
    assert facts.copies[0].service_s == pytest.approx(6 * 0.1 + 1.0)
    assert end_to_end_time(facts) == pytest.approx(base + 6 * 0.09 + 1.0)


def test_delays_add_up():
    """queue, retry, contact, transfer and service are all the time there was."""
    hosts = {"*": {"service_time": 0.01}}
    facts = run(scenario("a-b b-c", message(5, "u1@a", "u1@c"), transfer="store-and-forward", hosts=hosts))
    [copy] = facts.copies
    parts = copy.queue_s + copy.retry_s + copy.contact_s + copy.transfer_s + copy.service_s
    assert parts == pytest.approx(copy.ended_s - copy.created_s, abs=1e-9)

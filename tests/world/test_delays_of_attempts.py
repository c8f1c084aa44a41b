"""Each attempt has the four times that Postfix logs as `delays=a/b/c/d` (log_adhoc.c), and they add up to `delay=`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import message, run, scenario

from sim.scenario.products import PRODUCTS
from sim.scenario.products.delays import Delays
from sim.scenario.products.postfix import Postfix
from sim.scenario.spec import Interval, NameService, Weather

RTT = 0.1


def delays(attempt):
    """A/b/c/d."""
    return attempt.delay_a_s, attempt.delay_b_s, attempt.delay_c_s, attempt.delay_d_s


def down(*times):
    """Weather that is bad from the first time to the second."""
    return Weather(down=tuple(Interval(start=start, end=end) for start, end in times))


def looking_up(spec, lookup):
    """The scenario with a name service that takes so long, in s."""
    return replace(spec, network=replace(spec.network, dns=NameService(lookup=lookup)))


def began(facts, host):
    """When mail began to come in at a host: when its user wrote it, or the first MAIL was read."""
    [written] = facts.messages[:1]
    origin = facts.attempts[0].from_host
    sessions = {attempt.session_id for attempt in facts.attempts if attempt.to_host == host}
    heard = [line.time_s for line in facts.dialogues if line.session_id in sessions and line.line[:5] == "MAIL "]
    return written.created_s if host == origin else heard[-1]


def test_a_first_attempt_to_a_host_that_answers():
    """Nothing before the connection; handshake, greeting and EHLO make it, MAIL with DATA and the mail data follow."""
    facts = run(scenario("a-b", message(5, "u1@a", "u1@b"), delay=RTT / 2))
    a, b, c, d = delays(facts.attempts[0])
    assert (a, b) == (0.0, 0.0)
    assert (round(c / RTT), round(d / RTT)) == (3, 2)


def test_a_dead_host_costs_connection_time():
    """A real log: `delays=0.02/0/30/0, dsn=4.4.1, status=deferred (connect to ...: Connection timed out)`."""
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), routing="static", weather={"a-b": down((0, 100))}))
    assert delays(facts.attempts[0]) == (0.0, 0.0, 30.0, 0.0)


def test_a_later_attempt_counts_all_that_was_before_as_a():
    """The message came at 0 and is active again after its backoff: a is up to its last entry into the active queue."""
    facts = run(scenario("a-b", message(0, "u1@a", "u1@b"), routing="static", weather={"a-b": down((0, 100))}))
    later = facts.attempts[1]
    a, b, c, d = delays(later)
    assert (a, b) == (later.started_s, 0.0)
    assert c + d == pytest.approx(later.ended_s - later.started_s)


def test_waiting_for_a_place_is_time_in_the_queue_manager():
    """The second of two messages to a host that gets one at a time."""
    hosts = {"a": {"mta": Postfix(default_destination_concurrency_limit=1, initial_destination_concurrency=1)}}
    mail = [message(0, "u1@a", "u1@b"), message(0, "u2@a", "u1@b")]
    first, second = run(scenario("a-b", *mail, hosts=hosts, rate=1e5)).attempts
    assert second.delay_b_s == pytest.approx(first.ended_s - first.started_s, abs=0.1)
    assert second.delay_a_s == 0.0


def test_a_lookup_is_part_of_making_the_connection():
    """The name service takes 5 s."""
    spec = scenario("a-b", message(0, "u1@a", "u1@b"))
    slow = looking_up(spec, 5.0)
    a, b, c, d = delays(run(slow).attempts[0])
    quick = delays(run(spec).attempts[0])
    assert (a, b, c, d) == pytest.approx((0.0, 0.0, 5.0 + quick[2], quick[3]))


def test_receiving_is_part_of_a():
    """A relay gets 100 kB over a slow line: its own attempt is so much later than its MAIL."""
    spec = scenario(
        "a-b b-c", message(0, "u1@a", "u1@c", size=100_000), transfer="store-and-forward", rate=1e5, dialogues=True
    )
    facts = run(spec)
    [attempt] = [one for one in facts.attempts if one.from_host == "b"]
    assert attempt.delay_a_s == pytest.approx(attempt.started_s - began(facts, "b"))
    assert attempt.delay_a_s > 8.0


@settings(max_examples=25, deadline=None)
@given(
    product=st.sampled_from([*[kind() for kind in PRODUCTS.values()], Delays(delays=(60.0, 600.0))]),
    bad=st.lists(st.tuples(st.floats(0, 900), st.floats(1, 2000)), max_size=3),
    crash=st.tuples(st.floats(0, 900), st.floats(1, 500)),
    lookup=st.sampled_from([0.0, 2.0]),
)
def test_the_four_add_up(product, bad, crash, lookup):
    """Whatever fails: each of an attempt's four times is no less than none, and they sum to the time since arrival."""
    hosts = {"*": {"mta": product}, "b": {"weather": down((crash[0], sum(crash)))}}
    spec = scenario(
        "a-b b-c",
        message(0, "u1@a", "u1@c"),
        transfer="store-and-forward",
        routing="static",
        hosts=hosts,
        weather={"b-c": down(*[(at, at + lasts) for at, lasts in bad])},
        dialogues=True,
    )
    facts = run(looking_up(spec, lookup))
    ours = [one for one in facts.attempts if one.message_id == 1]
    assert all(min(delays(one)) >= 0 for one in ours)
    from_a = [one.ended_s - sum(delays(one)) for one in ours if one.from_host == "a"]
    assert from_a == pytest.approx([0.0] * len(from_a), abs=1e-6)
    if len(from_a) == 1:
        from_b = [one.ended_s - sum(delays(one)) for one in ours if one.from_host == "b"]
        assert from_b == pytest.approx([began(facts, "b")] * len(from_b), abs=1e-6)
